"""Pictures as arrays: colour, resampling, and `crop_face`, the one way a face reaches the recogniser.

Training, evaluation and live use share `crop_face`, so a live face lies in its crop as the training faces lie in
theirs. Nothing here knows networks or files.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import geometry
from mien.types import FloatArray, ImageArray


@dataclass(frozen=True)
class CropGeometry:
    """Where the eyes and the mouth lie in a crop, in units of its side.

    The defaults are the means over the faces of FER2013's Training rows whose mesh is found
    (`benchmarks/face_geometry.py` measures them again).
    """

    eye_y: float = 0.376
    eye_distance: float = 0.375
    mouth_y: float = 0.757

    def points(self, size: int) -> NDArray[np.float64]:
        """Right eye, left eye and mouth in a crop of `size` px: (3, 2)."""
        half = self.eye_distance / 2
        return size * np.array([[0.5 - half, self.eye_y], [0.5 + half, self.eye_y], [0.5, self.mouth_y]])

    def to_dict(self) -> dict[str, float]:
        """As plain JSON values, for the model's card."""
        return asdict(self)


DEFAULT_GEOMETRY = CropGeometry()


def to_grey(image: ImageArray) -> ImageArray:
    """RGB (H, W, 3) to grey (H, W), Rec. 601 as Pillow's 'L' does; grey passes through."""
    return np.asarray(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def warp(image: ImageArray, matrix: geometry.Matrix, size: int, *, smooth: bool = False) -> ImageArray:
    """Draw a picture through an affine (2, 3) matrix onto a square of `size` px; outside, its edge repeats.

    Coordinates are continuous (the middle of the first pixel is 0.5, 0.5), as those of boxes and meshes are;
    OpenCV counts from pixel middles, hence the shift. `smooth` interpolates with cubics, else linearly.
    """
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    flags = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(image, shifted, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE))


def crop_matrix(keypoints: FloatArray, size: int, geometry_: CropGeometry = DEFAULT_GEOMETRY) -> geometry.Matrix:
    """The similarity that puts a face's eyes and mouth where the crop wants them.

    Args:
        keypoints: at least 4 rows (right eye, left eye, nose, mouth), px.
        size: side of the crop, px.

    Returns:
        (2, 3), from the picture to the crop.
    """
    return geometry.similarity(keypoints[[0, 1, 3]], geometry_.points(size))


def crop_face(
    image: ImageArray, keypoints: FloatArray, size: int = 48, *, geometry_: CropGeometry = DEFAULT_GEOMETRY
) -> ImageArray:
    """Cut a face out upright, with eyes and mouth where the training faces have them: (size, size) uint8 grey.

    A face larger than the crop is averaged down without aliasing; what lies outside the picture repeats its edge.

    Args:
        image: (H, W, 3) RGB or (H, W) grey, uint8.
        keypoints: at least 4 rows (right eye, left eye, nose, mouth), px; the person's right.
    """
    matrix = crop_matrix(keypoints, size, geometry_)
    oversample = min(16, max(1, math.ceil(1 / max(geometry.scale_of(matrix), 1e-6) - 0.01)))
    # Grey is taken of the crop, not of the picture: a 4K frame costs no more than a small one.
    crop = warp(image, matrix * oversample, size * oversample, smooth=oversample == 1)
    if oversample > 1:
        crop = np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return to_grey(crop)
