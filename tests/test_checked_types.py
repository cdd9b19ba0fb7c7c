"""The types that the package states are right, as mypy finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(600)  # a minute of one core, but other tests may keep that core busy
def test_mypy_finds_nothing() -> None:
    command = [sys.executable, "-m", "mypy", "--no-color-output"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
