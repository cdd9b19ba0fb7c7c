"""crop_face: the same crop however the photo is turned, scaled or moved; in its place, without aliasing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from mien import geometry, images
from mien.images import CropGeometry, crop_face
from mien.types import FloatArray, ImageArray

SIDE = 400


def smooth_picture(side: int = SIDE, *, cells: int = 24) -> ImageArray:
    """A colour picture without fine detail."""
    coarse = np.random.default_rng(0).integers(30, 226, (cells, cells, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def keypoints(centre: tuple[float, float] = (200, 200), eyes: float = 50, roll_deg: float = 0) -> FloatArray:
    """A face's six points whose eyes lie `eyes` px apart, with the proportions of the training faces."""
    plain = images.DEFAULT_GEOMETRY.points(1) - 0.5
    right, left, mouth = plain / images.DEFAULT_GEOMETRY.eye_distance
    rows = np.asarray([right, left, (0, 0.2), mouth, (-1, 0), (1, 0)]) * eyes
    turn = math.radians(roll_deg)
    rotation = np.asarray([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return np.asarray(rows @ rotation + centre, np.float32)


def differ(a: ImageArray, b: ImageArray) -> float:
    """Mean difference in grey levels, the outermost pixels apart: there a picture's edge shows."""
    return float(np.abs(a.astype(float) - b)[2:-2, 2:-2].mean())


# --- the same face, photographed otherwise ----------------------------------------------------------------------------


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_turned_by_quarters_gives_the_same_crop(quarters: int) -> None:
    picture, points = smooth_picture(), keypoints((180, 210), roll_deg=10)
    turned = np.ascontiguousarray(np.rot90(picture, quarters))
    moved = points.copy()
    for _ in range(quarters):  # counter-clockwise: (x, y) goes to (y, side - x)
        moved = np.column_stack([moved[:, 1], SIDE - moved[:, 0]]).astype(np.float32)
    assert differ(crop_face(turned, moved), crop_face(picture, points)) < 0.5


@given(st.floats(-180, 180), st.floats(25, 70), st.integers(-20, 20), st.integers(-20, 20))
def test_a_photo_turned_scaled_and_moved_gives_the_same_crop(
    roll_deg: float, eyes: float, right: int, down: int
) -> None:
    picture, points = smooth_picture(), keypoints(eyes=40)
    # Pillow draws the other photo; it asks for the way back, from the new picture to the old.
    scale = eyes / 40
    forth = geometry.invert(geometry.square_to_pixels((200 + right / scale, 200 + down / scale), SIDE / scale,
                                                      -roll_deg, SIDE))  # fmt: skip
    other = Image.fromarray(picture).transform(
        (SIDE, SIDE), Image.Transform.AFFINE, tuple(forth.ravel()), Image.Resampling.BICUBIC
    )
    moved = geometry.apply(geometry.invert(forth), points).astype(np.float32)
    assert differ(crop_face(np.asarray(other), moved), crop_face(picture, points)) < 2


def test_a_mirrored_face_gives_a_mirrored_crop() -> None:
    picture, points = smooth_picture(), keypoints((190, 220), roll_deg=-12)
    mirrored = points.copy()
    mirrored[:, 0] = SIDE - mirrored[:, 0]
    mirrored = mirrored[[1, 0, 2, 3, 5, 4]]  # the person's right stays theirs
    crop = crop_face(np.ascontiguousarray(picture[:, ::-1]), mirrored)
    assert differ(crop[:, ::-1], crop_face(picture, points)) < 0.5


# --- the right place --------------------------------------------------------------------------------------------------


@given(st.floats(-180, 180), st.floats(18, 120), st.sampled_from([32, 48, 64, 96]))
def test_eyes_and_mouth_land_where_the_geometry_says(roll_deg: float, eyes: float, size: int) -> None:
    points = keypoints(eyes=eyes, roll_deg=roll_deg)
    landed = geometry.apply(images.crop_matrix(points, size), points[[0, 1, 3]])
    assert landed == pytest.approx(images.DEFAULT_GEOMETRY.points(size), abs=0.01)


@given(st.floats(-180, 180), st.floats(24, 90), st.integers(0, 2))
def test_a_spot_on_an_eye_or_the_mouth_is_seen_there(roll_deg: float, eyes: float, which: int) -> None:
    points = keypoints(eyes=eyes, roll_deg=roll_deg)
    x, y = points[[0, 1, 3]][which]
    ys, xs = np.mgrid[:SIDE, :SIDE] + 0.5
    spot = 255 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * (eyes / 8) ** 2))
    crop = crop_face(spot.astype(np.uint8), points).astype(float)
    rows, columns = np.mgrid[:48, :48] + 0.5
    seen = (columns * crop).sum() / crop.sum(), (rows * crop).sum() / crop.sum()
    assert seen == pytest.approx(tuple(images.DEFAULT_GEOMETRY.points(48)[which]), abs=0.35)


def test_another_geometry_is_obeyed() -> None:
    closer = CropGeometry(eye_y=0.4, eye_distance=0.5, mouth_y=0.4 + 0.5 * (0.757 - 0.376) / 0.375)
    points = keypoints()
    landed = geometry.apply(images.crop_matrix(points, 48, closer), points[[0, 1, 3]])
    assert landed == pytest.approx(closer.points(48), abs=0.01)
    wide, near = crop_face(smooth_picture(), points), crop_face(smooth_picture(), points, geometry_=closer)
    assert differ(wide, near) > 5


def test_points_that_no_similarity_fits_are_fitted_in_the_middle() -> None:
    points = keypoints()
    points[3] += (0, 12)  # a long face
    landed = geometry.apply(images.crop_matrix(points, 48), points[[0, 1, 3]])
    assert landed.mean(0) == pytest.approx(images.DEFAULT_GEOMETRY.points(48).mean(0), abs=0.01)
    assert landed[0, 1] == pytest.approx(landed[1, 1], abs=0.01)


def test_outside_the_picture_its_edge_repeats() -> None:
    picture = np.full((100, 100), 200, np.uint8)
    assert (crop_face(picture, keypoints((10, 10), eyes=60)) == 200).all()


def test_points_that_coincide_are_an_error_and_no_crash() -> None:
    with pytest.raises(ValueError, match="two different"):
        crop_face(smooth_picture(), np.zeros((6, 2), np.float32))


# --- grey and sampling ------------------------------------------------------------------------------------------------


@given(arrays.arrays(np.uint8, (7, 5, 3)))
def test_grey_is_pillows(picture: ImageArray) -> None:
    wanted = np.asarray(Image.fromarray(picture).convert("L")).astype(int)
    assert np.abs(images.to_grey(picture) - wanted).max() <= 1  # both round, at another bit


def test_a_grey_picture_and_its_three_channels_give_the_same_crop() -> None:
    grey = images.to_grey(smooth_picture())
    crops = crop_face(grey, keypoints()), crop_face(np.repeat(grey[..., None], 3, 2), keypoints())
    assert np.abs(crops[0].astype(int) - crops[1]).max() <= 1


def test_grey_before_and_after_the_crop_agree() -> None:
    picture = smooth_picture()
    assert differ(crop_face(picture, keypoints()), crop_face(images.to_grey(picture), keypoints())) < 0.6


@pytest.mark.parametrize("eyes", [60, 150, 300, 600, 900])
@pytest.mark.parametrize("roll_deg", [0, 7, 45])
def test_fine_texture_on_a_large_face_averages_out(eyes: float, roll_deg: float) -> None:
    side = int(eyes * 4)
    checks = np.tile(np.asarray([[0, 255], [255, 0]], np.uint8), (side // 2, side // 2))
    crop = crop_face(checks, keypoints((side / 2, side / 2), eyes, roll_deg)).astype(float)
    assert crop.mean() == pytest.approx(127.5, abs=2)
    assert crop.std() < 12  # of the checks 127; sampled pixel by pixel over 100


@pytest.mark.parametrize("eyes", [40, 100, 300])
def test_a_large_face_is_averaged_as_pillow_does(eyes: float) -> None:
    # Upright, with the crop's square on whole pixels: Pillow's box filter is the oracle.
    square = eyes / images.DEFAULT_GEOMETRY.eye_distance
    side = int(square) + 100
    noise = np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8)
    middle = side / 2
    corners = (middle - square / 2,) * 2 + (middle + square / 2,) * 2
    wanted = Image.fromarray(noise).resize((48, 48), Image.Resampling.BOX, corners)
    crop = crop_face(noise, keypoints((middle, middle), eyes)).astype(float)
    assert np.corrcoef(crop.ravel(), np.asarray(wanted).ravel().astype(float))[0, 1] > 0.9


def test_the_picture_is_not_touched(astronaut: Path) -> None:
    picture = np.asarray(Image.open(astronaut))
    before = picture.copy()
    crop = crop_face(picture, keypoints((226, 120), 40))
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert np.array_equal(picture, before)
