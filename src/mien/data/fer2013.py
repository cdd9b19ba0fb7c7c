"""Labelled faces for training and evaluation: FER2013's CSV, joined with the votes of FERPlus.

One shape comes out: `FaceSet`, plain arrays. Nothing here needs PyTorch or knows networks.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FER2013_LABELS, FaceSet
from mien.errors import DataError
from mien.types import FloatArray, ImageArray, Progress, no_progress

SIDE = 48
_FERPLUS_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
MOST_VOTES = 1000  # a label's; FERPlus asked ten people


def load_fer2013(data: Path, votes: Path | None = None, *, only: str | None = None,
                 progress: Progress = no_progress) -> FaceSet:  # fmt: skip
    """Read Kaggle's fer2013.csv (emotion, pixels, Usage), and FERPlus's fer2013new.csv beside it.

    Args:
        data: fer2013.csv; its rows and those of `votes` stand in the same order.
        votes: fer2013new.csv, or None.
        only: read one split alone.
        progress: called with bytes read and bytes in all.

    Raises:
        DataError: a file is missing, or a line is not of that form (the line is named).
    """
    counts, named = _read_votes(votes) if votes else (None, None)
    pixels, labels, splits, rows = [], [], [], []
    try:
        size = data.stat().st_size
        with open(data, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            columns = _columns(next(reader, []), ("emotion", "pixels", "Usage"), data)
            done = 0
            for row, line in enumerate(reader):
                done += sum(map(len, line)) + 3
                if row % 256 == 0:
                    progress(min(done, size), size)
                usage = line[columns[2]] if len(line) > max(columns) else ""
                if only is None or usage == only:
                    pixels.append(_parse_pixels(line, columns, data, row))
                    labels.append(int(line[columns[0]]))
                    splits.append(usage)
                    rows.append(row)
        progress(size, size)
    except OSError as error:
        raise DataError(f"cannot read {data}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{data} is no CSV file: {error}") from error
    if not rows:
        raise DataError(f"{data} holds no faces" + (f" of the split {only!r}" if only else ""))
    index = np.asarray(rows)
    if counts is not None and index[-1] >= len(counts):
        raise DataError(f"{votes} has {len(counts)} rows, too few for {data}; the two go together line by line")
    return FaceSet(
        np.stack(pixels),
        np.asarray(labels, np.int64),
        np.zeros((len(rows), 10), np.float32) if counts is None else counts[index],
        np.asarray(splits),
        index,
        np.ones(len(rows), bool) if named is None else named[index],
    )


def _columns(header: list[str], wanted: tuple[str, ...], path: Path) -> list[int]:
    names = [name.strip().lower() for name in header]
    missing = [name for name in wanted if name.lower() not in names]
    if missing:
        raise DataError(f"{path} lacks the column {missing[0]!r}; its first line says: {', '.join(header[:8])[:80]!r}")
    return [names.index(name.lower()) for name in wanted]


def _parse_pixels(line: list[str], columns: list[int], path: Path, row: int) -> ImageArray:
    try:
        label, values, split = (line[column] for column in columns)
        face = bytes(map(int, values.split()))  # ValueError outside 0..255
        if len(face) != SIDE * SIDE or not 0 <= int(label) < len(FER2013_LABELS) or not split:
            raise ValueError
        return np.frombuffer(face, np.uint8).reshape(SIDE, SIDE)
    except (ValueError, OverflowError, IndexError):
        raise DataError(
            f"{path}, line {row + 2}: expected a class 0..6, 2304 numbers 0..255 and a split; got {str(line)[:60]}"
        ) from None


def _read_votes(path: Path) -> tuple[FloatArray, NDArray[np.bool_]]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            columns = _columns(next(reader, []), ("Image name", *_FERPLUS_COLUMNS), path)
            lines = [[line[column] for column in columns] for line in reader]
        counts = np.asarray([[float(value) for value in line[1:]] for line in lines]).reshape(-1, 10)
        if not ((counts >= 0) & (counts <= MOST_VOTES)).all():  # NaN fails too
            raise ValueError(f"a count of votes lies outside 0..{MOST_VOTES}")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, IndexError, csv.Error) as error:
        raise DataError(f"{path} is no table of votes: {error}") from error
    return counts.astype(np.float32), np.asarray([bool(line[0].strip()) for line in lines], bool)
