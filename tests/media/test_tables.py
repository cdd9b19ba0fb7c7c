"""Readings as lines and tables."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from readings import FER2013, face, reading, readings
from sink_tools import MAKERS, TWO, frame, write_all

from mien.errors import MissingExtraError
from mien.media import tables
from mien.media.sinks import CsvSink, JsonLinesSink, ParquetSink
from mien.types import Reading


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        found: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return found
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_lines_and_tables_without_a_frame_are_empty_but_valid(name: str, tmp_path: Path) -> None:
    if name == "out.parquet":
        pytest.importorskip("pyarrow")
    MAKERS[name](tmp_path / name).close()
    assert rows_of(tmp_path / name) == []


@given(readings)
def test_lines_give_back_what_was_written(made: Reading) -> None:
    stream = io.StringIO()
    sink = JsonLinesSink(stream, points=True)
    for _ in range(2):
        sink.write(made, frame())
    sink.close()
    sink.abort()
    assert stream.getvalue().isascii()
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [made.to_dict(points=True)] * 2


def test_lines_to_a_stream_come_at_once_and_leave_it_open(tmp_path: Path) -> None:
    with (tmp_path / "pipe").open("w") as stream:
        sink = JsonLinesSink(stream)
        sink.write(TWO, frame())
        assert json.loads((tmp_path / "pipe").read_text()) == TWO.to_dict()
        sink.close()
        assert not stream.closed


def test_a_reader_that_left_is_no_error_of_ours() -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        JsonLinesSink(Left()).write(TWO, frame())


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_table_has_one_row_a_face(name: str, tmp_path: Path) -> None:
    if name == "out.parquet":
        pytest.importorskip("pyarrow")
    sink = MAKERS[name](tmp_path / name)
    for made in (TWO, reading(index=4), TWO):
        sink.write(made, frame())
    sink.close()
    rows = rows_of(tmp_path / name)
    assert len(rows) == 4
    assert list(rows[0]) == [
        *("source", "index", "time_s", "track_id", "x1", "y1", "x2", "y2", "score", "roll_deg", "yaw_deg"),
        *("pitch_deg", "label", "confidence", "sure", "doubts", "valence", "tone", "tone_confidence"),
        *("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt", "unknown", "not_a_face"),
        *(f"fer2013_{label}" for label in FER2013),
    ]
    first, second = rows[0], rows[1]
    assert (first["label"], first["doubts"]) == ("happy", "dark; blurred")
    assert [float(first[key]) for key in ("happy", "contempt", "unknown", "not_a_face")] == [0.7, 0.1, 0.15, 0.05]
    assert [float(first[key]) for key in ("index", "time_s", "x1", "x2")] == [3, 0.12, 10, 50]
    assert second["label"] in (None, "")
    assert second["happy"] in (None, "")


def test_csv_survives_any_name(tmp_path: Path) -> None:
    name = 'odd, "name"\n高兴\udc80.mp4'
    sink = CsvSink(tmp_path / "out.csv")
    sink.write(Reading(name, 0, 0, 1, 1, (face(),)), frame())
    sink.close()
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row["source"] for row in csv.DictReader(file)] == [name.replace("\udc80", "?")]


def test_parquet_is_written_in_row_groups_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    write_all(ParquetSink(path, row_group=4), *(i / 10 for i in range(10)))
    opened = parquet.ParquetFile(path)
    assert [opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)] == [4, 4, 2]
    kinds = {field.name: str(field.type) for field in opened.schema_arrow}
    assert (kinds["track_id"], kinds["sure"], kinds["happy"], kinds["label"]) == ("int64", "bool", "double", "string")
    opened.close()


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install '.\[tables\]'"):
        tables.ParquetSink(tmp_path / "out.parquet")
    assert os.listdir(tmp_path) == []
