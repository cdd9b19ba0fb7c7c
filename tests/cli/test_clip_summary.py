"""What a clip came to: shares of frames by hand, bodies and distances where they were measured, reasons where asked."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from readings import expression, face, reading
from rich.console import Console

from mien.cli.summary import Summary
from mien.types import Cue, Distance, Explanation, Face, Pose, Reading

SAD = {"sad": 0.7, "neutral": 0.3}


def seen(who: int, *, sad: bool = False, sure: bool = True, cm: float | None = None) -> Face:
    distance = None if cm is None else Distance(cm, cm * 0.8, cm * 1.2)
    said = expression(SAD if sad else None, sure=sure)
    return replace(face(read=said), track_id=who, distance_cm=distance)


def with_bodies(shown: Reading, *cues: Sequence[str]) -> Reading:
    poses = [
        Pose(np.zeros((33, 4), np.float32), 1.0, one.track_id, tuple(Cue(name, 0.8) for name in names))
        for one, names in zip(shown.faces, cues, strict=True)
    ]
    return replace(shown, poses=tuple(poses))


def shown(readings: Sequence[Reading], language: str = "en") -> list[list[str]]:
    """The cells of the table that the terminal would show."""
    summary = Summary()
    for one in readings:
        summary.add(one)
    file = io.StringIO()
    Console(file=file, width=200).print(summary.table(language))
    lines = [line for line in file.getvalue().splitlines() if line.strip() and "─" not in line]
    return [[cell for cell in line.strip().split("  ") if cell.strip()] for line in lines]


def test_shares_are_of_the_frames_in_which_somebody_was_read() -> None:
    frames = [reading(seen(1)), reading(seen(1, sad=True)), reading(seen(1), seen(2, sure=False)), reading()]
    heads, first, second = shown(frames)
    assert [head.strip() for head in heads] == ["who", "seen in", "looked"]
    assert [cell.strip() for cell in first] == ["#1", "75%", "happy 67%, sad 33%"]
    assert [cell.strip() for cell in second] == ["#2", "25%", "not sure 100%"]


def test_bodies_and_distances_have_columns_where_there_are_any() -> None:
    frames = [
        with_bodies(reading(seen(1, cm=80), seen(2, cm=300)), ["nodding", "shrug"], []),
        with_bodies(reading(seen(1, cm=100), seen(2, cm=300)), ["nodding"], []),
        reading(seen(1, cm=120), seen(3)),
    ]
    heads, first, second, third = ([cell.strip() for cell in row] for row in shown(frames))
    assert heads == ["who", "seen in", "looked", "body", "how far"]
    assert first[3:] == ["nodding 100%, shrug 50%", "about 1 m away"]
    assert second[3:] == ["no cue", "about 3 m away"]
    assert third[3:] == ["no body seen"]


@pytest.mark.parametrize(("language", "word"), [("de", "Körper"), ("ar", "الجسم"), ("ja", "体")])
def test_another_language(language: str, word: str) -> None:
    heads, *_ = shown([with_bodies(reading(seen(1)), ["nodding"])], language)
    assert word in [head.strip() for head in heads]


def explained(who: int, measures: dict[str, float], confidence: float, *, sad: bool = False) -> Face:
    said = expression(SAD if sad else None)
    reasons = Explanation("", {}, measures)
    return replace(seen(who), expression=replace(said, confidence=confidence, explanation=reasons))


def test_the_reason_is_that_of_the_most_frequent_word_when_it_was_surest() -> None:
    summary = Summary()
    corners_up, none = {"mouth_corners": 5.0}, {"mouth_corners": 0.0}
    for one in (explained(1, none, 0.7), explained(1, corners_up, 0.9), explained(1, none, 0.99, sad=True)):
        summary.add(reading(one))
    (told,) = summary.reasons()
    assert told.startswith("#1: ") and "corners up" in told
    other = Summary()
    other.add(reading(explained(1, none, 0.7)))
    assert list(other.reasons()) != [told]
    silent = Summary()
    silent.add(reading(seen(1)))
    assert not list(silent.reasons())
