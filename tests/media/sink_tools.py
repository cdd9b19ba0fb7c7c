"""Readings and frames to write, for the tests of sinks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from readings import expression, face, reading

from mien.media.sinks import CsvSink, JsonLinesSink, ParquetSink, PictureSink, Sink
from mien.media.video_sink import VideoSink
from mien.types import Frame

READ = expression({"happy": 0.7, "contempt": 0.1, "unknown": 0.15, "not a face": 0.05}, doubts=("dark", "blurred"))
TWO = reading(face(10, read=READ), face(60), index=3, time_s=0.12)

MAKERS: dict[str, Callable[[Path], Sink]] = {
    "out.jsonl": JsonLinesSink,
    "out.csv": CsvSink,
    "out.parquet": lambda path: ParquetSink(path, row_group=5),
    "out.png": PictureSink,
    "out.jpg": PictureSink,
    "out.mp4": VideoSink,
    "out.mkv": VideoSink,
}


def frame(index: int = 0, time_s: float = 0.0, size: tuple[int, int] = (32, 24), level: int = 90) -> Frame:
    return Frame(np.full((size[1], size[0], 3), level, np.uint8), index, time_s)


def write_all(sink: Sink, *times: float) -> None:
    for index, time_s in enumerate(times):
        sink.write(reading(face(read=READ), index=index, time_s=time_s), frame(index, time_s, level=20 * index))
    sink.close()
