"""Frames and clips to time the program on: a real clip where the test data are, else the example photo's face."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import moving
import numpy as np
from _table import ROOT
from PIL import Image

from mien.types import Box, Frame, ImageArray

ASTRONAUT = ROOT / "examples" / "astronaut.jpg"
ASTRONAUT_BOX = Box(178, 67, 274, 175)
CLIP = "again.mkv"  # 640 x 480, 30 frames a second, one person
PHASE_S = 1.0  # people come and go at whole seconds
MOST_FACES = 5


def astronaut() -> moving.Person:
    """The face of the example photo, to paste."""
    return moving.Person(np.asarray(Image.open(ASTRONAUT).convert("RGB")), ASTRONAUT_BOX)


def clip_of_one(shared: Path, folder: Path, *, frames: int) -> Path:
    """A clip of 640 x 480 with one face: the real one of the test data, or one made in `folder`."""
    real = shared / "media" / "videos" / CLIP
    if real.is_file():
        return real
    sway = lambda t: (320 + 30 * math.sin(t), 240.0, 110.0)  # noqa: E731
    clip = moving.Clip("one", frames / moving.FPS, [moving.Actor(1, astronaut(), sway)])
    return write_clip(folder / "one.mp4", (moment.frame.image for moment in clip))


def write_clip(path: Path, pictures: Iterable[ImageArray]) -> Path:
    """Write an H.264 clip at 30 frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = moving.WIDTH, moving.HEIGHT, "yuv420p"
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def crowd(count: int) -> Iterator[Frame]:
    """`count` frames with 0 to 5 faces: each second others are there, and all grow and shrink, 30 to 150 px."""
    look = astronaut()
    actors = [moving.Actor(who, look, _coming_and_going(who)) for who in range(MOST_FACES)]
    return (moment.frame for moment in moving.Clip("crowd", count / moving.FPS, actors))


def _coming_and_going(who: int) -> Callable[[float], moving.Place | None]:
    columns = np.linspace(70, moving.WIDTH - 70, MOST_FACES)

    def path(t: float) -> moving.Place | None:
        present = np.random.default_rng(int(t / PHASE_S)).permutation(MOST_FACES)
        if present[who] >= np.random.default_rng(1000 + int(t / PHASE_S)).integers(0, MOST_FACES + 1):
            return None
        side = 90 + 60 * math.sin(0.7 * t + 2 * who)
        return float(columns[who]), 240 + 60 * math.sin(1.3 * t + who), side

    return path
