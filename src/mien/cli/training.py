"""`mien train`: shows a training run, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mien.errors import DataError, MissingExtraError
from mien.types import Progress as Report


def run_training(data: Path, votes: Path | None, out: Path, settings: dict[str, Any], *, resume: bool) -> None:
    """Train, with a bar for each stage and a line for each epoch, on standard error.

    Raises:
        MissingExtraError: PyTorch is not installed.
        DataError: see `learn.run.train`.
    """
    try:
        from mien.learn.fit import EpochLog, TrainOptions
        from mien.learn.run import train
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "onnx"}:
            raise
        raise MissingExtraError("training", "learn") from error

    console = Console(stderr=True, highlight=False)
    bars = (
        TextColumn("{task.description:>26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*bars, console=console, disable=not console.is_terminal) as progress:

        def stage(name: str) -> Report:
            return _Bar(progress, progress.add_task(name, total=None))

        def on_epoch(log: EpochLog) -> None:
            console.print(
                f"epoch {log.epoch + 1:3d}  loss {log.loss:.3f}  held out: {log.held_loss:.3f}, "
                f"fer2013 {log.held_fer2013:.2%}, votes {log.held_votes:.2%}  ({log.seconds:.0f} s)"
            )

        try:
            card = train(data, votes, out, TrainOptions(**settings), resume=resume, stage=stage, on_epoch=on_epoch)
        except KeyboardInterrupt:
            progress.stop()
            if (out / "last.pt").exists():
                console.print(f"stopped: 'mien train ... --out {out} --resume' goes on from the last whole epoch")
            raise
        except RuntimeError as error:  # PyTorch's own: out of memory, a compiler that is missing
            raise DataError(f"training failed: {str(error).splitlines()[0][:200]}") from error
    for head, scores in card.scores["heads"].items():
        console.print(f"{head}: {scores['accuracy']:.2%} of {scores['n']} faces of {card.scores['split']}, one crop")
    console.print(f"the model folder is {out}: try 'mien read PHOTO --model {out}'")


class _Bar:
    """Moves one bar of a Progress."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
