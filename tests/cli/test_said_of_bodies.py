"""What bodies do stands beside what is said of faces, under the same names, and changes nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from readings import person

from mien.cli.bodies import postures_said
from mien.cli.show import said_of
from mien.expression import words
from mien.types import Cue, Face, Pose, Reading, Tone

PLACES = (100, 300, 500)  # px, of three people
FACES = [person(x, 100)[1] for x in PLACES]


def pose(*names: str, x: float = PLACES[0], track_id: int | None = None) -> Pose:
    return Pose(person(x, 100)[0], 1.0, track_id, tuple(Cue(name, 0.8) for name in names))


def reading(*poses: Pose, faces: list[Face] = FACES[:1]) -> Reading:
    return Reading("photo.jpg", 0, 0.0, 640, 480, faces=tuple(faces), poses=poses)


def test_without_bodies_the_face_alone() -> None:
    assert said_of(reading()) == words.sentence(reading())
    assert said_of(reading(pose())) == words.sentence(reading())


def test_one_body() -> None:
    shown = reading(pose("arms crossed"))
    said = f"{words.sentence(shown)} Body: arms crossed (can mean closed, cold or comfortable)."
    assert said_of(shown) == said


def test_several_bodies_have_a_place_and_who_does_nothing_is_left_out() -> None:
    poses = [pose("nodding", x=PLACES[0]), pose(x=PLACES[1]), pose("shrug", x=PLACES[2])]
    said = said_of(reading(*poses, faces=FACES))
    assert "Left, body: nodding" in said
    assert "Right, body: shrug" in said
    assert "Middle, body" not in said


def test_a_body_is_named_as_its_face_is_though_others_have_none() -> None:
    shown = reading(pose("nodding", x=PLACES[1]), faces=FACES)
    assert "Middle, body: nodding" in said_of(shown)
    two = reading(pose("nodding", x=PLACES[1]), faces=FACES[:2])
    assert "Right, body: nodding" in said_of(two)


def test_in_a_stream_the_id_decides_and_a_body_may_have_lost_its_face() -> None:
    faces = [replace(face, track_id=number) for number, face in enumerate(FACES[:2], 1)]
    shown = reading(pose("shrug", track_id=2), pose("nodding", x=PLACES[2], track_id=7), faces=faces)
    said = said_of(shown)
    assert "Right, body: shrug" in said
    assert "Someone whose face is not seen, body: nodding" in said
    alone = reading(pose("nodding", track_id=7), faces=[])
    assert said_of(alone) == f"{words.sentence(alone)} Body: nodding (can mean yes, go on, or only the beat of speech)."


def test_a_posture_is_named_as_its_face_is() -> None:
    tone = Tone("negative", 0.9, True, {"positive": 0.05, "neutral": 0.05, "negative": 0.9})
    bodies = [replace(pose(x=PLACES[1]), tone=tone, together=replace(tone, sure=False)), pose(x=PLACES[2])]
    assert (
        postures_said(reading(*bodies, faces=FACES))
        == "Middle: by the posture negative, together with the face not sure."
    )
    assert postures_said(reading(pose(), faces=FACES)) == ""
    assert postures_said(reading(bodies[0], faces=FACES[1:2])).startswith("One person: by the posture negative")


def test_bodies_that_were_asked_for_and_say_nothing_are_told_of() -> None:
    asked = replace(reading(pose()), models={"body": "pose_landmark_full"})
    assert said_of(asked) == f"{words.sentence(asked)} Body: no cue."
    assert said_of(replace(asked, poses=())).endswith("Body: no body seen.")
    assert said_of(replace(asked, faces=(), poses=())) == words.sentence(replace(asked, faces=()))


@pytest.mark.parametrize(("language", "body"), [("de", "Körper:"), ("ja", "体の様子："), ("ar", "الجسم:")])
def test_another_language(language: str, body: str) -> None:
    assert body in said_of(reading(pose("nodding")), language)
