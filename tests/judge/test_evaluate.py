"""The protocol: answers in batches, the right truth for each head, and a report that is plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from small_models import without_votes

from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.expression import calibrate
from mien.expression.classify import Classifier
from mien.faces.mesh import MeshNet
from mien.judge import evaluate
from mien.judge.evaluate import Answers
from mien.models import weights_path


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


@pytest.fixture(scope="module")
def public(shared_fer2013: Path) -> FaceSet:
    return shared_faces(shared_fer2013, slice(28709, 28709 + 160))


def saying(faces: FaceSet, votes: np.ndarray, classes: np.ndarray) -> Answers:
    """Answers as a network would give them."""
    return Answers(votes.astype(np.float32), classes.astype(np.float32), np.zeros((len(faces), 4), np.float32),
                   faces.pixels)  # fmt: skip


def renamed(classifier: Classifier, **labels: tuple[str, ...]) -> Iterator[Classifier]:
    """The classifier for a while with other labels on its card."""
    before = classifier.card
    classifier.card = replace(before, **labels)
    yield classifier
    classifier.card = before


def test_answers_are_those_of_the_network_in_order(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "BATCH", 4)
    crops = drawn_faces(10).pixels
    seen: list[tuple[int, int]] = []
    said = evaluate.answers(classifier, crops, lambda done, total: seen.append((done, total)))
    whole = classifier(crops)
    assert said.votes == pytest.approx(whole.votes, abs=1e-4)
    assert said.fer2013 == pytest.approx(whole.fer2013, abs=1e-4)
    assert said.pooled == pytest.approx(whole.features.mean((2, 3)), abs=1e-3)
    assert seen == [(0, 10), (4, 10), (8, 10), (10, 10)]


def test_a_network_that_says_what_people_said_is_perfect(classifier: Classifier) -> None:
    faces = drawn_faces(200)
    heads = evaluate.judge(classifier, faces, saying(faces, faceset.shares(faces.votes), np.eye(7)[faces.labels]))
    assert heads["fer2013"]["n"] == 200
    assert heads["fer2013"]["accuracy"] == heads["votes"]["accuracy"] == heads["votes"]["macro_f1"] == 1
    assert heads["votes"]["n"] == int((faceset.majority(faces.votes) >= 0).sum()) < 200
    assert heads["votes"]["rule"] == "ferplus-majority"
    assert heads["votes"]["labels"] == list(classifier.card.expressions)
    shares = heads["votes"]["shares"]
    assert (shares["n"], shares["mean_gap"], shares["bins"]) == (200, 0, 15)
    assert all(one["said"] == one["given"] for one in shares["curve"])
    assert sum(one["n"] for one in shares["curve"]) == 200 * 10


def test_scores_are_counted_on_the_right_columns(classifier: Classifier) -> None:
    faces = drawn_faces(60)
    rng = np.random.default_rng(1)
    votes, classes = rng.dirichlet(np.ones(10), 60), rng.dirichlet(np.ones(7), 60)
    heads = evaluate.judge(classifier, faces, saying(faces, votes, classes))
    assert heads["fer2013"]["accuracy"] == pytest.approx((classes.argmax(1) == faces.labels).mean(), abs=1e-4)
    # The label is the leading one of the eight, also where 'unknown' has more.
    wanted = [(votes[i, :8].argmax() == m) for i, m in enumerate(faceset.majority(faces.votes)) if m >= 0]
    assert heads["votes"]["accuracy"] == pytest.approx(np.mean(wanted), abs=1e-4)


def test_labels_in_another_order_are_judged_alike(classifier: Classifier) -> None:
    faces = drawn_faces(60)
    rng = np.random.default_rng(1)
    votes, classes = rng.dirichlet(np.ones(10), 60), rng.dirichlet(np.ones(7), 60)
    before = evaluate.judge(classifier, faces, saying(faces, votes, classes))
    order, other = [3, 0, 7, 1, 2, 6, 5, 4, 9, 8], [6, 5, 4, 3, 2, 1, 0]
    labels = {"votes": tuple(classifier.card.votes[i] for i in order),
              "fer2013": tuple(classifier.card.fer2013[i] for i in other)}  # fmt: skip
    for changed in renamed(classifier, **labels):
        after = evaluate.judge(changed, faces, saying(faces, votes[:, order], classes[:, other]))
    for head in ("votes", "fer2013"):
        assert after[head]["accuracy"] == before[head]["accuracy"]
        assert after[head]["recall"] == pytest.approx(before[head]["recall"])
    assert after["votes"]["shares"] == before["votes"]["shares"]


@pytest.mark.parametrize("head", ["votes", "fer2013"])
def test_labels_that_nobody_voted_on_are_one_line(classifier: Classifier, head: str) -> None:
    faces = drawn_faces(5)
    labels = (*getattr(classifier.card, head)[:-1], "bored")
    said = saying(faces, np.full((5, 10), 0.1), np.full((5, 7), 1 / 7))
    for changed in renamed(classifier, **{head: labels}):
        with pytest.raises(DataError) as error:
            evaluate.judge(changed, faces, said)
    assert len(str(error.value).splitlines()) == 1


def test_faces_without_one_of_the_seven_labels_are_not_judged_by_them(classifier: Classifier) -> None:
    faces = drawn_faces(30)
    contempt, none = faceset.LABELS.index("contempt"), -1
    labels = faces.labels.copy()
    labels[:4], labels[4:6] = contempt, none
    odd = replace(faces, labels=labels)
    report = evaluate.report(classifier, odd, None, split="Training")
    assert report["protocol"]["unlabelled"] == 6
    rest = evaluate.report(classifier, faces.take(np.arange(6, 30)), None, split="Training")
    assert report["heads"]["fer2013"] == rest["heads"]["fer2013"]


def test_people_who_never_agree_give_no_head(classifier: Classifier) -> None:
    faces = drawn_faces(4)
    votes = np.zeros_like(faces.votes)
    votes[:, :5] = 2
    report = evaluate.report(classifier, replace(faces, votes=votes), None, split="Training")
    assert list(report["heads"]) == ["fer2013"]


def test_nothing_to_judge_by_is_one_line(classifier: Classifier) -> None:
    faces = drawn_faces(3)
    faces = replace(faces, votes=np.zeros_like(faces.votes), labels=np.full(3, -1))
    with pytest.raises(DataError, match="has a label or votes"):
        evaluate.report(classifier, faces, None, split="Training")


def test_a_model_without_votes_is_judged_by_its_one_head(classifier: Classifier, tmp_path: Path) -> None:
    baseline = Classifier(without_votes(tmp_path / "baseline"))
    faces = drawn_faces(6)
    report = evaluate.report(baseline, faces, None, split="Training")
    assert list(report["heads"]) == ["fer2013"]
    whole = evaluate.report(classifier, faces, None, split="Training")
    assert report["heads"]["fer2013"] == whole["heads"]["fer2013"]


def test_curves_are_those_of_the_confidence_that_is_judged(classifier: Classifier) -> None:
    faces = drawn_faces(300)
    rng = np.random.default_rng(2)
    votes = 0.6 * faceset.shares(faces.votes) + 0.4 * rng.dirichlet(np.full(10, 0.4), 300)
    votes_head = evaluate.judge(classifier, faces, saying(faces, votes, np.eye(7)[faces.labels]))["votes"]
    confidence, coverage = votes_head["confidence"], votes_head["coverage"]
    for name, error in (("reliability", "ece_cross_fitted"), ("reliability_top_share", "ece_top_share")):
        points = confidence[name]
        assert sum(one["n"] for one in points) == confidence["n"] == 300
        found = sum(one["n"] * abs(one["said"] - one["found"]) for one in points) / 300
        assert found == pytest.approx(confidence[error], abs=2e-4)
    assert coverage[-1]["covered"] == 1 and coverage[-1]["right"] == pytest.approx(confidence["right"], abs=1e-4)
    assert sorted(one["threshold"] for one in coverage) == [one["threshold"] for one in coverage][::-1]
    # What is said to be sure is a point of the same curve.
    sure = confidence["at_sure"]
    at_least = [one for one in coverage if one["threshold"] >= sure["threshold"]]
    assert max((one["covered"] for one in at_least), default=0) <= sure["covered"] + 1e-4


def test_without_votes_one_head_is_judged(classifier: Classifier) -> None:
    faces = drawn_faces(5)
    faces = replace(faces, votes=np.zeros_like(faces.votes))
    assert set(evaluate.report(classifier, faces, None, split="Training")["heads"]) == {"fer2013"}


def test_faces_that_ferplus_does_not_list_are_left_out_and_counted(classifier: Classifier) -> None:
    faces = drawn_faces(12)
    faces.named[[2, 5]] = False
    nowhere = np.full((12, 6, 2), np.nan, np.float32)
    report = evaluate.report(classifier, faces, nowhere, split="Training")
    assert report["protocol"]["left_out"] == 2
    assert report["protocol"]["faces"] == report["heads"]["fer2013"]["n"] == 10
    assert report["heads"] == evaluate.report(classifier, faces.take(faces.named), None, split="Training")["heads"]


def test_nothing_left_is_one_line(classifier: Classifier) -> None:
    faces = drawn_faces(3)
    faces.named[:] = False
    with pytest.raises(DataError, match="lists no face of the split 'Training'"):
        evaluate.report(classifier, faces, None, split="Training")


@pytest.mark.parametrize("count", [1, 3])
def test_a_handful_of_faces_gives_a_report(classifier: Classifier, count: int) -> None:
    report = evaluate.report(classifier, drawn_faces(count), None, split="Training")
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_report_of_real_faces(classifier: Classifier, public: FaceSet) -> None:
    keypoints = align.find_keypoints(MeshNet(weights_path("face_landmark")), public.pixels)
    report = evaluate.report(classifier, public, keypoints, split="PublicTest")
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert list(report) == ["split", "model", "protocol", "heads", "tone"]
    assert report["model"] == classifier.card.identity
    assert report["protocol"]["aligned"] is True
    assert report["protocol"]["meshes_found"] == int((~np.isnan(keypoints[public.named, 0, 0])).sum())
    heads = report["heads"]
    # Far above chance and below: the first 160 faces of PublicTest, by whatever model is embedded.
    assert heads["fer2013"]["accuracy"] > 0.55
    assert heads["votes"]["accuracy"] > 0.75
    for head in heads.values():
        assert sum(map(sum, head["confusion"])) == head["n"]
    confidence = heads["votes"]["confidence"]
    assert confidence["ece_of_card"] < confidence["ece_by_chance"] + 0.06
    assert heads["votes"]["shares"]["mean_gap"] < 0.1


def test_the_confidence_of_real_faces_tells_right_from_wrong(classifier: Classifier, public: FaceSet) -> None:
    said = evaluate.answers(classifier, evaluate.cut(classifier, public, None))
    rows, labels = evaluate.confidence_rows(classifier, said)
    voted = public.votes.sum(1) > 0
    led = calibrate.leads_among_people(evaluate.votes_for(classifier, public)[voted], labels[voted])
    confidence = calibrate.Calibration.from_dict(classifier.card.confidence)(rows)[voted]
    assert confidence[led == 1].mean() > confidence[led == 0].mean() + 0.15
