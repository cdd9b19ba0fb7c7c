"""Figures of dreams: their pictures stand where they should, in every language; animations by Pillow's reading."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien import catalogue, explain
from mien.errors import SinkError, UsageError
from mien.explain import dream_figures, page, panels
from mien.explain.dream import Dream, DreamOptions, Label, dream, dream_all, dream_layers, photo_dream, sketch
from mien.explain.subject import Subject
from mien.images import CropGeometry
from mien.types import ImageArray

SHORT = DreamOptions(steps=4, frames=3, patience=0)


def holds(figure: ImageArray, picture: ImageArray, px: int) -> bool:
    """Whether the enlarged picture stands somewhere in the figure."""
    large = panels.face(picture, px)
    rows, columns = figure.shape[0] - px + 1, figure.shape[1] - px + 1
    corners = np.argwhere(
        (figure[:rows, :columns] == large[0, 0]).all(2) & (figure[px - 1 :, px - 1 :] == large[-1, -1]).all(2)
    )
    return any(np.array_equal(figure[y : y + px, x : x + px], large) for y, x in corners)


@pytest.fixture
def made(ours: Subject) -> tuple[Dream, ...]:
    return dream_all(ours, "fer2013", options=SHORT)


@pytest.mark.parametrize("language", catalogue.languages())
def test_a_poster_shows_every_class(ours: Subject, made: tuple[Dream, ...], language: str) -> None:
    figure = dream_figures.classes_poster(ours, made, "fer2013", language=language)
    assert figure.ndim == 3 and figure.dtype == np.uint8
    assert all(holds(figure, one.image, dream_figures.CLASS_PX) for one in made)


def test_a_poster_shows_every_layer(dense: Subject) -> None:
    made = dream_layers(dense, options=SHORT)
    figure = dream_figures.layers_poster(dense, made)
    assert len(made) == 6
    assert all(holds(figure, one.image, dream_figures.LAYER_PX) for one in made)


def test_the_way_from_a_face(ours: Subject, crops: ImageArray) -> None:
    made = photo_dream(ours, crops[0], layer="trunk.2.conv1", options=SHORT)
    figure = dream_figures.photo_figure(ours, made)
    assert all(holds(figure, one, dream_figures.STEP_PX) for one in (crops[0], *made.frames, made.image))
    plain = dream(ours, Label("happy", "votes"), start=crops[0], options=DreamOptions(steps=2))
    figure = dream_figures.photo_figure(ours, plain)
    assert holds(figure, plain.start, dream_figures.STEP_PX) and holds(figure, plain.image, dream_figures.STEP_PX)


def test_frames_are_of_the_steps_that_are_told_where_a_dream_settles_early(ours: Subject) -> None:
    seen: dict[int, ImageArray] = {}
    options = DreamOptions(steps=60, frames=6, patience=1, octaves=1)
    made = dream(
        ours, Label("happy", "votes"), options=options, on_frame=lambda number, all_: seen.update({number: all_[0]})
    )
    assert made.steps < 60 and made.frame_steps[0] == 0 and made.frame_steps[-1] == made.steps
    assert np.array_equal(made.frames[0], made.start)
    for number, frame in zip(made.frame_steps[1:], made.frames[1:], strict=True):
        assert np.array_equal(frame, seen[number])


@pytest.mark.parametrize("name", ["dream.gif", "dream.WEBP"])
def test_an_animation_has_every_frame_and_ends_in_the_dream(made: tuple[Dream, ...], tmp_path: Path, name: str) -> None:
    dream_figures.write_animation(tmp_path / name, made[:2], px=48)
    with Image.open(tmp_path / name) as file:
        assert file.n_frames == 3 and file.size == (96, 48) and file.info["loop"] == 0
        file.seek(2)
        last = np.asarray(file.convert("L"), float)
    expected = np.hstack([panels.face(one.image, 48)[:, :, 0] for one in made[:2]])
    assert np.abs(last - expected).mean() < 6  # WebP loses a little
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_an_animation_beside_a_page_keeps_its_greys() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    frames = [np.repeat(one[..., None], 3, axis=2) for one in (grey, grey[::-1])]
    animation = Image.open(BytesIO(page._animation(frames)))
    for number, frame in enumerate(frames):
        animation.seek(number)
        assert np.array_equal(np.asarray(animation.convert("RGB")), frame)


def test_what_cannot_be_an_animation_is_told(made: tuple[Dream, ...], ours: Subject, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"one of \.gif, \.webp"):
        dream_figures.write_animation(tmp_path / "dream.mp4", made)
    with pytest.raises(UsageError, match="needs dreams with frames"):
        dream_figures.write_animation(
            tmp_path / "dream.gif", [dream(ours, Label("sad", "votes"), options=DreamOptions(steps=1))]
        )
    with pytest.raises(UsageError, match="needs dreams with frames"):
        dream_figures.write_animation(tmp_path / "dream.gif", [])
    with pytest.raises(SinkError):
        dream_figures.write_animation(tmp_path / "nowhere" / "dream.gif", made)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [16, 48, 192])
def test_a_sketch_is_dark_where_the_crop_has_eyes_and_mouth_and_even_from_side_to_side(size: int) -> None:
    geometry = CropGeometry()
    face = sketch(size, geometry)
    assert face.shape == (size, size) and face.dtype == np.uint8
    assert np.array_equal(face, face[:, ::-1])
    skin = int(face[round(0.55 * size), round(0.5 * size)])
    for x, y in geometry.points(size):
        assert face[int(y), int(x)] < skin - 30
    assert face[0, 0] < skin - 30


def test_the_room_of_dreams_is_reached_by_its_name() -> None:
    assert explain.dream.dream is dream and "dream" in dir(explain)
