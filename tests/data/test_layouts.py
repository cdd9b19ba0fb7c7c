"""Folders and manifests, written and read back alike; what is odd is told; and which layout a folder has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from face_sets import same_faces
from layout_files import CLASS_NAMES, FACES, WRITERS, check, picture_paths, save, write_classes, write_table
from PIL import Image

from mien.data import affectnet, folders, manifest
from mien.data.faceset import LABELS, SPLITS, VOTE_LABELS
from mien.data.load import LAYOUTS, find_layout, load_faces
from mien.data.pictures import cut_faces
from mien.errors import DataError, MienError, UsageError

# --- folders by class -------------------------------------------------------------------------------------------------


ENDINGS = [".png", ".bmp", ".tif", ".webp", ".PNG", ".pgm", ".ppm", ".pbm", ".pnm",
           ".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c"]  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_for_each_class(tmp_path: Path, ending: str) -> None:
    if ending == ".webp":
        write_classes(tmp_path, ending=".png")
        for path in [*tmp_path.rglob("*.png")]:
            Image.open(path).save(path.with_suffix(".webp"), lossless=True)
            path.unlink()
    else:
        write_classes(tmp_path, ending=ending)
    assert find_layout(tmp_path) == ("classes", tmp_path)
    check(load_faces(tmp_path), FACES.labels.tolist(), ["Training"] * 9)


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "PublicTest", "PrivateTest"),
                                   ("Train", "validation", "Testing")])  # fmt: skip
def test_a_folder_for_each_split_and_class(tmp_path: Path, names: tuple[str, ...]) -> None:
    write_classes(tmp_path, splits=dict(zip(SPLITS, names, strict=True)))
    check(load_faces(tmp_path), FACES.labels.tolist(), FACES.splits.tolist())
    assert set(load_faces(tmp_path, split="val").splits) == set(load_faces(tmp_path, split="PublicTest").splits)


def test_what_lies_deeper_or_is_no_picture_does_not_disturb(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "archive" / "images")
    for path in data.glob("*/0.png"):
        (path.parent / "more").mkdir()
        path.rename(path.parent / "more" / "0.png")
        (path.parent / "Thumbs.db").write_bytes(b"no picture")
        (path.parent / ".hidden.png").write_bytes(b"no picture")
    (data / ".git" / "x").mkdir(parents=True)
    check(load_faces(tmp_path), FACES.labels.tolist(), ["Training"] * 9)


needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there, and pipes are no files")


@needs_links
def test_links_to_folders_are_followed_but_never_in_a_circle(tmp_path: Path) -> None:
    data, other = write_classes(tmp_path / "data"), tmp_path / "other"
    for path in data.glob("*/[0-4].png"):
        (other / path.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(other / path.parent.name / path.name)
    for place in other.iterdir():
        (data / place.name).mkdir(exist_ok=True)
        (data / place.name / "linked").symlink_to(place, target_is_directory=True)
        (data / place.name / "once more").symlink_to(place, target_is_directory=True)
        (place / "itself").symlink_to(place, target_is_directory=True)
        (data / place.name / "all").symlink_to(data, target_is_directory=True)
    check(load_faces(data), FACES.labels.tolist(), ["Training"] * 9)


@needs_links
def test_a_link_that_leads_nowhere_is_told_and_a_pipe_is_no_picture(tmp_path: Path) -> None:
    place = write_classes(tmp_path) / "Sad"
    place.mkdir(exist_ok=True)
    (place / "gone.png").symlink_to(tmp_path / "nothing.png")
    os.mkfifo(place / "pipe.jpg")
    assert load_faces(tmp_path).notes == (f"1 of 10 pictures cannot be read and are left out: {place / 'gone.png'}",)


@pytest.mark.parametrize("split", [None, "val"])
def test_pictures_in_no_folder_of_a_class_are_counted(tmp_path: Path, split: str | None) -> None:
    write_classes(tmp_path, splits=dict(zip(SPLITS, ("train", "val", "test"), strict=True)) if split else None)
    loose = [tmp_path / "a.png", tmp_path / "b.jpg", *([tmp_path / "train" / "c.png"] if split else [])]
    for path in (*loose, tmp_path / ".hidden.png", tmp_path / "notes.txt"):
        path.write_bytes(b"never looked at")
    read = load_faces(tmp_path, split=split)
    assert read.notes == (
        f"{len(loose)} pictures lie in no folder of a class and are left out: {', '.join(map(str, loose))}",
    )
    assert len(read) == (3 if split else 9)


def test_unknown_classes_are_named_unless_they_are_ignored(tmp_path: Path) -> None:
    write_classes(tmp_path)
    for name in ("talking", "talking2"):
        save(tmp_path / name / "90.png", FACES.pixels[0])
    save(tmp_path / "talking" / "91.png", FACES.pixels[0])
    with pytest.raises(DataError, match=r"labels that are not known: 'talking' \(2 x\), 'talking2' \(1 x\); known are"):
        load_faces(tmp_path)
    read = cut_faces(folders.list_classes(tmp_path, ignore=["Talking", "talking 2"]))
    check(read, FACES.labels.tolist(), ["Training"] * 9)


def test_folders_called_by_numbers_are_no_classes(tmp_path: Path) -> None:
    save(tmp_path / "0" / "1.png", FACES.pixels[0])
    save(tmp_path / "1" / "2.png", FACES.pixels[1])
    with pytest.raises(DataError, match="its folders are: 0, 1"):
        load_faces(tmp_path)
    with pytest.raises(DataError, match="numbers name no label here, write words"):
        load_faces(tmp_path, layout="classes")


def test_other_folders_beside_those_of_splits_are_refused(tmp_path: Path) -> None:
    write_classes(tmp_path, splits=dict(zip(SPLITS, ("train", "val", "test"), strict=True)))
    save(tmp_path / "happy" / "10.png", FACES.pixels[0])
    with pytest.raises(DataError, match="has happy beside folders of splits"):
        load_faces(tmp_path)


# --- manifests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_manifest_with_all_that_it_may_hold(tmp_path: Path, ending: str) -> None:
    valence = np.linspace(-1, 1, 9)
    columns: dict[str, list[object]] = {
        "path": picture_paths(tmp_path),
        "label": [CLASS_NAMES[label] for label in FACES.labels],
        "valence": valence.tolist(),
        "split": ["train", "val", "test"] * 3,
        **{name: FACES.votes[:, index].tolist() for index, name in enumerate(VOTE_LABELS)},
    }
    read = load_faces(write_table(tmp_path / f"set{ending}", columns))
    check(read, FACES.labels.tolist(), FACES.splits.tolist())
    assert np.array_equal(read.votes, FACES.votes)
    assert read.valence == pytest.approx(valence, abs=1e-6)


def test_a_manifest_may_hold_one_kind_of_answer_alone(tmp_path: Path) -> None:
    paths = picture_paths(tmp_path)
    valence = load_faces(write_table(tmp_path / "a.csv", {"valence": [0.5, *[""] * 8], "file": paths}))
    assert valence.valence[0] == 0.5
    assert np.isnan(valence.valence[1:]).all()
    assert (valence.labels == -1).all()
    votes = load_faces(write_table(tmp_path / "b.csv", {"image": paths, "votes_happiness": [7] * 9, "NF": [3] * 9}))
    assert votes.votes[0].tolist() == [0, 7, 0, 0, 0, 0, 0, 0, 0, 3]
    label = load_faces(write_table(tmp_path / "c.csv", {"Image": paths, "Emotion": ["happy", *[""] * 8]}))
    assert label.labels.tolist() == [3] + [-1] * 8


def test_paths_may_be_absolute_or_written_on_windows(tmp_path: Path) -> None:
    paths = picture_paths(tmp_path)
    paths[0], paths[1] = str(tmp_path / str(paths[0])), "faces\\1.png"
    write_table(tmp_path / "manifest.csv", {"path": paths, "label": ["sad"] * 9})
    assert find_layout(tmp_path) == ("manifest", tmp_path / "manifest.csv")
    check(load_faces(tmp_path), [4] * 9, ["Training"] * 9)


def test_labels_of_a_manifest_are_ignored_when_the_caller_says_so(tmp_path: Path) -> None:
    data = write_table(tmp_path / "a.csv", {"path": picture_paths(tmp_path), "label": ["happy", "bored", *["sad"] * 7]})
    assert len(manifest.list_manifest(data, ignore=["bored"]).pictures) == 8


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": "happy"}, "is neither fer2013.csv .* nor a manifest"),
        ({"path": "faces/0.png"}, "is neither fer2013.csv .* nor a manifest"),
        ({"path": "faces/0.png", "label": "3"}, r"not known: '3' \(1 x\); .*numbers name no label"),
        ({"path": "faces/none.png", "label": "sad"}, r"1 of 1 pictures are missing: .*none.png"),
        ({"path": "", "label": "sad"}, "1 of 1 pictures are missing"),
        ({"path": "a\0b", "label": "sad"}, "1 of 1 pictures are missing|is no CSV file"),
        ({"path": "x" * 300, "label": "sad"}, "1 of 1 pictures are missing"),
        ({"path": "faces/0.png", "label": "sad", "split": "middle"}, "row 1: 'middle' is no split"),
        ({"path": "faces/0.png", "valence": "2"}, "row 1: a valence is a number from -1 to 1, got '2'"),
        ({"path": "faces/0.png", "valence": "good"}, "row 1: a valence is a number from -1 to 1"),
        ({"path": "faces/0.png", "happy": "-1"}, r"row 1: happy counts votes, 0..1000; got '-1'"),
        ({"path": "faces/0.png", "happy": "many"}, "row 1: happy counts votes"),
        ({"path": "faces/0.png", "happy": "0.7", "sad": "0.3"}, "holds shares; votes are counts"),
        ({"path": "faces/0.png", "happy": "7", "happiness": "3"}, "two columns of votes for one label"),
    ],
)
def test_a_manifest_with_a_fault_says_which(tmp_path: Path, columns: dict[str, str], message: str) -> None:
    picture_paths(tmp_path)
    data = write_table(tmp_path / "a.csv", {name: [value] for name, value in columns.items()})
    with pytest.raises(DataError, match=message) as error:
        load_faces(data)
    assert len(str(error.value).splitlines()) == 1


def test_lines_of_a_manifest_with_too_many_or_too_few_cells_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,label\nfaces/0.png,sad\nfaces/1.png\n")
    with pytest.raises(DataError, match="line 3: expected 2 cells, got 1"):
        load_faces(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("path,label\n")
    with pytest.raises(DataError, match="lists no pictures"):
        load_faces(tmp_path / "a.csv")


# --- which layout -----------------------------------------------------------------------------------------------------


def test_an_unknown_layout_lists_the_choices(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no layout 'jaffe'; there are: fer2013, classes, manifest, affectnet"):
        load_faces(tmp_path, layout="jaffe")


def test_the_option_names_every_layout() -> None:
    from mien.cli.options import LAYOUT

    assert all(name in str(LAYOUT.help) for name in LAYOUTS)


def test_data_that_are_not_there_or_of_no_layout_say_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / ("x" * 300), Path("nul\0")):
        with pytest.raises(DataError, match=r"cannot read .*: No such file or directory"):
            load_faces(path)
    with pytest.raises(DataError, match=r"has no layout that is known .* its folders are: none"):
        load_faces(tmp_path)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"is neither fer2013.csv .* its first line says: 'a, b'"):
        load_faces(tmp_path / "x.csv")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_asked_for_where_it_is_not_is_one_line(tmp_path: Path, layout: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"\xff\0 no table")
    for place in (tmp_path / "empty", tmp_path / "file", tmp_path / "none"):
        with pytest.raises(DataError) as error:
            load_faces(place, layout=layout)
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("wrapper", [".", "archive/images"])
def test_a_layout_asked_for_begins_where_it_would_be_found(tmp_path: Path, layout: str, wrapper: str) -> None:
    (tmp_path / wrapper).mkdir(parents=True, exist_ok=True)
    WRITERS[layout](tmp_path / wrapper)
    assert find_layout(tmp_path)[0] == layout
    asked, found = load_faces(tmp_path, layout=layout), load_faces(tmp_path)
    assert same_faces(asked, found)
    assert len(asked)


def test_a_manifest_asked_for_may_be_a_table_of_any_name_or_parquet_in_a_folder(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"path": picture_paths(tmp_path), "label": ["sad"] * 9}
    table = write_table(tmp_path / "faces.csv", columns)
    check(load_faces(table, layout="manifest"), [4] * 9, ["Training"] * 9)
    with pytest.raises(DataError, match=r"cannot read .*manifest.csv: No such file"):
        load_faces(tmp_path, layout="manifest")
    write_table(tmp_path / "manifest.parquet", columns)
    check(load_faces(tmp_path, layout="manifest"), [4] * 9, ["Training"] * 9)


def test_votes_in_a_file_go_with_fer2013_alone(tmp_path: Path) -> None:
    write_classes(tmp_path)
    with pytest.raises(UsageError, match=r"votes in a file of their own go with fer2013.csv; .* read as 'classes'"):
        load_faces(tmp_path, tmp_path / "fer2013new.csv")


def test_a_split_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    write_classes(tmp_path)
    with pytest.raises(DataError, match=r"holds no split 'PublicTest'; it has: Training$"):
        load_faces(tmp_path, split="val")


@pytest.mark.parametrize("layout", ["classes", "affectnet", "affectnet-csv"])
def test_folders_that_may_not_be_read_are_one_line(
    tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITERS[layout](tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr("os.scandir", refuse)
    monkeypatch.setattr("os.listdir", refuse)
    with pytest.raises(MienError) as error:
        load_faces(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_affectnets_codes_are_all_known() -> None:
    assert [name for name in affectnet.CODES if name not in LABELS] == ["none", "uncertain", "no face"]
