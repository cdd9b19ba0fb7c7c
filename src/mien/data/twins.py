"""Faces that occur more than once, and a holdout that has none: twins across splits flatter every number.

Works on pixels alone, whatever the data set.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.types import FloatArray, ImageArray, Progress, no_progress

THUMB = 12  # side of the thumbnails that are compared
HASH_SIDE, HASHED_SIDE = 8, 32  # frequencies that the perceptual hash keeps, of a face so large
HASH_DISTANCE = 4  # bits of 64
BLOCK = 2048  # faces compared with all others at a time,
MOST_PRODUCTS = 2**27  # fewer where there are more than 65,000: half a gigabyte


def find_twins(pixels: ImageArray, threshold: float = 0.98, *, progress: Progress = no_progress) -> NDArray[np.int64]:
    """Groups of near-identical faces, mirrored ones too: the same number (N,) for all faces of a group.

    Two faces are twins when their 12 x 12 thumbnails, brought to mean 0 and length 1, correlate above `threshold`.
    `progress` is called with faces compared and faces in all.
    """
    thumbs = _thumbnails(pixels)
    return _linked(_unit(thumbs), _unit(thumbs[:, :, ::-1]), threshold, progress)


def has_twin(pixels: ImageArray, which: NDArray[np.int64], threshold: float = 0.98) -> NDArray[np.bool_]:
    """Whether each of some faces (K indices) has a twin, as `find_twins` means it, among all others: (K,)."""
    thumbs = _thumbnails(pixels)
    flat, asked = _unit(thumbs), thumbs[which]
    alike = np.maximum(_unit(asked) @ flat.T, _unit(asked[:, :, ::-1]) @ flat.T)
    alike[np.arange(len(which)), which] = 0  # a face that is its own mirror image is no twin of itself
    return np.asarray((alike > threshold).any(1))


def same_pixels(pixels: ImageArray) -> NDArray[np.int64]:
    """Groups of faces that are the same pixel by pixel: (N,), numbered by the first face of each."""
    first: dict[bytes, int] = {}
    return np.asarray([first.setdefault(face.tobytes(), index) for index, face in enumerate(pixels)], np.int64)


def same_hash(
    pixels: ImageArray, distance: int = HASH_DISTANCE, *, progress: Progress = no_progress
) -> NDArray[np.int64]:
    """Groups of faces whose perceptual hashes, mirrored or not, differ in at most `distance` of 64 bits: (N,).

    `progress` is called with faces compared and faces in all.
    """
    # Of two rows of +-1, 64 minus the product is twice the number of bits that differ.
    plain, mirrored = (2 * perceptual_hash(faces).astype(np.float32) - 1 for faces in (pixels, pixels[:, :, ::-1]))
    return _linked(plain, mirrored, HASH_SIDE**2 - 2 * distance - 1, progress)


def perceptual_hash(pixels: ImageArray) -> NDArray[np.bool_]:
    """64 bits a face, (N, 64): which of its 8 x 8 lowest frequencies lie above their median.

    The DCT hash of Zauner (2010), as ImageHash computes it: the face as 32 x 32, its cosine transform without the
    usual norm, whose first row and column are therefore larger.
    """
    weights = np.ones((HASH_SIDE, 1), np.float32)
    weights[0] = math.sqrt(2)
    bits = []
    for face in pixels:
        small = Image.fromarray(face).resize((HASHED_SIDE, HASHED_SIDE), Image.Resampling.LANCZOS)
        low = cv2.dct(np.asarray(small, np.float32))[:HASH_SIDE, :HASH_SIDE] * weights * weights.T
        bits.append((low > np.median(low)).ravel())
    return np.asarray(bits, bool).reshape(-1, HASH_SIDE**2)


def members(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The faces of each group that has more than one, as indices; the largest groups first."""
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return sorted((part for part in parts if len(part) > 1), key=lambda part: (-len(part), int(part[0])))


def _linked(
    flat: FloatArray, mirrored: FloatArray, threshold: float, progress: Progress = no_progress
) -> NDArray[np.int64]:
    """Groups of rows that are linked, directly or through others, by a product above `threshold`: (N,)."""
    count = len(flat)
    parent = np.arange(count)

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = int(parent[index])
        return index

    block_rows = max(1, min(BLOCK, MOST_PRODUCTS // max(count, 1)))
    for start in range(0, count, block_rows):
        block = flat[start : start + block_rows]
        alike = np.maximum(block @ flat.T, block @ mirrored.T) > threshold
        for row, linked in enumerate(alike, start):
            which = np.append(np.flatnonzero(linked), row)
            above = parent[which]
            if (above != above[0]).any():  # else they are one group already: of many alike, each pair is not joined
                roots = [root(int(one)) for one in np.unique(above)]
                parent[roots] = parent[which] = min(roots)
        progress(min(start + block_rows, count), count)
    return np.asarray([root(index) for index in range(count)], np.int64)


def _thumbnails(pixels: ImageArray) -> FloatArray:
    """Each face averaged down to 12 x 12: (N, 12, 12)."""
    count, side = len(pixels), pixels.shape[1]
    if side % THUMB == 0:
        blocks = pixels.reshape(count, THUMB, side // THUMB, THUMB, side // THUMB)
        return np.asarray(blocks.mean((2, 4), dtype=np.float32))
    small = [cv2.resize(face.astype(np.float32), (THUMB, THUMB), interpolation=cv2.INTER_AREA) for face in pixels]
    return np.asarray(small, np.float32).reshape(count, THUMB, THUMB)


def _unit(thumbs: FloatArray) -> FloatArray:
    flat = thumbs.reshape(len(thumbs), -1)
    flat = flat - flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    flat = np.where(length > 1e-3, flat, 1)  # blank faces: alike among themselves, unlike all others
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), np.float32)


def holdout(
    faces: FaceSet, *, share: float = 0.1, seed: int = 0, progress: Progress = no_progress
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide the Training split: (indices to fit, indices that select checkpoints).

    The held-out tenth has no twin anywhere. From the rest, faces with a twin in another split are left out, and
    so are those that FERPlus does not list. Data without another split are divided likewise: nothing is then left
    out, and there is nothing but the held-out tenth to judge by. Where most faces have twins (frames of a clip), the
    held-out part is smaller than `share`. `progress` is that of `find_twins`.

    Raises:
        DataError: there is no Training split, or too few of its faces are free of twins.
    """
    groups = find_twins(faces.pixels, progress=progress)
    training = (faces.splits == "Training") & faces.named
    sizes = np.bincount(groups, minlength=len(faces))[groups]
    elsewhere = np.isin(groups, groups[faces.splits != "Training"])
    alone = np.flatnonzero(training & (sizes == 1))
    held = np.random.default_rng(seed).permutation(alone)[: int(share * training.sum())]
    fit = training & ~elsewhere
    fit[held] = False
    if not len(held) or not fit.any():
        raise DataError(
            f"of {int(training.sum())} faces of the split 'Training', {len(alone)} have no twin: "
            f"too few to hold out a share of {share:g}; name more data"
        )
    return np.flatnonzero(fit), np.sort(held)
