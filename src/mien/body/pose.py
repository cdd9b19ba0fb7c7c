"""The body's points: a region of the picture, seeded from a face, through MediaPipe's pose network.

The network is BlazePose (Bazarevsky et al. 2020). It wants a square in which the body stands upright with its hips in
the middle; a face says well enough where that is, so no detector of persons is needed. Nothing here knows time:
`track.py` follows bodies. Try: `PoseNet(weights_path("pose_landmark_full"))(image, region_below(face, 0.0))`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien import geometry, images
from mien.body.owner import SAME_HEAD, head_gap
from mien.runtime import LiteNet
from mien.types import Face, FloatArray, ImageArray, Pose

SIZE = 256  # side of the network's input
POINTS = 33  # of a body; the network adds two that say where to look next, and four that are not used here
NEXT_CENTRE, NEXT_END = 33, 34  # middle of the hips, and the end of a radius that holds the body, above the head
SQUARE = 2.5  # sides of a region in radii: what the network was trained on, 1.25 x the circle
# From a face to its body, in sides of the face's box: 9 of 9 photos were found with these.
HIPS_BELOW, RADIUS = 3.2, 4.2
PRESENT = 0.5  # least presence: 0.99 on bodies (40 portraits), 0.32 at most beside one; MediaPipe's own limit
TILTED_DEG = 20.0  # a head tilted by more may sit on a body that is not
SAME_BODY = 0.05  # of a region's side: half a face; two people's heads and shoulders are further apart
HEAT_CELLS = 3  # around a point that its heat-map refines, to each side
HEAT_LEAST = 0.5  # least peak of a heat-map that is believed; both as in MediaPipe's own graph
NOSE, LEFT_EYE, RIGHT_EYE, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 2, 5, 11, 12  # pose landmarks by number
_UPPER = [NOSE, LEFT_EYE, RIGHT_EYE, LEFT_SHOULDER, RIGHT_SHOULDER]


@dataclass(frozen=True)
class Region:
    """A square of the picture in which a body stands upright: `centre` px, `side` px, turned by `roll_deg`."""

    centre: tuple[float, float]
    side: float
    roll_deg: float


@dataclass(frozen=True, eq=False)
class Body:
    """What the network says of one region.

    `points` (33, 4): x, y, z px (z from the hips, towards the camera negative) and the chance (0..1) that the point is
    seen: in the picture and not covered. `inside` (33,): the chance that it lies in the region at all. `presence`: the
    chance that a body is there. `region`: where to look for it next.
    """

    points: FloatArray
    inside: FloatArray
    presence: float
    region: Region

    @property
    def is_present(self) -> bool:
        """Whether this is a body, with numbers that can be gone on with."""
        return self.presence >= PRESENT and bool(np.isfinite(self.points).all()) and self.region.side >= 1.0

    def to_pose(self, track_id: int | None = None) -> Pose:
        """The noun that leaves this room."""
        return Pose(self.points, self.presence, track_id)


class PoseNet:
    """The pose network, opened once per worker.

    Args:
        path: pose_landmark_full.tflite, or another of its family.
        threads: threads of the interpreter.

    Raises:
        ModelError: the file is missing or no such network.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._net = LiteNet(path, threads=threads)

    def __call__(self, image: ImageArray, region: Region) -> Body:
        """Fit the body's points to a region of an RGB image (H, W, 3) uint8."""
        crop, matrix = images.draw_square(image, region.centre, region.side, region.roll_deg, SIZE, black=True)
        outputs = self._net(crop[None], scale=1 / 255)
        raw = next(one for one in outputs if one.size == 195).reshape(39, 5)
        heat = next(one for one in outputs if one.shape[-1] == 39).reshape(64, 64, 39)
        presence = float(next(one for one in outputs if one.size == 1).ravel()[0])
        places = geometry.apply(geometry.invert(matrix), _refined(raw[:, :2], heat))
        points = np.empty((POINTS, 4), np.float32)
        points[:, :2] = places[:POINTS]
        points[:, 2] = raw[:POINTS, 2] * region.side / SIZE
        points[:, 3] = _sigmoid(raw[:POINTS, 3]) * _is_within(places[:POINTS], image)
        return Body(points, _sigmoid(raw[:POINTS, 4]), presence, _next_region(places))


def region_below(face: Face, roll_deg: float) -> Region:
    """Where the body of a face should be, if it is turned by `roll_deg`."""
    (x, y), side, angle = face.box.centre, face.box.side, math.radians(roll_deg)
    down = HIPS_BELOW * side
    return Region((x - down * math.sin(angle), y + down * math.cos(angle)), SQUARE * RADIUS * side, roll_deg)


def find_body(net: PoseNet, image: ImageArray, face: Face) -> Body | None:
    """The body of a face, or None where there is none to be seen.

    A head may be tilted on an upright body, or a whole body may lie, so a strongly tilted one is tried along its own
    roll and along the two axes of the picture around it. All reach a presence above 0.9 and lie well on the face; but
    the network draws what it sees towards the upright of its square, and only in the right one are shoulders level.
    """
    bodies = [(roll, net(image, region_below(face, roll))) for roll in _rolls(face.roll_deg)]
    fits = [pair for pair in bodies if pair[1].is_present and head_gap(pair[1].points, face) <= SAME_HEAD]
    return min(fits, key=lambda pair: _slant(pair[0], pair[1], face))[1] if fits else None


def _rolls(roll_deg: float) -> list[float]:
    """The ways in which a body may stand below a face of this roll, degrees."""
    below = 90.0 * math.floor(roll_deg / 90)
    tilt = min(roll_deg - below, below + 90 - roll_deg)
    return [roll_deg] if tilt <= TILTED_DEG else [roll_deg, below, below + 90]


def _slant(roll_deg: float, body: Body, face: Face) -> float:
    """How far a body's shoulders are from level in a square of this roll, in face sides; doubtful ones count as more.

    On 14 heads tilted by 20 to 64 degrees over upright bodies the shoulders slant by 13 to 28 degrees in the square
    along the head, 9 at most in the upright one; on 12 photos turned whole by 2 to 6 and by 13 to 74.
    """
    across = body.points[LEFT_SHOULDER, :2] - body.points[RIGHT_SHOULDER, :2]
    angle = math.radians(roll_deg)
    level = float(across[1] * math.cos(angle) - across[0] * math.sin(angle))
    return abs(level) / max(face.box.side, 1.0) + (1 - body.presence)


def find_bodies(net: PoseNet, image: ImageArray, faces: Sequence[Face]) -> list[Pose]:
    """The bodies of a still picture, at most one to a face, in the order of the faces.

    Each is looked at once more where the first look says that it is. Their `track_id` is the face's: None in a still,
    where `owner.pose_owner` tells whose they are.
    """
    poses: list[Pose] = []
    taken: list[Body] = []
    for face in faces:
        body = find_body(net, image, face)
        if body is None:
            continue
        again = net(image, body.region)
        if again.is_present and head_gap(again.points, face) <= SAME_HEAD:
            body = again
        if not any(is_same_body(body, other) for other in taken):
            taken.append(body)
            poses.append(body.to_pose(face.track_id))
    return poses


def is_same_body(one: Body, other: Body) -> bool:
    """Whether two bodies lie on one person: by head and shoulders, which are seen best."""
    apart = np.linalg.norm(one.points[_UPPER, :2] - other.points[_UPPER, :2], axis=1)
    return float(apart.mean()) < SAME_BODY * min(one.region.side, other.region.side)


def _next_region(places: geometry.Matrix) -> Region:
    x, y = (float(value) for value in places[NEXT_CENTRE])
    side = SQUARE * math.dist(places[NEXT_CENTRE], places[NEXT_END])
    return Region((x, y), side, geometry.wrap_deg(geometry.angle_deg(places[NEXT_CENTRE], places[NEXT_END]) + 90))


def _refined(places: FloatArray, heat: FloatArray) -> FloatArray:
    """Points (39, 2) px of the crop, moved to the centre of gravity of their heat-maps (64, 64, 39) where these peak.

    In MediaPipe's graph too; it takes up to 40 % of their jitter from elbows and shoulders.
    """
    cell = SIZE // heat.shape[0]
    around = np.arange(-HEAT_CELLS, HEAT_CELLS + 1)
    middle = np.clip(np.nan_to_num(places), -SIZE, 2 * SIZE).astype(int) // cell
    columns, rows = middle[:, :1] + around, middle[:, 1:] + around  # (39, 7)
    fits = ((columns >= 0) & (columns < 64))[:, None, :] & ((rows >= 0) & (rows < 64))[:, :, None]
    which = np.arange(len(places))[:, None, None]
    weights = _sigmoid(heat[rows.clip(0, 63)[:, :, None], columns.clip(0, 63)[:, None, :], which]) * fits
    total = weights.sum((1, 2))
    centre = np.stack([(weights * columns[:, None, :]).sum((1, 2)), (weights * rows[:, :, None]).sum((1, 2))], 1)
    is_sharp = weights.max((1, 2)) >= HEAT_LEAST
    return np.where(is_sharp[:, None], cell * centre / np.maximum(total, 1e-9)[:, None], places).astype(np.float32)


def _is_within(places: geometry.Matrix, image: ImageArray) -> FloatArray:
    height, width = image.shape[:2]
    x, y = places.T
    return np.asarray((x >= 0) & (x < width) & (y >= 0) & (y < height), np.float32)


def _sigmoid(logits: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)
