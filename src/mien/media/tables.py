"""Readings as tables, one row a face: CSV and Parquet, for spreadsheets and statistics.

Columns and their order stand in `COLUMNS`; what is unknown stays empty. A frame without a face has no row.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import MissingExtraError
from mien.files import Draft, telling
from mien.types import Face, Frame, Reading

if TYPE_CHECKING:
    from pyarrow import Schema
    from pyarrow.parquet import ParquetWriter

FER2013_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # FER2013's order
VOTE_COLUMNS = {name: name for name in (*FER2013_NAMES, "contempt", "unknown")} | {"not_a_face": "not a face"}
FER2013_COLUMNS = {f"fer2013_{name}": name for name in FER2013_NAMES}
# Column -> its type, in order; the tables' one definition.
COLUMNS: dict[str, type] = {
    "source": str,
    "index": int,
    "time_s": float,
    "track_id": int,
    **dict.fromkeys(("x1", "y1", "x2", "y2", "score", "roll_deg", "yaw_deg", "pitch_deg"), float),
    "label": str,
    "confidence": float,
    "sure": bool,
    "doubts": str,
    "valence": float,
    "tone": str,
    "tone_confidence": float,
    **dict.fromkeys((*VOTE_COLUMNS, *FER2013_COLUMNS), float),
}
ROW_GROUP = 10_000  # rows kept before they are written: about 10 MB


class CsvSink:
    """One row a face, columns as in `COLUMNS`, UTF-8; a `Sink`."""

    def __init__(self, path: Path) -> None:
        self._draft = Draft(path)
        self._rows = csv.DictWriter(self._draft.open_text(), list(COLUMNS), lineterminator="\n")
        with telling(path):
            self._rows.writeheader()

    def write(self, reading: Reading, frame: Frame) -> None:
        """Write one row for each face."""
        with telling(self._draft.target):
            self._rows.writerows(face_row(reading, face) for face in reading.faces)

    def close(self) -> None:
        """Finish the file; without faces it holds the header alone."""
        self._draft.commit()

    def abort(self) -> None:
        """Remove the file."""
        self._draft.discard()


class ParquetSink:
    """One row a face, columns as in `COLUMNS`, typed, written in row groups so that memory stays flat; a `Sink`.

    Raises MissingExtraError without pyarrow.
    """

    def __init__(self, path: Path, *, row_group: int = ROW_GROUP) -> None:
        schema, writer = _parquet()
        self._schema, self._row_group = schema, row_group
        self._rows: list[dict[str, Any]] = []
        self._draft = Draft(path)
        with telling(path):
            # A file of Python's own, so that errors of the disk come with their number.
            self._writer = writer(self._draft.open_binary(), schema, compression="zstd")

    def write(self, reading: Reading, frame: Frame) -> None:
        """Take one row for each face."""
        self._rows += [face_row(reading, face) for face in reading.faces]
        if len(self._rows) >= self._row_group:
            self._write_group()

    def close(self) -> None:
        """Finish the file; without faces it holds the columns alone."""
        if not self._draft.is_open:
            return
        try:
            if self._rows:
                self._write_group()
            with telling(self._draft.target):
                self._writer.close()
        except BaseException:
            self.abort()
            raise
        self._draft.commit()

    def abort(self) -> None:
        """Remove the file."""
        self._rows = []
        self._writer.is_open = False  # else its destructor writes the end of a file that is closed
        self._draft.discard()

    def _write_group(self) -> None:
        import pyarrow

        with telling(self._draft.target):
            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, self._schema))
        self._rows = []


def _parquet() -> tuple[Schema, type[ParquetWriter]]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "tables") from error
    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    return pyarrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()]), ParquetWriter


def face_row(reading: Reading, face: Face) -> dict[str, Any]:
    """One face as a row of a table: column -> value, None where unknown."""
    facts = face.to_dict()
    expression = facts["expression"] or {}
    votes, fer2013 = expression.get("votes", {}), expression.get("fer2013", {})
    tone = expression.get("tone") or {}
    row: dict[str, Any] = {
        # A file name may hold bytes that are no text: tables take text alone.
        "source": reading.source.encode("utf-8", "replace").decode(),
        "index": reading.index,
        "time_s": round(reading.time_s, 4),
        **dict(zip(("x1", "y1", "x2", "y2"), facts["box"], strict=True)),
        **{name: facts[name] for name in ("track_id", "score", "roll_deg", "yaw_deg", "pitch_deg")},
        **{name: expression.get(name) for name in ("label", "confidence", "sure", "valence")},
        **{"tone": tone.get("label"), "tone_confidence": tone.get("confidence")},
        "doubts": "; ".join(expression["doubts"]) if expression else None,
        **{column: votes.get(label) for column, label in VOTE_COLUMNS.items()},
        **{column: fer2013.get(label) for column, label in FER2013_COLUMNS.items()},
    }
    return {name: row[name] for name in COLUMNS}
