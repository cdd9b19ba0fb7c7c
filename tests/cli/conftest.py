"""The command line as the tests call it: in this process, with all that reaches the terminal caught."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mien import cli

SRC = Path(cli.__file__).parents[2]
FPS = 10


@dataclass(frozen=True)
class Ended:
    """What a run came to."""

    code: int
    out: str
    err: str

    @property
    def readings(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def fails(self, code: int, *words: str) -> None:
        """Assert that it ended with `code` and one line that holds the words."""
        lines = self.err.splitlines()
        assert self.code == code, self.err
        assert len(lines) == 1 and lines[0].startswith("mien: "), self.err
        assert "a fault of Mien" not in self.err
        for word in words:
            assert word in lines[0], lines[0]


Run = Callable[..., Ended]


@pytest.fixture
def mien(capfd: pytest.CaptureFixture[str]) -> Run:
    """Call `main` with arguments; what libraries print past Python is caught too."""

    def run(*arguments: object) -> Ended:
        capfd.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Ended(code, *capfd.readouterr())

    return run


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start `python -m mien` in a process of its own."""

    def run(*arguments: object, **settings: Any) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(SRC), **settings.pop("env", {})}
        command = [sys.executable, "-m", "mien", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env, **settings)

    return run


def write_clip(path: Path, photo: Path, count: int) -> Path:
    """The photo as a clip in which it drifts a pixel a frame: a face to follow."""
    pixels = np.asarray(Image.open(photo).convert("RGB").resize((256, 256)))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, width=192, height=192, pix_fmt="yuv420p")
        for index in range(count):
            shift = 20 + index % 20
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:192, shift : shift + 192]))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Path) -> Path:
    """A clip of eight frames with one face, ten a second."""
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", astronaut, 8)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Path) -> Path:
    """A clip of 300 frames with one face."""
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", astronaut, 300)
