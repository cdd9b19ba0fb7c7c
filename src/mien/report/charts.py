"""The look that all charts share: two grounds, colours safe for the colour-blind, plain axes.

Matplotlib's object interface alone, so nothing is global; a chart is a function of its figures and a `Theme`. The
charts themselves stand in the modules that need them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mien.files import written_whole

DPI = 200  # sharp on dense screens; a page shows charts at half of it
WIDTH_IN = 5.2  # of a chart: narrow enough that its letters can be read on a phone
TEXT_PT, SMALL_PT = 11.0, 9.5


@dataclass(frozen=True)
class Theme:
    """Colours of a ground: `ink` for words, `quiet` for what stands behind, `series` for lines, in order."""

    name: str
    ground: str
    ink: str
    quiet: str
    grid: str
    series: tuple[str, str, str, str, str]


# Lines from Okabe and Ito's palette: those that stand out from the ground.
LIGHT = Theme("light", "#ffffff", "#1c1f24", "#667080", "#e1e4e9",
              ("#0072b2", "#d55e00", "#009e73", "#b5548f", "#8a6d00"))  # fmt: skip
DARK = Theme("dark", "#1b1e24", "#eceef1", "#9aa3b0", "#343943",
             ("#56b4e9", "#e69f00", "#2fc79a", "#dd8fbb", "#f0e442"))  # fmt: skip

Place = Literal["best", "upper left", "upper right", "lower left", "lower right"]
Chart = Callable[[Theme], Figure]


def new_figure(theme: Theme, height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure on the ground of `theme`, in inches."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, facecolor=theme.ground, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def style(axes: Axes, theme: Theme, *, x: str = "", y: str = "", title: str = "", grid: str = "y") -> None:
    """Give axes the theme's colours, their names and a grid behind: 'x', 'y', 'both' or ''."""
    axes.set_facecolor(theme.ground)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=theme.grid, linewidth=0.8)  # type: ignore[arg-type]
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(theme.grid)
    axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, labelsize=SMALL_PT, length=0)
    axes.set_xlabel(x, color=theme.quiet, fontsize=SMALL_PT)
    axes.set_ylabel(y, color=theme.quiet, fontsize=SMALL_PT)
    if title:
        axes.set_title(title, color=theme.ink, fontsize=TEXT_PT, loc="left", fontweight="bold")


def in_percent(axes: Axes, which: str, decimals: int = 0) -> None:
    """Write the shares along an axis ('x', 'y' or 'both') in per cent."""
    for name in "xy" if which == "both" else which:
        getattr(axes, f"{name}axis").set_major_formatter(PercentFormatter(1.0, decimals))


def legend(axes: Axes, theme: Theme, place: Place = "best") -> None:
    """Say which line is which, inside the axes."""
    axes.legend(loc=place, frameon=False, fontsize=SMALL_PT, labelcolor=theme.ink, handlelength=1.4)


def ink_on(colour: tuple[float, ...], theme: Theme) -> str:
    """The theme's ink or its ground, whichever can be read better on a colour (WCAG's contrast)."""
    on = _luminance(colour)
    contrast = {ink: abs(math.log((_luminance(to_rgb(ink)) + 0.05) / (on + 0.05))) for ink in (theme.ink, theme.ground)}
    return max(contrast, key=contrast.__getitem__)


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def as_png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=figure.get_facecolor())
    return file.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write the figure as a PNG, whole. Raises SinkError."""
    with written_whole(path) as partial:
        partial.write_bytes(as_png(figure))
