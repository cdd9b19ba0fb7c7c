"""How fast one look is and how large a model: measured on the machine at hand, not to be compared across machines."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from mien.expression.classify import Classifier
from mien.types import ImageArray

LOOKS, WARM = 200, 20


def measure(folder: Path, crops: ImageArray, *, looks: int | None = None) -> dict[str, Any]:
    """Time single crops through the network of a model folder on one thread.

    Args:
        folder: the model's.
        crops: (N, S, S) uint8 of the model's size; they are taken in turn.
        looks: how many are timed, after some that are not; LOOKS if None.

    Returns:
        `{median_ms, p90_ms, looks, threads, parameters, bytes}`: one crop; the network's file; parameters as the card
        states them, null where it does not.
    """
    looks = LOOKS if looks is None else looks
    classifier = Classifier(folder, threads=1)
    times = []
    for index in range(WARM + looks):
        crop = crops[index % len(crops)][None]
        start = time.perf_counter()
        classifier(crop)
        times.append(1000 * (time.perf_counter() - start))
    median, slow = np.quantile(times[WARM:], [0.5, 0.9])
    return {
        "median_ms": round(float(median), 2),
        "p90_ms": round(float(slow), 2),
        "looks": looks,
        "threads": 1,
        **size_of(folder, classifier),
    }


def size_of(folder: Path, classifier: Classifier) -> dict[str, Any]:
    """`{parameters, bytes}`: as the card states them (null where it does not), and of the network's file."""
    return {
        "parameters": classifier.card.training.get("parameters"),
        "bytes": (folder / "model.onnx").stat().st_size,
    }
