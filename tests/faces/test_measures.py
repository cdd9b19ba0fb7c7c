"""Measures of the mesh: free of where and how the face is turned, and moved by the points that they are named after."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mien.faces import measures
from mien.types import FloatArray

PLACE = np.array([300.0, 200.0, 0.0])
SCALE = 80.0  # px between the eyes


@pytest.fixture(scope="module")
def face() -> FloatArray:
    return neutral_face()


def neutral_face() -> FloatArray:
    """The mean neutral mesh, in a picture."""
    return (measures.neutral().mesh * SCALE + PLACE).astype(np.float32)


def test_the_mean_neutral_face_measures_as_neutral(face: FloatArray) -> None:
    assert all(abs(value) < 0.6 for value in measures.measure(face).values())


def test_a_turned_moved_and_scaled_mesh_measures_the_same(face: FloatArray) -> None:
    plain = measures.measure(face)

    @given(st.floats(-180, 180), st.floats(-60, 60), st.floats(-40, 40), st.floats(0.05, 20), st.floats(-2000, 2000))
    def check(roll: float, yaw: float, pitch: float, scale: float, shift: float) -> None:
        turn = Rotation.from_euler("zyx", [roll, yaw, pitch], degrees=True).as_matrix()
        moved = ((face - PLACE) @ turn.T * scale + PLACE + shift).astype(np.float64)
        found = measures.measure(moved)  # type: ignore[arg-type]
        assert found == pytest.approx(plain, abs=0.02)

    check()


def test_a_mesh_is_brought_onto_the_reference_as_scipy_does() -> None:
    random = np.random.default_rng(3)
    still = random.normal(size=(len(measures.STILL), 3))
    mesh = random.normal(size=(468, 3))
    mesh[list(measures.STILL)] = still * 3 + random.normal(scale=0.1, size=still.shape)
    found = measures.align(mesh[None], still)[0]
    own, target = mesh[list(measures.STILL)], still - still.mean(0)
    turn, _ = Rotation.align_vectors(target, own - own.mean(0))
    turned = turn.apply(mesh - own.mean(0))
    at = turned[list(measures.STILL)]
    scale = (at * target).sum() / (at**2).sum()
    assert found == pytest.approx(scale * turned + still.mean(0), abs=1e-6)


def test_no_alignment_mirrors() -> None:
    still = measures.neutral().still
    points = np.zeros((1, 468, 3))
    points[0, list(measures.STILL)] = still * [-1, 1, 1]
    aligned = measures.align(points, still)[0, list(measures.STILL)]
    assert np.abs(aligned - still).max() > 0.1


@pytest.mark.parametrize("name", measures.MEASURES)
def test_a_measure_grows_with_each_of_its_spans_as_its_name_says(face: FloatArray, name: str) -> None:
    plain = measures.measure(face)[name]
    for span_name, sign in measures.MEASURES[name].items():
        span = measures.SPANS[span_name]
        free = [point for point in span.to if point not in measures.STILL]
        direction = 1.0
        if not free:  # the end of the span stays: its beginning moves
            free, direction = [point for point in span.start if point not in measures.STILL], -1.0
        moved = face.copy()
        moved[free, span.axis] += sign * direction * 0.05 * SCALE
        found = measures.measure(moved)[name]
        weight = measures.neutral().weights[name][span_name]
        assert found > plain if weight else found == pytest.approx(plain, abs=1e-3)


def test_the_reference_says_where_it_comes_from_and_holds_every_measure() -> None:
    data = json.loads((resources.files("mien.faces") / "neutral.json").read_text(encoding="utf-8"))
    assert "Training" in data["origin"] and "PrivateTest" not in data["origin"]
    neutral = measures.neutral()
    assert neutral.mesh.shape == (468, 3)
    assert measures.canonical(neutral.mesh) == pytest.approx(neutral.mesh, abs=1e-3)
    for name, signs in measures.MEASURES.items():
        assert neutral.spread[name] > 0 and math.isfinite(neutral.mean[name])
        assert neutral.weights[name].keys() == signs.keys()
        assert all(neutral.weights[name][span] * sign >= 0 for span, sign in signs.items())
        assert any(neutral.weights[name].values())
    assert measures.Neutral.from_dict(json.loads(json.dumps(neutral.to_dict()))).mean == neutral.mean


def test_the_fit_finds_the_faces_that_were_made() -> None:
    """Neutral faces of a known shape, each turned and scaled at random, with noise of a known spread at the mouth."""
    random = np.random.default_rng(0)
    shape = measures.canonical(random.normal(size=(468, 3)))
    made = np.repeat(shape[None], 400, 0)
    made[:, list(measures.CORNERS), 0] += random.normal(scale=0.05, size=(400, 1)) * [-1, 1]
    turns = Rotation.from_euler("zyx", random.uniform(-40, 40, (400, 3)), degrees=True).as_matrix()
    made = np.einsum("nij,nkj->nki", turns, made) * random.uniform(10, 200, (400, 1, 1)) + 100
    found = measures.fit_neutral(made.astype(np.float64))  # type: ignore[arg-type]
    assert found.still == pytest.approx(shape[list(measures.STILL)], abs=1e-3)
    width = shape[measures.CORNERS[1], 0] - shape[measures.CORNERS[0], 0]
    assert found.mean["mouth_width"] == pytest.approx(width, abs=0.01)
    assert found.spread["mouth_width"] == pytest.approx(0.1, rel=0.15)


def test_a_mesh_gone_astray_gives_finite_numbers(face: FloatArray) -> None:
    wild = np.random.default_rng(1).normal(scale=1e4, size=(468, 3)).astype(np.float32)
    flat = np.zeros((468, 3), np.float32)
    for points in (wild, flat):
        assert all(abs(value) <= measures.FARTHEST for value in measures.measure(points).values())
    assert np.array_equal(face, neutral_face())  # nothing was changed on the way
