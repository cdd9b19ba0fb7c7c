"""Where Readings go: JSON Lines, CSV, Parquet, an annotated picture, an annotated clip.

Every file is written whole or not at all: `close` finishes it and gives it its name, `abort` removes it. A sink may
be closed after any frame, and before the first one. Tables are written by `tables.py`, clips by `video_sink.py`;
drawing is done before, elsewhere.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol, TextIO

from PIL import Image

from mien.errors import SinkError, UsageError
from mien.files import Draft, check_suffix, identity, nothing_written, sink_error, telling
from mien.media.tables import CsvSink, ParquetSink
from mien.types import Frame, Reading

__all__ = [
    "AnnotationFolder",
    "CsvSink",
    "JsonLinesSink",
    "ParquetSink",
    "PictureSink",
    "Sink",
    "finishing",
    "open_annotation",
]

# Suffix -> Pillow's format and its settings: what every browser shows.
PICTURE_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 4}),
    ".jpg": ("JPEG", {"quality": 92, "subsampling": 0}),  # full colour resolution keeps drawn text crisp
    ".jpeg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 90}),
}
CLIP_SUFFIXES = (".mp4", ".mkv", ".webm")


class Sink(Protocol):
    """Takes one Reading after the other, each with its frame."""

    def write(self, reading: Reading, frame: Frame) -> None:
        """Take one Reading. Raises SinkError when it cannot be written."""

    def close(self) -> None:
        """Finish the file and give it its name; a second call does nothing."""

    def abort(self) -> None:
        """Remove what was written; after `close`, nothing happens."""


class Annotated(Protocol):
    """What choosing an annotated file needs to know of a `Source`."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def is_stream(self) -> bool:
        """Whether its frames follow each other in time."""

    @property
    def fps(self) -> float | None:
        """Frames a second, if known."""

    @property
    def path(self) -> Path | None:
        """The file behind it."""


@contextmanager
def finishing(*sinks: Sink) -> Iterator[None]:
    """Close all sinks after the block; after an error abort them.

    Ctrl-C and a reader that hung up (`| head`) are no errors of the outputs: they are closed, complete up to that
    frame, and the exception goes on. When one cannot be closed the others still are; the first error is raised.
    """
    try:
        yield
    except (KeyboardInterrupt, BrokenPipeError):
        _close_all(sinks)
        raise
    except BaseException:
        for sink in sinks:
            sink.abort()
        raise
    _close_all(sinks)


def _close_all(sinks: tuple[Sink, ...]) -> None:
    errors = []
    for sink in sinks:
        try:
            sink.close()
        except SinkError as error:
            errors.append(error)
    if errors:
        raise errors[0]


class JsonLinesSink:
    """One Reading a line, as JSON, to a file or to an open text stream such as standard output.

    A stream is flushed line by line and never closed; `BrokenPipeError` passes through, for its reader has left on
    purpose. Characters beyond ASCII are escaped, so that any terminal and any file name will do.

    Args:
        target: a path, or a text stream.
        points: write keypoints and meshes too.
    """

    def __init__(self, target: Path | TextIO, *, points: bool = False) -> None:
        self._points = points
        self._draft: Draft | None = None
        if isinstance(target, Path):
            self._draft, self._name = Draft(target), str(target)
            self._file: IO[str] = self._draft.open_text()
        else:
            self._file = target
            self._name = "standard output" if target is sys.stdout else getattr(target, "name", "the stream")

    def write(self, reading: Reading, frame: Frame) -> None:
        """Write one line."""
        line = json.dumps(reading.to_dict(points=self._points), allow_nan=False) + "\n"
        try:
            self._file.write(line)
            if self._draft is None:
                self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise sink_error(self._name, error) from error

    def close(self) -> None:
        """Finish the file; a stream stays open."""
        if self._draft is not None:
            self._draft.commit()

    def abort(self) -> None:
        """Remove the file."""
        if self._draft is not None:
            self._draft.discard()


class PictureSink:
    """One annotated picture, PNG, JPEG or WebP by its suffix; `frame.image` holds the drawn pixels.

    `warnings` says when it was closed without a picture; then there is no file.
    """

    def __init__(self, path: Path) -> None:
        check_suffix(path, tuple(PICTURE_FORMATS))
        self._format, self._settings = PICTURE_FORMATS[path.suffix.lower()]
        self._draft = Draft(path)
        self._is_written = False
        self.warnings: list[str] = []

    def write(self, reading: Reading, frame: Frame) -> None:
        """Encode the picture. Raises SinkError for a second one: a clip needs a video file."""
        path = self._draft.target
        if self._is_written:
            raise SinkError(f"{path} holds one picture and more came: choose one of {', '.join(CLIP_SUFFIXES)}")
        encoded = io.BytesIO()  # Pillow passes over what a full disk does not take of a JPEG
        try:
            Image.fromarray(frame.image).save(encoded, self._format, **self._settings)
            self._draft.open_binary().write(encoded.getbuffer())
        except (OSError, ValueError) as error:  # Pillow says either for a picture too large for its format
            raise sink_error(path, error) from error
        self._is_written = True

    def close(self) -> None:
        """Give the picture its name."""
        if self._is_written:
            self._draft.commit()
        elif not self.warnings:
            self._draft.discard()
            self.warnings.append(nothing_written(self._draft.target))

    def abort(self) -> None:
        """Remove the picture."""
        self._draft.discard()


def open_annotation(path: Path, source: Annotated) -> Sink:
    """The sink for one source's annotated frames: a picture for a still, a clip for a stream, by the suffix.

    Raises UsageError when the suffix does not fit or the source's own file would be overwritten; SinkError when
    the place cannot be written to.
    """
    if source.path is not None and path.exists():
        with suppress(OSError):
            if path.samefile(source.path):
                raise UsageError(f"{path} is the input itself: give the annotated one another name")
    if not source.is_stream:
        if path.suffix.lower() in CLIP_SUFFIXES:
            raise UsageError(f"{source.name} is a still picture: choose one of {', '.join(PICTURE_FORMATS)}")
        return PictureSink(path)
    if path.suffix.lower() in PICTURE_FORMATS:
        raise UsageError(f"{source.name} moves, {path} cannot: choose one of {', '.join(CLIP_SUFFIXES)}")
    from mien.media.video_sink import VideoSink  # opening FFmpeg's libraries takes a while: for clips alone

    return VideoSink(path, fps=source.fps, audio_from=source.path)


class AnnotationFolder:
    """A folder with one annotated file for each of many inputs, named after them; made when it is not there.

    Nothing in it that is one of the `inputs` is written over, for it may yet have to be read: another name is found.
    Raises SinkError when the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, inputs: Iterable[Path] = ()) -> None:
        self.folder = folder
        self._taken: set[str] = set()
        self._inputs = {identity(path) for path in inputs} - {None}
        with telling(folder):
            folder.mkdir(exist_ok=True)

    def open(self, source: Annotated) -> Sink:
        """The sink for this source's annotated frames. Raises what `open_annotation` raises."""
        return open_annotation(self.folder / self._name_for(source), source)

    def _name_for(self, source: Annotated) -> str:
        origin = Path(source.name) if source.path is None else source.path
        suffixes, usual = (CLIP_SUFFIXES, ".mp4") if source.is_stream else (tuple(PICTURE_FORMATS), ".png")
        suffix = origin.suffix.lower() if origin.suffix.lower() in suffixes else usual
        stem = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in origin.stem) or "input"
        if source.path is not None:
            self._inputs |= {identity(source.path)} - {None}
        name, number = stem + suffix, 2
        while self._is_taken(name):
            name, number = f"{stem}-{number}{suffix}", number + 1
        self._taken.add(name.lower())
        return name

    def _is_taken(self, name: str) -> bool:
        # Two folders may hold the same name; some systems ignore case.
        return name.lower() in self._taken or identity(self.folder / name) in self._inputs
