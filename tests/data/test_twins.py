"""Twins, against a search that looks at every pair; the holdout, free of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import imagehash
import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mien.data import twins
from mien.data.faceset import FaceSet
from mien.data.twins import find_twins, holdout, perceptual_hash, same_hash, same_pixels
from mien.errors import DataError
from mien.types import ImageArray


def alike(one: ImageArray, two: ImageArray, threshold: float = 0.98) -> bool:
    """Two faces by the definition: thumbnails of 12 x 12 whose correlation, mirrored or not, passes the threshold."""
    a, b = (face.reshape(12, 4, 12, 4).mean((1, 3)) for face in (one, two))
    if a.std() < 1e-6 or b.std() < 1e-6:
        return bool(a.std() < 1e-6 and b.std() < 1e-6)
    return max(np.corrcoef(a.ravel(), b.ravel())[0, 1], np.corrcoef(a.ravel(), b[:, ::-1].ravel())[0, 1]) > threshold


def groups_by_pairs(pixels: ImageArray, threshold: float = 0.98) -> list[frozenset[int]]:
    """Every pair looked at; the groups of two that are alike become one."""
    count = len(pixels)
    group = list(range(count))
    for a in range(count):
        for b in range(a):
            if group[a] != group[b] and alike(pixels[a], pixels[b], threshold):
                group = [group[b] if one == group[a] else one for one in group]
    return sorted((frozenset(i for i in range(count) if group[i] == g) for g in set(group)), key=min)


def as_sets(groups: np.ndarray) -> list[frozenset[int]]:
    return sorted((frozenset(np.flatnonzero(groups == one).tolist()) for one in set(groups.tolist())), key=min)


def with_twins(count: int = 24, seed: int = 0) -> FaceSet:
    """Drawn faces, some of them doubled: as they are, mirrored, in another light, with grain; in all splits."""
    faces = drawn_faces(count, seed=seed, splits=("Training", "Training", "Training", "PublicTest", "PrivateTest"))
    pixels = faces.pixels.copy()
    rng = np.random.default_rng(seed)
    pixels[3] = pixels[0]
    pixels[7] = pixels[1][:, ::-1]
    pixels[10] = (pixels[2] * 0.6 + 40).astype(np.uint8)
    pixels[11] = np.clip(pixels[10].astype(int) + rng.integers(-3, 4, (48, 48)), 0, 255)
    pixels[5] = pixels[6]
    return replace(faces, pixels=pixels)


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_the_search_over_all_pairs(seed: int) -> None:
    pixels = with_twins(seed=seed).pixels
    found = as_sets(find_twins(pixels))
    assert found == groups_by_pairs(pixels)
    assert frozenset({0, 3}) in found
    assert frozenset({1, 7}) in found
    assert frozenset({2, 10, 11}) in found


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=30),
    st.integers(1, 40),
    st.integers(0, 1000),
)
def test_groups_of_many_copies_are_those_of_all_pairs(copies: list[tuple[int, int]], rows: int, seed: int) -> None:
    faces = drawn_faces(6, seed=seed).pixels
    blends = [np.uint8(0.5 * faces[one] + 0.5 * faces[(one + 1) % 6]) for one in range(6)]  # links between groups
    looks = [faces, faces[:, :, ::-1], blends]
    pixels = np.stack([looks[look][one] for one, look in copies])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(twins, "BLOCK", rows)
        groups = find_twins(pixels, 0.9)
    assert as_sets(groups) == groups_by_pairs(pixels, 0.9)
    assert all(groups[one] == one for one in set(groups.tolist()))  # a group has the number of its first face


def test_thousands_of_copies_are_one_group_and_progress_is_told_by_blocks() -> None:
    seen: list[tuple[int, int]] = []
    pixels = np.repeat(drawn_faces(1).pixels, 5000, 0)
    groups = find_twins(pixels, progress=lambda done, total: seen.append((done, total)))
    assert not groups.any()
    assert seen == [(2048, 5000), (4096, 5000), (5000, 5000)]


def test_groups_reach_across_the_blocks_of_the_search() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2100, 48, 48), dtype=np.uint8)
    pixels[2099] = pixels[0][:, ::-1]
    groups = find_twins(pixels)
    assert groups[2099] == groups[0]
    assert len(set(groups.tolist())) == 2099


def test_blank_faces_are_twins_of_each_other_and_of_no_other() -> None:
    pixels = drawn_faces(6).pixels.copy()
    pixels[1], pixels[4] = 0, 0
    assert as_sets(find_twins(pixels)) == [{0}, {1, 4}, {2}, {3}, {5}]


def test_the_holdout_has_no_twin_and_the_rest_none_elsewhere() -> None:
    faces = with_twins(60)
    faces.named[20] = False
    fit, held = holdout(faces, share=0.2)
    twins = {one for group in groups_by_pairs(faces.pixels) if len(group) > 1 for one in group}
    training = {int(i) for i in np.flatnonzero(faces.splits == "Training") if i != 20}
    assert len(held) == int(0.2 * len(training))
    assert not set(held.tolist()) & twins
    assert not set(held.tolist()) & set(fit.tolist())
    outside = {
        one for group in groups_by_pairs(faces.pixels) for one in group
        if any(faces.splits[other] != "Training" for other in group)
    }  # fmt: skip
    assert set(fit.tolist()) == training - set(held.tolist()) - outside


def test_the_same_seed_holds_out_the_same_faces() -> None:
    faces = with_twins(60)
    assert np.array_equal(holdout(faces, seed=3)[1], holdout(faces, seed=3)[1])
    assert not np.array_equal(holdout(faces, share=0.3, seed=3)[1], holdout(faces, share=0.3, seed=4)[1])


def test_real_faces_are_grouped_as_by_pairs(shared_fer2013: Path) -> None:
    pixels = shared_faces(shared_fer2013, slice(0, 40)).pixels.copy()
    pixels[11] = pixels[30][:, ::-1]
    assert as_sets(find_twins(pixels)) == groups_by_pairs(pixels)


# --- the same pixels, the same hash -----------------------------------------------------------------------------------


def test_exact_twins_are_those_with_the_same_pixels() -> None:
    pixels = with_twins().pixels
    assert [one for one in as_sets(same_pixels(pixels)) if len(one) > 1] == [{0, 3}, {5, 6}]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_members_are_the_groups_of_several_the_largest_first(groups: list[int]) -> None:
    found = [part.tolist() for part in twins.members(np.asarray(groups, np.int64))]
    wanted = [[i for i, other in enumerate(groups) if other == one] for one in set(groups)]
    assert found == sorted((one for one in wanted if len(one) > 1), key=lambda one: (-len(one), one[0]))


@pytest.mark.parametrize("side", [8, 31, 48, 100])
def test_the_hash_is_that_of_imagehash(side: int) -> None:
    pixels = np.stack([np.asarray(Image.fromarray(face).resize((side, side))) for face in drawn_faces(30).pixels])
    wanted = np.stack([imagehash.phash(Image.fromarray(face)).hash.ravel() for face in pixels])
    # A frequency that is the median itself may fall on either side: the two transforms round differently.
    assert (perceptual_hash(pixels) != wanted).sum(1).max() <= 1


def test_real_faces_have_the_hash_of_imagehash(shared_fer2013: Path) -> None:
    pixels = shared_faces(shared_fer2013, slice(0, 60)).pixels
    wanted = np.stack([imagehash.phash(Image.fromarray(face)).hash.ravel() for face in pixels])
    assert np.array_equal(perceptual_hash(pixels), wanted)


@pytest.mark.parametrize("distance", [0, 4, 16])
def test_hash_twins_are_those_of_all_pairs(distance: int) -> None:
    pixels = with_twins().pixels
    bits, mirrored = perceptual_hash(pixels), perceptual_hash(pixels[:, :, ::-1])
    away = np.minimum((bits[:, None] != bits).sum(2), (bits[:, None] != mirrored).sum(2))
    groups = np.arange(len(pixels))
    for a, b in zip(*np.nonzero(away <= distance), strict=True):
        groups[groups == groups[a]] = groups[b]
    assert as_sets(same_hash(pixels, distance)) == as_sets(groups)


def test_hash_twins_survive_light_and_grain() -> None:
    found = [one for one in as_sets(same_hash(with_twins().pixels)) if len(one) > 1]
    assert found == [{0, 3}, {1, 7}, {2, 10, 11}, {5, 6}]


# --- any data ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [12, 30, 50, 96])
def test_faces_of_any_size_are_compared(side: int) -> None:
    pixels = np.stack([np.asarray(Image.fromarray(face).resize((side, side))) for face in with_twins().pixels])
    found = [one for one in as_sets(find_twins(pixels)) if len(one) > 1]
    assert found == [{0, 3}, {1, 7}, {2, 10, 11}, {5, 6}]


def test_small_blocks_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = with_twins().pixels
    wanted = find_twins(pixels)
    monkeypatch.setattr(twins, "MOST_PRODUCTS", 60)
    assert np.array_equal(find_twins(pixels), wanted)


@pytest.mark.parametrize("seed", range(3))
def test_the_faces_held_out_are_chosen_as_the_embedded_model_was_trained(seed: int) -> None:
    """The rule written out once more: a change of it would let a trained model be judged by faces it has seen."""
    faces = with_twins(80, seed=seed)
    faces.named[[9, 33]] = False
    groups = [group for group in groups_by_pairs(faces.pixels)]
    single = {next(iter(group)) for group in groups if len(group) == 1}
    training = [i for i in range(80) if faces.splits[i] == "Training" and faces.named[i]]
    shuffled = np.random.default_rng(0).permutation([i for i in training if i in single])
    assert holdout(faces)[1].tolist() == sorted(shuffled[: int(0.1 * len(training))].tolist())


def test_data_without_another_split_are_divided_too() -> None:
    faces = replace(with_twins(40), splits=np.full(40, "Training"))
    fit, held = holdout(faces)
    assert len(held) == 4
    assert sorted([*fit, *held]) == list(range(40))


def test_too_few_faces_to_hold_any_out_are_refused() -> None:
    with pytest.raises(DataError, match=r"of 5 faces of the split 'Training', 5 have no twin: too few to hold out"):
        holdout(drawn_faces(5))
    copies = drawn_faces(30)
    with pytest.raises(DataError, match=r"of 60 faces of the split 'Training', 0 have no twin"):
        holdout(copies.take(np.repeat(np.arange(30), 2)))
    with pytest.raises(DataError, match=r"of 0 faces of the split 'Training'"):
        holdout(drawn_faces(30, splits=("PublicTest",)))
