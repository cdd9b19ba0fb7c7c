"""From a model folder back to PyTorch: the network behind `model.onnx`, to be explained, taught further or exported.

The file's nodes are named by the modules that they were traced from ("/net/trunk/trunk.0/conv1/Conv"), so each
module finds its weights whatever they are called. Exporting folds a batch norm into the convolution before it: that
norm comes back as an identity, and `settle_norms` makes it one that can be trained again.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import models
from mien.errors import ModelError
from mien.images import one_line
from mien.learn import registry
from mien.learn.heads import constants
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.models import ModelCard
from mien.runtime import OnnxNet

Array = NDArray[Any]
MOST_DIFFERENCE = 1e-3  # of any probability, the restored network against its file
NORM = nn.modules.batchnorm._BatchNorm
LAYERS: dict[str, type[Any]] = {"Conv": nn.Conv2d, "Gemm": nn.Linear, "BatchNormalization": NORM}
BATCH = 128


def load_network(folder: Path) -> nn.Module:
    """The network of a model folder, in evaluation mode, on the CPU; it answers as the folder's file does.

    Of an int8 file it has the rounded weights, but does not round what flows between the layers.

    Raises:
        ModelError: the folder is broken, or its network is of no kind that is known here.
    """
    card = models.load_card(folder)
    path = folder / "model.onnx"
    try:
        model = onnx.load(path)
        nodes = _nodes(model)
        net = _build(nodes, constants(model), card).eval()
        _fill(net, nodes, constants(model), card.input_size)
    except Exception as error:  # another network ends anywhere on the way
        raise ModelError(f"{path} is no network that Mien exported: {one_line(error)}") from error
    difference = 0.0 if _is_rounded(model) else _difference(net, path, card.input_size)
    if not difference <= MOST_DIFFERENCE:
        raise ModelError(f"{path} cannot be rebuilt in PyTorch: the answers would differ by {difference:.3f}")
    return net


def _is_rounded(model: onnx.ModelProto) -> bool:
    return any(node.op_type == "QuantizeLinear" for node in model.graph.node)


def _nodes(model: onnx.ModelProto) -> dict[str, Any]:
    """The nodes that have weights, by the path of their module: 'trunk.0.conv1'."""
    return {_module_path(node.name): node for node in model.graph.node if node.op_type in LAYERS}


def _module_path(name: str) -> str:
    """'/net/trunk/trunk.0/conv1/Conv' -> 'trunk.0.conv1': a sequence is named once more before its parts."""
    parts: list[str] = []
    for part in name.strip("/").split("/")[1:-1]:
        if parts and part.startswith(f"{parts[-1]}."):
            parts.pop()
        parts.append(part)
    return ".".join(parts)


def _build(nodes: dict[str, Any], known: dict[str, Array], card: ModelCard) -> nn.Module:
    """A network of the file's shape, its weights still random."""
    if "trunk.0.conv1" in nodes:
        return _build_ours(nodes, known, card)
    for name, build in registry.NETWORKS.items():
        options = TrainOptions(network=name, input=card.input_size)
        with torch.device("meta"):  # shapes alone: the largest baseline would take 280 MB
            shapes = {path: one.weight.shape for path, one in _layers(build(options)).items()}
        if shapes == {path: known[node.input[1]].shape for path, node in nodes.items()}:
            return build(options)
    raise ValueError(f"its layers are those of none of {', '.join(registry.NETWORKS)}")


def _build_ours(nodes: dict[str, Any], known: dict[str, Array], card: ModelCard) -> nn.Module:
    blocks: list[Any] = []
    while (path := f"trunk.{len(blocks)}.conv1") in nodes:
        blocks.append(nodes[path])
    firsts = [one for index, one in enumerate(blocks) if index == 0 or _stride(one) != 1]  # of each stage
    widths = tuple(len(known[one.input[1]]) for one in firsts)
    return ExpressionNet(widths, depth=len(blocks) // len(firsts), votes=len(card.votes), classes=len(card.fer2013))


def _stride(node: Any) -> int:
    return next((int(one.ints[0]) for one in node.attribute if one.name == "strides"), 1)


def _layers(net: nn.Module) -> dict[str, Any]:
    """The modules that have weights, by path."""
    return {path: one for path, one in net.named_modules() if isinstance(one, tuple(LAYERS.values()))}


@torch.no_grad()
def _fill(net: nn.Module, nodes: dict[str, Any], known: dict[str, Array], size: int) -> None:
    """Give every module the weights of its node; a norm without a node was folded into the convolution before it."""
    modules = _layers(net)
    folded = {conv: norm for conv, norm in _norms_after(net, size).items()
              if not any(modules.get(path) is norm for path in nodes)}  # fmt: skip
    expected = {path for path, one in modules.items() if one not in folded.values()}
    if expected != nodes.keys():
        raise ValueError(f"its layers are others: {', '.join(sorted(expected ^ nodes.keys())[:3])}")
    for path, node in nodes.items():
        module = modules[path]
        weights = [torch.from_numpy(known[name].astype(np.float32)) for name in node.input[1:]]
        if module in folded:
            bias = weights.pop() if module.bias is None else torch.zeros(len(weights[0]))
            _make_identity(folded[module], bias)
        for mine, theirs in zip(_weights_of(module), weights, strict=True):
            if mine.shape != theirs.shape:
                raise ValueError(f"{path} has weights of {tuple(theirs.shape)}, not {tuple(mine.shape)}")
            mine.copy_(theirs)


def _weights_of(module: Any) -> list[Tensor]:
    """A layer's weights in the order of its node's inputs."""
    names = ("weight", "bias", "running_mean", "running_var")
    return [weights for name in names if (weights := getattr(module, name, None)) is not None]


def _make_identity(norm: Any, bias: Tensor) -> None:
    norm.running_mean.zero_()
    norm.running_var.fill_(1)
    norm.weight.fill_((1 + norm.eps) ** 0.5)
    norm.bias.copy_(bias)


def _norms_after(net: nn.Module, size: int) -> dict[nn.Module, nn.Module]:
    """Which norm takes a convolution's output just as it is; found by running the network once."""
    outputs: list[tuple[nn.Module, Tensor]] = []
    pairs: dict[nn.Module, nn.Module] = {}

    def match(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        pairs.update({conv: norm for conv, output in outputs if output is inputs[0]})

    convs = (one for one in net.modules() if isinstance(one, nn.Conv2d))
    with ExitStack() as hooks:
        for conv in convs:
            hooks.enter_context(conv.register_forward_hook(lambda one, _, output: outputs.append((one, output))))
        for norm in _norms(net):
            hooks.enter_context(norm.register_forward_pre_hook(match))
        net(torch.zeros(1, 1, size, size))
    return pairs


def _norms(net: nn.Module) -> list[Any]:
    return [one for one in net.modules() if isinstance(one, NORM)]


@torch.no_grad()
def _difference(net: nn.Module, path: Path, size: int) -> float:
    crops = np.random.default_rng(0).integers(0, 256, (4, 1, size, size)).astype(np.float32)
    served = OnnxNet(path)
    out = net(torch.from_numpy(crops))
    heads = [name for name in ("votes", "fer2013") if name in served.output_names]
    said = np.concatenate([getattr(out, head).softmax(1).numpy() for head in heads], 1)
    return float(np.abs(said - np.concatenate(served(crops, *heads), 1)).max())


@torch.no_grad()
def settle_norms(net: nn.Module, crops: Tensor) -> None:
    """Give every batch norm the mean and variance that it meets on `crops`, and weights that leave the function as is.

    A norm that stands as an identity cannot be trained on: in training it would divide by the batch's own spread,
    which is far from 1. Crops (N, 1, S, S) float, grey 0..255; the network is left in evaluation mode.
    """
    moments: dict[nn.Module, list[Tensor]] = {}

    def count(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        flat = inputs[0].double().transpose(0, 1).flatten(1)  # (C, everything else)
        one = torch.stack([torch.full_like(flat[:, 0], flat.shape[1]), flat.sum(1), flat.square().sum(1)])
        moments.setdefault(norm, []).append(one)

    net.eval()
    with ExitStack() as hooks:
        for norm in _norms(net):
            hooks.enter_context(norm.register_forward_pre_hook(count))
        for start in range(0, len(crops), BATCH):
            net(crops[start : start + BATCH])
    for norm, parts in moments.items():
        number, total, squares = torch.stack(parts).sum(0)
        _move(norm, total / number, (squares / number - (total / number).square()).clamp(min=0))


def _move(norm: Any, mean: Tensor, variance: Tensor) -> None:
    """Change a norm's statistics and make up for it in its weight and bias."""
    slope = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    norm.bias.copy_(norm.bias + slope * (mean - norm.running_mean))
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
