"""Figures from tiles: sizes that follow from their parts, colours against the scale, nothing changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.explain import panels
from mien.explain.panels import EDGE_PX, GAP_PX, ROW_GAP_PX, Tile


def test_a_figure_is_as_large_as_its_tiles_ask_for() -> None:
    tile = Tile(np.full((40, 30, 3), 7, np.uint8))
    figure = panels.compose([[tile, tile, tile], [tile]])
    assert figure.shape == (2 * EDGE_PX + 2 * (40 + ROW_GAP_PX), 2 * EDGE_PX + 3 * 30 + 2 * GAP_PX, 3)
    assert (figure == 7).all(2).sum() == 4 * 40 * 30
    left = EDGE_PX + 30 + GAP_PX
    assert (figure[EDGE_PX : EDGE_PX + 40, left : left + 30] == 7).all()
    assert panels.compose([]).shape == (2 * EDGE_PX, 2 * EDGE_PX, 3)
    assert np.array_equal(panels.grid([tile] * 4, 3), figure)


def test_words_take_their_place_and_are_wrapped() -> None:
    plain = panels.compose([[Tile(np.zeros((20, 60, 3), np.uint8))]])
    short = panels.compose([[Tile(np.zeros((20, 60, 3), np.uint8), ("a",))]])
    long = panels.compose([[Tile(np.zeros((20, 60, 3), np.uint8), ("many words that need lines",))]])
    assert plain.shape[1] == short.shape[1] == long.shape[1]
    assert plain.shape[0] < short.shape[0] < long.shape[0]
    noted = panels.compose([[Tile(np.zeros((20, 60, 3), np.uint8))]], title="Title", note="note " * 60)
    assert noted.shape[1] == panels.LEAST_NOTE_PX + 2 * EDGE_PX and (noted[:, -EDGE_PX // 2 :] == 255).all()


def test_a_map_goes_from_dark_to_bright() -> None:
    ramp = np.linspace(-3, 5, 16, dtype=np.float32).reshape(1, 16).repeat(16, 0)
    light = panels.coloured(ramp, 128).astype(int).sum(2)[64]
    assert light[4] < 60 and light[-4] > 500 and (np.diff(light[4::8]) > 0).all()
    blocks = panels.coloured(np.array([[0, 1], [2, 3]], np.float32), 8)
    assert len(np.unique(blocks.reshape(-1, 3), axis=0)) == 4 and (blocks[:4, :4] == blocks[0, 0]).all()
    flat = panels.coloured(np.full((4, 4), 2.5, np.float32), 16)
    assert (flat == flat[0, 0]).all() and flat[0, 0].sum() < 20
    half = panels.coloured(np.full((4, 4), 2.5, np.float32), 16, low=0, high=5)
    assert (half == half[0, 0]).all() and 200 < half[0, 0].sum() < 500


@given(st.integers(1, 60), st.integers(1, 60), st.integers(8, 90))
def test_maps_of_any_size_fit_the_tile(rows: int, columns: int, px: int) -> None:
    values = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    assert panels.coloured(values, px).shape == (px, px, 3)


def test_heat_leaves_cold_places_as_they_are() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (24, 24), dtype=np.uint8)
    heat = np.zeros((24, 24), np.float32)
    assert np.array_equal(panels.overlay(crop, heat, 96), panels.face(crop, 96))
    heat[18:, 18:] = 1
    lit = panels.overlay(crop, heat, 96)
    assert np.array_equal(lit[:60, :60], panels.face(crop, 96)[:60, :60])
    assert not np.array_equal(lit[80:, 80:], panels.face(crop, 96)[80:, 80:])


def test_a_frame_is_drawn_on_a_copy() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    marked = panels.framed(picture, np.array([10, 20, 50, 60], np.float32), (30, 40))
    assert not picture.any()
    ys, xs = np.nonzero(marked.any(2))
    assert (xs.min(), ys.min(), xs.max(), ys.max()) == (10, 20, 49, 59)
    assert marked[20, 30].tolist() == list(panels.FRAME) and not marked[40, 30].any() and marked[37:44, 30].any()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.4178, "3.42"),
        (126.7, "127"),
        (-0.25, "-0.25"),
        (0.00064, "6e-04"),
        (99.96, "100"),
        (12.34, "12.3"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert panels.number(value) == text


def test_layers_names_break_behind_dots() -> None:
    assert panels.name_lines("trunk.2.shortcut.0", 72) == ("trunk.2.", "shortcut.0")
    assert panels.name_lines("stem.0", 72) == ("stem.0",)
    assert "".join(panels.name_lines("a.very.long.path.of.modules", 20)) == "a.very.long.path.of.modules"
