"""Drawing: where it goes, how large, and never letters that a font lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings import DOUBTS, LABELS, expression, face, faces, poses, reading

from mien import catalogue, fonts, labels
from mien.draw import DRAWN, LEFT_COLOUR, RIGHT_COLOUR, bones, draw_reading, outline, place_labels
from mien.types import Box, Face, ImageArray, Pose

HAPPY = expression({"happy": 0.8, "neutral": 0.2})


def grey(width: int, height: int, level: int = 128) -> ImageArray:
    return np.full((height, width, 3), level, np.uint8)


def common(a: Box, b: Box) -> float:
    return max(0.0, min(a.x2, b.x2) - max(a.x1, b.x1)) * max(0.0, min(a.y2, b.y2) - max(a.y1, b.y1))


@settings(max_examples=15)
@given(st.lists(faces, max_size=3), st.integers(1, 90), st.integers(1, 90))
def test_anything_can_be_drawn_and_the_picture_is_left_alone(some: list[Face], width: int, height: int) -> None:
    image = grey(width, height)
    drawn = draw_reading(image, reading(*some))
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    assert (image == 128).all()


def test_no_face_leaves_the_picture_as_it_is() -> None:
    assert (draw_reading(grey(64, 48), reading()) == 128).all()


def test_drawing_depends_on_picture_and_reading_alone() -> None:
    shown = reading(face(200, 150, 150, read=HAPPY))
    assert (draw_reading(grey(640, 480), shown) == draw_reading(grey(640, 480), shown)).all()


@pytest.mark.parametrize("roll", [0, 30, 45, 90, -120])
def test_the_outline_turns_with_the_face(roll: float) -> None:
    corners = outline(face(100, 100, 80, roll=roll))
    top = corners[1] - corners[0]
    turned = np.degrees(np.arctan2(top[1], top[0]))
    assert (turned - roll + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)
    assert corners.mean(0) == pytest.approx([140, 140])


@given(st.floats(-180, 180), st.floats(20, 200))
def test_the_outline_holds_the_mesh(roll: float, size: float) -> None:
    mesh = np.random.default_rng(3).normal(0, size, (468, 3)).astype(np.float32)
    box = Box(*mesh[:, :2].min(0).tolist(), *mesh[:, :2].max(0).tolist())
    corners = outline(Face(box, 0.9, mesh[:6, :2], roll_deg=roll, mesh=mesh))
    sides = np.roll(corners, -1, 0) - corners
    inside = sides[:, None, 0] * (mesh[None, :, 1] - corners[:, None, 1])
    inside -= sides[:, None, 1] * (mesh[None, :, 0] - corners[:, None, 0])
    assert (inside >= 0).all()


def test_the_line_lies_where_the_face_is() -> None:
    drawn = draw_reading(grey(200, 200), reading(face(60, 60, 80)))  # not read: the outline alone
    rows, columns = np.nonzero((drawn != 128).any(2))
    assert (rows.min(), rows.max()) == pytest.approx((55, 145), abs=3)
    assert (columns.min(), columns.max()) == pytest.approx((55, 145), abs=3)
    assert (drawn[80:120, 80:120] == 128).all()


def crowd(width: int, height: int, columns: int, rows: int) -> tuple[Face, ...]:
    side = min(width / columns, height / rows) * 0.45
    read = [expression({label: 0.7, "unknown": 0.3}) for label in LABELS]
    read += [expression(sure=False, doubts=(doubt,)) for doubt in DOUBTS[:4]]
    return tuple(
        face((column + 0.28) * width / columns, (row + 0.28) * height / rows, side, read=read[column + row * columns])
        for row in range(rows)
        for column in range(columns)
    )


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (3840, 2160)])
@pytest.mark.parametrize("grid", [(1, 1), (3, 1), (4, 3)])
def test_labels_keep_clear_of_each_other_and_inside(size: tuple[int, int], grid: tuple[int, int]) -> None:
    some = crowd(*size, *grid)
    places = [place.box for place in place_labels(size[::-1], some)]
    assert len(places) == len(some)
    for box in places:
        assert box.x1 >= 0 and box.y1 >= 0 and box.x2 <= size[0] and box.y2 <= size[1]
    if (size, grid) != ((320, 240), (4, 3)):  # there, twelve words do not fit
        assert sum(common(a, b) for a in places for b in places if a is not b) == 0


def test_a_label_does_not_hide_a_face_where_there_is_room() -> None:
    some = (face(100, 200, 100, read=HAPPY), face(400, 200, 100, read=HAPPY))
    for place in place_labels((480, 640), some):
        assert all(common(place.box, one.box) == 0 for one in some)


@pytest.mark.parametrize("corner", [(0, 0), (260, 0), (0, 180), (260, 180)])
def test_a_face_in_the_corner_has_its_label_inside(corner: tuple[int, int]) -> None:
    (place,) = place_labels((240, 320), (face(*corner, 60, read=HAPPY),))
    box = place.box
    assert box.x1 >= 0 and box.y1 >= 0 and box.x2 <= 320 and box.y2 <= 240


def test_letters_grow_with_the_picture_and_the_face() -> None:
    def letters(width: int, height: int, side: float) -> int:
        (place,) = place_labels((height, width), (face(10, 10, side, read=HAPPY),))
        return place.text_px

    assert letters(320, 240, 40) >= 12
    assert letters(640, 480, 60) < letters(640, 480, 300)
    assert letters(640, 480, 300) < letters(3840, 2160, 300)


def texts_of(read: Face) -> str:
    full = labels.variants(read)[0]
    parts = (full.headline, full.share, full.quiet, *(bar.word for bar in full.bars))
    return " ".join(filter(None, parts))


def test_a_sure_face_has_word_share_and_bars() -> None:
    assert texts_of(face(read=HAPPY)) == "looks happy 8 in 10 happy neutral"


def test_an_unsure_face_says_why_in_grey() -> None:
    away = face(read=expression(sure=False, doubts=("turned away",)))
    assert texts_of(away) == "not sure: turned away"
    assert labels.colour_of(away) == labels.GREY
    differ = face(read=expression({"sad": 0.6, "neutral": 0.4}, sure=False, doubts=("people would disagree",)))
    assert texts_of(differ) == "not sure: people would disagree sad neutral"


def test_words_on_a_picture_are_those_of_the_language() -> None:
    spanish = labels.variants(face(read=HAPPY), "es")[0]
    assert (spanish.headline, spanish.share, spanish.bars[0].word) == ("cara de alegría", "8 de 10", "alegría")
    both = face(read=expression(sure=False, doubts=("dark", "blurred")))
    assert labels.variants(both, "zh")[0].quiet == "太暗，模糊"


def test_a_label_of_a_language_from_right_to_left_is_mirrored() -> None:
    label = labels.Label("happy", "8 in 10", bars=(labels.Bar("happy", 0.5, labels.COLOURS["happy"]),), is_sure=True)
    left, right = (labels.render(replace(label, language=code), 30) for code in ("en", "ar"))
    assert left.shape == right.shape
    stripe = 30 // 2 + 2  # the coloured stripe at the side where reading begins, and a little more
    assert not (left[10:-10, :stripe] == right[10:-10, :stripe]).all()
    assert np.abs(left[10:-10, :stripe].astype(int) - right[10:-10, : -stripe - 1 : -1]).mean() < 3


@pytest.mark.parametrize("language", catalogue.languages())
def test_a_language_without_a_font_is_drawn_in_english(language: str) -> None:
    drawn = labels.language_drawn(language)
    assert drawn in (language, "en")
    for key, text in catalogue.language_of(drawn).messages.items():
        if key.startswith(("label.", "looks.", "short.")):
            assert isinstance(text, str) and fonts.font_for(catalogue.GAP.sub("", text), 20) is not None


def test_shorter_texts_take_less_room() -> None:
    wide = [labels.size_of(label, 20)[0] for label in labels.variants(face(read=HAPPY))]
    assert wide == sorted(wide, reverse=True)
    assert len(labels.variants(face())) == 0


@pytest.mark.parametrize("label", LABELS)
def test_every_word_has_a_colour_that_can_be_seen_on_the_panel(label: str) -> None:
    def light(colour: tuple[int, ...]) -> float:  # WCAG 2.2, relative luminance
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    contrast = (light(labels.COLOURS[label]) + 0.05) / (light(labels.PANEL[:3]) + 0.05)
    assert contrast >= 3  # WCAG 2.2, 1.4.11: graphical objects
    assert len(set(labels.COLOURS.values())) == len(LABELS)


@pytest.mark.parametrize("read", [HAPPY, expression(sure=False, doubts=("dark", "blurred")), expression()])
def test_a_label_is_a_picture_with_rounded_corners(read: object) -> None:
    for label in labels.variants(face(read=read)):  # type: ignore[arg-type]
        drawn = labels.render(label, 16)
        assert drawn.shape[1::-1] == labels.size_of(label, 16)
        assert drawn[0, 0, 3] < 128 < drawn[drawn.shape[0] // 2, drawn.shape[1] // 2, 3]
        assert drawn[..., :3].max() > 150


# Fonts


def test_english_needs_no_font_of_the_system() -> None:
    assert fonts.font_for("looks happy 8 in 10: people would disagree, too dark", 20, folders=[]) is not None


@pytest.mark.parametrize("text", ["高兴", "счастье", "\u0633\u0639\u064a\u062f", "\uffff"])
def test_a_font_without_the_letters_is_not_taken(text: str) -> None:
    assert fonts.font_for(text, 20, folders=[]) is None


@pytest.mark.parametrize("text", ["é ß ő", "счастье"])
def test_the_systems_fonts_are_searched(text: str) -> None:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    found = fonts.font_for(text, 20, folders=[folder])
    assert found is not None
    assert "DejaVu Sans" in str(found.getname()[0])
    assert fonts.font_for("高兴", 20, folders=[folder]) is None


def test_what_is_no_font_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert fonts.font_for("高兴", 20, folders=[tmp_path, tmp_path / "missing"]) is None


def test_a_word_without_a_font_is_never_boxes() -> None:
    nowhere = labels.Label("\U0010fffd")  # a private character: no font has it
    assert (labels.render(nowhere, 16) == labels.render(labels.Label("(no font has this word)"), 16)).all()


# --- bodies -----------------------------------------------------------------------------------------------------------


def standing(seen: float = 1.0) -> Pose:
    """A body that stands before us, 640 x 480: points 11 to 32 in rows of a left (odd) and a right (even) one."""
    points = np.zeros((33, 4), np.float32)
    points[:11, :2] = (320, 60)
    for number in range(11, 33):
        points[number, :2] = (320 + (60 if number % 2 else -60), 100 + 14 * (number - 11))
    points[:, 3] = seen
    return Pose(points, 0.9)


@settings(max_examples=8)
@given(st.lists(poses, max_size=2), st.integers(1, 90), st.integers(1, 90))
def test_any_body_can_be_drawn(some: list[Pose], width: int, height: int) -> None:
    image = grey(width, height)
    drawn = draw_reading(image, replace(reading(), poses=tuple(some)))
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    assert (image == 128).all()


def test_a_skeleton_runs_between_its_points_and_nowhere_else() -> None:
    pose = standing()
    drawn = draw_reading(grey(640, 480), replace(reading(), poses=(pose,)))
    rows, columns = np.nonzero((drawn != 128).any(axis=2))
    assert 255 < columns.min() < columns.max() < 386 and rows.min() > 55
    for one, other in ((11, 13), (13, 15), (12, 14), (24, 26), (11, 12)):
        x, y = pose.keypoints[[one, other], :2].mean(0).astype(int)
        assert (drawn[y, x] != 128).any()


def test_points_that_are_hardly_seen_are_left_out() -> None:
    pose = standing()
    pose.keypoints[[13, 16], 3] = DRAWN - 0.01
    ends = [tuple(map(tuple, line.tolist())) for line, _ in bones(pose, has_face=True)]
    places = {number: tuple(pose.keypoints[number, :2].tolist()) for number in range(33)}
    for number in (13, 16):
        assert not any(places[number] in line for line in ends)
    assert any(set(line) == {places[12], places[14]} for line in ends)
    assert bones(standing(DRAWN - 0.01), has_face=False) == []


def test_the_sides_of_a_body_have_their_colours() -> None:
    for line, colour in bones(standing(), has_face=True):
        if colour == LEFT_COLOUR:
            assert (line[:, 0] > 320).all()
        elif colour == RIGHT_COLOUR:
            assert (line[:, 0] < 320).all()


def test_a_head_is_drawn_only_where_no_face_shows_it() -> None:
    assert len(bones(standing(), has_face=False)) == len(bones(standing(), has_face=True)) + 4
