"""A Reading as the page and other programs get it: facts, outlines to draw, and words."""

from __future__ import annotations

from typing import Any

from mien import draw
from mien.expression import words
from mien.types import Face, Reading


def answer_of(reading: Reading, language: str, *, points: bool = False) -> dict[str, Any]:
    """Plain JSON values: `reading`, `outlines` (the four corners around each face, px), `words` and `sentence`.

    Raises UsageError for a language that there is not.
    """
    return {
        "reading": reading.to_dict(points=points),
        "outlines": [draw.outline(face).round(1).tolist() for face in reading.faces],
        "words": [_face_parts(face, language) for face in reading.faces],
        "sentence": words.sentence(reading, language),
    }


def _face_parts(face: Face, language: str) -> dict[str, Any]:
    parts = getattr(words, "face_parts", None)
    if parts is not None:
        return dict(parts(face, language))
    said = words.face_words(face, language)
    expression = face.expression
    assert expression is not None
    return {
        "title": words.looks_words(expression, language) if expression.sure else words.message("not_sure", language),
        "people": words.message("people", language, count=words.in_ten(expression)) if expression.sure else "",
        "doubts": [words.doubt_words(doubt, language, short=True) for doubt in expression.doubts],
        "sentence": said,
        "label": expression.label,
        "in_ten": words.in_ten(expression),
        "sure": expression.sure,
    }
