"""FER2013's CSV of faces: parsed once, then mapped from the cache; FERPlus's votes beside it.

Goodfellow et al. 2013; the file of the Kaggle challenge, columns emotion, pixels, Usage.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.data import cache, ferplus
from mien.data.faceset import FER2013_LABELS, FaceSet
from mien.data.names import usage_name
from mien.data.tables import csv_lines, find_columns
from mien.errors import DataError
from mien.types import ImageArray, Progress, no_progress

SIDE = 48
COLUMNS = ("emotion", "pixels", "Usage")
LEAST_CACHED = 4_000_000  # bytes; what is smaller is parsed in half a second
_FORM = 2  # of what is cached; a change of it leaves older caches unused


@dataclass(frozen=True, eq=False)
class _Table:
    """The file as arrays: `pixels` (N, 48, 48), `labels` (N,) 0..6, `splits` (N,) names, `rows` (N,) from 0."""

    pixels: ImageArray
    labels: NDArray[np.uint8]
    splits: NDArray[np.str_]
    rows: NDArray[np.int64]


def load_fer2013(data: Path, votes: Path | None = None, *, only: str | None = None,
                 progress: Progress = no_progress) -> FaceSet:  # fmt: skip
    """Read Kaggle's fer2013.csv (emotion, pixels, Usage), and FERPlus's votes of its faces.

    Args:
        data: fer2013.csv.
        votes: fer2013new.csv, whose lines stand in the same order, or a folder of FERPlus's label.csv files.
        only: give one split alone, in any spelling.
        progress: called with bytes read and bytes in all, when the file is parsed.

    Raises:
        DataError: a file is missing, or a line is not of that form (the line is named).
    """
    only = None if only is None else usage_name(only)
    table = _read(data, only, progress)
    if only is not None:
        table = _select(table, only)
    if not len(table.rows):
        raise DataError(f"{data} holds no faces" + (f" of the split {only!r}" if only else ""))
    if votes is None:
        counts, named = np.zeros((len(table.rows), 10), np.float32), np.ones(len(table.rows), bool)
    else:
        lines = ferplus.Lines(data, table.pixels, table.labels, table.splits, table.rows)
        counts, named = ferplus.join_votes(votes, lines)
    return FaceSet(table.pixels, table.labels.astype(np.int64), counts, table.splits, table.rows, named)


def is_fer2013(header: list[str]) -> bool:
    """Whether a CSV file's first line is FER2013's."""
    return {name.lower() for name in COLUMNS} <= {name.strip().lower() for name in header}


def _select(table: _Table, split: str) -> _Table:
    """One split; its pixels stay mapped where its rows follow each other, as they do in the public file."""
    where = np.flatnonzero(table.splits == split)
    follow = len(where) > 0 and where[-1] - where[0] + 1 == len(where)
    which = slice(int(where[0]), int(where[-1]) + 1) if follow else where
    return _Table(table.pixels[which], table.labels[which], table.splits[which], table.rows[which])


def _read(data: Path, only: str | None, progress: Progress) -> _Table:
    """The file from the cache, or parsed and kept there; where nothing can be kept, `only` that split is parsed."""
    try:
        size = data.stat().st_size
        if size < LEAST_CACHED or not cache.is_usable():
            return _parse(data, size, only, progress)
        name = f"fer2013-{_FORM}-{cache.fingerprint(data)[:32]}"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise DataError(f"cannot read {data}: {getattr(error, 'strerror', None) or error}") from error
    known = cache.recall(name, ("pixels", "labels", "splits"))
    if known is not None and _is_whole(known):
        return _Table(known["pixels"], known["labels"], known["splits"], np.arange(len(known["pixels"])))
    table = _parse(data, size, None, progress)
    cache.keep(name, {"pixels": table.pixels, "labels": table.labels, "splits": table.splits})
    return table


def _is_whole(known: cache.Arrays) -> bool:
    pixels, labels, splits = known["pixels"], known["labels"], known["splits"]
    return (
        pixels.dtype == labels.dtype == np.uint8
        and pixels.ndim == 3
        and pixels.shape[1:] == (SIDE, SIDE)
        and splits.dtype.kind == "U"
        and labels.shape == splits.shape == pixels.shape[:1]
        and len(labels) > 0
        and int(labels.max()) < len(FER2013_LABELS)
        and bool((splits != "").all())
    )


def _parse(data: Path, size: int, only: str | None, progress: Progress) -> _Table:
    pixels, labels, splits, rows = [], [], [], []
    lines = csv_lines(data)
    columns = find_columns(next(lines, []), COLUMNS, data)
    done = 0
    for row, line in enumerate(lines):
        done += sum(map(len, line)) + 3
        if row % 256 == 0:
            progress(min(done, size), size)
        usage = usage_name(line[columns[2]]) if len(line) > max(columns) else ""
        if not usage or only in (None, usage):  # a line without a split is refused, whatever is asked for
            pixels.append(_parse_pixels(line, columns, data, row))
            labels.append(int(line[columns[0]]))
            splits.append(usage)
            rows.append(row)
    progress(size, size)
    faces = np.stack(pixels) if pixels else np.empty((0, SIDE, SIDE), np.uint8)
    return _Table(faces, np.asarray(labels, np.uint8), np.asarray(splits, np.str_), np.asarray(rows, np.int64))


def _parse_pixels(line: list[str], columns: list[int], path: Path, row: int) -> ImageArray:
    try:
        label, values, usage = (line[column] for column in columns)
        face = _to_bytes(values)
        if len(face) != SIDE * SIDE or not 0 <= int(label) < len(FER2013_LABELS) or not usage.strip():
            raise ValueError
        return np.frombuffer(face, np.uint8).reshape(SIDE, SIDE)
    except (ValueError, OverflowError, IndexError):
        raise DataError(
            f"{path}, line {row + 2}: expected a class 0..6, 2304 numbers 0..255 and a split; got {str(line)[:60]}"
        ) from None


def _to_bytes(text: str) -> bytes:
    """Numbers with blanks between them as bytes; ValueError outside 0..255."""
    if text.isascii() and text.replace(" ", "").isdigit():  # numpy takes a twentieth of int()'s time, and checks less
        numbers = np.fromstring(text, np.int64, sep=" ")
        if numbers.min() >= 0 and numbers.max() <= 255:
            return numbers.astype(np.uint8).tobytes()
    return bytes(map(int, text.split()))
