"""What only a report shows: intervals, faces without twins, robustness, speed, averaged answers, single faces.

`add_all` completes the scores object of `evaluate.judge_split`; each part can be had alone. It takes minutes where
`evaluate` takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import faceset
from mien.data.faceset import VOTE_LABELS, FaceSet
from mien.data.twins import find_twins
from mien.faces.mesh import MeshNet
from mien.judge import averaged, evaluate, eyes, intervals, robustness, speed
from mien.judge.evaluate import Judged, Sureness
from mien.models import weights_path
from mien.types import FloatArray, Progress, no_progress

SHOWN = 60  # single faces of each kind

Stage = Callable[[str], Progress]  # called with a stage's name, gives what shows its progress


def no_stage(name: str) -> Progress:
    """Show nothing."""
    return no_progress


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a thorough report needs beside the answers: the model's folder, and the faces of the other splits if any."""

    folder: Path
    others: FaceSet | None = None


def add_all(judged: Judged, around: Surroundings, *, stage: Stage = no_stage) -> dict[str, Any]:
    """The scores object with everything that a report shows; see the functions below for each part."""
    scores = {**judged.scores, "protocol": {**judged.scores["protocol"], "robustness": robustness.PROTOCOL}}
    scores["intervals"] = intervals_of_heads(judged)
    if around.others is not None and len(around.others):
        scores["without_twins"] = without_twins(judged, around.others, progress=stage("looking for twins"))
    scores["averaged"] = {**judged.scores.get("averaged", {}), **over_views(judged, stage=stage)}
    scores["robustness"] = robustness_of(judged, stage=stage)
    scores["speed"] = speed.measure(around.folder, judged.said.crops)
    scores["surest_mistakes"] = surest_mistakes(judged)
    scores["most_disputed"] = most_disputed(judged)
    return scores


def intervals_of_heads(judged: Judged) -> dict[str, Any]:
    """Bootstrap intervals of each head's scores, see `intervals.intervals_of`."""
    found = evaluate.confusions(judged.classifier, judged.faces, judged.said)
    return {head: intervals.intervals_of(one) for head, one in found.items()}


def without_twins(judged: Judged, others: FaceSet, *, progress: Progress = no_progress) -> dict[str, Any]:
    """The scores without the faces that lie, near-identical or mirrored, in another split too.

    Returns `{faces_left_out, heads{head: {n, accuracy, macro_f1}}}`.
    """
    count = len(judged.faces)
    groups = find_twins(np.concatenate([judged.faces.pixels, others.pixels]), progress=progress)
    alone = ~np.isin(groups[:count], groups[count:])
    said = take_answers(judged.said, alone)
    heads = evaluate.judge_briefly(judged.classifier, judged.faces.take(alone), said) if alone.any() else {}
    return {"faces_left_out": int((~alone).sum()), "heads": heads}


def take_answers(said: evaluate.Answers, which: NDArray[np.bool_]) -> evaluate.Answers:
    """The answers about some of the faces."""
    return evaluate.Answers(said.votes[which], said.fer2013[which], said.pooled[which], said.crops[which])


def over_views(judged: Judged, *, stage: Stage = no_stage) -> dict[str, Any]:
    """Scores of answers averaged over several looks: `{mirror: {heads}, ten_crops: {heads}}`."""
    found = {}
    for name in averaged.VIEWS:
        said = averaged.over_views(judged.classifier, judged.said, name, stage(f"averaging: {name.replace('_', ' ')}"))
        found[name] = {"heads": evaluate.judge_briefly(judged.classifier, judged.faces, said)}
    return found


def robustness_of(judged: Judged, *, most: int = robustness.FACES, stage: Stage = no_stage) -> dict[str, Any]:
    """See `robustness.curves`: on a fixed choice of the faces judged."""
    which = robustness.choose(len(judged.faces), most=most)
    faces = judged.faces.take(which)
    net = MeshNet(weights_path("face_landmark"))
    if judged.keypoints is None:
        keypoints: FloatArray = eyes.find_keypoints(faces.pixels, stage("finding eyes and mouths"))
    else:
        keypoints = judged.keypoints[which]
    return robustness.curves(judged.classifier, net, faces, keypoints, progress=stage("damaging faces"))


def surest_mistakes(judged: Judged, most: int = SHOWN) -> list[dict[str, Any]]:
    """The faces that the model got wrong while it was surest: `{index, row, said, truth, confidence, votes}`.

    By the majority of people where there are votes, with the cross-fitted confidence; else by the seven classes and
    their probability. `index` counts the faces judged, `row` is the line of the file.
    """
    said, truth, confidence, labels = _claims(judged)
    wrong = np.flatnonzero((truth >= 0) & (said != truth))
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    return [
        {
            **_place(judged, index),
            "said": labels[said[index]],
            "truth": labels[truth[index]],
            "confidence": round(float(confidence[index]), 4),
            "votes": _votes_of(judged, index),
        }
        for index in order
    ]


def most_disputed(judged: Judged, most: int = SHOWN) -> list[dict[str, Any]]:
    """The faces on which people agree least: `{index, row, label, entropy, votes, said}`; none without votes.

    `label` has the most votes, `entropy` of the votes is in bits, `said` is the model's word.
    """
    if not judged.faces.votes.any():
        return []
    shares = faceset.shares(judged.faces.votes).astype(np.float64)
    entropy = -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(1)
    said, _, _, labels = _claims(judged)
    return [
        {
            **_place(judged, index),
            "label": VOTE_LABELS[int(shares[index].argmax())],
            "entropy": round(float(entropy[index]), 4),
            "votes": _votes_of(judged, index),
            "said": labels[said[index]],
        }
        for index in np.argsort(-entropy, kind="stable")[:most]
    ]


def _claims(judged: Judged) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], tuple[str, ...]]:
    """What was said of each face (N,), what is true (N,) or -1, how sure the model was (N,), and the labels' names."""
    classifier, said = judged.classifier, judged.said
    if "votes" not in judged.scores["heads"]:
        truth = evaluate.classes_of(classifier, judged.faces)
        return said.fer2013.argmax(1), truth, said.fer2013.max(1).astype(np.float64), classifier.card.fer2013
    sureness = Sureness.of(classifier, judged.faces, said)
    confidence = np.zeros(len(judged.faces))
    confidence[sureness.voted] = sureness.said
    expressions = classifier.card.expressions
    majority = evaluate.majority_of(classifier, judged.faces)
    return said.votes[:, : len(expressions)].argmax(1), majority, confidence, expressions


def _place(judged: Judged, index: int) -> dict[str, int]:
    return {"index": int(index), "row": int(judged.faces.rows[index])}


def _votes_of(judged: Judged, index: int) -> dict[str, float]:
    """How many people gave each label, the most first; labels that nobody gave are left out."""
    votes = judged.faces.votes[index]
    return {VOTE_LABELS[one]: float(votes[one]) for one in np.argsort(-votes, kind="stable") if votes[one]}
