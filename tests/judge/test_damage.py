"""Damage to faces: harmless at its first level, and by as much as it says at the others."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from face_sets import drawn_faces
from PIL import Image
from scipy import ndimage

from mien.images import DEFAULT_GEOMETRY, crop_face
from mien.judge import damage
from mien.judge.damage import DAMAGES, mean_keypoints

SIDE = 48
RNG = np.random.default_rng


def face(seed: int = 0) -> np.ndarray:
    return drawn_faces(1, seed=seed).pixels[0]


KEYPOINTS = mean_keypoints(SIDE, DEFAULT_GEOMETRY)


def test_a_face_without_a_mesh_is_taken_for_an_average_one() -> None:
    right, left, mouth = KEYPOINTS[[0, 1, 3]] / SIDE
    assert left[0] - right[0] == pytest.approx(DEFAULT_GEOMETRY.eye_distance)
    assert right[1] == left[1] == pytest.approx(DEFAULT_GEOMETRY.eye_y)
    assert tuple(mouth) == pytest.approx((0.5, DEFAULT_GEOMETRY.mouth_y))
    assert np.isnan(KEYPOINTS[[2, 4, 5]]).all()


@pytest.mark.parametrize("kind", DAMAGES)
def test_the_first_level_changes_nothing(kind: str) -> None:
    one = DAMAGES[kind]
    before = face()
    after, moved = one.do(before, KEYPOINTS, one.levels[0], RNG(0))
    crops = [crop_face(pixels, points) for pixels, points in ((before, KEYPOINTS), (after, moved))]
    assert np.array_equal(*crops)


@pytest.mark.parametrize("kind", DAMAGES)
def test_more_damage_leaves_less_and_the_face_that_was_given_as_it_was(kind: str) -> None:
    one = DAMAGES[kind]
    before = face(1)
    kept = before.copy()
    gaps = []
    for level in one.levels:
        after, moved = one.do(before, KEYPOINTS, level, RNG(0))
        gaps.append(float(np.abs(crop_face(after, moved).astype(float) - before).mean()))
    assert np.array_equal(before, kept)
    if kind != "roll":  # a turned face is cut upright again
        assert gaps[0] == min(gaps) and gaps == sorted(gaps)
    assert max(gaps[1:]) > 0


@pytest.mark.parametrize("degrees", [15, 45, 90, -30])
def test_a_turn_and_its_reverse(degrees: float) -> None:
    smooth = ndimage.gaussian_filter(face().astype(float), 2).astype(np.uint8)
    turned, moved = damage.turn(smooth, KEYPOINTS, degrees, RNG(0))
    again, back = damage.turn(turned, moved, -degrees, RNG(0))
    start = (len(again) - SIDE) // 2
    assert again[start : start + SIDE, start : start + SIDE] == pytest.approx(smooth, abs=6)
    assert back[[0, 1, 3]] - start == pytest.approx(KEYPOINTS[[0, 1, 3]], abs=1e-3)
    # Clockwise on the screen: the line of the eyes falls to the right.
    (x1, y1), (x2, y2) = moved[:2]
    assert math.degrees(math.atan2(y2 - y1, x2 - x1)) == pytest.approx(degrees, abs=1e-3)


def test_a_turn_by_a_quarter_is_exact() -> None:
    before = face()
    turned, _ = damage.turn(before, KEYPOINTS, 90, RNG(0))
    start = (len(turned) - SIDE) // 2
    assert np.array_equal(turned[start : start + SIDE, start : start + SIDE], np.rot90(before, -1))


def test_a_turned_face_is_cut_upright_with_its_keypoints() -> None:
    smooth = ndimage.gaussian_filter(face().astype(float), 2).astype(np.uint8)
    turned, moved = damage.turn(smooth, KEYPOINTS, 37, RNG(0))
    assert crop_face(turned, moved)[8:-8, 8:-8] == pytest.approx(smooth[8:-8, 8:-8], abs=8)


def test_a_small_face_is_the_mean_of_its_blocks() -> None:
    before = face()
    small, moved = damage.shrink(before, KEYPOINTS, 16, RNG(0))
    assert small.shape == (16, 16)
    assert small == pytest.approx(before.reshape(16, 3, 16, 3).mean((1, 3)), abs=0.6)
    assert moved[[0, 1, 3]] == pytest.approx(KEYPOINTS[[0, 1, 3]] / 3)


def test_blur_is_a_gaussian() -> None:
    before = face()
    blurred, _ = damage.blur(before, KEYPOINTS, 1.5, RNG(0))
    assert blurred == pytest.approx(ndimage.gaussian_filter(before.astype(float), 1.5, mode="nearest"), abs=2)


def test_larger_faces_are_damaged_as_much() -> None:
    before = face()
    large = np.repeat(np.repeat(before, 2, 0), 2, 1)
    blurred, _ = damage.blur(large, KEYPOINTS, 1.5, RNG(0))
    assert blurred == pytest.approx(ndimage.gaussian_filter(large.astype(float), 3, mode="nearest"), abs=2)
    assert DAMAGES["size"].levels_for(96) == (96, 48, 32, 24, 20, 16)
    assert DAMAGES["size"].levels_for(SIDE) == DAMAGES["size"].levels
    assert DAMAGES["size"].levels_for(20) == (20, 16)
    assert DAMAGES["blur"].levels_for(96) == DAMAGES["blur"].levels


def test_each_stop_halves_the_light() -> None:
    before = face()
    dark, _ = damage.darken(before, KEYPOINTS, 2, RNG(0))
    assert np.abs(dark - before / 4).max() <= 0.5


def test_noise_has_the_spread_it_says() -> None:
    grey = np.full((96, 96), 128, np.uint8)
    noisy, _ = damage.add_noise(grey, KEYPOINTS, 20, RNG(0))
    assert noisy.std() == pytest.approx(20, abs=0.7) and noisy.mean() == pytest.approx(128, abs=0.7)
    again, _ = damage.add_noise(grey, KEYPOINTS, 20, RNG(0))
    assert np.array_equal(noisy, again)


def test_squeezed_faces_are_those_of_another_jpeg_library() -> None:
    before = face()
    squeezed, _ = damage.squeeze(before, KEYPOINTS, 80, RNG(0))
    buffer = io.BytesIO()
    Image.fromarray(before).save(buffer, "JPEG", quality=20)
    assert squeezed == pytest.approx(np.asarray(Image.open(buffer)).astype(float), abs=2)


@pytest.mark.parametrize(
    ("kind", "wide", "high", "middle"),
    [
        ("eyes covered", damage.EYES_WIDE, damage.EYES_HIGH, KEYPOINTS[:2].mean(0)),
        ("mouth covered", damage.MOUTH_WIDE, damage.MOUTH_HIGH, KEYPOINTS[3]),
    ],
)
@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("roll", [0.0, 30.0])
def test_a_bar_covers_what_it_should(kind: str, wide: float, high: float, middle: np.ndarray, share: float,
                                     roll: float) -> None:  # fmt: skip
    scale = 10  # a large face, turned or not, so that edges weigh little
    striped = np.full((SIDE * scale, SIDE * scale), 200, np.uint8)
    striped[::2] = 100
    points, centre = KEYPOINTS * scale, np.array([SIDE, SIDE]) * scale / 2
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    turn = np.array([[cos, -sin], [sin, cos]])
    points = ((points - centre) @ turn.T + centre).astype(np.float32)
    covered, moved = DAMAGES[kind].do(striped, points, share, RNG(0))
    bar = covered == 150  # the mean
    distance = DEFAULT_GEOMETRY.eye_distance * SIDE * scale
    assert bar.sum() == pytest.approx(wide * high * share * distance**2, rel=0.02)
    rows, columns = np.nonzero(bar)
    expected = (middle * scale - centre) @ turn.T + centre
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(tuple(expected), abs=1)
    assert np.array_equal(covered[~bar], striped[~bar])
    assert moved is points
