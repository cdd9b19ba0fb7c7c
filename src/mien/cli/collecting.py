"""`mien collect` and `mien collect-labels`: rows for a posture model, with consent, without pictures."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unicodedata import combining, normalize

from mien.catalogue import language_of, message
from mien.cli.keys import Keys
from mien.cli.stopping import unstopped
from mien.data.posture_rows import Row, read_rows, with_observer, write_rows
from mien.data.recording import Recorder
from mien.errors import MienError, MissingExtraError, SourceError, UsageError
from mien.files import written_whole
from mien.media.sources import SourceOptions, open_source
from mien.pipeline import Pipeline, PipelineOptions

# p and n as in English, o for neither; digits for keyboards without these letters.
LABEL_KEYS = {"p": "positive", "1": "positive", "o": "neutral", "2": "neutral", "n": "negative", "3": "negative",
              " ": None, "0": None}  # fmt: skip
LONGEST_CODE = 40


class ConsentError(MienError):
    """The person who would be recorded did not agree."""


@dataclass(frozen=True)
class Collection:
    """What `mien collect` was asked for."""

    source: str
    out: Path
    person: str
    label_later: bool = False
    language: str = "en"

    @property
    def timeline(self) -> Path:
        """Where an observer writes the labels."""
        return self.out.with_suffix(".csv")

    def __post_init__(self) -> None:
        language_of(self.language)
        if not self.person.strip() or len(self.person) > LONGEST_CODE or not self.person.isprintable():
            raise UsageError(f"--person is a short code such as p01 (1 to {LONGEST_CODE} letters), not {self.person!r}")
        if self.out.suffix.lower() != ".parquet":
            raise UsageError(f"{self.out} holds rows as Parquet: give it a name that ends in .parquet")
        for path in (self.out, *([self.timeline] if self.label_later else [])):
            if path.exists():
                raise UsageError(f"{path} is there already: every recording is a file of its own; name another")


def run_collection(job: Collection, *, pipeline: Callable[[], Pipeline] | None = None) -> int:
    """Ask, record, and write the rows; Ctrl-C ends the recording, and what was recorded until then is kept.

    Returns 1 if the source broke off or could be read in part only, which is said, else 0.

    Raises:
        ConsentError: the person does not agree; nothing was opened or written.
        MissingExtraError: pyarrow is not installed.
        SourceError: the camera or clip cannot be read, or nobody's body was seen.
        SinkError: the rows cannot be written.
    """
    _check_extra()
    _ask(job)
    recorder = Recorder(job.person)
    make = pipeline or (lambda: Pipeline(PipelineOptions(body=True)))
    missing: list[str] = []
    try:
        missing += _record(job, recorder, make())
    except KeyboardInterrupt:
        _say("")
    except SourceError as error:
        if not recorder.finish():
            raise
        missing.append(f"{error} ({message('collect.kept', job.language)})")
    for text in missing:
        _say(f"mien: {text}")
    with unstopped():
        _write(job, recorder.finish())
    return 1 if missing else 0


def run_labelling(rows: Path, observer: Path) -> None:
    """Put an observer's labels on the rows of a file, which is written anew, whole.

    Raises:
        MissingExtraError, DataError, SinkError: see `posture_rows`.
    """
    found, count = with_observer(read_rows(rows), observer)
    write_rows(rows, found)
    _say(f"{count} of {len(found)} rows in {rows} have the observer's label")


def _check_extra() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise MissingExtraError("writing Parquet", "tables")


def _ask(job: Collection) -> None:
    """Say what will be recorded, and go on only where the word for yes is typed."""
    yes = message("collect.yes", job.language)
    _say(message("collect.consent", job.language, file=str(job.out), person=job.person))
    _say(message("collect.prompt", job.language, yes=yes))
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if _bare(answer) != _bare(yes):
        raise ConsentError(message("collect.refused", job.language))


def _bare(word: str) -> str:
    """Without accents and capitals: not every keyboard has those of every language."""
    return "".join(letter for letter in normalize("NFKD", word.strip().casefold()) if not combining(letter))


def _record(job: Collection, recorder: Recorder, pipeline: Pipeline) -> list[str]:
    """Read the source to its end; the key pressed last is the label until the next. Returns what is missing."""
    label: str | None = None
    with open_source(job.source, SourceOptions()) as source, Keys() as keys:
        if not source.is_stream:
            raise UsageError(f"{job.source} does not move: a recording needs a camera or a clip")
        _say(message("collect.begun", job.language))
        if not job.label_later and keys.is_terminal:
            _say(message("collect.keys", job.language))
        for frame in source:
            if not job.label_later:
                for key in keys.pressed():
                    label = LABEL_KEYS.get(key, label)
            recorder.update(pipeline.read(frame, stream=True), label)
            _show(job, len(recorder.rows), label)
        return source.warnings


def _show(job: Collection, rows: int, label: str | None) -> None:
    """How many rows there are and what was pressed last: one line that is written over."""
    if sys.stderr.isatty():
        word = message(f"label.{label}" if label else "collect.no_label", job.language)
        print(f"\r{message('collect.status', job.language, rows=rows, label=word)}\x1b[K", end="", file=sys.stderr)


def _write(job: Collection, rows: list[Row]) -> None:
    if not rows:
        raise SourceError(f"no body was seen in {job.source}: nothing was written")
    write_rows(job.out, rows)
    if job.label_later:
        with written_whole(job.timeline) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(("person", "second", "label"))
            lines.writerows((row["person"], row["second"], "") for row in rows)
    _say("\n" + message("collect.done", job.language, count=len(rows), file=str(job.out)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
