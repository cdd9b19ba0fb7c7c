"""Several models on the same faces: each one's scores with intervals, and by how much it differs from the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.expression.classify import Classifier
from mien.judge import evaluate, speed
from mien.judge.evaluate import Judged
from mien.judge.intervals import difference
from mien.judge.thorough import intervals_of_heads


def comparison(judged: Sequence[Judged], folders: Sequence[Path]) -> dict[str, Any]:
    """`{models: [...]}`, a scores object for each model in order, completed by intervals, speed and difference.

    `difference` is missing for the first; for the others it has, of each head that both have, `accuracy` and
    `macro_f1` as `{by, interval}`: better than the first by so much, with a paired bootstrap interval.
    """
    models = []
    for place, (one, folder) in enumerate(zip(judged, folders, strict=True)):
        scores = {
            **one.scores,
            "folder": str(folder),
            "intervals": intervals_of_heads(one),
            "speed": speed.measure(folder, one.said.crops),
        }
        if place:
            scores["difference"] = differences(judged[0], one)
        models.append(scores)
    return {"models": models}


def differences(first: Judged, second: Judged) -> dict[str, Any]:
    """By how much the second model is better than the first on the same faces: `{head: {accuracy, macro_f1}}`.

    Heads that are not judged by the same labels are left out.
    """
    found = {}
    for head in ("fer2013", "votes"):
        if head in first.scores["heads"] and head in second.scores["heads"]:
            labels = first.scores["heads"][head]["labels"]
            if set(labels) == set(second.scores["heads"][head]["labels"]):
                truth, said = _claims(first, head, labels)
                _, other = _claims(second, head, labels)
                known = truth >= 0
                found[head] = difference(truth[known], said[known], other[known], len(labels))
    return found


def _claims(judged: Judged, head: str, labels: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The true and the said label of each face as places in `labels`; -1 where there is no truth."""
    classifier: Classifier = judged.classifier
    if head == "fer2013":
        own, truth = classifier.card.fer2013, evaluate.classes_of(classifier, judged.faces)
        said = judged.said.fer2013.argmax(1)
    else:
        own, truth = classifier.card.expressions, evaluate.majority_of(classifier, judged.faces)
        said = judged.said.votes[:, : len(own)].argmax(1)
    order = np.asarray([*(labels.index(label) for label in own), -1])
    return order[truth], order[said]
