"""`mien read`: sources through one pipeline into the sinks, one bad file not stopping the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from mien.catalogue import language_of
from mien.cli.planning import PlanSink
from mien.cli.show import Display
from mien.cli.stopping import unstopped
from mien.draw import draw_reading
from mien.errors import SinkError, SourceError, UsageError
from mien.expression.tone import only_tone
from mien.labels import language_drawn
from mien.media.inputs import Input, expand_inputs, input_file
from mien.media.sinks import (
    CLIP_SUFFIXES,
    PICTURE_FORMATS,
    AnnotationFolder,
    JsonLinesSink,
    Sink,
    finishing,
    open_annotation,
)
from mien.media.sources import Source, SourceOptions, open_source
from mien.media.tables import CsvSink, ParquetSink
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame, Reading


@dataclass(frozen=True)
class Job:
    """What `mien read` was asked for."""

    inputs: tuple[str, ...]
    pipeline: PipelineOptions
    source: SourceOptions
    json: str | None = None
    csv: Path | None = None
    parquet: Path | None = None
    annotate: Path | None = None
    plan: Path | None = None
    points: bool = False
    tone: bool = False
    language: str = "en"
    quiet: bool = False


def _whole(reading: Reading) -> Reading:
    return reading


@dataclass(eq=False)
class _Outputs:
    """Where the Readings of all inputs go, and how it went so far."""

    sinks: list[Sink]
    folder: AnnotationFolder | None
    language: str = "en"
    seen: Callable[[Reading], Reading] = _whole  # what of a Reading is said and drawn
    frames: int = 0
    failed: int = 0
    broken_off: int = 0

    def write(self, reading: Reading, frame: Frame, picture: Sink | None) -> None:
        """Give one Reading to everybody who wants it."""
        self.frames += 1
        for sink in self.sinks:
            sink.write(reading, frame)
        if picture is not None:
            picture.write(reading, self._marked(reading, frame))

    def _marked(self, reading: Reading, frame: Frame) -> Frame:
        return replace(frame, image=draw_reading(frame.image, self.seen(reading), language=self.language))

    def tell(self, error: SourceError) -> None:
        """Count a source that could not be read, and say why in one line."""
        self.failed += 1
        print(f"mien: {error}", file=sys.stderr)

    def warn(self, texts: Sequence[str]) -> None:
        """Count a source that was read in part, and say what is missing."""
        self.broken_off += bool(texts)
        for text in texts:
            print(f"mien: {text}", file=sys.stderr)


def run(job: Job) -> int:
    """Do the job; 1 if anything could not be read or broke off, else 0.

    Raises:
        UsageError: outputs that make no sense, or a language that there is not.
        SinkError: an output cannot be written.
        ModelError: see `Pipeline`.
    """
    specs, failures = _specs(job.inputs)
    outputs = _Outputs([], None, language_of(job.language).code, only_tone if job.tone else _whole)
    for error in failures:
        outputs.tell(error)
    if specs:
        files = list(filter(None, map(input_file, specs)))
        _check_targets(job, files, len(specs))
        _tell_language(job)
        outputs.folder = _annotation_folder(job, files, len(specs))
        outputs.sinks = _open_sinks(job)
        _read_all(specs, job, outputs)
    count = len(specs) + len(failures)
    if count > 1:
        _tell_count(outputs.failed, count, "could not be read")
        _tell_count(outputs.broken_off, count, "could be read in part only")
    return 1 if outputs.failed or outputs.broken_off else 0


def _tell_language(job: Job) -> None:
    if job.annotate is not None and language_drawn(job.language) != language_of(job.language).code:
        print(
            f"mien: no font on this system has the letters of the language {job.language!r}: labels on pictures are "
            "English; fonts such as Noto Sans have them",
            file=sys.stderr,
        )


def _tell_count(some: int, count: int, what: str) -> None:
    if some:
        print(f"mien: {some} of {count} {what}", file=sys.stderr)


def _specs(inputs: Sequence[str]) -> tuple[list[Input], list[SourceError]]:
    """What there is to open, and the errors of the inputs that hold nothing."""
    specs: list[Input] = []
    failures = []
    for text in inputs:
        try:
            specs += expand_inputs([text])
        except SourceError as error:
            failures.append(error)
    return specs, failures


def _read_all(specs: list[Input], job: Job, outputs: _Outputs) -> None:
    with finishing(*outputs.sinks):
        pipeline = cache(partial(Pipeline, job.pipeline))  # made for the first source that can be opened
        for spec in specs:
            try:
                _read_one(spec, job, pipeline, outputs)
            except SourceError as error:
                outputs.tell(error)
        if not outputs.frames and (outputs.failed or outputs.broken_off):
            for sink in outputs.sinks:  # an output of nothing would look like a result
                sink.abort()
    for sink in outputs.sinks:
        _tell_warnings(sink)


def _annotation_folder(job: Job, files: list[Path], count: int) -> AnnotationFolder | None:
    """The folder for annotated files: an existing one, a name without an ending, or whatever several inputs need."""
    path = job.annotate
    if path is None or (count == 1 and path.suffix and not path.is_dir()):
        return None
    if path.suffix.lower() in (*PICTURE_FORMATS, *CLIP_SUFFIXES) and not path.is_dir():
        raise UsageError(f"{path} is one file, but there are {count} inputs: give --annotate a folder")
    return AnnotationFolder(path, files)


def _check_targets(job: Job, files: list[Path], count: int) -> None:
    """Raise UsageError for two outputs of one name, one that would overwrite an input, or `-` where a file is meant."""
    for option, path in (
        ("--csv", job.csv),
        ("--parquet", job.parquet),
        ("--annotate", job.annotate),
        ("--plan", job.plan),
    ):
        if str(path) == "-":
            raise UsageError(f"{option} writes a file: give it a name; standard output is for --json alone")
    if job.pipeline.fov_deg is not None and not job.pipeline.distance:
        raise UsageError("--fov is what --distance measures with: give both")
    if job.plan is not None and not job.pipeline.distance:
        raise UsageError("--plan draws what --distance measures: give both")
    if job.plan is not None and count > 1:
        raise UsageError(f"--plan draws one picture, but there are {count} inputs: read them one by one")
    if job.points and job.json is None:
        raise UsageError("--mesh adds points to --json: give both")
    named = [
        Path(target)
        for target in (job.json, job.csv, job.parquet, job.annotate, job.plan)
        if target and str(target) != "-"
    ]
    targets = [target.resolve() for target in named]
    if len(set(targets)) < len(targets):
        raise UsageError("two outputs have the same name")
    for file in files:
        if file.resolve() in targets:
            raise UsageError(f"{file} is an input: give the output another name")


def _open_sinks(job: Job) -> list[Sink]:
    sinks: list[Sink] = []
    try:
        if job.json is not None:
            target = sys.stdout if job.json == "-" else Path(job.json)
            if target is None:
                raise SinkError("standard output is closed: give --json a file")
            sinks.append(JsonLinesSink(target, points=job.points))
        if job.csv is not None:
            sinks.append(CsvSink(job.csv))
        if job.parquet is not None:
            sinks.append(ParquetSink(job.parquet))
        if job.plan is not None:
            sinks.append(PlanSink(job.plan, language=job.language))
    except BaseException:
        for sink in sinks:
            sink.abort()
        raise
    return sinks


def _read_one(spec: Input, job: Job, make_pipeline: Callable[[], Pipeline], outputs: _Outputs) -> None:
    """Read one source to its end; what breaks off in the middle keeps what was read until then."""
    with open_source(spec, job.source) as source, _annotated(job, source, outputs.folder) as picture:
        pipeline, before = make_pipeline(), outputs.frames
        if job.tone and not pipeline.expressions.has_tone:
            raise UsageError(f"the model {pipeline.models['expression']} knows no tone: 'mien calibrate' fits one")
        pipeline.reset()
        with _display(job, source) as display:
            try:
                for frame in source:
                    reading = pipeline.read(frame, stream=source.is_stream)
                    with unstopped():
                        outputs.write(reading, frame, picture)
                    display.show(outputs.seen(reading))
            except SourceError as error:
                if outputs.frames == before:
                    raise
                outputs.warn([f"{error} (what was read until then is kept)"])
        outputs.warn(source.warnings)


def _display(job: Job, source: Source) -> Display:
    return Display(source, quiet=job.quiet, is_stdout_taken=job.json == "-", language=job.language)


@contextmanager
def _annotated(job: Job, source: Source, folder: AnnotationFolder | None) -> Iterator[Sink | None]:
    """The sink for one source's annotated frames, finished or removed at the end; None if none is wanted."""
    sink: Sink | None = None
    if folder is not None:
        sink = folder.open(source)
    elif job.annotate is not None:
        sink = open_annotation(job.annotate, source)
    with finishing(sink) if sink is not None else nullcontext():
        yield sink
    if sink is not None:
        _tell_warnings(sink)


def _tell_warnings(sink: Sink) -> None:
    for warning in getattr(sink, "warnings", []):
        print(f"mien: {warning}", file=sys.stderr)
