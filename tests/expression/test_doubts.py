"""Doubts: each appears for its own cause, and not for a face in good light that looks at the camera."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from mien import images
from mien.errors import ModelError
from mien.expression import doubts
from mien.types import Box, Face, FloatArray, ImageArray

SIZE = (640, 480)


def texture(mean: float = 120, spread: float = 40) -> ImageArray:
    """A crop with features at the scale of a face's, of this mean and standard deviation."""
    coarse = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC), np.float64)
    return np.clip((picture - picture.mean()) / picture.std() * spread + mean, 0, 255).astype(np.uint8)


def keypoints(side: float, x: float = 300, y: float = 200) -> FloatArray:
    """Eyes and mouth such that the crop covers a square of `side` px around (x, y)."""
    right, left, mouth = images.DEFAULT_GEOMETRY.points(1) - 0.5
    rows = [right, left, (0, 0.1), mouth, (-0.4, 0), (0.4, 0)]
    return np.asarray([(x + side * u, y + side * v) for u, v in rows], np.float32)


def face(side: float = 120, **changes: float) -> Face:
    mesh = np.zeros((468, 3), np.float32)
    mesh[:, :2] = np.random.default_rng(0).uniform(-side / 2, side / 2, (468, 2)) + np.asarray([300, 200])
    plain = Face(Box(300 - side / 2, 200 - side / 2, 300 + side / 2, 200 + side / 2), 0.9, keypoints(side), mesh=mesh)
    return replace(plain, **changes)


def moved(one: Face, x: float, y: float) -> Face:
    assert one.mesh is not None
    box = Box(one.box.x1 + x, one.box.y1 + y, one.box.x2 + x, one.box.y2 + y)
    shift = np.asarray([x, y, 0], np.float32)
    return replace(one, box=box, mesh=one.mesh + shift, keypoints=one.keypoints + shift[:2])


def test_a_plain_face_leaves_no_doubt() -> None:
    assert doubts.of_picture(face(), texture(), SIZE) == []


def test_a_small_face() -> None:
    assert doubts.of_picture(face(side=doubts.LEAST_CROP_PX - 1), texture(), SIZE) == [doubts.TOO_SMALL]
    assert doubts.of_picture(face(side=doubts.LEAST_CROP_PX + 1), texture(), SIZE) == []


@pytest.mark.parametrize(
    ("angles", "doubted"),
    [
        ({"yaw_deg": 45}, True), ({"yaw_deg": -45}, True), ({"pitch_deg": 35}, True), ({"pitch_deg": -35}, True),
        ({"yaw_deg": 35, "pitch_deg": -25}, False), ({"roll_deg": 90}, False),
    ],
)  # fmt: skip
def test_a_face_turned_away_not_one_that_tilts(angles: dict[str, float], doubted: bool) -> None:
    assert doubts.of_picture(face(**angles), texture(), SIZE) == ([doubts.TURNED_AWAY] if doubted else [])


@pytest.mark.parametrize(
    ("mean", "spread", "doubt"),
    [(25, 10, doubts.DARK), (100, 5, doubts.DARK), (235, 10, doubts.BLOWN_OUT), (160, 5, doubts.BLOWN_OUT)],
)
def test_bad_light(mean: float, spread: float, doubt: str) -> None:
    assert doubts.of_picture(face(), texture(mean, spread), SIZE) == [doubt]


def test_a_blurred_face() -> None:
    blurred = np.asarray(Image.fromarray(texture()).filter(ImageFilter.GaussianBlur(5)))
    stretched = np.clip((blurred - blurred.mean()) / blurred.std() * 40 + 120, 0, 255).astype(np.uint8)
    assert doubts.of_picture(face(), stretched, SIZE) == [doubts.BLURRED]


@pytest.mark.parametrize(("x", "y"), [(-280, 0), (320, 0), (0, -180), (0, 260)])
def test_a_face_cut_off_at_each_edge(x: float, y: float) -> None:
    cut = moved(face(), x, y)
    for one in (cut, replace(cut, mesh=None)):
        assert doubts.of_picture(one, texture(), SIZE) == [doubts.OUT_OF_FRAME]


def test_a_face_wholly_outside_is_out_of_frame() -> None:
    gone = moved(face(), 3000, 0)
    for one in (gone, replace(gone, mesh=None)):
        assert doubts.OUT_OF_FRAME in doubts.of_picture(one, texture(), SIZE)


def test_the_most_serious_comes_first() -> None:
    bad = moved(face(side=20, yaw_deg=60), -298, 0)
    found = doubts.of_picture(bad, np.zeros((48, 48), np.uint8), SIZE)
    assert found == [doubts.TOO_SMALL, doubts.OUT_OF_FRAME, doubts.TURNED_AWAY, doubts.DARK, doubts.BLURRED]


# --- quality of the crop ----------------------------------------------------------------------------------------------


def test_contrast_is_the_standard_deviation() -> None:
    crop = texture(120, 37)
    assert doubts.crop_quality(crop[None])[0, 0] == pytest.approx(crop.astype(float).std(), rel=1e-5)


def test_sharpness_by_the_definition() -> None:
    crop = texture().astype(float)
    edges = [crop[y - 1, x] + crop[y + 1, x] + crop[y, x - 1] + crop[y, x + 1] - 4 * crop[y, x]
             for y in range(1, 47) for x in range(1, 47)]  # fmt: skip
    wanted = np.mean(np.square(edges)) / crop.var()
    assert doubts.crop_quality(texture()[None])[0, 1] == pytest.approx(wanted, rel=1e-4)


def test_sharpness_does_not_depend_on_the_light_and_falls_with_blur() -> None:
    sharp = doubts.crop_quality(np.stack([texture(120, 40), texture(90, 20)]))[:, 1]
    assert sharp[0] == pytest.approx(sharp[1], rel=0.1)
    softer = [np.asarray(Image.fromarray(texture()).filter(ImageFilter.GaussianBlur(r))) for r in (0, 1, 2, 4)]
    values = doubts.crop_quality(np.stack(softer))[:, 1]
    assert (np.diff(values) < 0).all()


def test_no_crops_and_blank_ones_give_numbers() -> None:
    assert doubts.crop_quality(np.zeros((0, 48, 48), np.uint8)).shape == (0, 2)
    assert doubts.crop_quality(np.full((1, 48, 48), 77, np.uint8)).tolist() == [[0, 0]]


# --- doubts about people ----------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4))
def test_people_disagree_when_the_label_does_not_lead_or_leads_by_little(raw: list[float]) -> None:
    shares = dict(zip(("happy", "sad", "unknown", "not a face"), (one / sum(raw) for one in raw), strict=True))
    label = max(("happy", "sad"), key=lambda name: shares[name])
    found = doubts.of_votes(shares, label)
    assert (doubts.UNKNOWN in found) == (shares["unknown"] > doubts.MOST_UNKNOWN)
    clear = shares[label] >= doubts.FLAT and shares[label] == max(shares.values())
    assert (doubts.DISAGREE in found) == (not clear)


def test_votes_without_the_nameless_are_judged_too() -> None:
    assert doubts.of_votes({"happy": 0.9, "sad": 0.1}, "happy") == []
    assert doubts.of_votes({"happy": 0.9, "sad": 0.1}, "sad") == [doubts.DISAGREE]


# --- the probe for covers ---------------------------------------------------------------------------------------------


def test_the_probe_is_a_logistic_of_the_pooled_features() -> None:
    probe = doubts.CoveredProbe({"bias": -0.5, "weights": [1.0, -2.0]})
    features = np.random.default_rng(0).normal(size=(3, 2, 4, 4)).astype(np.float32)
    wanted = [1 / (1 + math.exp(0.5 - one[0].mean() + 2 * one[1].mean())) for one in features]
    assert probe(features) == pytest.approx(wanted, abs=1e-5)
    assert probe(features * 1e6)[0] in (pytest.approx(0, abs=1e-9), pytest.approx(1, abs=1e-9))


@pytest.mark.parametrize(
    "data",
    [{}, {"bias": 1}, {"bias": "x", "weights": []}, {"bias": 0, "weights": ["x"]}, {"bias": 0, "weights": [None]},
     {"bias": float("nan"), "weights": [1.0]}, {"bias": 0, "weights": [[1.0], [2.0, 3.0]]}],
)  # fmt: skip
def test_another_kind_of_probe_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="probe for covered faces is missing or of another kind"):
        doubts.CoveredProbe(data)


def test_a_probe_for_another_network_says_both_sizes() -> None:
    with pytest.raises(ModelError, match="is for 3 channels, the network has 2"):
        doubts.CoveredProbe({"bias": 0, "weights": [1, 2, 3]})(np.zeros((1, 2, 4, 4), np.float32))
