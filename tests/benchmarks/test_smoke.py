"""Each benchmark runs to its end and gives numbers; what the numbers are is not a test's business."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from face_sets import shared_faces, write_csv

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(path.name for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
WITH_ROWS = (
    "body.py",
    "distance.py",
    "dream.py",
    "face_geometry.py",
    "live.py",
    "memory.py",
    "memory_order.py",
    "reasons.py",
    "size.py",
    "speed.py",
)
MAY_BE_NEGATIVE = (
    "growth",
    "difference",
    "slowed: delay of the second half less the first",
    "four at once: readings a second, fewest",  # nothing at all in a second, where other tests keep the cores
)
MAY_BE_NOTHING = ("reasons.py",)  # rates of what no face shows, and drops that are rises
TESTED_ELSEWHERE = ("cues.py", "detection.py", "explain.py", "tracking.py")  # tests/body, tests/faces


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / script), *options]
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths})


@pytest.mark.parametrize("script", WITH_ROWS)
def test_a_quick_run_gives_finite_positive_numbers_alone_on_standard_output(script: str, tmp_path: Path) -> None:
    options = ["--quick", "--json", "-"]
    if script == "speed.py":
        options += ["--shared", str(tmp_path)]  # nothing there: a clip is made of the example photo
    done = run(script, *options)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(done.stdout)["rows"]
    assert rows
    for row in rows:
        for value in (row["value"], *row["beside"].values()):
            assert math.isfinite(value), row
            assert value > 0 or row["name"] in MAY_BE_NEGATIVE or script in MAY_BE_NOTHING, row


def test_every_benchmark_is_smoke_tested_and_told_of() -> None:
    told = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert set(SCRIPTS) == {*WITH_ROWS, *TESTED_ELSEWHERE, "tone.py"}
    for path in BENCHMARKS.glob("*.py"):
        assert f"`{path.name}`" in told


def test_the_tone_is_measured_on_shared_faces_and_on_the_public_files(shared_fer2013: Path, tmp_path: Path) -> None:
    first = 28_709  # of PublicTest
    data, votes = write_csv(tmp_path, shared_faces(shared_fer2013, slice(first, first + 100)))
    found = []
    for place in (["--shared", str(shared_fer2013.parent)], ["--data", str(data), "--votes", str(votes)]):
        done = run("tone.py", "--quick", "--json", "-", *place)
        assert done.returncode == 0, done.stderr[-2000:]
        found.append({row["name"]: row["value"] for row in json.loads(done.stdout)["rows"]})
    assert found[0] == found[1]
    assert all(math.isfinite(value) and value >= 0 for value in found[0].values())
    assert found[0]["wrong"] <= 30  # per cent: it has learned something


def test_the_geometry_of_faces_without_faces_is_left_out_with_a_word() -> None:
    done = run("face_geometry.py")
    assert done.returncode == 0
    assert "--data" in done.stderr
    assert not done.stdout
