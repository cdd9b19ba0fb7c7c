"""What is written, and what is left when it cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from readings import face, reading
from sink_tools import MAKERS, READ, TWO, frame, write_all

from mien.errors import MienError, SinkError, UsageError
from mien.media.sinks import AnnotationFolder, CsvSink, JsonLinesSink, PictureSink, Sink, finishing, open_annotation
from mien.media.video_sink import VideoSink
from mien.types import Frame, Reading


@dataclass
class FakeSource:
    """What `open_annotation` asks of a source."""

    name: str
    is_stream: bool = False
    fps: float | None = 10.0
    path: Path | None = None


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
        for index in range(1 if name in ("out.png", "out.jpg") else 8):
            sink.write(reading(*crowd, index=index, time_s=index / 10), Frame(noise, index, index / 10))
    assert str(caught.value).startswith(f"cannot write {tmp_path / name}: it grew beyond")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


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
