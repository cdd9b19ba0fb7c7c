"""Reasons not to trust a reading: what is wrong with the face, the light or the picture, in the order of weight.

Measures of the crop serve the confidence too. Thresholds are named, with what they were read off. It does not
decide the label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from mien import geometry, images
from mien.errors import ModelError
from mien.types import Face, FloatArray, ImageArray

TOO_SMALL = "too small"
BLURRED = "blurred"
DARK = "dark"
BLOWN_OUT = "blown out"
TURNED_AWAY = "turned away"
COVERED = "partly covered"
OUT_OF_FRAME = "out of frame"
DISAGREE = "people would disagree"
UNKNOWN = "unknown expression"

LEAST_CROP_PX = 30.0  # a crop of 48 px that covers less of the picture shows a face of about 24 px: no features left
# Of 3,000 aligned training faces, one in a thousand has a sharpness below 0.063 (0.03 is the median of faces blurred by
# 1.3 px of the crop), a contrast below 17, a mean grey level below 35 or above 218.
LEAST_SHARPNESS = 0.03
LEAST_CONTRAST = 14.0  # standard deviation of grey levels
DARK_MEAN, BRIGHT_MEAN = 35.0, 218.0  # grey levels of 255
MOST_YAW_DEG, MOST_PITCH_DEG = 40.0, 30.0
MOST_OUTSIDE = 0.08  # share of the mesh beyond the picture's edge
COVERED_FROM = 0.5  # of the probability that something covers the face
FLAT = 0.45  # a leading share below this is no agreement
MOST_UNKNOWN = 0.3  # share of people who could not name the expression


def crop_quality(crops: ImageArray) -> FloatArray:
    """Contrast and sharpness of crops (N, S, S): (N, 2).

    Contrast is the standard deviation in grey levels; sharpness the mean square of the Laplacian over the variance,
    which does not depend on the light.
    """
    rows = []
    for crop in crops:
        spread = float(crop.std())
        edges = cv2.Laplacian(crop.astype(np.float32), cv2.CV_32F, ksize=1)[1:-1, 1:-1]
        rows.append((spread, float((edges**2).mean()) / max(spread, 1.0) ** 2))
    return np.asarray(rows, np.float32).reshape(-1, 2)


def is_turned_away(face: Face) -> bool:
    """Whether a face looks so far aside, up or down that little can be said of it."""
    return abs(face.yaw_deg) > MOST_YAW_DEG or abs(face.pitch_deg) > MOST_PITCH_DEG


def of_picture(face: Face, crop: ImageArray, size: tuple[int, int]) -> list[str]:
    """Doubts about what the camera saw: size, edge, pose, light, blur.

    Args:
        face: its keypoints are needed, its mesh helps.
        crop: (S, S) grey, as the network got it.
        size: the picture's width and height.
    """
    contrast, sharpness = crop_quality(crop[None])[0]
    mean = float(crop.mean())
    covered_px = len(crop) / geometry.scale_of(images.crop_matrix(face.keypoints, len(crop)))
    tests = {
        TOO_SMALL: covered_px < LEAST_CROP_PX,
        OUT_OF_FRAME: _outside(face, size) > MOST_OUTSIDE,
        TURNED_AWAY: is_turned_away(face),
        DARK: mean < DARK_MEAN or (contrast < LEAST_CONTRAST and mean < 128),
        BLOWN_OUT: mean > BRIGHT_MEAN or (contrast < LEAST_CONTRAST and mean >= 128),
        BLURRED: sharpness < LEAST_SHARPNESS,
    }
    return [doubt for doubt, holds in tests.items() if holds]


def _outside(face: Face, size: tuple[int, int]) -> float:
    """The share of the face that lies beyond the picture: of its mesh, or of its box where there is none."""
    width, height = size
    if face.mesh is not None:
        inside = (
            (face.mesh[:, 0] >= 0) & (face.mesh[:, 0] < width) & (face.mesh[:, 1] >= 0) & (face.mesh[:, 1] < height)
        )
        return float(1 - inside.mean())
    box = face.box
    across = max(0.0, min(box.x2, width) - max(box.x1, 0.0))
    down = max(0.0, min(box.y2, height) - max(box.y1, 0.0))
    return 1 - across * down / max(box.width * box.height, 1e-9)


def of_votes(votes: Mapping[str, float], label: str) -> list[str]:
    """Doubts about what people would say: nobody could name it, or they would not agree."""
    doubts = []
    if votes.get("unknown", 0.0) > MOST_UNKNOWN:
        doubts.append(UNKNOWN)
    if votes[label] < FLAT or votes[label] < max(votes.values()):
        doubts.append(DISAGREE)
    return doubts


class CoveredProbe:
    """Whether something covers the face: a linear probe on the network's pooled features.

    The network has learned from faces with rectangles over them; what it keeps of that suffices for a probe.

    Args:
        data: the card's `covered`: bias and weights, one a channel.

    Raises:
        ModelError: the card holds another kind of probe.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        try:
            self._bias = float(data["bias"])
            self._weights = np.asarray(data["weights"], np.float32)
            if not (math.isfinite(self._bias) and np.isfinite(self._weights).all()):
                raise ValueError
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("the card's probe for covered faces is missing or of another kind: train again") from error

    def __call__(self, features: FloatArray) -> list[float]:
        """The probability 0..1 per face from its feature map (N, C, h, w)."""
        pooled = features.mean((2, 3))
        if pooled.shape[1:] != self._weights.shape:
            raise ModelError(
                f"the card's probe is for {self._weights.size} channels, the network has {pooled.shape[1]}"
            )
        return [
            1 / (1 + math.exp(-max(-30.0, min(30.0, float(logit))))) for logit in pooled @ self._weights + self._bias
        ]
