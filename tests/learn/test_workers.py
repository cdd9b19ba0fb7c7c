"""Several processes: two on CPUs (gloo) reach what one reaches with the same batches; the main one alone writes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces, write_csv
from test_fit import part, same_weights, trainer
from torch import Tensor

from mien.data import align
from mien.errors import DataError
from mien.learn import checkpoint, prepare, run, workers
from mien.learn.fit import Trainer
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.learn.run import Job
from mien.learn.workers import Alone, Together

# Without norms, which on CPUs see only their process's share, the two ways differ by rounding alone.
OPTIONS = TrainOptions(network="model4", input=24, epochs=2, batch=6, rate=0.01, balance=0.5, threads=1)
ARGUMENTS = ["--network", "model4", "--input", "24", "--epochs", "2", "--batch", "6", "--rate", "0.01", "--balance",
             "0.5", "--threads", "1"]  # fmt: skip


@pytest.fixture(autouse=True)
def no_other_processes() -> Iterator[None]:
    """Accelerate remembers what it found; forget it."""
    yield
    if "accelerate" in sys.modules:
        from accelerate.state import AcceleratorState, PartialState

        AcceleratorState._reset_state(reset_partial_state=True)
        PartialState._reset_state()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_processes(arguments: list[str], count: int) -> list[subprocess.Popen[str]]:
    """Start `mien train` as a launcher does: told by the environment who they are."""
    place = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(count),
             "OMP_NUM_THREADS": "1"}  # fmt: skip
    return [
        subprocess.Popen(
            [sys.executable, "-m", "mien", "train", *arguments],
            env={**place, "RANK": str(rank), "LOCAL_RANK": str(rank)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for rank in range(count)
    ]  # fmt: skip


def test_two_processes_reach_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = drawn_faces(40, splits=("Training", "Training", "PublicTest"))
    faces.votes[3] = 0  # a batch's two shares then count differently
    data, votes = write_csv(tmp_path, faces)
    nowhere = {"keypoints": np.full((40, 6, 2), np.nan, np.float32)}
    for name in ("one", "two"):  # as if they had been found: drawn faces have no eyes
        (tmp_path / name).mkdir()
        prepare.keep(tmp_path / name / "keypoints.npz", nowhere, prepare.mark_of(faces))
    started = start_processes(
        ["--data", str(data), "--votes", str(votes), "--out", str(tmp_path / "two"), *ARGUMENTS], 2
    )
    monkeypatch.setattr(align, "find_keypoints", lambda *_: pytest.fail("they are known"))
    run.train(Job(data, votes, tmp_path / "one"), OPTIONS)
    said = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert "epoch   2" in said[0][1] and said[1] == ("", "")
    states = [checkpoint.load(tmp_path / name / "last.pt") for name in ("one", "two")]
    for weights in ("net", "average"):
        for name, value in states[0][weights].items():
            assert torch.allclose(value, states[1][weights][name], atol=2e-5), name
    for mine, theirs in zip(*(state["logs"] for state in states), strict=True):
        for name in ("loss", "held_loss"):
            assert mine[name] == pytest.approx(theirs[name], abs=1e-4)
    assert json.loads((tmp_path / "two" / "environment.json").read_text())["processes"] == 2
    assert {one.name for one in (tmp_path / "one").iterdir()} == {one.name for one in (tmp_path / "two").iterdir()}


def test_accelerate_alone_trains_as_no_accelerate_does(options: TrainOptions, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one = trainer(options)
    one.run(tmp_path / "a")
    other = trainer(options, worker=Together())
    other.run(tmp_path / "b")
    assert same_weights(one.net, other.net) and same_weights(one.average.net, other.average.net)
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_accelerate_in_bfloat16_takes_a_network_with_one_head(options: TrainOptions, tmp_path: Path) -> None:
    one = replace(options, network="shawon", widths=None, epochs=1, half=True)
    other = trainer(one, worker=Together(half=True))
    other.run(tmp_path)
    assert checkpoint.load(tmp_path / "last.pt")["logs"][0]["held_fer2013"] is not None


def test_one_process_on_the_cpu_needs_no_accelerate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert isinstance(workers.find(TrainOptions(threads=1)), Alone)


def test_processes_that_do_not_find_each_other_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "started", lambda: 2)
    with pytest.raises(DataError, match="2 processes were started, but 1 found each other"):
        Together()


class Dying(Alone):
    """Another process dies in the third step: the gradients cannot be averaged any more."""

    steps = 0

    def backward(self, loss: Tensor) -> None:
        self.steps += 1
        if self.steps == 3:
            raise RuntimeError("[gloo] Connection closed by peer [127.0.0.1]:1234\nand more")
        super().backward(loss)


def test_a_process_that_dies_leaves_the_last_whole_epoch(options: TrainOptions, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="closed by peer"):
        trainer(options, worker=Dying()).run(tmp_path)
    rest = trainer(options)
    rest.resume(checkpoint.load(tmp_path / "last.pt"))
    assert len(rest.logs) == 1
    rest.run(tmp_path)
    whole = trainer(options)
    (tmp_path / "whole").mkdir()
    whole.run(tmp_path / "whole")
    assert same_weights(rest.net, whole.net)


def test_only_the_main_process_writes(options: TrainOptions, tmp_path: Path) -> None:
    class Second(Alone):
        is_main = False

    one = trainer(replace(options, epochs=1), worker=Second())
    one.run(tmp_path)
    assert len(one.logs) == 1 and not list(tmp_path.iterdir())


def test_bfloat16_computes_coarsely_and_stays_close(options: TrainOptions) -> None:
    one = Trainer(part(16), part(4), options=replace(options, half=True))
    with one.worker.autocast():
        out = one.net(torch.full((2, 1, 24, 24), 99.0))
    assert out.fer2013.dtype == torch.bfloat16
    plain = ExpressionNet((4, 4, 8))
    plain.load_state_dict(one.net.state_dict())
    assert torch.allclose(out.fer2013.float(), plain(torch.full((2, 1, 24, 24), 99.0)).fer2013, atol=0.1)
