"""`mien compare`: each model as `mien evaluate` judges it, in one table, one object and one page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from face_sets import drawn_faces, write_csv
from small_models import without_votes

from mien.judge import speed
from mien.models import DEFAULT_MODEL, load_card


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setattr(speed, "LOOKS", 3)
    return write_csv(tmp_path, drawn_faces(12, splits=("PublicTest",)))


def test_models_stand_side_by_side_as_each_is_judged(mien, few, tmp_path: Path) -> None:
    baseline = without_votes(tmp_path / "baseline")
    files = ("--data", few[0], "--votes", few[1], "--no-align", "--json", "-")
    ended = mien("compare", DEFAULT_MODEL, baseline, *files)
    assert ended.code == 0, ended.err
    models = json.loads(ended.out)["models"]
    for folder, one in zip((DEFAULT_MODEL, baseline), models, strict=True):
        alone = json.loads(mien("evaluate", "--model", folder, *files).out)
        assert {name: one[name] for name in alone} == alone
        assert one["folder"] == str(folder)
        assert load_card(folder).identity in ended.err
    assert models[1]["difference"]["fer2013"]["accuracy"] == {"by": 0, "interval": [0, 0]}
    assert f"{models[0]['heads']['votes']['accuracy']:.2%}" in ended.err


def test_a_page_is_written(mien, few, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    ended = mien("compare", DEFAULT_MODEL, DEFAULT_MODEL, "--data", few[0], "--no-align", "--report", folder,
                 "--json", tmp_path / "both.json")  # fmt: skip
    assert ended.code == 0, ended.err
    assert json.loads((folder / "comparison.json").read_text()) == json.loads((tmp_path / "both.json").read_text())
    assert str(folder / "report.html") in ended.err


def test_what_is_missing_is_one_line(mien, few, tmp_path: Path) -> None:
    mien("compare", DEFAULT_MODEL, tmp_path, "--data", few[0]).fails(1, "no model folder")
    mien("compare", DEFAULT_MODEL, "--data", tmp_path / "nosuch").fails(1, "nosuch")
    assert mien("compare", "--data", few[0]).code == 2
