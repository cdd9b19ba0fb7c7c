"""What the terminal shows: a Reading in words and a table, a live table with frames a second, a clip's summary.

People's output goes to standard output, or to standard error when JSON has taken that; progress always to standard
error, and only where that is a terminal.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from types import TracebackType

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mien import models
from mien.body.distance_words import face_distance_words
from mien.cli.bodies import cues_said, postures_said
from mien.cli.settle import Settler
from mien.cli.summary import Summary
from mien.errors import ModelError
from mien.expression import reasons, words
from mien.media.sources import Source
from mien.types import Expression, Face, Reading

COLUMNS = {"who": 10, "votes": 29, "sure": 8, "doubts": 21}  # of a Reading; the least widths
STEADY_WIDTH = 80  # a terminal of so many columns has room for these
BODY = "body"  # among the networks of a Reading: bodies were looked for
RECENT = 30  # frames that the shown rate is taken over
WORDS_SHOWN = 3  # of one face's votes: what fits a line of 80 columns


class Terminal(Console):
    """Rich's console, which tells us that its reader has hung up (`| head`) in place of ending the program.

    Names are shown as they are: ':heart:' in one is no picture of a heart.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Say so as everywhere else."""
        raise BrokenPipeError


class Display:
    """Shows one source while it is read; a context manager.

    Args:
        source: what is read.
        quiet: show nothing.
        is_stdout_taken: standard output belongs to JSON.
        language: of the words.
    """

    def __init__(self, source: Source, *, quiet: bool, is_stdout_taken: bool, language: str = "en") -> None:
        self._source, self._quiet, self._language = source, quiet, language
        self._out = Terminal(stderr=is_stdout_taken)
        self._progress_out = Terminal(stderr=True)
        self._times: deque[float] = deque(maxlen=RECENT)
        self._summary = Summary()
        self._settler = Settler()
        self._live: Live | None = None
        self._progress: Progress | None = None

    def __enter__(self) -> Display:
        if not self._quiet and self._source.is_stream and self._progress_out.is_terminal:
            if not self._source.is_live:
                columns = (BarColumn(), MofNCompleteColumn(), TextColumn("frames, left:"), TimeRemainingColumn())
                self._progress = Progress(*columns)
                self._progress.add_task("", total=self._source.frame_count)
            self._live = Live(console=self._progress_out, refresh_per_second=8, transient=True)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        if not self._quiet and self._source.is_stream and self._summary.frames and kind is not BrokenPipeError:
            self._print_summary()

    def show(self, reading: Reading) -> None:
        """Show one Reading: a still in full, a frame of a stream in the live table."""
        if self._quiet:
            return
        if not self._source.is_stream:
            self._show_still(reading)
            return
        self._summary.add(reading)
        self._times.append(time.monotonic())
        if self._live is not None:
            self._live.update(self._live_view(self._settler.settle(reading)))

    def _print_summary(self) -> None:
        count = words.message("terminal.frames", self._language, count=self._summary.frames)
        self._out.print(f"[bold]{escape(self._source.name)}[/bold]  {count}", soft_wrap=not self._out.is_terminal)
        has_faces = self._summary.has_faces
        self._out.print(self._summary.table(self._language) if has_faces else words.message("no_face", self._language))
        for line in self._summary.reasons(self._language):
            self._out.print(escape(line), soft_wrap=not self._out.is_terminal)

    def _show_still(self, reading: Reading) -> None:
        # Lines are broken to fit a window, but not in a file or a pipe.
        soft = not self._out.is_terminal
        self._out.print(f"[bold]{escape(reading.source)}[/bold]  {reading.width} x {reading.height}", soft_wrap=soft)
        self._out.print(escape(said_of(reading, self._language)), soft_wrap=soft)
        if postures := postures_said(reading, self._language):
            self._out.print(escape(postures), soft_wrap=soft)
        if reading.faces:
            self._out.print(faces_table(reading, language=self._language))
        for line in reasons.reading_words(reading, self._language):
            self._out.print(escape(line), soft_wrap=soft)

    def _live_view(self, reading: Reading) -> RenderableType:
        name = f"[bold]{escape(self._source.name)}[/bold]  {reading.time_s:.1f} s, {self._rate():.0f} frames a second"
        table = faces_table(reading, width=self._progress_out.width, language=self._language)
        parts: list[RenderableType] = [f"{name}; Ctrl-C ends", escape(said_of(reading, self._language)), table]
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=self._summary.frames)
            parts.append(self._progress)
        return Group(*parts)

    def _rate(self) -> float:
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(1e-9, self._times[-1] - self._times[0])


def sentence_of(reading: Reading, language: str = "en") -> str:
    """All faces of a Reading in words, with their distances where they were measured."""
    return words.sentence(reading, language, beside=lambda face: face_distance_words(face, reading, language))


def said_of(reading: Reading, language: str = "en") -> str:
    """What is said of the faces, and beside it what the bodies do, if they were read and do something."""
    said = [sentence_of(reading, language), *cues_said(reading, language)]
    if BODY in reading.models and reading.faces and not said[1:]:  # asked for, and nothing to tell
        none = words.message("terminal.no_cue" if reading.poses else "terminal.no_body", language)
        said.append(words.message("cues.only", language, cues=none))
    return words.message("between_sentences", language).join(filter(None, said))


def faces_table(reading: Reading, *, width: int = 0, language: str = "en") -> Table:
    """The faces of one Reading, a row each, from left to right; in steady columns where `width` has room for them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, least in COLUMNS.items():
        head = words.message(f"terminal.{name}", language)
        table.add_column(head, min_width=least if width >= STEADY_WIDTH else None)  # a live table should not jump
    places = words.place_names(len(reading.faces), language)
    for place, face in zip(places, reading.faces, strict=True):
        table.add_row(place if face.track_id is None else f"{place} (#{face.track_id})", *_cells(face, language))
    return table


def _cells(face: Face, language: str) -> list[str]:
    expression = face.expression
    if expression is None:
        return ["", "", words.message("terminal.not_read", language)]
    doubts = ", ".join(words.doubt_words(doubt, language, short=True) for doubt in expression.doubts)
    chance = ">99%" if expression.confidence >= 0.995 else f"{expression.confidence:.0%}"  # nobody is ever certain
    sure = words.message(f"terminal.{'is_sure' if expression.sure else 'is_unsure'}", language, chance=chance)
    return [votes_words(expression, language), sure, doubts]


def votes_words(expression: Expression, language: str = "en") -> str:
    """'happy 7, neutral 2': how many of ten people would choose which word; the three most chosen."""
    counts = {label: words.in_ten(expression, label) for label in expression.votes}
    counts[expression.label] = words.in_ten(expression)
    order = sorted(counts, key=lambda label: (label != expression.label, -expression.votes[label]))
    return ", ".join(
        f"{words.label_word(label, language)} {counts[label]}" for label in order[:WORDS_SHOWN] if counts[label]
    )


def show_models(folders: list[Path]) -> int:
    """List and check third-party weights and model folders; 1 if any is broken."""
    console, errors = Terminal(), []
    table = Table("network", "size", "sha256", "licence", "what", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, entry in models.third_party().items():
        try:
            size = _megabytes(models.weights_path(name))
        except ModelError as error:
            errors.append(error)
            size = "broken"
        table.add_row(name.replace("_", " "), size, entry.sha256[:8], entry.licence, entry.what)
    console.print("[bold]Networks of others[/bold]", table)
    for folder in folders or [models.DEFAULT_MODEL]:
        try:
            card = models.load_card(folder)
            console.print(f"[bold]{escape(card.identity)}[/bold]  {escape(str(folder))}", soft_wrap=True)
            console.print(_card_table(card, folder))
        except ModelError as error:
            errors.append(error)
    for broken in errors:
        print(f"mien: {broken}", file=sys.stderr)
    return 1 if errors else 0


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _card_table(card: models.ModelCard, folder: Path) -> Table:
    table = Table(show_header=False, box=None)
    for name in ("what", "value"):
        table.add_column(name, overflow="fold")  # a hash cut short is none
    parameters = card.training.get("parameters", "?")
    table.add_row("size", f"{_megabytes(folder / 'model.onnx')}, {parameters} parameters")
    table.add_row("sha256", card.sha256)
    if card.export:
        table.add_row("precision", escape(str(card.export.get("precision", "?"))))
    way = "aligned by the mesh" if card.align else "as they were cut"
    table.add_row("input", f"grey faces of {card.input_size} x {card.input_size} pixels, {way}")
    table.add_row(
        "words", ", ".join(card.votes or card.fer2013) + ("" if card.votes else " (no votes: not to read with)")
    )
    for head, scores in dict(card.scores.get("heads", {})).items():
        said = f"{scores['accuracy']:.1%} right of {scores['n']} faces of {card.scores.get('split')}"
        table.add_row(escape(head), f"{said}, macro-F1 {scores['macro_f1']:.3f}, one crop")
    table.add_row("trained on", escape(str(card.training.get("data", "?"))))
    table.add_row("licence", escape(card.licence))
    return table
