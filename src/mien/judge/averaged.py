"""Answers averaged over several looks at a face, or over several models: for columns of their own.

A score of averaged answers costs as many looks; it is never put beside one of a single look without saying so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from mien.errors import DataError
from mien.expression.classify import Classifier
from mien.judge.evaluate import Answers, answers, part_of
from mien.types import ImageArray, Progress, no_progress

WINDOW = 44 / 48  # side of the five cut windows, of the crop's; the usual ones are 7/8 (Krizhevsky et al. 2012)


def mirror(crops: ImageArray) -> list[ImageArray]:
    """The crops (N, S, S) and their mirror images."""
    return [crops, np.ascontiguousarray(crops[:, :, ::-1])]


def ten_crops(crops: ImageArray) -> list[ImageArray]:
    """Four corners and the middle of the crops (N, S, S), each brought back to their size, and the mirrors of the five.

    Krizhevsky, Sutskever and Hinton 2012, 4.1.
    """
    side = crops.shape[1]
    window = max(1, round(side * WINDOW))
    far, middle = side - window, (side - window) // 2
    views = []
    for top, left in ((0, 0), (0, far), (far, 0), (far, far), (middle, middle)):
        part = crops[:, top : top + window, left : left + window]
        views += mirror(np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in part]))
    return views


VIEWS: dict[str, Callable[[ImageArray], list[ImageArray]]] = {"mirror": mirror, "ten_crops": ten_crops}


def over_views(classifier: Classifier, said: Answers, name: str, progress: Progress = no_progress) -> Answers:
    """The mean answer over the VIEWS called `name` of the crops that `said` was given for."""
    views = VIEWS[name](said.crops)
    total = len(views) * len(said.crops)
    many = []
    for index, view in enumerate(views):
        many.append(answers(classifier, view, part_of(progress, index * len(view), total)))
    return mean_answers([classifier] * len(many), many)


def mean_answers(models: Sequence[Classifier], many: Sequence[Answers]) -> Answers:
    """The mean of several models' answers on the same faces, in the order of the first one's labels.

    Votes are those of the models that have votes. Crops and features are the first one's.

    Raises:
        DataError: the models have other labels, or the first has no votes where another has.
    """
    classes = np.mean(
        [_in_order(models[0], model, "fer2013", said) for model, said in zip(models, many, strict=True)], 0
    )
    voting = [(model, said) for model, said in zip(models, many, strict=True) if model.card.votes]
    votes = many[0].votes
    if models[0].card.votes:
        votes = np.mean([_in_order(models[0], model, "votes", said) for model, said in voting], 0)
    return replace(many[0], votes=np.asarray(votes, np.float32), fer2013=np.asarray(classes, np.float32))


def _in_order(
    first: Classifier, model: Classifier, head: str, said: Answers
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    wanted, there = getattr(first.card, head), getattr(model.card, head)
    if set(wanted) != set(there):
        raise DataError(f"{model.card.identity} and {first.card.identity} have other labels: they cannot be averaged")
    return np.asarray(getattr(said, head)[:, [there.index(label) for label in wanted]], np.float32)
