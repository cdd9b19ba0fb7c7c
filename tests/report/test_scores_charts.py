"""The charts of scores: what is drawn where is what the object says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from scores_sample import KINDS, full_scores, plain_scores

from mien.data.faceset import FaceSet
from mien.report import charts, scores_charts
from mien.report.charts import DARK, LIGHT, Theme


def points(figure: Figure, axes: int = 0) -> dict[str, np.ndarray]:
    """The lines of a panel by their names: (N, 2)."""
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in figure.axes[axes].get_lines()}


@pytest.fixture(scope="module")
def votes() -> dict[str, Any]:
    found: dict[str, Any] = plain_scores()["heads"]["votes"]
    return found


def test_the_confusion_chart_has_per_cent_of_its_row_and_faces_in_each_cell(votes: dict[str, Any]) -> None:
    axes = scores_charts.confusion(votes, LIGHT).axes[0]
    table = np.asarray(votes["confusion"])
    shown: dict[tuple[int, int], list[str]] = {}
    for text in axes.texts:
        column, row = text.get_position()
        shown.setdefault((round(row), round(column)), []).append(text.get_text())
    for (row, column), faces in np.ndenumerate(table):
        share = faces / table[row].sum()
        assert shown.get((row, column), []) == ([f"{100 * share:.0f}", str(faces)] if share >= 0.005 else [])
    assert [label.get_text() for label in axes.get_yticklabels()] == votes["labels"]


def test_curves_go_through_their_points(votes: dict[str, Any]) -> None:
    shares = list(points(scores_charts.shares(votes["shares"]["curve"], LIGHT)).values())[1]
    assert np.allclose(shares, [(one["said"], one["given"]) for one in votes["shares"]["curve"]])
    bins = points(scores_charts.reliability(votes["confidence"], LIGHT))
    for name, key in (("the leading share (before)", "reliability_top_share"),
                      ("the confidence (calibrated)", "reliability")):  # fmt: skip
        assert np.allclose(bins[name], [(one["said"], one["found"]) for one in votes["confidence"][key]])
    covered = scores_charts.coverage(votes["coverage"], votes["confidence"]["at_sure"], LIGHT).axes[0]
    line, *dots = (np.asarray(line.get_xydata()) for line in covered.get_lines())
    assert np.allclose(line, [(one["covered"], one["right"]) for one in votes["coverage"]])
    assert np.allclose(np.concatenate(dots), [line[-1], (0.83, 0.89)])


def test_bars_of_agreement_are_the_majorities(votes: dict[str, Any]) -> None:
    found = votes["agreement"]
    axes = scores_charts.agreement(found, LIGHT).axes[0]
    assert np.allclose([bar.get_height() for bar in axes.patches], found["majorities"])
    assert np.allclose(axes.get_lines()[0].get_ydata(), found["model"])


def test_each_way_to_damage_a_picture_has_a_panel(some_faces: FaceSet) -> None:
    curves = full_scores(some_faces)["robustness"]
    figure = scores_charts.robustness(curves, LIGHT)
    for number, kind in enumerate(KINDS):
        for head, line in zip(("fer2013", "votes"), points(figure, number).values(), strict=True):
            assert np.allclose(line[:, 1], [level[head] for level in curves[kind]["levels"]])
    less = {kind: {"levels": [{"level": 1, "fer2013": 0.5}]} for kind in ("a", "b", "c")}  # a model of one head
    panels = scores_charts.robustness(less, LIGHT).axes
    assert [axes.get_visible() for axes in panels] == [True, True, True, False]


def test_models_stand_in_their_order_with_their_intervals() -> None:
    scores = [plain_scores(), plain_scores()]
    scores[1]["heads"] = {"fer2013": {**scores[1]["heads"]["fer2013"], "accuracy": 0.5}}
    scores[1]["intervals"] = {"fer2013": {"accuracy": [0.45, 0.55]}}
    figure = scores_charts.accuracies(scores, ["one", "two"], LIGHT)
    dots = points(figure)["FER2013's label"]
    assert dict(zip(dots[:, 1].round(), dots[:, 0], strict=True)) == {
        1: scores[0]["heads"]["fer2013"]["accuracy"],
        0: 0.5,
    }
    assert any(
        np.allclose(line.get_xdata(), [0.45, 0.55]) for line in figure.axes[0].get_lines() if len(line.get_xdata()) == 2
    )
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["two", "one"]
    assert charts.as_png(figure).startswith(b"\x89PNG")


def contrast(one: str, two: str) -> float:
    """WCAG's contrast of two colours."""
    light = []
    for colour in (one, two):
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_words_and_lines_stand_out_from_the_ground(theme: Theme) -> None:
    assert contrast(theme.ink, theme.ground) >= 7 and contrast(theme.quiet, theme.ground) >= 4.5
    assert all(contrast(colour, theme.ground) >= 3 for colour in theme.series)  # WCAG's least for graphics


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_words_in_the_cells_of_a_confusion_chart_can_be_read(theme: Theme, votes: dict[str, Any]) -> None:
    axes = scores_charts.confusion(votes, theme).axes[0]
    image = axes.get_images()[0]
    for text in axes.texts:
        column, row = (round(place) for place in text.get_position())
        ground = image.cmap(image.get_array()[row, column])
        assert contrast(to_hex(ground), str(text.get_color())) >= 3.7
