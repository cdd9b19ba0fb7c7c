"""Figures from tiles: rows of small pictures with words under each, a title above, a note below; RGB arrays.

It knows no networks and no faces. Colours are inferno, which gets lighter with the value and which the colour-blind
can read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mien.report import sheets
from mien.types import FloatArray, ImageArray

GAP_PX, ROW_GAP_PX, EDGE_PX = 6, 10, 20
SMALL_PX, TEXT_PX, TITLE_PX = 12, 15, 22  # letters: under narrow tiles, under wide ones and in the note, of the title
WIDE_PX = 100  # a tile from here on is wide
LEAST_NOTE_PX = 480  # a title or note is not broken into shorter lines than this
PAPER, INK, QUIET = (255, 255, 255), (28, 28, 28), (100, 100, 100)
FRAME = (255, 214, 10)  # of a part that is pointed at: seen on light and dark grey
ENLARGED = 4  # a map is shown in its own squares when it is enlarged by this or more, else smoothly
MOST_OPAQUE = 0.65  # of heat over a face


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture (h, w) grey or (h, w, 3) RGB uint8, w > 0, and lines under it, the first of them the caption.

    With h = 0 it is a place for words alone.
    """

    picture: ImageArray
    lines: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.picture.shape[1])

    @property
    def text_px(self) -> int:
        """How high its letters are."""
        return TEXT_PX if self.width >= WIDE_PX else SMALL_PX


def words(width: int, *lines: str) -> Tile:
    """A place of so many px for words alone."""
    return Tile(np.zeros((0, width), np.uint8), lines)


def compose(rows: Sequence[Sequence[Tile]], *, title: str = "", note: str = "") -> ImageArray:
    """All rows of tiles under a title: (H, W, 3) uint8 RGB."""
    content = max((sum(tile.width + GAP_PX for tile in row) - GAP_PX for row in rows if row), default=0)
    width = max(content, LEAST_NOTE_PX if title or note else 0)
    above, below = _text(title, width, TITLE_PX), _text(note, width, TEXT_PX)
    heights = [max((_height(tile) for tile in row), default=0) + ROW_GAP_PX for row in rows]
    top = EDGE_PX + _lines_px(len(above), TITLE_PX) + (ROW_GAP_PX if above else 0)
    height = top + sum(heights) + _lines_px(len(below), TEXT_PX) + EDGE_PX
    canvas = Image.new("RGB", (width + 2 * EDGE_PX, height), PAPER)
    pen = ImageDraw.Draw(canvas)
    _write(pen, (EDGE_PX, EDGE_PX), above, TITLE_PX, INK)
    for row, high in zip(rows, heights, strict=True):
        left = EDGE_PX
        for tile in row:
            _draw(canvas, tile, (left, top))
            left += tile.width + GAP_PX
        top += high
    _write(pen, (EDGE_PX, top), below, TEXT_PX, QUIET)
    return np.array(canvas)


def grid(tiles: Sequence[Tile], columns: int, *, title: str = "", note: str = "") -> ImageArray:
    """Tiles in rows of so many."""
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    return compose(rows, title=title, note=note)


def face(crop: ImageArray | FloatArray, px: int) -> ImageArray:
    """A grey face (S, S), uint8 or float, enlarged: (px, px, 3) uint8."""
    large = cv2.resize(np.asarray(crop, np.float32), (px, px), interpolation=_way(len(crop), px))
    return np.repeat(np.clip(np.rint(large), 0, 255).astype(np.uint8)[:, :, None], 3, 2)


def coloured(values: FloatArray, px: int, *, low: float | None = None, high: float | None = None) -> ImageArray:
    """A map (h, w) in colours from `low` to `high` (its own extremes unless told): (px, px, 3) uint8.

    Small maps show their own squares. A map that is the same everywhere is dark.
    """
    low, high = (float(values.min()) if low is None else low), (float(values.max()) if high is None else high)
    scaled = np.asarray((values - low) / (high - low) if high > low else np.zeros_like(values), np.float32)
    way = cv2.INTER_NEAREST if px >= ENLARGED * max(values.shape) else _way(max(values.shape), px)
    return _inferno(np.asarray(cv2.resize(scaled, (px, px), interpolation=way), np.float32))


def overlay(crop: ImageArray, heat: FloatArray, px: int) -> ImageArray:
    """Heat 0..1 (S, S) over a grey face (S, S): what is cold stays clear. (px, px, 3) uint8."""
    large = np.clip(cv2.resize(heat, (px, px), interpolation=cv2.INTER_CUBIC), 0, 1)
    opaque = (MOST_OPAQUE * np.minimum(1, 1.5 * large))[:, :, None]
    # From a quarter of the scale on: its darkest colours would look like shadows of the face.
    return np.asarray(face(crop, px) * (1 - opaque) + _inferno(0.25 + 0.75 * large) * opaque).round().astype(np.uint8)


def framed(picture: ImageArray, box: FloatArray, spot: tuple[float, float]) -> ImageArray:
    """A copy with a frame around a box (x1, y1, x2, y2) and a ring around a spot (x, y), in px of the picture."""
    copy = np.ascontiguousarray(picture).copy()
    thick = max(1, round(len(copy) / 64))
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    cv2.rectangle(copy, (x1, y1), (max(x1, x2 - 1), max(y1, y2 - 1)), FRAME, thick, cv2.LINE_8)
    cv2.circle(copy, (round(spot[0]), round(spot[1])), 2 + thick, FRAME, thick, cv2.LINE_AA)
    return copy


def name_lines(name: str, width_px: int) -> tuple[str, ...]:
    """A layer's path, 'trunk.2.shortcut.0', in lines that fit under a tile, broken behind dots."""
    lines: list[str] = []
    for part in name.replace(".", ".\n").split("\n"):
        if lines and sheets.width_of(lines[-1] + part, SMALL_PX) <= width_px:
            lines[-1] += part
        else:
            lines.append(part)
    return tuple(lines)


def number(value: float) -> str:
    """An activation as short as it can be read: '3.42', '127', '6e-04'."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.0e}" if 0 < abs(value) < 0.01 else f"{value:.3g}" if value else "0"


def _way(side: int, px: int) -> int:
    return cv2.INTER_AREA if px < side else cv2.INTER_CUBIC


def _inferno(values: FloatArray) -> ImageArray:
    levels = np.clip(np.rint(255 * values), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB))


def _text(text: str, width_px: int, size_px: int) -> list[str]:
    return sheets.wrapped(text, width_px, size_px) if text else []


def _wrapped(tile: Tile) -> list[tuple[str, bool]]:
    """The lines under a tile as they fit, each with whether it belongs to the caption."""
    return [
        (line, place == 0)
        for place, text in enumerate(tile.lines)
        for line in sheets.wrapped(text, tile.width, tile.text_px)
    ]


def _lines_px(count: int, size_px: int) -> int:
    return math.ceil(count * size_px * sheets.LINE)


def _height(tile: Tile) -> int:
    lines = _lines_px(len(_wrapped(tile)), tile.text_px)
    return len(tile.picture) + (3 if lines and len(tile.picture) else 0) + lines


def _draw(canvas: Image.Image, tile: Tile, corner: tuple[int, int]) -> None:
    left, top = corner
    if len(tile.picture):
        canvas.paste(Image.fromarray(tile.picture), corner)
        top += len(tile.picture) + 3
    pen = ImageDraw.Draw(canvas)
    for place, (line, is_caption) in enumerate(_wrapped(tile)):
        at = (left, top + _lines_px(place, tile.text_px))
        sheets.write(pen, at, line, tile.text_px, INK if is_caption else QUIET)


def _write(
    pen: ImageDraw.ImageDraw, corner: tuple[int, int], lines: Sequence[str], size_px: int, ink: sheets.Ink
) -> None:
    for place, line in enumerate(lines):
        sheets.write(pen, (corner[0], corner[1] + _lines_px(place, size_px)), line, size_px, ink)
