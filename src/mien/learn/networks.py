"""The network that reads an expression: one trunk, global average pooling, two linear heads; in four sizes.

Normalisation stands inside (the input is raw grey 0..255), so training and serving cannot drift apart.
Pooling followed by linear heads makes class activation maps free: `features` is the map they are read from.
It knows nothing of files, labels or training. `registry.py` builds it by name, beside the baselines.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GREY_MEAN, GREY_STD = 130.0, 65.0  # of FER2013's Training rows: 129.5 and 65.0

STAGES = 4


class Size(NamedTuple):
    """One position of the dial: channels of the first stage, which each stage doubles, and residual blocks a stage."""

    width: int
    depth: int

    @property
    def widths(self) -> tuple[int, ...]:
        """The channels of each stage."""
        return tuple(self.width * 2**stage for stage in range(STAGES))


# 0.18, 1.1, 2.8 and 11.4 million parameters. Widths are multiples of 8, which runtimes are quick with: 20 channels and
# two blocks for `tiny` have as many parameters and take half as long again.
SIZES = {"nano": Size(8, 2), "tiny": Size(16, 3), "small": Size(32, 2), "base": Size(64, 2)}


class Outputs(NamedTuple):
    """What the network gives for a batch of N crops."""

    votes: Tensor | None  # (N, 10) logits over the votes' labels; the baselines have none
    fer2013: Tensor  # (N, 7) logits over FER2013's classes
    features: Tensor  # (N, C, S / 8, S / 8) the last feature map, before pooling; rounded up where S is no multiple


class SqueezeExcite(nn.Module):
    """Channel attention: scales each channel by what the whole picture holds (Hu et al. 2018)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.down = nn.Linear(channels, max(8, channels // reduction))
        self.up = nn.Linear(max(8, channels // reduction), channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.up(F.relu(self.down(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with squeeze-excitation and a shortcut (He et al. 2016, basic block)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.attend = SqueezeExcite(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:  # averaged, not skipped: a strided 1 x 1 sees a quarter of its input
            # An odd side is rounded up, as the strided convolution does; the last row is a mean of what is there.
            halve = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False) if stride != 1 else nn.Identity()
            self.shortcut = nn.Sequential(halve, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.attend(self.norm2(self.conv2(y)))
        return F.relu(y + self.shortcut(x))


class ExpressionNet(nn.Module):
    """A small ResNet for grey faces, of any side.

    Args:
        widths: channels of the stages; all but the first halve the picture.
        depth: residual blocks a stage.
        votes: labels of the votes head.
        classes: labels of the fer2013 head.
        dropout: share of pooled features dropped in training.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = SIZES["small"].widths,
        *,
        depth: int = 2,
        votes: int = 10,
        classes: int = 7,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        blocks, inputs = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(depth):
                blocks.append(ResidualBlock(inputs, width, 2 if stage and not block else 1))
                inputs = width
        self.trunk = nn.Sequential(*blocks)
        self.drop = nn.Dropout(dropout)
        self.votes = nn.Linear(inputs, votes)
        self.fer2013 = nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, crops: Tensor) -> Outputs:
        """Read crops (N, 1, S, S), float, grey 0..255."""
        features = self.trunk(self.stem((crops - GREY_MEAN) / GREY_STD))
        pooled = self.drop(features.mean((2, 3)))
        return Outputs(self.votes(pooled), self.fer2013(pooled), features)
