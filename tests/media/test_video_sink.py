"""Clips with what was read drawn in: times, sizes, colours, sound."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_files import make_clip
from PIL import Image
from readings import reading
from sink_tools import TWO, frame, write_all

from mien.errors import SinkError
from mien.media.sound import Sound, SoundRules
from mien.media.sources import SourceOptions, open_source
from mien.media.video_sink import VideoSink, fit_into
from mien.types import Frame


def pictures_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as clip:
        return list(clip.decode(video=0))


def sound_times(path: Path) -> tuple[str, list[float]]:
    with av.open(str(path)) as clip:
        name = clip.streams.audio[0].codec_context.codec.canonical_name
        return name, [float(piece.pts * piece.time_base) for piece in clip.decode(audio=0)]  # type: ignore[operator]


def test_a_clip_keeps_uneven_times(tmp_path: Path) -> None:
    times = [5.0, 5.1, 5.15, 6.5, 8.0]
    write_all(VideoSink(tmp_path / "out.mp4"), *times)
    found = [float(picture.time or 0) for picture in pictures_of(tmp_path / "out.mp4")]
    assert found == pytest.approx([time_s - 5 for time_s in times], abs=1e-4)
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert clip.duration == pytest.approx((3 + 1.5) * 1e6, rel=0.01)  # the last one stays as the one before


def test_times_that_stand_still_or_go_back_are_set_apart(tmp_path: Path) -> None:
    write_all(VideoSink(tmp_path / "out.mkv"), 0.0, 0.5, 0.5, 0.2, 0.6)
    found = [float(picture.time or 0) for picture in pictures_of(tmp_path / "out.mkv")]
    assert len(found) == 5
    assert all(later > earlier for earlier, later in itertools.pairwise(found))


def test_a_clip_plays_in_browsers(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, fps=10)
    sink.write(TWO, frame(size=(33, 25)))
    sink.close()
    first = pictures_of(path)[0]
    assert (first.width, first.height, first.format.name) == (34, 26, "yuv420p")
    with av.open(str(path)) as clip:
        assert clip.streams.video[0].codec_context.name == "h264"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # the index comes first


def test_colours_survive_a_clip(tmp_path: Path) -> None:
    colours = np.array([[200, 30, 30], [30, 160, 60], [40, 60, 200], [240, 228, 66]], np.uint8)
    image = np.repeat(np.repeat(colours[None], 32, 0), 16, 1)
    sink = VideoSink(tmp_path / "out.mp4")
    sink.write(TWO, Frame(image))
    sink.close()
    shown = pictures_of(tmp_path / "out.mp4")[0].to_ndarray(format="rgb24")
    middles = shown[16, 8::16].astype(int)
    assert np.abs(middles - colours).max() <= 8


def test_frames_of_another_size_are_fitted_into_the_first(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    for index, size in enumerate([(32, 24), (48, 96), (10, 4)]):
        sink.write(TWO, frame(index, index / 10, size, level=250))
    sink.close()
    shown = pictures_of(tmp_path / "out.mp4")
    assert {(picture.width, picture.height) for picture in shown} == {(32, 24)}
    tall = shown[1].to_ndarray(format="gray")
    assert tall[12, 16] > 200 > 50 > tall[12, 2]


@pytest.mark.parametrize("size", [(32, 24), (31, 23), (64, 48), (24, 64), (1, 1), (500, 2)])
def test_fitting_keeps_the_shape(size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), 255, np.uint8)
    fitted = fit_into(image, (32, 24))
    assert fitted.shape == (24, 32, 3)
    lit = np.argwhere(fitted[..., 0] > 0)
    high, wide = lit.max(0) - lit.min(0) + 1
    assert (wide, high) == (32, 24) or wide == 32 or high == 24


def test_vp9_where_x264_is_absent(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", encoders=("no-such-encoder", "libvpx-vp9"))
    write_all(sink, 0, 0.1)
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert clip.streams.video[0].codec_context.name in ("vp9", "libvpx-vp9")
    with pytest.raises(SinkError, match="no no-such-encoder; reinstall"):
        VideoSink(tmp_path / "no.mp4", encoders=("no-such-encoder",))


def make_sound(path: Path, codec: str, seconds: int = 2, *, rate: int = 48_000) -> Path:
    """A clip of tiny pictures with a tone."""
    with av.open(str(path), "w") as clip:
        pictures: Any = clip.add_stream("libx264", rate=5)
        pictures.width = pictures.height = 16
        tone: Any = clip.add_stream(codec, rate=rate)
        tone.codec_context.layout = "mono"
        for _ in range(seconds * 5):
            clip.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")))
        for start in range(0, seconds * rate, 960):
            wave = (9000 * np.sin(np.arange(start, start + 960) / 20)).astype(np.int16)[None]
            piece = av.AudioFrame.from_ndarray(wave, "s16", "mono")
            piece.sample_rate, piece.pts = rate, start
            clip.mux(tone.encode(piece))
        for stream in (tone, pictures):
            clip.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("source", "codec", "target", "expected"),
    [
        ("in.mp4", "aac", "out.mp4", "aac"),
        ("in.mkv", "pcm_s16le", "out.mp4", "aac"),
        ("in.mkv", "libopus", "out.webm", "opus"),
    ],
)
def test_the_sound_is_carried_over_and_cut(source: str, codec: str, target: str, expected: str, tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / target, fps=5, audio_from=make_sound(tmp_path / source, codec))
    write_all(sink, 0.6, 0.8, 1.0, 1.2)  # from 0.6 s to 1.4 s of two seconds
    name, times = sound_times(tmp_path / target)
    assert name == expected
    assert 0 <= times[0] < 0.06
    assert 0.7 < times[-1] < 0.83
    assert sink.warnings == []


def copied_with_sound(source: Path, target: Path) -> VideoSink:
    """Frame by frame into another clip, the sound with it."""
    with open_source(source) as frames:
        sink = VideoSink(target, fps=frames.fps, audio_from=source)
        for picture in frames:
            sink.write(reading(), picture)
    sink.close()
    return sink


def test_a_sound_of_an_unknown_kind_is_left_out_and_said(tmp_path: Path) -> None:
    data = make_sound(tmp_path / "in.mkv", "aac").read_bytes()
    (tmp_path / "in.mkv").write_bytes(data.replace(b"A_AAC", b"A_XYZ"))
    sink = copied_with_sound(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert len(sink.warnings) == 1 and "the sound of" in sink.warnings[0] and "left out" in sink.warnings[0]
    assert len(pictures_of(tmp_path / "out.mp4")) == 10


@pytest.mark.parametrize(("codec", "target"), [("aac", "out.mp4"), ("mp2", "out.mp4"), ("aac", "out.mkv")])
def test_a_sound_whose_clock_begins_anew_goes_on(codec: str, target: str, tmp_path: Path) -> None:
    part = make_sound(tmp_path / "part.ts", codec)
    (tmp_path / "in.ts").write_bytes(part.read_bytes() * 2)
    sink = copied_with_sound(tmp_path / "in.ts", tmp_path / target)
    _, times = sound_times(tmp_path / target)
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert times[-1] == pytest.approx(4, abs=0.1) and len(pictures_of(tmp_path / target)) == 20
    assert sink.warnings == []


@pytest.mark.parametrize("error", [av.ArgumentError(22, "no"), ValueError("no")])
@pytest.mark.parametrize("copied", [frozenset(), frozenset({"aac"})])
def test_a_piece_of_sound_that_is_refused_ends_the_sound_alone(
    error: Exception, copied: frozenset[str], tmp_path: Path
) -> None:
    class Picky:
        """A container that takes no sound."""

        def __init__(self, out: Any) -> None:
            self.add_stream, self.add_stream_from_template = out.add_stream, out.add_stream_from_template

        def mux(self, packets: object) -> None:
            raise error

    with av.open(str(tmp_path / "out.mkv"), "w") as out:
        sound = Sound(make_sound(tmp_path / "in.mkv", "aac"), Picky(out), SoundRules(copied, "aac"))  # type: ignore[arg-type]
        sound.pump(1.0)
        sound.finish(2.0)
    assert len(sound.warnings) == 1 and "breaks off" in sound.warnings[0]


@pytest.mark.parametrize("rate", [6_000, 11_000, 44_100, 100_000])
def test_a_sound_of_an_odd_rate_is_kept(rate: int, tmp_path: Path) -> None:
    sink = copied_with_sound(make_sound(tmp_path / "in.mkv", "pcm_s16le", rate=rate), tmp_path / "out.mp4")
    assert sink.warnings == [] and sound_times(tmp_path / "out.mp4")[1][-1] == pytest.approx(2, abs=0.15)


def test_a_name_with_a_colon_keeps_its_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_sound(tmp_path / "in.mkv", "aac").rename("call-12:30.mkv")
    copied_with_sound(Path("call-12:30.mkv"), Path("out.mp4"))
    assert sound_times(Path("out.mp4"))[0] == "aac"


def test_the_last_frame_stays_as_its_clip_says(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mp4", 10, times=[100 * n for n in range(10)], hold=8000)
    copied_with_sound(tmp_path / "in.mp4", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert clip.duration == pytest.approx(8.9e6, rel=0.01)


@pytest.mark.parametrize("every", [1, 9, 1_000_000_000])
def test_a_single_frame_stays_as_long_as_in_its_clip(every: int, tmp_path: Path) -> None:
    make_clip(tmp_path / "in.ts", 1)
    with open_source(tmp_path / "in.ts", SourceOptions(every=every)) as source:
        sink = VideoSink(tmp_path / "out.mp4", fps=source.fps)
        sink.write(reading(), next(iter(source)))
    sink.close()
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert clip.duration == pytest.approx(0.1e6, rel=0.1)


def test_a_clip_without_sound_stays_silent(tmp_path: Path) -> None:
    write_all(VideoSink(tmp_path / "in.mp4"), 0, 0.1)
    Image.new("RGB", (8, 8)).save(tmp_path / "in.gif")
    for source in ("in.mp4", "in.gif", "missing.mp4"):
        sink = VideoSink(tmp_path / "out.mp4", audio_from=tmp_path / source)
        write_all(sink, 0, 0.1)
        with av.open(str(tmp_path / "out.mp4")) as clip:
            assert not clip.streams.audio
        assert sink.warnings == []


def test_clips_are_written_quietly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_all(VideoSink(tmp_path / "out.mp4"), 0, 0.1)
    assert capfd.readouterr() == ("", "")
