"""Faces beside one another: means against arithmetic, neighbours against scikit-learn, examples against the votes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from sklearn.metrics.pairwise import cosine_distances

from mien.data import align
from mien.data.faceset import EXPRESSIONS, FaceSet
from mien.errors import DataError, UsageError
from mien.explain import gallery
from mien.explain.subject import Subject


def plain(pixels: np.ndarray, labels: list[int], votes: np.ndarray | None = None) -> FaceSet:
    count = len(pixels)
    votes = np.zeros((count, 10), np.float32) if votes is None else votes
    return FaceSet(pixels, np.array(labels), votes, np.full(count, "Training"), np.arange(count), np.ones(count, bool))


def small(count: int = 30, seed: int = 0) -> FaceSet:
    faces = drawn_faces(count, seed=seed)
    return replace(faces, pixels=np.ascontiguousarray(faces.pixels[:, ::2, ::2]))


def test_the_mean_of_two_known_faces() -> None:
    pixels = np.stack([np.full((24, 24), grey, np.uint8) for grey in (10, 51, 200)])
    found = gallery.average_faces(plain(pixels, [3, 3, 4]), size=24)
    assert list(found) == ["happy", "sad"]
    assert (found["happy"].face == 30.5).all() and found["happy"].count == 2
    assert (found["sad"].face == 200).all() and found["sad"].count == 1


def test_the_means_are_those_of_the_aligned_faces() -> None:
    faces = drawn_faces(40)
    rng = np.random.default_rng(1)
    points = rng.normal([[17, 18], [31, 18], [24, 27], [24, 36], [10, 22], [38, 22]], 1, (40, 6, 2)).astype(np.float32)
    points[5:9] = np.nan
    found = gallery.average_faces(faces, points, size=48)
    names, crops = gallery.class_names(faces), align.align(faces.pixels, points, 48)
    known = ~np.isnan(points[:, 0, 0])
    assert len(found) > 3 and sum(one.count for one in found.values()) == ((names != "") & known).sum()
    for label, one in found.items():
        np.testing.assert_allclose(one.face, crops[known & (names == label)].mean(0), atol=1e-3)


def test_a_class_is_what_the_votes_say_and_else_the_label() -> None:
    votes = np.zeros((5, 10), np.float32)
    votes[0, EXPRESSIONS.index("sad")] = 10
    votes[1, :5] = 2  # nobody leads
    votes[3, EXPRESSIONS.index("contempt")] = 9
    faces = plain(drawn_faces(5).pixels, [3, 3, 3, 3, -1], votes)
    assert gallery.class_names(faces).tolist() == ["sad", "", "happy", "contempt", ""]
    named = replace(faces, named=np.array([False, True, True, True, True]))
    assert gallery.class_names(named).tolist() == ["", "", "happy", "contempt", ""]


def test_nothing_to_average_is_said() -> None:
    with pytest.raises(DataError, match="nothing to average"):
        gallery.average_faces(plain(drawn_faces(3).pixels, [-1] * 3))
    with pytest.raises(DataError, match="nothing to average"):
        gallery.average_faces(plain(drawn_faces(3).pixels, [1] * 3), np.full((3, 6, 2), np.nan, np.float32))


def test_one_per_class_is_the_most_agreed_that_occurs_once() -> None:
    pixels = drawn_faces(8).pixels.copy()
    happy, sad = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")
    votes = np.zeros((8, 10), np.float32)
    for face, (word, given) in enumerate([(happy, 10), (happy, 8), (happy, 9), (happy, 9), (sad, 7), (sad, 7),
                                          (sad, 10), (sad, 6)]):  # fmt: skip
        votes[face, word], votes[face, 0] = given, 10 - given
    pixels[6] = pixels[0][:, ::-1]  # mirrored, and yet the same picture
    chosen = gallery.one_per_class(plain(pixels, [3] * 4 + [4] * 4, votes))
    assert chosen == {"happy": 2, "sad": 4}


def test_a_class_of_copies_alone_still_has_its_face() -> None:
    pixels = np.repeat(drawn_faces(1).pixels, 20, 0)
    assert gallery.one_per_class(plain(pixels, [5] * 20)) == {"surprise": 0}
    assert gallery.one_per_class(plain(drawn_faces(3).pixels, [6, 0, 6])) == {"neutral": 0, "angry": 1}


def test_the_nearest_is_the_face_itself_and_the_rest_as_scikit_learn_has_it(subject: Subject) -> None:
    faces = small()
    found = gallery.nearest(subject, faces.pixels[7], faces, count=30)
    assert (found[0].index, found[0].row, found[0].distance) == (7, 7, 0.0)
    features = gallery.features_of(subject, faces.pixels)
    expected = cosine_distances(features[7:8].astype(np.float64), features.astype(np.float64))[0]
    assert [one.index for one in found] == np.argsort(expected, kind="stable").tolist()
    np.testing.assert_allclose([one.distance for one in found], np.sort(expected), atol=2e-6)
    assert [one.label for one in found] == gallery.class_names(faces)[[one.index for one in found]].tolist()
    assert len(gallery.nearest(subject, faces.pixels[7], faces, features=features, count=3)) == 3


def test_copies_are_at_no_distance_and_the_order_of_the_data_does_not_matter(ours: Subject) -> None:
    faces = small()
    pixels = faces.pixels.copy()
    pixels[20] = pixels[3]
    faces = replace(faces, pixels=pixels)
    found = gallery.nearest(ours, pixels[3], faces, count=10)
    assert [(one.row, one.distance) for one in found[:2]] == [(3, 0.0), (20, 0.0)] and found[2].distance > 0
    order = np.random.default_rng(0).permutation(30)
    again = gallery.nearest(ours, pixels[3], faces.take(order), count=10)
    assert [(one.row, one.label) for one in again] == [(one.row, one.label) for one in found]
    assert [order[one.index] for one in again] == [one.index for one in found]


def test_what_does_not_fit_is_said(ours: Subject) -> None:
    faces = small()
    with pytest.raises(UsageError, match="24 x 24"):
        gallery.nearest(ours, np.zeros((48, 48), np.uint8), faces)
    with pytest.raises(DataError, match="there are 30 faces"):
        gallery.nearest(ours, faces.pixels[0], faces, features=np.zeros((29, 8), np.float32))
    assert gallery.nearest(ours, faces.pixels[0], faces.take(np.arange(0))) == []


def test_inputs_stay_as_they_are(ours: Subject) -> None:
    faces = small()
    before = faces.pixels.copy()
    for one in (faces.pixels, faces.votes, faces.labels):
        one.setflags(write=False)
    gallery.nearest(ours, faces.pixels[0], faces)
    gallery.average_faces(faces)
    gallery.one_per_class(faces)
    assert np.array_equal(faces.pixels, before)


def test_the_average_of_a_class_is_most_like_the_same_one_of_other_people(shared_fer2013: Path) -> None:
    halves = [gallery.average_faces(shared_faces(shared_fer2013, rows), size=24)
              for rows in (slice(0, 3000), slice(3000, 6000))]  # fmt: skip
    labels = [label for label in halves[0] if min(half[label].count for half in halves if label in half) >= 200]
    assert len(labels) >= 5
    of_one, of_other = (_against_the_rest([half[label].face for label in labels]) for half in halves)
    assert (of_one @ of_other.T).argmax(1).tolist() == list(range(len(labels)))


def _against_the_rest(means: list[np.ndarray]) -> np.ndarray:
    """Each mean, its brightness aside, less the mean of all: (K, S * S), of length 1."""
    flat = np.stack([mean.ravel() - mean.mean() for mean in means])
    flat -= flat.mean(0)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)
