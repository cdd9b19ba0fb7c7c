"""Regions over a crop: they share it out, lie where the face is, and follow it when it is turned and scaled."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from mien import geometry, images
from mien.faces import mesh as meshes
from mien.faces import regions
from mien.models import weights_path
from mien.types import FloatArray

SIZE = 96


@pytest.fixture(scope="module")
def mesh(astronaut: Path) -> FloatArray:
    photo = np.asarray(Image.open(astronaut).convert("RGB"))
    return meshes.MeshNet(weights_path("face_landmark"))(photo, (226.0, 121.0), 165.0, 0).points


def regions_of(mesh: FloatArray, size: int = SIZE) -> NDArray[np.uint8]:
    return regions.label_map(mesh, images.crop_matrix(meshes.keypoints(mesh), size), size)


def at(found: NDArray[np.uint8], mesh: FloatArray, point: int) -> str:
    x, y = geometry.apply(images.crop_matrix(meshes.keypoints(mesh), SIZE), mesh[[point], :2])[0]
    return regions.REGIONS[found[int(y), int(x)]]


def test_every_pixel_belongs_to_exactly_one_region(mesh: FloatArray) -> None:
    masks = regions.masks(regions_of(mesh))
    assert tuple(masks) == regions.REGIONS
    assert (np.sum(list(masks.values()), 0) == 1).all()
    assert all(mask.any() for mask in masks.values())


@given(arrays.arrays(np.float32, (468, 3), elements=st.floats(-1e6, 1e6, width=32)), st.sampled_from([1, 7, 48]))
def test_any_points_at_all_give_a_partition(points: FloatArray, size: int) -> None:
    found = regions.label_map(points, np.array([[1.0, 0, 0], [0, 1, 0]]), size)
    assert found.shape == (size, size) and found.max() < len(regions.REGIONS)


@pytest.mark.parametrize(
    ("point", "region"),
    [
        (13, "mouth"), (61, "mouth"), (291, "mouth"), (18, "mouth"), (159, "eyes"), (374, "eyes"), (33, "eyes"),
        (52, "brows"), (295, "brows"), (9, "brows"), (4, "nose"), (195, "nose"), (50, "cheeks"), (280, "cheeks"),
        (205, "cheeks"),
    ],
)  # fmt: skip
def test_points_lie_in_the_region_of_their_name(mesh: FloatArray, point: int, region: str) -> None:
    assert at(regions_of(mesh), mesh, point) == region


def test_what_is_off_the_oval_is_outside(mesh: FloatArray) -> None:
    found, matrix = regions_of(mesh), images.crop_matrix(meshes.keypoints(mesh), SIZE)
    oval = geometry.apply(matrix, mesh[list(regions.OVAL), :2])
    left, right = oval[:, 0].min(), oval[:, 0].max()
    rows, columns = np.nonzero(found != regions.REGIONS.index("outside"))
    slack = 2 / regions.FINENESS  # OpenCV draws the border of a polygon too
    assert columns.min() + 0.5 >= left - slack and columns.max() + 0.5 <= right + slack
    assert rows.min() + 0.5 >= oval[:, 1].min() - slack
    assert (found[:, 0] == regions.REGIONS.index("outside")).mean() > 0.5  # hair and ground beside this face


@given(st.floats(-180, 180), st.floats(0.2, 5), st.floats(-500, 500))
def test_regions_follow_the_face(mesh: FloatArray, roll: float, scale: float, shift: float) -> None:
    """The crop turns with the face, so its regions stay what they are but for pixels on a border."""
    a, b = scale * math.cos(math.radians(roll)), scale * math.sin(math.radians(roll))
    moved = mesh.copy()
    moved[:, :2] = geometry.apply(np.array([[a, -b, shift], [b, a, -shift]]), mesh[:, :2])
    assert (regions_of(moved) != regions_of(mesh)).mean() < 0.005


def test_regions_of_a_turned_face_are_those_turned(mesh: FloatArray) -> None:
    """In one and the same square of the picture, a face turned by a quarter has its regions turned by a quarter."""
    middle = meshes.keypoints(mesh)[2].astype(np.float64)
    square = geometry.square_to_pixels((middle[0], middle[1]), 200, 0, SIZE)
    upright = regions.label_map(mesh, square, SIZE)
    turned = mesh.copy()
    turned[:, :2] = (mesh[:, :2] - middle) @ np.array([[0, 1], [-1, 0]]) + middle  # clockwise on the screen
    found = regions.label_map(turned.astype(np.float32), square, SIZE)
    assert (found != np.rot90(upright, -1)).mean() < 0.005


def test_regions_grow_with_the_crop(mesh: FloatArray) -> None:
    small, large = regions_of(mesh, 48), regions_of(mesh, 480)
    for name, mask in regions.masks(small).items():
        assert mask.mean() == pytest.approx(regions.masks(large)[name].mean(), abs=0.01)
