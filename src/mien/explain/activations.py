"""What the layers of a network do with one face, and which faces excite a filter most: arrays.

A layer is any module by its path ('trunk.3.conv2'; a block, 'trunk.3', too), and its activations are what that module
gives, before a norm or ReLU that follows it. Hooks end with each call, crops are never changed.
Try: `layer_means(open_subject(), crop)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.errors import UsageError
from mien.explain import fields
from mien.explain.subject import Subject, check_crops, recording, to_input
from mien.expression import heat
from mien.types import FloatArray, ImageArray, Progress, no_progress

BATCH = 32  # faces at a time


def layer_means(subject: Subject, crop: ImageArray) -> dict[str, FloatArray]:
    """The mean over all filters of each convolution and pooling layer, (h, w) by path, in the network's order.

    Args:
        subject: the network.
        crop: (S, S) uint8 grey, S as `subject.input_size`.

    Raises:
        UsageError: the crop has another size.
    """
    with torch.no_grad(), recording(subject, subject.layers()) as seen:
        subject.net(to_input(check_crops(subject, crop[None])))
        return {name: seen[name][0].mean(0).numpy() for name in subject.layers()}


def filters(subject: Subject, crop: ImageArray, layer: str) -> FloatArray:
    """What all filters of a layer give for one face: (C, h, w).

    Raises:
        UsageError: there is no such layer, it has no maps, or the crop has another size.
    """
    with torch.no_grad():
        return _maps(subject, check_crops(subject, crop[None]), layer)[0].numpy().copy()


def strongest(subject: Subject, crop: ImageArray, layer: str, count: int = 8) -> NDArray[np.int64]:
    """The filters of a layer with the highest peaks on this face, highest first; of equals the first. (count,)."""
    peaks = filters(subject, crop, layer).max((1, 2))
    return np.argsort(-peaks, kind="stable")[: max(0, count)]


def layer_heat(subject: Subject, crop: ImageArray, layer: str) -> FloatArray:
    """Where a layer responds: the mean size of its activations, as large as the crop, 0 (least) to 1 (most): (S, S).

    It says where something happens in this layer, not what speaks for an answer.
    """
    sizes = np.abs(filters(subject, crop, layer)).mean(0)
    return heat.spread(np.asarray(sizes - sizes.min(), np.float32), subject.input_size)


@dataclass(frozen=True, eq=False)
class Exciting:
    """For K filters (`channels`) of a layer the M faces that excite each most, most first.

    `faces` (K, M) are indices, `peaks` (K, M) the highest activation on each, `places` (K, M, 2) its row and column in
    the map, `spots` (K, M, 2) where that lies in the crop, x and y in px, `boxes` (K, M, 4) the part of the crop that
    the place sees: x1, y1, x2, y2 in px.
    """

    layer: str
    channels: NDArray[np.int64]
    faces: NDArray[np.int64]
    peaks: FloatArray
    places: NDArray[np.int64]
    spots: FloatArray
    boxes: FloatArray


def exciting_faces(
    subject: Subject,
    crops: ImageArray,
    layer: str,
    channels: NDArray[np.int64],
    *,
    count: int = 6,
    progress: Progress = no_progress,
) -> Exciting:
    """Look through a data set for the faces on which filters of a layer peak highest; of equals the first.

    Memory does not grow with the number of faces.

    Args:
        subject: the network.
        crops: (N, S, S) uint8 grey.
        layer: path of a layer.
        channels: (K,) the filters asked about.
        count: faces for each; fewer where there are fewer.
        progress: called with faces done and faces in all.

    Raises:
        UsageError: there is no such layer or filter, there are no faces, or they have another size.
    """
    check_crops(subject, crops)
    if not len(crops):
        raise UsageError("there are no faces to look through")
    best = _Best(len(channels), count)
    with torch.no_grad():
        for start in range(0, len(crops), BATCH):
            progress(start, len(crops))
            maps = _chosen(_maps(subject, crops[start : start + BATCH], layer), layer, channels)
            best.take(maps, start)
    progress(len(crops), len(crops))
    spots, boxes = _seen(subject, layer, best.places, maps.shape[2:])
    return Exciting(layer, np.asarray(channels, np.int64), best.faces, best.peaks, best.places, spots, boxes)


class _Best:
    """The highest peaks so far, most first."""

    def __init__(self, channels: int, count: int) -> None:
        self._count = max(0, count)
        self.faces = np.empty((channels, 0), np.int64)
        self.peaks = np.empty((channels, 0), np.float32)
        self.places = np.empty((channels, 0, 2), np.int64)

    def take(self, maps: Tensor, start: int) -> None:
        """Add faces from number `start` on by their maps (B, K, h, w)."""
        flat = maps.flatten(2).numpy().swapaxes(0, 1)  # (K, B, h x w)
        places = np.stack(np.divmod(flat.argmax(2), maps.shape[3]), 2)
        numbers = np.broadcast_to(np.arange(start, start + len(maps)), places.shape[:2])
        all_peaks = np.concatenate([self.peaks, flat.max(2)], 1)
        order = np.argsort(-all_peaks, axis=1, kind="stable")[:, : self._count]  # stable: of equals the first face
        self.peaks = np.take_along_axis(all_peaks, order, 1)
        self.faces = np.take_along_axis(np.concatenate([self.faces, numbers], 1), order, 1)
        self.places = np.take_along_axis(np.concatenate([self.places, places], 1), order[:, :, None], 1)


def _maps(subject: Subject, crops: ImageArray, layer: str) -> Tensor:
    """A layer's maps (N, C, h, w)."""
    with recording(subject, [layer]) as seen:
        subject.net(to_input(crops))
    maps = seen.get(layer)
    if maps is None or maps.ndim != 4:
        raise UsageError(f"{layer!r} of {subject.name} gives no maps; those that do: {', '.join(subject.layers())}")
    return maps


def _chosen(maps: Tensor, layer: str, channels: NDArray[np.int64]) -> Tensor:
    if len(channels) and not 0 <= int(min(channels)) <= int(max(channels)) < maps.shape[1]:
        raise UsageError(f"{layer} has the filters 0 to {maps.shape[1] - 1}, not {max(channels, key=abs)}")
    return maps[:, torch.from_numpy(np.array(channels, np.int64))]


def _seen(
    subject: Subject, layer: str, places: NDArray[np.int64], shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Where places (K, M, 2) of maps of this shape lie in the crop, and what they see: (K, M, 2), (K, M, 4)."""
    side, field = subject.input_size, fields.field_of(subject, layer)
    flat = places.reshape(-1, 2)
    if field is None:
        spots = ((flat + 0.5) * side / np.array(shape))[:, ::-1]
        boxes = np.tile([0, 0, side, side], (len(flat), 1))
    else:
        spots = np.array([field.centre(int(row), int(column)) for row, column in flat])
        boxes = np.array([field.box(int(row), int(column), side).to_list() for row, column in flat])
    around = places.shape[:2]
    return (np.asarray(spots, np.float32).reshape(*around, 2), np.asarray(boxes, np.float32).reshape(*around, 4))
