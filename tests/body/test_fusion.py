"""Two opinions joined: a closed form, nothing changed by weight 0 or by no posture, any order, and who wins when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.body.fusion import beside_prior, pooled, together
from mien.body.posture import FEATURES, TONES, PostureModel
from mien.types import Tone

opinion = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda row: np.array(row) / sum(row))
weight = st.floats(0, 1)


def model(weight: float = 1.0, prior: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)) -> PostureModel:
    count = len(FEATURES)
    return PostureModel(np.zeros(count), np.ones(count), np.zeros((3, count)), np.zeros(3), np.array(prior), weight, {})


def tone(*shares: float, sure: bool = True) -> Tone:
    index = int(np.argmax(shares))
    return Tone(TONES[index], shares[index], sure, dict(zip(TONES, shares, strict=True)))


def test_two_witnesses_by_hand() -> None:
    said = pooled([(np.array([0.6, 0.3, 0.1]), 1.0), (np.array([0.2, 0.4, 0.4]), 1.0)])
    assert said == pytest.approx(np.array([12, 12, 4]) / 28)
    half = pooled([(np.array([0.6, 0.3, 0.1]), 1.0), (np.array([0.25, 0.25, 0.5]), 0.5)])
    raised = np.array([0.6 * 0.5, 0.3 * 0.5, 0.1 * 0.5**0.5])
    assert half == pytest.approx(raised / raised.sum())


@given(opinion, opinion, weight, weight)
def test_the_order_does_not_matter_and_it_sums_to_one(one, two, a: float, b: float) -> None:
    said = pooled([(one, a), (two, b)])
    assert said == pytest.approx(pooled([(two, b), (one, a)]))
    assert said.sum() == pytest.approx(1)


@given(opinion, opinion)
def test_weight_nought_changes_not_a_bit(one, two) -> None:
    assert (pooled([(one, 1.0), (two, 0.0)]) == one).all()


@given(opinion, weight)
def test_somebody_who_knows_nothing_changes_nothing(one, a: float) -> None:
    assert pooled([(one, 1.0), (np.full(3, 1 / 3), a)]) == pytest.approx(one, abs=1e-9)


@given(opinion)
def test_equal_opinions_whose_weights_sum_to_one_stay(one) -> None:
    assert pooled([(one, 0.3), (one, 0.7)]) == pytest.approx(one)


def test_what_only_repeats_the_prior_adds_nothing() -> None:
    prior = np.array([0.2, 0.7, 0.1])
    assert beside_prior(prior, prior) == pytest.approx(np.full(3, 1 / 3))


def test_independent_witnesses_are_joined_by_bayes_rule() -> None:
    """Signs drawn given the tone, each witness knowing its own: the pool is the true posterior."""
    rng = np.random.default_rng(0)
    prior = np.array([0.5, 0.3, 0.2])
    one, two = rng.dirichlet(np.full(4, 5.0), 3), rng.dirichlet(np.full(4, 5.0), 3)  # P(sign | tone)
    for a in range(4):
        for b in range(4):
            first, second = prior * one[:, a], prior * two[:, b]
            truth = prior * one[:, a] * two[:, b]
            said = pooled([(first / first.sum(), 1.0), (beside_prior(second / second.sum(), prior), 1.0)])
            assert said == pytest.approx(truth / truth.sum())


def test_without_a_posture_or_a_model_the_face_stands_as_it_is() -> None:
    face, posture = tone(0.7, 0.2, 0.1), np.array([0.1, 0.1, 0.8])
    assert together(face, None, model()) is face
    assert together(face, posture, None) is face
    assert together(face, posture, model(weight=0.0)) is face
    assert together(None, None, model()) is None


def test_without_a_face_the_posture_stands_alone() -> None:
    said = together(None, np.array([0.1, 0.1, 0.8]), model())
    assert said is not None and said.label == "negative" and said.confidence == pytest.approx(0.8) and said.sure


def test_a_clear_posture_turns_an_unclear_face_and_not_the_other_way() -> None:
    clear = np.array([0.02, 0.08, 0.9])
    assert together(tone(0.4, 0.35, 0.25), clear, model()).label == "negative"
    assert together(tone(0.98, 0.01, 0.01), np.array([0.3, 0.3, 0.4]), model()).label == "positive"


def test_a_face_that_is_doubted_lets_nothing_be_sure() -> None:
    said = together(tone(0.9, 0.05, 0.05, sure=False), np.array([0.9, 0.05, 0.05]), model())
    assert said.label == "positive" and not said.sure
