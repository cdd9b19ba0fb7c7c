"""Keypoints found by several workers are those of one, and are remembered of many faces."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
from face_sets import shared_faces

from mien.data import align
from mien.faces.mesh import MeshNet
from mien.judge import eyes
from mien.models import weights_path
from mien.types import FloatArray, ImageArray, Progress


@pytest.fixture(scope="module")
def pixels(shared_fer2013: Path) -> ImageArray:
    return shared_faces(shared_fer2013, slice(28709, 28709 + 7)).pixels


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_workers_find_what_one_finds(pixels: ImageArray, workers: int, own_cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = eyes.find_keypoints(pixels, lambda done, total: seen.append((done, total)), workers=workers)
    plain = align.find_keypoints(MeshNet(weights_path("face_landmark")), pixels)
    assert np.array_equal(found, plain, equal_nan=True)
    assert max(seen) == (7, 7)
    assert not own_cache.exists()  # few faces are not worth keeping


def test_no_faces_have_no_keypoints() -> None:
    assert eyes.find_keypoints(np.empty((0, 48, 48), np.uint8)).shape == (0, 6, 2)


def test_many_faces_are_looked_at_once(pixels: ImageArray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "LEAST_KEPT", 3)
    looked: list[int] = []
    find = eyes._find
    monkeypatch.setattr(eyes, "_find", lambda path, faces, *rest: looked.append(len(faces)) or find(path, faces, *rest))
    first, second = eyes.find_keypoints(pixels), eyes.find_keypoints(pixels)
    assert looked == [7] and np.array_equal(first, second, equal_nan=True)
    other = pixels.copy()
    other[0, 0, 0] ^= 1
    eyes.find_keypoints(other)
    assert looked == [7, 7]


def test_what_was_kept_of_other_faces_or_broken_is_not_taken(pixels: ImageArray, monkeypatch, own_cache: Path) -> None:
    monkeypatch.setattr(eyes, "LEAST_KEPT", 3)
    found = eyes.find_keypoints(pixels)
    (kept,) = own_cache.rglob("keypoints.npy")
    np.save(kept, np.zeros((2, 6, 2), np.float32))
    assert np.array_equal(eyes.find_keypoints(pixels), found, equal_nan=True)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError])
def test_no_worker_goes_on_once_the_search_is_given_up(
    fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    both, stopped = threading.Barrier(2), []

    def find(net: MeshNet, pixels: ImageArray, progress: Progress) -> FloatArray:
        both.wait(60)
        if len(pixels) == 4:  # the first of two parts
            raise fault
        try:
            for _ in range(2_000_000):  # not for ever, should nobody stop it
                progress(0, len(pixels))
        except CancelledError:
            stopped.append(len(pixels))
            raise
        return np.empty((len(pixels), 6, 2), np.float32)

    monkeypatch.setattr(align, "find_keypoints", find)
    with pytest.raises(fault):
        eyes.find_keypoints(np.zeros((7, 48, 48), np.uint8), workers=2)
    assert stopped == [3]
