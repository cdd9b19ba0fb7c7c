"""How much nearer or farther than the face each part of a body is: distances of parts, not a depth map.

The pose network guesses depth from one picture, in pixels of the body's scale; the face's distance turns them into
centimetres. It is noisy: good for "hands nearer", not for a number that anybody should rely on.
"""

from __future__ import annotations

import numpy as np

from mien.types import Pose

# Points of MediaPipe's pose that make a part: of the person's left and right.
PARTS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "shoulders": ((11,), (12,)),
    "elbows": ((13,), (14,)),
    "hands": ((15, 17, 19, 21), (16, 18, 20, 22)),
    "hips": ((23,), (24,)),
    "knees": ((25,), (26,)),
    "feet": ((27, 29, 31), (28, 30, 32)),
}
HEAD = tuple(range(11))
SEEN = 0.5  # least visibility of a point that counts
CLEAR_CM = 15.0  # nearer or farther by less is not said: arms at rest lie within, and so does the network's noise
SAID = ("hands", "knees", "feet")  # what a person would mention


def part_depths(pose: Pose, distance_cm: float, focal_px: float) -> dict[str, tuple[float | None, float | None]]:
    """By part, how far its left and its right lie behind the face, cm (negative: nearer); None where it is not seen.

    Empty when the head is not seen.

    Args:
        pose: of the person.
        distance_cm: of the face.
        focal_px: of the camera.
    """
    face_z = _depth(pose, HEAD)
    if face_z is None:
        return {}
    cm_per_px = distance_cm / focal_px
    found = {}
    for name, sides in PARTS.items():
        depths = [_depth(pose, points) for points in sides]
        left, right = (None if z is None else (z - face_z) * cm_per_px for z in depths)
        if left is not None or right is not None:
            found[name] = (left, right)
    return found


def notable(depths: dict[str, tuple[float | None, float | None]]) -> tuple[str, str] | None:
    """The part that is worth a word, and 'nearer' or 'farther'; 'hand' for one of two. None where nothing is.

    Hands come first; of feet and knees only that they are nearer: of somebody who stands or sits far below the camera's
    height they are always farther.
    """
    for name in SAID:
        ways = [_way(depth) for depth in depths.get(name, (None, None))]
        for way in ("nearer", "farther") if name == "hands" else ("nearer",):
            if ways.count(way) == 2:
                return name, way
            if name == "hands" and way in ways:
                return "hand", way
    return None


def _depth(pose: Pose, points: tuple[int, ...]) -> float | None:
    rows = pose.keypoints[list(points)]
    seen = rows[rows[:, 3] >= SEEN, 2]
    return float(np.median(seen)) if len(seen) and np.isfinite(seen).all() else None


def _way(depth_cm: float | None) -> str:
    if depth_cm is None or abs(depth_cm) < CLEAR_CM:
        return ""
    return "nearer" if depth_cm < 0 else "farther"
