"""The layouts of published sets (AffectNet, RAF-DB, KDEF): read back whole, and what is odd in them told."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from layout_files import AFFECTNET_HEADER, FACES, check, save, stem_order, write_affectnet, write_affectnet_csv
from PIL import Image

from mien.data import affectnet
from mien.data.faceset import LABELS
from mien.data.load import find_layout, load_faces
from mien.errors import DataError


def test_affectnet_with_annotations_of_numpy(tmp_path: Path) -> None:
    write_affectnet(tmp_path / "AffectNet", [0, "1", "2", 3.0, "4", 5, "6", "7", 1])
    assert find_layout(tmp_path)[0] == "affectnet"
    read = load_faces(tmp_path)
    check(read, [6, 3, 4, 5, 2, 1, 0, 7, 3], ["Training"] * 6 + ["PublicTest"] * 3)
    assert read.valence[stem_order(read)] == pytest.approx(np.arange(9) / 10)
    assert len(load_faces(tmp_path / "AffectNet" / "val_set", layout="affectnet")) == 3


def test_affectnets_pictures_without_an_expression_are_counted(tmp_path: Path) -> None:
    write_affectnet(tmp_path, [0, 1, 8, 8, 9, 10])
    read = load_faces(tmp_path)
    assert read.labels.tolist() == [6, 3]
    assert read.notes == ("pictures without an expression are left out: none 2, uncertain 1, no face 1",)
    write_affectnet(tmp_path, [0, 1, 11, "x", 2.5])
    with pytest.raises(DataError, match=r"labels that are not known: '11' \(1 x\), '2.5' \(1 x\), 'x' \(1 x\)"):
        load_faces(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00", b"x" * 5000])
def test_broken_annotations_are_named(tmp_path: Path, content: bytes) -> None:
    write_affectnet(tmp_path, [0, 1])
    (tmp_path / "train_set" / "annotations" / "1_exp.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"1_exp.npy does not hold one number") as error:
        load_faces(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_annotations_with_several_numbers_or_objects_are_refused(tmp_path: Path) -> None:
    write_affectnet(tmp_path, [0, 1])
    path = tmp_path / "train_set" / "annotations" / "1_exp.npy"
    for value in (np.zeros(2), np.array(None, object)):
        np.save(path, value, allow_pickle=True)
        with pytest.raises(DataError, match="does not hold one number"):
            load_faces(tmp_path)


@pytest.mark.parametrize(
    ("images", "lists"),
    [
        ("Manually_Annotated_Images", "Manually_Annotated_file_lists"),
        ("Manually_Annotated/Manually_Annotated_Images", "Manually_Annotated_file_lists"),
        ("Manually_Annotated_Images", "."),
        (".", "."),
    ],
)
def test_affectnets_csv_lists_find_their_pictures(tmp_path: Path, images: str, lists: str) -> None:
    write_affectnet_csv(tmp_path, images, lists)
    assert find_layout(tmp_path) == ("affectnet-csv", tmp_path)
    listed = affectnet.list_affectnet_csv(tmp_path).pictures
    assert [one.path.name for one in listed] == [f"{index}.png" for index in range(9)]
    assert len(affectnet.list_affectnet_csv(tmp_path / lists / "validation.csv").pictures) == 4


def test_affectnet_as_csv_lists(tmp_path: Path) -> None:
    read = load_faces(write_affectnet_csv(tmp_path, ".", "."))
    # No mesh is found on drawn blots: the box that the list gives is the crop.
    check(read, [6, 3, 4, 5, 2, 1, 0, 7, 6], ["Training"] * 5 + ["PublicTest"] * 4)
    valence = read.valence[stem_order(read)]
    assert math.isnan(valence[3])
    assert valence[4:] == pytest.approx(np.arange(4, 9) / 10)


def test_blank_lines_end_affectnets_lists_and_are_wrong_within(tmp_path: Path) -> None:
    save(tmp_path / "0.png", FACES.pixels[0])
    line = "0.png,,,,,,1,0,0\n"
    (tmp_path / "training.csv").write_text(f"{AFFECTNET_HEADER}\n{line}\n  \n,,\n\n")
    assert load_faces(tmp_path).labels.tolist() == [3]
    (tmp_path / "training.csv").write_text(f"{AFFECTNET_HEADER}\n{line}\n{line}")
    with pytest.raises(DataError, match="line 3: expected 9 cells, got 0"):
        load_faces(tmp_path)


@pytest.mark.parametrize("box", ["", "a,b,c,d", "1,1,0,5", "nan,1,5,5", "1e30,1,5,5", "9000,9000,5,5", "-50,-50,10,10"])
def test_boxes_that_are_none_do_no_harm(tmp_path: Path, box: str) -> None:
    save(tmp_path / "0.png", FACES.pixels[0])
    cells = box or ",,,"
    (tmp_path / "training.csv").write_text(f"{AFFECTNET_HEADER}\n0.png,{cells},,1,0,0\n")
    assert load_faces(tmp_path).labels.tolist() == [3]


@pytest.mark.parametrize("place", [".", "basic"])
@pytest.mark.parametrize("images", ["aligned", "aligned/aligned", "original"])
def test_rafdb(tmp_path: Path, place: str, images: str) -> None:
    lines = []
    for index in range(7):
        stem = f"train_{index:05d}" if index < 5 else f"test_{index:04d}"
        name = f"{stem}.jpg" if images == "original" else f"{stem}_aligned.jpg"
        path = save(tmp_path / place / "Image" / images / name, FACES.pixels[index])
        Image.fromarray(FACES.pixels[index]).save(path, format="PNG")
        lines.append(f"{stem}.jpg {index + 1}")
    (tmp_path / place / "EmoLabel").mkdir()
    (tmp_path / place / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    assert find_layout(tmp_path) == ("rafdb", tmp_path)
    check(load_faces(tmp_path), [5, 2, 1, 3, 4, 0, 6], ["Training"] * 5 + ["PrivateTest"] * 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train_00001.jpg 8\n", r"labels that are not known: '8' \(1 x\)"),
        ("train_00001.jpg\n", "line 1: expected a picture's name and a number 1..7"),
        ("other_00001.jpg 1\n", "expected train_... or test_..."),
        ("train_00001.jpg 1\n", "1 of 1 pictures are missing"),
        ("", "lists no pictures"),
    ],
)
def test_rafdb_with_a_broken_list(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel" / "list_patition_label.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        load_faces(tmp_path)


def test_kdef(tmp_path: Path) -> None:
    codes = ["AF", "AN", "DI", "HA", "NE", "SA", "SU"]
    for index, code in enumerate(codes):
        name = f"{'AB'[index % 2]}{'FM'[index % 2]}0{index}{code}{['S', 'HL', 'FR'][index % 3]}.JPG"
        path = save(tmp_path / "KDEF" / name[:4] / name, FACES.pixels[index])
        Image.fromarray(FACES.pixels[index]).save(path, format="PNG")
    assert find_layout(tmp_path)[0] == "kdef"
    check(load_faces(tmp_path), [LABELS.index(name) for name in
                                 ("fear", "angry", "disgust", "happy", "neutral", "sad", "surprise")],
          ["Training"] * 7)  # fmt: skip
    save(tmp_path / "KDEF" / "AF31" / "AF31V.JPG", FACES.pixels[0])  # the set has a few misnamed ones
    assert load_faces(tmp_path).notes == (
        "left out, since they are not called as KDEF calls its pictures (1): AF31V.JPG",
    )
