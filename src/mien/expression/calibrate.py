"""How sure an answer is: from votes to the probability that most people would choose the label.

`votes` are shares of people and are no confidence: eight in ten may be said of a face with certainty or by a
guess. A logistic regression over the shape of the votes and the quality of the crop, fitted on faces that the
network has not seen, gives the probability that the label leads among ten people. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import ModelError
from mien.types import FloatArray

Array = NDArray[np.float64]
EVIDENCE = ("bias", "top", "top_squared", "margin", "entropy", "nameless", "contrast", "sharpness")
SURE = 0.6  # least confidence that is called sure
RIDGE = 1.0  # strength of the penalty on the weights, in faces
BINS = 15


def evidence(votes: FloatArray, labels: NDArray[np.int64], quality: FloatArray, expressions: int) -> Array:
    """What the confidence is judged by, a row per face: (N, len(EVIDENCE)).

    Args:
        votes: (N, V) shares, the expressions first.
        labels: (N,) which expression is claimed for each face.
        quality: (N, 2) contrast and sharpness of the crop, from `doubts.crop_quality`.
        expressions: how many of the V are expressions.
    """
    shares = np.clip(np.asarray(votes, np.float64), 1e-6, 1 - 1e-6)
    rows = np.arange(len(shares))
    top = shares[rows, labels]
    others = shares.copy()
    others[rows, labels] = 0
    logit = np.log(top / (1 - top))
    return np.column_stack([
        np.ones(len(shares)),
        logit,
        logit * np.abs(logit),
        top - others.max(1),
        -(shares * np.log(shares)).sum(1),
        shares[:, expressions:].sum(1),
        np.log1p(quality[:, 0]),
        np.log1p(quality[:, 1]),
    ])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Calibration:
    """Weights over the columns of EVIDENCE."""

    weights: Array

    def __call__(self, rows: Array) -> Array:
        """The confidence 0..1 of each row of `evidence`: (N,)."""
        return np.asarray(1 / (1 + np.exp(-np.clip(rows @ self.weights, -30, 30))))

    def to_dict(self) -> dict[str, Any]:
        """For the model's card."""
        return {"kind": "logistic", "weights": dict(zip(EVIDENCE, np.round(self.weights, 5).tolist(), strict=True))}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_dict`; ModelError if it is of another kind."""
        try:
            weights = np.array([float(data["weights"][name]) for name in EVIDENCE])
            if not np.isfinite(weights).all():
                raise ValueError
            return cls(weights)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("the card's confidence is missing or of another kind: train or calibrate again") from error


def fit_logistic(rows: Array, correct: Array, ridge: float = RIDGE) -> Array:
    """Logistic regression by Newton's method on standardised columns: weights (F,) over the plain columns.

    Args:
        rows: (N, F), the first column all ones.
        correct: (N,) 0..1; a fraction counts as that part of a success.
        ridge: penalty on all weights but the first.
    """
    mean, spread = rows.mean(0), np.maximum(rows.std(0), 1e-9)
    mean[0], spread[0] = 0, 1
    scaled = (rows - mean) / spread
    penalty = np.full(rows.shape[1], ridge)
    penalty[0] = 1e-9
    weights = np.zeros(rows.shape[1])
    for _ in range(100):
        said = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ (correct - said) - penalty * weights
        bend = (scaled * (said * (1 - said))[:, None]).T @ scaled + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    plain = weights / spread
    plain[0] = weights[0] - (weights * mean / spread).sum()
    return np.asarray(plain)


def cross_fitted(rows: Array, correct: Array, *, folds: int = 5, seed: int = 0) -> Array:
    """The confidence of each face by a calibration that has not seen it: (N,). One face alone gets 0.5."""
    fold = np.random.default_rng(seed).permutation(len(rows)) % folds
    said = np.full(len(rows), 0.5)
    for one in range(folds):
        seen = fold != one
        if seen.any() and not seen.all():
            said[~seen] = Calibration(fit_logistic(rows[seen], correct[seen]))(rows[~seen])
    return said


def leads_among_people(votes: FloatArray, labels: NDArray[np.int64]) -> Array:
    """Whether most people chose the label: 1, 0, or a part of one where labels tie for the lead. (N,)."""
    leading = votes == votes.max(1, keepdims=True)
    return np.asarray(leading[np.arange(len(votes)), labels] / leading.sum(1))


def binned_error(said: Array, found: Array, bins: int = BINS) -> float:
    """Mean of |mean said - mean found| over bins of equal numbers of faces (ECE, Naeini et al. 2015, equal mass)."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(said[part].mean() - found[part].mean()) for part in parts]
    return float(np.sum(gaps) / len(said))


def chance_error(said: Array, *, bins: int = BINS, draws: int = 200, seed: int = 0) -> float:
    """The `binned_error` that a perfect model would show by chance, its answers being right as often as it says."""
    rng = np.random.default_rng(seed)
    return float(
        np.mean([binned_error(said, np.asarray(rng.random(len(said)) < said, np.float64), bins) for _ in range(draws)])
    )
