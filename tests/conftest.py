"""What all tests share: where the data lie, a fixed draw for hypothesis, and quiet, single-threaded runs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Files run side by side, one a core; threads that wait for each other would take the cores from other files. It is read
# when PyTorch and numpy's BLAS load, and by the processes that tests start.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# Started by `nohup`, or in the background of a script, a program ignores these signals, and so does what it starts.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MIEN_SHARED", ROOT.parent / "shared"))

settings.register_profile(
    "mien",
    deadline=None,
    max_examples=50,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("mien")

SLOW = ("benchmarks", "notebooks", "test_checked_types.py", "web/browser")  # of which a file takes up to two minutes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow files first: where files run side by side, none of them is then left for a single core at the end."""
    folders = tuple(str(ROOT / "tests" / name) for name in SLOW)
    items.sort(key=lambda item: not str(item.path).startswith(folders))


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder} (set MIEN_SHARED to the folder that holds {name}/)")
    return folder


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of photos and clips to try the program on."""
    return _folder("media")


@pytest.fixture(scope="session")
def shared_fer2013() -> Path:
    """The folder of FER2013's faces, labels and votes."""
    return _folder("fer2013")


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """A photo of one smiling face, 512 x 512 (NASA, public domain)."""
    return ROOT / "examples" / "astronaut.jpg"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a package seem not installed: `without("torch", "mien.learn")` has that part of ours imported anew."""

    def hide(package: str, *parts: str) -> None:
        before = dict(sys.modules)
        for name in [name for name in before if name.startswith(parts)]:
            monkeypatch.delitem(sys.modules, name)
            # Its parent knows it too, and would go on knowing the one that is imported meanwhile.
            parent, _, child = name.rpartition(".")
            monkeypatch.delattr(before[parent], child, raising=False)
        monkeypatch.setitem(sys.modules, package, None)

    return hide
