"""Arrays kept in the user's cache folder, under a name made of the sha256 of the file that they were read from.

The folder is $MIEN_CACHE, else where the platform keeps caches; it may be deleted at any time. What cannot be written
or is broken is made anew: nothing here is an error. It knows nothing of faces.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.models import sha256_of

Arrays = dict[str, NDArray[Any]]
# A file changed within this time before its hash was taken may change again under the same time stamp (FAT: 2 s).
SETTLED_NS = 2_000_000_000


def folder() -> Path:
    """Where arrays are kept; it need not exist."""
    chosen = os.environ.get("MIEN_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mien"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mien" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mien"


def is_usable() -> bool:
    """Whether something can be kept here; the folder is made."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        return os.access(folder(), os.W_OK | os.X_OK)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: no home folder
        return False


def recall(name: str, arrays: Sequence[str]) -> Arrays | None:
    """What `keep` kept, mapped from disk (what is changed stays in memory); None where any of it is not whole."""
    try:
        place = folder() / name
        mapped = {one: np.load(place / f"{one}.npy", mmap_mode="c", allow_pickle=False) for one in arrays}
        return {one: values.view(np.ndarray) for one, values in mapped.items()}
    except Exception:  # numpy's reader raises anything on a broken file, and a broken cache is no error
        return None


def keep(name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays: whole, or not at all."""
    draft: Path | None = None
    try:
        place = folder() / name
        draft = place.with_name(f".{name}.{secrets.token_hex(4)}.part")
        draft.mkdir(parents=True)
        for one, values in arrays.items():
            np.save(draft / f"{one}.npy", values, allow_pickle=False)
        shutil.rmtree(place, ignore_errors=True)  # a broken one
        draft.rename(place)
    except (OSError, RuntimeError, ValueError):
        pass
    finally:  # Ctrl-C too leaves nothing behind
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def fingerprint(path: Path) -> str:
    """The sha256 of a file; remembered by its path, size and times, since hashing 300 MB takes a second.

    Raises:
        OSError: the file cannot be read.
    """
    about = path.stat()
    state = [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
    note = folder() / "seen" / (hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32] + ".json")
    with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["state"] == state:
            return str(known["sha256"])
    found = sha256_of(path)
    if time.time_ns() - max(about.st_mtime_ns, about.st_ctime_ns) > SETTLED_NS:
        _write_note(note, {"state": state, "sha256": found})
    return found


def _write_note(note: Path, facts: dict[str, Any]) -> None:
    draft = note.with_name(f".{note.name}.{secrets.token_hex(4)}.part")
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(note)
