"""Labelled faces for the tests: drawn ones, the shared ones from their sheets, and the two public files they make."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.data.faceset import FaceSet
from mien.types import ImageArray

FERPLUS_HEADER = (
    "Usage", "Image name", "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    "unknown", "NF",
)  # fmt: skip
SIDE, ACROSS, PER_SHEET = 48, 60, 3600  # of the shared sheets


def drawn_faces(count: int, *, seed: int = 0, splits: tuple[str, ...] = ("Training",)) -> FaceSet:
    """Smooth random pictures with random labels and ten votes each; no two alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    pixels = np.stack([np.asarray(Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
                       for one in coarse])  # fmt: skip
    votes = rng.multinomial(10, rng.dirichlet(np.full(10, 0.3), count)).astype(np.float32)
    names = np.asarray([splits[index % len(splits)] for index in range(count)])
    return FaceSet(pixels, rng.integers(0, 7, count), votes, names, np.arange(count), np.ones(count, bool))


def write_csv(folder: Path, faces: FaceSet) -> tuple[Path, Path]:
    """Write fer2013.csv and fer2013new.csv as they are published."""
    data, votes = folder / "fer2013.csv", folder / "fer2013new.csv"
    with open(data, "w", newline="") as one, open(votes, "w", newline="") as two:
        one.write("emotion,pixels,Usage\n")
        two.write(",".join(FERPLUS_HEADER) + "\n")
        for index in range(len(faces)):
            split = faces.splits[index]
            one.write(f"{faces.labels[index]},{' '.join(map(str, faces.pixels[index].ravel()))},{split}\n")
            name = f"fer{index:07d}.png" if faces.named[index] else ""
            two.write(",".join([split, name, *(str(int(count)) for count in faces.votes[index])]) + "\n")
    return data, votes


def shared_faces(folder: Path, rows: slice | NDArray[np.int64]) -> FaceSet:
    """Rows of the shared faces, read from their sheets and labels.csv without the code under test."""
    with open(folder / "labels.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    which = np.arange(len(lines))[rows]
    sheets: dict[int, ImageArray] = {}
    pixels = []
    for index in which:
        sheet, place = divmod(int(index), PER_SHEET)
        if sheet not in sheets:
            sheets[sheet] = np.asarray(Image.open(folder / f"faces_{sheet:02d}.png").convert("L"))
        top, left = place // ACROSS * SIDE, place % ACROSS * SIDE
        pixels.append(sheets[sheet][top : top + SIDE, left : left + SIDE])
    chosen = [lines[index] for index in which]
    columns = [f"votes_{name.lower()}" for name in FERPLUS_HEADER[2:]]
    return FaceSet(
        np.stack(pixels),
        np.asarray([int(line["emotion"]) for line in chosen]),
        np.asarray([[float(line[column]) for column in columns] for line in chosen], np.float32),
        np.asarray([line["usage"] for line in chosen]),
        which,
        np.asarray([line["refilled"] != "1" for line in chosen]),
    )


def same_faces(one: FaceSet, other: FaceSet) -> bool:
    """Whether two sets hold the same faces, NaN being equal to itself."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in FaceSet.__dataclass_fields__]
    return all(np.array_equal(a, b, equal_nan=isinstance(a, np.ndarray) and a.dtype.kind == "f") for a, b in pairs)


def write_label_csv(folder: Path, faces: FaceSet, *, pictures: bool = False, box: bool = True) -> Path:
    """Write FERPlus's folders, a label.csv in each, from faces whose pictures are numbered by row."""
    names = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
    for split in sorted(set(faces.splits.tolist())):
        place = folder / names[split]
        place.mkdir(parents=True)
        with open(place / "label.csv", "w", newline="") as file:
            for index in np.flatnonzero((faces.splits == split) & faces.named):
                name = f"fer{faces.rows[index]:07d}.png"
                counts = [str(int(count)) for count in faces.votes[index]]
                csv.writer(file).writerow([name, *(["(0, 0, 48, 48)"] if box else []), *counts])
                if pictures:
                    Image.fromarray(faces.pixels[index]).save(place / name)
    return folder
