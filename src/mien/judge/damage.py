"""What may happen to a face before it is read, in steps: turned, small, blurred, dark, noisy, squeezed, covered.

Each function takes one grey face (S, S) uint8 and its keypoints (6, 2) px, and gives both as they are afterwards; at
its harmless level it changes nothing. `DAMAGES` lists them with their levels. Nothing here knows a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from mien import geometry, images
from mien.images import CropGeometry
from mien.types import FloatArray, ImageArray

SIDE = 48  # px across the faces that levels in px are meant for: FER2013's
ROOM = 1.5  # side of the canvas on which a face is turned, of the face's: more than the square root of 2
# Of the distance between the eyes: what sunglasses and a mask or a hand hide.
EYES_WIDE, EYES_HIGH = 2.0, 0.7
MOUTH_WIDE, MOUTH_HIGH = 1.4, 0.8

Damaged = tuple[ImageArray, FloatArray]
Do = Callable[[ImageArray, FloatArray, float, np.random.Generator], Damaged]


@dataclass(frozen=True)
class Damage:
    """One kind: the unit of its levels, the levels (the first is harmless), and how it is done."""

    unit: str
    levels: tuple[float, ...]
    do: Do

    def levels_for(self, side: int) -> tuple[float, ...]:
        """The levels for faces of `side` px: to shrink them begins with their own size."""
        if self.do is not shrink:
            return self.levels
        return (side, *(level for level in self.levels if level < side))


def mean_keypoints(side: int, crop: CropGeometry) -> FloatArray:
    """Where eyes and mouth lie in a face whose mesh is not found: (6, 2), NaN for nose and ears."""
    points = np.full((6, 2), np.nan, np.float32)
    points[[0, 1, 3]] = crop.points(side)
    return points


def turn(face: ImageArray, keypoints: FloatArray, degrees: float, _: np.random.Generator) -> Damaged:
    """Turn clockwise around the middle, on a canvas that holds all of it; the face's edges are repeated outwards."""
    side = len(face)
    room = side + 2 * math.ceil(side * (ROOM - 1) / 2)
    matrix = geometry.square_to_pixels((side / 2, side / 2), room, -degrees, room)
    moved = geometry.apply(matrix, keypoints).astype(np.float32)
    return images.warp(face, matrix, room, smooth=True), moved


def shrink(face: ImageArray, keypoints: FloatArray, size_px: float, _: np.random.Generator) -> Damaged:
    """The face as a picture of that many pixels across, as a camera sees it from afar."""
    size = round(size_px)
    if size >= len(face):
        return face, keypoints
    small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), keypoints * np.float32(size / len(face))


def blur(face: ImageArray, keypoints: FloatArray, sigma_px: float, _: np.random.Generator) -> Damaged:
    """Out of focus: a Gaussian of that width in px of a face of 48 px, and as much wider in a larger one."""
    if sigma_px <= 0:
        return face, keypoints
    sigma = sigma_px * len(face) / SIDE
    return np.asarray(cv2.GaussianBlur(face, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8), keypoints


def darken(face: ImageArray, keypoints: FloatArray, stops: float, _: np.random.Generator) -> Damaged:
    """That many halvings of the grey levels, rounded as a camera rounds them."""
    return np.rint(face * 2.0**-stops).astype(np.uint8), keypoints


def add_noise(face: ImageArray, keypoints: FloatArray, spread: float, rng: np.random.Generator) -> Damaged:
    """Gaussian noise with that standard deviation, in grey levels."""
    noisy = face + spread * rng.standard_normal(face.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), keypoints


def squeeze(face: ImageArray, keypoints: FloatArray, loss: float, _: np.random.Generator) -> Damaged:
    """JPEG of quality 100 - `loss`; at 0 it is not squeezed at all."""
    if loss <= 0:
        return face, keypoints
    data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, round(100 - loss)])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8), keypoints


def cover_eyes(face: ImageArray, keypoints: FloatArray, share: float, _: np.random.Generator) -> Damaged:
    """A bar over both eyes in the face's mean grey; `share` of its full height."""
    middle = (keypoints[0] + keypoints[1]) / 2
    return _bar(face, keypoints, middle, (EYES_WIDE, EYES_HIGH * share)), keypoints


def cover_mouth(face: ImageArray, keypoints: FloatArray, share: float, _: np.random.Generator) -> Damaged:
    """The same over the mouth."""
    return _bar(face, keypoints, keypoints[3], (MOUTH_WIDE, MOUTH_HIGH * share)), keypoints


def _bar(face: ImageArray, keypoints: FloatArray, middle: FloatArray, size: tuple[float, float]) -> ImageArray:
    """Fill a rectangle along the line of the eyes; its width and height are in units of their distance."""
    along = (keypoints[1] - keypoints[0]).astype(np.float64)
    rows, columns = np.indices(face.shape) + 0.5 - np.asarray(middle[::-1], np.float64)[:, None, None]
    distance = max(float(np.hypot(*along)), 1e-6)
    right = np.abs(columns * along[0] + rows * along[1]) / distance**2
    down = np.abs(rows * along[0] - columns * along[1]) / distance**2
    covered = face.copy()
    covered[(right < size[0] / 2) & (down < size[1] / 2)] = round(float(face.mean()))
    return covered


DAMAGES: dict[str, Damage] = {
    "roll": Damage("degrees", (0, 15, 30, 45, 60, 90), turn),
    "size": Damage("px across", (SIDE, 32, 24, 20, 16), shrink),
    "blur": Damage(f"sigma, px of {SIDE}", (0, 0.5, 1, 1.5, 2, 3), blur),
    "dark": Damage("halvings of the light", (0, 1, 2, 3, 4, 5), darken),
    "noise": Damage("standard deviation, grey levels", (0, 10, 20, 30, 45, 60), add_noise),
    "jpeg": Damage("100 - quality", (0, 50, 70, 80, 90, 95), squeeze),
    "eyes covered": Damage("share of the bar's height", (0, 0.5, 1), cover_eyes),
    "mouth covered": Damage("share of the bar's height", (0, 0.5, 1), cover_mouth),
}
