"""A Reading as the page and other programs get it: facts, outlines to draw, and words."""

from __future__ import annotations

from typing import Any

from mien import draw
from mien.body.cue_words import cue_said
from mien.body.distance_words import face_distance_words
from mien.expression import words
from mien.expression.tone import only_tone
from mien.types import Face, Reading


def answer_of(reading: Reading, language: str, *, points: bool = False, tone: bool = False) -> dict[str, Any]:
    """Plain JSON values: `reading`, `outlines` (the four corners around each face, px), `words` and `sentence`.

    `words` has how far a face is too, as `distance`, empty where that was not measured. `bodies` has for each pose its
    `track_id` and its `cues` in words, each with what it can mean. With `tone` all of it says positive, neutral or
    negative in place of an expression's word.

    Raises UsageError for a language that there is not.
    """
    if tone:
        reading = only_tone(reading)

    def distance(face: Face) -> str:
        return face_distance_words(face, reading, language)

    return {
        "reading": reading.to_dict(points=points),
        "outlines": [draw.outline(face).round(1).tolist() for face in reading.faces],
        "words": [{**words.face_parts(face, language), "distance": distance(face)} for face in reading.faces],
        "bodies": [
            {"track_id": pose.track_id, "cues": [cue_said(cue.name, language) for cue in pose.cues]}
            for pose in reading.poses
        ],
        "sentence": words.sentence(reading, language, beside=distance),
    }
