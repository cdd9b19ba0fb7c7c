"""Rows for a posture model: one a second, features of the pose, the face's votes, who, and what it was called.

A Parquet file holds numbers, a code for the person and words, never a picture: `COLUMNS` is all there is. Labels of an
observer are joined by person and second. Needs the extra `tables`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.body.posture import FEATURES, TONES
from mien.errors import DataError, MissingExtraError
from mien.files import Draft, telling

VOTES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "not a face")
FACE = tuple(f"face_{tone}" for tone in TONES)
# Column -> its type, in order: all that a file of rows may hold.
COLUMNS: dict[str, type] = {
    "person": str,
    "session": str,
    "second": int,
    "label": str,
    "labelled_by": str,
    **dict.fromkeys(FEATURES, float),
    **dict.fromkeys((f"vote_{label.replace(' ', '_')}" for label in VOTES), float),
    **dict.fromkeys(FACE, float),
}
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class PostureRows:
    """N labelled rows: `person` (N,) codes, `features` (N, F), `label` (N,) index into TONES, `face` (N, 3) or NaN."""

    person: NDArray[np.str_]
    features: NDArray[np.float64]
    label: NDArray[np.int64]
    face: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.person)

    def take(self, which: NDArray[Any]) -> PostureRows:
        """Some of the rows."""
        return replace(self, **{name: getattr(self, name)[which] for name in ("person", "features", "label", "face")})


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as Parquet, whole or not at all; what a row lacks is empty.

    Raises:
        MissingExtraError: pyarrow is not installed.
        SinkError: the file cannot be written.
    """
    pyarrow, parquet = _pyarrow("writing Parquet")
    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    table = pyarrow.Table.from_pylist([{name: row.get(name) for name in COLUMNS} for row in rows], schema)
    draft = Draft(path)
    try:
        with telling(path):
            parquet.write_table(table, draft.open_binary(), compression="zstd")
    except BaseException:
        draft.discard()
        raise
    draft.commit()


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, or of all .parquet files of a folder.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: there is no such file, or it holds something else.
    """
    _, parquet = _pyarrow("reading Parquet")
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path} holds no .parquet file: 'mien collect' writes them")
    rows: list[Row] = []
    for file in files:
        try:
            table = parquet.read_table(file)
        except FileNotFoundError:
            raise DataError(f"there is no file {file}") from None
        except Exception as error:  # pyarrow's errors share no narrower base
            raise DataError(f"{file} cannot be read as Parquet: {str(error).splitlines()[0][:100]}") from error
        if missing := [name for name in COLUMNS if name not in table.column_names]:
            raise DataError(f"{file} is no file of 'mien collect': it lacks the column {missing[0]!r}")
        rows += table.select(list(COLUMNS)).to_pylist()
    return rows


def labelled(rows: Sequence[Row]) -> PostureRows:
    """The rows that have a label, as arrays; DataError where there is none, or a label that is no tone."""
    kept = [row for row in rows if row["label"]]
    if wrong := [row["label"] for row in kept if row["label"] not in TONES]:
        raise DataError(f"a row is labelled {wrong[0]!r}; a label is one of: {', '.join(TONES)}")
    if not kept:
        raise DataError(f"none of {len(rows)} rows has a label: label them with 'mien collect-labels'")
    numbers = [[[_number(row[name]) for name in names] for row in kept] for names in (FEATURES, FACE)]
    return PostureRows(
        np.asarray([str(row["person"]) for row in kept]),
        np.asarray(numbers[0], np.float64),
        np.asarray([TONES.index(row["label"]) for row in kept]),
        np.asarray(numbers[1], np.float64),
    )


def with_observer(rows: Sequence[Row], observer: Path) -> tuple[list[Row], int]:
    """The rows with the labels of an observer's CSV (person, second, label), and how many got one.

    A line holds from its second on, until the person's next line; an empty label ends it. It replaces what stood there.

    Raises:
        DataError: the file is missing or broken, or names a label that is none.
    """
    changes = _observed(observer)
    found, count = [], 0
    for row in rows:
        mine = [one for one in changes if one[0] == str(row["person"]) and one[1] <= row["second"]]
        if mine:
            label = max(mine, key=lambda one: one[1])[2]
            row = {**row, "label": label or None, "labelled_by": "observer" if label else None}
            count += bool(label)
        found.append(dict(row))
    return found, count


def _observed(path: Path) -> list[tuple[str, int, str]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file))
        changes = [(line["person"], int(float(line["second"])), (line["label"] or "").strip()) for line in lines]
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except (OSError, ValueError, OverflowError, KeyError, TypeError, csv.Error) as error:
        raise DataError(f"{path} is no table of person,second,label: {str(error)[:100]}") from error
    if wrong := [label for _, _, label in changes if label and label not in TONES]:
        raise DataError(f"{path} has the label {wrong[0]!r}; a label is one of: {', '.join(TONES)}, or empty")
    return changes


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _pyarrow(what: str) -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingExtraError(what, "tables") from error
    return pyarrow, parquet
