"""Faces that occur more than once, and a holdout that has none: twins across splits flatter every number.

Works on pixels alone, whatever the data set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.types import FloatArray, ImageArray


def find_twins(pixels: ImageArray, threshold: float = 0.98) -> NDArray[np.int64]:
    """Groups of near-identical faces, mirrored ones too: the same number (N,) for all faces of a group.

    Two faces are twins when their 12 x 12 thumbnails, brought to mean 0 and length 1, correlate above `threshold`.
    """
    count, side = len(pixels), pixels.shape[1]
    thumbs = pixels.reshape(count, 12, side // 12, 12, side // 12).mean((2, 4), dtype=np.float32)
    flat, mirrored = _unit(thumbs), _unit(thumbs[:, :, ::-1])
    parent = np.arange(count)

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = int(parent[index])
        return index

    for start in range(0, count, 2048):
        block = flat[start : start + 2048]
        alike = np.maximum(block @ flat.T, block @ mirrored.T) > threshold
        for one, two in zip(*np.nonzero(alike), strict=True):
            a, b = root(start + int(one)), root(int(two))
            parent[max(a, b)] = min(a, b)
    return np.asarray([root(index) for index in range(count)])


def _unit(thumbs: FloatArray) -> FloatArray:
    flat = thumbs.reshape(len(thumbs), -1)
    flat = flat - flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    flat = np.where(length > 1e-3, flat, 1)  # blank faces: alike among themselves, unlike all others
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), np.float32)


def holdout(faces: FaceSet, *, share: float = 0.1, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide the Training split: (indices to fit, indices that select checkpoints).

    The held-out tenth has no twin anywhere. From the rest, faces with a twin in another split are left out, and
    so are those that FERPlus does not list.
    """
    groups = find_twins(faces.pixels)
    training = (faces.splits == "Training") & faces.named
    sizes = np.bincount(groups, minlength=len(faces))[groups]
    elsewhere = np.isin(groups, groups[faces.splits != "Training"])
    alone = np.flatnonzero(training & (sizes == 1))
    held = np.random.default_rng(seed).permutation(alone)[: int(share * training.sum())]
    fit = training & ~elsewhere
    fit[held] = False
    return np.flatnonzero(fit), np.sort(held)
