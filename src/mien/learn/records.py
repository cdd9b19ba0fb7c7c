"""What a run leaves in its folder beside the checkpoints: settings, environment, log, curves, TensorBoard's events.

config.json         what it was told, and what it trained on
environment.json    Python, PyTorch, packages, processor, revision, command
log.jsonl           a line for each epoch
curves.png          the same, drawn
tensorboard/        the same, for `tensorboard --logdir`
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

from mien.files import telling, written_whole
from mien.learn.judging import EpochLog
from mien.learn.workers import started
from mien.report.curves import draw_curves

PACKAGES = ("mien", "torch", "numpy", "onnx", "onnxruntime", "opencv-python-headless", "ai-edge-litert", "accelerate")
BETWEEN_DRAWINGS_S = 30.0  # drawing the curves takes about a second


class Records:
    """Writes a run's records; a context that draws the curves and closes the events at its end, however it ends.

    Raises:
        SinkError: the folder cannot be written to, or the disk is full.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], *, done: int = 0) -> None:
        """Args: the run's folder; what it was told; how many epochs are done already."""
        self._folder = folder
        self._drawn = time.monotonic()
        self._logs: list[EpochLog] = []
        write_json(folder / "config.json", config)
        write_json(folder / "environment.json", environment())
        with telling(folder / "tensorboard"):
            self._events = SummaryWriter(folder / "tensorboard", purge_step=done + 1)

    def __enter__(self) -> Records:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._logs and (kind is None or not issubclass(kind, Exception)):  # after a fault, say that fault alone
            self._draw()
        with telling(self._folder / "tensorboard"):
            self._events.close()

    def epoch(self, logs: list[EpochLog]) -> None:
        """Write down the epochs so far, the last of which is new."""
        self._logs = logs
        lines = "".join(json.dumps(asdict(one)) + "\n" for one in logs)
        with written_whole(self._folder / "log.jsonl") as partial:
            partial.write_text(lines, encoding="utf-8")
        with telling(self._folder / "tensorboard"):
            for name, value in scalars(logs[-1]).items():
                self._events.add_scalar(name, value, logs[-1].epoch + 1)
            self._events.flush()
        if time.monotonic() - self._drawn > BETWEEN_DRAWINGS_S:
            self._draw()

    def _draw(self) -> None:
        draw_curves([asdict(one) for one in self._logs], self._folder / "curves.png")
        self._drawn = time.monotonic()


def scalars(log: EpochLog) -> dict[str, float]:
    """An epoch's numbers by the names that TensorBoard shows them under."""
    found = {"loss/training": log.loss, "loss/held_out": log.held_loss, "rate": log.rate}
    right = {"fer2013": log.held_fer2013, "votes": log.held_votes}
    found |= {f"accuracy/{head}": value for head, value in right.items() if value is not None}
    return found | {
        f"recall_{head}/{label}": value for head, all_ in log.recalls.items() for label, value in all_.items()
    }


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The epochs of a run that is done, as `log.jsonl` has them."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a table as JSON, whole."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def environment() -> dict[str, Any]:
    """What a run's numbers may depend on besides its settings."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "processes": started(),
        "torch": torch.__version__,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "revision": _revision(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _revision() -> str | None:
    """The git revision of the source that runs, '-dirty' if it was changed; None where it is no clone."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
                              cwd=root, capture_output=True, text=True, timeout=30)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
