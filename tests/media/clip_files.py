"""Small clips whose every frame says which one it is, for the tests of what reads them."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mien.types import ImageArray

STEP = 8  # grey levels from one frame to the next: more than a codec loses
WIDTH, HEIGHT = 64, 48


def grey_of(number: int) -> int:
    return (number % 30) * STEP


def number_of(image: ImageArray) -> int:
    """Which of the first thirty frames a picture is."""
    return round(float(image[4:-4, 4:-4].mean()) / STEP)


def make_clip(
    target: Path | io.BytesIO,
    count: int = 10,
    *,
    fps: Fraction | int = 10,
    codec: str = "libx264",
    format: str | None = None,
    times: list[int] | None = None,
    **settings: object,
) -> None:
    """Write `count` grey frames; `times` are milliseconds, else `fps` counts.

    `settings`: size (w, h), rotation, aspect (of a pixel), gop, picture (an RGB array instead of grey),
    sound (seconds of a tone beside it), hold (milliseconds that the last frame stays), options (of the container).
    """
    width, height = settings.get("size", (WIDTH, HEIGHT))  # type: ignore[misc]
    with av.open(target, "w", format=format, options=settings.get("options", {})) as container:  # type: ignore[call-overload]
        stream = container.add_stream(codec, rate=fps)
        stream.codec_context.thread_count = 2  # what is written where does not depend on the machine
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 2_000_000
        stream.gop_size = settings.get("gop", 5)
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        if "hold" in settings:
            stream.codec_context.max_b_frames = 0  # the last packet is the last frame
        if "rotation" in settings:
            stream.set_display_rotation(settings["rotation"])
        if "aspect" in settings:
            stream.sample_aspect_ratio = settings["aspect"]
        tone = container.add_stream("aac", rate=8000) if settings.get("sound") else None
        for number in range(count):
            grey = np.full((height, width, 3), grey_of(number), np.uint8)
            frame = av.VideoFrame.from_ndarray(np.asarray(settings.get("picture", grey)))
            frame.pts = times[number] if times else number
            frame.time_base = Fraction(1, 1000) if times else 1 / Fraction(fps)
            container.mux(stream.encode(frame))
        rest = stream.encode()
        if "hold" in settings:
            rest[-1].duration = round(Fraction(settings["hold"], 1000) / rest[-1].time_base)  # type: ignore[call-overload]
        container.mux(rest)
        if tone is not None:
            write_tone(container, tone, int(settings["sound"]))  # type: ignore[call-overload]


def write_tone(container: av.container.OutputContainer, stream: av.AudioStream, seconds: int = 1) -> None:
    sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * seconds), np.float32), format="fltp", layout="mono")
    sound.sample_rate, sound.pts = 8000, 0
    container.mux(stream.encode(sound))
    container.mux(stream.encode())


def make_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        write_tone(container, container.add_stream("aac", rate=8000, layout="mono"))
