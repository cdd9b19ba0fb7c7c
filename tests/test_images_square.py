"""Turned squares of a picture as networks want them: every pixel from its place, large ones averaged, black outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien import geometry, images


def test_a_large_square_is_averaged_a_small_one_is_not() -> None:
    grain = np.random.default_rng(0).integers(0, 256, (960, 960, 3)).astype(np.uint8)
    fine, _ = images.draw_square(grain, (480, 480), 192, 0, 192)
    coarse, matrix = images.draw_square(grain, (480, 480), 960, 0, 192)
    assert np.array_equal(fine, grain[384:576, 384:576])
    assert coarse.shape == (192, 192, 3) and coarse.std() < fine.std() / 2
    assert geometry.apply(matrix, [[480, 480]])[0] == pytest.approx([96, 96])


@given(
    centre=st.tuples(st.floats(-300, 1300), st.floats(-300, 1000)),
    side=st.floats(10, 4000),
    roll=st.floats(-180, 180),
)
def test_every_pixel_of_a_square_shows_its_place(centre: tuple[float, float], side: float, roll: float) -> None:
    # The picture's colours say where they are: red across, green down; beyond the edge the last ones go on.
    ramp = np.zeros((700, 1003, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(1003) / 4, np.arange(700)[:, None] / 3
    crop, matrix = images.draw_square(ramp, centre, side, roll, 24)
    middles = np.stack(np.meshgrid(np.arange(24) + 0.5, np.arange(24) + 0.5), -1).reshape(-1, 2)
    there = geometry.apply(geometry.invert(matrix), middles)
    # Up to 8 px are averaged, and of the last ones up to 3 belong to no whole block.
    slack = 2 + 8 / 3
    assert crop[..., 0].ravel() == pytest.approx(np.clip(there[:, 0], 0, 1003) / 4, abs=slack)
    assert crop[..., 1].ravel() == pytest.approx(np.clip(there[:, 1], 0, 700) / 3, abs=slack)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 2), (3, 3)])
def test_a_thin_picture_has_squares_too(shape: tuple[int, int]) -> None:
    crop, _ = images.draw_square(np.full((*shape, 3), 99, np.uint8), (shape[1] / 2, shape[0] / 2), 900.0, 30.0, 192)
    assert crop.shape == (192, 192, 3) and (crop == 99).all()


@given(st.tuples(st.floats(-300, 700), st.floats(-300, 700)), st.floats(20, 3000), st.floats(-180, 180))
def test_outside_is_black_where_that_is_wanted(centre: tuple[float, float], side: float, roll: float) -> None:
    white = np.full((400, 500, 3), 255, np.uint8)
    crop, matrix = images.draw_square(white, centre, side, roll, 32, black=True)
    middles = np.stack(np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5), -1).reshape(-1, 2)
    x, y = geometry.apply(geometry.invert(matrix), middles).T
    inside = np.minimum(np.minimum(x, 500 - x), np.minimum(y, 400 - y))  # px to the nearest edge, below 0 outside
    slack = max(side / 32, 4) + 4  # a pixel of the crop, and pixels at the edge that fill no whole block
    assert (crop.reshape(-1, 3)[inside > slack] == 255).all()
    assert (crop.reshape(-1, 3)[inside < -slack] == 0).all()
