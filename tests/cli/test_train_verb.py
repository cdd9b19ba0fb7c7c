"""`mien train`: what it says, how it is stopped and gone on with, and what stops it before it begins."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_sets import drawn_faces, write_csv

from mien.cli import training
from mien.errors import UsageError
from mien.learn.options import Augmentation
from mien.models import load_card

pytest.importorskip("torch")

TINY = ["--input", 24, "--widths", "4,4", "--batch", 8, "--epochs", 2, "--threads", 1]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Forty drawn faces as the command line names them; they have no eyes to be found."""
    from mien.data import align

    monkeypatch.setattr(align, "find_keypoints", lambda net, pixels, progress: np.full((len(pixels), 6, 2), np.nan))
    files = write_csv(tmp_path, drawn_faces(40, splits=("Training", "Training", "PublicTest")))
    return ["--data", files[0], "--votes", files[1]]


def weights_of(folder: Path) -> dict[str, Any]:
    from mien.learn import checkpoint

    return checkpoint.load(folder / "last.pt")["net"]


def test_a_run_says_how_it_goes_and_what_came_of_it(mien, data: list[object], tmp_path: Path) -> None:
    done = mien("train", *data, "--out", tmp_path / "m", *TINY)
    assert (done.code, done.out) == (0, "")
    lines = done.err.splitlines()
    assert [line.split("loss")[0].split() for line in lines[:2]] == [["epoch", "1"], ["epoch", "2"]]
    assert "held out: " in lines[0] and ", fer2013 " in lines[0] and ", votes " in lines[0]
    assert any("found of each: " in line for line in lines)
    assert any(line.startswith("votes: ") and "faces of PublicTest, one crop" in line for line in lines)
    assert lines[-1].startswith(f"the model folder is {tmp_path / 'm'}")
    assert load_card(tmp_path / "m").training["options"]["batch"] == 8


def test_a_baseline_is_trained_by_the_same_command(mien, data: list[object], tmp_path: Path) -> None:
    done = mien("train", *data, "--out", tmp_path / "m", "--network", "shawon", "--input", 24, "--batch", 8,
                "--epochs", 1, "--threads", 1, "--augment", 0.5)  # fmt: skip
    assert done.code == 0, done.err
    card = load_card(tmp_path / "m")
    assert card.training["options"]["augmentation"] == asdict(Augmentation().times(0.5))
    assert card.votes == () and set(card.scores["heads"]) == {"fer2013"}
    assert "votes" not in done.err


def test_a_second_generation(mien, data: list[object], tmp_path: Path) -> None:
    assert mien("train", *data, "--out", tmp_path / "one", *TINY).code == 0
    second = ["--start", tmp_path / "one", "--teacher", tmp_path / "one", "--window", 20, "--warm", 0.1, "--fall", 0.5,
              "--balance", 0.5, "--sam", 0.05]  # fmt: skip
    assert mien("train", *data, "--out", tmp_path / "two", *TINY, *second).code == 0
    config = json.loads((tmp_path / "two" / "config.json").read_text())
    assert config["teachers"] == [str(tmp_path / "one")] and config["options"]["window"] == 20
    assert (tmp_path / "two" / "teacher.npz").is_file()


def test_several_seeds_have_a_mean_and_a_spread(mien, data: list[object], tmp_path: Path) -> None:
    done = mien("train", *data, "--out", tmp_path / "m", *TINY, "--seeds", 2)
    assert done.code == 0, done.err
    assert "mean" in done.err and "spread" in done.err and "points" in done.err
    found = json.loads((tmp_path / "m" / "summary.json").read_text())
    assert set(found["runs"]) == {"0", "1"}
    best = tmp_path / "m" / f"seed-{found['best']}"
    assert (best / "model.onnx").read_bytes() == (tmp_path / "m" / "model.onnx").read_bytes()
    assert (tmp_path / "m" / "curves.png").is_file()
    assert load_card(tmp_path / "m").sha256 == load_card(best).sha256
    other = (
        weights_of(tmp_path / "m" / "seed-0")["stem.0.weight"] != weights_of(tmp_path / "m" / "seed-1")["stem.0.weight"]
    )
    assert other.any()
    # One that was stopped while it was judged is judged; what is done is left alone; a third seed is added.
    card = best / "card.json"
    whole = json.loads(card.read_text())
    card.write_text(json.dumps({**whole, "scores": {}}))
    assert mien("train", *data, "--out", tmp_path / "m", *TINY, "--seeds", 2, "--resume").code == 0
    assert json.loads(card.read_text()) == whole
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "m").glob("seed-*/*.*")}
    assert mien("train", *data, "--out", tmp_path / "m", *TINY, "--seeds", 3, "--resume").code == 0
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert len(json.loads((tmp_path / "m" / "summary.json").read_text())["runs"]) == 3
    mien("train", *data, "--out", tmp_path / "m", *TINY, "--resume").fails(1, "holds runs of several seeds")


def stop_in_step(monkeypatch: pytest.MonkeyPatch, number: int, seen: list[int]) -> None:
    """Press Ctrl-C while a step is computed; `seen` gets the steps that were finished."""
    from mien.learn.fit import Trainer

    step = Trainer._step

    def pressed(self: Trainer, *arguments: Any) -> float:
        if self.step + 1 == number:
            signal.raise_signal(signal.SIGINT)
        loss = step(self, *arguments)
        seen.append(self.step + 1)
        return loss

    monkeypatch.setattr(Trainer, "_step", pressed)


def test_ctrl_c_stops_after_the_step_and_the_run_can_be_gone_on_with(
    mien, data: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mien("train", *data, "--out", tmp_path / "whole", *TINY).code == 0
    steps: list[int] = []
    with monkeypatch.context() as patch:
        stop_in_step(patch, 5, steps)  # in the second epoch
        stopped = mien("train", *data, "--out", tmp_path / "m", *TINY)
    assert stopped.code == 130
    assert steps[-1] == 5  # the step was not torn
    assert "--resume goes on from the last whole epoch" in stopped.err
    assert stopped.err.splitlines()[-1].startswith("mien: stopped")
    assert "Traceback" not in stopped.err
    assert mien("train", *data, "--out", tmp_path / "m", *TINY, "--resume").code == 0
    mine, whole = weights_of(tmp_path / "m"), weights_of(tmp_path / "whole")
    assert all((mine[name] == whole[name]).all() for name in whole)


def test_ctrl_c_in_the_first_epoch_promises_nothing(
    mien, data: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_in_step(monkeypatch, 2, [])
    stopped = mien("train", *data, "--out", tmp_path / "m", *TINY)
    assert stopped.code == 130
    assert "there is nothing to go on with" in stopped.err
    assert not (tmp_path / "m" / "last.pt").exists()


def test_a_process_that_dies_is_one_line(
    mien, data: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien.learn.fit import Trainer

    step = Trainer._step

    def dying(self: Trainer, *arguments: Any) -> float:
        if self.step == 4:
            raise RuntimeError("[gloo] Connection closed by peer\nand more")
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "_step", dying)
    ended = mien("train", *data, "--out", tmp_path / "m", *TINY)
    last = ended.err.splitlines()[-1]
    assert ended.code == 1
    assert last == ("mien: training failed: [gloo] Connection closed by peer; the last whole epoch is kept, "
                    "--resume goes on from it")  # fmt: skip
    assert weights_of(tmp_path / "m")


def test_without_pytorch_it_says_what_to_install(mien, tmp_path: Path, without) -> None:
    without("torch", "mien.learn")
    data, _ = write_csv(tmp_path, drawn_faces(2))
    mien("train", "--data", data, "--out", tmp_path / "m").fails(1, "pip install '.[learn]'")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "nosuch.csv"], 1, "nosuch.csv"),
        (["--network", "vgg"], 2, "there is no network 'vgg'; there are: mien, shawon"),
        (["--size", "huge"], 2, "there is no size 'huge'; there are: nano, tiny, small, base"),
        (["--widths", "4,x"], 2, "--widths '4,x'"),
        (["--seeds", "1,1"], 2, "--seeds '1,1'"),
        (["--fall", "1"], 2, "together they must be at most 1"),
        (["--window", "50"], 2, "does not fit into an input of 48 px"),
        (["--teacher", "nosuch"], 1, "is no model folder"),
        (["--start", "nosuch.pt"], 1, "cannot begin from nosuch.pt"),
        (["--resume"], 1, "holds no run to go on with"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    mien, data: list[object], tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    mien("train", *data, "--out", tmp_path / "m", *arguments).fails(code, words)


def test_data_without_a_test_split_are_one_line(mien, tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(4))
    mien("train", "--data", data, "--votes", votes, "--out", tmp_path / "m", "--epochs", 1).fails(1)


def test_seeds_are_a_number_or_a_list() -> None:
    assert training.parse_seeds(None, 4) == []
    assert training.parse_seeds("3", 4) == [4, 5, 6]
    assert training.parse_seeds("1,5,0", 4) == [1, 5, 0]
    for text in ("", "0", "-1", "1,1", "a", "1,,2"):
        with pytest.raises(UsageError, match="--seeds"):
            training.parse_seeds(text, 0)


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    assert training.sparkline([0.0, 0.5, 1.0, 0.25]) == "▁▅█▃"
    assert training.sparkline([0.7, 0.7]) == "▁▁"
    assert len(training.sparkline(np.random.default_rng(0).random(20).tolist())) == 20


def test_the_mean_of_two_runs_says_what_it_is_worth(mien, data: list[object], tmp_path: Path) -> None:
    assert mien("train", *data, "--out", tmp_path / "one", *TINY).code == 0
    assert mien("train", *data, "--out", tmp_path / "two", "--start", tmp_path / "one", *TINY).code == 0
    done = mien("average", tmp_path / "one", tmp_path / "two", *data, "--out", tmp_path / "mean")
    assert (done.code, done.out) == (0, "")
    *heads, last = done.err.splitlines()
    assert [line.split(":")[0] for line in heads[-2:]] == ["fer2013", "votes"]
    assert last.startswith(f"the model folder is {tmp_path / 'mean'}")
    mien("average", tmp_path / "one", *data, "--out", tmp_path / "alone").fails(2, "two or more")
    mien("average", tmp_path / "one", tmp_path / "no", *data, "--out", tmp_path / "alone").fails(1, "no")
