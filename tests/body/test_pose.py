"""The pose network on real people: points where bodies have them, however the photo is turned, scaled or mirrored."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from readings import person

from mien import geometry, images
from mien.body import pose as poses
from mien.body.owner import head_gap
from mien.body.pose import Body, PoseNet, Region, find_bodies, find_body, region_below
from mien.errors import ModelError
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.models import weights_path
from mien.types import Box, Face, FloatArray, ImageArray

NOSE, L_EYE, R_EYE, L_SHOULDER, R_SHOULDER, L_ELBOW, R_ELBOW, L_HIP, R_HIP = 0, 2, 5, 11, 12, 13, 14, 23, 24
TORSO = [NOSE, L_EYE, R_EYE, L_SHOULDER, R_SHOULDER, L_HIP, R_HIP]
# The number of the same point on the other side of the body, in MediaPipe's order.
MIRRORED = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9] + [number + (1 if number % 2 else -1) for number in range(11, 33)]


@pytest.fixture(scope="module")
def net() -> PoseNet:
    return PoseNet(weights_path("pose_landmark_full"))


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    detector = BlazeFace(weights_path("face_detection_full_range"))
    return FaceFinder(detector, MeshNet(weights_path("face_landmark")), tiles=False)


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> ImageArray:
    return np.asarray(Image.open(astronaut).convert("RGB"))


@pytest.fixture(scope="module")
def face(finder: FaceFinder, photo: ImageArray) -> Face:
    (found,) = finder.find(photo)
    return found


def body_of(net: PoseNet, image: ImageArray, face: Face) -> FloatArray:
    (pose,) = find_bodies(net, image, [face])
    return pose.keypoints


def turned(face: Face, size: int, quarters: int) -> Face:
    """A face of a square picture of `size` px after clockwise quarter turns."""
    box, points = np.array(face.box.to_list()).reshape(2, 2), face.keypoints
    for _ in range(quarters):
        box = np.column_stack([size - box[::-1, 1], box[:, 0]])
        points = np.column_stack([size - points[:, 1], points[:, 0]])
    roll = geometry.wrap_deg(face.roll_deg + 90 * quarters)
    return replace(face, box=Box(*box.ravel().tolist()), keypoints=points.astype(np.float32), roll_deg=roll)


def shoulder_width(points: FloatArray) -> float:
    return math.dist(points[L_SHOULDER, :2], points[R_SHOULDER, :2])


def gap(points: FloatArray, others: FloatArray, which: list[int] = TORSO) -> float:
    """The largest distance of two bodies' points, in shoulder widths."""
    return float(np.linalg.norm(points[which, :2] - others[which, :2], axis=1).max()) / shoulder_width(points)


# --- where a body has its points --------------------------------------------------------------------------------------


def test_a_body_is_where_the_photo_shows_it(net: PoseNet, photo: ImageArray, face: Face) -> None:
    """Places as they are seen on the photo (512 x 512)."""
    points = body_of(net, photo, face)
    for number, place in ((NOSE, (220, 128)), (L_SHOULDER, (292, 230)), (R_SHOULDER, (112, 222))):
        assert points[number, :2] == pytest.approx(place, abs=25)
        assert points[number, 3] > 0.8
    assert points[NOSE, 2] < points[[L_SHOULDER, R_SHOULDER], 2].min()  # the head lies before the shoulders


PORTRAITS = (
    "1_accessories_top_8_2_5", "1_accessories_top_8_6_4", "1_hair_color_top_8_7_6", "2_Age_x_EthnicityxSex1_top_10_4_7",
    "2_Background_top_10_1_4", "2_Ethnicity_top_10_4_5",
)  # fmt: skip


@pytest.mark.parametrize("name", PORTRAITS)
def test_shoulders_lie_below_and_beside_the_face(
    net: PoseNet, finder: FaceFinder, shared_media: Path, name: str
) -> None:
    image = np.asarray(Image.open(shared_media / "photos" / f"{name}.jpg").convert("RGB"))
    (face,) = finder.find(image)
    (pose,) = find_bodies(net, image, [face])
    points, side = pose.keypoints, face.box.side
    assert pose.score > 0.9
    assert head_gap(points, face) < 0.4
    for shoulder in (L_SHOULDER, R_SHOULDER):
        assert 0.3 * side < points[shoulder, 1] - face.box.centre[1] < 2 * side
    assert points[R_SHOULDER, 0] < face.box.centre[0] < points[L_SHOULDER, 0]  # the person's right is on our left
    assert 1.2 * side < shoulder_width(points) < 3.5 * side


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_has_its_points_turned(net: PoseNet, photo: ImageArray, face: Face, quarters: int) -> None:
    upright = body_of(net, photo, face)
    image = np.ascontiguousarray(np.rot90(photo, -quarters))
    found = body_of(net, image, turned(face, 512, quarters))
    expected = upright.copy()
    for _ in range(quarters):
        expected[:, :2] = np.column_stack([512 - expected[:, 1], expected[:, 0]])
    assert gap(expected, found) < 0.25


def test_a_mirrored_photo_swaps_left_and_right(net: PoseNet, photo: ImageArray, face: Face) -> None:
    plain = body_of(net, photo, face)
    flipped = face.keypoints[[1, 0, 2, 3, 5, 4]] * (-1, 1) + (512, 0)
    box = Box(512 - face.box.x2, face.box.y1, 512 - face.box.x1, face.box.y2)
    other = replace(face, box=box, keypoints=flipped.astype(np.float32), roll_deg=-face.roll_deg)
    found = body_of(net, np.ascontiguousarray(photo[:, ::-1]), other)
    expected = plain[MIRRORED] * (-1, 1, 1, 1) + (512, 0, 0, 0)
    assert gap(expected, found) < 0.25
    assert found[R_SHOULDER, 0] < found[L_SHOULDER, 0]


@pytest.mark.parametrize("scale", [0.5, 3])
def test_a_scaled_photo_has_its_points_scaled(net: PoseNet, photo: ImageArray, face: Face, scale: float) -> None:
    size = round(512 * scale)
    image = np.asarray(Image.fromarray(photo).resize((size, size), Image.Resampling.LANCZOS))
    box = Box(*(scale * np.array(face.box.to_list())).tolist())
    found = body_of(net, image, replace(face, box=box, keypoints=face.keypoints * np.float32(scale)))
    plain = body_of(net, photo, face)
    assert gap(plain, found / (scale, scale, scale, 1)) < 0.2
    assert found[NOSE, 2] / plain[NOSE, 2] == pytest.approx(scale, rel=0.5)  # depth is rough


@pytest.mark.parametrize("quarters", [0, 1])
def test_a_head_tilted_far_to_the_side_sits_on_a_body_that_is_not(
    net: PoseNet, finder: FaceFinder, shared_media: Path, quarters: int
) -> None:
    with Image.open(shared_media / "videos" / "head-pose-face-detection-female-and-male.gif") as clip:
        clip.seek(20)
        image = np.ascontiguousarray(np.rot90(clip.convert("RGB"), -quarters))
    tilted = max(finder.find(image), key=lambda one: abs(one.roll_deg - 90 * quarters))
    assert abs(tilted.roll_deg - 90 * quarters) > 45
    body = find_body(net, image, tilted)
    assert body is not None
    assert abs(body.region.roll_deg - 90 * quarters) < 20
    across = geometry.angle_deg(body.points[R_SHOULDER, :2], body.points[L_SHOULDER, :2])
    assert abs(across - 90 * quarters) < 20
    assert head_gap(body.points, tilted) < 0.4


@pytest.mark.parametrize("turn_deg", [30, 60, 120])
def test_a_whole_body_that_leans_is_found_along_its_head(
    net: PoseNet, photo: ImageArray, face: Face, turn_deg: float
) -> None:
    matrix = geometry.square_to_pixels((256, 256), 800, -turn_deg, 800)
    image = images.warp(photo, matrix, 800, black=True)
    points = geometry.apply(matrix, face.keypoints).astype(np.float32)
    corner = geometry.apply(matrix, [face.box.centre])[0] - face.box.side / 2
    box = Box(*corner.tolist(), *(corner + face.box.side).tolist())
    body = find_body(net, image, replace(face, box=box, keypoints=points, roll_deg=face.roll_deg + turn_deg))
    assert body is not None
    assert abs(geometry.wrap_deg(body.region.roll_deg - turn_deg)) < 12


def test_what_lies_outside_the_picture_is_not_seen(net: PoseNet, photo: ImageArray, face: Face) -> None:
    points = body_of(net, photo[:330], face)
    x, y = points[:, :2].T
    outside = (x < 0) | (x >= 512) | (y < 0) | (y >= 330)
    assert outside[[L_HIP, R_HIP]].all()
    assert (points[outside, 3] == 0).all()
    assert (points[[NOSE, L_SHOULDER, R_SHOULDER], 3] > 0.8).all()


@pytest.mark.parametrize("level", [0, 128, 255, None])
def test_nobody_is_present_where_nobody_is(net: PoseNet, level: int | None) -> None:
    image = np.full((256, 256, 3), level or 0, np.uint8)
    if level is None:
        image = np.random.default_rng(0).integers(0, 256, image.shape).astype(np.uint8)
    body = net(image, Region((128, 128), 256, 0))
    assert not body.is_present
    assert find_body(net, image, Face(Box(96, 30, 160, 94), 0.9, np.full((6, 2), 64, np.float32))) is None


def test_a_face_far_from_the_head_gets_no_body(net: PoseNet, photo: ImageArray, face: Face) -> None:
    aside = replace(
        face,
        box=Box(face.box.x1 + 120, face.box.y1, face.box.x2 + 120, face.box.y2),
        keypoints=face.keypoints + np.array([120, 0], np.float32),
    )
    assert find_bodies(net, photo, [aside]) == []
    assert len(find_bodies(net, photo, [face, aside])) == 1


def test_the_picture_is_not_touched_and_the_same_photo_gives_the_same_points(
    net: PoseNet, photo: ImageArray, face: Face
) -> None:
    before = photo.copy()
    one, two = body_of(net, photo, face), body_of(net, photo, face)
    assert (photo == before).all() and (one == two).all()


def test_a_file_that_is_no_network_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"net\.tflite"):
        PoseNet(tmp_path / "net.tflite")


# --- geometry ---------------------------------------------------------------------------------------------------------


@given(st.floats(-180, 180), st.floats(8, 500))
def test_the_region_turns_with_its_face(roll: float, side: float) -> None:
    face = Face(Box(300, 200, 300 + side, 200 + side), 0.9, np.zeros((6, 2), np.float32))
    upright, tilted = region_below(face, 0), region_below(face, roll)
    down = np.subtract(tilted.centre, face.box.centre)
    assert np.hypot(*down) == pytest.approx(poses.HIPS_BELOW * side)
    assert upright.centre == pytest.approx((face.box.centre[0], face.box.centre[1] + poses.HIPS_BELOW * side))
    # Seen through the square, every face lies in the same place: straight above the middle.
    for region in (upright, tilted):
        matrix = geometry.square_to_pixels(region.centre, region.side, region.roll_deg, 100)
        head = geometry.apply(matrix, [face.box.centre])[0]
        assert head == pytest.approx((50, 50 - 100 * poses.HIPS_BELOW / poses.RADIUS / poses.SQUARE))


@given(st.floats(-170, 170), st.floats(20, 900), st.tuples(st.floats(-100, 900), st.floats(-100, 900)))
def test_the_next_region_is_the_one_its_two_points_were_drawn_from(
    roll: float, side: float, centre: tuple[float, float]
) -> None:
    places = np.zeros((39, 2))
    matrix = geometry.invert(geometry.square_to_pixels(centre, side, roll, 256))
    places[33:35] = geometry.apply(matrix, [(128, 128), (128, 128 - 256 / poses.SQUARE)])
    found = poses._next_region(places)
    assert found.centre == pytest.approx(centre, abs=1e-6)
    assert found.side == pytest.approx(side)
    assert geometry.wrap_deg(found.roll_deg - roll) == pytest.approx(0, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_heat_maps_refine_as_a_plain_loop_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    places = random.uniform(-40, 296, (39, 2)).astype(np.float32)
    heat = random.normal(-2, 2, (64, 64, 39)).astype(np.float32)
    expected = places.astype(float)
    for number, (x, y) in enumerate(places):
        column, row = int(x) // 4, int(y) // 4
        cells = [
            (c, r, 1 / (1 + math.exp(-heat[r, c, number])))
            for r in range(max(0, row - 3), min(64, row + 4))
            for c in range(max(0, column - 3), min(64, column + 4))
        ]
        if cells and max(weight for *_, weight in cells) >= 0.5:
            total = sum(weight for *_, weight in cells)
            expected[number] = [4 * sum(cell[axis] * cell[2] for cell in cells) / total for axis in (0, 1)]
    assert np.allclose(poses._refined(places, heat), expected, atol=1e-3)


def test_two_bodies_on_one_person_are_one() -> None:
    def body(points: FloatArray) -> Body:
        return Body(points, np.ones(33, np.float32), 0.9, Region((0, 0), 10.5 * 50, 0))

    one, _ = person(100, 100)
    near, _ = person(110, 105)
    beside, _ = person(160, 100)
    assert poses.is_same_body(body(one), body(near))
    assert not poses.is_same_body(body(one), body(beside))
