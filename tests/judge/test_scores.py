"""Scores, against counts by hand and definitions written out face by face."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from mien.expression.calibrate import binned_error
from mien.judge.scores import Scores, above, coverage, reliability, share_curve, share_error

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


@given(pairs.filter(bool))
def test_scores_of_classes_are_those_of_scikit_learn(answers: list[tuple[int, int]]) -> None:
    truth, said = np.asarray(answers).T
    scores = scores_of(answers)
    columns = precision_recall_fscore_support(truth, said, labels=[0, 1, 2], zero_division=0)
    for index, (precision, recall, f1, support) in enumerate(zip(*columns, strict=True)):
        label = LABELS[index]
        assert scores.support[label] == support
        # Ours leave out what is not defined, where theirs say 0.
        assert scores.precision.get(label, 0) == pytest.approx(precision)
        assert (label in scores.precision) == (index in said)
        assert scores.recall.get(label, 0) == pytest.approx(recall)
        assert scores.f1.get(label, 0) == pytest.approx(f1)
        assert (label in scores.recall) == (label in scores.f1) == (support > 0)


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


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=1, max_size=60))
def test_the_share_curve_holds_all_shares_where_they_belong(shares: list[tuple[float, float]]) -> None:
    said, people = (np.asarray(column, np.float32) for column in zip(*shares, strict=True))
    curve = share_curve(said, people, 4)
    assert sum(one.n for one in curve) == len(shares)
    assert sum(one.n * one.found for one in curve) == pytest.approx(float(people.sum(dtype=float)), abs=1e-5)
    places = [min(int(one.said * 4 + 1e-9), 3) for one in curve]
    assert places == sorted(set(places))


confidences = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=50)


@given(confidences)
def test_the_reliability_diagram_is_what_the_error_is_taken_from(faces: list[tuple[float, float]]) -> None:
    said, found = (np.asarray(column) for column in zip(*faces, strict=True))
    points = reliability(said, found, 7)
    assert sum(one.n for one in points) == len(faces)
    assert max(one.n for one in points) - min(one.n for one in points) <= 1
    error = sum(one.n * abs(one.said - one.found) for one in points) / len(faces)
    assert error == pytest.approx(binned_error(said, found, 7))


@given(confidences)
def test_coverage_counts_the_surest_faces(faces: list[tuple[float, float]]) -> None:
    said, found = (np.asarray(column) for column in zip(*faces, strict=True))
    surest = sorted(faces, key=lambda face: -face[0])  # stable: of equals the earlier
    for one in coverage(said, found, 5):
        part = surest[: round(one.covered * len(faces))]
        assert one.right == pytest.approx(sum(right for _, right in part) / len(part))
        assert one.threshold == part[-1][0]
    assert coverage(said, found, 5)[-1].covered == 1


def test_what_lies_above_a_threshold() -> None:
    said, found = np.array([0.9, 0.2, 0.6, 0.59]), np.array([1.0, 1.0, 0.5, 0.0])
    sure = above(said, found, 0.6)
    assert sure is not None and (sure.covered, sure.right, sure.threshold) == (0.5, 0.75, 0.6)
    assert above(said, found, 0.95) is None
