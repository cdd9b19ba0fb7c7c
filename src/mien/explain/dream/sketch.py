"""A sketch of a face to begin dreams from: a bright oval, two dark eyes, a dark mouth, where the crop has them.

From noise a network of this kind puts eyes and mouths anywhere, for its pooling forgets places. The sketch says where
they are, and nothing else: it has no expression. It is drawn, not taken from anybody's face.
"""

from __future__ import annotations

import numpy as np

from mien.images import DEFAULT_GEOMETRY, CropGeometry
from mien.types import FloatArray, ImageArray

SKIN, GROUND, FEATURE = (
    150.0,
    40.0,
    55.0,
)  # grey of the face, of what is around it, and how much darker its features are
OVAL = (0.5, 0.52, 0.48, 0.62)  # of the face: middle x and y, half width and half height, in sides of the crop
SOFT = 0.06  # how wide its edge is, in sides
EYE, MOUTH = (0.09, 0.05), (0.13, 0.04)  # standard deviations of the features across and down, in sides


def sketch(size: int, geometry: CropGeometry = DEFAULT_GEOMETRY) -> ImageArray:
    """The sketch as a crop of that geometry: (size, size) uint8 grey."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    middle_x, middle_y, wide, high = OVAL
    from_middle = np.hypot((x - middle_x) / wide, (y - middle_y) / high)
    inside = 1 / (1 + np.exp(np.clip((from_middle - 1) * 2 * wide / SOFT, -50, 50)))
    grey = GROUND + (SKIN - GROUND) * inside
    for place, spread in zip(geometry.points(1), (EYE, EYE, MOUTH), strict=True):
        grey -= FEATURE * _blob(x - place[0], y - place[1], spread)
    return np.asarray(grey.clip(0, 255).round().astype(np.uint8))


def _blob(x: FloatArray, y: FloatArray, spread: tuple[float, float]) -> FloatArray:
    return np.asarray(np.exp(-0.5 * ((x / spread[0]) ** 2 + (y / spread[1]) ** 2)))
