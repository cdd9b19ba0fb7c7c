"""A report's folder, written whole or not at all; files of others are never touched.

A folder is a report's when it has a `LIST` of its files, which each report leaves; any other that is not empty is
refused. It knows nothing of what the files hold.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from mien.errors import UsageError
from mien.files import telling

LIST = ".mien-report"  # names of the files of the report in the folder, one a line


def check_folder(folder: Path) -> None:
    """Raise unless a report may be written to the folder: it is missing, empty, or holds a report and nothing else.

    Raises:
        UsageError: it is a file, or holds files of others.
        SinkError: it cannot be looked into, or the folder above it is missing.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder for the report")
    with telling(folder):
        if not folder.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        foreign = sorted(_names_in(folder) - _listed(folder) - {LIST}) if folder.exists() else []
    if foreign:
        shown = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        raise UsageError(f"{folder} holds files that are no report's ({shown}): name a new or an empty folder")


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, in place of an earlier report's; all are on the disk before one gets its name.

    Raises:
        UsageError, SinkError: as `check_folder`; or the disk is full. What was there is left as it was.
    """
    check_folder(folder)
    is_new = not folder.exists()
    # Beside a new folder, inside one that is there: in either case the renames stay on one file system.
    draft = (folder.parent if is_new else folder) / f".{folder.name[:80]}.{secrets.token_hex(4)}.part"
    try:
        with telling(folder):
            draft.mkdir()
            for name, content in {**files, LIST: "\n".join(sorted(files)).encode()}.items():
                _write(draft / name, content)
            if is_new:
                draft.rename(folder)
            else:
                _move(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # a full disk may show only now


def _move(draft: Path, folder: Path) -> None:
    new = _names_in(draft)
    for name in _listed(folder) - new:
        (folder / name).unlink(missing_ok=True)
    # The list comes first: whatever is broken off after it is known as a report's.
    for name in sorted(new, key=lambda name: name != LIST):
        os.replace(draft / name, folder / name)


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _listed(folder: Path) -> set[str]:
    try:
        names = (folder / LIST).read_text(encoding="utf-8").split("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        return set()
    return {name for name in names if name and name == Path(name).name and name not in (".", "..")}
