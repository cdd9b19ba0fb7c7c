"""How far the scores would differ on other faces of the same kind: bootstrap intervals (Efron 1979), percentile method.

All scores follow from how often each pair of true and said label occurs. To draw N faces with replacement is to draw
these counts from a multinomial, so a thousand draws cost a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.judge.scores import Scores

DRAWS = 1000
INSIDE = 0.95  # of the draws lie within an interval

Tables = NDArray[np.float64]
Values = NDArray[np.float64]


def draw(counts: NDArray[np.int64], *, draws: int = DRAWS, seed: int = 0) -> Tables:
    """Tables of counts as other samples of as many faces would give them: (draws, *counts.shape)."""
    total = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(total, counts.ravel() / max(1, total), draws)
    return drawn.reshape(draws, *counts.shape).astype(np.float64)


def accuracy(tables: Tables) -> Values:
    """Of confusion tables (..., C, C): (...)."""
    return np.asarray(_ratio(np.trace(tables, axis1=-2, axis2=-1), tables.sum((-2, -1))))


def recall(tables: Tables) -> Values:
    """Of confusion tables (..., C, C): (..., C), NaN for labels that do not occur."""
    return _ratio(_hits(tables), tables.sum(-1))


def precision(tables: Tables) -> Values:
    """Of confusion tables (..., C, C): (..., C), NaN for labels that were never said."""
    return _ratio(_hits(tables), tables.sum(-2))


def f1(tables: Tables) -> Values:
    """Of confusion tables (..., C, C): (..., C), NaN for labels that do not occur."""
    values = _ratio(2 * _hits(tables), tables.sum(-1) + tables.sum(-2))
    return np.asarray(np.where(tables.sum(-1) > 0, values, np.nan))


def macro_f1(tables: Tables) -> Values:
    """Of confusion tables (..., C, C): the mean of `f1` over the labels that occur, (...)."""
    values = f1(tables)
    occurs = ~np.isnan(values)
    return _ratio(np.where(occurs, values, 0).sum(-1), occurs.sum(-1))


def _hits(tables: Tables) -> Values:
    return np.asarray(np.diagonal(tables, axis1=-2, axis2=-1))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Values:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))


def interval(values: Values) -> list[float] | None:
    """The ends between which INSIDE of the drawn values (draws,) lie; NaN does not count, None where all are NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    ends = np.quantile(known, [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
    return [round(float(end), 4) for end in ends]


def intervals_of(scores: Scores, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Any]:
    """Intervals of all scores of one head: `{accuracy, macro_f1, recall{label}, precision{label}, f1{label}}`."""
    tables = draw(np.asarray(scores.confusion), draws=draws, seed=seed)
    found: dict[str, Any] = {"accuracy": interval(accuracy(tables)), "macro_f1": interval(macro_f1(tables))}
    for name, score in (("recall", recall), ("precision", precision), ("f1", f1)):
        ends = (interval(column) for column in score(tables).T)
        found[name] = {label: one for label, one in zip(scores.labels, ends, strict=True) if one is not None}
    return found


def difference(
    truth: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64], labels: int,
    *, draws: int = DRAWS, seed: int = 0,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """By how much the second model is better than the first on the same faces, each draw taking both answers of a face.

    Args:
        truth, first, second: (N,) index of the true label and of what each model said.
        labels: how many there are.
        draws, seed: of the bootstrap.

    Returns:
        `{accuracy, macro_f1}`, each `{by, interval}`; `by` is positive where the second is better.
    """
    cells = (truth * labels + first) * labels + second
    counts = np.bincount(cells, minlength=labels**3).reshape(labels, labels, labels)
    drawn, found = draw(counts, draws=draws, seed=seed), {}
    scores: dict[str, Callable[[Tables], Values]] = {"accuracy": accuracy, "macro_f1": macro_f1}
    for name, score in scores.items():
        by = float(score(counts.sum(1).astype(float)) - score(counts.sum(2).astype(float)))
        ends = interval(score(drawn.sum(2)) - score(drawn.sum(3)))
        found[name] = {"by": round(by, 4), "interval": ends}
    return found
