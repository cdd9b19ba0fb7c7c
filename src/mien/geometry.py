"""Boxes, angles and similarity transforms: pure arrays, no pictures.

A similarity here is a (2, 3) float64 matrix that maps (x, y, 1) to (x', y'): rotation, one scale, a shift.
Angles are in degrees and grow clockwise as seen on the screen (y points down).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]


def similarity(source: ArrayLike, target: ArrayLike) -> Matrix:
    """The similarity that maps points `source` (N, 2) onto `target` (N, 2) with least squared error, no mirroring.

    Closed form of Umeyama (1991) in complex numbers. Raises ValueError if all source points coincide.
    """
    a = np.asarray(source, np.float64) @ [1, 1j]
    b = np.asarray(target, np.float64) @ [1, 1j]
    a_mean, b_mean = a.mean(), b.mean()
    spread = float(np.sum(np.abs(a - a_mean) ** 2))
    if spread <= 0 or not math.isfinite(spread):
        raise ValueError("a similarity needs at least two different, finite source points")
    turn = complex(np.sum((b - b_mean) * np.conj(a - a_mean))) / spread
    shift = complex(b_mean) - turn * complex(a_mean)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def square_to_pixels(centre: tuple[float, float], side: float, roll_deg: float, size: int) -> Matrix:
    """The similarity that maps a square of a picture (its `centre`, `side`, turned by `roll_deg`) to size x size px."""
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    scale = size / side
    a, b = scale * cos, scale * sin
    cx, cy = centre
    return np.array([[a, b, size / 2 - a * cx - b * cy], [-b, a, size / 2 + b * cx - a * cy]])


def invert(matrix: Matrix) -> Matrix:
    """The inverse of an affine (2, 3) matrix."""
    turn = np.linalg.inv(matrix[:, :2])
    return np.column_stack([turn, -turn @ matrix[:, 2]])


def apply(matrix: Matrix, points: ArrayLike) -> Matrix:
    """Move points (N, 2) by an affine (2, 3) matrix."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def scale_of(matrix: Matrix) -> float:
    """How much longer a similarity makes a length."""
    return float(math.hypot(matrix[0, 0], matrix[1, 0]))


def angle_deg(start: ArrayLike, end: ArrayLike) -> float:
    """The direction from one point to another, -180..180 degrees, clockwise from the x axis."""
    (x1, y1), (x2, y2) = np.asarray(start, np.float64), np.asarray(end, np.float64)
    return math.degrees(math.atan2(y2 - y1, x2 - x1))


def wrap_deg(angle: float) -> float:
    """An angle brought into -180 (exclusive) .. 180 (inclusive) degrees."""
    return 180.0 - (180.0 - angle) % 360.0


def iou_matrix(a: ArrayLike, b: ArrayLike) -> Matrix:
    """Intersection over union of boxes a (N, 4) and b (M, 4), xyxy: (N, M) in 0..1."""
    a, b = np.asarray(a, np.float64).reshape(-1, 1, 4), np.asarray(b, np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    inter = np.prod(np.clip(sides, 0, None), axis=-1)
    union = np.prod(a[..., 2:] - a[..., :2], -1) + np.prod(b[..., 2:] - b[..., :2], -1) - inter
    return np.asarray(np.divide(inter, union, out=np.zeros_like(inter), where=union > 0))


def weighted_suppress(
    points: ArrayLike, scores: ArrayLike, threshold: float
) -> list[tuple[NDArray[np.float64], float]]:
    """BlazeFace's blending (Bazarevsky et al. 2019, 4): overlapping hits become their score-weighted mean.

    Args:
        points: (N, K) rows that begin with a box x1, y1, x2, y2; the other values are averaged alike.
        scores: (N,).
        threshold: intersection over union above which two hits are one.

    Returns:
        (row (K,), best score) per group, best first.
    """
    rows, weights = np.asarray(points, np.float64), np.asarray(scores, np.float64)
    left = list(np.argsort(-weights, kind="stable"))
    groups = []
    while left:
        overlap = iou_matrix(rows[left[0], :4], rows[left, :4])[0] > threshold
        overlap[0] = True
        members = [index for index, one in zip(left, overlap, strict=True) if one]
        groups.append((np.average(rows[members], axis=0, weights=weights[members]), float(weights[left[0]])))
        left = [index for index, one in zip(left, overlap, strict=True) if not one]
    return groups
