from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien import geometry
from mien.faces import scan
from mien.faces.appearance import Appearance, appearance_of, difference
from mien.faces.detect import TURNS, BlazeFace, FaceFinder, Hit, View, face_of
from mien.faces.mesh import Mesh, MeshNet
from mien.faces.track import LOST_S, SAME_PERSON, Tracker
from mien.models import weights_path
from mien.types import Box, Face, Frame, ImageArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import moving  # noqa: E402
import tracking  # noqa: E402

# A made world: people are squares of a colour and a coarse pattern; a fake finder knows where they are.

FPS = 30.0
Place = tuple[float, float, float]  # middle x, y and side, px


def _unit_mesh() -> np.ndarray:
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (468, 3))
    points[[10, 152, 234, 454], :2] = [(0, -0.5), (0, 0.5), (-0.5, 0), (0.5, 0)]
    points[[33, 133, 362, 263], :2] = [(-0.25, -0.12), (-0.1, -0.12), (0.1, -0.12), (0.25, -0.12)]
    points[[1, 61, 291], :2] = [(0, 0.1), (-0.12, 0.25), (0.12, 0.25)]
    points[:, 2] = 0
    return points


UNIT = _unit_mesh()


@dataclass(frozen=True)
class Dummy:
    """Someone: a seed for their colours and pattern, and where they are at a time (None: not to be seen)."""

    seed: int
    path: Callable[[float], Place | None]


def still(x: float, y: float = 120, side: float = 60) -> Callable[[float], Place | None]:
    return lambda t: (x, y, side)


def during(start: float, end: float, path: Callable[[float], Place | None]) -> Callable[[float], Place | None]:
    return lambda t: path(t) if start <= t < end else None


class World:
    """Draws dummies, and finds them as a `FaceFinder` would; counts what it is asked."""

    def __init__(self, *dummies: Dummy, size: tuple[int, int] = (480, 270)) -> None:
        self.dummies, self.size, self.time_s = list(dummies), size, 0.0
        self.looks = self.refits = self.checks = 0
        self.detector = self

    whole_turns = (0.0, 90.0, 180.0, 270.0)
    tile_turns = (0.0,)
    is_final = False

    def frame(self, index: int, fps: float = FPS) -> Frame:
        self.time_s = index / fps
        width, height = self.size
        image = np.full((height, width, 3), 130, np.uint8)
        for dummy in self.dummies:
            if place := dummy.path(self.time_s):
                self._draw(image, dummy.seed, place)
        return Frame(image, index, self.time_s)

    @staticmethod
    def _draw(image: ImageArray, seed: int, place: Place) -> None:
        random = np.random.default_rng(seed)
        pattern = random.uniform(0, 255, (7, 5, 1)) * 0.5 + random.uniform(0, 255, 3) * 0.5
        x, y, side = place
        tall = [round(v) for v in (y - 0.9 * side, y + 1.2 * side)]
        wide = [round(v) for v in (x - 0.7 * side, x + 0.7 * side)]
        picture = Image.fromarray(pattern.astype(np.uint8)).resize((wide[1] - wide[0], tall[1] - tall[0]), 0)
        canvas = Image.fromarray(image)
        canvas.paste(picture, (wide[0], tall[0]))
        image[:] = np.asarray(canvas)

    def _places(self) -> list[Place]:
        """Those in sight: a later dummy hides who is nearer than 0.8 sides."""
        places = [place for dummy in self.dummies if (place := dummy.path(self.time_s))]
        return [
            place
            for at, place in enumerate(places)
            if all(math.dist(place[:2], front[:2]) > 0.8 * front[2] for front in places[at + 1 :])
        ]

    def _nearest(self, middle: tuple[float, float], reach: float) -> Place | None:
        near = [place for place in self._places() if math.dist(place[:2], middle) < reach * place[2]]
        return min(near, key=lambda place: math.dist(place[:2], middle), default=None)

    @staticmethod
    def _mesh(place: Place) -> Mesh:
        x, y, side = place
        return Mesh((UNIT * side + [x, y, 0]).astype(np.float32), 1.0)

    def views(self, width: int, height: int) -> list[View]:
        whole = [View((width / 2, height / 2), float(width), turn) for turn in self.whole_turns]
        return whole + [View((width * at / 4, height / 2), height / 2, 0.0) for at in (1, 2, 3)]

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        self.looks += 1
        if view.roll_deg % 360:
            return []
        half = view.side / 2
        seen = [p for p in self._places() if max(abs(p[0] - view.centre[0]), abs(p[1] - view.centre[1])) < half]
        return [
            Hit(Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), 0.9, np.zeros((6, 2), np.float32), 0.0)
            for x, y, side in seen
        ]

    def check(self, image: ImageArray, hit: Hit) -> Face | None:
        self.checks += 1
        place = self._nearest(hit.box.centre, 0.5)
        return face_of(self._mesh(place), hit.score) if place else None

    def find(self, image: ImageArray, views: Sequence[View] | None = None) -> list[Face]:
        hits = [hit for view in views or self.views(*self.size) for hit in self.look(image, view)]
        faces = [face for hit in hits if (face := self.check(image, hit))]
        return list({face.box: face for face in faces}.values())

    def refit(self, image: ImageArray, mesh: Mesh) -> Mesh:
        self.refits += 1
        low, high = mesh.points[:, :2].min(0), mesh.points[:, :2].max(0)
        middle = (low + high) / 2
        place = self._nearest((float(middle[0]), float(middle[1])), 0.6)
        return self._mesh(place) if place else Mesh(mesh.points, 0.0)


def ids_of(tracker: Tracker, world: World, frames: range, fps: float = FPS) -> list[list[int | None]]:
    return [[face.track_id for face in tracker.update(world.frame(index, fps))] for index in frames]


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


# Real faces, moved about (benchmarks/moving.py), and the real networks.

PAIRS = (("2_Lighting_top_10_1_0", "1_hats_top_8_2_2"), ("1_accessories_top_8_3_3", "2_Hair_Color_top_10_2_2"))


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    detector = BlazeFace(weights_path("face_detection_full_range"))
    return FaceFinder(detector, MeshNet(weights_path("face_landmark")))


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def pair(request: pytest.FixtureRequest, shared_media: Path) -> tuple[moving.Person, moving.Person]:
    boxes = json.loads((ROOT / "benchmarks" / "photo_boxes.json").read_text())
    one, other = (tracking.person(shared_media / "photos" / f"{name}.jpg", boxes) for name in request.param)
    return one, other


def check(finder: FaceFinder, clip: moving.Clip) -> None:
    outcome = tracking.follow(finder, replace(clip, fps=15.0))
    assert outcome.is_right, outcome
    assert outcome.kept > 0.7  # a newcomer in another's place waits a third of a second for a name


@pytest.mark.parametrize("style", ["head", "card"])
@pytest.mark.parametrize("over", [False, True])
def test_real_faces_that_cross_keep_their_ids(
    finder: FaceFinder, pair: tuple[moving.Person, moving.Person], over: bool, style: str
) -> None:
    check(finder, moving.crossing(*pair, over=over, style=style))


@pytest.mark.parametrize("gap_s", [0.0, 0.4, 2.0])
def test_a_real_face_in_anothers_place_gets_a_new_id(
    finder: FaceFinder, pair: tuple[moving.Person, moving.Person], gap_s: float
) -> None:
    check(finder, moving.replacing(*pair, gap_s))


@pytest.mark.parametrize(("gap_s", "moves"), [(0.5, True), (1.0, False)])
def test_a_real_face_is_known_after_an_occlusion(
    finder: FaceFinder, pair: tuple[moving.Person, moving.Person], gap_s: float, moves: bool
) -> None:
    check(finder, moving.occlusion(pair[0], gap_s, moving=moves))


def test_real_faces_beside_each_other_growing_and_after_a_cut(
    finder: FaceFinder, pair: tuple[moving.Person, moving.Person]
) -> None:
    check(finder, moving.beside(*pair))
    check(finder, moving.growing(pair[1]))
    check(finder, moving.cut(*pair))
    check(finder, moving.cut(*pair, same_place=False))


def test_small_changes_make_nobody_another_person_and_real_pairs_differ(
    finder: FaceFinder, pair: tuple[moving.Person, moving.Person]
) -> None:
    def look(photo: ImageArray) -> Appearance:
        (face,) = finder.find(photo, finder.views(photo.shape[1], photo.shape[0])[:1])
        return appearance_of(photo, face)

    one, other = (look(person.photo) for person in pair)
    darker = look((pair[0].photo * 0.93).astype(np.uint8))
    smaller = look(np.asarray(Image.fromarray(pair[0].photo).reduce(2)))
    assert difference(one, other) > SAME_PERSON > difference(one, darker)
    assert difference(one, smaller) < SAME_PERSON
    assert difference(one, one) == 0 and difference(one, other) == pytest.approx(difference(other, one))


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert tracking.main(["--quick", "--json", "-"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["made"]
