"""Two opinions joined: a closed form, nothing changed by weight 0 or by no posture, any order, and who wins when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import expression, person

from mien.body.fusion import PostureReader, beside_prior, pooled, together
from mien.body.posture import FEATURES, TONES, PostureModel
from mien.expression.tone import is_doubted
from mien.types import Pose, Tone

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


@pytest.mark.parametrize("confidence", [0.5, 0.65, 0.9])  # whether or not it would be sure without the doubt
def test_a_face_that_is_doubted_lets_nothing_be_sure(confidence: float) -> None:
    rest = (1 - confidence) / 2
    face, posture = tone(confidence, rest, rest, sure=False), np.array([0.9, 0.05, 0.05])
    said = together(face, posture, model(), is_doubted=True)
    assert said.label == "positive" and not said.sure
    assert together(face, posture, model()).sure


@pytest.mark.parametrize(("doubts", "label", "is_sure"), [
    ((), "happy", True), (("people would disagree",), "happy", True),
    (("dark",), "happy", False), ((), "surprise", False),
])  # fmt: skip
def test_what_doubts_a_face_is_asked_of_its_expression(doubts: tuple[str, ...], label: str, is_sure: bool) -> None:
    shares = dict(zip(TONES, (0.5, 0.3, 0.2), strict=True))
    read = replace(expression({label: 0.6, "neutral": 0.4}, doubts=doubts), tone=Tone("positive", 0.5, False, shares))
    confident = model()
    confident = replace(confident, bias=np.where(np.array(TONES) == "positive", 4.0, 0.0))
    body, head = person(100, 100)
    body[:, 3] = 1
    said = PostureReader(confident, is_doubted).read(Pose(body, 0.9), replace(head, expression=read), None)
    assert said.tone.sure and said.together.label == "positive"
    assert said.together.sure == is_sure
