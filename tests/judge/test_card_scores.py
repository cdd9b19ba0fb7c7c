"""The scores that a card states are those that come out when they are measured again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from small_models import copy_of_default, without_votes

from mien.errors import ModelError
from mien.expression.classify import Classifier
from mien.judge import card, evaluate, eyes
from mien.models import load_card

NOWHERE = np.full((20, 6, 2), np.nan, np.float32)
LAST_DIGIT = 1.01e-4  # a fourth decimal may be rounded otherwise where another processor adds up otherwise


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two objects of plain values differ by more than their last digit."""
    if isinstance(one, dict) and isinstance(other, dict) and set(one) == set(other):
        return [line for key in one for line in differences(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line for i, pair in enumerate(zip(one, other, strict=True)) for line in differences(*pair, f"{path}/{i}")
        ]
    if isinstance(one, float) and isinstance(other, (int, float)):
        return [] if abs(one - other) <= LAST_DIGIT else [f"{path}: {one} and {other}"]
    return [] if one == other else [f"{path}: {one} and {other}"]


def test_the_embedded_model_scores_what_its_card_says(shared_fer2013: Path) -> None:
    stated = load_card().scores[f"first_{card.FIRST}"]
    faces = shared_faces(shared_fer2013, slice(28709, 28709 + card.FIRST + 20))  # some of them are not listed
    faces = faces.take(np.flatnonzero(faces.named)[: card.FIRST])
    assert len(faces) == stated["faces"] == card.FIRST
    classifier = Classifier(threads=2)
    keypoints = eyes.find_keypoints(faces.pixels) if classifier.card.align else None
    found = card.first_scores(classifier, faces, keypoints)
    for head in ("fer2013", "votes"):
        assert found["heads"][head]["confusion"] == stated["heads"][head]["confusion"]
    assert differences(found, stated) == []


def test_what_a_card_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "FIRST", 5)
    classifier, faces = Classifier(), drawn_faces(20)
    faces.named[3] = False
    scores = card.card_scores(classifier, faces, NOWHERE)
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    assert (scores["split"], scores["faces"], scores["aligned"]) == ("Training", 19, classifier.card.align)
    listed = faces.take(faces.named)
    whole = evaluate.report(classifier, listed, None, split="Training")["heads"]
    assert scores["heads"] == card.without_curves(whole)
    first = evaluate.report(classifier, listed.take(np.arange(5)), None, split="Training")["heads"]
    assert scores["first_5"] == {"faces": 5, "heads": card.without_curves(first)}
    other = scores["aligned_the_other_way"]
    assert other["fer2013"] == {name: whole["fer2013"][name] for name in ("n", "accuracy", "macro_f1")}
    assert other["votes"]["ece_cross_fitted"] == whole["votes"]["confidence"]["ece_cross_fitted"]


def test_answers_that_are_known_are_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier, faces = Classifier(), drawn_faces(20)
    said = card.both_ways(classifier, faces, NOWHERE)
    plain = card.card_scores(classifier, faces, NOWHERE)
    monkeypatch.setattr(card, "both_ways", None)
    assert card.card_scores(classifier, faces, NOWHERE, said=said) == plain


def test_a_model_without_votes_has_scores_for_its_card(tmp_path: Path) -> None:
    classifier = Classifier(without_votes(tmp_path / "baseline"))
    scores = card.card_scores(classifier, drawn_faces(20), NOWHERE)
    for part in (scores["heads"], scores["aligned_the_other_way"], scores[f"first_{card.FIRST}"]["heads"]):
        assert set(part) == {"fer2013"}


def test_curves_are_left_out_at_any_depth() -> None:
    heads = {"a": {"n": 1, "curve": [{"x": 1}], "inner": {"points": [{"y": 2}], "list": [1, 2], "empty": []}}}
    assert card.without_curves(heads) == {"a": {"n": 1, "inner": {"list": [1, 2], "empty": []}}}


def test_scores_are_put_on_a_card_and_all_else_stays(tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model", scores={"old": 1})
    before = json.loads((folder / "card.json").read_text())
    card.write_on_card(folder, scores={"split": "here"})
    after = json.loads((folder / "card.json").read_text())
    assert after == {**before, "scores": {"split": "here"}}
    assert load_card(folder).scores == {"split": "here"}


def test_a_card_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        card.write_on_card(tmp_path, scores={})
