"""Figures of layers: their sizes, that they follow what they show, and that every network here can be shown."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces

from mien.data.faceset import FER2013_LABELS, VOTE_LABELS
from mien.explain import activation_figures, activations, panels
from mien.explain.activation_figures import Case, answer_words, filter_grid, layer_over_face, layer_rows
from mien.explain.subject import Subject, open_subject
from mien.labels import language_drawn
from mien.learn import checkpoint, registry
from mien.learn.options import TrainOptions
from mien.types import ImageArray


def is_figure(picture: ImageArray) -> bool:
    return picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3


def sure_of(subject: Subject, head: str, label: int) -> Subject:
    """The same network, which says one label whatever it sees."""
    torch.nn.init.zeros_(getattr(subject.net, head).weight)
    getattr(subject.net, head).bias.copy_(20 * torch.eye(len(subject.heads[head]))[label])
    return replace(subject, is_trained=True)


def test_a_row_for_each_case_and_a_column_for_each_layer(subject: Subject, crops: ImageArray) -> None:
    one = layer_rows([Case(subject, crops[0], "a")])
    three = layer_rows([Case(subject, crop, "a") for crop in crops[:3]])
    px = activation_figures._tile_px(len(subject.layers()), 72, 128)
    row = max(activation_figures.FACE_PX, px, px + 3 + panels._lines_px(1, panels.TEXT_PX if px >= 100 else 12))
    assert is_figure(one) and three.shape[1] == one.shape[1]
    assert three.shape[0] - one.shape[0] == 2 * (row + panels.ROW_GAP_PX)
    wide = len(subject.layers()) * (px + panels.GAP_PX) + max(activation_figures.FACE_PX, px) + panels.GAP_PX
    assert one.shape[1] == wide + activation_figures.WORDS_PX + 2 * panels.EDGE_PX
    assert np.array_equal(one, layer_rows([Case(subject, crops[0], "a")]))
    assert not np.array_equal(one, layer_rows([Case(subject, crops[1], "a")]))
    assert not np.array_equal(one, layer_rows([Case(subject, crops[0], "b")]))


def test_several_networks_stand_one_under_the_other(ours: Subject, dense: Subject, crops: ImageArray) -> None:
    both = layer_rows([Case(ours, crops[0]), Case(dense, crops[0])])
    alone = layer_rows([Case(ours, crops[0])])
    twice = layer_rows([Case(ours, crops[0]), Case(ours, crops[0])])
    assert both.shape[1] == alone.shape[1] and both.shape[0] > twice.shape[0]  # a line of names for each network


def test_the_answer_is_said_as_its_head_means_it(ours: Subject, dense: Subject, crops: ImageArray) -> None:
    assert answer_words(sure_of(ours, "votes", VOTE_LABELS.index("sad")), crops[0]) == "sad, 10 in 10"
    assert answer_words(sure_of(dense, "fer2013", FER2013_LABELS.index("fear")), crops[0]) == "afraid, 100 %"
    assert answer_words(dense, crops[0]) == "untrained"
    if language_drawn("de") == "de":
        assert answer_words(dense, crops[0], "de") == "untrainiert"


def test_all_filters_are_shown_on_their_own_scale_or_on_one(subject: Subject, crops: ImageArray) -> None:
    layer = list(subject.layers())[3]
    own, shared = filter_grid(subject, crops[0], layer), filter_grid(subject, crops[0], layer, shared_scale=True)
    maps = activations.filters(subject, crops[0], layer)
    assert is_figure(own) and not np.array_equal(own, shared)
    tiles = [panels.coloured(one, activation_figures.MOST_FILTER_PX) for one in maps]
    assert all(contains(own, tile) for tile in tiles)
    low, high = float(maps.min()), float(maps.max())
    tiles = [panels.coloured(one, activation_figures.MOST_FILTER_PX, low=low, high=high) for one in maps]
    assert all(contains(shared, tile) for tile in tiles)


def contains(figure: ImageArray, tile: ImageArray) -> bool:
    """Whether a picture stands somewhere in a figure; looked for on the grid that tiles lie on."""
    height, width = tile.shape[:2]
    lefts = range(panels.EDGE_PX, figure.shape[1] - width, width + panels.GAP_PX)
    return any(
        np.array_equal(figure[top : top + height, left : left + width], tile)
        for left in lefts
        for top in np.flatnonzero((figure[: len(figure) - height, left : left + 8] == tile[0, :8]).all((1, 2)))
    )


def test_the_strongest_stand_beside_the_faces_that_excite_them(subject: Subject, crops: ImageArray) -> None:
    layer = list(subject.layers())[2]
    which = activations.strongest(subject, crops[0], layer, 2)
    found = activations.exciting_faces(subject, crops[:9], layer, which, count=4)
    before = crops.copy()
    plain = activation_figures.strongest_figure(subject, crops[0], crops[:9], found)
    named = activation_figures.strongest_figure(subject, crops[0], crops[:9], found, labels=["happy"] * 9)
    assert is_figure(plain) and plain.shape == named.shape and not np.array_equal(plain, named)
    assert np.array_equal(crops, before)
    one = replace(found, channels=found.channels[:1])
    assert activation_figures.strongest_figure(subject, crops[0], crops[:9], one).shape[0] < plain.shape[0]


def test_a_layers_heat_lies_over_the_face(subject: Subject, crops: ImageArray) -> None:
    first, *_, last = subject.layers()
    figures = [layer_over_face(subject, crops[0], layer) for layer in (first, last)]
    assert figures[0].shape == figures[1].shape and not np.array_equal(*figures)
    face = panels.face(crops[0], activation_figures.LARGE_PX)
    assert all(contains(figure, face) for figure in figures)


@pytest.mark.parametrize("language", ["ar", "ja", "fr"])
def test_words_in_other_languages(dense: Subject, crops: ImageArray, language: str) -> None:
    layer = list(dense.layers())[1]
    figure, english = filter_grid(dense, crops[0], layer, language=language), filter_grid(dense, crops[0], layer)
    assert is_figure(figure)
    assert np.array_equal(figure, english) == (language_drawn(language) == "en")


@pytest.mark.parametrize("name", ["shawon", "model4", "final/4"])
def test_the_baselines_by_name(name: str) -> None:
    subject, crop = open_subject(name), drawn_faces(1).pixels[0]
    figure = layer_rows([Case(subject, crop, "face")])
    assert is_figure(figure) and figure.shape[1] < 1900
    assert is_figure(filter_grid(subject, crop, list(subject.layers())[-1]))


def test_a_runs_folder(tmp_path: Path, crops: ImageArray) -> None:
    options = TrainOptions(input=24, widths=(4, 4, 8))
    net = registry.build(options)
    checkpoint.save(tmp_path / "best.pt", {"options": asdict(options), "average": net.state_dict()})
    subject = open_subject(tmp_path)
    assert subject.is_trained and subject.input_size == 24
    assert is_figure(layer_rows([Case(subject, crops[0])]))
