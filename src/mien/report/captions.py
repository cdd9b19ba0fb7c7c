"""Words under a face: its label, and what people said of it."""

from __future__ import annotations

from mien.data.faceset import LABELS, VOTE_LABELS, FaceSet
from mien.report.text import NBSP

WORDS_SHOWN = 3  # the leading ones


def label_of(faces: FaceSet, index: int) -> str:
    """The face's label, or 'no label'."""
    return LABELS[faces.labels[index]] if faces.labels[index] >= 0 else "no label"


def votes_in_words(faces: FaceSet, index: int) -> str:
    """'sad 4, fear 3, neutral 2': how many people chose the leading words; '' where nobody voted."""
    votes = sorted(zip(VOTE_LABELS, faces.votes[index], strict=True), key=lambda vote: -vote[1])
    return ", ".join(f"{word}{NBSP}{number:g}" for word, number in votes[:WORDS_SHOWN] if number)


def row_of(faces: FaceSet, index: int) -> str:
    """'row 1234': where the face stands in its file."""
    return f"row{NBSP}{faces.rows[index]}"
