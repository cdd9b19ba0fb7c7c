"""Faces that others have cut, aligned by the mesh: the same crop as live faces get, and none lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces
from PIL import Image

from mien import images
from mien.data import align
from mien.faces.mesh import MeshNet
from mien.models import weights_path
from mien.types import FloatArray, ImageArray

Found = tuple[ImageArray, FloatArray]


@pytest.fixture(scope="module")
def net() -> MeshNet:
    return MeshNet(weights_path("face_landmark"))


@pytest.fixture(scope="module")
def found(net: MeshNet, shared_fer2013: Path) -> Found:
    pixels = shared_faces(shared_fer2013, slice(0, 60)).pixels
    return pixels, align.find_keypoints(net, pixels)


def test_most_faces_are_found_with_their_parts_in_order(found: Found) -> None:
    _, points = found
    have = ~np.isnan(points[:, 0, 0])
    assert have.mean() > 0.85
    right, left, nose, mouth = points[have][:, :4].swapaxes(0, 1)
    assert (right[:, 0] < left[:, 0]).all()
    assert (nose[:, 1] > (right + left)[:, 1] / 2).all()
    assert (mouth[:, 1] > nose[:, 1]).all()


def test_a_face_is_all_there_or_not_at_all(found: Found) -> None:
    missing = np.isnan(found[1])
    assert (missing.all((1, 2)) == missing.any((1, 2))).all()


def test_no_face_is_found_where_there_is_none(net: MeshNet) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    ramp = np.broadcast_to(np.arange(0, 240, 5, dtype=np.uint8), (1, 48, 48))
    nothing = np.concatenate([noise, ramp, np.zeros((1, 48, 48), np.uint8)])
    assert np.isnan(align.find_keypoints(net, nothing)).all()


def test_progress_ends_at_the_end(net: MeshNet) -> None:
    seen: list[tuple[int, int]] = []
    align.find_keypoints(net, drawn_faces(3).pixels, lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (3, 3)]


def test_aligned_faces_have_their_parts_where_the_geometry_says(net: MeshNet, found: Found) -> None:
    pixels, points = found
    have = ~np.isnan(points[:, 0, 0])
    again = align.find_keypoints(net, align.align(pixels[have], points[have]))
    seen = again[~np.isnan(again[:, 0, 0])]
    assert len(seen) > 0.85 * have.sum()
    wanted = images.DEFAULT_GEOMETRY.points(48)
    # The mesh is not exact at 48 px, and no similarity fits three points of every face.
    assert np.median(seen[:, [0, 1, 3]], 0) == pytest.approx(wanted, abs=1.0)
    spread = np.abs(np.median(seen[:, [0, 1, 3]], 0)[None] - seen[:, [0, 1, 3]])
    assert np.quantile(spread, 0.9) < 3


def test_a_found_face_passes_through_the_crop_of_live_faces(found: Found) -> None:
    pixels, points = found
    index = int(np.flatnonzero(~np.isnan(points[:, 0, 0]))[0])
    crop = align.align(pixels[index : index + 1], points[index : index + 1], 40)[0]
    assert np.array_equal(crop, images.crop_face(pixels[index], points[index], 40))


def test_a_face_without_keypoints_stays_as_it_is() -> None:
    pixels = drawn_faces(3).pixels
    nowhere = np.full((3, 6, 2), np.nan, np.float32)
    assert np.array_equal(align.align(pixels, nowhere), pixels)


def test_a_face_without_keypoints_is_resized_as_a_whole() -> None:
    pixels = drawn_faces(3).pixels
    larger = align.align(pixels, np.full((3, 6, 2), np.nan, np.float32), 96)
    wanted = np.stack(
        [np.asarray(Image.fromarray(face).resize((96, 96), Image.Resampling.BILINEAR)) for face in pixels]
    )
    assert larger.shape == (3, 96, 96)
    assert np.abs(larger.astype(int) - wanted).mean() < 3
