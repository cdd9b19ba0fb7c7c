"""What a run leaves behind: a log, curves, events that TensorBoard reads, what it ran on; and one line if it cannot."""

from __future__ import annotations

import errno
import json
import platform
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mien.errors import SinkError
from mien.learn import records, summary
from mien.learn.judging import EpochLog
from mien.learn.records import Records
from mien.models import ModelCard

REVISION = "0123456789abcdef0123456789abcdef01234567-dirty"
LOG = EpochLog(0, 2.5, 1.5, 0.5, None, 0.1, 3.0, {"fer2013": {"happy": 0.75}})


def logs(count: int) -> list[EpochLog]:
    return [replace(LOG, epoch=epoch, loss=2.5 - epoch) for epoch in range(count)]


def write(folder: Path, count: int = 2, done: int = 0) -> None:
    with Records(folder, {"data": Path("faces.csv")}, done=done) as kept:
        for number in range(done, count):
            kept.epoch(logs(number + 1))


def read_events(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder / "tensorboard")).Reload()


def test_each_epoch_is_a_line_and_a_point(tmp_path: Path) -> None:
    write(tmp_path, 2)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [EpochLog(**line) for line in lines] == logs(2)
    events = read_events(tmp_path)
    assert [(one.step, one.value) for one in events.Scalars("loss/training")] == [(1, 2.5), (2, 1.5)]
    assert set(events.Tags()["scalars"]) == {
        "loss/training", "loss/held_out", "rate", "accuracy/fer2013", "recall_fer2013/happy"
    }  # fmt: skip
    with Image.open(tmp_path / "curves.png") as picture:
        assert min(picture.size) > 300


def test_a_run_that_goes_on_takes_back_the_epoch_that_was_cut_off(tmp_path: Path) -> None:
    write(tmp_path, 3)
    write(tmp_path, 4, done=2)  # the third was told, but not kept
    points = read_events(tmp_path).Scalars("loss/training")
    assert [one.step for one in points] == [1, 2, 3, 4]


def test_a_stop_draws_the_curves_and_a_fault_does_not(tmp_path: Path) -> None:
    for error, is_drawn in ((KeyboardInterrupt, True), (ValueError, False)):
        folder = tmp_path / error.__name__
        folder.mkdir()
        with pytest.raises(error), Records(folder, {}) as kept:
            kept.epoch(logs(1))
            raise error
        assert (folder / "curves.png").exists() is is_drawn


def test_what_it_ran_on_is_written_down(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert json.loads((tmp_path / "config.json").read_text()) == {"data": "faces.csv"}
    found = json.loads((tmp_path / "environment.json").read_text())
    assert (found["python"], found["torch"]) == (platform.python_version(), torch.__version__)
    assert found["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["processes"] == 1 and found["cores"] >= 1 and found["processor"] and found["command"]


def test_the_revision_is_that_of_a_clone_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "__file__", str(tmp_path / "a" / "b" / "c" / "records.py"))
    assert records._revision() is None
    monkeypatch.setenv("PATH", str(tmp_path))  # no git
    (tmp_path / ".git").mkdir()
    assert records._revision() is None
    asked = []

    def describe(command: list[str], *, cwd: Path, **settings: object) -> subprocess.CompletedProcess[str]:
        asked.append((command[:2], cwd))
        return subprocess.CompletedProcess(command, 0, f"{REVISION}\n", "")

    monkeypatch.setattr(subprocess, "run", describe)
    assert records._revision() == REVISION
    assert asked == [(["git", "describe"], tmp_path)]


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(SinkError, match=r"cannot write .*tensorboard: no space is left") as told,
        Records(tmp_path, {}) as kept,
    ):
        monkeypatch.setattr(kept._events, "add_scalar", full)
        kept.epoch(logs(1))
    assert len(str(told.value).splitlines()) == 1


# --- several seeds ----------------------------------------------------------------------------------------------------


def card(held: dict[str, float], right: dict[str, float]) -> ModelCard:
    heads = {head: {"n": 10, "accuracy": value} for head, value in right.items()}
    return ModelCard(
        "m", "1", "0", 48, (), (), {}, True, "none", training=dict(held), scores={"split": "PublicTest", "heads": heads}
    )


def test_mean_and_spread_over_seeds() -> None:
    cards = {
        3: card({"held_loss": 1.0, "held_fer2013": 0.6, "held_votes": 0.8}, {"fer2013": 0.62, "votes": 0.9}),
        5: card({"held_loss": 1.1, "held_fer2013": 0.7, "held_votes": 0.8}, {"fer2013": 0.58, "votes": 0.7}),
        8: card({"held_loss": 0.9, "held_fer2013": 0.65, "held_votes": 0.8}, {"fer2013": 0.60, "votes": 0.8}),
    }
    found = summary.summarise(cards)
    assert found.best == 8  # by the held-out loss, though 5 is right more often there, and 3 on the validation
    assert found.mean == pytest.approx({"held_fer2013": 0.65, "held_votes": 0.8, "fer2013": 0.6, "votes": 0.8})
    assert found.spread == pytest.approx({"held_fer2013": 0.05, "held_votes": 0, "fer2013": 0.02, "votes": 0.1})
    assert found.runs[3]["votes"] == 0.9 and found.split == "PublicTest"


def test_one_run_has_no_spread(tmp_path: Path) -> None:
    found = summary.summarise({1: card({"held_fer2013": 0.6}, {"fer2013": 0.62})})
    assert found.spread == {"held_fer2013": 0, "fer2013": 0}
    summary.write(found, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text())["best"] == 1
