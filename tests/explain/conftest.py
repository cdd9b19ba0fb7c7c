"""What the tests of explaining share: small networks opened for it, some that have learned nothing, and faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import mien
from mien import images
from mien.data.faceset import FER2013_LABELS, VOTE_LABELS
from mien.explain.subject import Subject
from mien.images import DEFAULT_GEOMETRY
from mien.learn import baselines
from mien.learn.networks import ExpressionNet
from mien.types import ImageArray


def opened(net: nn.Module, *, votes: bool, side: int = 24, is_trained: bool = True) -> Subject:
    heads = {"votes": VOTE_LABELS, "fer2013": FER2013_LABELS} if votes else {"fer2013": FER2013_LABELS}
    return Subject("tiny", net.eval().requires_grad_(False), heads, side, DEFAULT_GEOMETRY, is_trained)


@pytest.fixture
def ours() -> Subject:
    """Our own kind of network, a few thousand weights, crops of 24 px."""
    torch.manual_seed(0)
    net = ExpressionNet((4, 6, 8), depth=2)
    net.train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.rand(16, 1, 24, 24) * 255)
    return opened(net, votes=True)


@pytest.fixture
def dense() -> Subject:
    """A baseline's kind: even kernels, padding, pooling, dense layers; untrained."""
    torch.manual_seed(0)
    return opened(baselines._grouped(24, (4, 6), (10, 8), dropped=(0.1, 0.3)), votes=False, is_trained=False)


@pytest.fixture(params=["ours", "dense"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each of the two."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def crops() -> ImageArray:
    """70 pictures of 24 px, more than go through a network at once."""
    return np.random.default_rng(0).integers(0, 256, (70, 24, 24), dtype=np.uint8)


@pytest.fixture(scope="session")
def astronaut_crop(astronaut: Path) -> ImageArray:
    """The smiling face of the example photo, as the default model reads it."""
    image = images.decode_image(astronaut)
    face = mien.Reader().read(image).faces[0]
    return images.crop_face(image, face.keypoints)
