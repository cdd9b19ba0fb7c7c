"""`mien export`: a table, a folder, and one line for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from face_sets import drawn_faces, write_csv
from small_models import copy_of_default

from mien import models


def test_auto_tells_what_each_precision_costs(mien, tmp_path: Path, astronaut: Path) -> None:
    pytest.importorskip("torch")
    data, votes = write_csv(tmp_path, drawn_faces(30, splits=("Training", "PublicTest")))
    source, out = copy_of_default(tmp_path / "model"), tmp_path / "out"
    ended = mien("export", source, "--out", out, "--data", data, "--votes", votes)
    assert ended.code == 0 and ended.out == ""
    for word in ("fp32", "fp16", "int8", "fer2013", "votes", "MB", "ms"):
        assert word in ended.err
    card = models.load_card(out)
    assert f"{card.export['precision']} is in" in ended.err and card.identity in ended.err
    assert card.scores["heads"]
    assert "precision" in mien("models", out).out
    assert "looks happy" in mien("read", astronaut, "--model", out).out


def test_without_data_it_is_half_precision_and_says_what_is_missing(mien, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    ended = mien("export", copy_of_default(tmp_path / "model"), "--out", tmp_path / "out")
    assert ended.code == 0
    assert "fp16 is in" in ended.err and "the card has no scores: mien evaluate --write-card" in ended.err


def test_what_is_wrong_is_one_line(mien, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    source, out = copy_of_default(tmp_path / "model"), tmp_path / "out"
    mien("export", source, "--out", out, "--precision", "int4").fails(2, "int4", "fp32, fp16, int8, auto")
    mien("export", source, "--out", out, "--precision", "int8").fails(2, "--data")
    mien("export", source, "--out", source).fails(2, "is there already")
    mien("export", tmp_path / "none", "--out", out).fails(1, "is no model folder")
    mien("export", source, "--out", out, "--data", tmp_path / "nosuch.csv").fails(1, "nosuch.csv")
    assert {one.name for one in tmp_path.iterdir()} == {"model"}


def test_without_pytorch_it_says_what_to_install(mien, tmp_path: Path, without) -> None:
    without("torch", "mien.learn")
    mien("export", tmp_path, "--out", tmp_path / "m").fails(1, "pip install '.[learn]'")
