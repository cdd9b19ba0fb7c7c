"""What is written, and what is left when it cannot be."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_files import make_clip
from hypothesis import given
from PIL import Image
from readings import FER2013, expression, face, reading, readings

from mien.errors import MienError, MissingExtraError, SinkError, UsageError
from mien.media import tables
from mien.media.sinks import (
    AnnotationFolder,
    CsvSink,
    JsonLinesSink,
    ParquetSink,
    PictureSink,
    Sink,
    finishing,
    open_annotation,
)
from mien.media.sound import Sound, SoundRules
from mien.media.sources import SourceOptions, open_source
from mien.media.video_sink import VideoSink, fit_into
from mien.types import Frame, Reading

READ = expression({"happy": 0.7, "contempt": 0.1, "unknown": 0.15, "not a face": 0.05}, doubts=("dark", "blurred"))
TWO = reading(face(10, read=READ), face(60), index=3, time_s=0.12)


def frame(index: int = 0, time_s: float = 0.0, size: tuple[int, int] = (32, 24), level: int = 90) -> Frame:
    return Frame(np.full((size[1], size[0], 3), level, np.uint8), index, time_s)


def write_all(sink: Sink, *times: float) -> None:
    for index, time_s in enumerate(times):
        sink.write(reading(face(read=READ), index=index, time_s=time_s), frame(index, time_s, level=20 * index))
    sink.close()


@dataclass
class FakeSource:
    """What `open_annotation` asks of a source."""

    name: str
    is_stream: bool = False
    fps: float | None = 10.0
    path: Path | None = None


MAKERS: dict[str, Callable[[Path], Sink]] = {
    "out.jsonl": JsonLinesSink,
    "out.csv": CsvSink,
    "out.parquet": lambda path: ParquetSink(path, row_group=5),
    "out.png": PictureSink,
    "out.mp4": VideoSink,
    "out.mkv": VideoSink,
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> tuple[str, Callable[[Path], Sink]]:
    if request.param.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    return request.param, MAKERS[request.param]


# Whole or not at all


def test_the_file_appears_at_close(make: tuple[str, Callable[[Path], Sink]], tmp_path: Path) -> None:
    name, maker = make
    sink = maker(tmp_path / name)
    sink.write(TWO, frame())
    assert not (tmp_path / name).exists()
    sink.close()
    sink.close()
    sink.abort()
    assert os.listdir(tmp_path) == [name]


def test_abort_leaves_nothing(make: tuple[str, Callable[[Path], Sink]], tmp_path: Path) -> None:
    name, maker = make
    for count in (0, 1):
        sink = maker(tmp_path / name)
        for _ in range(count):
            sink.write(TWO, frame())
        sink.abort()
        sink.abort()
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_said_at_once(make: tuple[str, Callable[[Path], Sink]], tmp_path: Path) -> None:
    name, maker = make
    with pytest.raises(SinkError, match=f"{name}: its folder is not there; make it first$"):
        maker(tmp_path / "missing" / name)


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: the nearest to a full disk that any user may make."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_too_small_is_one_line_and_leaves_nothing(
    make: tuple[str, Callable[[Path], Sink]], tmp_path: Path
) -> None:
    name, maker = make
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    crowd = [face(read=READ)] * 20
    sink = maker(tmp_path / name)
    with small_disk(3000), pytest.raises(SinkError) as caught, finishing(sink):
        for index in range(1 if name == "out.png" else 8):
            sink.write(reading(*crowd, index=index, time_s=index / 10), Frame(noise, index, index / 10))
    assert str(caught.value).startswith(f"cannot write {tmp_path / name}: it grew beyond")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_lines_and_tables_without_a_frame_are_empty_but_valid(name: str, tmp_path: Path) -> None:
    if name == "out.parquet":
        pytest.importorskip("pyarrow")
    MAKERS[name](tmp_path / name).close()
    assert rows_of(tmp_path / name) == []


@pytest.mark.parametrize("name", ["out.png", "out.mp4"])
def test_pictures_without_a_frame_are_said_not_written(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("old")
    sink = PictureSink(tmp_path / name) if name == "out.png" else VideoSink(tmp_path / name)
    sink.close()
    sink.close()
    assert sink.warnings == [f"nothing was written to {tmp_path / name}: no frame came"]
    assert (tmp_path / name).read_text() == "old"
    assert os.listdir(tmp_path) == [name]


# All together


def test_an_interruption_closes_and_an_error_aborts(tmp_path: Path) -> None:
    for error, left in ((KeyboardInterrupt, ["a.jsonl", "b.csv"]), (BrokenPipeError, ["a.jsonl", "b.csv"])):
        with pytest.raises(error), finishing(JsonLinesSink(tmp_path / "a.jsonl"), CsvSink(tmp_path / "b.csv")):
            raise error
        assert sorted(os.listdir(tmp_path)) == left
        for name in left:
            (tmp_path / name).unlink()
    with pytest.raises(ValueError), finishing(JsonLinesSink(tmp_path / "a.jsonl"), CsvSink(tmp_path / "b.csv")):
        raise ValueError
    assert os.listdir(tmp_path) == []


def test_one_sink_that_cannot_close_does_not_stop_the_others(tmp_path: Path) -> None:
    class Broken:
        def write(self, reading: Reading, frame: Frame) -> None: ...
        def close(self) -> None:
            raise SinkError("cannot")

        def abort(self) -> None: ...

    with pytest.raises(SinkError, match="cannot"), finishing(Broken(), JsonLinesSink(tmp_path / "a.jsonl")):
        pass
    assert os.listdir(tmp_path) == ["a.jsonl"]


# Lines and tables


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        found: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return found
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@given(readings)
def test_lines_give_back_what_was_written(made: Reading) -> None:
    stream = io.StringIO()
    sink = JsonLinesSink(stream, points=True)
    for _ in range(2):
        sink.write(made, frame())
    sink.close()
    sink.abort()
    assert stream.getvalue().isascii()
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [made.to_dict(points=True)] * 2


def test_lines_to_a_stream_come_at_once_and_leave_it_open(tmp_path: Path) -> None:
    with (tmp_path / "pipe").open("w") as stream:
        sink = JsonLinesSink(stream)
        sink.write(TWO, frame())
        assert json.loads((tmp_path / "pipe").read_text()) == TWO.to_dict()
        sink.close()
        assert not stream.closed


def test_a_reader_that_left_is_no_error_of_ours() -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        JsonLinesSink(Left()).write(TWO, frame())


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_table_has_one_row_a_face(name: str, tmp_path: Path) -> None:
    if name == "out.parquet":
        pytest.importorskip("pyarrow")
    sink = MAKERS[name](tmp_path / name)
    for made in (TWO, reading(index=4), TWO):
        sink.write(made, frame())
    sink.close()
    rows = rows_of(tmp_path / name)
    assert len(rows) == 4
    assert list(rows[0]) == [
        *("source", "index", "time_s", "track_id", "x1", "y1", "x2", "y2", "score", "roll_deg", "yaw_deg"),
        *("pitch_deg", "label", "confidence", "sure", "doubts", "valence", "tone", "tone_confidence"),
        *("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt", "unknown", "not_a_face"),
        *(f"fer2013_{label}" for label in FER2013),
    ]
    first, second = rows[0], rows[1]
    assert (first["label"], first["doubts"]) == ("happy", "dark; blurred")
    assert [float(first[key]) for key in ("happy", "contempt", "unknown", "not_a_face")] == [0.7, 0.1, 0.15, 0.05]
    assert [float(first[key]) for key in ("index", "time_s", "x1", "x2")] == [3, 0.12, 10, 50]
    assert second["label"] in (None, "")
    assert second["happy"] in (None, "")


def test_csv_survives_any_name(tmp_path: Path) -> None:
    name = 'odd, "name"\n高兴\udc80.mp4'
    sink = CsvSink(tmp_path / "out.csv")
    sink.write(Reading(name, 0, 0, 1, 1, (face(),)), frame())
    sink.close()
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row["source"] for row in csv.DictReader(file)] == [name.replace("\udc80", "?")]


def test_parquet_is_written_in_row_groups_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    write_all(ParquetSink(path, row_group=4), *(i / 10 for i in range(10)))
    opened = parquet.ParquetFile(path)
    assert [opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)] == [4, 4, 2]
    kinds = {field.name: str(field.type) for field in opened.schema_arrow}
    assert (kinds["track_id"], kinds["sure"], kinds["happy"], kinds["label"]) == ("int64", "bool", "double", "string")
    opened.close()


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install '.\[tables\]'"):
        tables.ParquetSink(tmp_path / "out.parquet")
    assert os.listdir(tmp_path) == []


# Pictures


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".JPG", "JPEG"), (".jpeg", "JPEG"), (".webp", "WEBP")])
def test_a_picture_has_the_format_of_its_suffix(suffix: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    sink = PictureSink(path)
    sink.write(TWO, frame(level=200))
    sink.close()
    with Image.open(path) as opened:
        assert (opened.format, opened.size) == (kind, (32, 24))
        assert abs(int(np.asarray(opened.convert("RGB")).mean()) - 200) <= 2


def test_a_second_picture_is_refused(tmp_path: Path) -> None:
    sink = PictureSink(tmp_path / "out.png")
    sink.write(TWO, frame())
    with pytest.raises(SinkError, match=r"holds one picture and more came: choose one of \.mp4"):
        sink.write(TWO, frame())
    sink.abort()


def test_a_picture_too_large_for_its_format_is_said(tmp_path: Path) -> None:
    sink = PictureSink(tmp_path / "out.webp")
    with pytest.raises(SinkError, match="cannot write"):
        sink.write(TWO, frame(size=(16_500, 1)))
    sink.abort()
    assert os.listdir(tmp_path) == []


# Clips


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


# Which sink


def test_stills_become_pictures_and_streams_clips(tmp_path: Path) -> None:
    for source, name, kind in [
        (FakeSource("a.jpg"), "out.png", PictureSink),
        (FakeSource("a.mp4", True), "out.mp4", VideoSink),
    ]:
        sink = open_annotation(tmp_path / name, source)
        assert isinstance(sink, kind)
        sink.abort()


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        (FakeSource("a.jpg"), "out.mp4", "a.jpg is a still picture: choose one of .png"),
        (FakeSource("a.mp4", True), "out.png", "a.mp4 moves, .* cannot: choose one of .mp4"),
        (FakeSource("a.mp4", True), "out.avi", "end its name with one of .mp4, .mkv, .webm"),
        (FakeSource("a.jpg"), "out", "end its name with one of .png"),
    ],
)
def test_a_suffix_that_does_not_fit_is_wrong_usage(source: FakeSource, name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        open_annotation(tmp_path / name, source)
    assert os.listdir(tmp_path) == []


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_text("mine")
    with pytest.raises(UsageError, match="is the input itself"):
        open_annotation(photo, FakeSource("photo.png", path=photo))
    assert photo.read_text() == "mine"


def test_a_folder_of_inputs_keeps_them_all(tmp_path: Path) -> None:
    inputs = [tmp_path / name for name in ("p.bmp", "p.png", "p-2.png", "q.gif", "q.mp4")]
    for path in inputs:
        path.write_text(path.name)
    (tmp_path / "q-2.mp4").symlink_to(tmp_path / "q.mp4")  # a file is known under its other names too
    folder = AnnotationFolder(tmp_path, inputs)
    for path in inputs:
        write_all(folder.open(FakeSource(path.name, path.suffix in (".gif", ".mp4"), path=path)), 0)
    assert [path.read_text() for path in inputs] == [path.name for path in inputs]
    made = set(os.listdir(tmp_path)) - {path.name for path in inputs} - {"q-2.mp4"}
    assert made == {"p-3.png", "p-4.png", "p-2-2.png", "q-3.mp4", "q-4.mp4"}


def test_a_folder_keeps_the_source_that_nobody_told_it_of(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_text("mine")
    write_all(AnnotationFolder(tmp_path).open(FakeSource("photo.png", path=tmp_path / "photo.png")), 0)
    assert (tmp_path / "photo.png").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["photo-2.png", "photo.png"]


def test_many_inputs_fill_a_folder(tmp_path: Path) -> None:
    folder = AnnotationFolder(tmp_path / "out")
    inputs = [
        ("x/a.jpg", False),
        ("y/A.jpg", False),
        ("a.tiff", False),
        ("clip.gif", True),
        ("clip.mkv", True),
        ("0", True),
    ]
    for name, is_stream in inputs:
        sink = folder.open(FakeSource(name, is_stream, path=Path(name)))
        sink.write(TWO, frame())
        sink.close()
    assert sorted(os.listdir(tmp_path / "out")) == ["0.mp4", "A-2.jpg", "a.jpg", "a.png", "clip.mkv", "clip.mp4"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "no" / "out", tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(MienError, match="cannot write"):
            AnnotationFolder(place)
