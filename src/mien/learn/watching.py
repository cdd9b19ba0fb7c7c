"""Who follows a run: `Watcher` is told what happens and does nothing with it; the command line's shows it."""

from __future__ import annotations

from mien.learn.judging import EpochLog
from mien.types import Progress, no_progress


class Watcher:
    """Told of a run as it goes; override what should be shown. What `step` raises ends the run after that step."""

    def stage(self, name: str) -> Progress:
        """A stage begins; what is returned is called with what is done and what there is to do."""
        return no_progress

    def note(self, line: str) -> None:
        """Something that the user should know."""

    def step(self, done: int, total: int, loss: float) -> None:
        """A step of the optimiser is done."""

    def epoch(self, logs: list[EpochLog]) -> None:
        """An epoch is done, judged and kept; the last of `logs` is its own."""

    def seed(self, number: int, count: int, seed: int) -> None:
        """One of several runs begins; `number` counts from 1."""
