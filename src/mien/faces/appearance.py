"""What tells one person from another for a second or two: a blurred grey face, proportions, colours near it.

Made for a tracker that loses a face and finds one again. It recognises nobody, and its limits are plain: twins,
or two people of like face, hair and clothes, are one to it; one person in other light, or who turned the head
while unseen, may be two. It is made of means, lives in a track, and is never stored. No identity network is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import geometry, images
from mien.faces import mesh as meshes
from mien.types import Box, Face, FloatArray, ImageArray

# A patch is a square of PATCH_SIDES face sides, its middle PATCH_DROP sides below the face's, so that hair above
# and clothes below lie in it; CELLS cells across, each the mean of SAMPLES x SAMPLES samples.
PATCH_SIDES, PATCH_DROP = 2.4, 0.3
CELLS, SAMPLES = 48, 3
# Regions of a patch as left, top, right, bottom in face sides from the face's middle.
COLOURS = {
    "skin": (-0.28, -0.25, 0.28, 0.30),
    "hair": (-0.45, -0.80, 0.45, -0.48),
    "clothes": (-0.70, 0.80, 0.70, 1.40),
}
LOOK = (-0.42, -0.48, 0.42, 0.50)
LOOK_SIZE = 12  # px of the grey face: about what is left of a face of 24 px
# Spans of the mesh that the skull gives and an expression hardly changes: eyes, nose, temples, cheeks, jaw, chin.
SPANS = np.array(
    [(133, 362), (33, 263), (168, 1), (234, 454), (10, 152), (168, 152), (127, 356), (98, 327), (172, 397), (10, 168)]
)
# One unit of each part: what nine of ten small changes (light by 10 %, roll by 15 degrees, size, blur, noise) of
# one photo stay below (examples/astronaut.jpg; `benchmarks/tracking.py --units` measures them again); for look and
# shape 1.75 times that, since expressions and small turns, which one photo does not show, change them too.
UNITS: Mapping[str, float] = {"skin": 9.0, "hair": 7.1, "clothes": 5.9, "look": 0.32, "shape": 0.105}
# The face itself counts twice as much as what is near it, which may be a wall, a hand or another person.
WEIGHTS: Mapping[str, float] = {"skin": 2.0, "hair": 1.0, "clothes": 1.0, "look": 2.0, "shape": 2.0}
MOST_UNITS = 4.0  # that one part can tell: a hat or a hand alone makes no other person
# A turned head looks different: what grey face and proportions tell fades as the poses part by this much.
POSE_REACH_DEG = 25.0

Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Appearance:
    """How a face and its surroundings look: a vector per part (one that is out of sight is missing), and the pose."""

    parts: Mapping[str, FloatArray]
    pose_deg: tuple[float, float]


def appearance_of(image: ImageArray, face: Face, others: Sequence[Face] = ()) -> Appearance:
    """Describe a face of an RGB picture; what belongs to `others`, their hair and chest too, is left out."""
    lab, seen = _patch(image, face, [_person(other.box) for other in others])
    parts: dict[str, FloatArray] = {}
    for name, region in COLOURS.items():
        inside = _cut(seen, region)
        if inside.mean() >= 0.5:  # less tells too little
            parts[name] = np.ravel(cv2.meanStdDev(_cut(lab, region), mask=inside.view(np.uint8))).astype(np.float32)
    light = np.ascontiguousarray(_cut(lab, LOOK)[..., 0])
    grey = cv2.GaussianBlur(cv2.resize(light, (LOOK_SIZE, LOOK_SIZE), interpolation=cv2.INTER_AREA), (3, 3), 0)
    parts["look"] = (grey - grey.mean()) / (float(grey.std()) + 1) / LOOK_SIZE  # a unit vector: light drops out
    if face.mesh is not None:
        ends = face.mesh[SPANS]
        spans = np.log(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) + 1e-3)
        parts["shape"] = spans - spans.mean()  # size drops out
    return Appearance(parts, (face.yaw_deg, face.pitch_deg))


def difference(a: Appearance, b: Appearance) -> float:
    """How differently two faces look: below 1 as one photo under small changes, above 2 as most two people do."""
    turn = math.dist(a.pose_deg, b.pose_deg) / POSE_REACH_DEG
    total = weights = 0.0
    for name in a.parts.keys() & b.parts.keys():
        weight = WEIGHTS[name] * (math.exp(-turn * turn) if name in ("look", "shape") else 1.0)
        units = float(np.linalg.norm(a.parts[name] - b.parts[name])) / UNITS[name]
        total, weights = total + weight * min(units, MOST_UNITS), weights + weight
    return total / weights


def _person(box: Box) -> Box:
    """About where a face's hair and chest are, for an upright head."""
    width, height = box.width, box.height
    return Box(box.x1 - 0.4 * width, box.y1 - 0.4 * height, box.x2 + 0.4 * width, box.y2 + height)


def _patch(image: ImageArray, face: Face, taken: list[Box]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """A face and its surroundings upright, CIE Lab (CELLS, CELLS, 3), and which cells are its own, in the picture."""
    if face.mesh is None:
        (x, y), side = face.box.centre, face.box.side
    else:
        (x, y), side = meshes.square_around(face.mesh, face.roll_deg)
    drop, roll = PATCH_DROP * side, math.radians(face.roll_deg)
    middle = (x - math.sin(roll) * drop, y + math.cos(roll) * drop)
    matrix = geometry.square_to_pixels(middle, PATCH_SIDES * side, face.roll_deg, CELLS)
    crop = images.warp(image, matrix * SAMPLES, CELLS * SAMPLES)
    small = cv2.resize(crop, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    lab = np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)
    back, steps = geometry.invert(matrix), np.arange(CELLS) + 0.5
    across, down = (row[0] * steps + row[1] * steps[:, None] + row[2] for row in back)  # where each cell lies
    seen = _within(across, down, Box(0, 0, image.shape[1], image.shape[0]))
    for box in taken:
        seen &= ~_within(across, down, box)
    return lab, seen


def _within(x: NDArray[np.float64], y: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """Which points lie in a box."""
    return (x >= box.x1) & (x < box.x2) & (y >= box.y1) & (y < box.y2)


def _cut(patch: NDArray[Value], region: tuple[float, float, float, float]) -> NDArray[Value]:
    """A region of a patch."""
    left, top, right, bottom = (
        round(((at - shift) / PATCH_SIDES + 0.5) * CELLS) for at, shift in zip(region, (0, PATCH_DROP) * 2, strict=True)
    )
    return patch[top:bottom, left:right]
