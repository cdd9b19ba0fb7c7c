"""Bodies followed through a made world: people of known places walk, cross, hide their faces, leave."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from mien.body.pose import HIPS_BELOW, RADIUS, SQUARE, Body, PoseNet, Region
from mien.body.track import PACE_S, RETRY_S, BodyTracker, steady_region
from mien.types import Box, Face, FloatArray, Frame, Pose

SIDE = 40.0  # of every face, px
SIZE = SQUARE * RADIUS * SIDE  # of every body's region
NOSE = 0


def points_of(x: float, y: float = 100.0) -> FloatArray:
    """A body whose face has its middle at x, y."""
    points = np.zeros((33, 4), np.float32)
    points[:, :2], points[:, 3] = (x, y), 1.0
    points[[5, 2, 0, 9, 10], :2] += ((-8, -4), (8, -4), (0, 4), (0, 12), (0, 12))
    points[[11, 12], :2] += ((SIDE, SIDE), (-SIDE, SIDE))
    points[[23, 24], :2] += ((20, HIPS_BELOW * SIDE), (-20, HIPS_BELOW * SIDE))
    return points


def face_at(x: float, track_id: int, y: float = 100.0) -> Face:
    keypoints = points_of(x, y)[[5, 2, 0, 9, 5, 2], :2]
    return Face(Box(x - SIDE / 2, y - SIDE / 2, x + SIDE / 2, y + SIDE / 2), 0.9, keypoints, track_id=track_id)


@dataclass
class World(PoseNet):
    """A stand-in for the network: it sees the person nearest to the middle of the square, if one is in it."""

    people: dict[str, float] = field(default_factory=dict)  # name -> where the face is, x
    presence: float = 0.99
    visibility: float = 1.0
    looks: int = 0

    def __call__(self, image: np.ndarray, region: Region) -> Body:
        self.looks += 1
        hips = {name: (x, 100 + HIPS_BELOW * SIDE) for name, x in self.people.items()}
        near = min(hips, key=lambda name: math.dist(hips[name], region.centre), default=None)
        if near is None or math.dist(hips[near], region.centre) > SIZE / 3:
            return Body(np.zeros((33, 4), np.float32), np.ones(33, np.float32), 0.01, region)
        points = points_of(self.people[near])
        points[:, 3] = self.visibility
        return Body(points, np.ones(33, np.float32), self.presence, Region(hips[near], SIZE, 0.0))


class Stream:
    """Frames of a world, one after the other."""

    def __init__(self, world: World, *, fps: float = 15, **options: object) -> None:
        self.world, self.fps, self.index = world, fps, 0
        self.tracker = BodyTracker(world, **options)  # type: ignore[arg-type]

    def next(self, *faces: Face) -> dict[int | None, Pose]:
        """The bodies of the next frame by id; no two may have the same."""
        frame = Frame(np.zeros((480, 640, 3), np.uint8), self.index, self.index / self.fps)
        self.index += 1
        found = self.tracker.update(frame, faces)
        by_id = {pose.track_id: pose for pose in found}
        assert len(by_id) == len(found)
        noses = [float(pose.keypoints[NOSE, 0]) for pose in found]
        assert noses == sorted(noses)
        return by_id


def nose_x(pose: Pose) -> float:
    return float(pose.keypoints[NOSE, 0])


def test_a_body_gets_the_id_of_the_face_above_it() -> None:
    stream = Stream(World(people={"a": 100, "b": 400}))
    found = stream.next(face_at(100, 7), face_at(400, 3))
    assert {track_id: nose_x(pose) for track_id, pose in found.items()} == {7: 100, 3: 400}


def test_without_a_face_no_body_is_sought() -> None:
    world = World(people={"a": 100})
    assert Stream(world).next() == {} and world.looks == 0


def test_a_face_that_is_lost_leaves_its_body() -> None:
    world = World(people={"a": 100})
    stream = Stream(world)
    stream.next(face_at(100, 1))
    for step in range(20):
        world.people["a"] = 100 + 5 * step
        (pose,) = stream.next().values()
        assert pose.track_id == 1
    assert nose_x(pose) == pytest.approx(195, abs=12)


def test_a_face_that_comes_back_under_a_new_id_names_its_body() -> None:
    stream = Stream(World(people={"a": 100}))
    stream.next(face_at(100, 1))
    for _ in range(5):
        stream.next()
    looks = stream.world.looks
    found = stream.next(face_at(100, 2))
    assert set(found) == {2}
    assert stream.world.looks == looks + 1  # followed, not sought anew


@pytest.mark.parametrize("presence", [0.49, 0.0, math.nan])
def test_a_body_whose_presence_falls_is_dropped(presence: float) -> None:
    world = World(people={"a": 100})
    stream = Stream(world)
    assert stream.next(face_at(100, 1))
    world.presence = presence
    assert stream.next(face_at(100, 1)) == {}
    assert stream.next() == {}


def test_a_body_without_a_face_of_which_nothing_is_seen_is_dropped() -> None:
    world = World(people={"a": 100})
    stream = Stream(world)
    stream.next(face_at(100, 1))
    world.visibility = 0.1
    assert stream.next() == {}


def test_two_people_who_cross_keep_their_own_bodies() -> None:
    world = World()
    stream = Stream(world, fps=30, pace_s=0)
    for step in range(61):
        world.people = {"a": 120 + 6 * step, "b": 480 - 6 * step}
        found = stream.next(face_at(world.people["a"], 1), face_at(world.people["b"], 2))
        for track_id, name in ((1, "a"), (2, "b")):
            if track_id in found:
                assert abs(nose_x(found[track_id]) - world.people[name]) < 0.8 * SIDE
        # When they are apart, both are there.
        if abs(world.people["a"] - world.people["b"]) > 2 * SIDE and not 20 < step < 50:
            assert set(found) == {1, 2}
    assert set(found) == {1, 2}


def test_two_bodies_never_lie_on_one_person() -> None:
    """One person hides behind the other and the network sees the one in front wherever it looks."""
    world = World(people={"a": 200, "b": 300})
    stream = Stream(world, pace_s=0)
    stream.next(face_at(200, 1), face_at(300, 2))
    del world.people["b"]
    world.people["a"] = 250
    for _ in range(10):
        found = stream.next(face_at(250, 1))
        assert set(found) == {1}


def test_a_body_that_slides_onto_somebody_else_is_sought_again_below_its_face() -> None:
    world = World(people={"a": 100})
    stream = Stream(world, pace_s=0)
    stream.next(face_at(100, 1))
    world.people = {"a": 100, "other": 160}
    stream.tracker._tracks[0].region = Region((170, 228), SIZE, 0)
    found = stream.next(face_at(100, 1))
    assert nose_x(found[1]) == 100


def test_faces_whose_ids_are_swapped_take_their_bodies_along() -> None:
    stream = Stream(World(people={"a": 100, "b": 400}))
    stream.next(face_at(100, 1), face_at(400, 2))
    found = stream.next(face_at(100, 2), face_at(400, 1))
    assert (nose_x(found[2]), nose_x(found[1])) == (100, 400)


def test_a_face_without_a_body_is_tried_again_after_a_while_only() -> None:
    world = World()
    stream = Stream(world, fps=20)
    for _ in range(4):
        stream.next(face_at(100, 1))
    assert world.looks == 1  # a fifth of a second has not passed
    world.people["a"] = 100
    assert set(stream.next(face_at(100, 1))) == {1}
    assert RETRY_S == 0.2


@pytest.mark.parametrize(("fps", "every"), [(10, 1), (15, 1), (20, 1), (24, 2), (30, 2), (60, 3)])
def test_where_time_is_short_frames_are_skipped(fps: float, every: int) -> None:
    world = World(people={"a": 100})
    stream = Stream(world, fps=fps)
    looked = []
    for _ in range(25):
        before = world.looks
        stream.next(face_at(100, 1))
        looked.append(world.looks > before)
    assert looked == [index % every == 0 for index in range(25)]
    assert PACE_S == 0.05


def test_two_bodies_are_looked_at_in_turns() -> None:
    world = World(people={"a": 100, "b": 400})
    stream = Stream(world, fps=30)
    looks = []
    for _ in range(20):
        before = world.looks
        assert len(stream.next(face_at(100, 1), face_at(400, 2))) >= (1 if len(looks) == 0 else 2)
        looks.append(world.looks - before)
    assert looks[4:] == [1] * 16


def test_between_two_looks_a_pose_is_the_same_object() -> None:
    stream = Stream(World(people={"a": 100}), fps=30)
    poses = [stream.next(face_at(100, 1))[1] for _ in range(5)]
    assert [one is other for one, other in itertools.pairwise(poses)] == [True, False, True, False]


def test_of_many_only_so_many_are_followed_those_with_a_face_first() -> None:
    world = World(people={"a": 100, "b": 400})
    stream = Stream(world, max_bodies=1)
    stream.next(face_at(100, 1))
    assert set(stream.next(face_at(400, 2))) == {2}


def test_a_seek_a_reset_and_another_size_begin_anew() -> None:
    world = World(people={"a": 100})
    stream = Stream(world)
    for _ in range(3):
        stream.next(face_at(100, 1))
    stream.index = 1
    assert stream.next() == {}
    stream.next(face_at(100, 1))
    stream.tracker.reset()
    assert stream.next() == {}
    stream.next(face_at(100, 1))
    assert stream.tracker.update(Frame(np.zeros((100, 100, 3), np.uint8), 9, 9.0), []) == []


def test_inputs_are_not_changed_and_shown_points_are_no_views() -> None:
    stream = Stream(World(people={"a": 100}))
    face = face_at(100, 1)
    before = face.keypoints.copy()
    pose = stream.next(face)[1]
    pose.keypoints[:] = -1
    assert (face.keypoints == before).all()
    assert nose_x(stream.next(face)[1]) == pytest.approx(100, abs=1)


def test_the_square_stays_while_the_body_does() -> None:
    old = Region((200, 300), 500, 170)
    for still in (Region((210, 300), 500, 170), Region((200, 300), 520, 170), Region((200, 300), 500, 174)):
        assert steady_region(old, still) is old
    for moved in (Region((230, 300), 500, 170), Region((200, 300), 560, 170), Region((200, 300), 500, -180)):
        assert steady_region(old, moved) is moved
