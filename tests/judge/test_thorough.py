"""What a report adds: each part against the plain scores of the same faces, and faces known to be the ones meant."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from small_models import without_votes

from mien.data import faceset
from mien.data.faceset import VOTE_LABELS, FaceSet
from mien.expression.classify import Classifier
from mien.judge import averaged, evaluate, robustness, speed, thorough
from mien.judge.damage import Damage, blur
from mien.judge.evaluate import Answers, Judged
from mien.models import DEFAULT_MODEL, load_card


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def judged_as(classifier: Classifier, faces: FaceSet, votes: np.ndarray, classes: np.ndarray) -> Judged:
    """As if the model had given these answers."""
    said = Answers(votes.astype(np.float32), classes.astype(np.float32), np.zeros((len(faces), 4), np.float32),
                   faces.pixels)  # fmt: skip
    heads = evaluate.judge(classifier, faces, said)
    return Judged(classifier, faces, None, said, {"split": "Training", "heads": heads, "protocol": {}})


@pytest.fixture(scope="module")
def guesses(classifier: Classifier) -> Judged:
    """A model that is often right."""
    faces = drawn_faces(200)
    rng = np.random.default_rng(0)
    votes = 0.5 * faceset.shares(faces.votes) + 0.5 * rng.dirichlet(np.full(10, 0.2), 200)
    classes = 0.4 * np.eye(7)[faces.labels] + 0.6 * rng.dirichlet(np.full(7, 0.3), 200)
    return judged_as(classifier, faces, votes, classes)


def test_a_whole_report_of_real_faces(classifier: Classifier, shared_fer2013: Path, monkeypatch) -> None:
    monkeypatch.setattr(robustness, "DAMAGES", {"blur": Damage("px", (0, 3), blur)})
    monkeypatch.setattr(averaged, "VIEWS", {"mirror": averaged.mirror})
    monkeypatch.setattr(speed, "LOOKS", 5)
    faces, others = (
        shared_faces(shared_fer2013, slice(start, start + count)) for start, count in ((28709, 30), (0, 9))
    )
    others = replace(others, pixels=np.concatenate([others.pixels[:8], faces.pixels[4:5, :, ::-1]]))
    judged = evaluate.judge_split(classifier, faces, None, split="PublicTest")
    stages: list[str] = []
    scores = thorough.add_all(
        judged,
        thorough.Surroundings(DEFAULT_MODEL, others),
        stage=lambda name: stages.append(name) or (lambda done, total: None),
    )
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    assert {name: scores[name] for name in ("split", "model", "heads")} == {
        name: judged.scores[name] for name in ("split", "model", "heads")
    }
    assert {"intervals", "without_twins", "averaged", "robustness", "speed", "surest_mistakes", "most_disputed"} <= set(
        scores
    )
    assert "damaged" in scores["protocol"]["robustness"] and "robustness" not in judged.scores["protocol"]
    assert scores["without_twins"]["faces_left_out"] >= 1  # a mirrored one lies in the other split
    for head, found in scores["intervals"].items():
        low, high = found["accuracy"]
        assert low <= scores["heads"][head]["accuracy"] <= high
    assert scores["speed"]["bytes"] == (DEFAULT_MODEL / "model.onnx").stat().st_size
    assert scores["speed"]["parameters"] == load_card().training["parameters"]
    assert 0 < scores["speed"]["median_ms"] <= scores["speed"]["p90_ms"]
    assert "looking for twins" in stages and "damaging faces" in stages
    assert "averaged" not in judged.scores


def test_twins_are_left_out_of_both_heads(guesses: Judged) -> None:
    twins = [3, 50, 120]
    others = drawn_faces(20, seed=9)
    others = replace(others, pixels=np.concatenate([others.pixels[:17], guesses.faces.pixels[twins]]))
    found = thorough.without_twins(guesses, others)
    assert found["faces_left_out"] == 3
    rest = np.delete(np.arange(200), twins)
    alone = judged_as(
        guesses.classifier, guesses.faces.take(rest), guesses.said.votes[rest], guesses.said.fer2013[rest]
    )
    for head, one in found["heads"].items():
        assert one == {name: alone.scores["heads"][head][name] for name in ("n", "accuracy", "macro_f1")}


def test_only_twins_leave_no_scores(guesses: Judged) -> None:
    found = thorough.without_twins(guesses, guesses.faces)
    assert found == {"faces_left_out": 200, "heads": {}}


def test_the_surest_mistakes_are_mistakes_in_order(guesses: Judged) -> None:
    faces, expressions = guesses.faces, guesses.classifier.card.expressions
    found = thorough.surest_mistakes(guesses)
    majority = faceset.majority(faces.votes)
    said = guesses.said.votes[:, :8].argmax(1)
    wrong = {int(i) for i in np.flatnonzero((majority >= 0) & (majority != said))}
    assert len(found) == min(len(wrong), thorough.SHOWN)
    assert {one["index"] for one in found} <= wrong
    confidence = [one["confidence"] for one in found]
    assert confidence == sorted(confidence, reverse=True)
    for one in found:
        index = one["index"]
        assert one["row"] == faces.rows[index]
        assert (one["said"], one["truth"]) == (expressions[said[index]], expressions[majority[index]])
        assert one["votes"] == {VOTE_LABELS[i]: n for i, n in enumerate(faces.votes[index].tolist()) if n}


def test_without_votes_mistakes_are_those_by_the_label(guesses: Judged, classifier: Classifier) -> None:
    faces = replace(guesses.faces, votes=np.zeros_like(guesses.faces.votes))
    judged = judged_as(classifier, faces, guesses.said.votes, guesses.said.fer2013)
    found = thorough.surest_mistakes(judged, most=5)
    assert len(found) == 5
    for one in found:
        probabilities = guesses.said.fer2013[one["index"]]
        assert one["truth"] == faceset.FER2013_LABELS[faces.labels[one["index"]]] != one["said"]
        assert one["said"] == classifier.card.fer2013[probabilities.argmax()]
        assert one["confidence"] == pytest.approx(float(probabilities.max()), abs=1e-4)
        assert one["votes"] == {}
    assert thorough.most_disputed(judged) == []


def test_the_most_disputed_faces_are_those_with_the_most_answers(guesses: Judged) -> None:
    votes = np.zeros((3, 10), np.float32)
    votes[0, 3] = 10
    votes[1, :5] = 2
    votes[2, [1, 4]] = 5
    faces = replace(guesses.faces.take(np.arange(3)), votes=votes)
    judged = judged_as(guesses.classifier, faces, guesses.said.votes[:3], guesses.said.fer2013[:3])
    found = thorough.most_disputed(judged)
    assert [one["index"] for one in found] == [1, 2, 0]
    assert [one["entropy"] for one in found] == pytest.approx([np.log2(5), 1, 0], abs=1e-4)
    assert [one["label"] for one in found] == ["neutral", "happy", "sad"]
    assert found[2]["votes"] == {"sad": 10}


def test_a_model_without_votes_has_a_report_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(robustness, "DAMAGES", {"blur": Damage("px", (0, 3), blur)})
    monkeypatch.setattr(averaged, "VIEWS", {"mirror": averaged.mirror})
    monkeypatch.setattr(speed, "LOOKS", 3)
    folder = without_votes(tmp_path / "baseline")
    judged = evaluate.judge_split(Classifier(folder), drawn_faces(4), None, split="Training")
    scores = thorough.add_all(judged, thorough.Surroundings(folder))
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    assert "without_twins" not in scores
    assert set(scores["intervals"]) == set(scores["averaged"]["mirror"]["heads"]) == {"fer2013"}
    assert scores["robustness"]["blur"]["levels"][0]["votes"] is None
