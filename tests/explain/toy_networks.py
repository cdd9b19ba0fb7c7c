"""Networks so simple that the right heat-map is known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from mien.data.faceset import FER2013_LABELS
from mien.explain.subject import Subject
from mien.images import DEFAULT_GEOMETRY
from mien.learn.networks import Outputs
from mien.types import FloatArray, ImageArray


class Pixelwise(nn.Module):
    """Logits that are sums over the pixels: of weight x f(grey)."""

    def __init__(self, weights: FloatArray, f: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.weights, self.f = nn.Parameter(torch.from_numpy(weights)), f  # (7, S, S)
        self.same = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(self.same.weight)

    def forward(self, crops: Tensor) -> Outputs:
        features = self.same(self.f(crops))
        return Outputs(None, (features * self.weights).flatten(2).sum(2), features)


class Mirrored(nn.Module):
    """Convolutions whose kernels are the same from left and from right, then pooling and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 6, 5, padding=2), nn.ReLU())
        self.fer2013 = nn.Linear(6, 7)
        with torch.no_grad():
            for one in (self.trunk[0], self.trunk[2]):
                one.weight.copy_((one.weight + one.weight.flip(3)) / 2)

    def forward(self, crops: Tensor) -> Outputs:
        features = self.trunk(crops / 255)
        return Outputs(None, self.fer2013(features.mean((2, 3))), features)


def opened(net: nn.Module, side: int = 24) -> Subject:
    net = net.eval().requires_grad_(False)
    return Subject("toy", net, {"fer2013": FER2013_LABELS}, side, DEFAULT_GEOMETRY)


def pixelwise(f: Callable[[Tensor], Tensor] = lambda crops: crops, *, side: int = 24, seed: int = 0) -> Subject:
    weights = np.random.default_rng(seed).normal(0, 1, (7, side, side)).astype(np.float32)
    return opened(Pixelwise(weights, f), side)


def mirrored() -> Subject:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return opened(Mirrored())


def a_crop(side: int = 24, seed: int = 0) -> ImageArray:
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
