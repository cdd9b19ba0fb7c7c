"""FERPlus's votes from its folders of label.csv: the same as line by line, and never those of other faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, same_faces, shared_faces, write_csv, write_label_csv
from hypothesis import given
from hypothesis import strategies as st

from mien.data.faceset import SPLITS, FaceSet
from mien.data.fer2013 import load_fer2013
from mien.data.load import load_faces
from mien.errors import DataError


def some_faces() -> FaceSet:
    """Faces in FER2013's order of splits, two of them left out by FERPlus, one occurring twice."""
    faces = drawn_faces(24)
    pixels, named = faces.pixels.copy(), faces.named.copy()
    pixels[5] = pixels[2]
    named[[3, 17]] = False
    votes = np.where(named[:, None], faces.votes, 0)
    return replace(faces, pixels=pixels, named=named, votes=votes, splits=np.repeat(SPLITS, 8))


def own_numbers(faces: FaceSet) -> FaceSet:
    """FERPlus's own numbers, which do not count the faces that it leaves out."""
    return replace(faces, rows=np.cumsum(faces.named) - 1)


@pytest.mark.parametrize("pictures", [True, False])
@pytest.mark.parametrize("box", [True, False])
def test_folders_give_the_votes_of_the_one_file(tmp_path: Path, pictures: bool, box: bool) -> None:
    faces = some_faces()
    data, _ = write_csv(tmp_path, faces)
    (tmp_path / "fer2013new.csv").unlink()
    folder = write_label_csv(tmp_path / "FERPlus", faces, pictures=pictures, box=box)
    assert same_faces(load_fer2013(data, folder), faces)
    assert same_faces(load_fer2013(data, folder, only="PublicTest"), faces.split("PublicTest"))


def test_own_numbers_are_joined_by_the_pictures(tmp_path: Path) -> None:
    faces = some_faces()
    data, votes = write_csv(tmp_path, faces)
    votes.unlink()
    folder = write_label_csv(tmp_path / "FERPlus", own_numbers(faces), pictures=True)
    assert same_faces(load_fer2013(data, folder), faces)


@pytest.mark.parametrize("place", [".", "FERPlus", "FERPlus/FER2013Train"])
def test_own_numbers_are_joined_by_the_one_file_nearby(tmp_path: Path, place: str) -> None:
    faces = some_faces()
    data, votes = write_csv(tmp_path, faces)
    folder = write_label_csv(tmp_path / "FERPlus", own_numbers(faces))
    lines = votes.read_text().splitlines()
    numbers = own_numbers(faces).rows
    for row in np.flatnonzero(faces.named):
        lines[row + 1] = lines[row + 1].replace(f"fer{row:07d}", f"fer{numbers[row]:07d}")
    votes.unlink()
    (tmp_path / place / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    wanted = faces if place != "FERPlus/FER2013Train" else faces.split("Training")
    assert same_faces(load_fer2013(data, folder, only=None if len(wanted) == 24 else "Training"), wanted)


def test_own_numbers_alone_are_refused(tmp_path: Path) -> None:
    faces = some_faces()
    data, votes = write_csv(tmp_path, faces)
    votes.unlink()
    folder = write_label_csv(tmp_path / "FERPlus", own_numbers(faces))
    with pytest.raises(
        DataError, match=r"names fer0000015.png, which is no face of its split .*put FERPlus's fer2013new"
    ):
        load_fer2013(data, folder)


def test_votes_of_other_faces_do_not_pass_for_those_of_these(shared_fer2013: Path, tmp_path: Path) -> None:
    faces = shared_faces(shared_fer2013, np.arange(400))
    data, votes = write_csv(tmp_path, faces)
    votes.unlink()
    folder = write_label_csv(tmp_path / "right", faces)
    assert same_faces(load_fer2013(data, folder), replace(faces, votes=faces.votes * faces.named[:, None]))
    late = np.arange(60, 400)  # as FERPlus's numbers are: by one behind from the first face on that is not counted
    shifted = replace(faces.take(late), rows=late - 1)
    folder = write_label_csv(tmp_path / "wrong", shifted)
    with pytest.raises(DataError, match="numbers its pictures otherwise than the rows"):
        load_fer2013(data, folder)


def test_one_of_the_folders_or_files_may_be_named(tmp_path: Path) -> None:
    faces = some_faces()
    data, _ = write_csv(tmp_path, faces)
    folder = write_label_csv(tmp_path / "FERPlus" / "data", faces)
    wanted = faces.split("PublicTest")
    for votes in (folder.parent, folder, folder / "FER2013Valid", folder / "FER2013Valid" / "label.csv"):
        assert same_faces(load_fer2013(data, votes, only="PublicTest"), wanted)
    with pytest.raises(DataError, match=r"has no FER2013Test/label.csv for the split 'PrivateTest'"):
        load_fer2013(data, folder / "FER2013Valid")


def test_a_folder_without_votes_says_what_was_expected(tmp_path: Path) -> None:
    data, _ = write_csv(tmp_path, some_faces())
    with pytest.raises(DataError, match=r"holds no votes: expected FERPlus's fer2013new.csv, or a folder with FER2013"):
        load_fer2013(data, tmp_path)


@pytest.mark.parametrize("cells", [1, 2, 11])
def test_a_line_with_too_few_cells_is_named_wherever_its_columns_stand(tmp_path: Path, cells: int) -> None:
    data, votes = write_csv(tmp_path, some_faces())
    lines = [line.split(",") for line in votes.read_text().splitlines()]
    lines = [[*line[1:], line[0]] for line in lines]  # Usage comes last
    lines[3] = lines[3][:cells]
    votes.write_text("\n".join(map(",".join, lines)) + "\n")
    with pytest.raises(DataError, match=rf"fer2013new.csv, line 4: expected 12 cells, got {cells}$"):
        load_fer2013(data, votes)


def test_lines_of_other_splits_are_refused(tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, some_faces())
    lines = votes.read_text().splitlines()
    votes.write_text("\n".join([lines[0], *lines[2:], lines[1]]) + "\n")
    with pytest.raises(DataError, match=r"line 9 says 'PublicTest', .* says 'Training': the two must go together"):
        load_fer2013(data, votes)


def test_the_folders_are_data_of_their_own(tmp_path: Path) -> None:
    faces = some_faces()
    read = load_faces(write_label_csv(tmp_path / "FERPlus", faces, pictures=True))
    wanted = faces.take(faces.named)
    assert np.array_equal(read.pixels, wanted.pixels)
    assert np.array_equal(read.votes, wanted.votes)
    assert np.array_equal(read.splits, wanted.splits)
    assert (read.labels == -1).all()


@given(st.one_of(st.binary(max_size=120), st.text('"\n,0 9-fer.png()\0', max_size=60).map(str.encode)))
def test_any_label_csv_is_votes_or_one_line(tmp_path: Path, content: bytes) -> None:
    data, _ = write_csv(tmp_path, drawn_faces(2))
    place = tmp_path / "FERPlus" / "FER2013Train"
    place.mkdir(parents=True, exist_ok=True)
    (place / "label.csv").write_bytes(content)
    try:
        load_fer2013(data, place.parent)
    except DataError as error:
        assert len(str(error).splitlines()) == 1
