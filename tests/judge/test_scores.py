"""Scores, against counts by hand and definitions written out face by face."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.judge.scores import Scores, share_error

LABELS = ("angry", "happy", "sad")
pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40)


def scores_of(answers: list[tuple[int, int]]) -> Scores:
    truth, said = np.asarray(answers, np.int64).reshape(-1, 2).T
    return Scores.of(LABELS, truth, said)


def test_by_hand() -> None:
    # Two angry (one said sad), three happy (one said sad), no sad; sad was said twice.
    scores = scores_of([(0, 0), (0, 2), (1, 1), (1, 1), (1, 2)])
    assert scores.confusion == ((1, 0, 1), (0, 2, 1), (0, 0, 0))
    assert scores.n == 5
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.recall == pytest.approx({"angry": 1 / 2, "happy": 2 / 3})
    assert scores.f1 == pytest.approx({"angry": 2 / 3, "happy": 4 / 5})  # precision 1 and recall 1/2; 1 and 2/3
    assert scores.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)


@given(pairs)
def test_each_number_is_its_definition(answers: list[tuple[int, int]]) -> None:
    scores = scores_of(answers)
    assert scores.n == len(answers)
    assert scores.accuracy * max(1, len(answers)) == pytest.approx(sum(t == s for t, s in answers))
    f1 = {}
    for index, label in enumerate(LABELS):
        hits = sum(t == s == index for t, s in answers)
        of_it, said = (sum(pair[k] == index for pair in answers) for k in (0, 1))
        assert scores.confusion[index] == tuple(sum(pair == (index, other) for pair in answers) for other in range(3))
        if of_it:
            recall, precision = hits / of_it, hits / said if said else 0.0
            f1[label] = 2 * recall * precision / (recall + precision) if hits else 0.0
            assert scores.recall[label] == pytest.approx(recall)
    assert scores.f1 == pytest.approx(f1)
    assert scores.macro_f1 == pytest.approx(sum(f1.values()) / len(f1) if f1 else 0)


def test_perfect_and_empty() -> None:
    perfect = scores_of([(0, 0), (1, 1), (2, 2)])
    assert perfect.accuracy == perfect.macro_f1 == 1
    empty = scores_of([])
    assert (empty.n, empty.accuracy, empty.macro_f1, empty.recall) == (0, 0, 0, {})


@given(pairs)
def test_the_dictionary_is_json_and_says_the_same(answers: list[tuple[int, int]]) -> None:
    scores = scores_of(answers)
    data = json.loads(json.dumps(scores.to_dict()))
    assert Scores(tuple(data["labels"]), tuple(map(tuple, data["confusion"]))) == scores
    assert data["accuracy"] == pytest.approx(scores.accuracy, abs=5e-5)
    assert data["macro_f1"] == pytest.approx(scores.macro_f1, abs=5e-5)


def naive_share_error(said: list[float], given_: list[float], bins: int) -> float:
    gaps = []
    for one in range(bins):
        # 1 belongs to the last bin.
        inside = [i for i, share in enumerate(said) if min(int(share * bins), bins - 1) == one]
        if inside:
            gaps.append(abs(sum(said[i] - given_[i] for i in inside) / len(inside)))
    return sum(gaps) / len(gaps)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=1, max_size=60))
def test_share_error_is_its_definition(shares: list[tuple[float, float]]) -> None:
    said, people = (list(column) for column in zip(*shares, strict=True))
    found = share_error(np.asarray(said, np.float32), np.asarray(people, np.float32), 4)
    assert found == pytest.approx(naive_share_error(said, people, 4), abs=1e-5)


def test_share_error_of_the_truth_is_nothing_and_of_a_shift_the_shift() -> None:
    people = np.random.default_rng(0).dirichlet(np.full(10, 0.5), 2000).astype(np.float32)
    assert share_error(people, people) == 0
    said = np.clip(people, 0.05, 0.9)
    assert share_error(said, said - np.float32(0.04)) == pytest.approx(0.04, abs=1e-5)
