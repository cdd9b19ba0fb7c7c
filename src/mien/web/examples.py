"""What answers look like, for the API's own page (`/api/docs`)."""

from __future__ import annotations

from typing import Any

VOTES = {
    "neutral": 0.01, "happy": 0.98, "surprise": 0.0, "sad": 0.0, "angry": 0.0, "disgust": 0.0, "fear": 0.0,
    "contempt": 0.01, "unknown": 0.0, "not a face": 0.0,
}  # fmt: skip
EXPRESSION = {
    "label": "happy", "confidence": 0.9999, "sure": True, "doubts": [], "votes": VOTES,
    "fer2013": {"angry": 0.01, "disgust": 0.0, "fear": 0.01, "happy": 0.94, "sad": 0.01, "surprise": 0.01,
                "neutral": 0.02},
    "valence": 0.97,
}  # fmt: skip
FACE = {
    "box": [177.8, 66.7, 273.3, 174.9], "score": 1.0, "roll_deg": 3.1, "yaw_deg": -0.5, "pitch_deg": -3.9,
    "track_id": None, "expression": EXPRESSION,
}  # fmt: skip
ANSWER = {
    "reading": {
        "source": "astronaut.jpg", "index": 0, "time_s": 0.0, "width": 512, "height": 512, "faces": [FACE],
        "timings_ms": {"faces": 180.2, "crop": 0.4, "expression": 5.1, "total": 185.7},
        "models": {"detector": "blaze", "mesh": "face_landmark", "expression": "mien-0.1.0@4eb00768"},
    },
    "outlines": [[[175.4, 57.7], [281.4, 63.5], [274.7, 184.3], [168.8, 178.5]]],
    "words": [{
        "title": "looks happy", "people": "about 10 in 10 people would say so", "doubts": [],
        "sentence": "looks happy, about 10 in 10 people would say so", "label": "happy", "in_ten": 10, "sure": True,
        "distance": "",
    }],
    "sentence": "One person: looks happy, about 10 in 10 people would say so.",
}  # fmt: skip
Responses = dict[int | str, dict[str, Any]]


def _line(what: str, line: str) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"example": {"detail": line}}}}


REFUSED: Responses = {
    400: _line("an empty file, or a language that there is not", "photo.jpg is empty (0 bytes)"),
    401: _line("the token is missing or wrong", "this server asks for its token: send 'Authorization: Bearer ...'"),
    403: _line("asked from a page of another site", "a page from elsewhere may not ask this server: open Mien's own"),
    408: _line("the sender fell silent", "nothing came for 10 seconds: send it again"),
    413: _line("too many bytes or pixels", "photo.png (20000 x 20000) has more than 40,000,000 pixels"),
    415: _line("neither a picture nor a clip", "notes.txt is neither a picture nor a clip that can be read: check that "
                                               "it is one, or convert it to JPEG or MP4"),
    422: _line("damaged", "photo.jpg is damaged or cut off (unrecognized data stream): copy or download it again"),
    429: _line("too many at once", "4 files are being read, which is the limit: wait for one to end, and try again"),
}  # fmt: skip
READ: Responses = {
    200: {
        "description": "One object for a picture; for a clip the same for each frame, a line each. Where a clip breaks "
        "off, a last line holds `detail` alone.",
        "content": {"application/json": {"example": ANSWER}, "application/x-ndjson": {"schema": {"type": "string"}}},
    },
    **REFUSED,
}
ANNOTATE: Responses = {
    200: {
        "description": "The picture or clip, as a download.",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}},
                    "video/mp4": {"schema": {"type": "string", "format": "binary"}}},
    },
    **REFUSED,
}  # fmt: skip
