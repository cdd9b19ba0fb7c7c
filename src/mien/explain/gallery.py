"""Faces of a data set beside one another: the mean of each class, one that shows it well, those nearest to a face.

It knows labelled faces (`FaceSet`) and, for what is near, the features of a network. Without keypoints faces are taken
as the data set cut them; `judge.eyes.find_keypoints(faces.pixels)` finds eyes and mouths.
Try: `average_faces(load_faces(Path("fer2013.csv")))["happy"].face`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mien.data import align, twins
from mien.data.faceset import EXPRESSIONS, LABELS, FaceSet, majority, shares
from mien.errors import DataError
from mien.explain.subject import Subject, check_crops, to_input
from mien.types import FloatArray, ImageArray, Progress, no_progress

BATCH = 64  # faces through a network at a time
ALIGNED_AT_ONCE = 512
CANDIDATES = 16  # faces of a class that are looked at for twins at a time
DIGITS = 6  # to which distances are given: what float32 leaves between equal faces is less
AVERAGE_PX = 96  # side of average faces: moved by parts of pixels, many small faces hold more than one does


@dataclass(frozen=True, eq=False)
class Average:
    """The mean of the faces of a class: (S, S) float, grey 0..255, and of how many."""

    face: FloatArray
    count: int


@dataclass(frozen=True)
class Neighbour:
    """A face near another: its index in the FaceSet, its row in the file, its class ('' if it has none), how far.

    `distance` is 1 - cosine of the two faces' features: 0 where the network sees no difference, at most 2.
    """

    index: int
    row: int
    label: str
    distance: float


def class_names(faces: FaceSet) -> NDArray[np.str_]:
    """The class of each face: what FERPlus's majority rule finds where people voted, else the label; '' for none. (N,).

    Rows that FERPlus drops as no faces have none.
    """
    voted = np.asarray([*EXPRESSIONS, ""])[majority(faces.votes)]
    labelled = np.asarray([*LABELS, ""])[faces.labels]
    names = np.where(faces.votes.any(1), voted, labelled)
    return np.where(faces.named, names, "")


def crops_of(subject: Subject, faces: FaceSet, keypoints: FloatArray | None = None) -> ImageArray:
    """The faces as a network reads them: (N, S, S) uint8, aligned by their keypoints (N, 6, 2) where there are some."""
    return align.align(faces.pixels, _known(faces, keypoints), subject.input_size, geometry_=subject.geometry)


def average_faces(
    faces: FaceSet,
    keypoints: FloatArray | None = None,
    *,
    size: int = AVERAGE_PX,
    progress: Progress = no_progress,
) -> dict[str, Average]:
    """The mean face of each class that occurs, in the order of EXPRESSIONS; see `class_names` for what a class is.

    Args:
        faces: labelled faces.
        keypoints: (N, 6, 2) px, NaN where none were found. With them each face is first brought to the common crop,
            and those without are left out; without keypoints all are taken as they are.
        size: side of the means, px.
        progress: called with faces done and faces in all.

    Raises:
        DataError: no face has a class, or none of those that have one has keypoints.
    """
    names, points = class_names(faces), _known(faces, keypoints)
    usable = (names != "") & ((keypoints is None) | ~np.isnan(points).any((1, 2)))
    if not usable.any():
        raise DataError(
            "no face has a class and, where they are asked for, eyes and mouth: there is nothing to average"
        )
    sums = {label: np.zeros((size, size)) for label in EXPRESSIONS if (usable & (names == label)).any()}
    which = np.flatnonzero(usable)
    for start in range(0, len(which), ALIGNED_AT_ONCE):
        progress(start, len(which))
        part = which[start : start + ALIGNED_AT_ONCE]
        crops = align.align(faces.pixels[part], points[part], size)
        for label in sums:
            sums[label] += crops[names[part] == label].sum(0, dtype=np.float64)
    progress(len(which), len(which))
    counts = {label: int((usable & (names == label)).sum()) for label in sums}
    return {label: Average(np.asarray(total / counts[label], np.float32), counts[label])
            for label, total in sums.items()}  # fmt: skip


def one_per_class(faces: FaceSet) -> dict[str, int]:
    """The face of each class on which people agree most, as indices, in the order of EXPRESSIONS; of equals the first.

    Faces that occur twice are passed over, unless a class has no others. Without votes it is the first of the class.
    """
    names = class_names(faces)
    return {label: _clearest(faces, label, np.flatnonzero(names == label)) for label in EXPRESSIONS if label in names}


def _clearest(faces: FaceSet, label: str, which: NDArray[np.int64]) -> int:
    share = shares(faces.votes[which])[:, EXPRESSIONS.index(label)]
    order = which[np.lexsort((which, -share))]
    for start in range(0, len(order), CANDIDATES):
        part = order[start : start + CANDIDATES]
        single = part[~twins.has_twin(faces.pixels, part)]
        if len(single):
            return int(single[0])
    return int(order[0])


def features_of(subject: Subject, crops: ImageArray, progress: Progress = no_progress) -> FloatArray:
    """What a network sees in crops (N, S, S): its last feature map, averaged over all places. (N, C).

    Raises:
        UsageError: the crops have another size than it reads.
    """
    found = []
    with torch.no_grad():
        for start in range(0, len(check_crops(subject, crops)), BATCH):
            progress(start, len(crops))
            found.append(subject.net(to_input(crops[start : start + BATCH])).features.mean((2, 3)).numpy())
    progress(len(crops), len(crops))
    return np.concatenate(found) if found else np.empty((0, 0), np.float32)


def nearest(
    subject: Subject,
    crop: ImageArray,
    faces: FaceSet,
    *,
    features: FloatArray | None = None,
    count: int = 8,
    progress: Progress = no_progress,
) -> list[Neighbour]:
    """The faces of a data set that a network sees as most like this one, nearest first; of equals by row.

    The face itself and its exact copies are at distance 0. Near means: alike in what matters to the network, not the
    same person.

    Args:
        subject: the network.
        crop: (S, S) uint8 grey.
        faces: where to look.
        features: of these faces, from `features_of(subject, crops_of(subject, faces, keypoints))`: to ask for
            several crops, or with keypoints. Without, the faces are taken as they are.
        count: how many.
        progress: called with faces done and faces in all.

    Raises:
        UsageError: the crop has another size.
        DataError: the features are not those of these faces.
    """
    own = features_of(subject, crop[None])
    if features is None:
        features = features_of(subject, crops_of(subject, faces), progress) if len(faces) else own[:0]
    if features.shape != (len(faces), own.shape[1]):
        raise DataError(f"the features are of shape {features.shape}, but there are {len(faces)} faces")
    distances = np.round(np.square(_unit(features) - _unit(own)).sum(1) / 2, DIGITS)  # |a - b|^2 / 2 = 1 - cosine
    order = np.lexsort((faces.rows, distances))[: max(0, count)]
    names = class_names(faces)
    return [Neighbour(int(i), int(faces.rows[i]), str(names[i]), float(distances[i])) for i in order]


def _unit(features: FloatArray) -> NDArray[np.float64]:
    wide = features.astype(np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12))


def _known(faces: FaceSet, keypoints: FloatArray | None) -> FloatArray:
    return np.full((len(faces), 6, 2), np.nan, np.float32) if keypoints is None else keypoints
