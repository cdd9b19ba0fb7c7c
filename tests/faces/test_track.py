"""from __future__ import annotations"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from made_world import FPS, Dummy, World, during, ids_of, still

from mien import geometry
from mien.faces import scan
from mien.faces.detect import TURNS, FaceFinder
from mien.faces.track import LOST_S, Tracker


def test_ids_count_from_one_and_stay_and_faces_run_from_left_to_right() -> None:
    world = World(Dummy(1, lambda t: (350 - 30 * t, 120, 60)), Dummy(2, lambda t: (120 + 20 * t, 110, 50)))
    tracker = Tracker(world)
    for index in range(60):
        faces = tracker.update(world.frame(index))
        assert {face.track_id for face in faces} == {1, 2}
        assert [face.box.centre[0] for face in faces] == sorted(face.box.centre[0] for face in faces)
        assert all(face.mesh is not None for face in faces)


def test_a_frame_costs_one_mesh_a_face_and_one_look() -> None:
    world = World(Dummy(1, still(120)), Dummy(2, still(350)))
    tracker = Tracker(world)
    tracker.update(world.frame(0))
    for index in range(1, 60):
        world.looks = world.refits = world.checks = 0
        tracker.update(world.frame(index))
        assert (world.looks, world.refits, world.checks) == (1, 2, 0)


def test_the_first_frame_looks_at_the_whole_picture_at_four_turns_and_so_does_the_next_after_reset() -> None:
    world = World(Dummy(1, still(240)))
    tracker = Tracker(world)
    for _ in range(2):
        world.looks = 0
        assert [face.track_id for face in tracker.update(world.frame(0))] == [1]
        assert world.looks == 4
        tracker.reset()


@pytest.mark.parametrize("gap_s", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("fps", [12.0, 30.0])
def test_an_id_survives_a_second_of_occlusion(gap_s: float, fps: float) -> None:
    gone = lambda t: None if 1 <= t < 1 + gap_s else (200 + 30 * t, 120.0, 60.0)  # noqa: E731
    world = World(Dummy(1, gone))
    ids = ids_of(Tracker(world), world, range(round((2.5 + gap_s) * fps)), fps)
    assert {who for frame in ids for who in frame} == {1}
    assert [] in ids and ids[-1] == [1]


def test_who_comes_back_after_the_memory_has_ended_is_new() -> None:
    gone = lambda t: None if 1 <= t < 1.4 + LOST_S else (200.0, 120.0, 60.0)  # noqa: E731
    world = World(Dummy(1, gone))
    ids = ids_of(Tracker(world), world, range(round((3 + LOST_S) * FPS)))
    assert ids[0] == [1] and ids[-1] == [2]


@pytest.mark.parametrize("gap_s", [0.0, 0.1, 0.4, 2.0])
@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6)])
def test_another_at_the_same_place_gets_a_new_id(gap_s: float, seeds: tuple[int, int]) -> None:
    first, second = (Dummy(seed, still(200)) for seed in seeds)
    world = World(replace(first, path=during(0, 1, still(200))), replace(second, path=during(1 + gap_s, 9, still(203))))
    ids = ids_of(Tracker(world), world, range(round((2.2 + gap_s) * FPS)))
    assert ids[0] == [1] and ids[-1] == [2]
    assert {who for frame in ids for who in frame} == {1, 2}


@pytest.mark.parametrize("frames", [30, 31])
def test_after_a_cut_not_one_frame_has_the_old_id(frames: int) -> None:
    cut_s = (frames - 0.5) / FPS
    world = World(Dummy(1, during(0, cut_s, still(200))), Dummy(2, during(cut_s, 9, still(200))))
    ids = ids_of(Tracker(world), world, range(2 * frames))
    assert all(1 in frame for frame in ids[:frames])
    assert not any(1 in frame for frame in ids[frames:])


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6)])
@pytest.mark.parametrize("apart", [0.0, 90.0])
def test_two_who_cross_keep_their_ids(seeds: tuple[int, int], apart: float) -> None:
    right = lambda t: (90 + 100 * t, 130 - apart / 2, 60.0)  # noqa: E731
    left = lambda t: (390 - 100 * t, 130 + apart / 2, 60.0)  # noqa: E731
    world = World(Dummy(seeds[0], right), Dummy(seeds[1], left))
    ids = ids_of(Tracker(world), world, range(90))
    assert ids[-1] == ids[0][::-1] == [2, 1]
    assert {who for frame in ids for who in frame} == {1, 2}


def test_two_tracks_on_one_face_become_the_older_one() -> None:
    # The young one is a fragment beside the face, from which the mesh slides onto it.
    flash = during(0.2, 0.26, still(242, 120, 40))
    world = World(Dummy(1, still(200, 120, 60)), Dummy(1, flash))
    ids = ids_of(Tracker(world), world, range(60))
    assert ids[-1] == [1] and all(len(frame) <= 2 for frame in ids)


def test_no_more_than_max_faces_are_followed_the_largest_at_first() -> None:
    world = World(Dummy(1, still(80, 120, 40)), Dummy(2, still(240, 120, 70)), Dummy(3, still(400, 120, 50)))
    tracker = Tracker(world, max_faces=2)
    for index in range(40):
        assert [round(face.box.side) for face in tracker.update(world.frame(index))] == [70, 50]


def test_what_is_no_face_takes_no_room() -> None:
    world = World(Dummy(1, still(120, 120, 70)), Dummy(2, still(350, 120, 50)))
    tracker = Tracker(world, max_faces=1)
    assert [face.track_id for face in tracker.update(world.frame(0))] == [1]
    for index in range(1, 60):
        faces = tracker.update(world.frame(index), without_room={1})
    assert [face.track_id for face in faces] == [1, 2]


def test_one_of_max_faces_comes_back_after_an_occlusion() -> None:
    world = World(Dummy(1, lambda t: None if 0.5 <= t < 1 else (200.0, 120.0, 60.0)))
    assert ids_of(Tracker(world, max_faces=1), world, range(60))[-1] == [1]


def test_a_newcomer_is_found_by_the_scan_in_less_than_half_a_second() -> None:
    world = World(Dummy(1, still(120)), Dummy(2, during(1, 9, still(350))))
    ids = ids_of(Tracker(world), world, range(45))
    assert ids[29] == [1] and ids[-1] == [1, 2]


def test_a_change_of_the_picture_size_breaks_nothing() -> None:
    world = World(Dummy(1, still(200)))
    tracker = Tracker(world)
    ids_of(tracker, world, range(10))
    world.size, world.dummies = (960, 540), [Dummy(1, still(400, 240, 120))]
    ids = ids_of(tracker, world, range(10, 20))
    assert ids == [[1]] * 10
    world.size, world.dummies = (200, 300), [Dummy(1, still(100, 220, 60))]
    for index in range(20, 60):
        for face in tracker.update(world.frame(index)):
            x, y = face.box.centre
            assert 0 <= x < 200 and 0 <= y < 300
    assert len(tracker.update(world.frame(60))) == 1


def test_a_seek_backwards_begins_anew_with_new_ids_and_reset_counts_from_one() -> None:
    world = World(Dummy(1, still(200)))
    tracker = Tracker(world)
    ids_of(tracker, world, range(30, 40))
    assert tracker.update(world.frame(0))[0].track_id == 2
    tracker.reset()
    assert tracker.update(world.frame(1))[0].track_id == 1


def test_a_picture_without_a_face_is_an_empty_list() -> None:
    world = World()
    assert ids_of(Tracker(world), world, range(40)) == [[]] * 40


def test_the_lost_are_forgotten() -> None:
    visits = [during(at * 0.2, at * 0.2 + 0.15, still(40 + 57 * at % 400)) for at in range(60)]
    world = World(*(Dummy(seed, path) for seed, path in enumerate(visits)))
    tracker = Tracker(world)
    for index in range(round(14 * FPS)):
        tracker.update(world.frame(index))
        assert len(tracker._lost) + len(tracker._live) < 16
    assert not tracker._lost and not tracker._live


def test_a_clock_that_stands_still_does_no_harm() -> None:
    world = World(Dummy(1, lambda t: (200 + 20 * t, 120, 60)))
    tracker = Tracker(world)
    for index in range(30):
        frame = replace(world.frame(index), time_s=0.0)
        assert [face.track_id for face in tracker.update(frame)] == [1]


def test_the_scan_comes_to_every_view_and_to_the_whole_picture_most_often() -> None:
    world = World()
    world.tile_turns = TURNS
    finder = FaceFinder(world, None)  # type: ignore[arg-type]
    views = finder.views(640, 480)
    looks = list(itertools.islice(scan.in_turn(views), 4 * len(views)))
    assert set(looks) == set(views)
    assert max(looks[start : start + 4].count(views[0]) for start in range(0, 40, 4)) == 1
    assert all(views[0] in looks[start : start + 4] for start in range(0, len(looks) - 4))


def test_coordinates_are_those_of_the_face() -> None:
    world = World(Dummy(1, lambda t: (200 + 40 * t, 120, 60)))
    tracker = Tracker(world)
    for index in range(30):
        (face,) = tracker.update(world.frame(index))
        assert geometry.iou_matrix([face.box.to_list()], [_box(200 + 40 * index / FPS, 120, 60)])[0, 0] > 0.95


def _box(x: float, y: float, side: float) -> list[float]:
    return [x - side / 2, y - side / 2, x + side / 2, y + side / 2]
