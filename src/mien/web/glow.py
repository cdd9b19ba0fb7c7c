"""The heat-map over each face while it is watched: small numbers and where they lie, drawn by the client.

They cost no pass of the network: see `Pipeline.heat`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mien import geometry, images
from mien.expression import heat
from mien.pipeline import Pipeline
from mien.types import Face
from mien.web.engine import FrameReader


def glows(pipeline: FrameReader, faces: Sequence[Face]) -> list[dict[str, Any] | None]:
    """For each face of the last frame of a stream, what speaks for its word, and where; None where it cannot be told.

    Returns:
        `values`, rows of shares 0..1 from the top of the crop (1: the place that speaks for the word most); `corners`,
        top left, top right, bottom right and bottom left of the crop in pixels of the frame.
    """
    return [_glow(pipeline, face) if isinstance(pipeline, Pipeline) else None for face in faces]


def _glow(pipeline: Pipeline, face: Face) -> dict[str, Any] | None:
    found = pipeline.heat(face)
    if found is None:
        return None
    size = len(found)
    matrix = images.crop_matrix(face.keypoints, size, pipeline.classifier.geometry)
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float64)
    return {
        "values": heat.spread(found, size).round(2).tolist(),
        "corners": geometry.apply(geometry.invert(matrix), corners).round(1).tolist(),
    }
