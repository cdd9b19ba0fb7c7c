"""The protocol: labelled faces through a model, one crop each, and what comes out against what people said.

`answers` runs the network, `judge` compares; `report` gives the one object that `mien evaluate --json` prints.
`thorough.py` adds what only a report shows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.expression import calibrate, doubts
from mien.expression.calibrate import SURE, Calibration
from mien.expression.classify import Classifier
from mien.judge import scores
from mien.judge import tone as tones
from mien.judge.agreement import agreement
from mien.judge.scores import Bin, Covered, Scores
from mien.types import FloatArray, ImageArray, Progress, no_progress
from mien.version import __version__

BATCH = 128


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model said of N faces: shares (N, V), probabilities (N, 7), pooled features (N, C), the crops it saw.

    V is 0 for a model that has no votes.
    """

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
        if classifier.card.votes:
            votes.append(answer.votes)
        classes.append(answer.fer2013)
        pooled.append(answer.features.mean((2, 3)))
    progress(len(crops), len(crops))
    shares = np.concatenate(votes) if votes else np.empty((len(crops), 0), np.float32)
    return Answers(shares, np.concatenate(classes), np.concatenate(pooled), crops)


def part_of(progress: Progress, start: int, total: int) -> Progress:
    """What shows the progress of a part, given what shows that of the whole and where the part begins."""
    return lambda done, _: progress(start + done, total)


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
    heads = {name: one.to_dict() for name, one in confusions(classifier, faces, said).items()}
    if "votes" in heads:
        heads["votes"] |= _judge_shares_and_confidence(classifier, faces, said)
    return heads


def judge_briefly(classifier: Classifier, faces: FaceSet, said: Answers) -> dict[str, Any]:
    """Of each head that can be judged `{n, accuracy, macro_f1}` alone."""
    heads = {name: one.to_dict() for name, one in confusions(classifier, faces, said).items()}
    return {name: {one: head[one] for one in ("n", "accuracy", "macro_f1")} for name, head in heads.items()}


def confusions(classifier: Classifier, faces: FaceSet, said: Answers) -> dict[str, Scores]:
    """What each head that has labels said of what: `fer2013` by the seven classes, `votes` by FERPlus's majority."""
    found = {}
    truth = classes_of(classifier, faces)
    if (known := truth >= 0).any():
        found["fer2013"] = Scores.of(classifier.card.fer2013, truth[known], said.fer2013.argmax(1)[known])
    if faces.votes.any() and classifier.card.votes:
        majority = majority_of(classifier, faces)
        agreed, expressions = majority >= 0, classifier.card.expressions
        if agreed.any():
            found["votes"] = Scores.of(expressions, majority[agreed], said.votes[agreed, : len(expressions)].argmax(1))
    return found


def classes_of(classifier: Classifier, faces: FaceSet) -> NDArray[np.int64]:
    """Which of the model's seven classes each face is labelled as: (N,), -1 where it is none of them.

    Raises DataError where the model has other classes than FER2013.
    """
    classes = classifier.card.fer2013
    if set(classes) != set(faceset.FER2013_LABELS):
        raise DataError(f"FER2013 has other classes than this model: {', '.join(faceset.FER2013_LABELS)}")
    order = [classes.index(label) if label in classes else -1 for label in faceset.LABELS]
    return np.asarray([*order, -1])[faces.labels]  # the last for faces without a label, -1


def majority_of(classifier: Classifier, faces: FaceSet) -> NDArray[np.int64]:
    """FERPlus's majority as one of the model's expressions: (N,), -1 where there is none."""
    return faceset.majority(votes_for(classifier, faces), len(classifier.card.expressions))


@dataclass(frozen=True, eq=False)
class Sureness:
    """How sure a model was of the M faces that people voted on, and whether it was right.

    `rows` (M, F) is the evidence, `said` (M,) the confidence by a calibration that has not seen the face (five folds),
    `led` (M,) whether the label leads among people, in part where labels tie, `top` (M,) the leading share.
    """

    voted: NDArray[np.bool_]
    rows: NDArray[np.float64]
    said: NDArray[np.float64]
    led: NDArray[np.float64]
    top: NDArray[np.float64]

    @classmethod
    def of(cls, classifier: Classifier, faces: FaceSet, said: Answers) -> Sureness:
        """From people's votes and the model's answers; needs a model with votes, and at least one face with some."""
        voted = faces.votes.sum(1) > 0
        rows, labels = confidence_rows(classifier, said)
        led = calibrate.leads_among_people(votes_for(classifier, faces)[voted], labels[voted])
        top = said.votes[np.arange(len(labels)), labels].astype(np.float64)
        return cls(voted, rows[voted], calibrate.cross_fitted(rows[voted], led), led, top[voted])


def _judge_shares_and_confidence(classifier: Classifier, faces: FaceSet, said: Answers) -> dict[str, Any]:
    people = votes_for(classifier, faces)
    sureness = Sureness.of(classifier, faces, said)
    result = {
        "rule": "ferplus-majority",
        "shares": _judge_shares(said.votes[sureness.voted], faceset.shares(people[sureness.voted])),
        "confidence": _judge_confidence(classifier, sureness),
        "coverage": [rounded(one) for one in scores.coverage(sureness.said, sureness.led)],
    }
    among_people = agreement(people, said.votes[:, : len(classifier.card.expressions)].argmax(1))
    return result if among_people is None else {**result, "agreement": among_people}


def _judge_shares(said: FloatArray, given: FloatArray) -> dict[str, Any]:
    curve = scores.share_curve(said, given, calibrate.BINS)
    return {
        "n": len(said),
        "mean_gap": round(scores.share_error(said, given, calibrate.BINS), 4),
        "bins": calibrate.BINS,
        "curve": [{"said": round(one.said, 4), "given": round(one.found, 4), "n": one.n} for one in curve],
    }


def _judge_confidence(classifier: Classifier, sureness: Sureness) -> dict[str, Any]:
    """ECE of the leading share, of the card's calibration, and of one that is fitted anew on other faces."""
    crossed, led = sureness.said, sureness.led
    sure = scores.above(crossed, led, SURE)
    result = {
        "truth": "the label has the most votes of ten people; a tie counts in part",
        "n": len(led),
        "right": round(float(led.mean()), 4),
        "ece_top_share": round(calibrate.binned_error(sureness.top, led), 4),
        "ece_cross_fitted": round(calibrate.binned_error(crossed, led), 4),
        "ece_by_chance": round(calibrate.chance_error(crossed), 4),
        "bins": calibrate.BINS,
        "reliability": [rounded(one) for one in scores.reliability(crossed, led, calibrate.BINS)],
        "reliability_top_share": [rounded(one) for one in scores.reliability(sureness.top, led, calibrate.BINS)],
        "at_sure": None if sure is None else rounded(sure),
    }
    if classifier.card.confidence:
        said = Calibration.from_dict(classifier.card.confidence)(sureness.rows)
        result["ece_of_card"] = round(calibrate.binned_error(said, led), 4)
    return result


def rounded(one: Bin | Covered) -> dict[str, float]:
    """A point of a curve as plain JSON values; shares to four digits."""
    return {name: round(value, 4) for name, value in asdict(one).items()}


@dataclass(frozen=True, eq=False)
class Judged:
    """A model's answers on one split: the faces judged, their keypoints (N, 6, 2) or None, and the scores object."""

    classifier: Classifier
    faces: FaceSet
    keypoints: FloatArray | None
    said: Answers
    scores: dict[str, Any]


def report(classifier: Classifier, faces: FaceSet, keypoints: FloatArray | None, *,
           split: str, progress: Progress = no_progress) -> dict[str, Any]:  # fmt: skip
    """Judge a model on one split: `{split, model, protocol, heads, tone}`, plain JSON values; see `judge_split`."""
    return judge_split(classifier, faces, keypoints, split=split, progress=progress).scores


def judge_split(classifier: Classifier, faces: FaceSet, keypoints: FloatArray | None, *,
                split: str, progress: Progress = no_progress) -> Judged:  # fmt: skip
    """Run a model over one split and judge it; faces that FERPlus does not list are left out.

    Args:
        classifier: the model.
        faces: of the split.
        keypoints: (N, 6, 2) of the faces, NaN where none were found; None takes the faces as they were cut.
        split: its name.
        progress: called with faces done and faces in all.

    Raises:
        DataError: no face is left, or no head has labels to be judged by.
    """
    left_out = int((~faces.named).sum())
    if keypoints is not None:
        keypoints = keypoints[faces.named]
    faces = faces.take(faces.named)
    if not len(faces):
        raise DataError(f"FERPlus lists no face of the split {split!r}: there is nothing to judge")
    said = answers(classifier, cut(classifier, faces, keypoints), progress)
    heads = judge(classifier, faces, said)
    if not heads:
        raise DataError(f"no face of the split {split!r} has a label or votes that this model could be judged by")
    found = 0 if keypoints is None else int((~np.isnan(keypoints[:, 0, 0])).sum())
    result = {
        "split": split,
        "model": classifier.card.identity,
        "protocol": {
            "mien": __version__,
            "crops": 1,
            "test_time_augmentation": "none",
            "faces": len(faces),
            "left_out": left_out,  # rows that FERPlus does not list
            "unlabelled": int((classes_of(classifier, faces) < 0).sum()),  # none of the seven classes
            "aligned": keypoints is not None,
            "meshes_found": found,
            "input_size": classifier.card.input_size,
        },
        "heads": heads,
    }
    if (toned := tones.judged(classifier.card, faces, said.votes)) is not None:
        result["tone"] = toned
    return Judged(classifier, faces, keypoints, said, result)
