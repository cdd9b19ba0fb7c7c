"""Drawn faces, written in each layout as it is published, and what is read of them again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from face_sets import drawn_faces, write_csv, write_label_csv
from PIL import Image

from mien.data.faceset import SPLITS, FaceSet
from mien.types import ImageArray

FACES = drawn_faces(9, splits=SPLITS)
CLASS_NAMES = ("Anger", "disgust", "FEAR", "Happiness", "Sad", "Surprised", "neutral", "Contempt")


def save(path: Path, pixels: ImageArray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def stem_order(faces: FaceSet) -> list[int]:
    """The faces by the number that ends the name of their file."""
    return [int(i) for i in np.argsort([int("".join(filter(str.isdigit, Path(file).stem))) for file in faces.files])]


def check(read: FaceSet, labels: list[int], splits: list[str]) -> None:
    """The drawn faces, in the order of their numbers, with these labels and splits."""
    ordered = read.take(np.asarray(stem_order(read)))
    assert np.array_equal(ordered.pixels, FACES.pixels[: len(labels)])
    assert ordered.labels.tolist() == labels
    assert ordered.splits.tolist() == splits
    assert ordered.named.all()
    assert not read.notes


def write_classes(folder: Path, *, splits: dict[str, str] | None = None, ending: str = ".png") -> Path:
    for index, (face, label) in enumerate(zip(FACES.pixels, FACES.labels, strict=True)):
        place = folder / splits[str(FACES.splits[index])] if splits else folder
        save(place / CLASS_NAMES[label] / f"{index}{ending}", face)
    return folder


def write_table(path: Path, columns: dict[str, list[object]]) -> Path:
    if path.suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table(columns), path)
    else:
        with open(path, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            rows.writerows(zip(*columns.values(), strict=True))
    return path


def picture_paths(folder: Path) -> list[object]:
    return [str(save(folder / "faces" / f"{i}.png", face).relative_to(folder)) for i, face in enumerate(FACES.pixels)]


def write_affectnet(folder: Path, codes: list[object]) -> Path:
    for index, code in enumerate(codes):
        place = folder / ("train_set" if index < 6 else "val_set")
        save(place / "images" / f"{index}.jpg", FACES.pixels[index])
        Image.fromarray(FACES.pixels[index]).save(place / "images" / f"{index}.jpg", format="PNG")  # without loss
        (place / "annotations").mkdir(exist_ok=True)
        np.save(place / "annotations" / f"{index}_exp.npy", np.array(code))
        np.save(place / "annotations" / f"{index}_val.npy", np.array(str(index / 10)))
    return folder


AFFECTNET_HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
)


def write_affectnet_csv(folder: Path, images: str, lists: str) -> Path:
    for name, indices in (("training", range(5)), ("validation", range(5, 9))):
        lines = [AFFECTNET_HEADER]
        for index in indices:
            save(folder / images / str(index % 2) / f"{index}.png", np.pad(FACES.pixels[index], 60))
            valence = -2 if index == 3 else index / 10
            lines.append(f"{index % 2}/{index}.png,60,60,48,48,1;2;3,{index % 8},{valence},0.1")
        (folder / lists).mkdir(parents=True, exist_ok=True)
        (folder / lists / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_rafdb(folder: Path) -> None:
    save(folder / "Image" / "aligned" / "train_00001_aligned.jpg", FACES.pixels[0])
    (folder / "EmoLabel").mkdir()
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("train_00001.jpg 4\n")


WRITERS: dict[str, Callable[[Path], object]] = {
    "fer2013": lambda folder: write_csv(folder, FACES),
    "classes": write_classes,
    "manifest": lambda folder: write_table(
        folder / "manifest.csv", {"path": picture_paths(folder), "label": ["sad"] * 9}
    ),
    "affectnet": lambda folder: write_affectnet(folder, [0, 1, 2]),
    "affectnet-csv": lambda folder: write_affectnet_csv(folder, ".", "."),
    "rafdb": write_rafdb,
    "kdef": lambda folder: save(folder / "AF01" / "AF01ANS.JPG", FACES.pixels[0]),
    "ferplus": lambda folder: write_label_csv(folder, FACES, pictures=True),
}
