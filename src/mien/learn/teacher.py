"""Distillation (Hinton et al. 2015): what trained models say of the training faces, once, as targets for another.

Each face is looked at as it was cut and aligned, plain and mirrored; the answers of all views and all teachers are
averaged. How much of a target they make up, `TrainOptions.teach` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.errors import ModelError
from mien.expression.classify import Classifier
from mien.learn import prepare
from mien.learn.material import Taught, fingerprint
from mien.learn.watching import Watcher
from mien.types import FloatArray, ImageArray, Progress

BATCH = 128
VIEWS = 4


def ask(
    teachers: Sequence[Path], part: tuple[FaceSet, FloatArray], path: Path, *, threads: int, watcher: Watcher
) -> Taught | None:
    """The mean answer of the teachers to each face; None where there are no teachers.

    Args:
        teachers: model folders.
        part: the faces and their keypoints (N, 6, 2).
        path: the file in which the answers are kept, and taken from again for the same teachers and faces.
        threads: to compute with.
        watcher: is shown how far it is.

    Raises:
        ModelError: a folder is broken, or a teacher has other labels than the data.
    """
    if not teachers:
        return None
    classifiers = [_opened(folder, threads) for folder in teachers]
    names = [one.card.sha256 for one in classifiers]
    mark = hashlib.sha256("\n".join([*names, fingerprint(*part)]).encode()).hexdigest()
    kept = prepare.recall(path, ("votes", "fer2013"), np.asarray(mark))
    if kept is None:
        kept = _asked(classifiers, part, watcher)
        prepare.keep(path, kept, np.asarray(mark))
    votes = np.asarray(kept["votes"], np.float32)
    return Taught(votes if len(votes) else None, np.asarray(kept["fer2013"], np.float32), mark)


def check(teachers: Sequence[Path]) -> None:
    """Raise what `ask` would where one of them cannot teach; it takes no time."""
    for folder in teachers:
        _opened(folder, 1)


def _opened(folder: Path, threads: int) -> Classifier:
    teacher = Classifier(folder, threads=threads)
    if set(teacher.card.fer2013) != set(faceset.FER2013_LABELS):
        raise ModelError(f"{folder} cannot teach: its classes are {', '.join(teacher.card.fer2013)}")
    if teacher.card.votes and set(teacher.card.votes) != set(faceset.VOTE_LABELS):
        raise ModelError(f"{folder} cannot teach: its labels are {', '.join(teacher.card.votes)}")
    return teacher


def _asked(teachers: list[Classifier], part: tuple[FaceSet, FloatArray], watcher: Watcher) -> dict[str, NDArray[Any]]:
    faces, keypoints = part
    progress = watcher.stage("asking the teacher" if len(teachers) == 1 else f"asking {len(teachers)} teachers")
    looks = len(teachers) * VIEWS
    voters = sum(bool(one.card.votes) for one in teachers)
    votes: Any = 0
    classes: Any = 0
    for number, teacher in enumerate(teachers):
        for view, crops in enumerate(_views(teacher, faces, keypoints)):
            done = (number * VIEWS + view) * len(faces)
            said = _answers(teacher, crops, partial(_move_on, progress, done, looks * len(faces)))
            if teacher.card.votes:
                votes = votes + said["votes"] / (VIEWS * voters)
            classes = classes + said["fer2013"] / looks
    return {"votes": votes if voters else np.empty((0, len(faceset.VOTE_LABELS)), np.float32), "fer2013": classes}


def _move_on(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _views(teacher: Classifier, faces: FaceSet, keypoints: FloatArray) -> Any:
    """Aligned, aligned and mirrored, as cut, as cut and mirrored: (N, S, S) each."""
    for points in (keypoints, np.full_like(keypoints, np.nan)):
        crops = align.align(faces.pixels, points, teacher.card.input_size, geometry_=teacher.geometry)
        yield crops
        yield np.ascontiguousarray(crops[:, :, ::-1])


def _answers(teacher: Classifier, crops: ImageArray, progress: Callable[[int], None]) -> dict[str, FloatArray]:
    """What a teacher says of crops, in the order of the data's labels: `fer2013` (N, 7), and `votes` (N, 10) if any."""
    heads: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "fer2013": (teacher.card.fer2013, faceset.FER2013_LABELS)
    }
    if teacher.card.votes:
        heads["votes"] = (teacher.card.votes, faceset.VOTE_LABELS)
    orders = {head: [mine.index(label) for label in theirs] for head, (mine, theirs) in heads.items()}
    said: dict[str, list[FloatArray]] = {head: [] for head in heads}
    for start in range(0, len(crops), BATCH):
        answer = teacher(crops[start : start + BATCH])
        for head, order in orders.items():
            said[head].append(getattr(answer, head)[:, order])
        progress(min(start + BATCH, len(crops)))
    return {head: np.concatenate(parts) for head, parts in said.items()}
