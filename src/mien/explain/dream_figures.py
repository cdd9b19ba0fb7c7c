"""Figures of dreams: a poster of all classes, one of all layers, the way from a photo; and animations.

Figures are RGB (H, W, 3) uint8. `language` is that of the words, English where no font has their letters.
Try: `classes_poster(subject, dream_all(subject, "fer2013"), "fer2013")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mien.catalogue import message
from mien.errors import UsageError
from mien.explain import panels
from mien.explain.dream.render import Dream, photo_dream
from mien.explain.panels import Tile
from mien.explain.subject import Subject
from mien.expression.words import label_word
from mien.files import check_suffix, written_whole
from mien.labels import language_drawn
from mien.types import ImageArray

__all__ = ["classes_poster", "layers_poster", "photo_dream", "photo_figure", "write_animation"]

CLASS_PX, LAYER_PX, STEP_PX = 224, 132, 176
CLASSES_ACROSS, LAYERS_ACROSS = 4, 6
FRAME_MS, HOLD_MS = 120, 1500  # of a frame of an animation, and of its last
ANIMATIONS: dict[str, dict[str, Any]] = {".gif": {}, ".webp": {"quality": 85, "method": 4}}


def classes_poster(subject: Subject, dreams: Sequence[Dream], head: str, *, language: str = "en") -> ImageArray:
    """What the network wants to see: a dream of each label of a head, and what the network reads it as."""
    language = language_drawn(language)
    tiles = []
    for one in dreams:
        label, share = one.answer(head)
        said = message("dream.read_as", language, label=label_word(label, language), share=int(100 * share))
        tiles.append(
            Tile(panels.face(one.image, CLASS_PX), (label_word(one.name, language), _trained(subject, said, language)))
        )
    title, note = message("dream.classes", language, model=subject.name), message("dream.classes_note", language)
    return panels.grid(tiles, CLASSES_ACROSS, title=title, note=note)


def layers_poster(subject: Subject, dreams: Sequence[Dream], *, language: str = "en") -> ImageArray:
    """A dream of each layer, in the order in which they were made, and how far its score rose."""
    language = language_drawn(language)
    tiles = []
    for one in dreams:
        rose = f"{panels.number(one.before)} → {panels.number(one.after)}"
        tiles.append(Tile(panels.face(one.image, LAYER_PX), (one.name, rose)))
    title, note = message("dream.layers", language, model=subject.name), message("dream.layers_note", language)
    return panels.grid(tiles, LAYERS_ACROSS, title=title, note=note)


def photo_figure(subject: Subject, made: Dream, *, language: str = "en") -> ImageArray:
    """The way from a face to its dream, as a row; a dream that kept no frames has its first and last picture."""
    language = language_drawn(language)
    frames, numbers = made.frames or (made.start, made.image), made.frame_steps or (0, made.steps)
    tiles = [
        Tile(panels.face(frame, STEP_PX), (message("dream.step", language, number=number),))
        for frame, number in zip(frames, numbers, strict=True)
    ]
    part = (
        label_word(made.name, language) if any(made.name in labels for labels in subject.heads.values()) else made.name
    )
    title = message("dream.photo", language, model=subject.name, part=part)
    return panels.compose([tiles], title=title, note=message("dream.photo_note", language))


def _trained(subject: Subject, said: str, language: str) -> str:
    return said if subject.is_trained else message("seen.untrained", language)


def write_animation(path: Path, dreams: Sequence[Dream], *, px: int = CLASS_PX) -> None:
    """Write the frames of dreams, side by side, as a GIF or WebP that goes round; whole or not at all.

    Args:
        path: its name tells the format.
        dreams: made with as many `frames` each, at least two.
        px: side of each.

    Raises:
        UsageError: another suffix, or dreams without frames. SinkError: it cannot be written.
    """
    check_suffix(path, tuple(ANIMATIONS))
    counts = {len(one.frames) for one in dreams}
    if len(counts) != 1 or min(counts) < 2:
        raise UsageError("an animation needs dreams with frames: make them with DreamOptions(frames=24)")
    rows = [np.hstack([panels.face(one.frames[place], px) for one in dreams]) for place in range(counts.pop())]
    first, *rest = [Image.fromarray(row).convert("L") for row in rows]
    durations = [FRAME_MS] * len(rest) + [HOLD_MS]
    kind = path.suffix.lower()
    with written_whole(path) as partial:
        first.save(
            partial, kind[1:].upper(), save_all=True, append_images=rest, duration=durations, loop=0, **ANIMATIONS[kind]
        )
