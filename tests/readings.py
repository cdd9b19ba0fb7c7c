"""Readings for the tests: made by hand, and drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mien.types import (
    Box,
    Cue,
    Distance,
    Explanation,
    Expression,
    Face,
    FloatArray,
    Pose,
    Reading,
    Region,
    Tone,
)

LABELS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
VOTES = (*LABELS, "unknown", "not a face")
FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
DOUBTS = (
    "too small",
    "blurred",
    "dark",
    "blown out",
    "turned away",
    "partly covered",
    "out of frame",
    "people would disagree",
    "unknown expression",
)


def expression(
    votes: Mapping[str, float] | None = None, *, sure: bool = True, doubts: tuple[str, ...] = ()
) -> Expression:
    """By hand; the label is the leading one of the eight."""
    given = votes or {"happy": 0.8, "neutral": 0.2}
    shares = {name: given.get(name, 0.0) for name in VOTES}
    label = max(LABELS, key=lambda name: shares[name])
    return Expression(label, 0.9 if sure else 0.4, sure, shares, dict.fromkeys(FER2013, 1 / 7), doubts, 0.5)


def face(x: float = 20, y: float = 20, side: float = 40, *, read: Expression | None = None, roll: float = 0) -> Face:
    """By hand: an upright box of `side` px with its corner at x, y."""
    box = Box(x, y, x + side, y + side)
    return Face(box, 0.9, np.zeros((6, 2), np.float32), roll_deg=roll, expression=read)


def person(x: float, y: float, side: float = 50) -> tuple[FloatArray, Face]:
    """By hand: the points (33, 4) of a body whose head lies on a face, and that face; its middle and size in px."""
    keypoints = np.array([(-0.2, -0.1), (0.2, -0.1), (0, 0.1), (0, 0.3), (-0.5, 0), (0.5, 0)]) * side + (x, y)
    points = np.zeros((33, 4), np.float32)
    points[:, :2] = (x, y)
    points[[5, 2, 0], :2] = keypoints[:3]  # right eye, left eye, nose
    points[[9, 10], :2] = keypoints[3]  # corners of the mouth
    points[[11, 12], :2] = np.array([(1, 1), (-1, 1)]) * side + (x, y)  # shoulders
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return points, Face(box, 0.9, keypoints.astype(np.float32))


def reading(*faces: Face, index: int = 0, time_s: float = 0.0, width: int = 640, height: int = 480) -> Reading:
    """By hand."""
    return Reading("clip.mp4", index, time_s, width, height, faces, {"detect": 4.25}, {"mesh": "1055cb9d"})


TONES = ("positive", "neutral", "negative")
shares = st.floats(0, 1)
pixels = st.floats(-1e4, 1e4)
degrees = st.floats(-180, 180)


numbers = st.floats(-100, 100)
tones = st.builds(
    Tone,
    label=st.sampled_from(TONES),
    confidence=shares,
    sure=st.booleans(),
    shares=st.fixed_dictionaries(dict.fromkeys(TONES, shares)),
)
explanations = st.builds(
    Explanation,
    text=st.text(max_size=20),
    regions=st.dictionaries(st.text(max_size=8), st.builds(Region, heat=shares, drop=st.floats(-1, 1)), max_size=3),
    measures=st.dictionaries(st.text(max_size=8), numbers, max_size=3),
)


def _expressions() -> st.SearchStrategy[Expression]:
    return st.builds(
        Expression,
        label=st.sampled_from(LABELS),
        confidence=shares,
        sure=st.booleans(),
        votes=st.fixed_dictionaries(dict.fromkeys(VOTES, shares)),
        fer2013=st.fixed_dictionaries(dict.fromkeys(FER2013, shares)),
        doubts=st.lists(st.sampled_from(DOUBTS), unique=True, max_size=4).map(tuple),
        valence=st.floats(-1, 1),
        tone=st.none() | tones,
        explanation=st.none() | explanations,
    )


expressions = _expressions()
boxes = st.tuples(pixels, pixels, st.floats(0, 1e4), st.floats(0, 1e4)).map(
    lambda b: Box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def _points(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    values = st.floats(-1e4, 1e4, width=32)
    return arrays.arrays(np.float32, (rows, columns), elements=values, fill=st.just(1.5))


faces = st.builds(
    Face,
    box=boxes,
    score=shares,
    keypoints=_points(6, 2),
    roll_deg=degrees,
    yaw_deg=degrees,
    pitch_deg=degrees,
    mesh=st.none() | _points(468, 3),
    track_id=st.none() | st.integers(0, 10**6),
    expression=st.none() | expressions,
    distance_cm=st.none() | st.builds(Distance, value=shares, low=shares, high=shares),
)
cues = st.builds(
    Cue,
    name=st.text(max_size=8),
    strength=shares,
    duration_s=st.floats(0, 1e4),
    evidence=st.lists(st.integers(0, 32), max_size=4).map(tuple),
)
poses = st.builds(
    Pose,
    keypoints=_points(33, 4),
    score=shares,
    track_id=st.none() | st.integers(0, 10**6),
    cues=st.lists(cues, max_size=3).map(tuple),
    tone=st.none() | tones,
    together=st.none() | tones,
)
readings = st.builds(
    Reading,
    source=st.text(max_size=20),
    index=st.integers(0, 10**9),
    time_s=st.floats(0, 1e6),
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    faces=st.lists(faces, max_size=3).map(tuple),
    poses=st.lists(poses, max_size=2).map(tuple),
    timings_ms=st.dictionaries(st.text(max_size=8), st.floats(0, 1e5), max_size=3),
    models=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
)
