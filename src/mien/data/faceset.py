"""The one shape in which labelled faces come out of every loader: `FaceSet`, plain arrays; and the labels' names.

Nothing here reads files, needs PyTorch or knows networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mien.errors import DataError
from mien.types import FloatArray, ImageArray

FER2013_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LABELS = (*FER2013_LABELS, "contempt")  # what a face may be labelled
VOTE_LABELS = (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "not a face",
)  # fmt: skip
EXPRESSIONS = VOTE_LABELS[:8]
SPLITS = ("Training", "PublicTest", "PrivateTest")

_COLUMNS = ("pixels", "labels", "votes", "splits", "rows", "named", "valence", "files")  # one entry a face


@dataclass(frozen=True, eq=False)
class FaceSet:
    """N labelled grey faces.

    `pixels` (N, S, S) uint8, S = 48 in FER2013; `labels` (N,) index into LABELS, -1 where there is none; `votes`
    (N, 10) counts of people in the order of VOTE_LABELS, all zero where nobody voted; `splits` (N,) names; `rows`
    (N,) line of the file, from 0; `named` (N,) whether FERPlus lists the picture (those it leaves out are no faces;
    true for other data); `valence` (N,) -1..1, NaN where there is none; `files` (N,) where the picture lies, '' where
    it has no file of its own. `notes` are lines that its user should see: what was left out, and why.
    """

    pixels: ImageArray
    labels: NDArray[np.int64]
    votes: FloatArray
    splits: NDArray[np.str_]
    rows: NDArray[np.int64]
    named: NDArray[np.bool_]
    valence: FloatArray = field(default_factory=lambda: np.empty(0, np.float32))
    files: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.pixels)
        if not len(self.valence):
            object.__setattr__(self, "valence", np.full(count, np.nan, np.float32))
        if not len(self.files):
            object.__setattr__(self, "files", np.full(count, ""))
        for name in _COLUMNS:
            if len(getattr(self, name)) != count:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries, there are {count} faces")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def side(self) -> int:
        """Pixels across a face."""
        return int(self.pixels.shape[1])

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> FaceSet:
        """The faces chosen by a mask or by indices."""
        return replace(self, **{name: getattr(self, name)[which] for name in _COLUMNS})

    def split(self, name: str) -> FaceSet:
        """The faces of one split; DataError if there are none."""
        part = self.take(self.splits == name)
        if not len(part):
            raise DataError(f"the data hold no split {name!r}; they have: {', '.join(sorted(set(self.splits)))}")
        return part


def majority(votes: FloatArray, expressions: int = len(EXPRESSIONS)) -> NDArray[np.int64]:
    """FERPlus's official 'majority' label per face: index of the column, or -1 where it drops the face.

    As its published reader does (Barsoum et al. 2016, `process_data`, mode majority): single votes are taken for
    noise and struck out; of the votes left, more than half must agree on one of the expressions, the
    first `expressions` columns.
    """
    counts = np.where(votes <= 1, 0, votes)
    total = counts.sum(1)
    top = counts.argmax(1)
    share = np.divide(counts.max(1), total, out=np.zeros_like(total), where=total > 0)
    return np.where((share > 0.5) & (top < expressions), top, -1)


def with_votes(faces: FaceSet) -> FaceSet:
    """The faces as they are, or, where nobody voted on any, with each label as ten votes for it."""
    if faces.votes.any():
        return faces
    table = np.zeros((len(LABELS) + 1, len(VOTE_LABELS)), np.float32)  # the last row is for label -1: no votes
    for index, label in enumerate(LABELS):
        table[index, VOTE_LABELS.index(label)] = 10
    return replace(faces, votes=np.asarray(table[faces.labels]))


def shares(votes: FloatArray) -> FloatArray:
    """Votes as shares that sum to 1; all zero where nobody voted. (N, 10)."""
    total = votes.sum(1, keepdims=True)
    return np.asarray(np.divide(votes, total, out=np.zeros_like(votes), where=total > 0), np.float32)
