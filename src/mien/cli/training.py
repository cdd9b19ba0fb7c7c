"""`mien train`: shows a training run, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from mien.cli.stopping import Brake
from mien.errors import DataError, MissingExtraError, UsageError
from mien.models import ModelCard
from mien.types import Progress as Report

if TYPE_CHECKING:
    from mien.learn.judging import EpochLog
    from mien.learn.summary import Summary

BARS = "▁▂▃▄▅▆▇█"
LONGEST_CURVE = 60  # epochs, the last ones


def run_training(job: dict[str, Any], settings: dict[str, Any], seeds: Sequence[int]) -> None:
    """Train, with a bar for each stage and a line for each epoch, on standard error.

    Args:
        job: what `learn.run.Job` holds.
        settings: what of `learn.options.TrainOptions` was chosen.
        seeds: one run for each; a single run of `settings` where there are none.

    Raises:
        MissingExtraError: PyTorch or another package of the extra is not installed.
        DataError: see `learn.run.train`.
    """
    try:
        from mien.learn import run, watching
        from mien.learn.options import TrainOptions
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("mien"):
            raise
        raise MissingExtraError("training", "learn") from error

    class Shown(_Shown, watching.Watcher):
        """Follows the run on the terminal."""

    options = TrainOptions(**settings)
    console = Console(stderr=True, highlight=False, quiet=os.environ.get("RANK", "0") != "0")  # the main process speaks
    shown, out = Shown(console), job["out"]
    try:
        with shown.brake.watching(), shown.bars:
            if seeds:
                summary = run.train_seeds(run.Job(**job), options, seeds, shown)
            else:
                card = run.train(run.Job(**job), options, shown)
    except KeyboardInterrupt:
        _tell_how_to_go_on(console, out)
        raise
    except RuntimeError as error:  # PyTorch's own: out of memory, another process that died, no compiler
        if shown.brake.is_asked:  # the other processes were asked too, and left first
            raise KeyboardInterrupt from error
        raise DataError(f"training failed: {str(error).splitlines()[0][:200]}{_kept(out)}") from error
    if seeds and summary is not None:
        console.print(_summary_table(summary), f"the best by its held-out faces: seed {summary.best}", sep="\n")
    elif not seeds and card is not None:
        console.print(*_shown_results(shown.logs, card), sep="\n", soft_wrap=True)
    console.print(f"the model folder is {out}: try 'mien evaluate --model {out}' with the same data", soft_wrap=True)


def parse_seeds(text: str | None, first: int) -> list[int]:
    """'3' -> three seeds from the first on; '1,5' -> these; none where nothing was said."""
    if text is None:
        return []
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or len(set(numbers)) < len(numbers) or min(numbers) < 0 or numbers == [0]:
        raise UsageError(f"--seeds {text!r}: expected how many runs, as 3, or a list of different seeds, as 1,5,7")
    return numbers if len(numbers) > 1 else list(range(first, first + numbers[0]))


def parse_widths(text: str | None) -> tuple[int, ...] | None:
    """'32,64,128,256' -> the channels of each stage."""
    if text is None:
        return None
    try:
        widths = tuple(int(part) for part in text.split(","))
    except ValueError:
        widths = ()
    if not widths or min(widths) < 1:
        raise UsageError(f"--widths {text!r}: expected the channels of each stage, as 32,64,128,256")
    return widths


class _Bars(Progress):
    """Progress bars with the held-out accuracies drawn below them."""

    curves: Sequence[str] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, then a line for each curve."""
        yield from super().get_renderables()
        yield from (Text(line) for line in self.curves)


class _Shown:
    """Bars for stages, a line and a longer curve for each epoch; a stop waits for the end of a step."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description:>26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                   TimeRemainingColumn())  # fmt: skip
        self.bars = _Bars(*columns, console=console, disable=not console.is_terminal)
        self.brake = Brake()
        self.logs: list[EpochLog] = []

    def stage(self, name: str) -> Report:
        self.brake.check()
        self.brake.is_held = False
        for earlier in self.bars.tasks:
            if earlier.total is None:  # there was nothing to do: it was known already
                self.bars.remove_task(earlier.id)
            elif not earlier.finished:
                self.bars.update(earlier.id, completed=earlier.total)
        task = self.bars.add_task(name, total=None)
        return lambda done, total: self.bars.update(task, completed=done, total=total)

    def note(self, line: str) -> None:
        self.bars.console.print(line, soft_wrap=True)

    def step(self, done: int, total: int, loss: float) -> None:
        self.brake.is_held = True
        self.brake.check()

    def epoch(self, logs: list[EpochLog]) -> None:
        self.logs = logs
        self.bars.curves = [f"{words:>26} {sparkline(values)}" for words, values in _curves(logs)]
        log = logs[-1]
        right = "".join(f", {words} {values[-1]:.2%}" for words, values in _curves(logs))
        losses = f"loss {log.loss:.3f}  held out: {log.held_loss:.3f}"
        self.bars.console.print(f"epoch {log.epoch + 1:3d}  {losses}{right}  ({log.seconds:.0f} s)")
        self.brake.check()

    def seed(self, number: int, count: int, seed: int) -> None:
        for task in self.bars.task_ids:
            self.bars.remove_task(task)
        self.bars.console.print(f"run {number} of {count}: seed {seed}")


def sparkline(values: Sequence[float]) -> str:
    """A curve in one line, from its lowest to its highest value."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


def _curves(logs: Sequence[EpochLog]) -> list[tuple[str, list[float]]]:
    """The held-out accuracies by head, in order of the epochs."""
    heads = {"fer2013": [log.held_fer2013 for log in logs], "votes": [log.held_votes for log in logs]}
    known = {head: [value for value in values if value is not None] for head, values in heads.items()}
    return [(head, values[-LONGEST_CURVE:]) for head, values in known.items() if values]


def _shown_results(logs: Sequence[EpochLog], card: ModelCard) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for words, values in _curves(logs):
        shown.append(f"{words:>8}, held out: {sparkline(values)} {min(values):.2%} to {max(values):.2%}")
    for head, recalls in logs[-1].recalls.items() if logs else ():
        found = ", ".join(f"{label} {value:.0%}" for label, value in recalls.items())
        shown.append(f"{head:>8}, held out, found of each: {found}")
    for head, scores in card.scores["heads"].items():
        shown.append(f"{head}: {scores['accuracy']:.2%} of {scores['n']} faces of {card.scores['split']}, one crop")
    return shown


def _summary_table(summary: Summary) -> Table:
    words = {"held_fer2013": "fer2013, held out", "held_votes": "votes, held out"}
    names = list(summary.mean)
    table = Table("seed", *(words.get(name, f"{name}, {summary.split}") for name in names), box=box.SIMPLE_HEAD)
    for seed, run in summary.runs.items():
        table.add_row(str(seed), *(f"{run[name]:.2%}" for name in names))
    table.add_section()
    table.add_row("mean", *(f"{summary.mean[name]:.2%}" for name in names))
    table.add_row("spread", *(f"{summary.spread[name] * 100:.2f} points" for name in names))
    return table


def _tell_how_to_go_on(console: Console, out: Path) -> None:
    if _kept(out):
        line = f"the same 'mien train' with --resume goes on from the last whole epoch, which is in {out}"
    else:
        line = "stopped before the first whole epoch: there is nothing to go on with"
    console.print(line, soft_wrap=True)


def _kept(out: Path) -> str:
    has_one = (out / "last.pt").exists() or any(out.glob("seed-*/last.pt"))
    return "; the last whole epoch is kept, --resume goes on from it" if has_one else ""
