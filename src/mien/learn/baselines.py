"""The networks that the project grew from, as baselines: convolutions, dense layers, FER2013's classes alone.

Known of them are the kinds, numbers and sizes of their layers, and that the third dropped out everywhere. What was
filled in: `shawon` as its Kaggle notebook has it (ELU, then batch norm after each layer; shares dropped); for `model4`
and `final` that convolutions keep the side, ReLU, max-pooling after each group, and the shares dropped. They were made
for 48 px; here the first dense layer follows the side. Grey 0..255 in, as for our own network.
"""

from __future__ import annotations

from torch import Tensor, nn

from mien.learn.networks import GREY_MEAN, GREY_STD, Outputs

KERNELS = (2, 5, 4)  # of the three convolutions of a group of `model4` and `final`
CLASSES = 7


class Baseline(nn.Module):
    """Convolutions to a feature map, dense layers to the logits of one head; `Outputs.votes` is None."""

    def __init__(self, trunk: nn.Sequential, dense: nn.Sequential, last: int) -> None:
        super().__init__()
        self.trunk, self.dense = trunk, dense
        self.fer2013 = nn.Linear(last, CLASSES)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):  # without norms, PyTorch's own scale fades layer by layer
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.fer2013.weight, std=0.01)

    def forward(self, crops: Tensor) -> Outputs:
        """Read crops (N, 1, S, S), float, grey 0..255; S is the side that the network was built for."""
        features = self.trunk((crops - GREY_MEAN) / GREY_STD)
        return Outputs(None, self.fer2013(self.dense(features.flatten(1))), features)


def shawon(side: int = 48) -> Baseline:
    """The Kaggle CNN: 64-64 of 5 x 5, 128-128 and 256-256 of 3 x 3, dense 128."""
    layers: list[nn.Module] = []
    inputs = 1
    for width, kernel, share in ((64, 5, 0.4), (128, 3, 0.4), (256, 3, 0.5)):
        for _ in range(2):
            layers += [_same(inputs, width, kernel), nn.ELU(), nn.BatchNorm2d(width)]
            inputs = width
        layers += [nn.MaxPool2d(2), nn.Dropout(share)]
    dense = nn.Sequential(nn.Linear(inputs * (side // 8) ** 2, 128), nn.ELU(), nn.BatchNorm1d(128), nn.Dropout(0.6))
    return Baseline(nn.Sequential(*layers), dense, 128)


def model4(side: int = 48) -> Baseline:
    """64-64-64 | 128-128-128 of 2 x 2, 5 x 5 and 4 x 4, dense 250-64."""
    return _grouped(side, (64, 128), (250, 64))


def final(side: int = 48) -> Baseline:
    """256-256-256 | 512-512-512 of 2 x 2, 5 x 5 and 4 x 4, dropout everywhere, dense 750-750-750-250-64."""
    return _grouped(side, (256, 512), (750, 750, 750, 250, 64), dropped=(0.1, 0.3))


def final_quarter(side: int = 48) -> Baseline:
    """`final` with a quarter of the channels and of the dense units."""
    return _grouped(side, (64, 128), (188, 188, 188, 62, 16), dropped=(0.1, 0.3))


def _grouped(
    side: int, widths: tuple[int, ...], dense: tuple[int, ...], *, dropped: tuple[float, float] | None = None
) -> Baseline:
    """Groups of three convolutions, each halved, then dense layers; `dropped`: shares after the two kinds."""
    layers: list[nn.Module] = []
    inputs = 1
    for width in widths:
        for kernel in KERNELS:
            layers += [_same(inputs, width, kernel), nn.ReLU(), *_drop(dropped and dropped[0])]
            inputs = width
        layers.append(nn.MaxPool2d(2))
    heads: list[nn.Module] = []
    inputs *= (side // 2 ** len(widths)) ** 2
    for units in dense:
        heads += [nn.Linear(inputs, units), nn.ReLU(), *_drop(dropped and dropped[1])]
        inputs = units
    return Baseline(nn.Sequential(*layers), nn.Sequential(*heads), inputs)


def _drop(share: float | None) -> list[nn.Module]:
    return [nn.Dropout(share)] if share else []


def _same(inputs: int, outputs: int, kernel: int) -> nn.Module:
    """A convolution that keeps the side; an even kernel looks one pixel further to the right and down, as in Keras."""
    if kernel % 2:
        return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    before = (kernel - 1) // 2
    after = kernel - 1 - before
    return nn.Sequential(nn.ZeroPad2d((before, after, before, after)), nn.Conv2d(inputs, outputs, kernel))
