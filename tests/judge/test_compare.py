"""Several models side by side: the same scores as alone, and differences by label, whatever the order of labels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces
from small_models import without_votes

from mien.data import faceset
from mien.data.faceset import FaceSet
from mien.expression.classify import Classifier
from mien.judge import compare, evaluate, speed
from mien.judge.evaluate import Answers, Judged
from mien.models import DEFAULT_MODEL


def answering(classifier: Classifier, faces: FaceSet, seed: int, trust: float) -> Judged:
    """A model that is right the more often the larger `trust` is."""
    rng = np.random.default_rng(seed)
    count = len(faces)
    order = [faceset.VOTE_LABELS.index(label) for label in classifier.card.votes]
    classes = [faceset.FER2013_LABELS.index(label) for label in classifier.card.fer2013]
    votes = trust * faceset.shares(faces.votes) + (1 - trust) * rng.dirichlet(np.full(10, 0.3), count)
    fer2013 = trust * np.eye(7)[faces.labels] + (1 - trust) * rng.dirichlet(np.full(7, 0.3), count)
    said = Answers(votes[:, order].astype(np.float32), fer2013[:, classes].astype(np.float32),
                   np.zeros((count, 4), np.float32), faces.pixels)  # fmt: skip
    heads = evaluate.judge(classifier, faces, said)
    return Judged(classifier, faces, None, said, {"split": "Training", "protocol": {}, "heads": heads})


def reordered(classifier: Classifier) -> Classifier:
    other = object.__new__(Classifier)
    card = classifier.card
    other.card = replace(card, votes=card.votes[7::-1] + card.votes[8:], fer2013=card.fer2013[::-1], confidence={})
    return other


@pytest.mark.parametrize("head", ["fer2013", "votes"])
def test_a_difference_is_that_of_the_scores(head: str) -> None:
    classifier, faces = Classifier(), drawn_faces(300)
    first = answering(classifier, faces, 0, 0.2)
    for model in (classifier, reordered(classifier)):
        second = answering(model, faces, 1, 0.6)
        found = compare.differences(first, second)[head]
        for name in ("accuracy", "macro_f1"):
            by = second.scores["heads"][head][name] - first.scores["heads"][head][name]
            assert found[name]["by"] == pytest.approx(by, abs=2e-4)
            assert found[name]["interval"][0] > 0  # so much better shows on 300 faces


def test_a_model_does_not_differ_from_itself() -> None:
    classifier, faces = Classifier(), drawn_faces(40)
    judged = answering(classifier, faces, 0, 0.5)
    for head in compare.differences(judged, judged).values():
        assert head == {name: {"by": 0, "interval": [0, 0]} for name in ("accuracy", "macro_f1")}


def test_models_are_compared_by_what_both_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "LOOKS", 3)
    baseline, faces = without_votes(tmp_path / "baseline"), drawn_faces(12)
    judged = [
        evaluate.judge_split(Classifier(folder), faces, None, split="Training") for folder in (DEFAULT_MODEL, baseline)
    ]
    result = compare.comparison(judged, [DEFAULT_MODEL, baseline])
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    one, other = result["models"]
    assert one["heads"] == judged[0].scores["heads"] and other["folder"] == str(baseline)
    assert "difference" not in one and set(other["difference"]) == {"fer2013"}
    assert set(one["intervals"]) == {"fer2013", "votes"} and set(other["intervals"]) == {"fer2013"}
    assert one["speed"]["bytes"] > 0 and one["speed"]["looks"] == 3
