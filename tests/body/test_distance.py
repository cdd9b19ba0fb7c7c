"""Distances of heads whose place is known, in closed form and in a made population."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from heads import View, face_of, head_of, seen
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.body.distance import SIZES_CM, Ruler, distance_of
from mien.body.lens import Lens, fov_of_focal, lens_of
from mien.errors import UsageError
from mien.types import Distance, Frame

angles = st.floats(-40, 40)
views = st.builds(
    View,
    away_cm=st.floats(30, 400),
    yaw=angles,
    pitch=st.floats(-25, 25),
    roll=st.floats(-180, 180),
    focal_px=st.sampled_from([400.0, 900.0, 3000.0]),
    across=st.floats(-500, 500),
    below=st.floats(-250, 250),
)


def measured(view: View, *, spread: float = 0.0, sizes=SIZES_CM, focal_px: float | None = None) -> Distance:
    found = distance_of(seen(head_of(sizes), view), Lens(focal_px or view.focal_px, spread), view.size)
    assert found is not None
    return found


@given(views)
@settings(max_examples=25)
def test_an_average_head_is_where_it_is_wherever_that_is_and_however_it_is_turned(view: View) -> None:
    found = measured(view)
    assert found.value == pytest.approx(view.away_cm, rel=2e-3)
    assert found.low < found.value < found.high


@given(views, st.floats(0.5, 2))
@settings(max_examples=20)
def test_twice_the_focal_length_is_twice_the_distance(view: View, factor: float) -> None:
    flat = seen(head_of(), replace(view, across=0.0, below=0.0))
    flat[:, 2] = 0  # of a face in relief, what lies before the eyes looks larger the nearer it is
    once, twice = (distance_of(flat, Lens(focal_px, 0.1), view.size) for focal_px in (900, 900 * factor))
    assert once is not None and twice is not None
    assert [twice.value, twice.low, twice.high] == pytest.approx(
        [factor * v for v in (once.value, once.low, once.high)]
    )


@given(views, st.floats(0.5, 2))
@settings(max_examples=20)
def test_a_head_of_half_the_size_looks_twice_as_far(view: View, factor: float) -> None:
    mesh = seen(head_of(), view)
    small = seen(head_of() * factor, replace(view, away_cm=view.away_cm * factor))
    assert np.allclose(mesh, small, atol=0.02)  # one picture, two heads: nobody can tell them apart
    child = measured(view, sizes=SIZES_CM * factor)
    assert child.value == pytest.approx(view.away_cm / factor, rel=2e-3)


@given(views, st.floats(-180, 180))
@settings(max_examples=20)
def test_roll_does_not_matter(view: View, roll: float) -> None:
    middle = replace(view, across=0.0, below=0.0)
    one, other = measured(middle), measured(replace(middle, roll=roll))
    assert [other.value, other.low, other.high] == pytest.approx([one.value, one.low, one.high], rel=1e-3)


@given(views)
@settings(max_examples=25)
def test_the_larger_picture_of_the_same_scene_says_the_same(view: View) -> None:
    large = seen(head_of(), view) * 2
    found = distance_of(large, Lens(2 * view.focal_px, 0.1), (2 * view.size[0], 2 * view.size[1]))
    assert found is not None and found.value == pytest.approx(view.away_cm, rel=2e-3)


def test_more_doubt_makes_a_wider_range() -> None:
    def width(view: View, spread: float = 0.04) -> float:
        found = measured(view, spread=spread)
        return found.high / found.low

    near = View(60)
    assert width(near) < width(near, spread=0.2)
    assert width(near) < width(replace(near, yaw=40))
    assert width(near) < width(replace(near, away_cm=1500))  # few pixels


# Zhuang and Bradtmiller 2005 (cheeks, by sex), Dodgson 2004 (eyes), Farkas 1994 (nose), mm: mean and sd of each sex.
MEN, WOMEN = np.array([[64.7, 3.7], [143.5, 6.9], [51.5, 3.8]]), np.array([[62.3, 3.6], [135.1, 6.5], [48.5, 3.6]])


def test_nine_in_ten_of_a_population_lie_within_the_range() -> None:
    random, lens, held, errors = np.random.default_rng(3), Lens(900.0, 0.04), 0, []
    for _ in range(400):
        of_sex = MEN if random.random() < 0.5 else WOMEN
        head = head_of(random.normal(of_sex[:, 0], of_sex[:, 1]) / 10)
        view = View(
            random.uniform(30, 300), random.uniform(-40, 40), random.uniform(-20, 20),
            focal_px=lens.focal_px * np.exp(random.normal(0, lens.spread)),
        )  # fmt: skip
        mesh = seen(head, view).astype(np.float64)
        mesh[:, 2] *= random.normal(1, 0.15)
        mesh[:, :2] += random.normal(0, 0.4, (468, 2))
        found = distance_of(mesh.astype(np.float32), lens, view.size)
        assert found is not None
        held += found.low <= view.away_cm <= found.high
        errors.append(np.log(found.value / view.away_cm))
    assert 0.90 <= held / 400 <= 0.99  # neither too narrow nor so wide that it says nothing
    assert abs(np.mean(errors)) < 0.01


@pytest.mark.parametrize("mesh", [np.zeros((468, 3)), np.full((468, 3), np.nan), np.full((468, 3), np.inf)])
def test_a_mesh_that_is_none_has_no_distance(mesh: np.ndarray) -> None:
    assert distance_of(mesh.astype(np.float32), Lens(900.0, 0.1), (640, 480)) is None


@given(st.integers(0, 2**32 - 1))
def test_any_mesh_gives_a_positive_distance_or_none(seed: int) -> None:
    mesh = np.random.default_rng(seed).normal(0, 1e4, (468, 3)).astype(np.float32)
    found = distance_of(mesh, Lens(100.0, 0.1), (640, 480))
    assert found is None or 0 < found.low < found.value < found.high < np.inf


# --- lenses -----------------------------------------------------------------------------------------------------------


def frame(focal_px: float | None = None, time_s: float = 0.0) -> Frame:
    return Frame(np.zeros((720, 1280, 3), np.uint8), time_s=time_s, focal_px=focal_px)


def test_what_is_asked_for_counts_before_the_file_and_the_file_before_what_is_usual() -> None:
    asked, told = lens_of(frame(500.0), fov_deg=90), lens_of(frame(500.0))
    assert asked.focal_px == pytest.approx(640) and told.focal_px == 500
    camera, still = lens_of(frame(), stream=True), lens_of(frame())
    assert asked.spread < camera.spread < still.spread and told.spread < camera.spread
    assert 60 <= fov_of_focal(1280, camera.focal_px) <= 70  # a usual webcam's


@pytest.mark.parametrize("fov_deg", [0, -30, 0.5, 171, 180, 360, float("nan"), float("inf")])
def test_an_impossible_field_of_view_is_refused(fov_deg: float) -> None:
    with pytest.raises(UsageError, match="1 to 170 degrees"):
        Ruler(fov_deg)


# --- streams ----------------------------------------------------------------------------------------------------------


def walk(ruler: Ruler, places: list[float], *, step_s: float = 1 / 30) -> list[float]:
    values = []
    for index, away_cm in enumerate(places):
        face = face_of(seen(head_of(), View(away_cm)), track_id=1)
        found = ruler.measure(frame(900.0, index * step_s), [face], stream=True)[0].distance_cm
        assert found is not None
        values.append(found.value)
    return values


def test_a_step_is_followed_in_the_time_constant() -> None:
    values = walk(Ruler(smoothing_s=0.3), [50.0] * 10 + [100.0] * 90)
    assert values[9] == pytest.approx(50, rel=1e-3)
    assert values[9 + 9] == pytest.approx(50 * 2 ** (1 - np.exp(-1)), rel=1e-3)  # 0.3 s later
    assert values[-1] == pytest.approx(100, rel=1e-3)


def test_jumps_become_smaller_and_the_middle_stays() -> None:
    jumping = list(100 * np.exp(np.random.default_rng(0).normal(0, 0.05, 300)))
    raw, steady = (np.log(walk(Ruler(smoothing_s=s), jumping)) for s in (0.0, 0.3))
    assert np.std(raw) == pytest.approx(0.05, rel=0.1)
    assert np.std(steady) < 0.4 * np.std(raw)
    assert steady.mean() == pytest.approx(raw.mean(), abs=0.01)


def test_stills_people_and_seeks_are_apart() -> None:
    ruler = Ruler(smoothing_s=10.0)
    near, far = (seen(head_of(), View(away_cm)) for away_cm in (50.0, 200.0))

    def value(mesh, who: int | None, time_s: float, *, stream: bool = True) -> float:
        found = ruler.measure(frame(900.0, time_s), [face_of(mesh, track_id=who)], stream=stream)[0].distance_cm
        assert found is not None
        return found.value

    assert value(near, 1, 0.0) == pytest.approx(50, rel=1e-3)
    assert value(far, 1, 0.1) < 55  # smoothed
    assert value(far, 2, 0.1) == pytest.approx(200, rel=1e-3)  # somebody else
    assert value(far, None, 0.2, stream=False) == pytest.approx(200, rel=1e-3)
    assert value(far, 1, 0.05) == pytest.approx(200, rel=1e-3)  # back in time: anew
    assert value(near, 1, 9.0) == pytest.approx(50, rel=1e-3)  # gone for long
    ruler.reset()
    assert value(far, 1, 9.0) == pytest.approx(200, rel=1e-3)


def test_a_face_without_a_mesh_is_left_and_none_is_changed() -> None:
    mesh = seen(head_of(), View(80.0))
    bare, whole = replace(face_of(mesh), mesh=None), face_of(mesh)
    found = Ruler().measure(frame(900.0), [bare, whole])
    assert found[0].distance_cm is None and found[1].distance_cm is not None
    assert whole.distance_cm is None
