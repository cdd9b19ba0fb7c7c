"""What the tests of learning share: a network of a few thousand weights and a run of seconds."""

from __future__ import annotations

import pytest
import torch

from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions


@pytest.fixture
def options() -> TrainOptions:
    """Two epochs of a tiny network on one thread."""
    return TrainOptions(epochs=2, batch=8, input=24, widths=(4, 4, 8), threads=1, average=0.9)


@pytest.fixture
def net() -> ExpressionNet:
    """An untrained network whose norms have seen something, so that no layer is blank."""
    torch.manual_seed(0)
    tiny = ExpressionNet((4, 4, 8, 8))
    tiny.train()
    with torch.no_grad():
        for _ in range(3):
            tiny(torch.rand(16, 1, 48, 48) * 255)
    return tiny.eval()
