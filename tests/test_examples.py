"""Every example runs as it stands, is short, and says what its first line promises."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mien.web.app import create_app
from mien.web.options import LiveOptions
from mien.web.serving import Server, config_of, listen

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LINES = 25


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Path) -> Path:
    """The astronaut for half a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = av.VideoFrame.from_image(Image.open(astronaut).convert("RGB").resize((256, 256)))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, width=256, height=256, pix_fmt="yuv420p")
        for _ in range(5):
            picture.pts = None
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def run(name: str, *arguments: object) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stderr == "", ended.stderr
    return ended.stdout


def test_all_are_short_and_run_here() -> None:
    named = Path(__file__).read_text()
    for path in EXAMPLES:
        assert len(path.read_text().splitlines()) <= LINES
        assert f'run("{path.name}"' in named


def test_read_photo() -> None:
    said = run("read_photo.py").splitlines()
    assert said[0].startswith("One person: looks happy")
    assert "happy" in said[1] and said[2].startswith("sure: True")


def test_watch_clip(clip: Path) -> None:
    (line,) = run("watch_clip.py", clip).splitlines()
    assert line.split() == ["0.00", "s", "person", "1", "looks", "happy"]


def test_annotate(astronaut: Path, tmp_path: Path) -> None:
    assert run("annotate.py", astronaut, tmp_path / "o.png").startswith("1 face(s)")
    drawn, plain = np.asarray(Image.open(tmp_path / "o.png")), np.asarray(Image.open(astronaut))
    assert drawn.shape == plain.shape and (drawn != plain).any()


def test_to_table(clip: Path, tmp_path: Path) -> None:
    run("to_table.py", clip, tmp_path / "o.csv")
    with open(tmp_path / "o.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert {row["label"] for row in rows} == {"happy"} and {row["person"] for row in rows} == {"1"}


def test_camera_with_a_clip_in_its_place(clip: Path) -> None:
    assert run("camera.py", clip).startswith("One person: looks happy")


def test_demo_clip(tmp_path: Path) -> None:
    run("demo_clip.py", tmp_path / "demo.webm", 3)
    with av.open(str(tmp_path / "demo.webm")) as clip:
        assert [(frame.width, frame.height) for frame in clip.decode(video=0)] == [(640, 480)] * 3


def test_live_client(clip: Path, tmp_path: Path) -> None:
    options = LiveOptions(data_folder=tmp_path)
    with listen("127.0.0.1", 0) as listening:
        ready = threading.Event()
        app = create_app(options)
        server = Server(config_of(app, options), ready.set, app.state.services.engine.end)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert ready.wait(60)
        try:
            said = run("live_client.py", f"http://127.0.0.1:{listening.getsockname()[1]}", clip)
        finally:
            server.should_exit = True
            thread.join(60)
    assert said.splitlines()[0].startswith("0.00 s  One person: looks happy")
