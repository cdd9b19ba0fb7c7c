"""An annotated clip: H.264 in an MP4 that browsers play, with the sound of the original.

Every frame keeps its own time, so a clip of uneven rate stays one. Where FFmpeg was built without x264, VP9 is
written. Drawing is done before: `frame.image` holds the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec import codecs_available
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from PIL import Image

from mien.errors import SinkError
from mien.files import Draft, check_suffix, nothing_written, sink_error
from mien.media.sound import Sound, SoundRules
from mien.types import Frame, ImageArray, Reading

TICKS = 90_000  # a second in MPEG's own clock: every usual frame rate divides it
SHORTEST = TICKS // 1000  # Matroska counts milliseconds: frames closer than that are set apart
LONGEST = 60 * TICKS  # encoders plan with a rate above nothing
USUAL_FPS = 25.0  # for a clip of one frame, which has no rate
SECONDS_BETWEEN_KEYFRAMES = 2  # how far a browser jumps exactly
BT709 = 1  # FFmpeg's number for the colours of high-definition television

# Encoder -> settings: quality that keeps drawn text legible at a speed that keeps up with the reading.
ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "20"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "6", "crf": "30", "b": "0", "row-mt": "1"},
}


@dataclass(frozen=True)
class Container:
    """How one file format is written: FFmpeg's name for it, its options, encoders by preference, and the sound."""

    format: str
    options: dict[str, str]
    encoders: tuple[str, ...]
    sound: SoundRules


CONTAINERS = {
    # faststart puts the index first, so that a browser plays before all is loaded.
    ".mp4": Container(
        "mp4",
        {"movflags": "+faststart"},
        ("libx264", "libvpx-vp9"),
        SoundRules(frozenset({"aac", "mp3"}), "aac"),
    ),
    ".mkv": Container(
        "matroska",
        {},
        ("libx264", "libvpx-vp9"),
        SoundRules(frozenset({"aac", "mp3", "opus", "vorbis", "flac", "ac3"}), "aac"),
    ),
    ".webm": Container("webm", {}, ("libvpx-vp9",), SoundRules(frozenset({"opus", "vorbis"}), "libopus")),
}


class VideoSink:
    """A clip of the frames written, MP4, Matroska or WebM by its suffix.

    The first frame sets the size (odd sides grow by a pixel); frames of another size are scaled into it. Times are
    those of the frames, counted from the first; the last one stays as long as the one before, or as its clip says.
    `warnings` says what was lost: no frame came, the sound broke off.

    Args:
        path: ends in .mp4, .mkv or .webm.
        fps: frames a second of the source if known: how long a single frame stays whose own time is not known.
        audio_from: the clip whose sound is carried over, cut to the part that is written.
        encoders: those that may be used, by preference; usually the format's own.

    Raises:
        UsageError: another suffix.
        SinkError: the place cannot be written to, or no encoder is there.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: float | None = None,
        audio_from: Path | None = None,
        encoders: Sequence[str] | None = None,
    ) -> None:
        check_suffix(path, tuple(CONTAINERS))
        self.warnings: list[str] = []
        self._rules = CONTAINERS[path.suffix.lower()]
        self._encoder = _choose_encoder(path, encoders or self._rules.encoders)
        self._audio_from = audio_from
        self._gap = round(TICKS / (fps or USUAL_FPS))
        self._stay = 0  # of the frame written last
        self._draft = Draft(path)
        self._stream: VideoStream | None = None
        self._pts = -1

    def write(self, reading: Reading, frame: Frame) -> None:
        """Encode one frame. Raises SinkError when that fails."""
        with self._telling():
            if self._stream is None:
                self._begin(frame)
            assert self._stream is not None
            pts = round((frame.time_s - self._start_s) * TICKS)
            if self._pts >= 0:
                pts = max(pts, self._pts + SHORTEST)
                self._gap = pts - self._pts
            self._pts = max(0, pts)
            self._stay = self._stay_of(frame)
            self._mux(self._stream.encode(self._picture(frame.image)))
            self._sound.pump(self._pts / TICKS)  # side by side, as a browser reads them

    def close(self) -> None:
        """Finish the clip and give it its name; before the first frame, say that nothing was written."""
        if not self._draft.is_open:
            return
        if self._stream is None:
            self._draft.discard()
            self.warnings.append(nothing_written(self._draft.target))
            return
        try:
            with self._telling():
                self._mux(self._stream.encode(None))
                self._sound.finish((self._pts + self._stay) / TICKS)
                self._out.close()
        except BaseException:
            self.abort()
            raise
        self.warnings += self._sound.warnings
        self._draft.commit()

    def abort(self) -> None:
        """Remove the clip."""
        if self._draft.is_open and self._stream is not None:
            with suppress(OSError, av.FFmpegError, ValueError):
                self._sound.close()
                self._out.close()
        self._draft.discard()

    def _stay_of(self, frame: Frame) -> int:
        own = round((frame.duration_s or 0.0) * TICKS)
        # Where frames are left out, the gap between two is longer than each of them.
        return max(own, self._gap) if self._pts > 0 or not own else own

    def _begin(self, frame: Frame) -> None:
        self._start_s = frame.time_s
        self._size = (frame.width + frame.width % 2, frame.height + frame.height % 2)
        self._out = av.open(str(self._draft.path), "w", format=self._rules.format, options=self._rules.options)
        rate = Fraction(TICKS, min(max(self._gap, SHORTEST), LONGEST)).limit_denominator(1001)
        stream = self._out.add_stream(self._encoder, rate=rate, options=ENCODERS.get(self._encoder, {}))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"  # the only layout that every browser decodes
        stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS)
        coding = stream.codec_context
        coding.gop_size = max(1, round(float(rate) * SECONDS_BETWEEN_KEYFRAMES))
        coding.max_b_frames = 0  # reordered frames of uneven length make an MP4 state a wrong duration
        coding.colorspace = coding.color_primaries = coding.color_trc = BT709
        coding.color_range = int(ColorRange.MPEG)
        self._sound = Sound(self._audio_from, self._out, self._rules.sound, start_s=self._start_s)
        self._stream = stream

    def _mux(self, packets: list[av.Packet[VideoStream]]) -> None:
        for packet in packets:
            packet.duration = self._stay  # an MP4 asks it of the last one: the others end where the next begins
        self._out.mux(packets)

    def _picture(self, image: ImageArray) -> av.VideoFrame:
        fitted = np.ascontiguousarray(fit_into(image, self._size))
        picture = av.VideoFrame.from_ndarray(fitted, "rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        picture.time_base = Fraction(1, TICKS)
        picture.pts = self._pts
        return picture

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError, ValueError) as error:
            raise sink_error(self._draft.target, error) from error


def fit_into(image: ImageArray, size: tuple[int, int]) -> ImageArray:
    """Bring a picture (H, W, 3) to `size` (width, height).

    One pixel too few repeats the edge; anything else is scaled, its shape kept, onto black.
    """
    height, width = image.shape[:2]
    right, below = size[0] - width, size[1] - height
    if right == below == 0:
        return image
    if right in (0, 1) and below in (0, 1):
        return np.pad(image, ((0, below), (0, right), (0, 0)), "edge")
    scale = min(size[0] / width, size[1] / height)
    inner = (min(size[0], max(1, round(width * scale))), min(size[1], max(1, round(height * scale))))
    canvas = Image.new("RGB", size)
    scaled = Image.fromarray(image).resize(inner, Image.Resampling.BILINEAR)
    canvas.paste(scaled, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return np.asarray(canvas)


def _choose_encoder(path: Path, wanted: Sequence[str]) -> str:
    for name in wanted:
        if name in codecs_available:
            return name
    raise SinkError(f"cannot write {path}: this PyAV has no {' or '.join(wanted)}; reinstall it: pip install -U av")
