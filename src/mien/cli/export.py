"""`mien export`: shows what each precision costs and gains, and which one was taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from mien.errors import MissingExtraError
from mien.types import Progress as Report

if TYPE_CHECKING:
    from mien.learn.delivery import Built, Delivery

HEADS = ("fer2013", "votes")


def run_export(
    source: Path, out: Path, precision: str | None, data: tuple[Path, Path | None, str | None] | None
) -> None:
    """Export, with a bar for each stage and a table of the precisions, on standard error.

    Raises:
        MissingExtraError: PyTorch or onnx is not installed.
        MienError: see `learn.delivery.deliver`.
    """
    try:
        from mien.learn.delivery import deliver
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "onnx", "accelerate"}:
            raise
        raise MissingExtraError("export", "learn") from error

    console = Console(stderr=True, highlight=False)
    bars = (TextColumn("{task.description:>24}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*bars, console=console, transient=True, disable=not console.is_terminal) as progress:

        def stage(name: str) -> Report:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        done = deliver(source, out, precision=precision, data=data, stage=stage)
    console.print(*map(escape, done.notes), table_of(done), sep="\n")
    console.print(*_told(done, out), sep="\n", soft_wrap=True)


def table_of(done: Delivery) -> Table:
    """A row a precision: size, time of one look, how far from torch, what it gets right."""
    heads = [head for head in HEADS if any(head in one.accuracy for one in done.built)]
    table = Table("", "MB", "ms", "differs by", "on average", "same label", *heads, box=box.SIMPLE_HEAD, pad_edge=False)
    for one in done.built:
        name = f"[bold]{one.precision}[/bold]" if one.precision == done.taken else one.precision
        table.add_row(
            name, *_cells(one), *(f"{one.accuracy[head]:.2%}" if head in one.accuracy else "-" for head in heads)
        )
    return table


def _cells(one: Built) -> list[str]:
    size = f"{one.speed['bytes'] / 1e6:.2f}" if one.speed else "-"
    look = f"{one.speed['median_ms']:.2f}" if one.speed else "-"
    parity = one.parity
    return [size, look, f"{parity.largest:.2g}", f"{parity.mean:.2g}", f"{parity.agreement:.1%}"]


def _told(done: Delivery, out: Path) -> list[str]:
    lines = [f"{one.precision} cannot be used: {one.refused}" for one in done.built if one.refused]
    if not done.card.scores:
        lines.append("the card has no scores: mien evaluate --write-card takes them")
    return [*lines, f"{done.taken} is in {out}: {done.card.identity}"]
