"""Figures of faces beside one another: average faces, examples of each class, the nearest faces of a data set.

Each function gives RGB (H, W, 3) uint8. `language` is that of the words, English where no font has their letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mien.catalogue import message
from mien.data.faceset import FaceSet
from mien.explain import panels
from mien.explain.gallery import Average, Neighbour
from mien.explain.panels import Tile
from mien.expression.words import label_word
from mien.labels import language_drawn
from mien.types import ImageArray

AVERAGE_PX, NEAR_PX = 208, 112
ACROSS = 4  # average faces in a row
ACROSS_NEAR = 9  # nearest faces in a row, the face itself among them


def average_poster(averages: Mapping[str, Average], *, language: str = "en") -> ImageArray:
    """The average face of each class, with its word and how many faces it is the mean of."""
    language = language_drawn(language)
    tiles = [
        Tile(
            panels.face(average.face, AVERAGE_PX),
            (label_word(label, language), message("seen.faces", language, count=average.count)),
        )
        for label, average in averages.items()
    ]
    title, note = message("seen.averages", language), message("seen.averages_note", language)
    return panels.grid(tiles, ACROSS, title=title, note=note)


def examples_strip(faces: FaceSet, chosen: Mapping[str, int], *, language: str = "en") -> ImageArray:
    """One face of each class, as `gallery.one_per_class` chooses them."""
    language = language_drawn(language)
    tiles = [
        Tile(panels.face(faces.pixels[index], NEAR_PX), (label_word(label, language),))
        for label, index in chosen.items()
    ]
    return panels.grid(tiles, ACROSS_NEAR - 1, title=message("seen.examples", language))


def nearest_strip(
    crop: ImageArray, faces: FaceSet, found: Sequence[Neighbour], *, model: str, language: str = "en"
) -> ImageArray:
    """A face, and beside it those that `gallery.nearest` found: class, distance, row in the file.

    `model` is what to call the network that sees them as near.
    """
    language = language_drawn(language)
    own = Tile(panels.face(crop, NEAR_PX), (message("seen.this_face", language),))
    tiles = [own, *(_near_tile(faces, one, language) for one in found)]
    title = message("seen.nearest", language, model=model)
    return panels.grid(tiles, ACROSS_NEAR, title=title, note=message("seen.nearest_note", language))


def _near_tile(faces: FaceSet, one: Neighbour, language: str) -> Tile:
    word = label_word(one.label, language) if one.label else message("seen.no_class", language)
    distance = message("seen.distance", language, value=round(one.distance, 3))
    row = message("seen.row", language, number=str(one.row))
    return Tile(panels.face(faces.pixels[one.index], NEAR_PX), (word, distance, row))
