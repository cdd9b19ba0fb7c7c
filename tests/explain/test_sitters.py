"""Which faces are explained, and how they are cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, write_csv
from PIL import Image

from mien import images
from mien.errors import DataError, SourceError, UsageError
from mien.explain import gallery
from mien.explain.sitters import Sitter, one_of_each, sitters_of
from mien.explain.subject import Subject, open_subject
from mien.pipeline import Pipeline


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture(scope="module")
def default() -> Subject:
    return open_subject()


def test_a_photo_is_cut_as_the_pipeline_cuts_it(pipeline: Pipeline, default: Subject, astronaut: Path) -> None:
    (sitter,) = sitters_of(astronaut, pipeline)
    assert sitter.name == "astronaut"
    assert sitter.frame is not None
    assert sitter.face is not None
    assert np.array_equal(sitter.crop(default), pipeline.crops(sitter.frame.image, [sitter.face])[0])


def test_of_two_faces_the_larger_comes_first_to_be_kept(pipeline: Pipeline, astronaut: Path, tmp_path: Path) -> None:
    photo = images.decode_image(astronaut)
    small = np.asarray(Image.fromarray(photo).resize((256, 256)))
    canvas = np.full((512, 800, 3), 90, np.uint8)
    canvas[:256, :256], canvas[:, 288:] = small, photo
    Image.fromarray(canvas).save(tmp_path / "two.png")
    both = sitters_of(tmp_path / "two.png", pipeline)
    assert [sitter.name for sitter in both] == ["two, 1", "two, 2"]
    (one,) = sitters_of(tmp_path / "two.png", pipeline, most=1)
    assert one.face is not None
    assert one.face.box.centre[0] > 288


def test_a_folder_gives_the_largest_face_of_each_photo(pipeline: Pipeline, astronaut: Path, tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.jpg").write_bytes(astronaut.read_bytes())
    Image.new("RGB", (200, 200)).save(tmp_path / "c.png")
    calls: list[tuple[int, int]] = []
    found = sitters_of(tmp_path, pipeline, progress=lambda done, total: calls.append((done, total)))
    assert [sitter.name for sitter in found] == ["a", "b"]
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert len(sitters_of(tmp_path, pipeline, most=1)) == 1


def test_what_is_no_picture_is_left_out_with_a_word_and_names_are_told_apart(
    pipeline: Pipeline, astronaut: Path, tmp_path: Path
) -> None:
    for place in ("a/me.jpg", "b/me.jpg"):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_bytes(astronaut.read_bytes())
    (tmp_path / "0.jpg").write_bytes(b"nothing")
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    told: list[str] = []
    found = sitters_of(tmp_path, pipeline, tell=told.append)
    assert [sitter.name for sitter in found] == ["me", "me (2)"]
    assert len(told) == 2 and all(line.startswith("left out: ") for line in told)
    assert "0.jpg" in told[0] and "clip.mp4" in told[1]


def test_labelled_faces_give_one_of_each_class(pipeline: Pipeline, default: Subject, tmp_path: Path) -> None:
    faces = drawn_faces(40)
    data, _ = write_csv(tmp_path, faces)
    found = sitters_of(data, pipeline)
    labels = [int(label) for label in faces.labels]
    assert len(found) == len(set(labels))
    for sitter in found:
        assert any(np.array_equal(sitter.image, face) for face in faces.pixels)
        assert np.array_equal(sitter.crop(default), sitter.image)
    assert {sitter.name for sitter in one_of_each(faces)} == set(gallery.one_per_class(faces))


def test_a_small_picture_without_a_face_is_taken_as_a_cut_one(
    pipeline: Pipeline, default: Subject, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "cut.png")
    (sitter,) = sitters_of(tmp_path / "cut.png", pipeline)
    assert np.array_equal(sitter.image, pixels[:, 10:70])
    assert sitter.crop(default).shape == (48, 48)
    assert sitter.face is None


def test_a_crop_is_a_copy(default: Subject) -> None:
    image = np.zeros((48, 48), np.uint8)
    Sitter("x", image).crop(default)[:] = 255
    assert not image.any()


def test_what_has_no_face_or_is_not_there_is_said(pipeline: Pipeline, tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "blank.png")
    with pytest.raises(SourceError, match=r"no face was found in .*blank"):
        sitters_of(tmp_path / "blank.png", pipeline)
    with pytest.raises(SourceError, match=r"no face was found in .*blank"):
        sitters_of(tmp_path, pipeline)
    with pytest.raises(SourceError):
        sitters_of(tmp_path / "nosuch.png", pipeline)
    with pytest.raises(DataError):
        sitters_of(tmp_path / "nosuch.csv", pipeline)
    with pytest.raises(UsageError, match="at least one"):
        sitters_of(tmp_path / "blank.png", pipeline, most=0)
