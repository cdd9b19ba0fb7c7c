"""Finding faces: the decoding against a loop, the views, the rules with a detector of paper, real faces."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mien import geometry
from mien.faces import detect
from mien.faces import mesh as meshes
from mien.faces.detect import BlazeFace, FaceFinder, Hit, View, face_of, is_same
from mien.faces.haar import Haar
from mien.models import weights_path
from mien.types import Box, FloatArray, ImageArray

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "detection.py"
ASTRONAUT = Box(178, 67, 274, 175)
BLANK = np.zeros((480, 640, 3), np.uint8)


def test_decoding_agrees_with_a_loop_over_the_anchors() -> None:
    random = np.random.default_rng(0)
    raw = random.normal(0, 20, (2304, 16)).astype(np.float32)
    seen = np.array([0, 47, 48, 1000, 2303])
    rows = detect.decode(raw, seen)
    for row, index in zip(rows, seen, strict=True):
        x, y = (index % 48 + 0.5) / 48 * 192, (index // 48 + 0.5) / 48 * 192
        cx, cy, width, height = raw[index, 0] + x, raw[index, 1] + y, raw[index, 2], raw[index, 3]
        assert row[:4] == pytest.approx([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2], abs=1e-3)
        for k in range(6):
            assert row[4 + 2 * k : 6 + 2 * k] == pytest.approx([raw[index, 4 + 2 * k] + x, raw[index, 5 + 2 * k] + y])


class Nothing(BlazeFace):
    """A detector of paper: it sees what it is told to see, where it looks."""

    def __init__(self, hits: list[Hit]) -> None:
        self.hits = hits

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        seen = [hit for hit in self.hits if math.dist(hit.box.centre, view.centre) < view.side / 2]
        return sorted(seen, key=lambda hit: -hit.score)


class PaperMesh(meshes.MeshNet):
    """A mesh of paper: an ellipse of points that fills its square, present where it is told."""

    def __init__(self, presence: float = 1.0) -> None:
        self.presence = presence

    def __call__(self, image: ImageArray, centre: tuple[float, float], side: float, roll_deg: float) -> meshes.Mesh:
        angles = np.linspace(0, 2 * math.pi, 468)
        points = np.column_stack([np.cos(angles), np.sin(angles), 0 * angles])
        points[[*meshes.RIGHT_EYE, *meshes.LEFT_EYE], :2] = [(-0.6, -0.2), (-0.3, -0.2), (0.3, -0.2), (0.6, -0.2)]
        ends = [meshes.RIGHT_EAR, meshes.LEFT_EAR, meshes.FOREHEAD, meshes.CHIN]
        points[ends, :2] = [(-1, 0), (1, 0), (0, -1), (0, 1)]
        points = np.add(points * side / meshes.CROP_SCALE / 2, (*centre, 0))
        return meshes.Mesh(points.astype(np.float32), self.presence)


def hit(x: float, y: float, side: float, score: float = 0.9) -> Hit:
    """An upright hit."""
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return Hit(box, score, np.zeros((6, 2), np.float32), 0.0)


def boxes(hits: list[Hit], *, presence: float = 1.0) -> list[list[float]]:
    """What a finder of paper makes of hits."""
    finder = FaceFinder(Nothing(hits), PaperMesh(presence))
    return [face.box.to_list() for face in finder.find(BLANK)]


def test_hits_of_one_face_are_one_face_and_neighbours_stay_two_from_left_to_right() -> None:
    found = boxes([hit(400, 100, 60), hit(404, 98, 66), hit(396, 104, 50, 0.6), hit(345, 100, 60)])
    assert [(row[0] + row[2]) / 2 for row in found] == pytest.approx([345, 400], abs=5)


def test_a_part_of_a_face_is_no_face_though_it_scores_higher() -> None:
    found = boxes([hit(300, 200, 200, 0.55), hit(260, 160, 50, 0.95)])
    assert len(found) == 1 and found[0] == pytest.approx([200, 100, 400, 300], abs=1)


def test_a_weak_second_look_or_an_absent_mesh_is_no_face() -> None:
    weak = (detect.FIRST_LOOK + detect.SECOND_LOOK) / 2
    assert boxes([hit(300, 200, 100, weak)]) == []
    assert boxes([hit(300, 200, 100)], presence=0.5) == []


def test_checks_of_a_picture_full_of_hits_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    hits = [hit(x, y, 8) for x in range(4, 640, 8) for y in range(4, 480, 8)]
    finder = FaceFinder(Nothing(hits), PaperMesh(0.0))
    checked: list[Hit] = []
    monkeypatch.setattr(finder, "check", lambda image, hit: checked.append(hit))
    assert finder.find(BLANK, [View((320, 240), 640)]) == []
    assert 0 < len(checked) <= detect.MOST_FAILURES


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tiles_cover_the_picture_and_stay_few(width: int, height: int) -> None:
    squares = detect.tile_squares(width, height)
    assert len(squares) <= 250 * max(width, height) / min(width, height)
    if max(width, height) < 320:
        assert squares == []
        return
    largest = max(side for _, side in squares)
    for x in np.linspace(0, width, 9):
        for y in np.linspace(0, height, 9):
            assert any(max(abs(x - cx), abs(y - cy)) <= largest / 2 + 1e-6 for (cx, cy), _ in squares)


def test_views_begin_with_the_whole_picture_upright_and_end_there_without_tiles() -> None:
    with_tiles = FaceFinder(Nothing([]), PaperMesh()).views(640, 480)
    without = FaceFinder(Nothing([]), PaperMesh(), tiles=False).views(640, 480)
    assert with_tiles[0] == View((320, 240), 640, 0)
    assert with_tiles[: len(without)] == without and len(with_tiles) > len(without)
    assert all(view.side == 640 for view in without)


@given(st.floats(0, 500), st.floats(0, 500), st.floats(1, 300), st.floats(0.5, 4))
def test_sameness_is_mutual_and_keeps_with_scale(x: float, y: float, side: float, scale: float) -> None:
    a, b = hit(250, 250, 100).box, hit(x, y, side).box
    grown = [Box(*(scale * v for v in box.to_list())) for box in (a, b)]
    distance = math.hypot(x - 250, y - 250)
    if abs(distance - 0.5 * max(side, 100)) > 1e-3:
        assert is_same(a, b) == is_same(b, a) == is_same(*grown) == (distance < 0.5 * max(side, 100))


def test_a_face_takes_all_from_its_mesh() -> None:
    mesh = PaperMesh(0.95)(BLANK, (100, 120), 90, 0)
    face = face_of(mesh, 0.8)
    assert face.score == pytest.approx(0.8 * 0.95)
    assert face.box == meshes.box_of(mesh.points)
    assert np.array_equal(face.keypoints, meshes.keypoints(mesh.points)) and face.mesh is mesh.points


# --- real networks ---


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    net = meshes.MeshNet(weights_path("face_landmark"))
    return FaceFinder(BlazeFace(weights_path("face_detection_full_range")), net)


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> ImageArray:
    return np.asarray(Image.open(astronaut).convert("RGB"))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_astronaut_is_found_at_every_quarter_turn(finder: FaceFinder, photo: ImageArray, quarters: int) -> None:
    before = photo.copy()
    (face,) = finder.find(np.ascontiguousarray(np.rot90(photo, -quarters)))
    x, y = ASTRONAUT.centre
    for _ in range(quarters):
        x, y = 512 - y, x
    assert math.dist(face.box.centre, (x, y)) < 12
    assert abs(geometry.wrap_deg(face.roll_deg - 90 * quarters)) < 8
    assert 0 < face.score <= 1 and face.mesh is not None
    assert np.array_equal(photo, before)


def test_a_view_is_seen_as_turned_as_it_is(finder: FaceFinder, photo: ImageArray) -> None:
    for roll in (0, 30, -30):
        hits = finder.detector.look(photo, View(ASTRONAUT.centre, 300, roll))
        assert is_same(hits[0].box, ASTRONAUT)
        assert abs(hits[0].roll_deg) < 20  # the face is upright in the picture, however it is looked at
        assert _inside(hits[0].keypoints[:4], ASTRONAUT)


def _inside(points: FloatArray, box: Box) -> bool:
    return bool(((points > [box.x1, box.y1]) & (points < [box.x2, box.y2])).all())


def test_a_small_face_needs_tiles(finder: FaceFinder, photo: ImageArray) -> None:
    scene = np.full((480, 640, 3), 118, np.uint8)
    small = np.asarray(Image.fromarray(photo).resize((142, 142), Image.Resampling.LANCZOS))  # a face of 30 px
    scene[300:442, 40:182] = small
    (face,) = finder.find(scene)
    assert math.dist(face.box.centre, (40 + 226 * 142 / 512, 300 + 121 * 142 / 512)) < 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (3, 5), (192, 192)])
def test_pictures_of_any_shape_are_looked_at(finder: FaceFinder, shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert finder.find(picture) == []


def test_haar_finds_an_upright_face_and_lends_keypoints_where_no_mesh_is(photo: ImageArray) -> None:
    haar = Haar()
    hits = haar.look(photo, View((256, 256), 512))
    assert any(is_same(one.box, ASTRONAUT) for one in hits)
    blind = FaceFinder(haar, PaperMesh(0.0))
    face = next(face for face in blind.find(photo) if is_same(face.box, ASTRONAUT))
    assert face.mesh is None and face.keypoints.shape == (6, 2) and face.roll_deg == 0
    seeing = FaceFinder(haar, meshes.MeshNet(weights_path("face_landmark")))
    meshed = next(face for face in seeing.find(photo) if is_same(face.box, ASTRONAUT))
    assert meshed.mesh is not None
    assert np.abs(meshed.keypoints[:4] - face.keypoints[:4]).max() < 0.2 * ASTRONAUT.side


def test_the_benchmark_runs() -> None:
    pytest.importorskip("skimage")
    command = [sys.executable, str(BENCHMARK), "--quick", "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)["results"]
    assert results["default"]["photos at 0 degrees"]["found"] == 1
    assert results["default"].keys() == results["haar"].keys()
