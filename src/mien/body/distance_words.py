"""Distances in words: "about 1 m away, hands nearer", rounded as a person would."""

from __future__ import annotations

from mien.body.depth import notable, part_depths
from mien.body.owner import pose_of
from mien.catalogue import DEFAULT, message
from mien.types import Distance, Face, Reading

MOST_VAGUE = 2.5  # `high` in units of `low`: beyond this one number would mislead, and a range is said
# Up to so many cm, distances are said in steps of so many.
STEPS = ((100.0, 10), (300.0, 50), (1000.0, 100), (float("inf"), 500))


def distance_words(distance: Distance, language: str = DEFAULT) -> str:
    """'about 60 cm away', 'about 1.5 m away', or, where little is known, 'between 50 cm and 2 m away'."""
    if distance.high <= MOST_VAGUE * distance.low:
        return message("distance.about", language, length=length_words(rounded_cm(distance.value), language))
    low, high = (length_words(rounded_cm(value), language) for value in (distance.low, distance.high))
    return message("distance.between", language, low=low, high=high)


def face_distance_words(face: Face, reading: Reading, language: str = DEFAULT) -> str:
    """How far a face is, and what of the body is clearly nearer or farther; empty where it was not measured."""
    if face.distance_cm is None:
        return ""
    said = distance_words(face.distance_cm, language)
    pose = pose_of(face, reading)
    if pose is None or reading.focal_px is None:
        return said
    found = notable(part_depths(pose, face.distance_cm.value, reading.focal_px))
    if found is None:
        return said
    part = message(f"depth.{'.'.join(found)}", language)
    return message("distance.with_part", language, distance=said, part=part)


def rounded_cm(value: float) -> int:
    """A distance in cm as one would say it: tens below a metre, half metres below three, metres below ten."""
    step = next(step for most, step in STEPS if value < most)
    return max(10, step * int(value / step + 0.5))


def length_words(value_cm: int, language: str = DEFAULT) -> str:
    """'60 cm', '1.5 m'."""
    if value_cm < 100:
        return message("distance.cm", language, value=value_cm)
    metres = value_cm / 100
    return message("distance.m", language, value=int(metres) if metres.is_integer() else metres)
