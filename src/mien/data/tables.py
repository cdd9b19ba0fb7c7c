"""CSV files as lines of cells, with every fault of the file as one line that names it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from mien.errors import DataError


def csv_lines(path: Path) -> Iterator[list[str]]:
    """The lines of a CSV file (UTF-8, with a byte-order mark or without), the first one too.

    Blank lines at its end are passed over; others are given, so that lines can be counted.

    Raises:
        DataError: the file cannot be read, or is no CSV file.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            blank: list[list[str]] = []
            for line in csv.reader(file):
                if any(cell.strip() for cell in line):
                    yield from blank
                    yield line
                    blank = []
                else:
                    blank.append(line)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV file: {error}") from error
    except ValueError as error:  # a zero byte in the name
        raise DataError(f"cannot read {str(path)!r}: {error}") from error


def first_line(path: Path) -> list[str]:
    """The names of a CSV file's columns, without blanks around them; none of an empty file."""
    return [name.strip() for name in next(csv_lines(path), [])]


def find_columns(header: list[str], wanted: tuple[str, ...], path: Path) -> list[int]:
    """Where the wanted columns stand, by name in any case; DataError if one is missing."""
    names = [name.strip().lower() for name in header]
    missing = [name for name in wanted if name.lower() not in names]
    if missing:
        raise DataError(f"{path} lacks the column {missing[0]!r}; its first line says: {', '.join(header[:8])[:80]!r}")
    return [names.index(name.lower()) for name in wanted]
