"""Twins, against a search that looks at every pair; the holdout, free of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces

from mien.data.faceset import FaceSet
from mien.data.twins import find_twins, holdout
from mien.types import ImageArray


def alike(one: ImageArray, two: ImageArray, threshold: float = 0.98) -> bool:
    """Two faces by the definition: thumbnails of 12 x 12 whose correlation, mirrored or not, passes the threshold."""
    a, b = (face.reshape(12, 4, 12, 4).mean((1, 3)) for face in (one, two))
    if a.std() < 1e-6 or b.std() < 1e-6:
        return bool(a.std() < 1e-6 and b.std() < 1e-6)
    return max(np.corrcoef(a.ravel(), b.ravel())[0, 1], np.corrcoef(a.ravel(), b[:, ::-1].ravel())[0, 1]) > threshold


def groups_by_pairs(pixels: ImageArray) -> list[frozenset[int]]:
    """Every pair looked at; the groups of two that are alike become one."""
    count = len(pixels)
    group = list(range(count))
    for a in range(count):
        for b in range(a):
            if group[a] != group[b] and alike(pixels[a], pixels[b]):
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
