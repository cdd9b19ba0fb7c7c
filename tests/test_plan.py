"""The plan: people where the arithmetic puts them, bars as long as the doubt, parts behind or before the face."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings import expression, face, reading
from readings import person as figure

from mien import catalogue
from mien.body.distance_words import face_distance_words
from mien.geometry import iou_matrix
from mien.labels import COLOURS
from mien.plan import TOP_HEIGHT, WIDTH, _Pen, draw_plan, ring_step, standing
from mien.types import Box, Distance, Face, Pose, Reading


def person(x: float, away: Distance, label: str = "happy", *, y: float = 240) -> Face:
    one = face(read=expression({label: 0.9, "neutral": 0.1}))
    return replace(one, box=Box(x - 20, y - 20, x + 20, y + 20), distance_cm=away)


def seen(*faces: Face, focal_px: float | None = 320.0) -> Reading:
    return replace(reading(*faces), focal_px=focal_px)  # 640 x 480: 90 degrees across


def place_of(picture: np.ndarray, label: str) -> tuple[float, float]:
    """Where the dot of this colour lies in the view from above."""
    rows, columns = np.nonzero((picture[:TOP_HEIGHT] == COLOURS[label]).all(axis=2))
    return float(columns.mean()), float(rows.mean())


@given(st.floats(20, 620), st.floats(20, 460), st.floats(20, 1000))
@settings(max_examples=25)
def test_bearings_and_distances_along_the_ground(x: float, y: float, away_cm: float) -> None:
    one = standing(seen(person(x, Distance(away_cm, away_cm, away_cm), y=y)))[0]
    assert one.bearing_deg == pytest.approx(math.degrees(math.atan((x - 320) / 320)), abs=1e-6)
    sight = np.array([x - 320, y - 240, 320])
    flat = away_cm * np.hypot(sight[0], sight[2]) / np.linalg.norm(sight)
    assert one.away.value == pytest.approx(flat)


def test_dots_lie_where_people_stand() -> None:
    exact = [Distance(cm, cm, cm) for cm in (100, 100, 50)]
    faces = person(0, exact[0], "sad"), person(320, exact[1], "happy"), person(640, exact[2], "angry")
    picture = draw_plan(seen(*faces))
    middle, left, right = (np.array(place_of(picture, label)) for label in ("happy", "sad", "angry"))
    camera = np.array([WIDTH / 2, middle[1] + np.linalg.norm(middle - left) / (2 * math.sin(math.radians(22.5)))])
    assert middle[0] == pytest.approx(WIDTH / 2, abs=1)
    assert np.linalg.norm(left - camera) == pytest.approx(np.linalg.norm(middle - camera), rel=0.02)
    assert np.linalg.norm(right - camera) == pytest.approx(np.linalg.norm(middle - camera) / 2, rel=0.02)
    assert camera[0] - left[0] == pytest.approx(camera[1] - left[1], rel=0.02)  # at 45 degrees
    assert right[0] - camera[0] == pytest.approx(camera[1] - right[1], rel=0.02)


def test_more_doubt_is_a_longer_bar() -> None:
    def inked(low: float, high: float) -> int:
        others = person(320, Distance(300, 300, 300), "sad")
        picture = draw_plan(seen(others, person(500, Distance(100, low, high))))
        return int((picture == COLOURS["happy"]).all(axis=2).sum())

    assert inked(100, 100) < inked(80, 120) < inked(50, 200)


def test_parts_have_rows() -> None:
    points = np.ones((33, 4), np.float32)
    bare = seen(person(320, Distance(100, 90, 110)))
    whole = replace(bare, poses=(Pose(points, 0.9),))
    assert draw_plan(whole).shape[0] > draw_plan(bare).shape[0]


def test_of_several_people_each_has_the_parts_of_the_body_under_its_face() -> None:
    bodies = []
    for x, hands_z in ((150, -90), (450, 0)):
        points, head = figure(x, 200)
        points[:, 3] = 1
        points[15:23, 2] = hands_z
        bodies.append((points, replace(head, distance_cm=Distance(100, 90, 110))))
    both = replace(seen(*(head for _, head in bodies)), poses=tuple(Pose(points, 0.9) for points, _ in bodies))
    assert [one.pose for one in standing(both)] == [*both.poses]
    assert [face_distance_words(one, both) for one in both.faces] == ["about 1 m away, hands nearer", "about 1 m away"]


@given(st.lists(st.tuples(st.floats(0, 640), st.floats(50, 1000)), min_size=2, max_size=16))
@settings(max_examples=25)
def test_names_cover_neither_each_other_nor_dots_and_lie_inside(places: list[tuple[float, float]]) -> None:
    written, write = [], _Pen.text

    def note(pen: _Pen, x: float, y: float, text: str, **options: object) -> None:
        if ":" in text and options.get("anchor") == "lm":
            written.append(pen.room_of(x, y, text))
        write(pen, x, y, text, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Pen, "text", note)
        draw_plan(seen(*(person(x, Distance(cm, cm, cm)) for x, cm in places)))
    boxes = np.array([box.to_list() for box in written])
    assert len(boxes) == len(places)
    assert (boxes[:, [0, 1]] >= 0).all() and (boxes[:, 2] <= WIDTH).all() and (boxes[:, 3] <= TOP_HEIGHT).all()
    overlap = iou_matrix(boxes, boxes) - np.eye(len(boxes))
    assert overlap.max() == pytest.approx(0)


def test_every_name_of_a_crowd_is_written_inside() -> None:
    written = []
    faces = [person(320 + 12 * (number - 20), Distance(300, 300, 300)) for number in range(40)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Pen, "text", lambda pen, x, y, text, **more: written.append((y, text, more)))
        draw_plan(seen(*faces))
    rows = [y for y, text, more in written if ":" in text and more.get("anchor") == "lm"]
    assert len(rows) == 40 and all(50 <= y <= TOP_HEIGHT - 50 for y in rows)


def test_nobody_and_unknown_distances() -> None:
    assert standing(seen()) == [] and standing(seen(face())) == []
    assert standing(seen(person(100, Distance(90, 80, 100)), focal_px=None)) == []
    assert draw_plan(seen()).shape[1] == WIDTH


@pytest.mark.parametrize("language", catalogue.languages())
def test_every_language_is_drawn(language: str) -> None:
    assert draw_plan(seen(person(100, Distance(90, 80, 100))), language=language).std() > 5


@given(st.floats(1, 60_000))
def test_rings_are_few(reach_cm: float) -> None:
    assert reach_cm / ring_step(reach_cm) <= 6 or ring_step(reach_cm) == 10_000


@given(st.floats(-1e4, 1e4), st.floats(0.1, 1e6), st.floats(1, 1e5))
@settings(max_examples=25)
def test_nothing_is_too_far_or_too_near_to_draw(x: float, away_cm: float, focal_px: float) -> None:
    draw_plan(seen(person(x, Distance(away_cm, away_cm / 3, away_cm * 3)), focal_px=focal_px))
