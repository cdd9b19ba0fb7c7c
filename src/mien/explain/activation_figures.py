"""Figures of what layers do: all layers in a row, all filters of one, its strongest with the faces that excite them.

Each function gives RGB (H, W, 3) uint8. `language` is that of the words, English where no font has their letters.
Try: `layer_rows([Case(open_subject(), crop)])`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.catalogue import message
from mien.explain import activations, answers, panels
from mien.explain.activations import Exciting
from mien.explain.panels import Tile
from mien.explain.subject import Subject
from mien.expression.words import label_word
from mien.labels import language_drawn
from mien.types import FloatArray, ImageArray

ACROSS_PX = 1800  # about the width of a figure of many tiles, where these stay within:
LEAST_LAYER_PX, MOST_LAYER_PX = 72, 128
LEAST_FILTER_PX, MOST_FILTER_PX = 52, 112
FACE_PX, WORDS_PX = 96, 136  # the face of a row at least, and the words beside it
LARGE_PX, EXCITING_PX = 320, 112
WIDER = 2  # a grid of filters is about so many times as wide as high


@dataclass(frozen=True, eq=False)
class Case:
    """One row: a network, a crop (S, S) uint8 grey as it reads them, and what to call the face."""

    subject: Subject
    crop: ImageArray
    caption: str = ""


def answer_words(subject: Subject, crop: ImageArray, language: str = "en") -> str:
    """What a network says of a crop: 'happy, 8 in 10' of people, 'happy, 83 %' by FER2013's classes; 'untrained'."""
    if not subject.is_trained:
        return message("seen.untrained", language)
    said = answers.leading(subject, crop)
    people = message("share", language, count=max(1, int(10 * said.share + 0.5)))
    share = people if said.head == "votes" else f"{100 * said.share:.0f} %"
    return message("comma", language, first=label_word(said.label, language), second=share)


def layer_rows(cases: Sequence[Case], *, language: str = "en") -> ImageArray:
    """For each case a row: the face, the network's answer, the mean activation of every layer.

    Rows of one network share the line of its layers' names. For several networks on one face, give a case for each.
    """
    language = language_drawn(language)
    means = [activations.layer_means(case.subject, case.crop) for case in cases]
    px = _tile_px(max(map(len, means), default=1), LEAST_LAYER_PX, MOST_LAYER_PX)
    names = list(dict.fromkeys(case.subject.name for case in cases))
    rows: list[list[Tile]] = []
    for place, (case, maps) in enumerate(zip(cases, means, strict=True)):
        if not place or case.subject is not cases[place - 1].subject:
            rows.append(_header(maps, px))
        rows.append(_row(case, maps, px, say_model=len(names) > 1, language=language))
    title = message("seen.layers", language, model=", ".join(names))
    return panels.compose(rows, title=title, note=message("seen.own_scale", language))


def _header(maps: dict[str, FloatArray], px: int) -> list[Tile]:
    blank = [panels.words(max(FACE_PX, px)), panels.words(WORDS_PX)]
    return blank + [panels.words(px, *panels.name_lines(name, px)) for name in maps]


def _row(case: Case, maps: dict[str, FloatArray], px: int, *, say_model: bool, language: str) -> list[Tile]:
    lines = [case.caption, case.subject.name if say_model else "", answer_words(case.subject, case.crop, language)]
    beside = panels.words(WORDS_PX, *filter(None, lines))
    tiles = [Tile(panels.coloured(one, px), (_size(one),)) for one in maps.values()]
    return [Tile(panels.face(case.crop, max(FACE_PX, px))), beside, *tiles]


def filter_grid(
    subject: Subject, crop: ImageArray, layer: str, *, shared_scale: bool = False, language: str = "en"
) -> ImageArray:
    """All filters of a layer on one face, each with its number and its peak.

    Each map has its own scale, so that weak ones can be seen; with `shared_scale` all have one, so that they can be
    compared.
    """
    language = language_drawn(language)
    maps = activations.filters(subject, crop, layer)
    columns = max(1, min(len(maps), math.ceil(math.sqrt(WIDER * len(maps)))))
    px = _tile_px(columns, LEAST_FILTER_PX, MOST_FILTER_PX)
    low, high = (float(maps.min()), float(maps.max())) if shared_scale else (None, None)
    tiles = [
        Tile(panels.coloured(one, px, low=low, high=high), (str(place), panels.number(float(one.max()))))
        for place, one in enumerate(maps)
    ]
    title = message("seen.filters", language, model=subject.name, layer=layer, number=len(maps), size=_size(maps[0]))
    scale = message("seen.shared_scale" if shared_scale else "seen.own_scale", language)
    note = message("seen.filter_note", language) + message("between_sentences", language) + scale
    return panels.grid(tiles, columns, title=title, note=note)


def strongest_figure(
    subject: Subject,
    crop: ImageArray,
    crops: ImageArray,
    exciting: Exciting,
    *,
    labels: Sequence[str] = (),
    language: str = "en",
) -> ImageArray:
    """For each filter of `exciting` a row: what it gives on this face, and the faces that excite it most.

    Args:
        subject: the network.
        crop: (S, S) uint8, the face.
        crops: (N, S, S) uint8, those that were looked through.
        exciting: what `activations.exciting_faces` found there.
        labels: (N,) classes of these, to be written under them.
        language: of the words.
    """
    language = language_drawn(language)
    maps = activations.filters(subject, crop, exciting.layer)
    rows = []
    for place, channel in enumerate(exciting.channels):
        own = maps[channel]
        lines = (message("seen.filter", language, number=int(channel)), panels.number(float(own.max())))
        heat = np.asarray(np.maximum(own, 0) / max(float(own.max()), 1e-12), np.float32)
        over = Tile(panels.overlay(crop, _as_large(heat, len(crop)), EXCITING_PX))
        found = [
            _exciting_tile(exciting, crops, (place, rank), labels, language) for rank in range(exciting.faces.shape[1])
        ]
        rows.append([Tile(panels.coloured(own, EXCITING_PX), lines), over, panels.words(2 * panels.GAP_PX), *found])
    title = message("seen.strongest", language, model=subject.name, layer=exciting.layer)
    return panels.compose(rows, title=title, note=message("seen.strongest_note", language))


def _exciting_tile(
    exciting: Exciting, crops: ImageArray, which: tuple[int, int], labels: Sequence[str], language: str
) -> Tile:
    face, larger = int(exciting.faces[which]), EXCITING_PX / crops.shape[1]
    x, y = exciting.spots[which] * larger
    picture = panels.framed(panels.face(crops[face], EXCITING_PX), exciting.boxes[which] * larger, (float(x), float(y)))
    word = [label_word(labels[face], language)] if len(labels) and labels[face] else []
    return Tile(picture, (panels.number(float(exciting.peaks[which])), *word))


def layer_over_face(subject: Subject, crop: ImageArray, layer: str, *, language: str = "en") -> ImageArray:
    """The face, and the heat-map of a layer over it."""
    language = language_drawn(language)
    heat = activations.layer_heat(subject, crop, layer)
    tiles = [
        Tile(panels.face(crop, LARGE_PX), (answer_words(subject, crop, language),)),
        Tile(panels.overlay(crop, heat, LARGE_PX), (layer,)),
    ]
    title = message("seen.heat", language, model=subject.name, layer=layer)
    return panels.compose([tiles], title=title, note=message("seen.heat_note", language))


def _as_large(values: FloatArray, side: int) -> FloatArray:
    rows, columns = (np.arange(side) * length // side for length in values.shape)
    return values[np.ix_(rows, columns)]


def _tile_px(columns: int, least: int, most: int) -> int:
    return max(least, min(most, ACROSS_PX // columns - panels.GAP_PX))


def _size(one: FloatArray) -> str:
    return f"{one.shape[-1]} x {one.shape[-2]}"
