"""A person's own rest: the running median of what a body does most of the time.

Some cues mean something only against it: whether shoulders are raised, whether somebody leans in. Learnt over the last
minute, by seconds and not by frames; until it has been, nothing is said by it. A posture that is kept for most of that
minute becomes the rest.
"""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from collections.abc import Iterable, Mapping

WINDOW_S = 60.0  # long against a posture that says something, short against growing tired
STEP_S = 0.25  # four samples a second are enough for a median, whatever the frame rate
LEAST_S = 4.0  # seen before a rest is known: somebody who has just come in is still settling
MOST_STEP_S = 1.0  # between two samples: of a longer time nothing was seen


class Rest:
    """The running median of each measure of one person."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[float, float]]] = {}

    def learn(self, time_s: float, measures: Mapping[str, float]) -> None:
        """Take in what was measured at a time; more often than every STEP_S nothing is added."""
        for name, value in measures.items():
            samples = self._samples.setdefault(name, deque())
            if not samples or time_s - samples[-1][0] >= STEP_S - 1e-6:
                samples.append((time_s, value))
            while time_s - samples[0][0] > WINDOW_S:
                samples.popleft()

    def known(self) -> dict[str, float]:
        """The median of each measure that was seen for LEAST_S."""
        return {
            name: statistics.median(value for _, value in samples)
            for name, samples in self._samples.items()
            if _seen_s(samples) >= LEAST_S - 1e-6
        }


def _seen_s(samples: Iterable[tuple[float, float]]) -> float:
    """How long a measure was seen: a sample stands for the time since the one before."""
    steps = (two[0] - one[0] for one, two in itertools.pairwise(samples))
    return STEP_S + sum(min(step_s, MOST_STEP_S) for step_s in steps)
