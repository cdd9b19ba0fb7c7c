"""A body's points by name, in a frame of its own: which are seen, how large the body is, which way is down.

Cues are said in body units, so that neither the person's size, nor the distance, nor a tilted camera changes them. A
place is a complex number u + iv: u to the right of the picture, v down the trunk, both in shoulder widths, from the
middle between the shoulders. Nothing here knows what a posture means. Try: `Skeleton(pose).at(Point.LEFT_WRIST)`.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from enum import IntEnum
from functools import cached_property

from mien.types import Pose

POINTS = 33  # of MediaPipe's pose landmarks (Bazarevsky et al. 2020)
# Below this, MediaPipe's own drawing leaves a point out. It is the chance that a point is in view.
VISIBLE = 0.5

# Lengths that stand in for the shoulders' width where it is foreshortened, chosen low, so that in a body seen
# from the front the shoulders themselves decide: by Drillis and Contini (1966), of a person's height, the trunk from
# shoulder to hip has .288 and the shoulders .259, between the joints, which the points mark, about .2.
SHOULDERS_PER_TRUNK = 0.6
SHOULDERS_PER_HEAD = 2.0  # on four clips: 2.2 to 2.4, and of the trunk .61 to .78
HEAD_PER_FACE = 1.9  # ear to ear against middle of the eyes to middle of the mouth; on the clips 1.8 to 1.9
LEAST_AXIS = 0.35  # of the unit: a shorter sum of shoulder line and trunk says nothing about which way is down


class Point(IntEnum):
    """The 33 points in MediaPipe's order; left and right are the person's."""

    NOSE = 0
    LEFT_EYE_INNER = 1
    LEFT_EYE = 2
    LEFT_EYE_OUTER = 3
    RIGHT_EYE_INNER = 4
    RIGHT_EYE = 5
    RIGHT_EYE_OUTER = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    MOUTH_LEFT = 9
    MOUTH_RIGHT = 10
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_ELBOW = 13
    RIGHT_ELBOW = 14
    LEFT_WRIST = 15
    RIGHT_WRIST = 16
    LEFT_PINKY = 17
    RIGHT_PINKY = 18
    LEFT_INDEX = 19
    RIGHT_INDEX = 20
    LEFT_THUMB = 21
    RIGHT_THUMB = 22
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_FOOT_INDEX = 31
    RIGHT_FOOT_INDEX = 32


SHOULDERS = (Point.LEFT_SHOULDER, Point.RIGHT_SHOULDER)
ELBOWS = (Point.LEFT_ELBOW, Point.RIGHT_ELBOW)
WRISTS = (Point.LEFT_WRIST, Point.RIGHT_WRIST)
HIPS = (Point.LEFT_HIP, Point.RIGHT_HIP)
EARS = (Point.LEFT_EAR, Point.RIGHT_EAR)
EYES = (Point.LEFT_EYE, Point.RIGHT_EYE)
MOUTH = (Point.MOUTH_LEFT, Point.MOUTH_RIGHT)
HEAD = (Point.NOSE, *EYES, *EARS, *MOUTH)
# Of each hand the knuckles of little finger, index finger and thumb; left and right.
KNUCKLES = (
    (Point.LEFT_PINKY, Point.LEFT_INDEX, Point.LEFT_THUMB),
    (Point.RIGHT_PINKY, Point.RIGHT_INDEX, Point.RIGHT_THUMB),
)
# The same point of the other side, by number: what a mirror makes of a body.
MIRRORED = tuple(
    Point[name.replace("LEFT", "*").replace("RIGHT", "LEFT").replace("*", "RIGHT")] for name in Point.__members__
)


class Skeleton:
    """One pose, measured.

    Args:
        pose: whose `keypoints` are (33, 4): x, y, z in px, visibility 0..1. A point that is not finite is not seen.

    Raises:
        ValueError: there are not 33 points of four numbers.
    """

    def __init__(self, pose: Pose) -> None:
        if pose.keypoints.shape != (POINTS, 4):
            raise ValueError(f"a pose has {POINTS} points of x, y, z, visibility; got {pose.keypoints.shape}")
        rows = pose.keypoints.tolist()
        self._places = [complex(x, y) for x, y, _, _ in rows]
        self._depths = [z for _, _, z, _ in rows]
        self._seen = [math.isfinite(x + y + z) and visibility >= VISIBLE for x, y, z, visibility in rows]

    def sees(self, *points: int) -> bool:
        """Whether all of these points are visible enough to speak of them."""
        return all(self._seen[point] for point in points)

    def seen(self, points: Iterable[int]) -> tuple[int, ...]:
        """Those of the points that are visible enough."""
        return tuple(int(point) for point in points if self._seen[point])

    def px(self, *points: int) -> complex:
        """The middle of some points in the picture, px."""
        return sum(self._places[point] for point in points) / len(points)

    def depth_px(self, *points: int) -> float:
        """Mean z of some points: px, towards the camera negative."""
        return math.fsum(self._depths[point] for point in points) / len(points)

    @property
    def is_measurable(self) -> bool:
        """Whether both shoulders are seen, and not in one place: without them there is no unit."""
        return self.sees(*SHOULDERS) and self.unit_px > 0

    @cached_property
    def head_px(self) -> float | None:
        """The head from ear to ear in px, as if seen from the front; None where neither width nor height is seen.

        Turning shortens the one, nodding the other: the longer is taken.
        """
        lengths = []
        if self.sees(*EARS):
            lengths.append(abs(self.px(EARS[0]) - self.px(EARS[1])))
        if self.sees(*EYES, *MOUTH):
            lengths.append(HEAD_PER_FACE * abs(self.px(*EYES) - self.px(*MOUTH)))
        return max(lengths) if lengths and max(lengths) > 0 else None

    @cached_property
    def unit_px(self) -> float:
        """The shoulders' width in px, as if seen from the front: the longest of what says how long it is.

        Needs the shoulders; trunk and head stand in where the body is turned, as far as they are seen.
        """
        lengths = [abs(self.px(Point.LEFT_SHOULDER) - self.px(Point.RIGHT_SHOULDER))]
        if self.sees(*HIPS):
            lengths.append(SHOULDERS_PER_TRUNK * abs(self.trunk_px))
        if self.head_px is not None:
            lengths.append(SHOULDERS_PER_HEAD * self.head_px)
        return max(lengths)

    @cached_property
    def down(self) -> complex:
        """The way down the trunk, a number of length 1: square to the shoulders, along the trunk where hips are seen.

        Where neither says much, as in a body from the side whose hips are hidden, it is down the picture.
        """
        shoulders = self.px(Point.LEFT_SHOULDER) - self.px(Point.RIGHT_SHOULDER)
        square = shoulders * 1j
        rough = 1j * abs(self.unit_px) / 2 if self._downwards == 0 else self._downwards
        if (square * rough.conjugate()).real < 0:  # seen from behind
            square = -square
        total = square + (self.trunk_px if self.sees(*HIPS) else 0)
        return total / abs(total) if abs(total) > LEAST_AXIS * self.unit_px else 1j

    @cached_property
    def facing(self) -> float:
        """How much of the shoulders' width is seen: 1 from the front, 0 from the side, -1 from behind.

        The mean of two measures, as neither is sure: the shoulders' width against the unit of the rest of the body, and
        the direction of their line by z.
        """
        shoulders = (self.px(Point.LEFT_SHOULDER) - self.px(Point.RIGHT_SHOULDER)) * self.across.conjugate()
        deep = self.depth_px(Point.LEFT_SHOULDER) - self.depth_px(Point.RIGHT_SHOULDER)
        by_width = shoulders.real / self.unit_px
        by_depth = shoulders.real / max(1e-9, math.hypot(abs(shoulders), deep))
        return max(-1.0, min(1.0, (by_width + by_depth) / 2))

    @property
    def across(self) -> complex:
        """The way square to `down`, to the right of the picture: the person's left, seen from the front."""
        return self.down * -1j

    def at(self, *points: int) -> complex:
        """Where the middle of some points is: u to the right, v down, in shoulder widths from the shoulders' middle."""
        return (self.px(*points) - self.px(*SHOULDERS)) * self.across.conjugate() / self.unit_px

    def deep(self, *points: int) -> float:
        """How far behind the shoulders some points are, in shoulder widths; below 0: nearer."""
        return (self.depth_px(*points) - self.depth_px(*SHOULDERS)) / self.unit_px

    @property
    def trunk_px(self) -> complex:
        """From the middle of the shoulders to that of the hips, px."""
        return self.px(*HIPS) - self.px(*SHOULDERS)

    @property
    def _downwards(self) -> complex:
        """Roughly down: from the head over the shoulders to the hips, as far as they are seen."""
        head = self.seen(HEAD)
        rough = self.px(*SHOULDERS) - self.px(*head) if head else 0j
        return rough + (self.trunk_px if self.sees(*HIPS) else 0)


class Head:
    """How a head is turned, by the pose's points alone; None of it where they are not seen.

    A head is taken as a nose before the line between two ears: nodding lowers the nose against the ears, turning moves
    it along their line.
    """

    # The tip of the nose lies before the line of the ears by 0.9 of its length (12.5 cm and 14), and below it by
    NOSE_BEFORE = 0.9
    NOSE_BELOW = 0.15  # of it (2 cm)

    def __init__(self, skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        self.is_seen = skeleton.sees(Point.NOSE, *EYES, *EARS, *MOUTH) and skeleton.head_px is not None

    @cached_property
    def is_frontal(self) -> bool:
        """Whether the head is seen, turned by less than 60 degrees: else the nose hardly tells how it is bent."""
        skeleton = self._skeleton
        if not self.is_seen or skeleton.head_px is None:
            return False
        return abs(skeleton.px(EARS[0]) - skeleton.px(EARS[1])) >= skeleton.head_px / 2

    @cached_property
    def across(self) -> complex:
        """The way from the head's right to its left, of length 1: of ears, eyes, and square to eyes and mouth."""
        px = self._skeleton.px
        ears, eyes = (px(left) - px(right) for left, right in (EARS, EYES))
        upright = (px(*MOUTH) - px(*EYES)) * -1j
        if (ears * upright.conjugate()).real < 0:  # seen from behind
            ears, eyes = -ears, -eyes
        total = ears + eyes + upright
        return total / abs(total) if total else 1 + 0j

    @cached_property
    def roll_deg(self) -> float:
        """Clockwise in the picture."""
        return math.degrees(cmath.phase(self.across))

    @cached_property
    def _nose(self) -> complex:
        skeleton = self._skeleton
        assert skeleton.head_px is not None
        return (skeleton.px(Point.NOSE) - skeleton.px(*EARS)) * self.across.conjugate() / skeleton.head_px

    @property
    def yaw_deg(self) -> float:
        """Positive to the right of the picture, as `Face.yaw_deg`."""
        return _asin_deg(self._nose.real / self.NOSE_BEFORE)

    @property
    def pitch_deg(self) -> float:
        """Positive when it looks up, as `Face.pitch_deg`."""
        return -_asin_deg((self._nose.imag - self.NOSE_BELOW) / self.NOSE_BEFORE)


def _asin_deg(sine: float) -> float:
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))
