"""OpenCV's Haar cascade, as a baseline: it is what such programs commonly use, and sees upright faces only.

It has the face of a detector (`detect.Detector`) and is never the default.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import cv2.data
import numpy as np

from mien import geometry, images
from mien.errors import ModelError
from mien.faces.detect import Hit, View
from mien.types import Box, ImageArray

SCALE_STEP, NEIGHBOURS, LEAST_PX = 1.1, 5, 24  # the values of OpenCV's own tutorial; 24 px is the cascade's window

# Where the six keypoints lie in a Haar box, in units of its side: medians over 28 faces whose mesh was found (both
# halves made alike).
POINTS = np.array([[0.31, 0.39], [0.69, 0.39], [0.5, 0.64], [0.5, 0.79], [0.1, 0.475], [0.9, 0.475]])


class Haar:
    """Viola and Jones's cascade (2001) with OpenCV's frontal-face weights.

    Faces smaller than 24 px are not looked for. Its hits have no score of their own and no keypoints: the score
    is 1, the keypoints are those of an average face in such a box, the roll is the view's.
    """

    whole_turns: tuple[float, ...] = (0.0,)
    tile_turns: tuple[float, ...] = ()
    is_final = True

    def __init__(self) -> None:
        path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise ModelError(f"cannot open the cascade {path}: install opencv-python-headless 4.12 or later, below 5")

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        """The faces in one view of an RGB picture, largest first."""
        size = max(1, round(view.side))
        matrix = geometry.square_to_pixels(view.centre, view.side, view.roll_deg, size)
        grey = images.to_grey(images.warp(image, matrix, size))
        found = self._cascade.detectMultiScale(grey, SCALE_STEP, NEIGHBOURS, minSize=(LEAST_PX, LEAST_PX))
        back = geometry.invert(matrix)
        squares = sorted(np.asarray(found, np.float64).reshape(-1, 4).tolist(), key=lambda row: -row[2])
        return [self._hit(x, y, side, back, view.roll_deg) for x, y, side, _ in squares]

    @staticmethod
    def _hit(x: float, y: float, side: float, back: geometry.Matrix, roll_deg: float) -> Hit:
        middle, *points = geometry.apply(back, np.vstack([[[0.5, 0.5]], POINTS]) * side + (x, y))
        half = side * geometry.scale_of(back) / 2
        box = Box(middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
        return Hit(box, 1.0, np.asarray(points, np.float32), roll_deg)
