"""Facts about labelled faces, against a count by hand and closed forms."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from hypothesis import given
from hypothesis import strategies as st

from mien.data import describe
from mien.data.describe import UNLABELLED
from mien.data.faceset import EXPRESSIONS, LABELS, FaceSet, majority

SPLITS = ("Training", "Training", "PublicTest", "mine")


def with_twins(count: int = 40) -> FaceSet:
    """Drawn faces; 0 = 3 = 9 to the pixel (Training, PublicTest), 1 ~ 7 in another light, 4 = 5 with one label."""
    faces = drawn_faces(count, splits=("Training", "PublicTest"))
    pixels, labels = faces.pixels.copy(), faces.labels.copy()
    pixels[3] = pixels[9] = pixels[0]
    pixels[7] = (pixels[1] * 0.6 + 40).astype(np.uint8)
    pixels[5] = pixels[4]
    labels[[0, 3, 9]] = 2, 4, 2
    labels[[1, 7]] = 0, 1
    labels[[4, 5]] = 3
    return replace(faces, pixels=pixels, labels=labels)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_counts_are_those_of_a_count_by_hand(seed: int, count: int) -> None:
    faces = drawn_faces(count, seed=seed, splits=SPLITS)
    faces.labels[:: seed % 5 + 1] = -1
    expected = Counter(zip([LABELS[i] if i >= 0 else UNLABELLED for i in faces.labels], faces.splits, strict=True))
    found = describe.counts(faces)
    assert {(label, split): n for label, row in found.items() for split, n in row.items() if n} == dict(expected)
    assert all(set(row) == set(faces.splits) for row in found.values())


def test_entropy_is_what_shannon_says() -> None:
    votes = np.random.default_rng(0).multinomial(10, np.full(10, 0.1), 50).astype(np.float32)
    votes[0] = 0
    votes[1] = np.eye(10)[3] * 7
    bits = describe.entropy(votes)
    assert np.isnan(bits[0]) and bits[1] == 0
    for row, found in zip(votes[1:] / votes[1:].sum(1, keepdims=True), bits[1:], strict=True):
        assert found == pytest.approx(sum(share * math.log2(1 / share) for share in row.tolist() if share), abs=1e-5)


def test_the_most_and_least_agreed_are_at_the_ends_and_no_word_has_all() -> None:
    faces = drawn_faces(120)
    faces.named[::7] = False
    bits = describe.entropy(faces.votes)
    least = describe.disputed(faces, bits, 10)
    assert sorted(bits[faces.named])[-10:] == pytest.approx(sorted(bits[least]))
    most = describe.agreed(faces, bits, 16)
    leading = faces.votes[:, :8].argmax(1)
    assert len(most) == 16 and all(faces.named[most]) and set(leading[most]) == set(range(8))
    for word in range(8):
        shown = bits[[index for index in most if leading[index] == word]]
        assert shown.max() <= sorted(bits[faces.named & (leading == word)])[len(shown) - 1]


def test_votes_are_summed_up_as_by_hand() -> None:
    faces = drawn_faces(60)
    faces.votes[:4] = 0
    facts = describe.vote_facts(faces, describe.entropy(faces.votes))
    assert facts["n"] == 56 and facts["voters"] == 10
    assert sum(facts["histogram"]["faces"]) == 56
    assert facts["leading_share"] == pytest.approx(faces.votes[4:].max(1).mean() / 10, abs=1e-4)
    assert facts["unanimous"] == pytest.approx((faces.votes[4:] == 10).any(1).mean(), abs=1e-4)
    ruling = majority(faces.votes)
    for label, row in facts["labels"].items():
        ruled = [EXPRESSIONS[ruling[i]] for i in range(4, 60) if LABELS[faces.labels[i]] == label and ruling[i] >= 0]
        assert row["with_majority"] == len(ruled)
        if ruled:
            assert row["majority_is_label"] == pytest.approx(ruled.count(label) / len(ruled), abs=1e-4)


def test_twins_are_counted_within_and_across_splits_and_labels() -> None:
    facts = describe.describe(with_twins()).to_dict()
    pixels, thumbnails = facts["twins"]["pixels"], facts["twins"]["thumbnails"]
    assert (pixels["groups"], pixels["faces"], pixels["copies"]) == (2, 5, 3)
    assert pixels["groups_across_splits"] == 2 and pixels["splits"] == {"Training and PublicTest": 2}
    assert pixels["groups_in_conflict"] == 1 and pixels["labels"] == {"fear and sad": 1}
    assert (thumbnails["groups"], thumbnails["copies"], thumbnails["largest_group"]) == (3, 4, 3)
    assert thumbnails["labels"] == {"fear and sad": 1, "angry and disgust": 1}


def test_a_pair_that_stands_for_its_group_shows_the_worst_of_it() -> None:
    found = describe.describe(with_twins())
    assert [(pair.one, pair.two, pair.how) for pair in found.across] == [(0, 3, "pixels"), (4, 5, "pixels")]
    assert [(pair.one, pair.two) for pair in found.conflicts] == [(0, 3), (1, 7)]
    assert not found.within  # 1 and 7 stand under the conflicts


def test_a_weaker_likeness_shows_a_group_again_only_for_something_worse() -> None:
    faces = replace(drawn_faces(4), splits=np.asarray(["a", "a", "b", "b"]), labels=np.asarray([1, 1, 1, 1]))
    strict = np.asarray([0, 0, 2, 2])  # two pairs, each within a split,
    assert len(describe.choose_pairs(faces, {"strict": strict, "weak": strict})) == 2
    pairs = describe.choose_pairs(faces, {"strict": strict, "weak": np.zeros(4, np.int64)})  # that are one group
    assert [(pair.one, pair.two, pair.how) for pair in pairs] == [(0, 1, "strict"), (2, 3, "strict"), (0, 2, "weak")]


@given(st.integers(1, 200), st.integers(1, 50))
def test_a_sheet_is_spread_over_all_faces(count: int, most: int) -> None:
    shown = describe.spread(np.arange(count) * 2, most)
    assert len(shown) == min(most, count) == len(set(shown))
    assert shown == sorted(shown) and shown[0] == 0
    steps = np.diff(shown)
    assert max(steps, default=0) - min(steps, default=0) <= 2  # one index more or less
    assert len(shown) == 1 or shown[-1] == 2 * (count - 1)


def test_faces_without_votes_or_labels_are_described_too() -> None:
    faces = drawn_faces(6)
    faces.votes[:] = 0
    faces.labels[:] = -1
    found = describe.describe(faces)
    facts = found.to_dict()
    assert "votes" not in facts and facts["largest_to_smallest"] is None
    assert facts["counts"] == {UNLABELLED: {"Training": 6}} and not found.agreed and not found.disputed


def test_the_sample_of_a_class_is_the_face_that_most_people_call_so(shared_fer2013: Path) -> None:
    faces = shared_faces(shared_fer2013, slice(0, 300))
    samples = describe.describe(faces).samples
    for label, index in samples.items():
        assert LABELS[faces.labels[index]] == label
        column = EXPRESSIONS.index(label)
        said = faces.votes[faces.labels == faces.labels[index]]
        assert faces.votes[index, column] / faces.votes[index].sum() == (
            np.nanmax(said[:, column] / np.where(said.sum(1) > 0, said.sum(1), np.nan))
        )
