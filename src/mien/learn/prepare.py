"""From data to the faces of a run: loaded, eyes and mouths found, divided into those that fit, select and validate.

What takes minutes is kept in the run folder, and taken from there when the faces are the same.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mien.data import faceset, twins
from mien.data.faceset import FaceSet
from mien.data.load import find_layout, load_faces
from mien.files import written_whole
from mien.judge import eyes
from mien.learn.watching import Watcher
from mien.types import FloatArray

VALIDATION = "PublicTest"
FER2013_LICENCE = "weights: trained on FER2013 (web pictures for research){by}; see MODEL_CARD.md"


@dataclass(frozen=True, eq=False)
class Divided:
    """The faces of a run: all, their keypoints, and which fit, select and validate; what they are, for the card."""

    faces: FaceSet
    keypoints: FloatArray
    fit: NDArray[np.int64]
    held: NDArray[np.int64]
    validation: NDArray[np.int64]
    about: str = ""
    licence: str = ""

    def part(self, which: NDArray[np.int64]) -> tuple[FaceSet, FloatArray]:
        """The chosen faces and their keypoints."""
        return self.faces.take(which), self.keypoints[which]


def load(
    data: Path,
    votes: Path | None,
    *,
    out: Path,
    layout: str | None = None,
    size: int = 48,
    watcher: Watcher | None = None,
) -> Divided:
    """Load the faces, find their keypoints (kept in `out/keypoints.npz`), and divide them.

    Raises:
        DataError: the data are missing or broken, or too few to hold some out.
    """
    watcher = watcher or Watcher()
    faces = load_faces(data, votes, layout=layout, size=size, progress=watcher.stage("reading faces"))
    for line in faces.notes:
        watcher.note(line)
    faces = faceset.with_votes(faces)
    fit, held = twins.holdout(faces, progress=watcher.stage("looking for twins"))
    keypoints = _keypoints(faces, out / "keypoints.npz", watcher)
    validation = np.flatnonzero((faces.splits == VALIDATION) & faces.named)
    about, licence = describe(data, votes, layout)
    return Divided(faces, keypoints, fit, held, validation if len(validation) else held, about, licence)


def describe(data: Path, votes: Path | None, layout: str | None) -> tuple[str, str]:
    """What a card says of its training data and of the terms of its weights."""
    kind = layout or find_layout(data)[0]
    if kind != "fer2013":
        return f"{data.name}, read as {kind}", f"weights: under the terms of what they were trained on, {data.name}"
    if votes is None:
        return "FER2013 Training; each label counts as ten votes", FER2013_LICENCE.format(by="")
    return (
        "FER2013 Training with FERPlus votes; rows that FERPlus does not list are left out",
        FER2013_LICENCE.format(by=" with FERPlus votes (MIT)"),
    )


def recall(path: Path, names: tuple[str, ...], mark: NDArray[Any]) -> dict[str, NDArray[Any]] | None:
    """Arrays that `keep` wrote under the same mark; None where they are not there, broken, or of something else."""
    try:
        with open(path, "rb") as file, np.load(file) as kept:
            if np.array_equal(kept["mark"], mark):
                return {name: kept[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
        pass
    return None


def keep(path: Path, arrays: dict[str, NDArray[Any]], mark: NDArray[Any]) -> None:
    """Write arrays, whole or not at all, with what tells whether they may be taken again."""
    with written_whole(path) as partial, open(partial, "wb") as file:
        np.savez(file, mark=mark, **arrays)  # type: ignore[arg-type]


def mark_of(faces: FaceSet) -> NDArray[np.int64]:
    """What tells these faces, in this order, from others: a checksum of each one's pixels (N,)."""
    return np.array([zlib.crc32(np.ascontiguousarray(face).data) for face in faces.pixels], np.int64)


def _keypoints(faces: FaceSet, path: Path, watcher: Watcher) -> FloatArray:
    mark = mark_of(faces)
    if (kept := recall(path, ("keypoints",), mark)) is None:
        found = np.asarray(eyes.find_keypoints(faces.pixels, watcher.stage("finding eyes and mouths")), np.float32)
        keep(path, {"keypoints": found}, mark)
        return found
    return np.asarray(kept["keypoints"], np.float32)
