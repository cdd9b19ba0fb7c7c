"""Bodies followed from frame to frame by their own points, each bound to the face that sits on it.

A body is sought below a face that has none, and from then on looked at where its own points say. So it stays when the
face is lost, under the same id. It ends when the network no longer sees a body, when it has slid onto somebody else,
or when its face is in sight elsewhere: then it is sought again below that face.

A look costs more than all else in a frame, so where frames come faster than `pace_s`, each body is looked at every
second of them (or third, at 60 a second), in turns, and stays as it was in between.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mien import geometry
from mien.body.owner import SAME_HEAD, head_gap
from mien.body.pose import Body, PoseNet, Region, find_body, is_same_body
from mien.body.smooth import BodySmoother
from mien.types import Face, Frame, Pose

PACE_S = 0.05  # between two looks at one body: at 30 frames a second every second one, at 20 each
RETRY_S = 0.2  # a face below which no body was found is tried again after so long
OWN = 0.5  # of SAME_HEAD: by how much a body prefers the face it had
LEAST_SEEN = 3  # points that must be seen of a body whose face is not
SEEN = 0.5  # visibility of a point that counts as seen
# A body that holds still is looked at in the very same square: where that follows every tremor of the points, it feeds
# them back, and heads tremble seven times as much (docs/log.md).
STILL_SHIFT, STILL_GROWTH, STILL_TURN_DEG = 0.04, 0.08, 5.0  # in sides, in logarithms of the side, in degrees
SOON = 1e-6  # seconds by which times of frames may be rounded


@dataclass(eq=False)
class _Track:
    """One body in sight: `pose` holds smoothed points, `body` those last measured; `region` is looked at next."""

    body: Body
    pose: Pose
    looked_s: float
    face: Face | None
    region: Region
    smoother: BodySmoother = field(default_factory=BodySmoother)

    def take(self, body: Body, time_s: float) -> None:
        """Go on with what a new look says."""
        points = self.smoother(body.points, time_s, size=body.region.side)
        self.body, self.looked_s = body, time_s
        self.region = steady_region(self.region, body.region)
        self.pose = replace(self.pose, keypoints=points, score=body.presence)

    @property
    def gap(self) -> float:
        """How badly its head fits its face; infinite without one."""
        return math.inf if self.face is None else head_gap(self.body.points, self.face)


class BodyTracker:
    """Follows the bodies of a stream.

    Args:
        net: finds the points.
        pace_s: least time between two looks at one body; 0 looks in every frame.
        max_bodies: at most so many, those whose face is in sight first. None: no limit.
    """

    def __init__(self, net: PoseNet, *, pace_s: float = PACE_S, max_bodies: int | None = None) -> None:
        self._net, self._pace_s, self._max = net, pace_s, max_bodies
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._tracks: list[_Track] = []
        self._tried: dict[int | None, float] = {}  # when a body was last sought in vain, by the face's id
        self._size: tuple[int, int] | None = None
        self._time_s = -math.inf

    def update(self, frame: Frame, faces: Sequence[Face]) -> list[Pose]:
        """The bodies of the next frame, from left to right, in pixels of this frame.

        One that was not looked at is the same object as in the frame before.

        Args:
            frame: a frame earlier than the one before, or of another size, begins anew.
            faces: those of this frame, with their ids.
        """
        if frame.time_s < self._time_s or self._size != (frame.width, frame.height):
            self.reset()
        step, self._time_s, self._size = frame.time_s - self._time_s, frame.time_s, (frame.width, frame.height)
        turns = self._turns(step)
        self._follow(frame, turns)
        self._bind(faces)
        self._part()
        self._seek(frame, faces, most=1 if turns > 1 else len(faces))
        if self._max is not None:
            self._tracks = sorted(self._tracks, key=lambda one: one.face is None)[: self._max]
        return sorted((one.pose for one in self._tracks), key=lambda pose: float(pose.keypoints[0, 0]))

    def _turns(self, step_s: float) -> int:
        """Over how many frames the looks are spread."""
        return max(1, math.ceil((self._pace_s - SOON) / step_s)) if step_s > 0 else 1

    def _follow(self, frame: Frame, turns: int) -> None:
        """Look at those whose turn it is, longest unseen first; who is gone is dropped."""
        due = [one for one in self._tracks if frame.time_s - one.looked_s >= self._pace_s - SOON]
        most = math.ceil(len(self._tracks) / turns)
        for one in sorted(due, key=lambda track: track.looked_s)[:most]:
            body = self._net(frame.image, one.region)
            if body.is_present and _is_seen(body):
                one.take(body, frame.time_s)
            else:
                self._tracks.remove(one)

    def _bind(self, faces: Sequence[Face]) -> None:
        """Give each body the face on which its head lies; drop those whose face is in sight elsewhere."""
        left, free = list(self._tracks), list(faces)
        pairs = [(_misfit(one, face), one, face) for one, face in itertools.product(left, free)]
        for misfit, one, face in sorted(pairs, key=lambda pair: pair[0]):
            if misfit <= SAME_HEAD and one in left and face in free:
                one.face = face
                if one.pose.track_id != face.track_id:
                    one.pose = replace(one.pose, track_id=face.track_id)
                left.remove(one)
                free.remove(face)
        in_sight = {face.track_id for face in faces}
        for one in left:
            one.face = None
            if one.pose.track_id in in_sight:
                self._tracks.remove(one)

    def _part(self) -> None:
        """Where two bodies lie on one person, the one whose head fits its face worse is dropped."""
        for one, other in itertools.combinations(list(self._tracks), 2):
            if one in self._tracks and other in self._tracks and is_same_body(one.body, other.body):
                self._tracks.remove(one if one.gap > other.gap else other)

    def _seek(self, frame: Frame, faces: Sequence[Face], *, most: int) -> None:
        """Look for the bodies of up to `most` faces that have none."""
        self._tried = {face.track_id: self._tried[face.track_id] for face in faces if face.track_id in self._tried}
        taken = {one.pose.track_id for one in self._tracks}
        alone = [face for face in faces if face.track_id not in taken and self._may_try(face)]
        for face in sorted(alone, key=lambda one: -one.box.side)[:most]:
            body = find_body(self._net, frame.image, face)
            if body is None or any(is_same_body(body, one.body) for one in self._tracks):
                self._tried[face.track_id] = frame.time_s
                continue
            track = _Track(body, body.to_pose(face.track_id), frame.time_s, face, body.region)
            track.take(body, frame.time_s)
            self._tracks.append(track)

    def _may_try(self, face: Face) -> bool:
        return self._time_s - self._tried.get(face.track_id, -math.inf) >= RETRY_S - SOON


def steady_region(old: Region, new: Region) -> Region:
    """Where to look next: in the old square, until the body has left its place, size or roll in it."""
    is_still = (
        math.dist(old.centre, new.centre) < STILL_SHIFT * old.side
        and abs(math.log(new.side / old.side)) < STILL_GROWTH
        and abs(geometry.wrap_deg(new.roll_deg - old.roll_deg)) < STILL_TURN_DEG
    )
    return old if is_still else new


def _misfit(one: _Track, face: Face) -> float:
    """How badly a body's head lies on a face, in face sides, a little less for the face it had."""
    own = OWN * SAME_HEAD if one.pose.track_id == face.track_id else 0.0
    gap = head_gap(one.body.points, face)
    return max(0.0, gap - own) if gap <= SAME_HEAD else gap


def _is_seen(body: Body) -> bool:
    return int((body.points[:, 3] >= SEEN).sum()) >= LEAST_SEEN
