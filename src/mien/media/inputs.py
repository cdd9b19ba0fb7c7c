"""What the user typed, as a list of things to open: folders and globs become their files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mien.errors import SourceError

# What a folder is searched for. A file that is named outright is opened whatever its ending.
ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".heic"),
    *(".heif", ".jp2", ".ppm", ".pgm"),
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp", ".3g2"),
    *(".flv", ".wmv", ".asf", ".ogv", ".mxf", ".y4m", ".vob", ".dv"),
}
_REGION = re.compile(r"screen:(-?\d+),(-?\d+),(\d+),(\d+)")


def expand_inputs(inputs: Sequence[str]) -> list[str | int]:
    """Folders (recursive, sorted) and globs to their files; a number to that camera; all else stays as it is.

    Hidden files and folders are passed over. A name that is no file stays too: opening it says what is wrong.

    Raises:
        SourceError: a folder without pictures or clips, a glob that matches nothing.
    """
    return [item for text in inputs for item in _expand(text)]


def _expand(text: str) -> list[str | int]:
    number = camera_number(text)
    if number is not None:
        return [number]
    if text in ("-", "screen") or text.startswith("screen:") or "://" in text:
        return [text]
    if os.path.isdir(text):
        return list(_files_in(text))
    if not os.path.exists(text) and glob.has_magic(text):
        matches = sorted(glob.glob(text, recursive=True))
        files = [name for match in matches for name in (_walk(match) if os.path.isdir(match) else [match])]
        if not files:
            raise SourceError(f"nothing matches {text}: check the pattern")
        return list(dict.fromkeys(files))  # '**' finds a folder and what is in it
    return [text]


def _files_in(folder: str) -> list[str]:
    files = sorted(_walk(folder))
    if not files:
        raise SourceError(f"there are no pictures or clips in {folder}: name another folder, or the files themselves")
    return files


def _walk(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS:
                yield os.path.join(here, name)


def camera_number(text: str) -> int | None:
    """The camera that a text names ('0', '12'), or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def screen_region(text: str) -> tuple[int, int, int, int] | None:
    """'screen' is None (all of it), 'screen:x,y,w,h' those numbers; SourceError when it is neither."""
    if text == "screen":
        return None
    found = _REGION.fullmatch(text.replace(" ", ""))
    if found is None or any(len(number) > 7 for number in found.groups()):
        raise SourceError(f"{text!r} names no part of the screen: write screen:X,Y,WIDTH,HEIGHT in pixels")
    x, y, width, height = map(int, found.groups())
    return x, y, width, height
