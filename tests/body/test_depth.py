"""Depths of a body's parts on made skeletons, and distances in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import expression, face, reading

from mien import catalogue
from mien.body.depth import PARTS, notable, part_depths
from mien.body.distance_words import distance_words, face_distance_words, rounded_cm
from mien.expression.words import sentence
from mien.types import Distance, Pose

FOCAL_PX, AWAY_CM = 500.0, 100.0  # 5 px are a centimetre


def body(track_id: int | None = None, **behind_cm: tuple[float, float]) -> Pose:
    """A body whose parts' left and right lie so many cm behind its face; the hips are the origin of z."""
    points = np.zeros((33, 4), np.float32)
    points[:, 3] = 1
    points[:11, 2] = 37.0  # where the face lies before the hips must not matter
    for name, sides in PARTS.items():
        for side, depth in zip(sides, behind_cm.get(name, (0.0, 0.0)), strict=True):
            points[list(side), 2] = 37.0 + 5 * depth
    return Pose(points, 0.9, track_id)


def near(cm: float, low: float = 0.0, high: float = 0.0) -> Distance:
    return Distance(cm, low or cm * 0.9, high or cm * 1.1)


@given(st.floats(-80, 80), st.floats(-80, 80))
def test_depths_are_what_they_were_made(left: float, right: float) -> None:
    found = part_depths(body(hands=(left, right)), AWAY_CM, FOCAL_PX)
    assert found["hands"] == pytest.approx((left, right), abs=1e-3)
    assert found["hips"] == (0, 0)
    twice = part_depths(body(hands=(left, right)), 2 * AWAY_CM, FOCAL_PX)["hands"]
    assert twice == pytest.approx((2 * left, 2 * right), abs=1e-3)  # the same pixels, twice as far


def test_what_is_not_seen_is_not_measured() -> None:
    pose = body(hands=(-40, -40))
    points = pose.keypoints.copy()
    points[[15, 17, 19, 21, 23, 24], 3] = 0.2
    found = part_depths(replace(pose, keypoints=points), AWAY_CM, FOCAL_PX)
    assert found["hands"] == (None, pytest.approx(-40, abs=1e-3)) and "hips" not in found
    points[:11, 3] = 0.0
    assert part_depths(replace(pose, keypoints=points), AWAY_CM, FOCAL_PX) == {}


@pytest.mark.parametrize(
    ("behind_cm", "expected"),
    [
        ({}, None),
        ({"hands": (-10, 10)}, None),
        ({"hands": (-30, -30)}, ("hands", "nearer")),
        ({"hands": (-30, 0)}, ("hand", "nearer")),
        ({"hands": (30, 20)}, ("hands", "farther")),
        ({"hands": (0, 40)}, ("hand", "farther")),
        ({"feet": (60, 60)}, None),  # of somebody who stands
        ({"feet": (-60, -60)}, ("feet", "nearer")),
        ({"knees": (-40, -40), "feet": (-50, -50)}, ("knees", "nearer")),
        ({"knees": (-40, -40), "hands": (-40, -40)}, ("hands", "nearer")),
        ({"knees": (-40, 0)}, None),
    ],
)
def test_what_is_worth_a_word(behind_cm: dict[str, tuple[float, float]], expected: tuple[str, str] | None) -> None:
    assert notable(part_depths(body(**behind_cm), AWAY_CM, FOCAL_PX)) == expected


@pytest.mark.parametrize(
    ("cm", "said"),
    [(3, 10), (34, 30), (56, 60), (94, 90), (96, 100), (124, 100), (126, 150), (260, 250), (290, 300), (340, 300),
     (860, 900), (1100, 1000), (1900, 2000)],
)  # fmt: skip
def test_a_distance_is_rounded_as_one_says_it(cm: float, said: int) -> None:
    assert rounded_cm(cm) == said


def test_words() -> None:
    assert distance_words(near(58)) == "about 60 cm away"
    assert distance_words(near(104)) == "about 1 m away"
    assert distance_words(near(140)) == "about 1.5 m away"
    assert distance_words(near(140), "de") == "etwa 1,5 m entfernt"
    assert distance_words(near(100, 50, 200)) == "between 50 cm and 2 m away"


def test_a_sentence_ends_with_the_distance_and_the_hands() -> None:
    seen = replace(face(read=expression()), distance_cm=near(100), track_id=4)
    made = replace(reading(seen), poses=(body(4, hands=(-30, -30)),), focal_px=FOCAL_PX)

    def said(language: str = "en") -> str:
        return sentence(made, language, beside=lambda one: face_distance_words(one, made, language))

    assert said() == "One person: looks happy, about 8 in 10 people would say so; about 1 m away, hands nearer."
    for language in catalogue.languages():
        assert "{" not in said(language)
    assert sentence(made) == "One person: looks happy, about 8 in 10 people would say so."


def test_a_body_of_somebody_else_is_not_told_of() -> None:
    seen = replace(face(), distance_cm=near(100), track_id=4)
    made = replace(reading(seen), poses=(body(5, hands=(-30, -30)), body(6)), focal_px=FOCAL_PX)
    assert face_distance_words(seen, made) == "about 1 m away"
    still = replace(seen, track_id=None)
    alone = replace(reading(still), poses=(body(None, hands=(-30, -30)),), focal_px=FOCAL_PX)
    assert face_distance_words(still, alone) == "about 1 m away, hands nearer"
    assert face_distance_words(face(), made) == ""
