"""`mien evaluate`: one JSON object alone on standard output, whose numbers agree with each other and the data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces, write_csv

from mien.data.faceset import EXPRESSIONS, FER2013_LABELS, majority

PUBLIC = slice(28709, 28709 + 60)  # the first rows of PublicTest


@pytest.fixture
def files(shared_fer2013: Path, tmp_path: Path) -> tuple[Path, Path]:
    return write_csv(tmp_path, shared_faces(shared_fer2013, PUBLIC))


@pytest.mark.parametrize("way", ["--align", "--no-align"])
def test_the_scores_are_one_object_and_add_up(mien, shared_fer2013: Path, files, way: str) -> None:
    data, votes = files
    faces = shared_faces(shared_fer2013, PUBLIC)
    faces = faces.take(faces.named)
    ended = mien("evaluate", "--data", data, "--votes", votes, "--split", "PublicTest", "--json", "-", way)
    assert ended.code == 0
    result = json.loads(ended.out)
    assert {"split", "model", "protocol", "heads"} <= set(result)
    assert result["split"] == "PublicTest"
    assert result["protocol"]["aligned"] == (way == "--align")
    fer2013, said = result["heads"]["fer2013"], result["heads"]["votes"]
    assert set(fer2013["labels"]) == set(FER2013_LABELS) and said["labels"] == list(EXPRESSIONS)
    assert fer2013["n"] == len(faces)
    assert said["n"] == int((majority(faces.votes) >= 0).sum()) and said["rule"] == "ferplus-majority"
    for head in (fer2013, said):
        confusion = np.asarray(head["confusion"])
        assert confusion.sum() == head["n"]
        assert head["accuracy"] == pytest.approx(np.trace(confusion) / head["n"], abs=1e-4)
        assert 0 <= head["macro_f1"] <= 1
    assert fer2013["accuracy"] > 0.4 and said["accuracy"] > 0.6  # it has learned something


def test_json_goes_to_a_file_too(mien, files, tmp_path: Path) -> None:
    data, votes = files
    ended = mien("evaluate", "--data", data, "--votes", votes, "--no-align", "--json", tmp_path / "scores.json")
    assert ended.code == 0 and ended.out == ""
    assert json.loads((tmp_path / "scores.json").read_text())["heads"]["votes"]["n"] > 0


def test_missing_and_broken_data_are_one_line(mien, tmp_path: Path) -> None:
    mien("evaluate", "--data", tmp_path / "nosuch.csv").fails(1, "nosuch.csv")
    (tmp_path / "text.csv").write_text("a letter\n")
    mien("evaluate", "--data", tmp_path / "text.csv").fails(1, "text.csv")
    data, _ = write_csv(tmp_path, drawn_faces(3))
    mien("evaluate", "--data", data, "--split", "PublicTest").fails(1, "no faces", "PublicTest")
    mien("evaluate", "--data", data, "--split", "Training", "--model", tmp_path).fails(1, "no model folder")
