"""Which networks are installed, and whether they are the ones meant: the third-party weights, by name.

The weights lie inside the package, put there by the build hook (`hatch_build.py`) from the same manifest; nothing is
fetched here. How a network is run, `runtime.py` knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mien.errors import ModelError

WEIGHTS = Path(__file__).with_name("weights")  # manifest.json, the files it names, their licence
INSTALL_AGAIN = "install Mien again (in its source tree: pip install --force-reinstall --no-deps .)"


@dataclass(frozen=True)
class Weights:
    """One third-party file: which published package it was taken from, and the sha256 that it must have."""

    file: str
    sha256: str
    package: str
    version: str
    member: str  # path inside the package's wheel
    what: str
    licence: str


def third_party(folder: Path = WEIGHTS) -> Mapping[str, Weights]:
    """The third-party weights that Mien uses, by name.

    Raises:
        ModelError: the manifest is missing or broken.
    """
    try:
        table = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return {name: Weights(**entry) for name, entry in table.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"the list of weights {folder / 'manifest.json'} cannot be read: {INSTALL_AGAIN}") from error


def weights_path(name: str, *, folder: Path = WEIGHTS) -> Path:
    """Where the third-party weights `name` lie; they are checked once per process.

    Raises:
        ModelError: no such name, or the file is missing or not the one meant.
    """
    table = third_party(folder)
    if name not in table:
        raise ModelError(f"there are no weights called {name!r}; there are: {', '.join(sorted(table))}")
    return _checked(folder / table[name].file, table[name].sha256)


@cache  # errors are not cached: a file put right is seen
def _checked(path: Path, sha256: str) -> Path:
    try:
        found = sha256_of(path)
    except FileNotFoundError:
        raise ModelError(f"the weights {path} are missing: {INSTALL_AGAIN}") from None
    except OSError as error:
        raise ModelError(f"the weights {path} cannot be read ({error.strerror}): {INSTALL_AGAIN}") from error
    if found != sha256:
        raise ModelError(f"the weights {path} are damaged (sha256 {found[:9]}.., not {sha256[:9]}..): {INSTALL_AGAIN}")
    return path


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
