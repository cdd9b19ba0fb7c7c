"""Video files and network streams, by FFmpeg (PyAV): as sources. `containers.py` opens them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import av
from av import Packet
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mien import images
from mien.errors import SourceError
from mien.media import containers
from mien.media.live import Newest
from mien.media.source import Nature, Shot, Source, SourceOptions, closing_on_error
from mien.types import ImageArray

PLAYLIST_BEGINNINGS = (b"ffconcat", b"#EXTM3U", b"v=0", b"<MPD", b"<?xml")
REWIND_S = 10.0  # key frames are rarely further apart; an MPEG stream finds its first only from before it
USUAL_FPS = 25.0  # of a clip that states no rate
LONGEST_FRAME_S = 3600.0  # one that is said to stay longer is a damaged one
HIGHEST_FPS = 1000.0  # a rate above is a time base that FFmpeg took for one
WIDEST_PIXEL = 4.0  # beyond this shape of a pixel the file's word is not believed


def open_clip(
    where: Path | str | BinaryIO, name: str, options: SourceOptions, *, resources: ExitStack | None = None
) -> Source:
    """A clip in a file (a path, or an open binary file), or at an address (str).

    Args:
        where: what to open.
        name: what to call it.
        options: which part to read.
        resources: closed together with the clip.

    Raises:
        SourceError: unknown format, a playlist, no picture in it, too large, no answer.
    """
    resources = resources or ExitStack()
    with closing_on_error(resources):
        container = _open_container(where, name, options)
        resources.callback(container.close)
        clip = _Clip(container, _video_stream(container, name), name, options)
        is_live = isinstance(where, str) and container.duration is None
        nature = clip.nature(is_live=is_live, path=where if isinstance(where, Path) else None)
    if is_live:
        newest = Newest(clip.shots(), resources.close)
        resources = ExitStack()
        resources.callback(newest.close)
        return Source(name, newest, nature, options=options, resources=resources, warnings=clip.warnings)
    return Source(name, clip.shots(), nature, options=options, resources=resources, warnings=clip.warnings)


def _open_container(where: Path | str | BinaryIO, name: str, options: SourceOptions) -> InputContainer:
    try:
        container = containers.open_container(
            where, max_pixels=options.max_pixels, allow_playlists=options.allow_playlists
        )
    except Exception as error:  # PyAV lets ValueError and others through for odd files
        raise SourceError(_why_not_opened(error, where, name, is_trusted=options.allow_playlists)) from error
    if container is None:
        raise SourceError(_refused(name, is_trusted=options.allow_playlists))
    return container


def _why_not_opened(error: Exception, where: Path | str | BinaryIO, name: str, *, is_trusted: bool) -> str:
    if isinstance(where, str):
        if isinstance(error, av.error.ArgumentError):
            return f"{name} is no clip, or a playlist (HLS, DASH): add --allow-playlists if you trust it"
        return f"{name} cannot be read from the network: {_short(error)}"
    beginning = b""
    with suppress(OSError, ValueError):
        if isinstance(where, Path):
            with where.open("rb") as file:
                beginning = file.read(64)
        else:
            where.seek(0)
            beginning = where.read(64)
    beginning = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if beginning.startswith(PLAYLIST_BEGINNINGS):
        return _refused(name, is_trusted=is_trusted)
    if beginning[4:8] == b"ftyp" or beginning.startswith((b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"FLV")):
        return f"{name} is a damaged clip, or was cut off while it was copied ({_short(error)}): copy it again"
    return (
        f"{name} is neither a picture nor a clip that can be read: check that it is one, or convert it to JPEG or MP4"
    )


def _refused(name: str, *, is_trusted: bool) -> str:
    if is_trusted:
        return f"{name} is a playlist, and what it names cannot be read: check that the files are there, and their kind"
    return f"{name} is a playlist, which names other files to read: add --allow-playlists if you trust it"


def _short(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or images.one_line(error))


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    """The best stream of pictures; the cover of an album is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        what = "only sound" if container.streams.audio else "no pictures"
        raise SourceError(f"{name} holds {what}: give a clip with a video stream")
    best = container.streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in streams else streams[0]
    if stream.codec_context is None:
        raise SourceError(f"{name} is in a video format that this build of FFmpeg cannot decode: convert it to MP4")
    return stream


class _Clip:
    """An open container and the one stream of it that is read; `warnings` fills while it is."""

    def __init__(self, container: InputContainer, stream: VideoStream, name: str, options: SourceOptions) -> None:
        self.container, self.stream, self.name, self.options = container, stream, name, options
        self.warnings: list[str] = []
        self._time_base = float(stream.time_base or 1 / 1000)
        self._start: int | None = stream.start_time
        self._clock = containers.SteadyClock()
        self._last_s = self._end_s = 0.0  # when the last picture came, and until when it stays
        self._others_end_s = 0.0  # until when what is no picture reaches, where that is asked for
        if stream.width < 1 or stream.height < 1:  # FFmpeg hides it where it is over the limit
            raise SourceError(f"{name} has no size, or more than {options.max_pixels:,} pixels")
        images.check_size(stream.width, stream.height, name, options.max_pixels)
        self._size = _shown_size(stream)
        self._converter = VideoReformatter()
        # The size may change on the way: then the decoder itself refuses.
        stream.codec_context.options = {"max_pixels": containers.pixel_limit(options.max_pixels)}

    @property
    def fps(self) -> float | None:
        """Frames a second as the file says, or None."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        return float(rate) if rate and 0 < rate <= HIGHEST_FPS else None

    @property
    def duration_s(self) -> float | None:
        """Seconds as the file says, of the pictures alone if it does; else of all, sound included."""
        if self._own_duration_s is not None:
            return self._own_duration_s
        return None if self.container.duration is None else self.container.duration / av.time_base

    @property
    def _own_duration_s(self) -> float | None:
        """Seconds of the pictures, if the file says it of them."""
        if self.stream.duration is not None:
            return self.stream.duration * self._time_base
        end_s = _seconds(self.stream.metadata.get("DURATION", "")) or 0.0  # Matroska's: when the last one ends
        start_s = (self.stream.start_time or 0) * self._time_base
        return end_s - start_s if end_s > start_s else None

    def nature(self, *, is_live: bool, path: Path | None) -> Nature:
        """What is known before reading."""
        fps, duration_s = self.fps, self.duration_s
        count = self.stream.frames or (round(fps * duration_s) if fps and duration_s else None)
        return Nature(True, is_live, count, fps, duration_s, path)

    def shots(self) -> Iterator[Shot]:
        """From the beginning, or from a key frame before `start_s`, to the end, in the order they are shown."""
        index: int | None = None
        for frame in self._from_start():
            time_s, stays_s = self._time_of(frame)
            if index is None:  # after a jump, frames are counted by the clock
                index = round(time_s * (self.fps or 0)) if self.options.start_s else 0
            yield Shot(index, time_s, partial(self._pixels, frame), duration_s=stays_s)
            index += 1
        self._look_back()

    def _from_start(self) -> Iterator[VideoFrame]:
        """Jump to `start_s`; a jump may land too late (few key frames, no index): then jump further back."""
        start_s = self.options.start_s
        if not start_s:
            return self._decoded()
        for back_s in (0.0, REWIND_S, start_s + REWIND_S):
            target_s = start_s - back_s
            try:
                self.container.seek((self._start or 0) + int(target_s / self._time_base), stream=self.stream)
            except (av.FFmpegError, OverflowError):  # cannot jump: read on from the beginning
                return self._decoded()
            frames = self._decoded()
            first = next(frames, None)
            if first is not None and ((self._stated_s(first) or 0.0) <= start_s or target_s <= 0):
                return chain([first], frames)
        return self._decoded()

    def _decoded(self) -> Iterator[VideoFrame]:
        damaged = 0
        packets = self._packets()
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                self.warnings.append(f"{self.name} broke off after {self._last_s:.1f} s: {_short(error)}")
                break
            if packet is None:
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                damaged += 1
                continue
            yield from (frame for frame in frames if isinstance(frame, VideoFrame))
        if damaged:
            self.warnings.append(f"{self.name}: {damaged} damaged part(s) could not be decoded and were skipped")

    def _packets(self) -> Iterator[Packet[Any]]:
        """Those of the pictures. Where the file has one length for all that is in it, the others' ends are noted."""
        if self._own_duration_s is not None or len(self.container.streams) == 1:
            yield from self.container.demux(self.stream)
            return
        start_s = (self.container.start_time or 0) / av.time_base
        for packet in self.container.demux():
            if packet.stream.index == self.stream.index:
                yield packet
            elif packet.pts is not None and packet.time_base:
                end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start_s
                self._others_end_s = max(self._others_end_s, end_s)

    def _time_of(self, frame: VideoFrame) -> tuple[float, float]:
        """Seconds from the beginning of the clip, and for how many the picture stays."""
        stays_s = frame.duration * self._time_base
        if not 0 < stays_s <= LONGEST_FRAME_S:
            stays_s = 1 / (self.fps or USUAL_FPS)
        self._last_s = self._clock.time_of(self._stated_s(frame), stays_s)
        self._end_s = self._last_s + stays_s
        return self._last_s, stays_s

    def _stated_s(self, frame: VideoFrame) -> float | None:
        if frame.pts is None:
            return None
        if self._start is None:
            self._start = frame.pts
        return max(0.0, (frame.pts - self._start) * self._time_base)

    def _pixels(self, frame: VideoFrame) -> ImageArray:
        images.check_size(frame.width, frame.height, self.name, self.options.max_pixels)
        is_as_said = (frame.width, frame.height) == (self.stream.width, self.stream.height)
        try:
            return images.video_pixels(frame, self._size if is_as_said else None, self._converter)
        except (av.FFmpegError, ValueError) as error:
            raise SourceError(f"{self.name} has pictures of an unusual kind: {images.one_line(error)}") from error

    def _look_back(self) -> None:
        """Warn when the clip ended well before the end that it announces."""
        expected = self.duration_s
        if expected is None:
            return
        # A length of the whole file may be that of its sound.
        if max(self._end_s, self._others_end_s) < expected - max(0.5, 0.02 * expected):
            self.warnings.append(
                f"{self.name} is cut off after {self._end_s:.1f} s of {expected:.1f} s: what could be read was read"
            )


def _shown_size(stream: VideoStream) -> tuple[int, int] | None:
    """Width and height with square pixels, or None when the pixels are square already."""
    shape = float(stream.sample_aspect_ratio or 1)
    if shape == 1 or not 1 / WIDEST_PIXEL <= shape <= WIDEST_PIXEL:
        return None
    return max(1, round(stream.width * shape)), stream.height


def _seconds(clock: str) -> float | None:
    """'00:01:02.5' in seconds; None when it is no such thing."""
    try:
        hours, minutes, seconds = (float(part) for part in clock.split(":"))
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
