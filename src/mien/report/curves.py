"""A training run's curves as one PNG: loss, accuracy on the held-out faces, rate; several runs beside their mean.

It draws what the logs hold and leaves out what they lack. Try: `draw_curves(logs, Path("curves.png"))`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mien.report import charts
from mien.report.charts import LIGHT, Theme

Log = Mapping[str, Any]
Point = tuple[int, float]  # epoch from 1, value

# Panels: title, whether in per cent, field of the log. The two losses stand apart: the one sums all heads over changed
# and mixed faces, the other is of one head over whole ones.
PANELS: tuple[tuple[str, bool, str], ...] = (
    ("Loss in training", False, "loss"),
    ("Loss on held-out faces", False, "held_loss"),
    ("Right on held-out faces, by FER2013's label", True, "held_fer2013"),
    ("Right on held-out faces, by the voters' majority", True, "held_votes"),
    ("Learning rate", False, "rate"),
)
PANEL_IN = 1.9  # height of one, inches


def draw_curves(logs: Sequence[Log], path: Path) -> None:
    """Draw one run.

    Args:
        logs: one entry an epoch with the fields of `learn.fit.EpochLog`: `epoch` from 0, `loss`, `held_loss`,
            `held_fer2013`, `held_votes`, `rate`; fields that are missing, None or no number are left out.
        path: the PNG to write, whole or not at all.

    Raises:
        SinkError: it cannot be written.
    """
    draw_runs([logs], path)


def draw_runs(runs: Sequence[Sequence[Log]], path: Path) -> None:
    """Draw several runs (seeds) as thin lines with their mean, over the epochs that all have; else as `draw_curves`."""
    charts.save(curves(runs, LIGHT), path)


def curves(runs: Sequence[Sequence[Log]], theme: Theme) -> Figure:
    """The curves of one or several runs as a figure."""
    panels = [panel for panel in PANELS if any(_points(run, panel[2]) for run in runs)]
    figure = charts.new_figure(theme, PANEL_IN * max(1, len(panels)), width_in=6.4)
    if not panels:
        figure.text(0.5, 0.5, "no epoch yet", color=theme.quiet, ha="center", va="center")
        return figure
    for number, (axes, (title, is_share, field)) in enumerate(
        zip(figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0], panels, strict=True)
    ):
        of_field = [points for run in runs if (points := _points(run, field))]
        mean_of = f", mean of {len(of_field)} runs" if len(of_field) > 1 else ""
        last = axes is figure.axes[-1]
        charts.style(axes, theme, title=title + mean_of, x="epoch" if last else "")
        _draw_lines(axes, of_field, theme.series[number % len(theme.series)])
        if is_share:
            charts.in_percent(axes, "y", sum(_span(axes) < step for step in (0.05, 0.005)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(0.5, 1.5 + max(int(run[-1]["epoch"]) for run in runs if run))
    return figure


def _draw_lines(axes: Axes, runs: list[list[Point]], colour: str) -> None:
    if len(runs) > 1:
        for run in runs:
            axes.plot(*zip(*run, strict=True), color=colour, linewidth=0.7, alpha=0.45)
    if mean := _mean(runs):
        # A run of one epoch is a point, which a line would not show.
        axes.plot(*zip(*mean, strict=True), color=colour, linewidth=2, marker="o" if len(mean) == 1 else "")


def _points(run: Sequence[Log], field: str) -> list[Point]:
    found = ((int(log["epoch"]) + 1, log.get(field)) for log in run)
    return [(epoch, float(value)) for epoch, value in found if value is not None and math.isfinite(value)]


def _mean(runs: list[list[Point]]) -> list[Point]:
    tables = [dict(run) for run in runs]
    shared = sorted(set.intersection(*(set(table) for table in tables)))
    return [(epoch, sum(table[epoch] for table in tables) / len(tables)) for epoch in shared]


def _span(axes: Axes) -> float:
    low, high = axes.get_ylim()
    return high - low
