"""Steadiness in a stream: shares smoothed by time, and a word that changes only when a new one has led for a while.

Each person is smoothed alone, by seconds, not by frames: 10 or 60 frames a second, evenly spaced or not, give the
same curve. It knows no labels and no pictures; shares of whatever kind go in and come out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import UsageError
from mien.types import FloatArray

SMOOTHING_S = 0.3  # well below the 0.5 to 4 s that most expressions last (Ekman 2003)
HOLD_S = 0.5  # a word that stands shorter than this cannot be read
EXPRESSIONS = 8  # of FERPlus
FORGET_S = 3.0  # unseen for so long, a person is forgotten: the tracker has given the id up by then

Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Steady:
    """One person's smoothed shares, votes (V,) and fer2013 (F,), and the index of the expression that is shown."""

    votes: FloatArray
    fer2013: FloatArray
    shown: int


@dataclass(eq=False)
class _Person:
    time_s: float
    raw: Shares
    smooth: Shares
    shown: int
    challenger: int
    since_s: float  # when the challenger took the lead


class Steadier:
    """Smooths what is read of each person of one stream.

    Args:
        smoothing_s: time constant of the smoothing, seconds; 0 switches it off.
        hold_s: how long a new expression must have led before it is shown, seconds; 0 switches it off.
        expressions: how many of the votes' labels, the first ones, are expressions; the others are never shown.

    Raises:
        UsageError: a setting is negative or no number.
    """

    def __init__(
        self, smoothing_s: float = SMOOTHING_S, hold_s: float = HOLD_S, *, expressions: int = EXPRESSIONS
    ) -> None:
        for name, value in (("smoothing_s", smoothing_s), ("hold_s", hold_s)):
            if not (value >= 0 and math.isfinite(value)):
                raise UsageError(f"{name} is a number of seconds, 0 or more; got {value}")
        self._smoothing_s, self._hold_s, self._expressions = smoothing_s, hold_s, expressions
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._people: dict[int, _Person] = {}
        self._latest_s = -math.inf

    def __len__(self) -> int:
        return len(self._people)

    def update(self, track_id: int, time_s: float, *, votes: FloatArray, fer2013: FloatArray) -> Steady:
        """Take in what was read of a person at `time_s`, and give what is to be shown.

        The first reading of a person stands as it is. A time before the latest one (a seek) begins anew for
        everyone. Several people may have readings of the same time.

        Args:
            track_id: who.
            time_s: seconds from the beginning of the stream.
            votes: (V,) shares, the expressions first.
            fer2013: (F,) probabilities.
        """
        raw = np.concatenate([votes, fer2013]).astype(np.float64)
        self._turn_to(time_s)
        person = self._people.get(track_id)
        if person is None:
            leader = int(raw[: self._expressions].argmax())
            person = self._people[track_id] = _Person(time_s, raw, raw, leader, leader, time_s)
        else:
            step_s = time_s - person.time_s
            person.smooth = smoothed(person.smooth, person.raw, raw, step_s, self._smoothing_s)
            person.raw, person.time_s = raw, time_s
            self._challenge(person)
        parts = person.smooth.astype(np.float32)
        return Steady(parts[: len(votes)], parts[len(votes) :], person.shown)

    def _turn_to(self, time_s: float) -> None:
        """Move the clock on, and forget who has been gone for long; back, and all begins anew."""
        if time_s < self._latest_s:
            self.reset()
        if time_s > self._latest_s:
            self._people = {who: person for who, person in self._people.items() if time_s - person.time_s <= FORGET_S}
        self._latest_s = time_s

    def _challenge(self, person: _Person) -> None:
        """Let the leading expression become the shown one if it has led long enough."""
        leader = int(person.smooth[: self._expressions].argmax())
        if leader != person.challenger:
            person.challenger, person.since_s = leader, person.time_s
        if person.time_s - person.since_s >= self._hold_s:
            person.shown = leader


def smoothed(before: Shares, raw_before: Shares, raw: Shares, step_s: float, smoothing_s: float) -> Shares:
    """One step of an exponential average of values at irregular times, exact where they change linearly between.

    The solution of smoothing_s * y' = x - y for x linear over the step (Müller 1991; Eckner, Algorithms for
    Unevenly Spaced Time Series, 2012, EMA with linear interpolation). The three weights are not negative and
    sum to one, so shares stay shares.

    Args:
        before: the average at the step's beginning.
        raw_before: the value there.
        raw: the value at its end.
        step_s: its length, seconds, not negative.
        smoothing_s: time constant; 0: no smoothing.
    """
    if smoothing_s == 0:
        return raw
    steps = step_s / smoothing_s
    if steps < 1e-9:
        return before
    kept = math.exp(-steps)
    mean = -math.expm1(-steps) / steps
    return kept * before + (mean - kept) * raw_before + (1 - mean) * raw
