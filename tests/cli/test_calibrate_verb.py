"""`mien calibrate`: the tone of a model fitted anew and written on its card, of faces as training sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from face_sets import shared_faces, write_csv
from small_models import copy_of_default, without_votes

from mien.cli import judging
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.judge import eyes, tone
from mien.models import load_card


@pytest.fixture
def faces(shared_fer2013: Path, monkeypatch: pytest.MonkeyPatch) -> FaceSet:
    monkeypatch.setattr(tone, "LEAST_FACES", 3)
    nowhere = lambda pixels, progress: np.full((len(pixels), 6, 2), np.nan, np.float32)  # noqa: E731
    monkeypatch.setattr(eyes, "find_keypoints", nowhere)  # the mesh takes longer than all else
    return shared_faces(shared_fer2013, np.r_[0:400, 28709 : 28709 + 40])


def test_the_card_gets_a_tone_and_nothing_else_changes(mien, faces: FaceSet, tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, faces)
    folder = copy_of_default(tmp_path / "model", tone=None)
    before = load_card(folder)
    ended = mien("calibrate", folder, "--data", data, "--votes", votes)
    assert ended.code == 0, ended.err
    found = load_card(folder)
    assert found.tone["validation"]["split"] == "PublicTest" and found.tone["fitted_on"] > 20
    assert f"{found.tone['validation']['accuracy']:.2%} right" in ended.err and str(folder / "card.json") in ended.err
    assert {**found.to_dict(), "tone": {}} == {**before.to_dict(), "tone": {}}


def test_without_votes_each_label_counts_as_ten(mien, faces: FaceSet, tmp_path: Path) -> None:
    data, _ = write_csv(tmp_path, faces)
    folder = copy_of_default(tmp_path / "model", tone=None)
    ended = mien("calibrate", folder, "--data", data)
    assert ended.code == 0, ended.err
    classes = faces.split("PublicTest")  # of FER2013 all but surprise have a tone
    assert load_card(folder).tone["validation"]["n"] == int((classes.labels != 5).sum())


def test_faces_are_read_at_the_size_of_the_model(mien, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, size: int, **__: object) -> FaceSet:
        raise DataError(f"of {size} pixels")

    card = replace(load_card(), input_size=96)
    monkeypatch.setattr(judging, "Classifier", lambda *_, **__: SimpleNamespace(card=card))
    monkeypatch.setattr(judging, "load_faces", load)
    mien("calibrate", tmp_path, "--data", tmp_path).fails(1, "of 96 pixels")


def test_what_cannot_be_done_is_one_line(mien, faces: FaceSet, tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, faces.split("Training"))
    mien("calibrate", copy_of_default(tmp_path / "model"), "--data", data, "--votes", votes).fails(1, "PublicTest")
    mien("calibrate", without_votes(tmp_path / "classes"), "--data", data).fails(1, "gives no votes")
    mien("calibrate", tmp_path / "nosuch", "--data", data).fails(1, "no model folder")
