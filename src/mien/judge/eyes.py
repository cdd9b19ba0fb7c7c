"""Where the eyes and the mouth of many faces lie: found by several workers, and remembered from one run to the next.

The mesh takes longer than the network that is judged; of the same faces it always gives the same.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from mien.data import align, cache
from mien.faces.mesh import MeshNet
from mien.models import weights_path
from mien.types import FloatArray, ImageArray, Progress, no_progress

WORKERS = 2
LEAST_KEPT = 1000  # faces; fewer are found again in seconds
_FORM = 1  # of the way they are found; a change of it leaves older ones unused


def find_keypoints(pixels: ImageArray, progress: Progress = no_progress, *, workers: int = WORKERS) -> FloatArray:
    """The same as `align.find_keypoints`, by several workers, from the cache where these faces were seen before."""
    path = weights_path("face_landmark")
    if len(pixels) < LEAST_KEPT or not cache.is_usable():
        return _find(path, pixels, progress, workers)
    name = f"keypoints-{_FORM}-{_fingerprint(path, pixels)}"
    known = cache.recall(name, ("keypoints",))
    if known is not None and known["keypoints"].shape == (len(pixels), 6, 2):
        return np.asarray(known["keypoints"], np.float32)
    found = _find(path, pixels, progress, workers)
    cache.keep(name, {"keypoints": found})
    return found


def _fingerprint(path: Path, pixels: ImageArray) -> str:
    digest = hashlib.sha256(path.read_bytes())
    digest.update(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()[:32]


def _find(path: Path, pixels: ImageArray, progress: Progress, workers: int) -> FloatArray:
    parts = [part for part in np.array_split(np.arange(len(pixels)), workers) if len(part)]
    nets = [MeshNet(path) for _ in parts]
    for net in nets:  # the first run of each turns standard error off for a moment: not in two threads at a time
        net(np.zeros((8, 8, 3), np.uint8), (4.0, 4.0), 8.0, 0.0)
    counts = [0] * len(parts)
    stopped = threading.Event()

    def work(place: int) -> FloatArray:
        def count(done: int, _: int) -> None:
            if stopped.is_set():
                raise CancelledError
            counts[place] = done
            progress(sum(counts), len(pixels))

        return align.find_keypoints(nets[place], pixels[parts[place]], count)

    with ThreadPoolExecutor(len(parts) or 1) as pool:
        try:
            found = list(pool.map(work, range(len(parts))))
        except BaseException:  # Ctrl-C too: to leave the pool is to wait for its workers, who may have minutes to go
            stopped.set()
            raise
    return np.concatenate(found) if found else np.empty((0, 6, 2), np.float32)
