"""The Python interface: the same picture in every form, streams and folders, and errors as they should be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.errors import SourceError, UsageError
from mien.models import DEFAULT_MODEL
from mien.types import ImageArray, Reading


@pytest.fixture(scope="module")
def reader() -> mien.Reader:
    return mien.Reader()


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> ImageArray:
    return np.asarray(Image.open(astronaut).convert("RGB"))


def faces_of(reading: Reading) -> list[dict[str, object]]:
    return [face.to_dict() for face in reading.faces]


def test_one_picture_in_every_form_is_read_alike(reader: mien.Reader, astronaut: Path, photo: ImageArray) -> None:
    wanted = faces_of(reader.read(astronaut))
    assert len(wanted) == 1
    for form in (str(astronaut), astronaut.read_bytes(), Image.open(astronaut), photo):
        assert faces_of(reader.read(form)) == wanted
    assert faces_of(reader.read(np.ascontiguousarray(photo[..., ::-1]), bgr=True)) == wanted


def test_the_source_is_named(reader: mien.Reader, astronaut: Path) -> None:
    assert reader.read(astronaut).source.endswith("astronaut.jpg")


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_bytes_that_are_no_picture(reader: mien.Reader, data: bytes) -> None:
    with pytest.raises(SourceError):
        reader.read(data)


def test_a_file_that_is_not_there(reader: mien.Reader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.jpg"):
        reader.read(tmp_path / "none.jpg")
    with pytest.raises(SourceError, match=r"none\.jpg"):
        list(reader.watch(tmp_path / "none.jpg"))


@pytest.mark.parametrize("shape", [(10, 10, 5), (10,), (0, 10, 3), (2, 10, 10, 3, 1)])
def test_an_array_that_is_no_picture(reader: mien.Reader, shape: tuple[int, ...]) -> None:
    with pytest.raises((SourceError, UsageError)):
        reader.read(np.zeros(shape, np.float64))


def test_nothing_to_read_is_an_error_and_not_an_empty_answer(reader: mien.Reader) -> None:
    with pytest.raises(SourceError):
        reader.read([])  # type: ignore[arg-type]


def test_a_folder_is_watched_picture_by_picture(reader: mien.Reader, photo: ImageArray, tmp_path: Path) -> None:
    Image.fromarray(photo).save(tmp_path / "b.png")
    Image.fromarray(photo[:, ::-1]).save(tmp_path / "a.png")
    Image.new("RGB", (90, 60)).save(tmp_path / "c.png")
    readings = list(reader.watch(tmp_path))
    assert [Path(reading.source).name for reading in readings] == ["a.png", "b.png", "c.png"]
    assert [len(reading.faces) for reading in readings] == [1, 1, 0]
    assert all(face.track_id is None for reading in readings for face in reading.faces)


def test_a_path_is_never_a_camera(reader: mien.Reader, astronaut: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("2024").mkdir()
    for name in ("2024/a.jpg", "0012", "screen"):
        Path(name).write_bytes(astronaut.read_bytes())
    for name in ("2024", "0012", "screen"):
        assert len(list(reader.watch(Path(name)))) == 1


def frames(photo: ImageArray, count: int) -> Iterator[ImageArray]:
    for shift in range(count):
        yield np.roll(photo, 4 * shift, axis=1)


def test_frames_are_a_stream_with_one_person(reader: mien.Reader, photo: ImageArray) -> None:
    readings = list(reader.watch(frames(photo, 5)))
    assert [reading.index for reading in readings] == [0, 1, 2, 3, 4]
    assert len({face.track_id for reading in readings for face in reading.faces}) == 1
    times = [reading.time_s for reading in readings]
    assert times == sorted(times)


def test_the_next_stream_begins_anew(reader: mien.Reader, photo: ImageArray) -> None:
    one, two = ([faces_of(reading) for reading in reader.watch(frames(photo, 3))] for _ in range(2))
    assert one == two


def test_a_consumer_may_stop_early(reader: mien.Reader, photo: ImageArray) -> None:
    closed = []

    def endless() -> Iterator[ImageArray]:
        try:
            yield from itertools.repeat(photo)
        finally:
            closed.append(True)

    watched = reader.watch(endless())
    assert len(next(watched).faces) == 1
    watched.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_options_of_the_source_pass_through(reader: mien.Reader, photo: ImageArray) -> None:
    readings = list(reader.watch(frames(photo, 5), every=2))
    assert [reading.index for reading in readings] == [0, 2, 4]


def test_an_option_that_there_is_not_is_wrong_usage(reader: mien.Reader, photo: ImageArray) -> None:
    with pytest.raises(UsageError, match="no option 'fps'"):
        list(reader.watch(frames(photo, 1), fps=3))


def test_frames_are_beside_their_readings(reader: mien.Reader, photo: ImageArray) -> None:
    for reading, frame in reader.watch_frames(frames(photo, 2)):
        assert (frame.index, frame.width, frame.height) == (reading.index, reading.width, reading.height)


def test_options_of_the_pipeline_pass_through(astronaut: Path) -> None:
    reader = mien.Reader(max_faces=1, model=str(DEFAULT_MODEL), tiles=False, smoothing_s=0.0)
    assert reader.pipeline.options.max_faces == 1
    assert len(reader.read(astronaut).faces) == 1
    with pytest.raises(UsageError, match="no detector"):
        mien.Reader(detector="none")


def test_no_model_named_is_the_embedded_one() -> None:
    assert mien.Reader(model=None).pipeline.options.model == DEFAULT_MODEL


def test_an_option_that_there_is_not_lists_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no option 'smoothness'.*smoothing_s"):
        mien.Reader(smoothness=1)
