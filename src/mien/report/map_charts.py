"""Charts of what heat-maps are worth: deletion and insertion, and how much of them lies outside the face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mien.report import charts
from mien.report.charts import Theme

CURVES = {"deletion": "the most important pixels go", "insertion": "the most important pixels come"}
SOLID = 4  # lines of methods, which come first, are drawn through; those of controls are dashed


def faithfulness(curves: Mapping[str, Mapping[str, Sequence[float]]], theme: Theme, *, solid: int = SOLID) -> Figure:
    """Two panels, a line for each map.

    Args:
        curves: by the map's name its `deletion` and `insertion`, from none of the pixels to all.
        theme: colours.
        solid: so many lines are methods; the others, dashed, are controls.
    """
    figure = charts.new_figure(theme, 3.4, width_in=2 * charts.WIDTH_IN)
    for place, (axes, (kind, words)) in enumerate(zip(figure.subplots(1, 2, sharey=True), CURVES.items(), strict=True)):
        charts.style(
            axes, theme, x="share of pixels", y="" if place else "share for the label", title=words, grid="both"
        )
        for number, (name, pair) in enumerate(curves.items()):
            values = pair[kind]
            axes.plot(np.linspace(0, 1, len(values)), values, color=theme.series[number % len(theme.series)],
                      linewidth=2 if number < solid else 1.5, linestyle="-" if number < solid else "--",
                      label=name)  # fmt: skip
        axes.set_xlim(0, 1)
        charts.in_percent(axes, "both")
    top = max((max(values) for pair in curves.values() for values in pair.values()), default=1.0)
    figure.axes[0].set_ylim(0, 1.05 * top)  # of both panels
    if curves:
        charts.legend(figure.axes[1], theme, "lower right")
    return figure


def outside(shares: Mapping[str, tuple[float, float]], theme: Theme) -> Figure:
    """For each expression the share of heat outside the face's oval, and a mark where evenly spread heat would be.

    Args:
        shares: by expression the share of heat and the share of the crop that lie outside, 0..1.
        theme: colours.
    """
    figure = charts.new_figure(theme, 0.9 + 0.36 * len(shares))
    axes = figure.subplots()
    charts.style(axes, theme, x="outside the face's oval", grid="x")
    places = np.arange(len(shares))
    heat, area = np.asarray(list(shares.values()), float).reshape(-1, 2).T
    axes.barh(places, heat, color=theme.series[0], height=0.6, label="of the heat")
    axes.plot(area, places, "d", color=theme.series[1], markersize=7, label="of the crop")
    axes.set_yticks(places, list(shares))
    axes.invert_yaxis()
    axes.set_xlim(0, max(0.1, *heat, *area) * 1.45 if len(shares) else 1)  # room for the words
    charts.in_percent(axes, "x")
    if shares:
        charts.legend(axes, theme, "lower right")
    return figure
