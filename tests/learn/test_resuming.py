"""Going on with a run: what differs is named in one line; only the length may change, until the rate falls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_fit import part, run_until, trainer

from mien.errors import DataError
from mien.learn import checkpoint
from mien.learn.fit import Trainer
from mien.learn.material import Taught
from mien.learn.options import Augmentation, TrainOptions


@pytest.fixture
def slow(options: TrainOptions) -> TrainOptions:
    """Four epochs, the rate of which falls in the second half."""
    return replace(options, epochs=4, fall=0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch": 6}, "it has batch 8 and is now told 6"),
        ({"widths": (4, 4, 16)}, "it has widths 4,4,8 and is now told 4,4,16"),
        ({"rate": 0.2}, "it has rate 0.1 and is now told 0.2"),
        ({"sam": 0.05}, "it has sam 0.0 and is now told 0.05"),
        ({"half": True}, "it has half False and is now told True"),
        ({"seed": 1}, "it has seed 0 and is now told 1"),
        ({"augmentation": Augmentation(blur=0.9)}, "it has augmentation"),
        ({"epochs": 3}, "it can be made longer, not shorter"),
    ],
)
def test_other_options_are_refused(options: TrainOptions, change: dict[str, Any], words: str) -> None:
    state = trainer(replace(options, epochs=4)).state()
    with pytest.raises(DataError, match="the run cannot be gone on with") as told:
        trainer(replace(options, **{"epochs": 4, **change})).resume(state)
    assert words in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_another_network_is_refused(options: TrainOptions) -> None:
    one = replace(options, input=24, widths=None)
    with pytest.raises(DataError, match="it has network model4 and is now told shawon"):
        trainer(replace(one, network="shawon")).resume(trainer(replace(one, network="model4")).state())


def test_the_number_of_threads_is_free(options: TrainOptions) -> None:
    trainer(replace(options, threads=2)).resume(trainer(options).state())


def test_other_faces_are_refused(options: TrainOptions) -> None:
    state = trainer(options).state()
    faces, keypoints = part(20)
    votes = faces.votes.copy()
    votes[3] += 1
    moved = keypoints.copy()
    moved[0] = np.arange(12).reshape(6, 2)
    for fit in ((replace(faces, votes=votes), keypoints), (faces, moved), part(20, seed=5)):
        with pytest.raises(DataError, match="the faces are not those that it began with"):
            Trainer(fit, part(6, seed=1), options=options).resume(state)
    with pytest.raises(DataError, match="the faces are not those that it began with"):
        Trainer((faces, keypoints), part(6, seed=2), options=options).resume(state)


def test_other_teachers_are_refused(options: TrainOptions) -> None:
    classes = np.full((20, 7), 1 / 7, np.float32)
    state = trainer(options, taught=Taught(None, classes, "one")).state()
    trainer(options, taught=Taught(None, classes, "one")).resume(state)
    for taught in (None, Taught(None, classes, "two")):
        with pytest.raises(DataError, match="its teachers are not those that it began with"):
            trainer(options, taught=taught).resume(state)


def test_a_run_can_be_made_longer_until_its_rate_falls(slow: TrainOptions, tmp_path: Path) -> None:
    run_until(trainer(slow), tmp_path, 2)
    longer = trainer(replace(slow, epochs=8))
    longer.resume(checkpoint.load(tmp_path / "last.pt"))
    longer.run(tmp_path)
    assert [log.epoch for log in longer.logs] == list(range(8))
    rates = [log.rate for log in longer.logs]
    assert rates[:4] == [0.1] * 4  # the plateau goes on
    assert rates[4:] == sorted(rates[4:], reverse=True) and rates[-1] < 0.02


def test_a_run_whose_rate_falls_cannot_be_made_longer(slow: TrainOptions, tmp_path: Path) -> None:
    run_until(trainer(slow), tmp_path, 3)
    with pytest.raises(DataError, match="it has epochs 4 and is now told 8, but its rate falls already"):
        trainer(replace(slow, epochs=8)).resume(checkpoint.load(tmp_path / "last.pt"))


@pytest.mark.parametrize("state", [{}, {"net": 3}, {"options": 3}, {"options": {"epochs": 2}, "data": ("a", "b", "c")}])
def test_what_is_no_run_is_one_line(options: TrainOptions, state: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="no run of this version") as told:
        trainer(options).resume(state)
    assert len(str(told.value).splitlines()) == 1


def test_weights_that_do_not_fit_are_one_line(options: TrainOptions) -> None:
    one = trainer(options)
    for broken in ({"net": {}}, {"net": 3}, {"average_steps": None, "rng": 5}, {"logs": [{"epoch": 1}]}):
        with pytest.raises(DataError, match="the run cannot be gone on with"):
            one.resume({**one.state(), **broken})
