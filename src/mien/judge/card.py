"""The scores that a model's card states: `mien evaluate` measures them, and anybody can measure them again.

Beside those of the whole split stand those of its first faces, which a test recomputes to the same digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mien.data import twins
from mien.data.faceset import FaceSet
from mien.errors import DataError, ModelError
from mien.expression.classify import Classifier
from mien.files import written_whole
from mien.judge import evaluate, eyes
from mien.judge import tone as tones
from mien.judge.evaluate import Answers
from mien.types import FloatArray, Progress, no_progress
from mien.version import __version__

FIRST = 300  # faces that are judged apart
VALIDATION = "PublicTest"  # what a tone is checked by


def card_scores(
    classifier: Classifier, faces: FaceSet, keypoints: FloatArray,
    *, said: Mapping[bool, Answers] | None = None, progress: Progress = no_progress,
) -> dict[str, Any]:  # fmt: skip
    """What a card holds: the scores of the way that the card names (aligned or not), in short those of the other.

    Args:
        classifier: the model, with the card as it will be but for its scores.
        faces: of one split; those that FERPlus does not list are left out.
        keypoints: (N, 6, 2) of these faces, NaN where the mesh is not found.
        said: the model's answers about the listed faces, aligned (True) and not (False), where they are known already.
        progress: called with faces done and faces in all.

    Returns:
        `{split, faces, mien, aligned, heads, aligned_the_other_way{head: {n, accuracy, ..}}, first_300{faces, heads}}`;
        the heads as in `evaluate.judge`, without the curves.
    """
    keypoints, faces = keypoints[faces.named], faces.take(faces.named)
    said = said or both_ways(classifier, faces, keypoints, progress)
    way = classifier.card.align
    heads = {one: evaluate.judge(classifier, faces, answers) for one, answers in said.items()}
    return {
        "split": str(faces.splits[0]),
        "faces": len(faces),
        "mien": __version__,
        "aligned": way,
        "heads": without_curves(heads[way]),
        "aligned_the_other_way": {name: _in_short(head) for name, head in heads[not way].items()},
        f"first_{FIRST}": first_scores(classifier, faces, keypoints),
    }


def both_ways(
    classifier: Classifier, faces: FaceSet, keypoints: FloatArray, progress: Progress = no_progress
) -> dict[bool, Answers]:
    """The model's answers about the faces, aligned (True) and as they were cut (False)."""
    total, found = 2 * len(faces), {}
    for place, points in enumerate((keypoints, None)):
        crops = evaluate.cut(classifier, faces, points)
        part = evaluate.part_of(progress, place * len(faces), total)
        found[points is not None] = evaluate.answers(classifier, crops, part)
    return found


def first_scores(classifier: Classifier, faces: FaceSet, keypoints: FloatArray | None) -> dict[str, Any]:
    """The scores of the first FIRST listed faces, judged alone: `{faces, heads}`; aligned if the card says so.

    They depend on nothing but these faces, the network and the card, so they come out alike wherever they are measured.
    """
    first = np.flatnonzero(faces.named)[:FIRST]
    faces = faces.take(first)
    points = keypoints[first] if classifier.card.align and keypoints is not None else None
    said = evaluate.answers(classifier, evaluate.cut(classifier, faces, points))
    return {"faces": len(faces), "heads": without_curves(evaluate.judge(classifier, faces, said))}


def without_curves(heads: Mapping[str, Any]) -> dict[str, Any]:
    """Scores without their lists of points, which a card has no room for."""

    def is_curve(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)

    return {
        name: without_curves(value) if isinstance(value, Mapping) else value
        for name, value in heads.items()
        if not is_curve(value)
    }


def _in_short(head: Mapping[str, Any]) -> dict[str, Any]:
    short = {name: head[name] for name in ("n", "accuracy", "macro_f1")}
    if "confidence" in head:
        short["ece_cross_fitted"] = head["confidence"]["ece_cross_fitted"]
    return short


def tone_for_card(
    classifier: Classifier, faces: FaceSet, stage: Callable[[str], Progress] = lambda name: no_progress
) -> dict[str, Any]:
    """The calibration of a model's tone: fitted on the part of Training that training holds out, checked on PublicTest.

    Args:
        classifier: the model.
        faces: all that it was trained with, so that the same part is held out.
        stage: shows progress.

    Raises:
        DataError: the model has no votes, or there are too few faces to fit a tone on, or none to check it by.
    """
    if not classifier.card.votes:
        raise DataError(f"{classifier.card.identity} gives no votes: it has no tone")
    _, held = twins.holdout(faces, progress=stage("looking for twins"))
    checked = np.flatnonzero((faces.splits == VALIDATION) & faces.named)
    if not len(checked):
        raise DataError(f"the data hold no split {VALIDATION!r}: a tone needs faces to be checked by")
    said = [_votes_on(classifier, faces.take(which), stage) for which in (held, checked)]
    found = tones.for_card(classifier.card, said[0], said[1])
    if not found:
        raise DataError(f"of {len(held)} faces held out, fewer than {tones.LEAST_FACES} are positive, neutral or "
                        "negative by most people: too few to fit a tone on")  # fmt: skip
    return found


def _votes_on(classifier: Classifier, faces: FaceSet, stage: Callable[[str], Progress]) -> tones.Said:
    """Aligned, as live faces are."""
    keypoints = eyes.find_keypoints(faces.pixels, stage("finding eyes and mouths"))
    crops = evaluate.cut(classifier, faces, keypoints)
    return faces, evaluate.answers(classifier, crops, stage("reading faces")).votes


def write_on_card(folder: Path, **entries: Mapping[str, Any]) -> None:
    """Put entries on the card of a model folder, in place of those that are there; all else stays.

    Raises:
        ModelError: the card cannot be read.
        SinkError: it cannot be written.
    """
    path = folder / "card.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"the card {path} cannot be read: {str(error).splitlines()[0][:120]}") from error
    with written_whole(path) as partial:
        renewed = {**card, **{name: dict(entry) for name, entry in entries.items()}}
        text = json.dumps(renewed, indent=1, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")
