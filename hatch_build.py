"""The build hook: puts the third-party weights into the package when a wheel or an editable install is made.

`src/mien/weights/manifest.json` names each file, the published package that holds it, and its sha256. A file that
lies in the tree already, whole, is left alone, so a second build fetches nothing. Else the files come from the folder
that MIEN_WEIGHTS names, or from the package, by `pip download`. A source distribution needs none of this.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

Entry = dict[str, str]  # one weight file, as the manifest describes it
Pip = Callable[[list[str]], tuple[int, str]]  # pip's arguments -> exit code and all it printed


class WeightsHook(BuildHookInterface[Any]):
    """What hatchling calls before it makes a wheel, editable or not."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See that all weights lie in the tree; RuntimeError says what to do where they cannot."""
        provide(Path(self.root, "src", "mien", "weights"), by_hand=os.environ.get("MIEN_WEIGHTS"))


def run_pip(arguments: list[str]) -> tuple[int, str]:
    """Run this interpreter's pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout


def provide(weights: Path, *, by_hand: str | None = None, pip: Pip = run_pip) -> list[str]:
    """Make the folder `weights` hold every file of its manifest, whole; returns the names that had to be brought.

    Args:
        weights: the folder with manifest.json.
        by_hand: a folder with the files, or with the packages' wheels; where it is given nothing is downloaded.
        pip: runs pip.

    Raises:
        RuntimeError: a file cannot be had, or is not the one named; nothing wrong is left in `weights`.
    """
    entries: list[Entry] = list(json.loads((weights / "manifest.json").read_text(encoding="utf-8")).values())
    missing = [entry for entry in entries if not _is_whole(weights / entry["file"], entry)]
    with tempfile.TemporaryDirectory() as folder:
        for entry in missing:
            data = _carried(Path(by_hand), entry) if by_hand else _from_package(Path(folder), entry, pip)
            _keep(weights / entry["file"], data)
    return [entry["file"] for entry in missing]


def _is_whole(path: Path, entry: Entry) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]


def _carried(folder: Path, entry: Entry) -> bytes:
    file = folder / entry["file"]
    if file.is_file():
        return _checked(file.read_bytes(), entry, str(file))
    wheel = _wheel_in(folder, entry)
    if wheel is None:
        raise _failure(entry, f"MIEN_WEIGHTS={folder} holds neither this file nor the wheel of {_pin(entry)}")
    return _member(wheel, entry)


def _from_package(folder: Path, entry: Entry, pip: Pip) -> bytes:
    wheel = _wheel_in(folder, entry)
    if wheel is None:  # two files of one package: one download
        code, said = pip(["download", *_options(entry), "-d", str(folder), _pin(entry)])
        wheel = _wheel_in(folder, entry)
        if code or wheel is None:
            raise _failure(entry, f"pip could not download {_pin(entry)} ({_reason(said)})")
    return _member(wheel, entry)


def _wheel_in(folder: Path, entry: Entry) -> Path | None:
    pattern = f"{entry['package'].replace('-', '_')}-{entry['version']}-{entry.get('wheel', '*')}.whl"
    return next(iter(sorted(folder.glob(pattern))), None)


def _member(wheel: Path, entry: Entry) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(entry["member"])
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise _failure(entry, f"{wheel.name} holds no readable {entry['member']} ({error})") from None
    return _checked(data, entry, f"{wheel.name}, {entry['member']}")


def _checked(data: bytes, entry: Entry, origin: str) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise _failure(entry, f"{origin} is not the file expected: its sha256 is {found}, not {entry['sha256']}")
    return data


def _keep(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")  # two builds at once must not see half a file
    beside.write_bytes(data)
    os.replace(beside, path)


def _options(entry: Entry) -> list[str]:
    """What pip must be told to bring the wheel meant, whatever system and Python this is."""
    options = ["--no-deps", "--only-binary=:all:"]
    if "wheel" in entry:
        python, abi, platform = entry["wheel"].split("-")
        version = f"{python[2]}.{python[3:]}"  # cp312: CPython 3.12
        options += ["--python-version", version, "--implementation", python[:2], "--abi", abi, "--platform", platform]
    return options


def _pin(entry: Entry) -> str:
    return f"{entry['package']}=={entry['version']}"


def _reason(said: str) -> str:
    """What pip gave as the cause: its first line of error, else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines[-1:] or ["it said nothing"])[0]


def _failure(entry: Entry, cause: str) -> RuntimeError:
    return RuntimeError(
        f"Mien needs the third-party weights {entry['file']}: {cause}.\n"
        "Nothing was built. There are three ways out:\n"
        f"  1. let pip reach a package index that has {_pin(entry)} (network, proxy, PIP_INDEX_URL or\n"
        f"     PIP_EXTRA_INDEX_URL), and build again;\n"
        f"  2. on a machine with network run\n"
        f"     `pip download {' '.join([*_options(entry), _pin(entry)])}`, carry the wheel here,\n"
        "     and build with MIEN_WEIGHTS=FOLDER, the folder it lies in (the .tflite files themselves do as well);\n"
        f"  3. put {entry['file']} (sha256 {entry['sha256']})\n"
        "     into src/mien/weights/ of the source tree, and build again."
    )
