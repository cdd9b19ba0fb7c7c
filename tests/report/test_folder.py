"""A report's folder: whole or not at all, and never over files of others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien.errors import SinkError, UsageError
from mien.report import folder
from mien.report.folder import LIST, check_folder, write_folder

FILES = {"report.html": b"<p>", "chart.png": b"1"}


def held(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in path.iterdir() if one.name != LIST}


@pytest.mark.parametrize("is_there", [False, True])
def test_files_are_written_into_a_new_or_an_empty_folder(tmp_path: Path, is_there: bool) -> None:
    out = tmp_path / "out"
    if is_there:
        out.mkdir()
    write_folder(out, FILES)
    assert held(out) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_report_is_replaced_with_all_its_files(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", {**FILES, "old.png": b"0"})
    write_folder(tmp_path / "out", {**FILES, "report.html": b"new"})
    assert held(tmp_path / "out") == {**FILES, "report.html": b"new"}


def test_a_folder_with_files_of_others_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "chart.png").write_bytes(b"mine")  # even where the report has a file of this name
    with pytest.raises(UsageError, match=r"chart\.png"):
        write_folder(tmp_path, FILES)
    assert held(tmp_path) == {"chart.png": b"mine"}


def test_a_note_put_beside_a_report_is_not_lost(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    (tmp_path / "out" / "note.txt").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"note\.txt"):
        write_folder(tmp_path / "out", FILES)
    assert held(tmp_path / "out") == {**FILES, "note.txt": b"mine"}


def test_the_list_of_a_report_reaches_no_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LIST).write_text("../mine\n..\n.\n/etc/passwd")
    write_folder(tmp_path / "out", FILES)
    assert (tmp_path / "mine").read_bytes() == b"mine" and held(tmp_path / "out") == FILES


@pytest.mark.parametrize("is_there", [False, True])
def test_when_the_disk_is_full_all_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    out = tmp_path / "out"
    if is_there:
        write_folder(out, FILES)
    before = held(out) if is_there else None

    def full(path: Path, content: bytes) -> None:
        if path.name == "report.html":
            raise OSError(28, os.strerror(28))
        path.write_bytes(content)

    monkeypatch.setattr(folder, "_write", full)
    with pytest.raises(SinkError, match="no space is left"):
        write_folder(out, {"a.png": b"2", "report.html": b"new"})
    assert (held(out) if out.exists() else None) == before
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if is_there else [])


def test_a_file_or_a_missing_folder_above_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "file")
    with pytest.raises(SinkError, match="nosuch"):
        check_folder(tmp_path / "nosuch" / "out")
