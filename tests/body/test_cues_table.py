"""The benchmark of cues runs to its end; what its numbers are is not a test's business."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mien.body.cues import CUES

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "cues.py"


def test_a_quick_run_tells_of_every_cue_that_a_moment_shows() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--quick", "--json", "-"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = {row["name"]: row["value"] for row in json.loads(done.stdout)["rows"]}
    assert all(0 <= value <= 100 for value in rows.values())
    for cue in CUES:
        assert (f"{cue.name}: false" in rows) == (cue.rule is not None)
