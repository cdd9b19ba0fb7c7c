"""`mien train`: what stops it before it begins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from face_sets import drawn_faces, write_csv


def test_without_pytorch_it_says_what_to_install(mien, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("mien.learn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    data, _ = write_csv(tmp_path, drawn_faces(2))
    mien("train", "--data", data, "--out", tmp_path / "m").fails(1, "pip install '.[learn]'")


def test_missing_data_are_one_line(mien, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    mien("train", "--data", tmp_path / "nosuch.csv", "--out", tmp_path / "m").fails(1, "nosuch.csv")


def test_data_without_a_test_split_are_one_line(mien, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    data, votes = write_csv(tmp_path, drawn_faces(4))
    mien("train", "--data", data, "--votes", votes, "--out", tmp_path / "m", "--epochs", 1).fails(1)
