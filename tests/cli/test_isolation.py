"""`mien read` with an empty home folder and every socket refused: it works, leaves nothing, and asks nobody.

Python's sockets are refused by a `sitecustomize` module; on Linux the kernel watches as well, and kills the process at
its first system call `socket`, whichever library makes it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

SOCKET_CALL = {"x86_64": 41, "aarch64": 198}  # Linux's number of the system call
REFUSING = """
import ctypes, os, socket, struct

def refuse(*arguments, **settings):
    raise AssertionError("a socket was asked for")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
number = int(os.environ["SOCKET_CALL"])
if number:
    # A filter in BPF: load the call's number; if it is `socket`, kill the process; else allow (linux/seccomp.h).
    program = b"".join(struct.pack("HBBI", *step) for step in [
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)])
    steps = ctypes.create_string_buffer(program, len(program))
    rule = struct.pack("HxxxxxxQ", 4, ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.create_string_buffer(rule, len(rule)), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter")
"""
ASKING = "import _socket; _socket.socket()"


@pytest.fixture
def shut_off(tmp_path: Path) -> dict[str, str]:
    """An environment with empty folders and no sockets."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(REFUSING)
    for name in ("home", "work", "temporary"):
        (tmp_path / name).mkdir()
    is_watched = sys.platform.startswith("linux")
    source = Path(__file__).resolve().parents[2] / "src"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "USERPROFILE": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(source)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOCKET_CALL": str(SOCKET_CALL.get(platform.machine(), 0) if is_watched else 0),
    }


def run(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], env=environment, cwd=folder, capture_output=True, text=True)


def test_the_watch_bites(shut_off: dict[str, str], tmp_path: Path) -> None:
    if shut_off["SOCKET_CALL"] == "0":
        pytest.skip("the kernel's watch is written for Linux on x86-64 and ARM64")
    asked = run(["-c", ASKING], shut_off, tmp_path / "work")
    if "no filter" in asked.stderr:
        pytest.skip("this system allows no seccomp filters")
    assert asked.returncode < 0
    assert run(["-c", "print(1)"], shut_off, tmp_path / "work").returncode == 0


def test_reading_needs_no_network_and_leaves_nothing_behind(
    shut_off, tmp_path: Path, astronaut: Path, clip: Path
) -> None:
    ended = run(["-m", "mien", "read", str(astronaut), str(clip), "--json", "-"], shut_off, tmp_path / "work")
    assert ended.returncode == 0, ended.stderr
    readings = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(readings) == 9 and all(reading["faces"] for reading in readings[:1])
    assert not any(word in ended.stderr for word in ("INFO", "WARN", "delegate", "Traceback"))
    for name in ("home", "work", "temporary"):
        assert list((tmp_path / name).rglob("*")) == []
