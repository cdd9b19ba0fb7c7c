"""Posters and strips of faces: sizes, what they show, and inputs that stay as they are."""

from __future__ import annotations

import numpy as np
from face_sets import drawn_faces

from mien.data.faceset import EXPRESSIONS
from mien.explain import gallery, gallery_figures, panels
from mien.explain.gallery import Average, Neighbour
from mien.types import ImageArray


def width_of(tiles: int, px: int) -> int:
    return 2 * panels.EDGE_PX + tiles * (px + panels.GAP_PX) - panels.GAP_PX


def at(figure: ImageArray, place: int, px: int) -> ImageArray:
    """The picture of a tile of the first row, below the title."""
    top = panels.EDGE_PX + panels._lines_px(1, panels.TITLE_PX) + panels.ROW_GAP_PX
    left = panels.EDGE_PX + place * (px + panels.GAP_PX)
    return figure[top : top + px, left : left + px]


def test_a_poster_of_average_faces() -> None:
    rng = np.random.default_rng(0)
    averages = {label: Average(rng.uniform(0, 255, (96, 96)).astype(np.float32), 7) for label in EXPRESSIONS}
    before = {label: one.face.copy() for label, one in averages.items()}
    poster = gallery_figures.average_poster(averages)
    px = gallery_figures.AVERAGE_PX
    assert poster.shape[1] == width_of(4, px) and poster.dtype == np.uint8
    for place, label in enumerate(EXPRESSIONS[:4]):
        assert np.array_equal(at(poster, place, px), panels.face(averages[label].face, px))
    assert all(np.array_equal(before[label], one.face) for label, one in averages.items())
    more = {**averages, "happy": Average(averages["happy"].face, 8)}
    assert not np.array_equal(poster, gallery_figures.average_poster(more))
    fewer = gallery_figures.average_poster({"happy": averages["happy"]})
    assert fewer.shape[0] < poster.shape[0] and fewer.shape[1] == panels.LEAST_NOTE_PX + 2 * panels.EDGE_PX


def test_one_face_of_each_class() -> None:
    faces = drawn_faces(40)
    chosen = gallery.one_per_class(faces)
    strip = gallery_figures.examples_strip(faces, chosen)
    px = gallery_figures.NEAR_PX
    assert strip.shape[1] == width_of(len(chosen), px)
    for place, index in enumerate(chosen.values()):
        assert np.array_equal(at(strip, place, px), panels.face(faces.pixels[index], px))


def test_the_face_first_then_the_nearest_with_their_distances() -> None:
    faces, px = drawn_faces(20), gallery_figures.NEAR_PX
    found = [Neighbour(index, index, "happy" if index else "", index / 10) for index in range(5)]
    strip = gallery_figures.nearest_strip(faces.pixels[9], faces, found, model="default")
    assert strip.shape[1] == width_of(6, px)
    for place, index in enumerate([9, 0, 1, 2, 3, 4]):
        assert np.array_equal(at(strip, place, px), panels.face(faces.pixels[index], px))
    farther = [Neighbour(one.index, one.row, one.label, one.distance + 0.1) for one in found]
    other = gallery_figures.nearest_strip(faces.pixels[9], faces, farther, model="default")
    assert other.shape == strip.shape and not np.array_equal(other, strip)
    many = gallery_figures.nearest_strip(faces.pixels[9], faces, found * 4, model="default")
    assert many.shape[1] == width_of(9, px) and many.shape[0] > strip.shape[0]
