"""Files that are written whole or not at all: under another name beside the target, then renamed.

A `Draft` is such a file while it grows; `written_whole` is a draft for one block of code. Every `OSError` on the
way becomes one `SinkError` line. Nothing here knows what is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mien.errors import SinkError, UsageError

BYTES_KEPT = 80  # of a name and of its ending, in a draft: most file systems allow 255 in all

NO_FRAME = "no frame came"

_WHAT_TO_DO = {
    errno.ENOSPC: "no space is left on the disk; make room or choose another place",
    errno.EDQUOT: "your share of the disk is used up; make room or choose another place",
    errno.EFBIG: "it grew beyond the largest size allowed here; choose another place or write less",
    errno.EROFS: "the folder is read-only; choose another one",
    errno.EACCES: "you may not write there; choose another folder or change its permissions",
    errno.EPERM: "you may not write there; choose another folder or change its permissions",
    errno.ENOENT: "its folder is not there; make it first",
    errno.ENOTDIR: "a part of its path is a file, not a folder; choose another place",
    errno.EISDIR: "a folder has this name; choose a file name",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}


def sink_error(path: Path | str, error: Exception) -> SinkError:
    """The one line that tells the user why `path` was not written and what to do."""
    number = getattr(error, "errno", None)
    reason = _WHAT_TO_DO.get(number or 0) or getattr(error, "strerror", None) or _first_line(error)
    return SinkError(f"cannot write {path}: {reason}")


@contextmanager
def telling(path: Path | str) -> Iterator[None]:
    """Turn an `OSError` of the block into the `SinkError` for `path`."""
    try:
        yield
    except OSError as error:
        raise sink_error(path, error) from error


class Draft:
    """A file being written: `path` is its temporary name, beside the `target`, with the target's suffix.

    `commit` gives it its name, `discard` removes it; a draft that is dropped or left at the program's end is
    discarded. A target that is no regular file (a pipe, /dev/null) is written directly.

    Raises:
        SinkError: the folder is missing or read-only, or the target is a folder.
    """

    def __init__(self, target: Path | str) -> None:
        self.target = Path(target)
        with telling(target):
            # Through a link, not over it; and a rename over /dev/null would replace the device.
            real = self.target.resolve()
            if real.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            # The names in /dev/fd lead to what has no path, such as a shell's pipe.
            self.is_direct = self.target.exists() and not real.is_file()
            self._real = real
            self.path = self.target if self.is_direct else _make_beside(real)
        self._remove = weakref.finalize(self, _discard, None if self.is_direct else self.path)
        self._file: IO[Any] | None = None

    def open_text(self) -> IO[str]:
        """Open the draft for UTF-8 text with line ends as written; `commit` and `discard` close it."""
        with telling(self.target):
            self._file = open(self.path, "w", encoding="utf-8", newline="")  # noqa: SIM115
        return self._file

    def open_binary(self) -> IO[bytes]:
        """Open the draft for bytes; `commit` and `discard` close it."""
        with telling(self.target):
            self._file = open(self.path, "wb")  # noqa: SIM115
        return self._file

    @property
    def is_open(self) -> bool:
        """Whether neither `commit` nor `discard` was called."""
        return self._remove.alive

    def commit(self) -> None:
        """Give the finished file its name. Raises SinkError, and removes the draft, when that fails."""
        if not self.is_open:
            return
        try:
            with telling(self.target):
                if self._file is not None:
                    self._file.close()
                if not self.is_direct:
                    self._rename()
        except SinkError:
            self.discard()
            raise
        self._remove.detach()

    def discard(self) -> None:
        """Remove the unfinished file; after `commit`, nothing happens."""
        if self.is_open and self._file is not None:
            with contextlib.suppress(OSError):  # what is left in its buffer may not fit on the disk
                self._file.close()
        self._remove()

    def _rename(self) -> None:
        _flush_to_disk(self.path)  # a full disk may show only now
        if self._real.exists():
            shutil.copymode(self._real, self.path)
        os.replace(self.path, self._real)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; it becomes `path` at the end, and is removed after any error.

    Raises SinkError when the folder is missing or read-only, or the disk is full. An `OSError` of the block that
    names another file passes through as it is.
    """
    draft = Draft(path)
    try:
        yield draft.path
    except BaseException as error:
        draft.discard()
        if isinstance(error, OSError) and error.filename in (None, draft.path, str(draft.path)):
            raise sink_error(path, error) from error
        raise
    draft.commit()


def check_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    """Raise UsageError unless the name ends as one of `suffixes`, in any case."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"cannot tell the format of {path}: end its name with one of {', '.join(suffixes)}")


def identity(path: Path) -> tuple[int, int] | None:
    """What a file or folder has in common with all links and names that lead to it; None if there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def nothing_written(path: Path, why: str = NO_FRAME) -> str:
    """The line for an output that there was nothing for."""
    return f"nothing was written to {path}: {why}"


def _make_beside(target: Path) -> Path:
    # Opened without mkstemp, whose files nobody else may read; the umask decides, as for any new file.
    name = f".{_cut(target.stem)}.{secrets.token_hex(4)}.part{_cut(target.suffix)}"
    draft = target.with_name(name)
    if len(os.fsencode(target.name)) > 255:  # the draft's name would fit, the final one would not
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return draft


def _cut(name: str) -> str:
    while len(os.fsencode(name)) > BYTES_KEPT:
        name = name[:-1]
    return name


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(path: Path | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
