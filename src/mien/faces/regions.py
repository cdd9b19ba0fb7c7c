"""Which part of a face each pixel of its crop shows: mouth, eyes, brows, nose, cheeks, forehead, or none.

The parts are polygons of the mesh's points, drawn one over the other on the face's oval, so that every pixel belongs
to exactly one. It knows nothing of heat-maps and votes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import geometry
from mien.types import FloatArray

REGIONS = ("mouth", "eyes", "brows", "nose", "cheeks", "forehead", "outside")
FINENESS = 8  # polygons are drawn so many times larger, and looked up at the middle of each pixel
_SHIFT = 4  # bits of a pixel's fraction that OpenCV draws with
_FARTHEST = 1 << 14  # px of the large drawing: beyond it OpenCV's whole numbers would run over

# Points of the mesh in order; a pair stands for the middle of two. Right is the person's right.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
ABOVE_BROWS = (
    (71, 70), (68, 63), (104, 105), (69, 66), (108, 107), (151, 9), (337, 336), (299, 296), (333, 334), (298, 293),
    (301, 300),
)  # fmt: skip
BELOW_BROWS = (156, 225, 224, 223, 222, 221, 193, 168, 417, 441, 442, 443, 444, 445, 383)
RIGHT_EYE = (143, 156, 225, 224, 223, 222, 221, 189, 244, 233, 232, 231, 230, 229, 228, 111)
LEFT_EYE = (372, 383, 445, 444, 443, 442, 441, 413, 464, 453, 452, 451, 450, 449, 448, 340)
NOSE = (
    168, 417, 465, 412, 399, 437, 420, 429, 279, 358, 294, 327, 326, 2, 97, 98, 64, 129, 49, 209, 198, 217, 174, 188,
    245, 193,
)  # fmt: skip
# With the chin, which the mouth moves, out to where the fold from the nose ends.
MOUTH = (
    2, 326, 327, 426, 436, 434, 430, 379, 378, 400, 377, 152, 148, 176, 149, 150, 210, 214, 216, 206, 98, 97,
)  # fmt: skip
HULLS = (OVAL, RIGHT_EYE, LEFT_EYE)  # drawn as their hull: on a turned face their outline crosses itself
# Later ones lie over earlier ones; what is left of the oval is cheek.
_DRAWN = (
    ("cheeks", OVAL),
    ("forehead", (*ABOVE_BROWS, 251, 284, 332, 297, 338, 10, 109, 67, 103, 54, 21)),
    ("brows", (*ABOVE_BROWS, *reversed(BELOW_BROWS))),
    ("eyes", RIGHT_EYE),
    ("eyes", LEFT_EYE),
    ("nose", NOSE),
    ("mouth", MOUTH),
)


def label_map(mesh: FloatArray, matrix: geometry.Matrix, size: int) -> NDArray[np.uint8]:
    """The region of each pixel of a crop.

    Args:
        mesh: (468, 3) px of the picture.
        matrix: (2, 3), from the picture to the crop (`images.crop_matrix`).
        size: side of the crop, px.

    Returns:
        (size, size) index into REGIONS.
    """
    points = np.clip(FINENESS * geometry.apply(matrix, mesh[:, :2]), -_FARTHEST, _FARTHEST)
    large = np.full((FINENESS * size,) * 2, REGIONS.index("outside"), np.uint8)
    for name, outline in _DRAWN:
        corners = np.stack([points[np.asarray(at).reshape(-1)].mean(0) for at in outline])
        fixed = np.rint((corners - 0.5) * (1 << _SHIFT)).astype(np.int32)  # OpenCV counts from pixel middles
        drawn = cv2.convexHull(fixed) if outline in HULLS else fixed
        cv2.fillPoly(large, [drawn], REGIONS.index(name), shift=_SHIFT)
    middle = FINENESS // 2
    return np.ascontiguousarray(large[middle::FINENESS, middle::FINENESS])


def masks(regions: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
    """A map of regions as one mask by name, (S, S) each; every pixel is true in exactly one."""
    return {name: regions == index for index, name in enumerate(REGIONS)}
