"""`mien read --plan FILE`: who stands where, as one picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mien.files import NO_FRAME, nothing_written
from mien.media.sinks import PictureSink
from mien.plan import draw_plan, standing
from mien.types import Frame, Reading

NOBODY = "nobody was seen whose distance is known"


class PlanSink:
    """Draws the plan of the last Reading that has somebody on it; a `Sink`. `warnings` says when there was none."""

    def __init__(self, path: Path, *, language: str = "en") -> None:
        self._picture, self._language = PictureSink(path), language
        self._path, self._why = path, NO_FRAME
        self._last: tuple[Reading, Frame] | None = None

    @property
    def warnings(self) -> list[str]:
        """What is missing."""
        return [nothing_written(self._path, self._why) for _ in self._picture.warnings]

    def write(self, reading: Reading, frame: Frame) -> None:
        """Keep a Reading with people whose distance is known."""
        self._why = NOBODY
        if standing(reading):
            self._last = reading, Frame(frame.image[:1, :1], frame.index, frame.time_s, frame.source)

    def close(self) -> None:
        """Draw what was kept, and finish the file."""
        if self._last is not None:
            (reading, frame), self._last = self._last, None
            self._picture.write(reading, replace(frame, image=draw_plan(reading, language=self._language)))
        self._picture.close()

    def abort(self) -> None:
        """Remove the file."""
        self._picture.abort()
