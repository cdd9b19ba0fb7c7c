"""Robustness: faces are cut as live ones are, turned ones are found again, and damage costs accuracy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces

from mien.data import align
from mien.data.faceset import FaceSet
from mien.expression.classify import Classifier
from mien.faces.mesh import MeshNet
from mien.judge import evaluate, robustness
from mien.judge.damage import DAMAGES, Damage, blur, turn
from mien.models import weights_path
from mien.types import FloatArray


@pytest.fixture(scope="module")
def net() -> MeshNet:
    return MeshNet(weights_path("face_landmark"))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


@pytest.fixture(scope="module")
def faces(shared_fer2013: Path) -> FaceSet:
    return shared_faces(shared_fer2013, slice(28709, 28709 + 12))


@pytest.fixture(scope="module")
def keypoints(net: MeshNet, faces: FaceSet) -> FloatArray:
    return align.find_keypoints(net, faces.pixels)


def test_the_choice_of_faces_is_fixed_and_whole() -> None:
    chosen = robustness.choose(1000, most=100)
    assert len(set(chosen.tolist())) == 100 and (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, robustness.choose(1000, most=100))
    assert robustness.choose(5).tolist() == [0, 1, 2, 3, 4]


def test_unharmed_faces_are_cut_as_they_always_are(classifier: Classifier, net: MeshNet, faces, keypoints) -> None:
    crops, meshes = robustness.damaged_crops(classifier, net, faces.pixels, keypoints, None)
    assert np.array_equal(crops, evaluate.cut(classifier, faces, keypoints))
    assert meshes == int((~np.isnan(keypoints[:, 0, 0])).sum())


@pytest.mark.parametrize("degrees", [30, 90, 180])
def test_the_mesh_finds_turned_faces_where_they_went(net: MeshNet, faces, keypoints, degrees: float) -> None:
    gaps = []
    for face, known in zip(faces.pixels, keypoints, strict=True):
        if not np.isnan(known).any():
            turned, moved = turn(face, known, degrees, np.random.default_rng(0))
            found = robustness.find_again(net, turned, moved)
            if found is not None:
                gaps.append(np.linalg.norm(found - moved, axis=1).mean())
    assert len(gaps) >= 10
    assert np.median(gaps) < 1.5  # px of 48


def test_without_a_mesh_a_face_is_damaged_where_an_average_one_has_it(classifier: Classifier, net: MeshNet) -> None:
    faces = drawn_faces(3)
    nowhere = np.full((3, 6, 2), np.nan, np.float32)
    blind = replace(DAMAGES["mouth covered"], levels=(0, 1))
    crops, meshes = robustness.damaged_crops(classifier, net, faces.pixels, nowhere, (blind, 1.0))
    assert meshes == 0
    changed = (crops != faces.pixels).any(0)
    rows, columns = np.nonzero(changed)
    assert rows.min() > 24 and abs(columns.mean() + 0.5 - 24) < 1.5
    turned, _ = robustness.damaged_crops(classifier, net, faces.pixels, nowhere, (DAMAGES["roll"], 90.0))
    assert np.array_equal(turned, np.rot90(faces.pixels, -1, (1, 2)))


def test_curves_begin_with_the_faces_as_they_are(
    classifier: Classifier, net: MeshNet, faces, keypoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"blur": Damage("px", (0, 8), blur), "roll": Damage("degrees", (0, 20), turn)}
    monkeypatch.setattr(robustness, "DAMAGES", few)
    seen: list[tuple[int, int]] = []
    found = robustness.curves(classifier, net, faces, keypoints, progress=lambda *done: seen.append(done))
    said = evaluate.answers(classifier, evaluate.cut(classifier, faces, keypoints))
    clean = evaluate.judge_briefly(classifier, faces, said)
    assert list(found) == ["blur", "roll"] and seen == [(0, 2), (1, 2), (2, 2)]
    for kind, curve in found.items():
        assert curve["unit"] == few[kind].unit
        assert [one["level"] for one in curve["levels"]] == list(few[kind].levels)
        first = curve["levels"][0]
        assert first["n"] == len(faces)
        assert (first["fer2013"], first["votes"]) == (clean["fer2013"]["accuracy"], clean["votes"]["accuracy"])
    # Nobody can read a face blurred by a sixth of its width.
    assert found["blur"]["levels"][1]["votes"] < found["blur"]["levels"][0]["votes"]
    assert found["roll"]["levels"][1]["meshes_found"] > 0


def test_a_head_without_labels_has_no_curve(classifier: Classifier, net: MeshNet, monkeypatch) -> None:
    monkeypatch.setattr(robustness, "DAMAGES", {"blur": Damage("px", (0, 1), blur)})
    faces = drawn_faces(3)
    faces = replace(faces, votes=np.zeros_like(faces.votes))
    found = robustness.curves(classifier, net, faces, np.full((3, 6, 2), np.nan, np.float32))
    assert [one["votes"] for one in found["blur"]["levels"]] == [None, None]
