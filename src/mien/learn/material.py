"""Training faces as tensors: pixels, where an aligned crop lies in each, and what each head shall answer.

Targets are distributions: of the votes head what people said, of the other FER2013's label, smoothed; both mixed with
what teachers say, if there are any. A face counts for a head as its weight there says. It draws nothing at random.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mien import images
from mien.data import faceset
from mien.data.faceset import FaceSet
from mien.learn.options import TrainOptions
from mien.types import FloatArray

CLASSES = len(faceset.FER2013_LABELS)


@dataclass(frozen=True, eq=False)
class Taught:
    """What teachers say of the training faces: shares (N, 10), None where no teacher has that head; classes (N, 7).

    `mark` tells which teachers they were, and of which faces.
    """

    votes: FloatArray | None
    fer2013: FloatArray
    mark: str = ""


@dataclass(frozen=True, eq=False)
class Targets:
    """What N faces shall be answered, and how much each counts: 0 where nobody voted, or where there is no label."""

    votes: Tensor  # (N, 10) shares
    votes_weight: Tensor  # (N,)
    fer2013: Tensor  # (N, 7) shares
    fer2013_weight: Tensor  # (N,)

    def by_head(self) -> list[tuple[Tensor, Tensor]]:
        """For each head its shares and weights."""
        return [(self.votes, self.votes_weight), (self.fer2013, self.fer2013_weight)]

    def tensors(self) -> list[Tensor]:
        """All of it, as `Targets` takes it."""
        return [getattr(self, one.name) for one in fields(self)]

    def take(self, which: Tensor | slice) -> Targets:
        """Those of some of the faces."""
        return Targets(*(one[which] for one in self.tensors()))

    def to(self, device: torch.device) -> Targets:
        """The same on another device."""
        return Targets(*(one.to(device) for one in self.tensors()))


@dataclass(frozen=True, eq=False)
class Material:
    """The training faces: `faces` (N, 1, H, H) uint8; `placements` (N, 3, 3); their targets."""

    faces: Tensor
    placements: Tensor
    targets: Targets

    @classmethod
    def of(
        cls, faces: FaceSet, keypoints: FloatArray, options: TrainOptions, *, taught: Taught | None = None
    ) -> Material:
        """From faces, their keypoints (N, 6, 2), NaN where no mesh was found, and what teachers say of them."""
        return cls(
            torch.from_numpy(np.array(faces.pixels))[:, None],  # a copy: the pixels may be mapped from a file
            torch.from_numpy(np.stack([_placement(points, faces.side) for points in keypoints])),
            targets_of(faces, options, taught=taught),
        )

    def to(self, device: torch.device) -> Material:
        """The same on another device."""
        return Material(self.faces.to(device), self.placements.to(device), self.targets.to(device))

    def __len__(self) -> int:
        return len(self.faces)


def _placement(points: FloatArray, side: int) -> FloatArray:
    """Where an aligned crop lies in its face: (3, 3), both in coordinates -1..1."""
    if np.isnan(points).any():
        return np.eye(3, dtype=np.float32)
    to_crop = np.vstack([images.crop_matrix(points, side), [0, 0, 1]])
    to_pixels = np.array([[side / 2, 0, side / 2], [0, side / 2, side / 2], [0, 0, 1]])
    return np.asarray(np.linalg.inv(to_pixels) @ np.linalg.inv(to_crop) @ to_pixels, np.float32)


def targets_of(faces: FaceSet, options: TrainOptions, *, taught: Taught | None = None) -> Targets:
    """What people said of the faces; with teachers, `options.teach` of it is what these say."""
    votes = torch.from_numpy(faceset.shares(faces.votes))
    has_votes = votes.sum(1) > 0
    classes, has_label = one_hot(faces)
    weights = frequency_weights(votes, options.balance), frequency_weights(classes, options.balance)
    smoothing = 0.0 if options.every_view else options.smoothing  # there the teachers' shares come later
    smooth = classes * (1 - smoothing) + smoothing / CLASSES
    if taught is not None:
        said = torch.from_numpy(taught.fer2013)
        smooth = torch.where(has_label[:, None], torch.lerp(classes, said, options.teach), said)
        has_label = torch.ones_like(has_label)
        if taught.votes is not None:
            said = torch.from_numpy(taught.votes)
            votes = torch.where(has_votes[:, None], torch.lerp(votes, said, options.teach), said)
            has_votes = torch.ones_like(has_votes)
    return Targets(votes, weights[0] * has_votes, smooth, weights[1] * has_label)


def one_hot(faces: FaceSet) -> tuple[Tensor, Tensor]:
    """FER2013's classes (N, 7), and which faces have one: no label, or contempt, is a row of zeros."""
    labels = torch.from_numpy(np.asarray(faces.labels, np.int64))
    has_label = (labels >= 0) & (labels < CLASSES)
    return F.one_hot(labels.clamp(0, CLASSES - 1), CLASSES).float() * has_label[:, None], has_label


def frequency_weights(shares: Tensor, power: float) -> Tensor:
    """How much each face counts (N,): its classes' frequency to the power of -`power`; their mean is 1.

    With the power 1 every class counts the same in all; 0 leaves the faces alike. Faces without shares get 1.
    """
    if not power:
        return torch.ones(len(shares))
    counts = shares.sum(0)
    of_class = torch.where(counts > 0, counts.clamp(min=1e-9) ** -power, 0)
    weights = shares @ of_class
    is_known = shares.sum(1) > 0
    mean = weights[is_known].mean() if is_known.any() else torch.tensor(1.0)
    return torch.where(is_known, weights / mean, 1.0)


def fingerprint(faces: FaceSet, keypoints: FloatArray) -> str:
    """What tells two sets of training faces apart: a sha256 of pixels, labels, votes and keypoints."""
    found = hashlib.sha256()
    for array in (faces.pixels, faces.labels, faces.votes, keypoints):
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
