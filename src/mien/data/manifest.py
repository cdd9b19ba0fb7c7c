"""A manifest as a listing: a CSV or Parquet table with a line a picture, paths relative to the table itself.

Columns by name, in any order: `path`; one at least of `label`, columns of votes (`neutral`, `happiness`, ... or
`votes_neutral`, ...) and `valence`; `split` if there are several. `docs/data.md` has examples.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mien.data.faceset import VOTE_LABELS
from mien.data.ferplus import MOST_VOTES
from mien.data.folders import all_there
from mien.data.names import LEFT_OUT, index_labels, plain, split_name, vote_index
from mien.data.pictures import Listed, Listing
from mien.data.tables import csv_lines
from mien.errors import DataError, MissingExtraError

PATH, LABEL, SPLIT = ("path", "file", "filename", "filepath", "image"), ("label", "expression", "emotion", "class"), (
    "split", "usage", "set", "subset",
)  # fmt: skip
Table = dict[str, list[str]]  # column -> its cells as text, '' where there is nothing


@dataclass(frozen=True)
class _Columns:
    """Which column of a table holds what."""

    path: str
    label: str | None
    valence: str | None
    split: str | None
    votes: dict[str, int]  # column -> index into VOTE_LABELS


def is_manifest(header: Iterable[str]) -> bool:
    """Whether these columns are those of a manifest."""
    names = {plain(name) for name in header}
    said = names & {*LABEL, "valence"} or any(vote_index(name) is not None for name in names)
    return bool(names & set(PATH)) and bool(said)


def list_manifest(data: Path, *, ignore: Iterable[str] = ()) -> Listing:
    """The pictures that a CSV or Parquet file lists.

    Args:
        data: the file; paths in it are relative to its folder.
        ignore: labels whose pictures are left out.

    Raises:
        DataError: the file is broken, a column is missing, a label is unknown, pictures are missing.
        MissingExtraError: Parquet without pyarrow.
    """
    table = _read_parquet(data) if data.suffix.lower() == ".parquet" else _read_csv(data)
    columns = _find(table, data)
    count = len(table[columns.path])
    labels = index_labels(table[columns.label], data, ignore=ignore) if columns.label else [-1] * count
    votes = _votes(table, columns, data)
    pictures = [
        Listed(
            _place(data, table[columns.path][row]),
            int(labels[row]),
            _split(table, columns, data, row),
            votes[row],
            _valence(table, columns, data, row),
        )
        for row in range(count)
        if labels[row] != LEFT_OUT
    ]
    return Listing(all_there(pictures, data))


def _find(table: Table, data: Path) -> _Columns:
    by_name = {plain(name): name for name in table}

    def one_of(names: tuple[str, ...]) -> str | None:
        return next((by_name[name] for name in names if name in by_name), None)

    path = one_of(PATH)
    indices = {name: vote_index(name) for name in table}
    votes = {name: index for name, index in indices.items() if index is not None and name != path}
    columns = _Columns(path or "", one_of(LABEL), one_of(("valence",)), one_of(SPLIT), votes)
    if path is None or not (columns.label or columns.valence or votes):
        raise DataError(
            f"{data} is no manifest: expected the column 'path' and 'label', votes or 'valence'; "
            f"its columns are: {', '.join(table)[:120]}"
        )
    if len(set(votes.values())) < len(votes):
        raise DataError(f"{data} has two columns of votes for one label: {', '.join(votes)[:120]}")
    return columns


def _place(data: Path, text: str) -> Path:
    """A picture's path; a relative one starts at the manifest, and may be written with Windows' backslashes."""
    path = data.parent / text.strip()
    return path if "\\" not in text or os.path.isfile(path) else data.parent / text.strip().replace("\\", "/")


def _split(table: Table, columns: _Columns, data: Path, row: int) -> str:
    text = table[columns.split][row].strip() if columns.split else ""
    split = split_name(text) if text else "Training"
    if split is None:
        raise DataError(f"{data}, row {row + 1}: {text[:40]!r} is no split; write train, val or test")
    return split


def _valence(table: Table, columns: _Columns, data: Path, row: int) -> float:
    text = table[columns.valence][row].strip() if columns.valence else ""
    value = _float(text)
    if text and not -1 <= value <= 1 and text.lower() != "nan":
        raise DataError(f"{data}, row {row + 1}: a valence is a number from -1 to 1, got {text[:40]!r}")
    return value


def _votes(table: Table, columns: _Columns, data: Path) -> list[tuple[float, ...]]:
    """Counts in the order of VOTE_LABELS, one row a picture; none where all cells are empty."""
    count = len(table[columns.path])
    if not columns.votes:
        return [()] * count
    rows = []
    for row in range(count):
        counts = [0.0] * len(VOTE_LABELS)
        for name, index in columns.votes.items():
            text = table[name][row].strip()
            counts[index] = _float(text) if text else 0.0
            if not 0 <= counts[index] <= MOST_VOTES:
                raise DataError(f"{data}, row {row + 1}: {name} counts votes, 0..{MOST_VOTES}; got {text[:40]!r}")
        rows.append(tuple(counts))
    if any(map(any, rows)) and all(sum(counts) < 1.001 for counts in rows):
        raise DataError(f"{data} holds shares; votes are counts: multiply them by the number of people who were asked")
    return rows


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


# --- reading --------------------------------------------------------------------------------------------------------


def _read_csv(data: Path) -> Table:
    lines = csv_lines(data)
    header = [name.strip() for name in next(lines, [])]
    if len(set(header)) < len(header):
        raise DataError(f"{data} has two columns of one name: {', '.join(header)[:120]}")
    rows = []
    for number, line in enumerate(lines, 2):
        if len(line) != len(header) and any(line):
            raise DataError(f"{data}, line {number}: expected {len(header)} cells, got {len(line)}")
        if any(line):
            rows.append(line)
    return {name: [row[index] for row in rows] for index, name in enumerate(header)}


def parquet_columns(data: Path) -> list[str]:
    """The names of a Parquet file's columns; errors as `list_manifest`."""
    return list(_open_parquet(data, only_names=True))


def _read_parquet(data: Path) -> Table:
    return {name: ["" if cell is None else str(cell) for cell in cells] for name, cells in _open_parquet(data).items()}


def _open_parquet(data: Path, *, only_names: bool = False) -> dict[str, list[object]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("reading Parquet", "tables") from error
    try:
        with data.open("rb") as file:
            if only_names:
                return {name: [] for name in parquet.read_schema(file).names}
            table = parquet.read_table(file)
            return {name: table.column(name).to_pylist() for name in table.column_names}
    except OSError as error:
        raise DataError(f"cannot read {data}: {error.strerror or ' '.join(str(error).split())[:120]}") from error
    except Exception as error:  # pyarrow has a dozen kinds, and some broken files raise none of them
        raise DataError(f"{data} is no Parquet file that can be read: {' '.join(str(error).split())[:120]}") from error
