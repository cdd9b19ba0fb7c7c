"""FERPlus's votes (Barsoum et al. 2016) for the faces of FER2013, from either layout of its files.

`fer2013new.csv` goes line by line with fer2013.csv. `FER2013Train/label.csv` and its like list names of pictures:
joined by fer2013new.csv where that lies near, by the pictures themselves where they lie beside, else by the number
in the name.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.data.faceset import LABELS, VOTE_LABELS, majority
from mien.data.names import usage_name
from mien.data.tables import csv_lines, find_columns
from mien.errors import DataError, SourceError
from mien.types import FloatArray, ImageArray

COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
MOST_VOTES = 1000  # a label's; FERPlus asked ten people
LEAST_AGREEMENT = 0.4  # FERPlus's majority is FER2013's label for 3 of 4 faces; for faces mixed up, for 1 of 5
ENOUGH_TO_AGREE = 200  # faces from which on that is looked at

Joined = tuple[FloatArray, NDArray[np.bool_]]  # votes (N, 10), and whether FERPlus lists the face


@dataclass(frozen=True, eq=False)
class Lines:
    """Faces of fer2013.csv that want votes: `pixels`, `labels`, `splits` and `rows` of the file, N of each."""

    data: Path
    pixels: ImageArray
    labels: NDArray[np.uint8]
    splits: NDArray[np.str_]
    rows: NDArray[np.int64]


def join_votes(votes: Path, lines: Lines) -> Joined:
    """The votes of some faces of fer2013.csv.

    Args:
        votes: fer2013new.csv; or a label.csv, the folder that holds it, or the folder of such folders.
        lines: the faces.

    Raises:
        DataError: the votes are missing, broken, or those of other faces.
    """
    if not os.path.isdir(votes) and votes.name.lower() != "label.csv":
        return _join_by_line(votes, lines)
    folders = label_files(votes)
    counts, named = np.zeros((len(lines.rows), 10), np.float32), np.zeros(len(lines.rows), bool)
    for split in sorted(set(lines.splits.tolist())):
        if split not in folders:
            raise DataError(f"{votes} has no {FOLDERS.get(split, split)}/label.csv for the split {split!r}")
        which = np.flatnonzero(lines.splits == split)
        names, listed = read_label_file(folders[split])
        places = _find(folders[split], names, lines, which)
        _check_agreement(folders[split], lines, places, listed)
        counts[places], named[places] = listed, True
    return counts, named


# --- fer2013new.csv -------------------------------------------------------------------------------------------------


def _join_by_line(path: Path, lines: Lines) -> Joined:
    reader = csv_lines(path)
    header = next(reader, [])
    columns = find_columns(header, ("Image name", *COLUMNS), path)
    usage = next((place for place, name in enumerate(header) if name.strip().lower() == "usage"), None)
    last = max(columns) if usage is None else max(usage, *columns)
    rows = list(reader)
    short = next((number for number, row in enumerate(rows, 2) if len(row) <= last), None)
    if short is not None:
        raise DataError(f"{path}, line {short}: expected {len(header)} cells, got {len(rows[short - 2])}")
    try:
        names = [row[columns[0]].strip() for row in rows]
        counts = checked_votes([[row[column] for column in columns[1:]] for row in rows])
    except ValueError as error:
        raise DataError(f"{path} is no table of votes: {error}") from error
    if lines.rows[-1] >= len(counts):
        raise DataError(f"{path} has {len(counts)} rows, too few for {lines.data}; the two go together line by line")
    if usage is not None:
        _check_splits(path, [usage_name(row[usage]) for row in rows], lines)
    return counts[lines.rows], np.asarray([bool(name) for name in names], bool)[lines.rows]


def _check_splits(path: Path, splits: list[str], lines: Lines) -> None:
    other = np.flatnonzero(np.asarray(splits)[lines.rows] != lines.splits)
    if len(other):
        row, split = int(lines.rows[other[0]]), lines.splits[other[0]]
        raise DataError(
            f"{path}, line {row + 2} says {splits[row]!r}, {lines.data} says {str(split)!r}: "
            "the two must go together line by line"
        )


def checked_votes(cells: list[list[str]]) -> FloatArray:
    """Cells as counts (N, 10); ValueError if one is no count of people."""
    counts = np.asarray([[float(cell) for cell in row] for row in cells], np.float64).reshape(-1, 10)
    if not ((counts >= 0) & (counts <= MOST_VOTES)).all():  # NaN fails too
        raise ValueError(f"a count of votes lies outside 0..{MOST_VOTES}")
    return counts.astype(np.float32)


# --- label.csv ------------------------------------------------------------------------------------------------------


def label_files(votes: Path) -> dict[str, Path]:
    """FERPlus's label.csv files by split: `votes` is one, its folder, or the folder (or its parent) of their folders.

    Raises:
        DataError: there are none.
    """
    folder = votes if os.path.isdir(votes) else votes.parent
    split_of = {name.lower(): split for split, name in FOLDERS.items()}
    for group in ([folder], *(sorted(above.glob("*")) for above in (folder, folder / "data"))):
        found = {split_of[one.name.lower()]: one / "label.csv" for one in group
                 if one.name.lower() in split_of and os.path.isfile(one / "label.csv")}  # fmt: skip
        if found:
            return {split: found[split] for split in FOLDERS if split in found}
    raise DataError(
        f"{votes} holds no votes: expected FERPlus's fer2013new.csv, or a folder with {FOLDERS['Training']}/label.csv, "
        f"{FOLDERS['PublicTest']}/label.csv and so on"
    )


def read_label_file(path: Path) -> tuple[list[str], FloatArray]:
    """The names of the pictures of a label.csv and their votes (N, 10).

    A line is the name, the box (left out in older files), ten counts in the order of VOTE_LABELS; there is no header.

    Raises:
        DataError: a line is not of that form.
    """
    names, cells = [], []
    for number, row in enumerate(csv_lines(path), 1):
        if len(row) not in (11, 12) or not row[0].strip():
            raise DataError(
                f"{path}, line {number}: expected a picture's name, a box and ten counts; got {str(row)[:60]}"
            )
        names.append(row[0].strip())
        cells.append(row[-10:])
    try:
        return names, checked_votes(cells)
    except ValueError as error:
        raise DataError(f"{path} is no table of votes: {error}") from error


def _find(path: Path, names: list[str], lines: Lines, which: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the faces `which` each name means.

    FERPlus's own numbers are no rows of fer2013.csv: some of the pictures that it leaves out are not counted, so
    that its FER2013Valid begins with fer0028638.png at row 28,709.
    """
    table = next((place / "fer2013new.csv" for place in (path.parent, *list(path.parent.parents)[:2], lines.data.parent)
                  if os.path.isfile(place / "fer2013new.csv")), None)  # fmt: skip
    row_of = {int(row): index for index, row in enumerate(lines.rows)}
    if table is not None:
        rows = {name: row for row, name in enumerate(_names_by_line(table)) if name}
        found = [row_of.get(rows.get(name, -1), -1) for name in names]
    elif names and os.path.isfile(path.parent / names[0]):
        found = _find_by_picture(path, names, lines, which)
    else:
        found = [row_of.get(_number(path, name), -1) for name in names]
    places = np.asarray(found, np.int64)
    wrong = np.flatnonzero((places < 0) | ~np.isin(places, which))
    if len(wrong) or len(np.unique(places)) != len(places):
        name = names[int(wrong[0])] if len(wrong) else "a picture twice"
        raise DataError(f"{path} names {name}, which is no face of its split in {lines.data}; {_ADVICE}")
    return places


_ADVICE = "put FERPlus's fer2013new.csv beside it, or name that file in its place"


def _names_by_line(table: Path) -> list[str]:
    reader = csv_lines(table)
    column = find_columns(next(reader, []), ("Image name",), table)[0]
    return [row[column].strip() if column < len(row) else "" for row in reader]


def _number(path: Path, name: str) -> int:
    found = re.fullmatch(r"\D*(\d{1,9})\.\w+", name, re.ASCII)
    if found is None:
        raise DataError(f"{path} names {name[:60]!r}: expected a name such as fer0000012.png")
    return int(found[1])


def _find_by_picture(path: Path, names: list[str], lines: Lines, which: NDArray[np.int64]) -> list[int]:
    """The face with a picture's own pixels; of several with the same, one after the other."""
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for index in which[::-1]:
        places[lines.pixels[index].tobytes()].append(int(index))
    found = []
    for name in names:
        try:
            same = places[images.to_grey(images.decode_image(path.parent / name)).tobytes()]
        except SourceError as error:
            raise DataError(f"{path} names {name}: {error}") from error
        found.append(same.pop() if same else -1)
    return found


def _check_agreement(path: Path, lines: Lines, places: NDArray[np.int64], counts: FloatArray) -> None:
    """Raise DataError if the votes are clearly those of other faces than the labels."""
    top = majority(counts)
    truth = [LABELS.index(VOTE_LABELS[one]) if one >= 0 else -1 for one in top]
    agree = (np.asarray(truth) == lines.labels[places])[top >= 0]
    if len(agree) >= ENOUGH_TO_AGREE and agree.mean() < LEAST_AGREEMENT:
        raise DataError(f"{path} numbers its pictures otherwise than the rows of {lines.data}; {_ADVICE}")
