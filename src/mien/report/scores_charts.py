"""The charts of a model's scores: functions of a part of the scores object and a theme; none computes a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mien.report import charts
from mien.report.charts import SMALL_PT, TEXT_PT, Theme
from mien.report.text import HEAD_WORDS, count, per_cent

Part = Mapping[str, Any]

ACROSS = 2  # robustness curves side by side
CURVE_IN = 2.1  # height of one, inches
LEAST_SHOWN = 0.005  # share of a row that is written into its cell


def confusion(head: Part, theme: Theme) -> Figure:
    """The confusion table: rows are the right labels, columns what was said; per cent of the row, faces below."""
    labels, table = head["labels"], np.asarray(head["confusion"], float)
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    figure = charts.new_figure(theme, charts.WIDTH_IN * 1.02)
    axes = figure.subplots()
    charts.style(axes, theme, x="what the model says", y="what is right", grid="")
    colours = LinearSegmentedColormap.from_list("share", [theme.ground, theme.series[0]])
    axes.imshow(share, cmap=colours, vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    for (row, column), faces in np.ndenumerate(table):
        if share[row, column] >= LEAST_SHOWN:
            ink = charts.ink_on(colours(share[row, column]), theme)
            axes.text(column, row - 0.1, f"{100 * share[row, column]:.0f}", color=ink, fontsize=TEXT_PT,
                      ha="center", va="center")  # fmt: skip
            axes.text(column, row + 0.28, count(int(faces)), color=ink, fontsize=SMALL_PT - 3, ha="center", va="center")
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


def shares(curve: Sequence[Part], theme: Theme) -> Figure:
    """Shares that the model says against the shares that people gave."""
    figure, axes = _square(theme, "share of people that the model says", "share that people gave")
    said, given = [point["said"] for point in curve], [point.get("given", point.get("found")) for point in curve]
    axes.plot(said, given, color=theme.series[0], marker="o", markersize=4, linewidth=1.5)
    return figure


def reliability(confidence: Part, theme: Theme) -> Figure:
    """How often it is right against how sure it is: as the leading share says, and as calibrated."""
    figure, axes = _square(theme, "how sure it says that it is", "how often it is right")
    for name, words, number, marker in (
        ("reliability_top_share", "the leading share (before)", 1, "s"),
        ("reliability", "the confidence (calibrated)", 0, "o"),
    ):
        if confidence.get(name):
            bins = confidence[name]
            axes.plot([one["said"] for one in bins], [one["found"] for one in bins], color=theme.series[number],
                      marker=marker, markersize=4, linewidth=1.5, label=words)  # fmt: skip
    charts.legend(axes, theme, "upper left")
    return figure


def coverage(curve: Sequence[Part], sure: Part | None, theme: Theme) -> Figure:
    """How often it is right when it answers only for its surest faces; `sure` is where Mien draws the line."""
    figure = charts.new_figure(theme, 3.4)
    axes = figure.subplots()
    charts.style(axes, theme, x="share of faces that get an answer, the surest first", y="right among these",
                 grid="both")  # fmt: skip
    covered, right = [point["covered"] for point in curve], [point["right"] for point in curve]
    axes.plot(covered, right, color=theme.series[0], linewidth=2)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(top=1.005)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))  # whole per cents
    charts.in_percent(axes, "both")
    for point, words in ((curve[-1], "all"), *([(sure, "the sure ones")] if sure else [])):
        place = (point["covered"], point["right"])
        axes.plot(*place, "o", color=theme.series[0])
        axes.annotate(f"{words}: {per_cent(point['right'])}", place, (-7, -3), ha="right", va="top",
                      textcoords="offset points", color=theme.ink, fontsize=SMALL_PT)  # fmt: skip
    return figure


def agreement(found: Part, theme: Theme) -> Figure:
    """How well one more person agrees with the majority of one to nine people, and with the model."""
    majorities = found["majorities"]
    figure = charts.new_figure(theme, 3.2)
    axes = figure.subplots()
    charts.style(axes, theme, x="people whose majority is taken", y="a further person agrees")
    axes.bar(range(1, len(majorities) + 1), majorities, color=theme.series[0], width=0.7)
    axes.axhline(found["model"], color=theme.series[1], linewidth=2)
    axes.annotate(f"the model: {per_cent(found['model'])}", (0.45, found["model"]), (0, 4), va="bottom",
                  textcoords="offset points", color=theme.ink, fontsize=SMALL_PT, fontweight="bold")  # fmt: skip
    low = min(*majorities, found["model"])
    axes.set_ylim(max(0.0, low - 0.15), min(1.0, max(*majorities, found["model"]) + 0.08))
    axes.set_xticks(range(1, len(majorities) + 1))
    charts.in_percent(axes, "y")
    return figure


def robustness(curves: Mapping[str, Part], theme: Theme) -> Figure:
    """Accuracy of both heads on pictures that are made worse, step by step; a panel for each way."""
    rows = -(-len(curves) // ACROSS)
    figure = charts.new_figure(theme, CURVE_IN * rows + 0.3, width_in=charts.WIDTH_IN * 1.15)
    panels = figure.subplots(rows, ACROSS, squeeze=False, sharey=True).ravel()
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    for axes, (kind, curve) in zip(panels, curves.items(), strict=False):
        _draw_robustness(axes, kind, curve, theme)
    handles = {line.get_label(): line for axes in panels for line in axes.get_lines()}
    figure.legend(list(handles.values()), [str(name) for name in handles], loc="outside upper left", frameon=False,
                  fontsize=SMALL_PT, labelcolor=theme.ink, ncols=2)  # fmt: skip
    return figure


def _draw_robustness(axes: Axes, kind: str, curve: Part, theme: Theme) -> None:
    unit = curve.get("unit") or ""
    charts.style(axes, theme, title=kind.replace("_", " "), x=unit)
    levels = curve["levels"]
    for number, (head, words) in enumerate(HEAD_WORDS.items()):
        points = [(place, level[head]) for place, level in enumerate(levels) if level.get(head) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=theme.series[number], marker="os"[number], markersize=3.5,
                      linewidth=1.5, label=words)  # fmt: skip
    axes.set_xticks(range(len(levels)), [_level(level["level"]) for level in levels])
    axes.tick_params(axis="x", labelsize=SMALL_PT - 1.5)
    axes.set_ylim(0, 1)
    charts.in_percent(axes, "y")


def accuracies(scores: Sequence[Part], names: Sequence[str], theme: Theme) -> Figure:
    """Several models' accuracies on both heads, with their intervals where there are any."""
    figure = charts.new_figure(theme, 0.9 + 0.55 * len(scores), width_in=charts.WIDTH_IN * 1.2)
    axes = figure.subplots()
    charts.style(axes, theme, x="accuracy", grid="x")
    for number, (head, words) in enumerate(HEAD_WORDS.items()):
        place = 0.12 * (1 - 2 * number)
        points = [(row + place, one) for row, one in enumerate(reversed(scores)) if head in one["heads"]]
        if points:
            axes.plot([one["heads"][head]["accuracy"] for _, one in points], [row for row, _ in points],
                      "os"[number], color=theme.series[number], label=words)  # fmt: skip
        for row, one in points:
            ends = one.get("intervals", {}).get(head, {}).get("accuracy")
            if ends:
                axes.plot(ends, [row, row], color=theme.series[number], linewidth=2)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_ylim(-0.6, len(names) - 0.4)
    charts.in_percent(axes, "x")
    figure.legend(loc="outside upper left", frameon=False, fontsize=SMALL_PT, labelcolor=theme.ink, ncols=2)
    return figure


def _square(theme: Theme, x: str, y: str) -> tuple[Figure, Axes]:
    """Axes from 0 to 1 both ways with the line on which both agree."""
    figure = charts.new_figure(theme, charts.WIDTH_IN * 0.85)
    axes = figure.subplots()
    charts.style(axes, theme, x=x, y=y, grid="both")
    axes.plot([0, 1], [0, 1], color=theme.quiet, linewidth=1, linestyle="--", label="perfect")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    charts.in_percent(axes, "both")
    return figure, axes


def _level(level: Any) -> str:
    return f"{level:g}" if isinstance(level, (int, float)) else str(level)
