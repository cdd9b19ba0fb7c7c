"""Figures of heat-maps: colours stand where the map says, words say what it explains, lines are what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from mien import catalogue
from mien.explain import map_figures, maps
from mien.explain.heatmap import Heatmap
from mien.report import map_charts
from mien.report.charts import DARK, LIGHT, Theme
from mien.types import ImageArray

SIDE, PX = 24, 96


@pytest.fixture
def crop() -> ImageArray:
    return np.full((SIDE, SIDE), 120, np.uint8)


def halves(method: str = "cam", against: str | None = None) -> Heatmap:
    """The left speaks for the label, the right against it, the middle says nothing."""
    values = np.zeros((SIDE, SIDE), np.float32)
    values[:, :8], values[:, 16:] = 3, -3
    return Heatmap(values, method, "votes", "happy", against)


def test_what_speaks_for_the_label_glows_and_the_rest_stays_the_face(crop: ImageArray) -> None:
    shown = map_figures.over_face(halves(), crop, PX)
    assert shown.shape == (PX, PX, 3)
    assert (np.abs(shown[:, 44:].astype(int) - 120) <= 1).all()
    assert (np.ptp(shown[:, :24].astype(int), axis=2) > 40).all()


def test_for_is_orange_and_against_is_blue(crop: ImageArray) -> None:
    red, _, blue = map_figures.signed_over_face(halves(), crop, PX).astype(int).transpose(2, 0, 1)
    assert (red[:, :24] > blue[:, :24] + 60).all()
    assert (blue[:, 72:] > red[:, 72:] + 60).all()
    assert (np.abs(red - blue)[:, 44:52] <= 2).all()


def test_a_map_of_nothing_leaves_the_face_as_it_is(crop: ImageArray) -> None:
    nothing = Heatmap(np.zeros((SIDE, SIDE), np.float32), "cam", "votes", "happy")
    for draw in (map_figures.over_face, map_figures.signed_over_face):
        assert (draw(nothing, crop, PX) == 120).all()
    assert catalogue.message("maps.nothing", "en") in map_figures.method_words(nothing)
    assert catalogue.message("maps.nothing", "en") not in map_figures.method_words(halves())


@pytest.mark.parametrize("language", catalogue.languages())
@pytest.mark.parametrize("signed", [False, True])
def test_a_row_has_a_place_for_each_map(crop: ImageArray, language: str, signed: bool) -> None:
    some = [halves(method) for method in maps.METHODS]
    before = [one.values.copy() for one in some]
    row = map_figures.method_row(some, crop, model="default", signed=signed, language=language)
    one = map_figures.method_row(some[:1], crop, model="default", signed=signed, language=language)
    step = map_figures.ROW_PX + map_figures.panels.GAP_PX
    assert row.shape[1] == 5 * step - map_figures.panels.GAP_PX + 2 * map_figures.panels.EDGE_PX
    assert one.shape[1] < row.shape[1]
    assert all(np.array_equal(a, b.values) for a, b in zip(before, some, strict=True))


def test_the_title_says_what_is_explained() -> None:
    assert map_figures.title_words(halves(), "default") == "What speaks for “happy” (default)"
    both = map_figures.title_words(halves(against="surprise"), "default")
    assert both == "What speaks for “happy” rather than “surprised” (default)"


def test_a_map_that_was_not_shown_to_be_better_than_a_guess_says_so() -> None:
    warning, values = catalogue.message("maps.unproven", "en"), halves().values
    for layer, is_marked in (("trunk", False), ("trunk.5", True), ("stem.0", True)):
        found = Heatmap(values, "gradcam", "votes", "happy", layer=layer)
        assert (warning in map_figures.method_words(found)) == is_marked
    assert not any(warning in map_figures.method_words(halves(name)) for name in maps.METHODS if name != "gradcam")
    assert maps.DEFAULT_METHOD in maps.METHODS


CURVES = {"cam": {"deletion": [0.9, 0.3, 0.1], "insertion": [0.1, 0.6, 0.9]},
          "random": {"deletion": [0.9, 0.6, 0.1], "insertion": [0.1, 0.4, 0.9]}}  # fmt: skip


def test_lines_go_through_the_curves() -> None:
    figure: Figure = map_charts.faithfulness(CURVES, LIGHT, solid=1)
    for axes, kind in zip(figure.axes, ("deletion", "insertion"), strict=True):
        for line, pair in zip(axes.get_lines(), CURVES.values(), strict=True):
            assert np.allclose(line.get_xdata(), [0, 0.5, 1])
            assert np.allclose(line.get_ydata(), pair[kind])
        low, high = axes.get_ylim()
        assert low == 0
        assert high > max(value for pair in CURVES.values() for values in pair.values() for value in values)
    assert [line.get_linestyle() for line in figure.axes[0].get_lines()] == ["-", "--"]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_bars_are_the_shares_of_heat_and_marks_those_of_the_crop(theme: Theme) -> None:
    shares = {"happy": (0.1, 0.3), "sad": (0.2, 0.25)}
    axes = map_charts.outside(shares, theme).axes[0]
    assert np.allclose([bar.get_width() for bar in axes.patches], [0.1, 0.2])
    assert np.allclose(axes.get_lines()[0].get_xdata(), [0.3, 0.25])
    assert [one.get_text() for one in axes.get_yticklabels()] == ["happy", "sad"]


def test_charts_are_pictures() -> None:
    for picture in (map_figures.curves_chart(CURVES), map_figures.outside_chart({"happy": (0.1, 0.3)}, dark=True)):
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert np.ptp(picture) > 100
    assert map_figures.curves_chart({}).ndim == map_figures.outside_chart({}).ndim == 3
