"""The mesh's derived facts, against a mesh turned by known angles; the network itself, on a real face and none."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mien import geometry
from mien.errors import ModelError
from mien.faces import mesh as meshes
from mien.faces.detect import BlazeFace, FaceFinder
from mien.models import weights_path
from mien.types import FloatArray, ImageArray

FRONTAL = {
    meshes.RIGHT_EYE[0]: (-45, -30, 0),
    meshes.RIGHT_EYE[1]: (-20, -30, 0),
    meshes.LEFT_EYE[0]: (20, -30, 0),
    meshes.LEFT_EYE[1]: (45, -30, 0),
    meshes.MOUTH[0]: (-25, 45, -10),
    meshes.MOUTH[1]: (25, 45, -10),
    meshes.NOSE_TIP: (0, 10, -40),
    meshes.CHIN: (0, 90, 0),
    meshes.FOREHEAD: (0, -90, 0),
    meshes.RIGHT_EAR: (-70, -10, 30),
    meshes.LEFT_EAR: (70, -10, 30),
}


def head(roll_deg: float = 0, yaw_deg: float = 0, pitch_deg: float = 0) -> FloatArray:
    """A face that looks straight ahead, nodded, turned, tilted by known angles (z away from the camera)."""
    p, y, r = (math.radians(angle) for angle in (pitch_deg, yaw_deg, roll_deg))
    # Each sends the way the face looks, (0, 0, -1), where types.Face says: up (-y), to the right (+x).
    nod = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    turn = np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    tilt = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    points = np.zeros((468, 3))
    points[list(FRONTAL)] = list(FRONTAL.values())
    return (points @ (tilt @ turn @ nod).T + (200, 150, 0)).astype(np.float32)


def test_the_oracle_turns_as_it_says() -> None:
    nose = head()[meshes.NOSE_TIP]
    assert head(yaw_deg=30)[meshes.NOSE_TIP][0] > nose[0]
    assert head(pitch_deg=30)[meshes.NOSE_TIP][1] < nose[1]


@given(st.floats(-180, 180), st.floats(-75, 75), st.floats(-75, 75))
def test_angles_are_those_that_the_head_was_turned_by(roll: float, yaw: float, pitch: float) -> None:
    points = head(roll, yaw, pitch)
    assert abs(geometry.wrap_deg(meshes.roll_of(points) - roll)) < 0.1
    said_yaw, said_pitch = meshes.yaw_pitch_of(points)
    assert said_yaw == pytest.approx(yaw, abs=0.1)
    assert said_pitch + meshes.REST_PITCH == pytest.approx(pitch, abs=0.1)


@given(st.floats(-180, 180))
def test_the_square_is_the_upright_one_turned(roll: float) -> None:
    (x, y), side = meshes.square_around(head(), 0)
    (tx, ty), turned_side = meshes.square_around(head(roll), roll)
    assert turned_side == pytest.approx(side, rel=1e-4)
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    dx, dy = x - 200, y - 150
    assert (tx, ty) == pytest.approx((200 + cos * dx - sin * dy, 150 + sin * dx + cos * dy), abs=0.01)


def test_keypoints_and_box_come_from_the_points() -> None:
    points = head()
    expected = [(-32.5, -30), (32.5, -30), (0, 10), (0, 45), (-70, -10), (70, -10)]
    assert meshes.keypoints(points) == pytest.approx(np.add(expected, (200, 150)))
    box = meshes.box_of(points[[meshes.CHIN, meshes.FOREHEAD, meshes.RIGHT_EAR, meshes.LEFT_EAR]])
    assert box.to_list() == pytest.approx([130, 60, 270, 240])


@pytest.fixture(scope="module")
def net() -> meshes.MeshNet:
    return meshes.MeshNet(weights_path("face_landmark"))


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> ImageArray:
    return np.asarray(Image.open(astronaut).convert("RGB"))


CENTRE, SIDE = (226.0, 121.0), 165.0  # of the astronaut's face, 1.5 x its box


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_a_turned_photo_has_the_same_mesh_turned(net: meshes.MeshNet, photo: ImageArray, turn_deg: int) -> None:
    upright = net(photo, CENTRE, SIDE, 0)
    assert upright.presence > meshes.PRESENCE
    quarters = turn_deg // 90
    turned_photo = np.ascontiguousarray(np.rot90(photo, -quarters))
    turned = net(turned_photo, _turned(np.array([CENTRE]), quarters)[0], SIDE, turn_deg)
    expected = _turned(upright.points[:, :2], quarters)
    assert np.abs(turned.points[:, :2] - expected).max() < 1.5
    assert abs(geometry.wrap_deg(meshes.roll_of(turned.points) - meshes.roll_of(upright.points) - turn_deg)) < 1


def _turned(points: NDArray[np.floating], quarters: int) -> NDArray[np.floating]:
    """Points of a 512 px square after clockwise quarter turns."""
    for _ in range(quarters):
        points = np.column_stack([512 - points[:, 1], points[:, 0]])
    return points


def test_a_mirrored_photo_negates_yaw_and_roll_and_keeps_pitch(net: meshes.MeshNet, photo: ImageArray) -> None:
    plain = net(photo, CENTRE, SIDE, 0)
    mirrored = net(np.ascontiguousarray(photo[:, ::-1]), (512 - CENTRE[0], CENTRE[1]), SIDE, 0)
    (yaw, pitch), (yaw_m, pitch_m) = meshes.yaw_pitch_of(plain.points), meshes.yaw_pitch_of(mirrored.points)
    assert yaw_m == pytest.approx(-yaw, abs=6)
    assert pitch_m == pytest.approx(pitch, abs=6)
    assert meshes.roll_of(mirrored.points) == pytest.approx(-meshes.roll_of(plain.points), abs=3)


def test_a_head_that_turns_to_the_right_of_the_picture_has_positive_yaw(
    net: meshes.MeshNet, shared_media: Path
) -> None:
    """In this clip a woman looks to the left of the picture first, and to its right at frame 13."""
    finder = FaceFinder(BlazeFace(weights_path("face_detection_full_range")), net, tiles=False)
    yaws = []
    with Image.open(shared_media / "videos" / "head-pose-face-detection-female.gif") as clip:
        for index in (0, 13):
            clip.seek(index)
            (face,) = finder.find(np.asarray(clip.convert("RGB")))
            yaws.append(face.yaw_deg)
    assert yaws[0] < -20 and yaws[1] > 20


def test_nothing_is_present_on_noise(net: meshes.MeshNet) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (192, 192, 3)).astype(np.uint8)
    assert net(noise, (96, 96), 192, 0).presence < 0.5


def test_a_file_that_is_no_network_is_a_model_error(tmp_path: Path) -> None:
    broken = tmp_path / "net.tflite"
    broken.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"net\.tflite"):
        meshes.MeshNet(broken)
