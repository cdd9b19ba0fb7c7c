"""Whose body is whose, with ids and without, with the points of faces and without."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import person

from mien.body.owner import head_gap, pose_of, pose_owner
from mien.types import Pose, Reading

PEOPLE = [person(100, 100), person(300, 90), person(500, 120)]
FACES = [face for _, face in PEOPLE]


def test_without_ids_the_face_under_its_head() -> None:
    for points, face in PEOPLE:
        assert pose_owner(Pose(points, 0.9), FACES) is face
    assert pose_owner(Pose(person(200, 300)[0], 0.9), FACES) is None
    assert pose_owner(Pose(PEOPLE[0][0], 0.9), []) is None


def test_by_its_id_wherever_it_lies() -> None:
    named = [replace(face, track_id=number) for number, face in enumerate(FACES, 1)]
    assert pose_owner(Pose(PEOPLE[0][0], 0.9, track_id=3), named) is named[2]
    assert pose_owner(Pose(PEOPLE[0][0], 0.9, track_id=4), named) is None


def test_where_boxes_overlap_the_nearer_head_counts() -> None:
    behind, before = person(100, 100, 60), person(125, 105, 60)  # each nose lies in both boxes
    faces = [behind[1], before[1]]
    assert [pose_owner(Pose(points, 0.9), faces) for points, _ in (behind, before)] == faces


@pytest.mark.parametrize("points", [True, False])
def test_in_a_reading_that_was_kept(points: bool) -> None:
    poses = tuple(Pose(body, 0.9) for body, _ in PEOPLE[:2])
    reading = Reading("photo.jpg", 0, 0.0, 640, 480, faces=tuple(FACES), poses=poses)
    kept = Reading.from_dict(json.loads(json.dumps(reading.to_dict(points=points))))
    assert [pose_of(face, kept) for face in kept.faces] == [*kept.poses, None]


@given(st.floats(0, 360), st.floats(0, 3), st.floats(10, 300))
def test_the_gap_of_a_head_is_its_distance_in_face_sides(angle: float, sides: float, side: float) -> None:
    points, face = person(200, 200, side)
    shift = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))]) * sides * side
    points[:, :2] += shift.astype(np.float32)
    assert head_gap(points, face) == pytest.approx(sides, abs=1e-3)


@given(st.floats(-400, 400), st.floats(-400, 400), st.floats(8, 300))
def test_a_face_without_points_is_known_by_its_box(x: float, y: float, side: float) -> None:
    points, face = person(x, y, side)
    bare = replace(face, keypoints=np.zeros((0, 2), np.float32))
    assert head_gap(points, bare) < 0.3
    points[:, 0] += side
    assert head_gap(points, bare) == pytest.approx(1, abs=0.2)
