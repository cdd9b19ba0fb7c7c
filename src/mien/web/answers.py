"""A Reading as the page and other programs get it: facts, outlines to draw, and words."""

from __future__ import annotations

from typing import Any

from mien import draw
from mien.expression import words
from mien.types import Reading


def answer_of(reading: Reading, language: str, *, points: bool = False) -> dict[str, Any]:
    """Plain JSON values: `reading`, `outlines` (the four corners around each face, px), `words` and `sentence`.

    Raises UsageError for a language that there is not.
    """
    return {
        "reading": reading.to_dict(points=points),
        "outlines": [draw.outline(face).round(1).tolist() for face in reading.faces],
        "words": [words.face_parts(face, language) for face in reading.faces],
        "sentence": words.sentence(reading, language),
    }
