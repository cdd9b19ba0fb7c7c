"""One pipeline with the usual options, and a photo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.pipeline import Pipeline
from mien.types import ImageArray


@pytest.fixture(scope="module")
def shared_pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture
def pipeline(shared_pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline with the usual options, at the beginning of a stream."""
    shared_pipeline.reset()
    yield shared_pipeline


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> ImageArray:
    return np.asarray(Image.open(astronaut).convert("RGB"))
