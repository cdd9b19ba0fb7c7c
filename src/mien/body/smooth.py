"""Points that hold still at rest and follow at once when they move: the One Euro filter (Casiez, Roussel, Vogel 2012).

A low pass whose cutoff rises with speed. Speed is measured in body sizes a second, so that a body far away is smoothed
like one that fills the picture, and per point as a length, so that turning the picture changes nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mien.types import FloatArray

Values = NDArray[np.float64]

# Chosen by `benchmarks/body.py` on a body whose true points are known; see docs/log.md.
REST_HZ = 0.7  # cutoff at rest
REACTION = 40.0  # Hz that the cutoff rises by, for a speed of one body size a second
SPEED_HZ = 1.0  # cutoff of the speed itself, as in the paper
SEEN_HZ = 1.5  # cutoff of the visibility, which has no speed


class OneEuro:
    """Smooths values (N, D): N points that each move as a whole.

    Args:
        rest_hz: the paper's minimum cutoff: smaller is steadier at rest.
        reaction: the paper's beta: larger lags less when moving.
        speed_hz: cutoff of the derivative.
    """

    def __init__(self, rest_hz: float = REST_HZ, reaction: float = REACTION, *, speed_hz: float = SPEED_HZ) -> None:
        self._rest_hz, self._reaction, self._speed_hz = rest_hz, reaction, speed_hz
        self._values: Values | None = None
        self._pace: Values | None = None  # (N, D) units a second
        self._time_s = 0.0

    def __call__(self, values: FloatArray | Values, time_s: float, *, scale: float = 1.0) -> Values:
        """The smoothed values of this moment; `scale` is the size that speed is measured in.

        A moment that is not later than the one before changes nothing.
        """
        new = np.asarray(values, np.float64)
        if self._values is None or self._pace is None:
            self._values, self._pace, self._time_s = new.copy(), np.zeros_like(new), time_s
            return self._values.copy()
        step = time_s - self._time_s
        if step <= 0:
            return self._values.copy()
        pace = (new - self._values) / step
        self._pace = self._pace + _share(self._speed_hz, step) * (pace - self._pace)
        speed = np.linalg.norm(self._pace, axis=1, keepdims=True) / max(scale, 1e-9)
        cutoff = self._rest_hz + self._reaction * speed
        self._values = self._values + _share(cutoff, step) * (new - self._values)
        self._time_s = time_s
        return self._values.copy()


def _share(cutoff_hz: float | Values, step_s: float) -> Values:
    """How much of the new value a low pass takes: 1 / (1 + tau / step), tau = 1 / (2 pi cutoff)."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * np.asarray(cutoff_hz) * step_s)))


class BodySmoother:
    """Smooths a body's points (33, 4): place, depth and visibility each with a filter of its own."""

    def __init__(self) -> None:
        self._place, self._depth = OneEuro(), OneEuro()
        self._seen = OneEuro(SEEN_HZ, 0.0)

    def __call__(self, points: FloatArray, time_s: float, *, size: float) -> FloatArray:
        """The smoothed points; `size` is the body's, in px."""
        place = self._place(points[:, :2], time_s, scale=size)
        depth = self._depth(points[:, 2:3], time_s, scale=size)
        seen = self._seen(points[:, 3:], time_s)
        return np.concatenate([place, depth, seen], axis=1).astype(np.float32)
