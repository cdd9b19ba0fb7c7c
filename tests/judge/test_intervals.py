"""Bootstrap intervals, against faces drawn one by one, closed forms, and scikit-learn on the drawn faces."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from mien.judge import intervals
from mien.judge.scores import Scores

LABELS = ("angry", "happy", "sad", "never")


def answers(count: int = 400, seed: int = 0, right: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """True labels, the last of which does not occur, and what a model says."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    said = np.where(rng.random(count) < right, truth, rng.integers(0, 4, count))
    return truth, said


def drawn_one_by_one(truth: np.ndarray, said: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Confusion tables of faces drawn with replacement, the plain way."""
    rng = np.random.default_rng(seed)
    tables = np.zeros((draws, 4, 4))
    for table in tables:
        which = rng.integers(0, len(truth), len(truth))
        np.add.at(table, (truth[which], said[which]), 1)
    return tables


def test_counts_are_drawn_as_faces_would_be() -> None:
    truth, said = answers()
    table = np.asarray(Scores.of(LABELS, truth, said).confusion)
    ours, plain = intervals.draw(table, draws=4000), drawn_one_by_one(truth, said, 1500, 1)
    assert (ours.sum((1, 2)) == len(truth)).all()
    assert ours.mean(0) == pytest.approx(table, abs=0.6)
    assert ours.std(0) == pytest.approx(plain.std(0), abs=0.6)
    for score in (intervals.accuracy, intervals.macro_f1):
        ends = np.quantile(score(plain), [0.025, 0.975])
        assert intervals.interval(score(ours)) == pytest.approx(ends, abs=0.01)


def test_the_interval_of_an_accuracy_is_the_binomial_one() -> None:
    truth, said = answers(3000)
    scores = Scores.of(LABELS, truth, said)
    low, high = intervals.intervals_of(scores)["accuracy"]
    half = 1.96 * np.sqrt(scores.accuracy * (1 - scores.accuracy) / 3000)
    assert (low, high) == pytest.approx((scores.accuracy - half, scores.accuracy + half), abs=2e-3)


def test_scores_of_tables_are_those_of_one_table_at_a_time() -> None:
    tables = drawn_one_by_one(*answers(40), 50, 2)
    recall, precision, f1 = intervals.recall(tables), intervals.precision(tables), intervals.f1(tables)
    for index, table in enumerate(tables):
        scores = Scores(LABELS, tuple(tuple(map(int, row)) for row in table))
        assert intervals.accuracy(tables)[index] == pytest.approx(scores.accuracy)
        assert intervals.macro_f1(tables)[index] == pytest.approx(scores.macro_f1)
        for place, label in enumerate(LABELS):
            for values, one in ((recall, scores.recall), (precision, scores.precision), (f1, scores.f1)):
                found = values[index, place]
                assert (label not in one and np.isnan(found)) or found == pytest.approx(one[label])


def test_a_perfect_model_has_no_spread_and_what_never_occurs_no_interval() -> None:
    truth, _ = answers()
    found = intervals.intervals_of(Scores.of(LABELS, truth, truth))
    assert found["accuracy"] == found["macro_f1"] == [1, 1]
    for score in ("recall", "precision", "f1"):
        assert found[score] == {"angry": [1, 1], "happy": [1, 1], "sad": [1, 1]}


def test_the_same_seed_gives_the_same_intervals() -> None:
    scores = Scores.of(LABELS, *answers())
    assert intervals.intervals_of(scores) == intervals.intervals_of(scores)
    assert intervals.intervals_of(scores, seed=1) != intervals.intervals_of(scores)


def test_a_difference_is_that_of_the_scores_and_turns_its_sign() -> None:
    (truth, first), (_, second) = answers(right=0.6), answers(seed=0, right=0.9)
    found = intervals.difference(truth, first, second, 4)
    back = intervals.difference(truth, second, first, 4)
    accuracy = (second == truth).mean() - (first == truth).mean()
    f1 = [f1_score(truth, said, labels=[0, 1, 2], average="macro") for said in (first, second)]
    assert found["accuracy"]["by"] == pytest.approx(accuracy, abs=1e-4)
    assert found["macro_f1"]["by"] == pytest.approx(f1[1] - f1[0], abs=1e-4)
    for name in ("accuracy", "macro_f1"):
        low, high = found[name]["interval"]
        assert 0 < low < found[name]["by"] < high
        assert back[name]["by"] == -found[name]["by"]
        assert back[name]["interval"] == pytest.approx([-high, -low], abs=0.02)


def test_a_difference_is_drawn_in_pairs() -> None:
    # Two models that agree on all faces but ten: the pairs know, two intervals of their own would not.
    truth, first = answers(1000)
    second = first.copy()
    wrong = np.flatnonzero(first != truth)[:10]
    second[wrong] = truth[wrong]
    low, high = intervals.difference(truth, first, second, 4)["accuracy"]["interval"]
    spread = np.sqrt(0.01 * 0.99 / 1000)  # of the share of faces on which they differ
    assert (low, high) == pytest.approx((0.01 - 1.96 * spread, 0.01 + 1.96 * spread), abs=1.5e-3)
    same = intervals.difference(truth, first, first, 4)
    assert same["accuracy"] == same["macro_f1"] == {"by": 0, "interval": [0, 0]}


def test_no_faces_give_no_interval() -> None:
    found = intervals.intervals_of(Scores.of(LABELS, np.empty(0, np.int64), np.empty(0, np.int64)))
    assert found == {"accuracy": None, "macro_f1": None, "recall": {}, "precision": {}, "f1": {}}
