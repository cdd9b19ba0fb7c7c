"""Deletion and insertion on a network that adds its pixels up, where both areas are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.explain import faithfulness as f
from mien.types import FloatArray

SIDE = 8


def additive(seed: int) -> tuple[FloatArray, FloatArray, FloatArray, f.Answer]:
    """A crop, a fill, what each pixel adds, and an answer that is 0.2 plus their sum."""
    random = np.random.default_rng(seed)
    crop = random.integers(0, 256, (SIDE, SIDE)).astype(np.uint8)
    fill = random.uniform(0, 255, (SIDE, SIDE)).astype(np.float32)
    weights = random.normal(0, 0.01, (SIDE, SIDE))
    return crop, fill, weights * (crop - fill), lambda shown: 0.2 + ((shown - fill) * weights).sum((1, 2))


@given(st.integers(0, 500), st.sampled_from([4, 8, 16, 64]))
def test_the_areas_of_the_true_map_have_a_closed_form(seed: int, steps: int) -> None:
    crop, fill, added, answer = additive(seed)
    found = f.curves_of(answer, crop, added.astype(np.float32), fill, steps=steps)
    largest = np.sort(added.ravel())[::-1].reshape(steps, -1).sum(1)
    kept = 0.2 + np.r_[0, np.cumsum(largest)]
    gone = 0.2 + added.sum() - np.r_[0, np.cumsum(largest)]
    assert np.allclose(found.insertion, kept, atol=1e-3)
    assert np.allclose(found.deletion, gone, atol=1e-3)
    # what goes in step i counts for all steps after it, and for half of its own
    share = (steps - np.arange(steps) - 0.5) / steps
    assert found.insertion_area == pytest.approx(0.2 + (largest * share).sum(), abs=1e-3)
    assert found.deletion_area == pytest.approx(0.2 + (largest * (1 - share)).sum(), abs=1e-3)


@given(st.integers(0, 500))
def test_no_map_is_better_than_the_true_one(seed: int) -> None:
    crop, fill, added, answer = additive(seed)
    best = f.curves_of(answer, crop, added.astype(np.float32), fill)
    for other in (f.random_map(SIDE, seed), f.centred_map(SIDE), -added.astype(np.float32)):
        worse = f.curves_of(answer, crop, other, fill)
        assert worse.deletion_area >= best.deletion_area - 1e-4
        assert worse.insertion_area <= best.insertion_area + 1e-4
        assert worse.score <= best.score + 1e-4


def test_the_input_is_as_before_and_both_ends_are_the_same_pictures() -> None:
    crop, fill, added, answer = additive(0)
    before = crop.copy(), fill.copy()
    found = f.curves_of(answer, crop, added.astype(np.float32), fill)
    assert np.array_equal(crop, before[0])
    assert np.array_equal(fill, before[1])
    assert found.deletion[0] == found.insertion[-1] == pytest.approx(0.2 + added.sum(), abs=1e-3)
    assert found.deletion[-1] == found.insertion[0] == pytest.approx(0.2, abs=1e-3)


@given(st.integers(0, 100), st.integers(1, 5))
def test_pixels_go_from_the_highest_to_the_lowest_and_ties_by_lot(seed: int, levels: int) -> None:
    values = np.random.default_rng(seed).integers(0, levels, (6, 7)).astype(np.float32)
    turns = f.when_gone(values, seed)
    assert np.array_equal(np.sort(turns.ravel()), np.arange(42))
    assert (np.diff(values.ravel()[np.argsort(turns.ravel())]) <= 0).all()


def test_a_flat_map_takes_no_side() -> None:
    turns = np.mean([f.when_gone(np.zeros((4, 4), np.float32), seed) for seed in range(400)], 0)
    assert np.abs(turns - 7.5).max() < 1.0  # standard error .23


def test_controls() -> None:
    centred = f.centred_map(9)
    assert np.unravel_index(centred.argmax(), centred.shape) == (4, 4)
    assert np.allclose(centred, centred.T)
    assert np.allclose(centred, centred[::-1])
    assert f.random_map(9, 1).tolist() == f.random_map(9, 1).tolist() != f.random_map(9, 2).tolist()
    mean = f.mean_map([np.array([[2.0, 0]], np.float32), np.array([[0, -5.0]], np.float32)])
    assert np.allclose(mean, [[0.5, -0.5]])


def test_the_interval_of_a_lead_is_that_of_the_mean() -> None:
    random = np.random.default_rng(0)
    control = random.normal(0, 1, 400)
    found = f.lead(control + random.normal(0.1, 0.2, 400), control)
    each = 0.2 / 20  # standard error: paired, so the spread of the control does not count
    assert found.by == pytest.approx(0.1, abs=4 * each)
    assert found.high - found.low == pytest.approx(2 * 1.96 * each, rel=0.2)
    assert found.is_certain


def test_a_method_must_beat_every_control_for_certain() -> None:
    random = np.random.default_rng(0)
    method = random.normal(0.5, 0.1, 100)
    low, same = method - random.normal(0.2, 0.1, 100), method + random.normal(0, 0.1, 100)
    assert f.beats_all(method, {"random": low, "centred": low})
    assert not f.beats_all(method, {"random": low, "mean": same})
