from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mien.errors import UsageError
from mien.expression.steady import EXPRESSIONS, FORGET_S, Steadier, smoothed

SEVEN = np.full(7, 1 / 7, np.float32)


def votes_of(lead: int, share: float = 0.7) -> NDArray[np.float32]:
    votes = np.full(10, (1 - share) / 9, np.float32)
    votes[lead] = share
    return votes


def irregular(random: np.random.Generator, end_s: float, mean_s: float) -> NDArray[np.float64]:
    """Times from 0 to end_s with steps between a tenth and nearly twice the mean."""
    steps = random.uniform(0.1, 1.9, int(end_s / mean_s)) * mean_s
    times = np.concatenate([[0], np.cumsum(steps)])
    return np.asarray(times[times < end_s])


def run(signal: NDArray[np.float64], times: NDArray[np.float64], smoothing_s: float) -> NDArray[np.float64]:
    """The first vote's smoothed course where the raw one is `signal`, between 0 and 1."""
    steadier, out = Steadier(smoothing_s, 0), []
    for value, time_s in zip(signal, times, strict=True):
        votes = np.zeros(10)
        votes[0], votes[1] = value, 1 - value
        out.append(steadier.update(1, float(time_s), votes=votes, fer2013=SEVEN).votes[0])
    return np.array(out)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("smoothing_s", [0.05, 0.3, 2.0])
def test_a_ramp_follows_the_closed_form_at_any_times(seed: int, smoothing_s: float) -> None:
    times = irregular(np.random.default_rng(seed), 3, 1 / 30)
    # smoothing * y' = x - y with x = t / 3, y(0) = 0
    truth = (times - smoothing_s * (1 - np.exp(-times / smoothing_s))) / 3
    np.testing.assert_allclose(run(times / 3, times, smoothing_s), truth, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_wave_follows_the_closed_form_at_even_and_uneven_rates(seed: int) -> None:
    tau, turn = 0.3, 2 * math.pi * 0.7
    random = np.random.default_rng(seed)

    def truth(t: NDArray[np.float64]) -> NDArray[np.float64]:
        # x = 0.5 + 0.4 sin(turn t), y(0) = 0.5
        size = 0.4 / (1 + (turn * tau) ** 2)
        return 0.5 + size * (np.sin(turn * t) - turn * tau * np.cos(turn * t) + turn * tau * np.exp(-t / tau))

    for times in (np.arange(0, 3, 1 / 30), np.arange(0, 3, 1 / 12), irregular(random, 3, 1 / 30)):
        out = run(0.5 + 0.4 * np.sin(turn * times), times, tau)
        np.testing.assert_allclose(out, truth(times), atol=0.006)


def test_a_step_reaches_63_percent_after_the_time_constant() -> None:
    times = np.arange(0, 2, 0.01)
    out = run((times >= 0.5).astype(float), times, 0.4)
    assert out[np.searchsorted(times, 0.9)] == pytest.approx(1 - math.exp(-1), abs=0.01)


shares = st.lists(st.floats(0, 1), min_size=10, max_size=10).filter(lambda row: sum(row) > 0.1)


@given(st.lists(st.tuples(shares, st.floats(0, 2)), min_size=2, max_size=12), st.sampled_from([0.0, 0.01, 0.3, 50.0]))
def test_shares_stay_shares(rows: list[tuple[list[float], float]], smoothing_s: float) -> None:
    steadier, time_s = Steadier(smoothing_s, 0.4), 0.0
    seen = []
    for row, step in rows:
        time_s += step
        raw = np.array(row) / sum(row)
        seen.append(raw)
        out = steadier.update(3, time_s, votes=raw, fer2013=SEVEN)
        assert out.votes.sum() == pytest.approx(1, abs=1e-5)
        assert np.all(out.votes >= np.min(seen, 0) - 1e-6) and np.all(out.votes <= np.max(seen, 0) + 1e-6)
        np.testing.assert_allclose(out.fer2013, SEVEN, atol=1e-6)
        assert 0 <= out.shown < EXPRESSIONS


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(1e-6, 10), st.floats(1e-3, 10))
def test_a_step_cut_in_two_on_its_line_is_the_same_step(
    before: float, a: float, b: float, step_s: float, smoothing_s: float
) -> None:
    one = smoothed(np.array([before]), np.array([a]), np.array([b]), step_s, smoothing_s)
    middle = np.array([a + (b - a) * 0.3])
    half = smoothed(np.array([before]), np.array([a]), middle, step_s * 0.3, smoothing_s)
    two = smoothed(half, middle, np.array([b]), step_s * 0.7, smoothing_s)
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_word_changes_when_the_new_one_has_led_for_the_hold() -> None:
    steadier = Steadier(0, 0.5)
    for frame in range(30):
        assert steadier.update(1, frame / 30, votes=votes_of(0), fer2013=SEVEN).shown == 0
    shown = [steadier.update(1, 1 + frame / 30, votes=votes_of(1), fer2013=SEVEN).shown for frame in range(30)]
    assert shown == [0] * 15 + [1] * 15


def test_a_flash_is_not_shown_and_does_not_count_for_later() -> None:
    steadier = Steadier(0, 0.5)
    leads = [0] * 10 + [1] * 12 + [0] + [1] * 12 + [0] * 5
    for frame, lead in enumerate(leads):
        assert steadier.update(1, frame / 30, votes=votes_of(lead), fer2013=SEVEN).shown == 0


@given(st.lists(st.tuples(st.integers(0, 7), st.floats(0.001, 0.4)), min_size=1, max_size=40), st.floats(0, 1))
def test_the_word_shown_is_that_of_the_rule_said_plainly(leads: list[tuple[int, float]], hold_s: float) -> None:
    steadier, times = Steadier(0, hold_s), np.cumsum([step for _, step in leads])
    shown = leads[0][0]
    for now in range(len(leads)):
        run_start = now  # the first frame of the leader's unbroken lead
        while run_start > 0 and leads[run_start - 1][0] == leads[now][0]:
            run_start -= 1
        if times[now] - times[run_start] >= hold_s:
            shown = leads[now][0]
        out = steadier.update(5, float(times[now]), votes=votes_of(leads[now][0]), fer2013=SEVEN)
        assert out.shown == shown


def test_zero_switches_each_off() -> None:
    steadier = Steadier(0, 0)
    for frame in range(20):
        raw = votes_of(frame % 8)
        out = steadier.update(1, frame / 30, votes=raw, fer2013=SEVEN)
        assert out.shown == frame % 8
        np.testing.assert_allclose(out.votes, raw)


def test_unknown_and_not_a_face_are_never_the_word() -> None:
    steadier = Steadier(0, 0)
    votes = np.array([0.01, 0.2, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.33, 0.4])
    assert steadier.update(1, 0, votes=votes, fer2013=SEVEN).shown == 1


def test_each_person_is_smoothed_alone() -> None:
    random = np.random.default_rng(0)
    raw = random.dirichlet(np.ones(10), (50, 2))
    together, alone = Steadier(), [Steadier(), Steadier()]
    for frame in range(50):
        for who in (0, 1):
            one = together.update(who, frame / 25, votes=raw[frame, who], fer2013=SEVEN)
            other = alone[who].update(who, frame / 25, votes=raw[frame, who], fer2013=SEVEN)
            np.testing.assert_array_equal(one.votes, other.votes)
            assert one.shown == other.shown


def test_a_seek_backwards_begins_anew_for_everyone() -> None:
    steadier = Steadier()
    for time_s in (5.0, 5.1):
        for who in (1, 2):
            steadier.update(who, time_s, votes=votes_of(0), fer2013=SEVEN)
    for who in (2, 1):
        out = steadier.update(who, 1.0, votes=votes_of(3), fer2013=SEVEN)
        assert out.shown == 3
        np.testing.assert_allclose(out.votes, votes_of(3))


def test_the_gone_are_forgotten_and_memory_stays_flat() -> None:
    steadier = Steadier()
    for who in range(1000):
        steadier.update(who, who * 0.5, votes=votes_of(1), fer2013=SEVEN)
        assert len(steadier) <= FORGET_S / 0.5 + 1
    steadier.update(0, 1000.0, votes=votes_of(4), fer2013=SEVEN)
    assert len(steadier) == 1
    assert steadier.update(0, 1000.0, votes=votes_of(4), fer2013=SEVEN).shown == 4
    steadier.reset()
    assert len(steadier) == 0


def test_what_goes_in_is_not_changed_and_what_comes_out_is_not_shared() -> None:
    steadier, raw = Steadier(), votes_of(2)
    first = steadier.update(1, 0.0, votes=raw, fer2013=SEVEN)
    first.votes[:] = 0
    again = steadier.update(1, 0.0, votes=raw, fer2013=SEVEN)
    np.testing.assert_allclose(again.votes, votes_of(2))
    np.testing.assert_array_equal(raw, votes_of(2))


@pytest.mark.parametrize("setting", [-0.1, math.nan, math.inf])
def test_senseless_settings_are_refused(setting: float) -> None:
    with pytest.raises(UsageError, match="smoothing_s is a number of seconds"):
        Steadier(setting)
    with pytest.raises(UsageError, match="hold_s is a number of seconds"):
        Steadier(0.3, setting)
