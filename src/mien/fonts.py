"""Fonts that have the letters of a text.

Pillow brings one font, of little more than ASCII; for é, 高兴 or Arabic the system's fonts are searched, once a set
of letters. A letter that a font lacks is told by its drawing: it is the one of 'no such letter'.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont, features

Font = ImageFont.FreeTypeFont

PROBE_PX = 20  # size at which letters are compared
NO_LETTER = "\uffff"  # Unicode promises that this is no letter
SUFFIXES = (".ttf", ".otf", ".ttc")
PREFERRED = ("notosans", "dejavusans", "segoeui", "arial", "helvetica", "liberationsans")
DRESSED = ("bold", "italic", "oblique", "light", "thin", "black", "condensed", "mono", "emoji", "serif")


def font_for(text: str, size_px: int, *, folders: Sequence[Path] | None = None) -> Font | None:
    """A font of `size_px` that has all letters of `text`, or None.

    Pillow's own comes first, then the fonts in `folders` (the system's unless told).
    """
    letters = frozenset(letter for letter in text if not letter.isspace())
    if _needs_shaping(letters) and not features.check("raqm"):
        return None
    if _has_letters(_default(PROBE_PX), letters):
        return _default(size_px)
    found = _search(letters, tuple(system_folders() if folders is None else folders))
    return None if found is None else _opened(found, size_px)


def system_folders() -> list[Path]:
    """Where this system and its user keep fonts."""
    home = Path(os.path.expanduser("~"))  # unlike Path.home(), never fails
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft" / "Windows" / "Fonts"
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts", user]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), data / "fonts", home / ".fonts"]


def _needs_shaping(letters: frozenset[str]) -> bool:
    # Right-to-left scripts and those whose marks combine come out wrong without Raqm's layout.
    return any(unicodedata.bidirectional(c) in ("R", "AL") or unicodedata.category(c) in ("Mc", "Mn") for c in letters)


def _has_letters(font: Font, letters: frozenset[str]) -> bool:
    missing = _drawing(font, NO_LETTER)
    return all(_drawing(font, letter) != missing for letter in letters)


def _drawing(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


@lru_cache(maxsize=64)
def _search(letters: frozenset[str], folders: tuple[Path, ...]) -> Path | None:
    for path in _font_files(folders):
        try:
            if _has_letters(ImageFont.truetype(str(path), PROBE_PX), letters):
                return path
        except (OSError, ValueError):  # no font, or one of fixed sizes
            continue
    return None


@cache
def _font_files(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(sorted(_walk(folders), key=_plainness))


def _walk(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        for place, _, names in os.walk(folder):
            yield from (Path(place) / name for name in names if _is_font(name.lower()))


def _is_font(name: str) -> bool:
    # macOS's Last Resort has a box for every letter there is.
    return name.endswith(SUFFIXES) and not name.startswith("lastresort")


def _plainness(path: Path) -> tuple[bool, int, str]:
    """Plain upright sans-serif first, for text that stands on pictures."""
    name = path.stem.lower().replace("-", "").replace("_", "").replace(" ", "")
    rank = next((i for i, known in enumerate(PREFERRED) if name.startswith(known)), len(PREFERRED))
    return any(word in name for word in DRESSED), rank, str(path)


@lru_cache(maxsize=64)
def _opened(path: Path, size_px: int) -> Font:
    return ImageFont.truetype(str(path), size_px)


@lru_cache(maxsize=64)
def _default(size_px: int) -> Font:
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
