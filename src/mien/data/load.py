"""Labelled faces, whatever they lie in: `load_faces` finds the layout and gives the one shape, `FaceSet`."""

from __future__ import annotations

from pathlib import Path

from mien.data import fer2013
from mien.data.faceset import FaceSet
from mien.types import Progress, no_progress


def load_faces(
    data: Path,
    votes: Path | None = None,
    *,
    layout: str | None = None,
    split: str | None = None,
    size: int = 48,
    progress: Progress = no_progress,
) -> FaceSet:
    """Read labelled faces.

    Args:
        data: fer2013.csv.
        votes: FERPlus's fer2013new.csv, or None.
        layout: how the data lie; found out where it is None.
        split: read one split alone.
        size: side of the crops, px, where the data are pictures.
        progress: called with what is done and what there is to do.

    Raises:
        DataError: the data are missing or broken.
    """
    return fer2013.load_fer2013(data, votes, only=split, progress=progress)
