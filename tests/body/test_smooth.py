"""One Euro against its closed form, and what it is for: still at rest, quick when moving, the same at every size."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.body.smooth import BodySmoother, OneEuro

steps = st.floats(0.005, 0.3)
cutoffs = st.floats(0.05, 20)


def paper(values: list[float], times: list[float], rest_hz: float, beta: float, speed_hz: float) -> list[float]:
    """Algorithm 1 of Casiez et al. 2012, one number at a time."""
    shown, pace = values[0], 0.0
    out = [shown]
    for value, (before, now) in zip(values[1:], itertools.pairwise(times), strict=True):
        rate = 1 / (now - before)
        derivative = (value - shown) * rate
        alpha = 1 / (1 + rate / (2 * math.pi * speed_hz))
        pace = alpha * derivative + (1 - alpha) * pace
        cutoff = rest_hz + beta * abs(pace)
        alpha = 1 / (1 + rate / (2 * math.pi * cutoff))
        shown = alpha * value + (1 - alpha) * shown
        out.append(shown)
    return out


@given(st.lists(st.tuples(st.floats(-100, 100), steps), min_size=2, max_size=30), cutoffs, st.floats(0, 5), cutoffs)
def test_one_number_is_smoothed_as_the_paper_says(
    samples: list[tuple[float, float]], rest_hz: float, beta: float, speed_hz: float
) -> None:
    values = [value for value, _ in samples]
    times = np.cumsum([step for _, step in samples]).tolist()
    smooth = OneEuro(rest_hz, beta, speed_hz=speed_hz)
    found = [float(smooth(np.array([[value]]), time)[0, 0]) for value, time in zip(values, times, strict=True)]
    assert found == pytest.approx(paper(values, times, rest_hz, beta, speed_hz), abs=1e-9)


@given(st.floats(-1000, 1000), st.lists(steps, min_size=1, max_size=20))
def test_what_does_not_move_stays(value: float, pauses: list[float]) -> None:
    smooth = OneEuro()
    for time in np.cumsum(pauses).tolist():
        assert smooth(np.full((3, 2), value), time) == pytest.approx(value)


@given(steps, cutoffs, st.floats(0, 50))
def test_a_step_is_followed_steadily_and_never_overshot(step: float, rest_hz: float, beta: float) -> None:
    smooth = OneEuro(rest_hz, beta)
    smooth(np.zeros((1, 1)), 0.0)
    path = [float(smooth(np.ones((1, 1)), step * (index + 1))[0, 0]) for index in range(60)]
    assert all(0 <= before <= after <= 1 + 1e-12 for before, after in itertools.pairwise(path))


def test_without_a_reaction_it_is_a_plain_low_pass() -> None:
    smooth, step, rest_hz = OneEuro(2.0, 0.0), 0.04, 2.0
    kept = 1 - 1 / (1 + 1 / (2 * math.pi * rest_hz * step))
    smooth(np.zeros((1, 1)), 0.0)
    for index in range(1, 20):
        assert float(smooth(np.ones((1, 1)), index * step)[0, 0]) == pytest.approx(1 - kept**index)


def noisy(scale: float = 1.0) -> np.ndarray:
    """A hundred frames of 33 points at rest, with a thousandth of a body size of noise."""
    return scale * (1 + np.random.default_rng(1).normal(0, 0.001, (100, 33, 2)))


def shown(path: np.ndarray, *, scale: float = 1.0, fps: float = 30) -> np.ndarray:
    smooth = OneEuro()
    return np.array([smooth(points, index / fps, scale=scale) for index, points in enumerate(path)])


def test_jitter_at_rest_falls() -> None:
    path = noisy()
    assert np.diff(shown(path), axis=0)[20:].std() < 0.4 * np.diff(path, axis=0)[20:].std()


def test_a_moving_point_is_followed_within_a_little() -> None:
    """Half a body size a second, a quick arm: it lags by less than 2 hundredths of a body size."""
    path = np.linspace(0, 1, 60)[:, None, None] * np.ones((1, 1, 2)) * math.sqrt(0.5)
    assert np.linalg.norm(shown(path) - path, axis=2)[10:].max() < 0.02


@given(st.floats(0.01, 1e4))
def test_a_large_body_is_smoothed_as_a_small_one(size: float) -> None:
    assert np.allclose(shown(noisy(size), scale=size), size * shown(noisy()), rtol=1e-6)


@given(st.floats(-180, 180))
def test_turning_the_picture_turns_what_is_shown(angle: float) -> None:
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    turn = np.array([[cos, sin], [-sin, cos]])
    path = noisy() + np.linspace(0, 0.5, 100)[:, None, None]
    assert np.allclose(shown(path @ turn), shown(path) @ turn)


def test_a_moment_that_is_not_later_changes_nothing() -> None:
    smooth = OneEuro()
    smooth(np.zeros((1, 2)), 1.0)
    before = smooth(np.ones((1, 2)), 1.1)
    assert (smooth(np.full((1, 2), 9.0), 1.1) == before).all() and (smooth(np.full((1, 2), 9.0), 0.5) == before).all()


def test_what_comes_out_may_be_changed_without_harm() -> None:
    smooth = OneEuro()
    smooth(np.zeros((1, 1)), 0.0)[:] = 100
    assert (smooth(np.zeros((1, 1)), 0.1) == 0).all()


def test_a_body_is_smoothed_in_place_depth_and_visibility() -> None:
    smooth, random = BodySmoother(), np.random.default_rng(2)
    rest = random.uniform(0, 300, (33, 4)).astype(np.float32)
    rest[:, 3] = 0.8
    path = [rest + random.normal(0, [1, 1, 3, 0.05], (33, 4)).astype(np.float32) for _ in range(60)]
    out = np.array([smooth(points, index / 15, size=1000.0) for index, points in enumerate(path)])
    assert out.dtype == np.float32 and out.shape == (60, 33, 4)
    for column in range(4):
        jitter = [np.diff(np.array(some)[20:, :, column], axis=0).std() for some in (out, path)]
        assert jitter[0] < 0.5 * jitter[1]
    assert np.abs(out[-1, :, :2] - rest[:, :2]).max() < 1.5
