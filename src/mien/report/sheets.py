"""Contact sheets: grey faces in rows with words under each, as one PNG.

A face is shown as it is, only larger; words that are too long for their place go on below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw

from mien import fonts
from mien.types import ImageArray

FACE_PX, GAP_PX, EDGE_PX = 112, 12, 24
TEXT_PX, TITLE_PX = 15, 24
PAPER, INK, QUIET = 255, 28, 100  # grey levels
LINE = 1.3  # from one line of words to the next, in letter heights
ACROSS_PX = 1240  # a sheet is about so wide
Ink = int | tuple[int, int, int]  # a grey level, or RGB on a picture that has colours
# What stays together on a line: a word, or one sign of those that are written without spaces, and the marks behind it.
_SIGN, _CLOSING = r"\u3040-\u30ff\u3400-\u9fff", r"\u3001-\u303f\uff00-\uff0f\uff1a-\uff20"
PIECES = re.compile(rf"[{_SIGN}][{_CLOSING}]*|[^{_SIGN}]+")


@dataclass(frozen=True, eq=False)
class Tile:
    """One or several faces (S, S) uint8 grey side by side, lines of words under them, and what they show in words."""

    faces: tuple[ImageArray, ...]
    lines: tuple[str, ...]
    alt: str


def face_png(face: ImageArray) -> bytes:
    """One face (S, S) uint8 grey as a PNG, at most `FACE_PX` wide."""
    picture = Image.fromarray(face)
    picture.thumbnail((FACE_PX, FACE_PX), Image.Resampling.LANCZOS)
    return _as_png(picture)


def contact_sheet(tiles: Sequence[Tile], title: str) -> bytes:
    """All tiles under a title: the bytes of a PNG, about `ACROSS_PX` wide."""
    widest = max((len(tile.faces) for tile in tiles), default=1)
    wide = widest * FACE_PX + (widest - 1) * 2
    columns = max(1, min(len(tiles), (ACROSS_PX - 2 * EDGE_PX + GAP_PX) // (wide + GAP_PX)))
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    words = [[_lines(tile, wide) for tile in row] for row in rows]
    heights = [FACE_PX + round(LINE * TEXT_PX * max(map(len, row))) + 4 + GAP_PX for row in words]
    top = EDGE_PX + (round(EDGE_PX + TITLE_PX * LINE) if title else 0)
    width = 2 * EDGE_PX + max(columns * (wide + GAP_PX) - GAP_PX, round(width_of(title, TITLE_PX)))
    sheet = Image.new("L", (width, top + sum(heights) + EDGE_PX), PAPER)
    pen = ImageDraw.Draw(sheet)
    write(pen, (EDGE_PX, EDGE_PX), title, TITLE_PX, INK)
    for row, written, high in zip(rows, words, heights, strict=True):
        for column, (tile, lines) in enumerate(zip(row, written, strict=True)):
            _draw_tile(sheet, tile, lines, (EDGE_PX + column * (wide + GAP_PX), top))
        top += high
    return _as_png(sheet)


def _lines(tile: Tile, wide: int) -> list[tuple[str, int]]:
    """The lines under a tile as they fit, each with its grey: the first is the caption, the rest quiet."""
    return [
        (line, INK if number == 0 else QUIET) for number, text in enumerate(tile.lines) for line in wrapped(text, wide)
    ]


def _draw_tile(sheet: Image.Image, tile: Tile, lines: list[tuple[str, int]], corner: tuple[int, int]) -> None:
    left, top = corner
    for number, face in enumerate(tile.faces):
        large = Image.fromarray(face).resize((FACE_PX, FACE_PX), Image.Resampling.BICUBIC)
        sheet.paste(large, (left + number * (FACE_PX + 2), top))
    pen = ImageDraw.Draw(sheet)
    for number, (line, grey) in enumerate(lines):
        write(pen, (left, round(top + FACE_PX + 4 + number * LINE * TEXT_PX)), line, TEXT_PX, grey)


def wrapped(text: str, width_px: int, size_px: int = TEXT_PX) -> list[str]:
    """The text in lines of at most `width_px`, broken at spaces and between signs of Chinese and Japanese.

    A word that is too long alone ends in dots.
    """
    lines: list[str] = []
    for word in text.split(" "):
        space = " "
        for piece in PIECES.findall(word) or [""]:
            if lines and width_of(f"{lines[-1]}{space}{piece}", size_px) <= width_px:
                lines[-1] += space + piece
            else:
                lines.append(_shortened(piece, width_px, size_px))
            space = ""
    return lines


def _shortened(word: str, width_px: int, size_px: int) -> str:
    if width_of(word, size_px) <= width_px:
        return word
    end = len(word)
    while end and width_of(f"{word[:end]}...", size_px) > width_px:
        end -= 1
    return f"{word[:end]}..."


def write(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size_px: int, ink: Ink) -> None:
    """Write one line whose upper left corner is `place`, in letters of `size_px`."""
    pen.text(place, text, font=_font(text, size_px), fill=ink, anchor="la")


def width_of(text: str, size_px: int) -> float:
    """How long a line is, px."""
    return _font(text, size_px).getlength(text)


def _font(text: str, size_px: int) -> fonts.Font:
    font = fonts.font_for(text, size_px) or fonts.font_for("", size_px)  # at worst with boxes for some letters
    assert font is not None  # Pillow's own has no letter too few for no text
    return font


def _as_png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
