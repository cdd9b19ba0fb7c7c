"""Teaches the doubt 'partly covered': a linear probe on pooled features, from faces with something put over them.

Covers are drawn in many kinds (plain, noisy, a piece of another face, a soft-edged shape), over a part of the face
that matters. It does not know how covers look in life; clips with hands before faces are the test of that.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from mien.expression.calibrate import fit_logistic
from mien.types import FloatArray, ImageArray

FALSE_ALARMS = 0.03  # share of uncovered faces that may be called covered


def cover_faces(crops: ImageArray, rng: Generator) -> ImageArray:
    """Put a cover over each crop (N, S, S): a turned ellipse or rectangle over eyes, nose or mouth."""
    return np.stack([_cover(crop, crops[int(rng.integers(len(crops)))], rng) for crop in crops])


def _cover(crop: ImageArray, other: ImageArray, rng: Generator) -> ImageArray:
    size = len(crop)
    shape = (
        [float(rng.uniform(0.3, 0.7)) * size, float(rng.uniform(0.3, 0.85)) * size],
        [float(side) * size for side in rng.uniform(0.32, 0.72, 2)],
        float(rng.uniform(0, 180)),
    )
    mask = np.zeros((size, size), np.uint8)
    if rng.random() < 0.5:
        cv2.ellipse(mask, shape, 255, -1)
    else:
        corners = cv2.boxPoints(shape)
        cv2.fillConvexPoly(mask, corners.astype(np.int32), 255)
    soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.3, 1.2)))[..., None].astype(np.float32)[:, :, 0] / 255
    return (crop * (1 - soft) + _stuff(crop, other, rng) * soft).clip(0, 255).astype(np.uint8)


def _stuff(crop: ImageArray, other: ImageArray, rng: Generator) -> FloatArray:
    """What covers: one grey, a shade of it, noise, or skin of another face turned upside down."""
    size = len(crop)
    kind = rng.integers(4)
    if kind == 0:
        return np.full((size, size), rng.uniform(0, 255), np.float32)
    if kind == 1:  # a hand: the face's own brightness, shaded
        slope = np.linspace(-1, 1, size) * rng.uniform(-60, 60)
        hand = crop.mean() + slope[:, None] + rng.uniform(-40, 40) + rng.normal(0, 4, (size, size))
        return np.asarray(hand, np.float32)
    if kind == 2:
        return (rng.uniform(0, 255) + rng.normal(0, rng.uniform(5, 60), (size, size))).astype(np.float32)
    return other[::-1].astype(np.float32)


def fit_probe(clean: FloatArray, covered: FloatArray) -> dict[str, Any]:
    """Fit the probe on pooled features (N, C) of clean and covered faces; the card's `covered`.

    Its bias is set so that FALSE_ALARMS of the clean faces pass one half.
    """
    rows = np.vstack([clean, covered]).astype(np.float64)
    rows = np.column_stack([np.ones(len(rows)), rows])
    weights = fit_logistic(rows, np.r_[np.zeros(len(clean)), np.ones(len(covered))], ridge=20.0)
    logits = clean @ weights[1:]
    return {
        "kind": "linear on pooled features",
        "bias": round(-float(np.quantile(logits, 1 - FALSE_ALARMS)), 5),
        "weights": np.round(weights[1:], 5).tolist(),
        "false_alarms": FALSE_ALARMS,
    }


def found_share(pooled: FloatArray, probe: dict[str, Any]) -> float:
    """The share of faces that the probe calls covered."""
    return float((pooled @ np.asarray(probe["weights"]) + probe["bias"] > 0).mean())
