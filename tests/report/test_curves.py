"""A run's curves: what the lines go through is what the logs say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien.errors import SinkError
from mien.report.charts import LIGHT
from mien.report.curves import curves, draw_curves


def logs(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    names = ("loss", "held_loss", "held_fer2013", "held_votes", "rate", "seconds")
    return [{"epoch": epoch, **dict(zip(names, rng.random(6).tolist(), strict=True))} for epoch in range(count)]


def lines(runs: list[list[dict[str, Any]]]) -> list[list[np.ndarray]]:
    """The points (N, 2) of every line of every panel."""
    return [[np.asarray(line.get_xydata()) for line in axes.get_lines()] for axes in curves(runs, LIGHT).axes]


def test_every_field_is_a_line_through_its_values() -> None:
    run = logs(5)
    panels = lines([run])
    for (line,), name in zip(panels, ("loss", "held_loss", "held_fer2013", "held_votes", "rate"), strict=True):
        assert np.allclose(line, [(log["epoch"] + 1, log[name]) for log in run])


def test_several_runs_are_thin_lines_and_their_mean_where_all_have_come() -> None:
    runs = [logs(count, seed=seed) for seed, count in enumerate((4, 6, 5))]
    *thin, mean = lines(runs)[-1]
    for line, run in zip(thin, runs, strict=True):
        assert np.allclose(line[:, 1], [log["rate"] for log in run])
    assert np.allclose(mean[:, 1], np.mean([[log["rate"] for log in run[:4]] for run in runs], 0))


@pytest.mark.parametrize("missing", [None, float("nan"), "absent"])
def test_what_the_logs_lack_is_left_out(missing: object) -> None:
    run = logs(3)
    for log in run:
        if missing == "absent":
            del log["held_votes"]
        else:
            log["held_votes"] = missing
    assert [len(panel) for panel in lines([run])] == [1, 1, 1, 1]


@pytest.mark.parametrize("run", [[], logs(1)])
def test_a_picture_is_written_however_short_the_run(run: list[dict[str, Any]], tmp_path: Path) -> None:
    draw_curves(run, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG" and picture.width > 600
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


def test_a_folder_that_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="nosuch"):
        draw_curves(logs(2), tmp_path / "nosuch" / "curves.png")
