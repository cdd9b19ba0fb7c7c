"""Sanity checks: networks that forget, likeness of maps beside other libraries, moved maps, heat on the face."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity
from toy_networks import a_crop

from mien.explain import sanity
from mien.explain.maps import heat_map
from mien.explain.subject import Subject, open_subject
from mien.types import FloatArray


def test_stages_run_from_the_answer_to_the_picture_and_hold_every_weight(subject: Subject) -> None:
    found = sanity.stages(subject)
    assert next(iter(found)) == "fer2013"
    owners = {name.rpartition(".")[0] for name, _ in subject.net.named_parameters()}
    assert sorted(path for paths in found.values() for path in paths) == sorted(owners)


def test_each_stage_forgets_and_the_network_itself_does_not(ours: Subject) -> None:
    before = {name: one.clone() for name, one in ours.net.state_dict().items()}
    gone: set[str] = set()
    for stage, net in sanity.forgetting(ours):
        gone |= set(sanity.stages(ours)[stage])
        for name, one in net.net.named_parameters():
            is_flat = bool(before[name].std(correction=0) == 0)  # a spread of nothing stays
            is_same = torch.equal(one, before[name])
            assert is_same == (name.rpartition(".")[0] not in gone or is_flat), name
    assert all(torch.equal(one, before[name]) for name, one in ours.net.state_dict().items())


def test_forgotten_weights_keep_their_size_and_repeat_by_seed() -> None:
    subject = open_subject("shawon", size=8)
    one, two, other = (sanity.forgotten(subject, seed=seed).net for seed in (1, 1, 2))
    for name, weights in subject.net.named_parameters():
        drawn = one.get_parameter(name)
        assert torch.equal(drawn, two.get_parameter(name))
        if weights.numel() > 1000:
            assert drawn.std().item() == pytest.approx(weights.std().item(), rel=0.1)
            assert not torch.equal(drawn, other.get_parameter(name))


@pytest.mark.parametrize("method", ["cam", "gradcam", "occlusion"])
def test_random_weights_change_the_map(ours: Subject, method: str) -> None:
    crop = a_crop()
    one = heat_map(ours, crop, method=method, label="happy")
    other = heat_map(sanity.forgotten(ours), crop, method=method, label="happy")
    assert sanity.rank_correlation(one.values, other.values) < 0.9


@given(st.integers(0, 1000), st.integers(2, 40))
def test_rank_correlation_is_scipys(seed: int, levels: int) -> None:
    one, other = np.random.default_rng(seed).integers(0, levels, (2, 6, 5)).astype(np.float32)
    if np.ptp(one) and np.ptp(other):
        expected = spearmanr(one.ravel(), other.ravel()).statistic
        assert sanity.rank_correlation(one, other) == pytest.approx(expected, abs=1e-9)


def test_a_flat_map_is_like_none() -> None:
    flat = np.full((4, 4), 0.1, np.float32)
    assert sanity.rank_correlation(flat, a_crop(4).astype(np.float32)) == 0
    assert sanity.rank_correlation(flat, flat) == 0


@given(st.integers(0, 1000), st.floats(0, 1))
def test_similarity_is_scikit_images(seed: int, mixed: float) -> None:
    random = np.random.default_rng(seed)
    one = random.random((24, 24))
    other = (1 - mixed) * one + mixed * random.random((24, 24))
    expected = structural_similarity(
        one, other, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert sanity.similarity(one.astype(np.float32), other.astype(np.float32)) == pytest.approx(expected, abs=1e-4)


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_a_shift_moves_the_inside_and_repeats_the_edge(right: int, down: int) -> None:
    crop = a_crop(12)
    moved = sanity.shifted(crop, right, down)
    inside = slice(3, 9)
    assert np.array_equal(moved[inside, inside], np.roll(crop, (down, right), (0, 1))[inside, inside])
    assert moved[0, 0] == crop[max(0, -down), max(0, -right)]
    assert np.array_equal(crop, a_crop(12))


@given(st.floats(4, 20), st.floats(4, 20))
def test_the_centre_of_a_blob_is_where_it_was_put(x: float, y: float) -> None:
    columns, rows = np.meshgrid(np.arange(24) + 0.5, np.arange(24) + 0.5)
    blob = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2).astype(np.float32)
    assert sanity.centre(blob) == pytest.approx((x, y), abs=0.01)
    assert sanity.centre(np.where(blob > 0.1, blob, -1).astype(np.float32)) == pytest.approx((x, y), abs=0.3)
    assert sanity.centre(-blob) == (12, 12)


def test_the_share_on_a_mask() -> None:
    values: FloatArray = np.array([[3, -9], [1, 0]], np.float32)
    assert sanity.share_on(values, np.array([[True, True], [False, False]])) == 0.75
    assert sanity.share_on(-np.abs(values), np.ones((2, 2), bool)) is None
