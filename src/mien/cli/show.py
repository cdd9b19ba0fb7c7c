"""What the terminal shows: a Reading in words and a table, a live table with frames a second, a clip's summary.

People's output goes to standard output, or to standard error when JSON has taken that; progress always to standard
error, and only where that is a terminal.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mien import models
from mien.errors import ModelError
from mien.expression import words
from mien.media.sources import Source
from mien.types import Face, Reading

RECENT = 30  # frames that the shown rate is taken over


class Display:
    """Shows one source while it is read; a context manager.

    Args:
        source: what is read.
        quiet: show nothing.
        is_stdout_taken: standard output belongs to JSON.
    """

    def __init__(self, source: Source, *, quiet: bool, is_stdout_taken: bool) -> None:
        self._source, self._quiet = source, quiet
        self._out = Console(stderr=is_stdout_taken, highlight=False, soft_wrap=True)
        self._progress_out = Console(stderr=True, highlight=False)
        self._times: deque[float] = deque(maxlen=RECENT)
        self._summary = Summary()
        self._live: Live | None = None
        self._progress: Progress | None = None

    def __enter__(self) -> Display:
        if not self._quiet and self._source.is_stream and self._progress_out.is_terminal:
            if not self._source.is_live:
                self._progress = Progress(
                    TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
                )
                self._progress.add_task(escape(self._source.name), total=self._source.frame_count)
            self._live = Live(console=self._progress_out, refresh_per_second=8, transient=True)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        if not self._quiet and self._source.is_stream and self._summary.frames:
            self._out.print(self._summary.table(self._source.name))

    def show(self, reading: Reading) -> None:
        """Show one Reading: a still in full, a frame of a stream in the live table."""
        if self._quiet:
            return
        if not self._source.is_stream:
            self._out.print(f"[bold]{escape(reading.source)}[/bold]  {reading.width} x {reading.height}")
            self._out.print(escape(words.sentence(reading)))
            if reading.faces:
                self._out.print(faces_table(reading))
            return
        self._summary.add(reading)
        self._times.append(time.monotonic())
        if self._live is not None:
            self._live.update(self._live_view(reading))

    def _live_view(self, reading: Reading) -> RenderableType:
        parts: list[RenderableType] = [faces_table(reading), f"{self._rate():.0f} frames a second   Ctrl-C ends"]
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=self._summary.frames)
            parts.append(self._progress)
        return Group(*parts)

    def _rate(self) -> float:
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(1e-9, self._times[-1] - self._times[0])


def faces_table(reading: Reading) -> Table:
    """The faces of one Reading, a row each, from left to right."""
    table = Table("who", "looks", "people", "sure", "doubts", "valence", "turned", "box", expand=False)
    places = words.place_names(len(reading.faces))
    for place, face in zip(places, reading.faces, strict=True):
        table.add_row(place if face.track_id is None else f"{place} (#{face.track_id})", *_cells(face))
    return table


def _cells(face: Face) -> list[str]:
    box = " ".join(f"{value:.0f}" for value in face.box.to_list())
    turned = f"roll {face.roll_deg:.0f}, yaw {face.yaw_deg:.0f}, pitch {face.pitch_deg:.0f}"
    if face.expression is None:
        return ["", "", "", "", "", turned, box]
    expression = face.expression
    return [
        words.label_word(expression.label),
        words.share_words(expression),
        f"{'yes' if expression.sure else 'no'} ({expression.confidence:.0%})",
        ", ".join(words.doubt_words(doubt, short=True) for doubt in expression.doubts),
        f"{expression.valence:+.2f}",
        turned,
        box,
    ]


class Summary:
    """What a clip or a session came to: how long each person was seen, and which words were said."""

    def __init__(self) -> None:
        self.frames = 0
        self._labels: dict[int, Counter[str]] = {}

    def add(self, reading: Reading) -> None:
        """Count one frame in."""
        self.frames += 1
        for face in reading.faces:
            if face.expression is not None and face.track_id is not None:
                said = face.expression.label if face.expression.sure else ""
                self._labels.setdefault(face.track_id, Counter())[said] += 1

    def table(self, name: str) -> Table:
        """One row a person."""
        table = Table("who", "in frames", "looked, when it was sure", title=f"{escape(name)}: {self.frames} frames")
        for who, labels in sorted(self._labels.items()):
            seen = labels.total()
            said = [f"{words.label_word(label)} {count / seen:.0%}" for label, count in labels.most_common() if label]
            unsure = f"not sure {labels[''] / seen:.0%}" if labels[""] else ""
            table.add_row(f"#{who}", f"{seen}", ", ".join([*said, *([unsure] if unsure else [])]))
        if not self._labels:
            table.add_row("nobody", "0", "")
        return table


def show_models(folders: list[Path]) -> int:
    """List and check third-party weights and model folders; 1 if any is broken."""
    console, broken = Console(highlight=False, soft_wrap=True), 0
    table = Table("network", "MB", "sha256", "what", "licence", title="third-party weights")
    for name, entry in models.third_party().items():
        try:
            path = models.weights_path(name)
            table.add_row(name, f"{path.stat().st_size / 1e6:.1f}", entry.sha256[:12], entry.what, entry.licence)
        except ModelError as error:
            broken += 1
            table.add_row(name, "-", entry.sha256[:12], f"[red]{escape(str(error))}[/red]", entry.licence)
    console.print(table)
    for folder in folders or [models.DEFAULT_MODEL]:
        try:
            console.print(_card_table(folder))
        except ModelError as error:
            broken += 1
            console.print(f"[red]{escape(str(error))}[/red]")
    return 1 if broken else 0


def _card_table(folder: Path) -> Table:
    card = models.load_card(folder)
    table = Table(show_header=False, title=f"{card.identity}: {escape(str(folder))}")
    table.add_row(
        "size",
        f"{(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB, {card.training.get('parameters', '?')} parameters",
    )
    table.add_row("sha256", card.sha256)
    table.add_row(
        "input", f"{card.input_size} x {card.input_size} grey, {'aligned by the mesh' if card.align else 'as cut'}"
    )
    table.add_row("says", ", ".join(card.votes))
    for head, scores in dict(card.scores.get("heads", {})).items():
        table.add_row(f"{head} on {card.scores.get('split')}", f"accuracy {scores['accuracy']:.1%}, macro-F1 "
                      f"{scores['macro_f1']:.3f}, {scores['n']} faces, one crop")  # fmt: skip
    table.add_row("trained on", str(card.training.get("data", "?")))
    table.add_row("licence", card.licence)
    return table
