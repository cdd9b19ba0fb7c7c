"""What the user typed, as a list of things to open: folders and globs become their files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from mien.errors import SourceError
from mien.images import PICTURE_ENDINGS

# What a folder is searched for. A file that is named outright is opened whatever its ending.
ENDINGS = {
    *PICTURE_ENDINGS,
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp", ".3g2"),
    *(".flv", ".wmv", ".asf", ".ogv", ".mxf", ".y4m", ".vob", ".dv"),
}
Input: TypeAlias = str | Path | int  # what was typed, a file or folder for certain, a camera

_REGION = re.compile(r"screen:(-?\d+),(-?\d+),(\d+),(\d+)")


def expand_inputs(inputs: Sequence[str | Path]) -> list[Input]:
    """Folders (recursive, sorted) and globs to their files; a number to that camera; all else stays as it is.

    Files that are found are `Path`s, and a `Path` is never a camera or the screen, whatever its name; nor is the name
    of a folder. Hidden files and folders are passed over. A name that is no file stays too: opening it says what is
    wrong.

    Raises:
        SourceError: a folder without pictures or clips, a glob that matches nothing.
    """
    return [item for given in inputs for item in _expand(given)]


def _expand(given: str | Path) -> list[Input]:
    if isinstance(given, str) and _is_device(given):
        return [given]
    name = str(given)
    if os.path.isdir(name):
        return list(map(Path, _files_in(name)))
    if isinstance(given, str) and (number := camera_number(given)) is not None:
        return [number]
    if not os.path.exists(name) and glob.has_magic(name):
        return list(map(Path, _matches(name)))
    return [given]


def _is_device(text: str) -> bool:
    return text in ("-", "screen") or text.startswith("screen:") or "://" in text


def _files_in(folder: str) -> list[str]:
    files = sorted(_walk(folder))
    if not files:
        raise SourceError(f"there are no pictures or clips in {folder}: name another folder, or the files themselves")
    return files


def _matches(pattern: str) -> list[str]:
    found = sorted(glob.glob(pattern, recursive=True))
    files = [name for match in found for name in (_walk(match) if os.path.isdir(match) else [match])]
    if not files:
        raise SourceError(f"nothing matches {pattern}: check the pattern")
    return list(dict.fromkeys(files))  # '**' finds a folder and what is in it


def _walk(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS:
                yield os.path.join(here, name)


def camera_number(text: str) -> int | None:
    """The camera that a text names ('0', '12'), or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def file_address(text: str) -> Path | None:
    """The file behind an address of the kind file://, its %20 and the like decoded; None for every other text."""
    scheme, _, rest = text.partition("://")
    if scheme.lower() != "file":
        return None
    return Path(unquote(rest, errors="surrogateescape"))


def input_file(given: Input) -> Path | None:
    """The file that an input names, if there is one."""
    if isinstance(given, int) or (isinstance(given, str) and camera_number(given) is not None):
        return None
    path = given if isinstance(given, Path) else file_address(given) or Path(given)
    return path if os.path.isfile(path) else None


def screen_region(text: str) -> tuple[int, int, int, int] | None:
    """'screen' is None (all of it), 'screen:x,y,w,h' those numbers; SourceError when it is neither."""
    if text == "screen":
        return None
    found = _REGION.fullmatch(text.replace(" ", ""))
    if found is None or any(len(number) > 7 for number in found.groups()):
        raise SourceError(f"{text!r} names no part of the screen: write screen:X,Y,WIDTH,HEIGHT in pixels")
    x, y, width, height = map(int, found.groups())
    return x, y, width, height
