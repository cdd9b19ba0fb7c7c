"""Tone: sums by hand, more votes never make it less likely, the fit against scikit-learn, and the words."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import VOTES, expression, face, reading
from sklearn.linear_model import LogisticRegression

from mien.catalogue import languages
from mien.errors import ModelError
from mien.expression import words
from mien.expression.tone import EITHER, TONES, ToneCalibration, fit_tone, only_tone, summed, tone_of
from mien.models import load_card

EMBEDDED = ToneCalibration.from_dict(load_card().tone)
shares = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda row: sum(row) > 0.01)


def row(**votes: float) -> np.ndarray:
    return np.array([[votes.get(name.replace(" ", "_"), 0.0) for name in VOTES]], np.float32)


def toned(**votes: float):
    read = expression({name.replace("_", " "): share for name, share in votes.items()})
    return replace(read, tone=tone_of(EMBEDDED(summed(row(**votes), VOTES))[0], read))


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ({"happy": 0.5, "neutral": 0.25, "sad": 0.15, "fear": 0.1}, (0.5, 0.25, 0.25)),
        ({"surprise": 0.6, "happy": 0.1, "angry": 0.3}, (0.25, 0, 0.75)),  # surprise is none of the three
        ({"unknown": 0.5, "not_a_face": 0.3, "neutral": 0.2}, (0, 1, 0)),
        ({"surprise": 1.0}, (1 / 3, 1 / 3, 1 / 3)),
        ({"disgust": 0.25, "contempt": 0.25, "happy": 0.5}, (0.5, 0, 0.5)),
    ],
)
def test_votes_are_summed_by_hand(votes: dict[str, float], expected: tuple[float, ...]) -> None:
    assert summed(row(**votes), VOTES)[0] == pytest.approx(expected)


def test_the_order_of_the_labels_does_not_matter() -> None:
    votes = np.random.default_rng(0).dirichlet(np.ones(len(VOTES)), 20)
    order = np.random.default_rng(1).permutation(len(VOTES))
    turned = summed(votes[:, order], [VOTES[one] for one in order])
    assert turned == pytest.approx(summed(votes, VOTES))


@given(shares, st.floats(0.1, 5), st.floats(-3, 3), st.floats(-3, 3))
def test_probabilities_sum_to_one_and_rise_with_their_votes(
    row: list[float], slope: float, one: float, two: float
) -> None:
    calibration, given_ = ToneCalibration(slope, one, two), np.array(row) / sum(row)
    said = calibration(given_[None])[0]
    assert said.sum() == pytest.approx(1) and (said >= 0).all()
    for index in range(3):
        more = given_.copy()
        more[index] += 0.1
        assert calibration((more / more.sum())[None])[0, index] >= said[index] - 1e-9


def test_slope_one_without_offsets_is_the_votes_themselves() -> None:
    given_ = np.random.default_rng(0).dirichlet(np.ones(3), 50)
    given_ = given_[given_.min(1) > 1e-3]
    assert ToneCalibration(1, 0, 0)(given_) == pytest.approx(given_)


def test_two_tones_are_fitted_as_scikit_learn_does() -> None:
    """Where the third tone never occurs and its share is the least, the softmax is a logistic regression."""
    rng = np.random.default_rng(0)
    part = rng.uniform(0.02, 0.98, 3000)
    given_ = np.column_stack([part, 1 - part, np.zeros(3000)])
    truth = (rng.random(3000) > 1 / (1 + np.exp(-(1.7 * np.log(part / (1 - part)) + 0.4)))).astype(np.int64)
    ours = fit_tone(given_, truth)
    theirs = LogisticRegression(C=1e6).fit(np.log(part / (1 - part))[:, None], truth == 0)
    assert ours.slope == pytest.approx(theirs.coef_[0, 0], rel=0.01)
    assert ours.positive == pytest.approx(theirs.intercept_[0], abs=0.01)


def test_a_known_calibration_is_found_again() -> None:
    rng, known = np.random.default_rng(0), ToneCalibration(2.0, 0.3, -0.4)
    given_ = rng.dirichlet(np.ones(3), 20_000)
    truth = np.array([rng.choice(3, p=one) for one in known(given_)])
    found = fit_tone(given_, truth)
    assert (found.slope, found.positive, found.negative) == pytest.approx((2.0, 0.3, -0.4), abs=0.08)


def test_faces_that_are_told_apart_without_an_error_give_finite_numbers() -> None:
    found = fit_tone(np.eye(3)[[0, 1, 2] * 20], np.array([0, 1, 2] * 20))
    assert all(map(math.isfinite, (found.slope, found.positive, found.negative)))
    assert EMBEDDED(np.eye(3)).argmax(1).tolist() == [0, 1, 2]


def test_the_card_keeps_it() -> None:
    assert ToneCalibration.from_dict(json.loads(json.dumps(EMBEDDED.to_dict()))) == EMBEDDED


@pytest.mark.parametrize(
    "data",
    [{}, {"slope": 1}, {"slope": "a", "positive": 0, "negative": 0}, {"slope": -1, "positive": 0, "negative": 0},
     {"slope": float("nan"), "positive": 0, "negative": 0}, {"slope": 1, "positive": None, "negative": 0}],
)  # fmt: skip
def test_another_kind_is_refused(data: dict) -> None:
    with pytest.raises(ModelError, match="tone is of another kind"):
        ToneCalibration.from_dict(data)


def test_a_clear_face_is_sure() -> None:
    assert toned(happy=0.9, neutral=0.1).tone.label == "positive" and toned(happy=0.9, neutral=0.1).tone.sure
    angry = toned(angry=0.4, sad=0.3, disgust=0.2, neutral=0.1).tone  # no word leads by far, and yet it is clear
    assert angry.label == "negative" and angry.sure
    assert set(angry.shares) == set(TONES) and sum(angry.shares.values()) == pytest.approx(1)


def test_a_surprised_face_is_read_by_its_other_votes_and_never_sure() -> None:
    surprised = toned(surprise=0.7, happy=0.3)
    assert surprised.tone.label == "positive" and surprised.tone.confidence > 0.9 and not surprised.tone.sure
    shown = only_tone(reading(face(read=surprised))).faces[0].expression
    assert shown.doubts == (EITHER,) and not shown.sure
    assert "surprised" in words.sentence(only_tone(reading(face(read=surprised))))


def test_what_is_wrong_with_the_picture_is_wrong_with_the_tone_but_not_that_people_differ_about_the_word() -> None:
    votes = {"angry": 0.4, "disgust": 0.4, "neutral": 0.2}
    calm = EMBEDDED(summed(row(**votes), VOTES))[0]
    assert tone_of(calm, expression(votes, sure=False, doubts=("people would disagree",))).sure
    assert not tone_of(calm, expression(votes, sure=False, doubts=("dark",))).sure


def test_only_the_tone_is_said_drawn_and_counted() -> None:
    read = toned(sad=0.4, fear=0.3, neutral=0.2, unknown=0.1)
    shown = only_tone(reading(face(read=read)))
    expression_ = shown.faces[0].expression
    assert expression_.votes == pytest.approx(
        {"positive": 0, "neutral": 0.2, "negative": 0.7, "surprise": 0, "unknown": 0.1, "not a face": 0}
    )
    assert sum(expression_.votes.values()) == pytest.approx(sum(read.votes.values()))
    assert words.sentence(shown) == "One person: looks negative, about 7 in 10 people would say so."


def test_people_who_differ_about_the_tone_are_a_reason() -> None:
    shown = only_tone(reading(face(read=toned(happy=0.36, neutral=0.38, sad=0.26))))
    assert shown.faces[0].expression.doubts == ("people would disagree",)
    assert words.sentence(shown).startswith("One person: not sure, people would disagree:")


def test_a_face_without_a_tone_stays_as_it_is() -> None:
    plain = reading(face(), face(read=expression()))
    assert only_tone(plain).to_dict() == plain.to_dict()


@pytest.mark.parametrize("language", languages())
def test_every_language_says_it(language: str) -> None:
    said = [
        words.sentence(only_tone(reading(face(read=toned(**votes)))), language)
        for votes in ({"happy": 1.0}, {"neutral": 1.0}, {"angry": 1.0}, {"surprise": 0.9, "fear": 0.1})
    ]
    assert len(set(said)) == 4
    assert not any(label in one for one in said for label in ("positive:", "can be either")) or language == "en"
