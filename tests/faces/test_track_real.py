"""The tracker on real faces, moved about (benchmarks/moving.py), with the real networks."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.faces.appearance import Appearance, appearance_of, difference
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.faces.track import SAME_PERSON
from mien.models import weights_path
from mien.types import ImageArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import moving  # noqa: E402
import tracking  # noqa: E402

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
