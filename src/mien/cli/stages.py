"""Bars for work in stages, on a terminal; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mien.types import Progress as Report

Stage = Callable[[str], Report]


@contextmanager
def stages(console: Console) -> Iterator[Stage]:
    """Show a bar for each stage while the block runs, and nothing after it; nothing where there is no terminal."""
    bars = (TextColumn("{task.description:>24}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*bars, console=console, transient=True, disable=not console.is_terminal) as progress:

        def stage(name: str) -> Report:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield stage
