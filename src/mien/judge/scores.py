"""Scores of a classifier from its answers: plain arithmetic on labels, no network, no pictures."""

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
            "recall": {label: round(value, 4) for label, value in self.recall.items()},
            "f1": {label: round(value, 4) for label, value in self.f1.items()},
        }


def share_error(said: FloatArray, given: FloatArray, bins: int = 15) -> float:
    """Mean of |said - given| over bins of the said share, empty bins left out; in shares of one.

    Args:
        said: shares that the model says, any shape: all labels of all faces together.
        given: shares that people gave, of the same shape.
        bins: equal steps from 0 to 1.
    """
    where = np.minimum((said.ravel() * bins).astype(int), bins - 1)
    count = np.bincount(where, minlength=bins)
    filled = count > 0
    gaps = np.bincount(where, said.ravel() - given.ravel(), bins)[filled] / count[filled]
    return float(np.abs(gaps).mean())
