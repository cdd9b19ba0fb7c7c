"""`mien data describe`: a page with facts that are true of the data, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, write_csv

from mien.data.faceset import LABELS
from mien.report.folder import write_folder


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    faces = drawn_faces(20, splits=("Training", "Training", "PublicTest"))
    faces.pixels[3] = faces.pixels[2]
    return write_csv(tmp_path, faces)


def test_the_report_says_what_the_data_hold(mien, files, tmp_path: Path) -> None:
    data, votes = files
    faces = drawn_faces(20, splits=("Training", "Training", "PublicTest"))
    out = tmp_path / "out"
    ended = mien("data", "describe", "--data", data, "--votes", votes, "--out", out)
    assert ended.code == 0 and ended.out == ""
    facts = json.loads((out / "facts.json").read_text(encoding="utf-8"))
    for label, row in facts["counts"].items():
        for split, count in row.items():
            assert count == np.sum((faces.labels == LABELS.index(label)) & (faces.splits == split))
    assert facts["twins"]["pixels"]["groups_across_splits"] == 1
    assert facts["votes"]["n"] == 20
    assert str(out / "report.html") in ended.err and "1 across splits" in ended.err
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "fer2013.csv" in page and "Twins in two splits" in page
    pictures = {path.stem for path in out.glob("*.png")}
    assert {"classes", "entropy", "agreed", "disputed", "twins-across-splits"} <= pictures
    assert {name for name in pictures if name.startswith("sheet-")} == {f"sheet-{label}" for label in facts["counts"]}


def test_data_without_votes_are_described_and_an_earlier_report_replaced(mien, files, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, {"report.html": b"", "entropy.png": b""})
    assert mien("data", "describe", "--data", files[0], "--out", out).code == 0
    assert "votes" not in json.loads((out / "facts.json").read_text(encoding="utf-8"))
    assert not (out / "entropy.png").exists() and (out / "classes.png").exists()


def test_what_cannot_be_is_one_line_and_writes_nothing(mien, files, tmp_path: Path) -> None:
    data, _ = files
    mien("data", "describe", "--data", tmp_path / "nosuch.csv", "--out", tmp_path / "out").fails(1, "nosuch.csv")
    mien("data", "describe", "--data", data, "--out", tmp_path).fails(2, str(tmp_path), "new or an empty folder")
    mien("data", "describe", "--data", data, "--out", tmp_path / "no" / "out").fails(1, "make it first")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fer2013.csv", "fer2013new.csv"]


def test_without_matplotlib_it_says_what_to_install(mien, files, tmp_path: Path, without) -> None:
    without("matplotlib.axes", "mien.report", "mien.cli.describing")
    mien("data", "describe", "--data", files[0], "--out", tmp_path / "out").fails(1, "pip install '.[report]'")
