"""AffectNet's two layouts (Mollahosseini et al. 2017) as listings: numbered crops with .npy files, and CSV lists.

Codes: 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 none, 9 uncertain and
10 no face name no expression and are left out. `docs/data.md` shows both trees.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.data.faceset import LABELS
from mien.data.folders import all_there, folders_in
from mien.data.names import split_name, unknown_labels
from mien.data.pictures import Listed, Listing
from mien.data.tables import csv_lines, find_columns, first_line
from mien.errors import DataError
from mien.types import Box

CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt", "none", "uncertain", "no face")
COLUMNS = ("subDirectory_filePath", "expression")
LISTS = ("training.csv", "validation.csv")
LIST_FOLDERS = ("", "Manually_Annotated_file_lists", "file_lists", "Manually_Annotated")
PICTURE_FOLDERS = (
    "Manually_Annotated_Images",
    "Manually_Annotated",
    "Manually_Annotated/Manually_Annotated_Images",
    "",
)
LARGEST_NOTE = 4096  # bytes of an .npy file that holds one number


def _listing(pictures: list[tuple[Listed, str]], source: Path) -> Listing:
    """Give each picture the label of its code; those without an expression are counted and left out."""
    codes = Counter(code for _, code in pictures)
    unknown = {code: count for code, count in codes.items() if _code(code) is None}
    if unknown:
        raise unknown_labels(unknown, source)
    kept, none = [], Counter[str]()
    for one, code in pictures:
        name = CODES[_code(code) or 0]
        if name in LABELS:
            kept.append(replace(one, label=LABELS.index(name)))
        else:
            none[name] += 1
    told = ", ".join(f"{name} {count}" for name, count in none.items())
    return Listing(all_there(kept, source), (f"pictures without an expression are left out: {told}",) if none else ())


def _code(text: str) -> int | None:
    """A code 0..10, also written as 3.0; None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number in range(len(CODES)) else None


def _valence(text: str) -> float:
    """A valence, NaN where there is none: AffectNet writes -2."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if -1 <= number <= 1 else math.nan


# --- numbered crops with .npy files ---------------------------------------------------------------------------------


def list_affectnet(folder: Path) -> Listing:
    """`train_set/images/0.jpg` with `train_set/annotations/0_exp.npy` (and `0_val.npy`); `val_set/` likewise.

    Raises:
        DataError: annotations are missing or broken.
    """
    pictures = []
    for split, place in _sets(folder):
        for path in sorted((place / "annotations").glob("*_exp.npy")):
            stem = path.name.removesuffix("_exp.npy")
            valence = path.with_name(f"{stem}_val.npy")
            one = Listed(place / "images" / f"{stem}.jpg", split=split, is_crop=True,
                         valence=_valence(_number(valence)) if os.path.isfile(valence) else math.nan)  # fmt: skip
            pictures.append((one, _number(path)))
    if not pictures:
        raise DataError(f"{folder} has no train_set/annotations/*_exp.npy, nor val_set/annotations/*_exp.npy")
    return _listing(pictures, folder)


def has_affectnet(folder: Path) -> bool:
    """Whether a folder holds `train_set/annotations` or its like."""
    return any(any((place / "annotations").glob("*_exp.npy")) for _, place in _sets(folder))


def _sets(folder: Path) -> list[tuple[str, Path]]:
    """The folders of the splits; `folder` itself where it is one."""
    places = [(split_name(one.name.lower().removesuffix("_set")), one) for one in (folder, *folders_in(folder))]
    return [(split, one) for split, one in places if split and os.path.isdir(one / "annotations")]


def _number(path: Path) -> str:
    """The one number of an .npy file, as text; AffectNet's hold texts and floats alike."""
    try:
        if path.stat().st_size > LARGEST_NOTE:
            raise ValueError("it is too large for one number")
        return str(np.load(path, allow_pickle=False).item())
    except Exception as error:  # numpy's reader raises anything on a broken file
        raise DataError(f"{path} does not hold one number: {' '.join(str(error).split())[:100]}") from error


# --- CSV lists ------------------------------------------------------------------------------------------------------


def list_affectnet_csv(data: Path) -> Listing:
    """`training.csv` and `validation.csv` with the photos that they name, whose faces stand in boxes.

    Args:
        data: one of the lists, or the folder that holds them.

    Raises:
        DataError: a list is missing or broken, or its photos are.
    """
    paths = [data] if os.path.isfile(data) else lists_in(data)
    if not paths:
        raise DataError(f"{data} has neither {LISTS[0]} nor {LISTS[1]}, the lists of AffectNet")
    return _listing([one for path in paths for one in _read_list(path)], data)


def lists_in(folder: Path) -> list[Path]:
    """AffectNet's lists of pictures that people have labelled, in a folder or where its archive puts them."""
    tried = [folder / place / name for place in LIST_FOLDERS for name in LISTS]
    return [path for path in tried if os.path.isfile(path) and is_affectnet_list(first_line(path))]


def is_affectnet_list(header: list[str]) -> bool:
    """Whether a CSV file's first line is that of AffectNet's lists."""
    return {name.lower() for name in COLUMNS} <= {name.strip().lower() for name in header}


def _read_list(path: Path) -> list[tuple[Listed, str]]:
    lines = csv_lines(path)
    header = next(lines, [])
    columns = find_columns(header, COLUMNS, path)
    names = [name.strip().lower() for name in header]
    valence = names.index("valence") if "valence" in names else None
    box = [names.index(f"face_{one}") for one in ("x", "y", "width", "height") if f"face_{one}" in names]
    split, pictures, base = split_name(path.stem) or "Training", [], None
    for number, line in enumerate(lines, 2):
        if len(line) < len(header):
            raise DataError(f"{path}, line {number}: expected {len(header)} cells, got {len(line)}")
        name = line[columns[0]].strip()
        if base is None:
            base = _picture_folder(path, name)
        one = Listed(base / name, split=split, box=_box([line[place] for place in box]),
                     valence=math.nan if valence is None else _valence(line[valence]))  # fmt: skip
        pictures.append((one, line[columns[1]].strip()))
    return pictures


def _picture_folder(path: Path, name: str) -> Path:
    """Where the photos of a list lie: the first usual place in which its first photo is."""
    tried = [above / place for above in list(path.parents)[:3] for place in PICTURE_FOLDERS]
    return next((one for one in tried if os.path.isfile(one / name)), tried[0])


def _box(cells: list[str]) -> Box | None:
    """A face's box, if four numbers give one."""
    try:
        x, y, width, height = (float(cell) for cell in cells)
        inside = all(math.isfinite(one) and abs(one) < 1e6 for one in (x, y, width, height))
        return Box(x, y, x + width, y + height) if inside and width > 0 and height > 0 else None
    except ValueError:
        return None
