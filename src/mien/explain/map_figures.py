"""Figures of heat-maps: one over its face, several methods beside one another; and their charts.

Each function gives RGB (H, W, 3) uint8. `language` is that of the words, English where no font has their letters.
Try: `method_row(heat_maps_of_all, crop, model="default")`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image

from mien.catalogue import message
from mien.explain import panels
from mien.explain.heatmap import Heatmap
from mien.explain.maps import is_unproven
from mien.explain.panels import Tile
from mien.expression.words import label_word
from mien.labels import language_drawn
from mien.report import charts, map_charts
from mien.types import ImageArray

LARGE_PX, ROW_PX = 320, 208  # of a map alone, and of one in a row
# Okabe and Ito's palette: told apart by the colour-blind, and by their lightness where all is grey.
FOR, AGAINST = (230, 159, 0), (0, 114, 178)
MOST_OPAQUE = 0.75


def over_face(heat_map: Heatmap, crop: ImageArray, px: int = LARGE_PX) -> ImageArray:
    """What speaks for the label, in inferno over the face (S, S): (px, px, 3); what does not stays clear."""
    return panels.overlay(crop, heat_map.shown, px)


def signed_over_face(heat_map: Heatmap, crop: ImageArray, px: int = LARGE_PX) -> ImageArray:
    """What speaks for the label in orange, what speaks against it in blue, over the face (S, S): (px, px, 3)."""
    large = np.clip(cv2.resize(heat_map.signed, (px, px), interpolation=cv2.INTER_CUBIC), -1, 1)[:, :, None]
    opaque = MOST_OPAQUE * np.minimum(1, 1.5 * np.abs(large))
    colours = np.where(large > 0, np.array(FOR), np.array(AGAINST))
    return np.asarray(panels.face(crop, px) * (1 - opaque) + colours * opaque).round().astype(np.uint8)


def method_row(
    maps: Sequence[Heatmap], crop: ImageArray, *, model: str, signed: bool = False, language: str = "en"
) -> ImageArray:
    """The face and its maps by several methods, each with what it shows, under a title; the maps explain one label.

    A method that is no better than maps that have not seen the face says so (docs/explain-methods.md).
    """
    language = language_drawn(language)
    draw = signed_over_face if signed else over_face
    tiles = [Tile(panels.face(crop, ROW_PX), (message("seen.this_face", language),))]
    tiles += [Tile(draw(one, crop, ROW_PX), (_name(one), *method_words(one, language))) for one in maps]
    title = title_words(maps[0], model, language) if maps else ""
    return panels.compose([tiles], title=title, note=message("maps.signed_note" if signed else "maps.note", language))


def title_words(heat_map: Heatmap, model: str, language: str = "en") -> str:
    """What a map explains: 'What speaks for “happy” (default)'."""
    label = label_word(heat_map.label, language)
    if heat_map.against is None:
        return message("maps.for", language, label=label, model=model)
    return message("maps.against", language, label=label, other=label_word(heat_map.against, language), model=model)


def method_words(heat_map: Heatmap, language: str = "en") -> list[str]:
    """What stands under a map: what its method shows, and what must be known before it is believed."""
    said = [message(f"maps.says.{heat_map.method}", language)]
    if heat_map.values.max() <= 0:
        said.append(message("maps.nothing", language))
    if is_unproven(heat_map):
        said.append(message("maps.unproven", language))
    return said


def _name(heat_map: Heatmap) -> str:
    return f"{heat_map.method} ({heat_map.layer})" if heat_map.layer else heat_map.method


def curves_chart(curves: Mapping[str, Mapping[str, Sequence[float]]], *, dark: bool = False) -> ImageArray:
    """Mean deletion and insertion curves of methods and controls, as `report.map_charts.faithfulness` draws them."""
    return _as_image(charts.as_png(map_charts.faithfulness(curves, charts.DARK if dark else charts.LIGHT)))


def outside_chart(shares: Mapping[str, tuple[float, float]], *, dark: bool = False) -> ImageArray:
    """Heat outside the face by expression, as `report.map_charts.outside` draws it."""
    return _as_image(charts.as_png(map_charts.outside(shares, charts.DARK if dark else charts.LIGHT)))


def _as_image(png: bytes) -> ImageArray:
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))
