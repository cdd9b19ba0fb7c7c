"""The face mesh: 468 points on one face, and whether there is a face at all.

Runs MediaPipe's face mesh (Kartynnik et al. 2019) on a square of the picture, and derives from its points the
six keypoints, the roll, and estimates of yaw and pitch. It does not look for faces: `detect.py` does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien import geometry, images
from mien.runtime import LiteNet
from mien.types import Box, FloatArray, ImageArray

SIZE = 192  # side of the network's input
CROP_SCALE = 1.5  # the network was trained on squares of 1.5 x the face's box
PRESENCE = 0.9  # kept 99.8 % of true hits of the detector, and none of 165 pictures without a face

# Points of the mesh by name; right and left are the person's.
RIGHT_EYE = (33, 133)
LEFT_EYE = (362, 263)
MOUTH = (61, 291)
NOSE_TIP, CHIN, FOREHEAD = 1, 152, 10
RIGHT_EAR, LEFT_EAR = 234, 454
# Each keypoint is the middle of two points, or one point twice.
_KEYPOINT_ENDS = np.array([RIGHT_EYE, LEFT_EYE, [NOSE_TIP] * 2, MOUTH, [RIGHT_EAR] * 2, [LEFT_EAR] * 2])


@dataclass(frozen=True, eq=False)
class Mesh:
    """What the network says of one square: `points` (468, 3) px of the picture, `presence` 0..1."""

    points: FloatArray
    presence: float


class MeshNet:
    """The mesh network, opened once per worker.

    Args:
        path: face_landmark.tflite.
        threads: threads of the interpreter.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._net = LiteNet(path, threads=threads)

    def __call__(self, image: ImageArray, centre: tuple[float, float], side: float, roll_deg: float) -> Mesh:
        """Fit the mesh to the square around `centre` with this `side` (px), turned by `roll_deg`, of an RGB image."""
        crop, matrix = images.draw_square(image, centre, side, roll_deg, SIZE)
        outputs = self._net(crop[None], scale=1 / 255)
        raw = next(output for output in outputs if output.size == 1404).reshape(468, 3)
        logit = float(next(output for output in outputs if output.size == 1).ravel()[0])
        points = np.empty_like(raw)
        points[:, :2] = geometry.apply(geometry.invert(matrix), raw[:, :2])
        points[:, 2] = raw[:, 2] * side / SIZE
        return Mesh(points, 1 / (1 + math.exp(-max(-60.0, min(60.0, logit)))))


def keypoints(points: FloatArray) -> FloatArray:
    """The detector's six keypoints (right eye, left eye, nose, mouth, right ear, left ear) from a mesh: (6, 2) px."""
    ends = points[_KEYPOINT_ENDS, :2]
    return np.asarray((ends[:, 0] + ends[:, 1]) / 2, np.float32)


def box_of(points: FloatArray) -> Box:
    """The upright box around all points."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def roll_of(points: FloatArray) -> float:
    """How far the line of the eyes is turned, degrees clockwise."""
    ends = points[_KEYPOINT_ENDS[:2], :2]
    right, left = ends[:, 0] + ends[:, 1]  # twice the middles: the angle is the same
    return geometry.angle_deg(right, left)


def yaw_pitch_of(points: FloatArray) -> tuple[float, float]:
    """Estimates of yaw (positive: turned to the right of the picture) and pitch (positive: looks up), in degrees.

    The way the face looks is the normal of two lines of the mesh: between the cheeks, and from forehead to chin. A
    head is taken as nodding first, then turning, then tilting, so that its roll is that of the line of its eyes.
    """
    ax, ay, az = (points[LEFT_EAR] - points[RIGHT_EAR]).tolist()
    dx, dy, dz = (points[CHIN] - points[FOREHEAD]).tolist()
    x, y, z = dy * az - dz * ay, dz * ax - dx * az, dx * ay - dy * ax  # down x across: towards the camera, z negative
    roll = math.radians(roll_of(points))
    right = x * math.cos(roll) + y * math.sin(roll)
    low = y * math.cos(roll) - x * math.sin(roll)
    yaw = math.degrees(math.atan2(right, -z))
    return yaw, math.degrees(math.atan2(-low, math.hypot(right, z))) - REST_PITCH


# Raw pitch of a face that looks straight ahead: its forehead lies a little before its chin. Median over the frontal
# ones of 40 portraits -5.1, over a clip of a man who looks straight into the camera -4.
REST_PITCH = -5.0


def square_around(points: FloatArray, roll_deg: float) -> tuple[tuple[float, float], float]:
    """The square that holds a mesh, measured along its own roll: (centre x, y), side in px."""
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    along, down = x * cos + y * sin, y * cos - x * sin
    left, right, top, bottom = (float(end) for end in (along.min(), along.max(), down.min(), down.max()))
    u, v = (left + right) / 2, (top + bottom) / 2
    return (u * cos - v * sin, u * sin + v * cos), max(right - left, bottom - top)
