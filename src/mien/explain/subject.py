"""A network opened so that one can look inside: its layers by name, what flows through them, its logits by head.

Any network of this project: a model folder, a run's folder or checkpoint, or a name of the registry, which then has
untrained weights. PyTorch only; gradients flow to the input, never to the weights.
Try: `open_subject("default").layers()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mien import images, models
from mien.data import faceset
from mien.errors import UsageError
from mien.explain.heatmap import label_index
from mien.images import CropGeometry
from mien.learn import checkpoint, registry, restore, start
from mien.learn.options import TrainOptions
from mien.types import FloatArray, ImageArray

DEFAULT = "default"
LOOK_AT_ONCE = 32  # crops in one pass
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


@dataclass(frozen=True, eq=False)
class Subject:
    """A network in evaluation mode.

    `heads` holds the labels of each head in the order of its logits, 'votes' first where it has votes; `input_size`
    is the side of its crops, px, `geometry` how they are cut. `is_trained` is False where the weights are random.
    """

    name: str
    net: nn.Module
    heads: Mapping[str, tuple[str, ...]]
    input_size: int
    geometry: CropGeometry
    is_trained: bool = True

    def layers(self) -> dict[str, nn.Module]:
        """All convolutions and pooling layers by their path ('trunk.0.conv1'), in the order of the network."""
        return {name: one for name, one in self.net.named_modules() if isinstance(one, (nn.Conv2d, *POOLS))}

    @property
    def head(self) -> str:
        """The head whose answer counts: 'votes' where there is one, else 'fer2013'."""
        return next(iter(self.heads))

    def layer(self, name: str) -> nn.Module:
        """The module of that path; UsageError, with the choices, where there is none."""
        known: dict[str, nn.Module] = dict(self.net.named_modules())
        if name not in known or not name:
            raise UsageError(f"{self.name} has no layer {name!r}; there are: {', '.join(self.layers())}")
        return known[name]

    def label_index(self, label: str, head: str) -> int:
        """The place of a label among a head's logits; UsageError, with the choices, where there is none."""
        return label_index(self.name, self.heads, label, head)

    def last_map(self) -> str:
        """The path of the module that gives the last feature map, `Outputs.features`; UsageError if none does."""
        names = [name for name, one in self.net.named_modules() if name and isinstance(one, (nn.Sequential, nn.Conv2d))]
        crop = torch.zeros(1, 1, self.input_size, self.input_size)
        with torch.no_grad(), recording(self, names) as seen:
            features = self.net(crop).features
        found = [name for name in names if seen.get(name) is features]
        if not found:
            raise UsageError(f"{self.name} has no layer that gives its last feature map: name one of its layers")
        return str(found[0])

    def look(self, crops: ImageArray, head: str) -> tuple[FloatArray, FloatArray]:
        """The head's logits (N, L) and the last feature map (N, C, h, w) of crops (N, S, S) uint8."""
        logits, features = [], []
        with torch.no_grad():
            for start in range(0, len(crops), LOOK_AT_ONCE):
                out = self.net(to_input(crops[start : start + LOOK_AT_ONCE]))
                logits.append(getattr(out, head).numpy())
                features.append(out.features.numpy())
        return np.concatenate(logits), np.concatenate(features)

    def head_weights(self, head: str) -> FloatArray | None:
        """The weights (L, C) of a linear head on the pooled features; None where the head is another."""
        dense = getattr(self.net, head, None)
        if not isinstance(dense, nn.Linear):
            return None
        side = self.input_size
        crop = np.random.default_rng(0).integers(0, 256, (1, side, side), dtype=np.uint8)
        logits, features = self.look(crop, head)
        weight, pooled = dense.weight.detach(), torch.from_numpy(features.mean((2, 3)))
        if weight.shape[1] != pooled.shape[1]:
            return None
        is_pooled = torch.allclose(dense(pooled), torch.from_numpy(logits), rtol=1e-3, atol=1e-3)
        return weight.numpy().copy() if is_pooled else None

    def logits(self, crops: Tensor, head: str) -> Tensor:
        """(N, L) for crops (N, 1, S, S), float, grey 0..255; gradients flow to the crops."""
        out: Tensor = getattr(self.net(crops), head)
        return out


def open_subject(place: str | Path = DEFAULT, *, seed: int = 0, size: int = 48) -> Subject:
    """Open a network for explaining.

    Args:
        place: 'default' for the embedded model; a folder with model.onnx and card.json; a run's folder or its `.pt`;
            or a name of `registry.NETWORKS`, whose weights are then drawn by `seed`, for crops of side `size`.

    Raises:
        ModelError, DataError: the folder or checkpoint is missing or broken.
    """
    if str(place) in registry.NETWORKS:
        return _drawn(str(place), seed, size)
    path = models.DEFAULT_MODEL if str(place) == DEFAULT else Path(place)
    if (path / "model.onnx").is_file() or start.checkpoint_in(path) is None:
        card = models.load_card(path)
        heads = {"votes": card.votes, "fer2013": card.fer2013}
        name = DEFAULT if path == models.DEFAULT_MODEL else path.name
        return _subject(name, restore.load_network(path), heads, card.input_size, CropGeometry(**card.crop))
    state = checkpoint.load(path if path.suffix == ".pt" else path / "best.pt")
    heads = {"votes": faceset.VOTE_LABELS, "fer2013": faceset.FER2013_LABELS}
    net, side = registry.network_of(state), int(state["options"]["input"])
    return _subject(path.stem if path.suffix else path.name, net, heads, side, images.DEFAULT_GEOMETRY)


def _drawn(name: str, seed: int, size: int) -> Subject:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = registry.build(TrainOptions(network=name, input=size))
    heads = {"votes": faceset.VOTE_LABELS, "fer2013": faceset.FER2013_LABELS}
    return _subject(name, net, heads, size, images.DEFAULT_GEOMETRY, is_trained=False)


def _subject(
    name: str,
    net: nn.Module,
    heads: Mapping[str, tuple[str, ...]],
    size: int,
    geometry: CropGeometry,
    *,
    is_trained: bool = True,
) -> Subject:
    net = net.eval().requires_grad_(False)
    with torch.no_grad():
        out = net(torch.zeros(1, 1, size, size))
    heads = {head: labels for head, labels in heads.items() if labels and getattr(out, head) is not None}
    return Subject(name, net, heads, size, geometry, is_trained)


def check_crops(subject: Subject, crops: ImageArray) -> ImageArray:
    """The crops (N, S, S) as they are; UsageError where they are none that this network reads."""
    side = subject.input_size
    if crops.dtype != np.uint8 or crops.shape[1:] != (side, side):
        shape = " x ".join(map(str, crops.shape[1:]))
        raise UsageError(f"{subject.name} reads grey crops of {side} x {side} (uint8), not of {shape} ({crops.dtype})")
    return crops


def to_input(crops: ImageArray) -> Tensor:
    """Crops (N, S, S) uint8 as the network takes them: (N, 1, S, S) float, a copy."""
    return torch.from_numpy(np.asarray(crops, np.float32)[:, None].copy())


@contextmanager
def recording(subject: Subject, names: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """In this block each forward pass leaves the outputs of the layers of these paths; its hooks end with it.

    The outputs are not detached, so that gradients can be taken through them.
    """
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            seen[name] = output

        return hook

    with ExitStack() as hooks:  # an unknown name ends those before it too
        for name in names:
            hooks.enter_context(subject.layer(name).register_forward_hook(keep(name)))
        yield seen
