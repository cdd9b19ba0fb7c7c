"""`mien read`: sources through one pipeline into the sinks, one bad file not stopping the rest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from mien.cli.show import Display
from mien.draw import draw_reading
from mien.errors import SourceError, UsageError
from mien.media.sinks import AnnotationFolder, JsonLinesSink, Sink, finishing, open_annotation
from mien.media.sources import Source, SourceOptions, expand_inputs, open_source
from mien.media.tables import CsvSink, ParquetSink
from mien.pipeline import Pipeline, PipelineOptions


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
    points: bool = False
    quiet: bool = False


def run(job: Job) -> int:
    """Do the job; 1 if anything could not be read, else 0."""
    specs = expand_inputs(job.inputs)
    folder = _annotation_folder(job, len(specs))
    sinks = _open_sinks(job)
    failed = 0
    with finishing(*sinks):
        pipeline = Pipeline(job.pipeline)
        for spec in specs:
            try:
                _read_one(spec, job, pipeline, sinks, folder)
            except SourceError as error:
                failed += 1
                print(f"mien: {error}", file=sys.stderr)
    for sink in sinks:
        _tell_warnings(sink)
    if failed and len(specs) > 1:
        print(f"mien: {failed} of {len(specs)} could not be read", file=sys.stderr)
    return 1 if failed else 0


def _annotation_folder(job: Job, count: int) -> AnnotationFolder | None:
    """The folder for annotated files, if there are several inputs or an existing folder was named."""
    if job.annotate is None or (count == 1 and not job.annotate.is_dir()):
        return None
    return AnnotationFolder(job.annotate)


def _open_sinks(job: Job) -> list[Sink]:
    sinks: list[Sink] = []
    targets = [target for target in (job.json, job.csv, job.parquet) if target is not None and str(target) != "-"]
    if len({Path(target).resolve() for target in targets}) < len(targets):
        raise UsageError("two outputs have the same name")
    try:
        if job.json is not None:
            target = sys.stdout if job.json == "-" else Path(job.json)
            sinks.append(JsonLinesSink(target, points=job.points))
        if job.csv is not None:
            sinks.append(CsvSink(job.csv))
        if job.parquet is not None:
            sinks.append(ParquetSink(job.parquet))
    except BaseException:
        for sink in sinks:
            sink.abort()
        raise
    return sinks


def _read_one(
    spec: str | int, job: Job, pipeline: Pipeline, sinks: list[Sink], folder: AnnotationFolder | None
) -> None:
    pipeline.reset()
    with open_source(spec, job.source) as source, _annotated(job, source, folder) as picture:
        with Display(source, quiet=job.quiet, is_stdout_taken=job.json == "-") as display:
            for frame in source:
                reading = pipeline.read(frame, stream=source.is_stream)
                for sink in sinks:
                    sink.write(reading, frame)
                if picture is not None:
                    picture.write(reading, replace(frame, image=draw_reading(frame.image, reading)))
                display.show(reading)
        for warning in source.warnings:
            print(f"mien: {source.name}: {warning}", file=sys.stderr)


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
