"""The sound of a clip, carried over to its annotated copy.

Packets are copied where the new container and the browsers that play it take them, else decoded and encoded again,
cut to the part that is written. A sound that cannot be read is left out with a warning: the picture matters more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.audio.stream import AudioStream
from av.codec import Codec
from av.container import InputContainer, OutputContainer

from mien.media.containers import SteadyClock, open_container

MAX_RATE = 48_000  # the highest sample rate that every browser plays

Piece: TypeAlias = "av.Packet[AudioStream] | av.AudioFrame"


@dataclass(frozen=True)
class SoundRules:
    """Which codecs are copied as they are, and the `encoder` for the others."""

    copied: frozenset[str]
    encoder: str


class Sound:
    """The first sound of the clip at `path` that can be read, added to `out` before its header is written.

    `start_s` is where the written part begins, in seconds after the clip's first picture. `warnings` says what was
    lost. Without a sound, all calls do nothing.
    """

    def __init__(self, path: Path | None, out: OutputContainer, rules: SoundRules, *, start_s: float = 0.0) -> None:
        self.warnings: list[str] = []
        self._name, self._out = str(path), out
        self._waiting: tuple[float, Piece] | None = None
        self._pieces: Iterator[tuple[float, Piece]] | None = None
        self._clock, self._last_ticks = SteadyClock(), -1
        self._clip = _open(path)
        if self._clip is not None and self._clip.streams.audio:
            known = [sound for sound in self._clip.streams.audio if sound.codec_context is not None]
            if known:
                self._begin(self._clip, known[0], rules, start_s)
            else:
                self.warnings.append(f"the sound of {self._name} is left out: this build of FFmpeg cannot decode it")

    def pump(self, until_s: float) -> None:
        """Write the sound up to `until_s` seconds of the new clip."""
        while (piece := self._waiting or self._next()) is not None:
            self._waiting = piece
            if piece[0] >= until_s:
                return
            self._waiting = None
            if piece[0] >= 0:
                self._put(piece)

    def finish(self, until_s: float) -> None:
        """Write the rest up to `until_s` seconds and let the clip go."""
        self.pump(until_s)
        if self._pieces is not None and not self._is_copy:
            with suppress(ValueError):  # nothing more comes out of an encoder that failed
                self._out.mux(self._stream.encode(None))
        self.close()

    def close(self) -> None:
        """Let the clip go."""
        self._pieces = self._waiting = None
        if self._clip is not None:
            self._clip.close()
            self._clip = None

    def _begin(self, clip: InputContainer, sound: AudioStream, rules: SoundRules, start_s: float) -> None:
        self._is_copy = sound.codec_context.codec.canonical_name in rules.copied
        if self._is_copy:
            self._stream: AudioStream = self._out.add_stream_from_template(sound)
        else:
            made = self._out.add_stream(rules.encoder, rate=_rate_for(rules.encoder, sound.rate or MAX_RATE))
            assert isinstance(made, AudioStream)
            self._stream = made
            self._stream.codec_context.layout = "mono" if sound.codec_context.channels == 1 else "stereo"
        self._zero_s = _first_picture_s(clip) + start_s
        if start_s > 0:
            clip.seek(round(self._zero_s * av.time_base))
        self._pieces = self._read(clip, sound)

    def _read(self, clip: InputContainer, sound: AudioStream) -> Iterator[tuple[float, Piece]]:
        for packet in clip.demux(sound):
            pieces = [packet] if self._is_copy else packet.decode()
            for piece in pieces:
                if piece.pts is not None and piece.time_base is not None:
                    stated_s = float(piece.pts * piece.time_base) - self._zero_s
                    yield self._clock.time_of(stated_s, float((piece.duration or 0) * piece.time_base)), piece

    def _next(self) -> tuple[float, Piece] | None:
        if self._pieces is None:
            return None
        try:
            return next(self._pieces, None)
        except (av.FFmpegError, OSError):
            self._break_off()
            return None

    def _break_off(self) -> None:
        self._pieces = iter(())
        self.warnings.append(f"the sound of {self._name} breaks off: it is kept as far as it could be read")

    def _put(self, timed: tuple[float, Piece]) -> None:
        time_s, piece = timed
        if not isinstance(piece, av.Packet):
            piece.time_base = Fraction(1, piece.sample_rate)
        assert piece.time_base is not None
        ticks = round(time_s / piece.time_base)
        if ticks <= self._last_ticks:  # no container takes a clock that stands still
            return
        self._last_ticks = piece.pts = ticks
        try:
            if isinstance(piece, av.Packet):
                piece.dts, piece.stream = ticks, self._stream  # sound is stored in the order in which it is heard
                self._out.mux(piece)
            else:
                self._out.mux(self._stream.encode(piece))
        except ValueError:  # FFmpeg finds fault with the piece; a full disk is an OSError
            self._break_off()


def _rate_for(encoder: str, rate: int) -> int:
    """The sample rate nearest to `rate` that the encoder takes and every browser plays."""
    if encoder != "aac":
        return MAX_RATE
    able = [other for other in Codec(encoder, "w").audio_rates or [] if other <= MAX_RATE]
    return min(able, key=lambda other: abs(other - rate), default=MAX_RATE)


def _open(path: Path | None) -> InputContainer | None:
    if path is None:
        return None
    try:
        return open_container(path)
    except (av.FFmpegError, OSError, ValueError):  # a clip that Pillow read: it has no sound
        return None


def _first_picture_s(clip: InputContainer) -> float:
    for stream in clip.streams.video:
        if stream.start_time is not None and stream.time_base is not None:
            return float(stream.start_time * stream.time_base)
    return 0.0
