"""How the tests of the pipeline have it read, and what they take from a Reading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.expression.classify import Answer
from mien.pipeline import Pipeline
from mien.types import Expression, Face, Frame, ImageArray, Reading

LABELS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "not a face")


def read(pipeline: Pipeline, image: ImageArray, **wishes: bool) -> Reading:
    return pipeline.read(Frame(np.ascontiguousarray(image), source="astronaut"), **wishes)


def the_face(reading: Reading) -> Face:
    (face,) = reading.faces
    return face


def expression_of(reading: Reading) -> Expression:
    found = the_face(reading).expression
    assert found is not None
    return found


def stream(pipeline: Pipeline, image: ImageArray, frames: int, *, fps: float = 10, first: int = 0) -> list[Reading]:
    return [pipeline.read(Frame(image, index, index / fps), stream=True) for index in range(first, first + frames)]


def votes_of(**shares: float) -> np.ndarray:
    return np.asarray([shares.get(name.replace(" ", "_"), 0.0) for name in LABELS], np.float32)


def answering(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, *rows: np.ndarray) -> None:
    """Let the network say these votes, a row a face from left to right; one row stands for all."""
    real = pipeline.classifier.__class__.__call__

    def call(self: object, crops: ImageArray) -> Answer:
        answer = real(self, crops)  # type: ignore[arg-type]
        votes = np.stack([rows[index % len(rows)] for index in range(len(crops))])
        return replace(answer, votes=votes)

    monkeypatch.setattr(pipeline.classifier.__class__, "__call__", call)
