"""`Source`: an iterator of `Frame`s that closes what it opened, whatever the consumer does.

It knows which frames are wanted (`SourceOptions`), not where they come from: files, cameras and arrays each hand
it `Shot`s, pictures that cost nothing until their pixels are asked for.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mien.errors import SourceError, UsageError
from mien.types import Frame, ImageArray

MAX_PIXELS = 100_000_000  # a 12,000 x 8,000 photo passes; three bytes a pixel make 300 MB


@dataclass(frozen=True)
class SourceOptions:
    """Which part of a source is read, and how. Raises UsageError when an option makes no sense."""

    every: int = 1  # read every n-th frame only
    start_s: float = 0.0  # seconds from the beginning of a stream
    end_s: float | None = None  # seconds from the beginning, exclusive; None: to the end
    still: bool = False  # take the first frame only, and call it a still
    max_pixels: int = MAX_PIXELS  # refuse larger pictures before they are decoded
    allow_playlists: bool = False  # formats that name other files to read (concat, HLS, DASH)
    bgr: bool = False  # arrays hold blue, green, red (OpenCV's order)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UsageError(f"every must be 1 or more, not {self.every}")
        if not (self.start_s >= 0 and math.isfinite(self.start_s)):
            raise UsageError(f"start must be 0 seconds or later, not {self.start_s}")
        if self.end_s is not None and not (self.end_s > self.start_s and math.isfinite(self.end_s)):
            raise UsageError(f"end ({self.end_s} s) must be a number of seconds after start ({self.start_s} s)")
        if self.max_pixels < 1:
            raise UsageError(f"max-pixels must be 1 or more, not {self.max_pixels}")


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture before it is needed: `pixels()` makes it (H, W, 3) uint8 RGB, so a skipped one costs nothing.

    `focal_px` is the camera's focal length in pixels, `duration_s` how long a clip shows the picture,
    where they are known.
    """

    index: int
    time_s: float
    pixels: Callable[[], ImageArray]
    focal_px: float | None = None
    duration_s: float | None = None


@dataclass(frozen=True)
class Nature:
    """What is known of a source before it is read; None: not known, or without end."""

    is_stream: bool = False
    is_live: bool = False
    frame_count: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    path: Path | None = None


class Source:
    """One picture, clip, camera or screen, as an iterator of `Frame`s; read once, and closed in every case.

    `name` names it. `is_stream`: its frames follow each other in time. `is_live`: it has no end. `frame_count`,
    `fps` and `duration_s` tell what iterating will give (after `every`, `start_s`, `end_s`), as far as the
    source says it; else None. `path` is the file behind it, or None. `warnings` fills while reading.

    Args:
        name: what to call it.
        shots: its pictures in order, all of them (or from a frame before `start_s` on).
        nature: what is known of it.
        options: which of the pictures are wanted.
        resources: closed at the end of the iteration, by `close`, or when the source is garbage-collected.
        warnings: the list that `shots` appends to.

    Raises:
        SourceError: while iterating, when it cannot be read, or gives no frame.
    """

    def __init__(
        self,
        name: str,
        shots: Iterable[Shot],
        nature: Nature,
        *,
        options: SourceOptions,
        resources: ExitStack | None = None,
        warnings: list[str] | None = None,
    ) -> None:
        self.name = name
        self.warnings: list[str] = [] if warnings is None else warnings
        self._shots, self._nature, self._options = shots, nature, options
        self._started = False
        # A finalizer also runs when nobody closes or iterates; it must not hold on to the source.
        self._finalizer = weakref.finalize(self, (resources or ExitStack()).close)

    @property
    def is_stream(self) -> bool:
        """Whether frames follow each other in time."""
        return self._nature.is_stream and not self._options.still

    @property
    def is_live(self) -> bool:
        """Whether it is a camera, a screen or a network stream, without an end."""
        return self._nature.is_live and not self._options.still

    @property
    def path(self) -> Path | None:
        """The file behind it."""
        return self._nature.path

    @property
    def fps(self) -> float | None:
        """Frames a second that iterating gives."""
        return self._nature.fps / self._options.every if self._nature.fps and self.is_stream else None

    @property
    def duration_s(self) -> float | None:
        """Seconds of the part that is read."""
        options, whole = self._options, self._nature.duration_s
        ends = [end for end in (whole, options.end_s) if end is not None]
        if not ends or not self.is_stream or (self.is_live and options.end_s is None):
            return None
        return max(0.0, min(ends) - options.start_s)

    @property
    def frame_count(self) -> int | None:
        """How many frames iterating will give, about."""
        count, options = self._nature.frame_count, self._options
        if not self._nature.is_stream or options.still:
            return 1
        if self.is_live:
            return None
        if options.start_s or options.end_s is not None:
            fps, duration = self._nature.fps, self.duration_s
            part = None if fps is None or duration is None else round(fps * duration)
            count = part if count is None or part is None else min(count, part)
        return None if count is None else -(-count // options.every)

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file, camera or screen; safe to call twice, and from another thread when it is live."""
        self._finalizer()

    def __iter__(self) -> Generator[Frame, None, None]:
        if self._started or not self._finalizer.alive:
            raise SourceError(f"{self.name} has been read or closed: open it again to read it again")
        self._started = True
        return self._frames()

    def _frames(self) -> Generator[Frame, None, None]:
        count = 0
        if not self._finalizer.alive:
            raise SourceError(f"{self.name} was closed before it was read")
        try:
            for shot in self._wanted():
                yield Frame(shot.pixels(), shot.index, shot.time_s, self.name, shot.focal_px, shot.duration_s)
                count += 1
            if count == 0 and self._finalizer.alive:
                raise SourceError(self._why_nothing())
        finally:
            self.close()

    def _wanted(self) -> Iterator[Shot]:
        """The shots that the options ask for."""
        options, due = self._options, 0
        for shot in self._shots:
            if not self._finalizer.alive:  # closed by another thread
                return
            if self._nature.is_stream:
                if options.end_s is not None and shot.time_s >= options.end_s:
                    return
                if shot.time_s < options.start_s or shot.index < due:
                    continue
            due = shot.index + options.every
            yield shot
            # The consumer may have closed the source by now; reading on would ask a device that is gone.
            if options.still or not self._finalizer.alive:
                return

    def _why_nothing(self) -> str:
        options = self._options
        if self.warnings:
            return self.warnings[-1]
        if options.start_s or options.end_s is not None:
            length = self._nature.duration_s
            known = "" if length is None else f": it is {length:.1f} s long"
            return f"{self.name} has no frame in the seconds that were asked for{known}"
        return f"{self.name} holds no frame"


@contextmanager
def closing_on_error(resources: ExitStack) -> Iterator[None]:
    """Close what was opened so far when the opening of a source fails half-way."""
    try:
        yield
    except BaseException:
        resources.close()
        raise
