"""Scores of a classifier from its answers: plain arithmetic on labels and shares, no network, no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.types import FloatArray


@dataclass(frozen=True)
class Scores:
    """How one head did on n faces.

    `confusion` counts faces: row, what they are; column, what was said. `macro_f1` is the mean of the classes' F1,
    over the classes that occur. All of it follows from `confusion`.
    """

    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, labels: Sequence[str], truth: NDArray[np.int64], said: NDArray[np.int64]) -> Scores:
        """From the index of the true and the said label of each face, both (N,)."""
        count = len(labels)
        table = np.bincount(truth * count + said, minlength=count * count).reshape(count, count)
        return cls(tuple(labels), tuple(tuple(map(int, row)) for row in table))

    @property
    def n(self) -> int:
        """Faces judged."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of faces that got their true label."""
        return sum(self.confusion[i][i] for i in range(len(self.labels))) / max(1, self.n)

    @property
    def f1(self) -> dict[str, float]:
        """F1 of each label that occurs: 2 x hits / (faces of it + times said)."""
        said = [sum(column) for column in zip(*self.confusion, strict=True)]
        return {
            label: 2 * row[i] / max(1, sum(row) + said[i])
            for i, (label, row) in enumerate(zip(self.labels, self.confusion, strict=True))
            if sum(row)
        }

    @property
    def macro_f1(self) -> float:
        """The mean of `f1`."""
        return sum(self.f1.values()) / max(1, len(self.f1))

    @property
    def support(self) -> dict[str, int]:
        """Faces of each label."""
        return {label: sum(row) for label, row in zip(self.labels, self.confusion, strict=True)}

    @property
    def precision(self) -> dict[str, float]:
        """Of the times that each label was said, the share that was right; labels that were never said are left out."""
        columns = zip(self.labels, zip(*self.confusion, strict=True), strict=True)
        return {label: column[i] / sum(column) for i, (label, column) in enumerate(columns) if sum(column)}

    @property
    def recall(self) -> dict[str, float]:
        """Of the faces of each label that occurs, the share that got it."""
        rows = zip(self.labels, self.confusion, strict=True)
        return {label: row[i] / sum(row) for i, (label, row) in enumerate(rows) if sum(row)}

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; shares to four digits."""
        return {
            "n": self.n,
            "accuracy": round(self.accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "labels": list(self.labels),
            "confusion": [list(row) for row in self.confusion],
            "support": self.support,
            "precision": {label: round(value, 4) for label, value in self.precision.items()},
            "recall": {label: round(value, 4) for label, value in self.recall.items()},
            "f1": {label: round(value, 4) for label, value in self.f1.items()},
        }


@dataclass(frozen=True)
class Bin:
    """Faces (or shares) of a curve that lie together: their mean said and found value, and how many they are."""

    said: float
    found: float
    n: int


def share_curve(said: FloatArray, given: FloatArray, bins: int = 15) -> list[Bin]:
    """What was said against what people gave, over bins of the said share; empty ones are left out.

    Args:
        said: shares that the model says, any shape: all labels of all faces together.
        given: shares that people gave, of the same shape.
        bins: equal steps from 0 to 1.
    """
    where = np.minimum((said.ravel() * bins).astype(int), bins - 1)
    count = np.bincount(where, minlength=bins)
    sums = (np.bincount(where, shares.ravel(), bins) for shares in (said, given))
    return [Bin(float(one / n), float(two / n), int(n)) for one, two, n in zip(*sums, count, strict=True) if n]


def share_error(said: FloatArray, given: FloatArray, bins: int = 15) -> float:
    """Mean of |said - found| over the bins of `share_curve`; in shares of one."""
    return float(np.mean([abs(one.said - one.found) for one in share_curve(said, given, bins)]))


def reliability(said: NDArray[np.float64], found: NDArray[np.float64], bins: int = 15) -> list[Bin]:
    """The reliability diagram behind `calibrate.binned_error`: bins of equal numbers of faces, least sure first.

    Args:
        said: (N,) confidence 0..1.
        found: (N,) whether it was right: 1, 0 or a part.
        bins: how many; with fewer faces, one each.
    """
    order = np.argsort(said, kind="stable")
    parts = (part for part in np.array_split(order, bins) if len(part))
    return [Bin(float(said[part].mean()), float(found[part].mean()), len(part)) for part in parts]


@dataclass(frozen=True)
class Covered:
    """What is gained by silence: the surest share of the faces, how many of them are right, the least confidence."""

    covered: float
    right: float
    threshold: float


def coverage(said: NDArray[np.float64], found: NDArray[np.float64], steps: int = 20) -> list[Covered]:
    """Accuracy among the surest faces, when the others are answered 'not sure': from a `steps`th of the faces to all.

    Risk against coverage, El-Yaniv and Wiener 2010. Arguments as for `reliability`.
    """
    order = np.argsort(-said, kind="stable")
    right = np.cumsum(found[order]) / np.arange(1, len(said) + 1)
    counts = sorted({max(1, round(len(said) * step / steps)) for step in range(1, steps + 1)})
    return [Covered(n / len(said), float(right[n - 1]), float(said[order[n - 1]])) for n in counts]


def above(said: NDArray[np.float64], found: NDArray[np.float64], threshold: float) -> Covered | None:
    """The same for the faces with at least a given confidence; None where there is none."""
    sure = said >= threshold
    return Covered(float(sure.mean()), float(found[sure].mean()), threshold) if sure.any() else None
