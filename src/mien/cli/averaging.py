"""`mien average`: shows how the mean of several networks is made, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from mien.cli.stages import Stage, stages
from mien.errors import MissingExtraError
from mien.types import Progress as Report


def run_averaging(models: Sequence[Path], data: Path, out: Path, *, votes: Path | None, layout: str | None) -> None:
    """Average networks and judge the mean, with a bar for each stage on standard error.

    Raises:
        MissingExtraError: PyTorch or another package of the extra is not installed.
        DataError: see `learn.average.average`; so for UsageError and ModelError.
    """
    try:
        from mien.learn.average import average
        from mien.learn.watching import Watcher
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("mien"):
            raise
        raise MissingExtraError("averaging", "learn") from error

    class Shown(Watcher):
        """A bar for each stage, notes as lines."""

        def __init__(self, stage: Stage, say: Callable[[str], None]) -> None:
            self._stage, self._say = stage, say

        def stage(self, name: str) -> Report:
            return self._stage(name)

        def note(self, line: str) -> None:
            self._say(line)

    console = Console(stderr=True, highlight=False)
    with stages(console) as stage:
        card = average(models, data, votes, out, layout=layout, watcher=Shown(stage, console.print))
    for head, scores in card.scores["heads"].items():
        console.print(f"{head}: {scores['accuracy']:.2%} of {scores['n']} faces of {card.scores['split']}, one crop")
    console.print(f"the model folder is {out}: try 'mien evaluate --model {out}' with the same data", soft_wrap=True)
