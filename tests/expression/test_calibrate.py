"""Confidence: the regression against a general optimiser, calibration errors against sets whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from mien.errors import ModelError
from mien.expression import calibrate
from mien.expression.calibrate import (
    EVIDENCE,
    RIDGE,
    Calibration,
    binned_error,
    chance_error,
    cross_fitted,
    evidence,
    fit_logistic,
    leads_among_people,
)

Array = NDArray[np.float64]


def synthetic(count: int, *, seed: int = 0) -> tuple[Array, Array, Array]:
    """Rows of evidence, the true probability of each, and outcomes drawn with it."""
    rng = np.random.default_rng(seed)
    rows = np.column_stack([np.ones(count), rng.normal(0, 1, count), rng.normal(5, 3, count), rng.uniform(0, 1, count)])
    truth = 1 / (1 + np.exp(-(rows @ [0.2, 1.5, -0.2, 1.0])))
    return rows, truth, (rng.random(count) < truth) * 1.0


def penalised_loss(plain: Array, rows: Array, correct: Array, ridge: float) -> float:
    """Minus log-likelihood plus ridge on the weights of the standardised columns."""
    logits = rows @ plain
    likelihood = correct * logits - np.logaddexp(0, logits)
    return float(-likelihood.sum() + ridge / 2 * ((plain[1:] * rows[:, 1:].std(0)) ** 2).sum())


# --- the regression ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", [RIDGE, 50.0])
@pytest.mark.parametrize("fractions", [False, True])
def test_weights_are_those_of_a_general_optimiser(ridge: float, fractions: bool) -> None:
    rows, truth, correct = synthetic(300)
    correct = np.round(truth * 2) / 2 if fractions else correct
    found = fit_logistic(rows, correct, ridge)
    best = minimize(penalised_loss, np.zeros(4), (rows, correct, ridge), tol=1e-10)
    assert found == pytest.approx(best.x, abs=2e-3)
    assert penalised_loss(found, rows, correct, ridge) <= best.fun + 1e-6


def test_many_faces_bring_the_true_weights_back() -> None:
    rows, _, correct = synthetic(40_000)
    assert fit_logistic(rows, correct) == pytest.approx([0.2, 1.5, -0.2, 1.0], abs=0.12)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_still_ends(outcome: float) -> None:
    rows, _, _ = synthetic(50)
    said = Calibration(fit_logistic(rows, np.full(50, outcome)))(rows)
    assert np.abs(said - outcome).max() < 0.05


def test_separable_rows_and_a_column_that_never_changes_still_end() -> None:
    rows, truth, _ = synthetic(80)
    rows = np.column_stack([rows, np.full(80, 0.1)])
    correct = (truth > 0.5) * 1.0
    weights = fit_logistic(rows, correct)
    assert np.isfinite(weights).all()
    assert ((Calibration(weights)(rows) > 0.5) == correct).mean() > 0.95


@given(st.integers(0, 2**31), st.floats(0.1, 10), st.floats(-20, 20))
def test_units_of_a_column_do_not_matter(seed: int, scale: float, shift: float) -> None:
    rows, _, correct = synthetic(60, seed=seed)
    other = rows.copy()
    other[:, 1] = other[:, 1] * scale + shift
    said = (Calibration(fit_logistic(each, correct))(each) for each in (rows, other))
    assert next(said) == pytest.approx(next(said), abs=1e-5)


# --- calibration errors -----------------------------------------------------------------------------------------------


def naive_error(said: list[float], found: list[float], bins: int) -> float:
    order = sorted(range(len(said)), key=lambda i: said[i])
    whole, more = divmod(len(said), bins)
    total, start = 0.0, 0
    for one in range(bins):
        part = order[start : start + whole + (one < more)]
        start += len(part)
        total += abs(sum(said[i] for i in part) - sum(found[i] for i in part))
    return total / len(said)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=50))
def test_binned_error_is_its_definition(answers: list[tuple[float, float]]) -> None:
    said, found = (list(column) for column in zip(*answers, strict=True))
    assert binned_error(np.asarray(said), np.asarray(found), 7) == pytest.approx(naive_error(said, found, 7), abs=1e-9)


def test_a_perfect_confidence_errs_as_chance_does_and_a_distorted_one_by_far_more() -> None:
    _, truth, correct = synthetic(3000)
    chance = chance_error(truth)
    assert chance < 0.025
    assert binned_error(truth, correct) < 2 * chance
    assert binned_error(truth**3, correct) > 5 * chance
    assert binned_error(np.full(3000, 0.99), correct) == pytest.approx(0.99 - correct.mean(), abs=0.03)


def test_chance_shrinks_with_the_root_of_the_number_of_faces() -> None:
    few, many = (chance_error(np.full(count, 0.8)) for count in (300, 4800))
    assert few / many == pytest.approx(4, rel=0.15)


def test_cross_fitting_calibrates_faces_that_it_has_not_seen() -> None:
    rows, truth, correct = synthetic(3000)
    said = cross_fitted(rows, correct)
    assert np.abs(said - truth).mean() < 0.03
    assert binned_error(said, correct) < 2 * chance_error(said)


def test_cross_fitting_does_not_look_at_the_face_it_judges() -> None:
    rows, _, correct = synthetic(200)
    changed = correct.copy()
    changed[17] = 1 - changed[17]
    before, after = cross_fitted(rows, correct), cross_fitted(rows, changed)
    assert before[17] == pytest.approx(after[17], abs=1e-12)
    assert not np.allclose(before, after)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_cross_fitting_a_handful_gives_numbers(count: int) -> None:
    rows, _, correct = synthetic(count)
    said = cross_fitted(rows, correct)
    assert ((said >= 0) & (said <= 1)).all()


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_evidence_by_hand() -> None:
    votes = np.asarray([[0.7, 0.2, 0.1, 0.0]], np.float32)
    row = evidence(votes, np.asarray([0]), np.asarray([[9.0, 0.5]], np.float32), expressions=2)[0]
    named = dict(zip(EVIDENCE, row, strict=True))
    logit = np.log(0.7 / 0.3)
    entropy = -sum(p * np.log(p) for p in (0.7, 0.2, 0.1))
    assert named == pytest.approx(
        {"bias": 1, "top": logit, "top_squared": logit**2, "margin": 0.5, "entropy": entropy, "nameless": 0.1,
         "contrast": np.log(10), "sharpness": np.log(1.5)}, abs=1e-4)  # fmt: skip


def test_a_label_that_does_not_lead_has_a_margin_below_nothing() -> None:
    votes = np.asarray([[0.2, 0.7, 0.1]], np.float32)
    row = evidence(votes, np.asarray([0]), np.ones((1, 2), np.float32), expressions=3)[0]
    assert row[EVIDENCE.index("margin")] == pytest.approx(-0.5)


def test_certain_votes_are_finite_evidence() -> None:
    votes = np.eye(10, dtype=np.float32)
    rows = evidence(votes, np.arange(10) % 8, np.zeros((10, 2), np.float32), expressions=8)
    assert np.isfinite(rows).all()


def test_leading_by_hand() -> None:
    votes = np.asarray([[6, 4, 0], [5, 5, 0], [4, 4, 4], [0, 1, 9]], np.float32)
    assert leads_among_people(votes, np.asarray([0, 0, 2, 1])) == pytest.approx([1, 1 / 2, 1 / 3, 0])


# --- on the card ------------------------------------------------------------------------------------------------------


def test_a_calibration_survives_the_card() -> None:
    weights = np.linspace(-2, 2, len(EVIDENCE))
    data = json.loads(json.dumps(Calibration(weights).to_dict()))
    assert Calibration.from_dict(data).weights == pytest.approx(weights, abs=1e-5)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"weights": {}},
        {"weights": [1, 2]},
        {"weights": {name: "x" for name in EVIDENCE}},
        {"weights": dict.fromkeys(EVIDENCE[1:], 1.0)},
        {"weights": dict.fromkeys(EVIDENCE, float("nan"))},
        {"weights": None},
    ],
)
def test_another_kind_of_confidence_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="the card's confidence is missing or of another kind"):
        Calibration.from_dict(data)


def test_far_evidence_is_certain_and_makes_no_noise() -> None:
    said = Calibration(np.full(len(EVIDENCE), 1e3))(np.vstack([np.ones(len(EVIDENCE)), -np.ones(len(EVIDENCE))]))
    assert said == pytest.approx([1, 0], abs=1e-9)
    assert calibrate.BINS == 15
