"""The protocol: labelled faces through a model, one crop each, and what comes out against what people said.

`answers` runs the network, `judge` compares; `report` gives the one object that `mien evaluate --json` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.expression import calibrate, doubts
from mien.expression.calibrate import Calibration
from mien.expression.classify import Classifier
from mien.judge.scores import Scores, share_error
from mien.types import FloatArray, ImageArray, Progress, no_progress
from mien.version import __version__

BATCH = 128


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model said of N faces: shares (N, V), probabilities (N, 7), pooled features (N, C), the crops it saw."""

    votes: FloatArray
    fer2013: FloatArray
    pooled: FloatArray
    crops: ImageArray


def answers(classifier: Classifier, crops: ImageArray, progress: Progress = no_progress) -> Answers:
    """Run the network over crops (N, S, S) uint8, one look at each."""
    votes, classes, pooled = [], [], []
    for start in range(0, len(crops), BATCH):
        progress(start, len(crops))
        answer = classifier(crops[start : start + BATCH])
        votes.append(answer.votes)
        classes.append(answer.fer2013)
        pooled.append(answer.features.mean((2, 3)))
    progress(len(crops), len(crops))
    return Answers(np.concatenate(votes), np.concatenate(classes), np.concatenate(pooled), crops)


def cut(classifier: Classifier, faces: FaceSet, keypoints: FloatArray | None) -> ImageArray:
    """The crops of a model: aligned where there are keypoints (N, 6, 2), else the faces as they are."""
    size = classifier.card.input_size
    if keypoints is None:
        keypoints = np.full((len(faces), 6, 2), np.nan, np.float32)
    return align.align(faces.pixels, keypoints, size, geometry_=classifier.geometry)


def votes_for(classifier: Classifier, faces: FaceSet) -> FloatArray:
    """People's votes in the order of the model's labels (N, V); DataError where the model has other labels."""
    try:
        order = [faceset.VOTE_LABELS.index(label) for label in classifier.card.votes]
    except ValueError as error:
        raise DataError(f"FERPlus has no votes for this model's labels: {error}") from error
    return faces.votes[:, order]


def confidence_rows(classifier: Classifier, said: Answers) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The evidence for each face's leading expression, and which that is."""
    count = len(classifier.card.expressions)
    labels = said.votes[:, :count].argmax(1)
    return calibrate.evidence(said.votes, labels, doubts.crop_quality(said.crops), count), labels


def judge(classifier: Classifier, faces: FaceSet, said: Answers) -> dict[str, Any]:
    """Scores of both heads against the labels of `faces`; heads without labels are left out."""
    classes = classifier.card.fer2013
    if set(classes) != set(faceset.FER2013_LABELS):
        raise DataError(f"FER2013 has other classes than this model: {', '.join(faceset.FER2013_LABELS)}")
    order = np.asarray([classes.index(label) for label in faceset.FER2013_LABELS])
    truth = order[faces.labels]
    heads: dict[str, Any] = {"fer2013": Scores.of(classes, truth, said.fer2013.argmax(1)).to_dict()}
    if faces.votes.any():
        heads["votes"] = _judge_votes(classifier, faces, said)
    return heads


def _judge_votes(classifier: Classifier, faces: FaceSet, said: Answers) -> dict[str, Any]:
    people = votes_for(classifier, faces)
    expressions = classifier.card.expressions
    majority = faceset.majority(people, len(expressions))
    agreed = majority >= 0
    rows, labels = confidence_rows(classifier, said)
    scores = Scores.of(expressions, majority[agreed], labels[agreed])
    voted = people.sum(1) > 0
    result = {**scores.to_dict(), "rule": "ferplus-majority"}
    result["shares"] = {
        "n": int(voted.sum()),
        "mean_gap": round(share_error(said.votes[voted], faceset.shares(people[voted])), 4),
        "bins": calibrate.BINS,
    }
    result["confidence"] = _judge_confidence(classifier, rows[voted], people[voted], labels[voted])
    return result


def _judge_confidence(
    classifier: Classifier, rows: NDArray[np.float64], people: FloatArray, labels: NDArray[np.int64]
) -> dict[str, Any]:
    """ECE of the card's calibration, and of one that is fitted anew on other faces of this split (five folds)."""
    led = calibrate.leads_among_people(people, labels)
    crossed = calibrate.cross_fitted(rows, led)
    result = {
        "truth": "the label has the most votes of ten people; a tie counts in part",
        "n": len(rows),
        "right": round(float(led.mean()), 4),
        "ece_cross_fitted": round(calibrate.binned_error(crossed, led), 4),
        "ece_by_chance": round(calibrate.chance_error(crossed), 4),
        "bins": calibrate.BINS,
    }
    if classifier.card.confidence:
        said = Calibration.from_dict(classifier.card.confidence)(rows)
        result["ece_of_card"] = round(calibrate.binned_error(said, led), 4)
    return result


def report(classifier: Classifier, faces: FaceSet, keypoints: FloatArray | None, *,
           split: str, progress: Progress = no_progress) -> dict[str, Any]:  # fmt: skip
    """Judge a model on one split: `{split, model, protocol, heads}`, plain JSON values.

    Rows that FERPlus does not list are left out. Raises DataError where no face is left.
    """
    left_out = int((~faces.named).sum())
    if keypoints is not None:
        keypoints = keypoints[faces.named]
    faces = faces.take(faces.named)
    if not len(faces):
        raise DataError(f"FERPlus lists no face of the split {split!r}: there is nothing to judge")
    crops = cut(classifier, faces, keypoints)
    said = answers(classifier, crops, progress)
    found = 0 if keypoints is None else int((~np.isnan(keypoints[:, 0, 0])).sum())
    return {
        "split": split,
        "model": classifier.card.identity,
        "protocol": {
            "mien": __version__,
            "crops": 1,
            "test_time_augmentation": "none",
            "faces": len(faces),
            "left_out": left_out,  # rows that FERPlus does not list
            "aligned": keypoints is not None,
            "meshes_found": found,
            "input_size": classifier.card.input_size,
        },
        "heads": judge(classifier, faces, said),
    }
