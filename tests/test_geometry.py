"""Geometry against brute force and algebra."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mien import geometry

angles = st.floats(-720, 720)
numbers = st.floats(-500, 500)
whole_boxes = st.tuples(*[st.integers(0, 12)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


def pixels(box: tuple[int, int, int, int]) -> set[tuple[int, int]]:
    """The pixels that a box covers, its far edges exclusive."""
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


@given(st.lists(whole_boxes, max_size=4), st.lists(whole_boxes, max_size=4))
def test_iou_counts_pixels(a: list[tuple[int, int, int, int]], b: list[tuple[int, int, int, int]]) -> None:
    said = geometry.iou_matrix(a, b)
    assert said.shape == (len(a), len(b))
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            union = pixels(one) | pixels(other)
            expected = len(pixels(one) & pixels(other)) / len(union) if union else 0
            assert said[i, j] == pytest.approx(expected)


scored = st.lists(st.tuples(whole_boxes, st.floats(0.1, 1)), max_size=8)


@given(scored, st.floats(0.1, 0.9))
def test_blending_accounts_for_every_hit(hits: list[tuple[tuple[int, int, int, int], float]], threshold: float) -> None:
    assume(hits)
    boxes, scores = np.array([hit[0] for hit in hits], float), [hit[1] for hit in hits]
    tagged = np.column_stack([boxes, np.eye(len(hits))])  # each hit's share in a group's mean shows
    groups = geometry.weighted_suppress(tagged, scores, threshold)
    shares = np.array([row[4:] for row, _ in groups])
    assert ((shares > 0).sum(axis=0) == 1).all()  # every hit is in one group
    assert [best for _, best in groups] == sorted((best for _, best in groups), reverse=True)
    for row, best in groups:
        members = np.flatnonzero(row[4:])
        weights = np.array(scores)[members]
        assert best == pytest.approx(weights.max())
        assert row[:4] == pytest.approx((boxes[members] * weights[:, None]).sum(0) / weights.sum())


@given(angles, st.floats(0.05, 20), numbers, numbers, st.integers(2, 6))
def test_a_similarity_is_found_again(turn: float, scale: float, dx: float, dy: float, count: int) -> None:
    a, b = scale * math.cos(math.radians(turn)), scale * math.sin(math.radians(turn))
    matrix = np.array([[a, -b, dx], [b, a, dy]])
    source = np.random.default_rng(count).uniform(-100, 100, (count, 2))
    found = geometry.similarity(source, geometry.apply(matrix, source))
    assert found == pytest.approx(matrix, abs=1e-5)
    assert geometry.scale_of(found) == pytest.approx(scale)


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=3), st.integers(0, 9))
def test_no_similarity_near_the_fitted_one_fits_better(target: list[tuple[float, float]], seed: int) -> None:
    random = np.random.default_rng(seed)
    source = random.uniform(-100, 100, (3, 2))
    best = geometry.similarity(source, target)

    def error(matrix: geometry.Matrix) -> float:
        return float(((geometry.apply(matrix, source) - target) ** 2).sum())

    for a, b, dx, dy in random.normal(0, 0.1, (10, 4)):
        near = best + np.array([[a, -b, dx], [b, a, dy]])
        assert error(best) <= error(near) + 1e-6


def test_a_similarity_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="two different"):
        geometry.similarity([[1, 1], [1, 1]], [[0, 0], [1, 1]])


@given(numbers, numbers, st.floats(1, 500), angles, st.integers(1, 512))
def test_a_turned_square_fills_its_pixels(x: float, y: float, side: float, roll: float, size: int) -> None:
    matrix = geometry.square_to_pixels((x, y), side, roll, size)
    along = np.array([math.cos(math.radians(roll)), math.sin(math.radians(roll))])
    down = np.array([-along[1], along[0]])  # clockwise on the screen
    corners = [(x, y) + side / 2 * (i * along + j * down) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    expected = size * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert geometry.apply(matrix, corners) == pytest.approx(expected, abs=1e-6 * size)
    back = geometry.apply(geometry.invert(matrix), expected)
    assert back == pytest.approx(np.array(corners), abs=1e-6 * (side + 500))


@given(angles)
def test_angles_wrap_and_directions_are_clockwise(angle: float) -> None:
    wrapped = geometry.wrap_deg(angle)
    assert -180 < wrapped <= 180
    assert math.isclose((wrapped - angle + 180) % 360, 180, abs_tol=1e-6)
    end = (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
    assert abs(geometry.wrap_deg(geometry.angle_deg((0, 0), end) - angle)) < 1e-6
