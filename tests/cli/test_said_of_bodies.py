"""What bodies do stands beside what is said of faces, and changes nothing of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.body.cues import face_of
from mien.cli.show import said_of
from mien.expression import words
from mien.types import Box, Cue, Face, Pose, Reading

FACE = Face(Box(100, 0, 200, 100), 1.0, np.zeros((6, 2), np.float32))
POINTS = np.zeros((33, 4), np.float32)


def pose(*names: str, x: float = 150, track_id: int | None = None) -> Pose:
    points = POINTS.copy()
    points[0, :2] = x, 50
    return Pose(points, 1.0, track_id, tuple(Cue(name, 0.8) for name in names))


def reading(*poses: Pose) -> Reading:
    return Reading("photo.jpg", 0, 0.0, 640, 480, faces=(FACE,), poses=poses)


def test_without_bodies_the_face_alone() -> None:
    assert said_of(reading()) == words.sentence(reading())
    assert said_of(reading(pose())) == words.sentence(reading())


def test_one_body() -> None:
    shown = reading(pose("arms crossed"))
    said = f"{words.sentence(shown)} Body: arms crossed (can mean closed, cold or comfortable)."
    assert said_of(shown) == said


def test_several_bodies_have_a_place_and_who_does_nothing_is_left_out() -> None:
    said = said_of(reading(pose("nodding"), pose(), pose("shrug")))
    assert "Left, body: nodding" in said
    assert "Right, body: shrug" in said
    assert "Middle" not in said


def test_bodies_that_were_asked_for_and_say_nothing_are_told_of() -> None:
    asked = replace(reading(pose()), models={"body": "pose_landmark_full"})
    assert said_of(asked) == f"{words.sentence(asked)} Body: no cue."
    assert said_of(replace(asked, poses=())).endswith("Body: no body seen.")
    assert said_of(replace(asked, faces=(), poses=())) == words.sentence(replace(asked, faces=()))


@pytest.mark.parametrize(("language", "body"), [("de", "Körper:"), ("ja", "体の様子："), ("ar", "الجسد:")])
def test_another_language(language: str, body: str) -> None:
    assert body in said_of(reading(pose("nodding")), language)


def test_a_body_has_the_face_of_its_name_or_the_one_it_lies_in() -> None:
    named = replace(FACE, track_id=3)
    assert face_of(pose(track_id=3, x=600), [FACE, named]) is named
    assert face_of(pose(track_id=4), [named]) is None
    assert face_of(pose(), [FACE]) is FACE
    assert face_of(pose(x=200), [FACE]) is None
    assert face_of(pose(), [named]) is None
