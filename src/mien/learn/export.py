"""From a trained network to ONNX: in float32, or with weights stored in half precision, proved equal to PyTorch.

Half-precision weights are cast back in the graph: half the size, computed in float32 as before. `quantise.py` rounds
further, to eight bits; `delivery.py` makes whole model folders and compares the precisions.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from mien.errors import ModelError
from mien.files import written_whole
from mien.learn.heads import name_heads
from mien.runtime import OnnxNet, quiet_stderr
from mien.types import FloatArray

OPSET = 18
MOST_DIFFERENCE = {"fp32": 0.001, "fp16": 0.01}  # of any probability, the file against torch
BATCH = 64


class _Serving(nn.Module):
    """The network as it is served: probabilities in place of logits."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        out = self.net(crops)
        heads = (out.fer2013,) if out.votes is None else (out.votes, out.fer2013)
        return *(head.softmax(1) for head in heads), out.features


@dataclass(frozen=True)
class Parity:
    """How a file's answers compare with torch's: gaps of probabilities; the share of crops with the same first label.

    `agreement` is that of the head in which it is lowest.
    """

    largest: float
    mean: float
    agreement: float


def export_onnx(net: nn.Module, path: Path, *, size: int = 48, precision: str = "fp16") -> float:
    """Write `net` as ONNX: crops (N, 1, size, size) float grey 0..255 -> votes, fer2013, features.

    A network without a votes head has no output of that name. The heads' weights stand in the file's metadata too.

    Args:
        net: gives `networks.Outputs`; it is left in evaluation mode.
        path: the file.
        size: side of the crops, px.
        precision: fp32, or fp16 for weights in half precision.

    Returns:
        The largest difference of a probability between the file and torch.

    Raises:
        ModelError: it is above MOST_DIFFERENCE; the file is not kept.
        SinkError: the file cannot be written.
    """
    with written_whole(path) as partial:
        model = draw(net, size)
        model = name_heads(halve_weights(model) if precision == "fp16" else model)
        partial.write_bytes(model.SerializeToString())
        difference = compare(net, partial, made_crops(size)).largest
        if not difference <= MOST_DIFFERENCE[precision]:  # NaN too
            raise ModelError(f"the exported network differs from the trained one by {difference:.3f}; it is not kept")
    return difference


@torch.no_grad()
def draw(net: nn.Module, size: int) -> onnx.ModelProto:
    """The network's graph, in float32, batch norms folded into the convolutions before them."""
    net = net.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    served, crops = _Serving(net).eval(), torch.zeros(2, 1, size, size)
    names = ["votes", "fer2013", "features"][-len(served(crops)) :]
    with tempfile.TemporaryDirectory() as folder, quiet_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # export by tracing is called old; its files keep the names of the modules
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            served,
            (crops,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["crops"],
            output_names=names,
            dynamic_axes={name: {0: "n"} for name in ["crops", *names]},
        )
        return onnx.load(path)


def halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with every float32 matrix stored as float16, and a cast before its use."""
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    graph, casts = halved.graph, []
    for index, tensor in enumerate(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        name = tensor.name
        with np.errstate(over="ignore"):  # a weight that does not fit shows in the comparison
            half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        graph.initializer[index].CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(halved)
    return halved


def made_crops(size: int) -> FloatArray:
    """Crops to compare on where there are no faces: eight of noise, eight of soft light, (16, 1, size, size)."""
    crops = np.random.default_rng(0).integers(0, 256, (16, 1, size, size)).astype(np.float32)
    crops[8:] = crops[8:].mean((2, 3), keepdims=True) + np.linspace(-60, 60, size, dtype=np.float32)
    return crops


@torch.no_grad()
def compare(net: nn.Module, path: Path, crops: FloatArray) -> Parity:
    """Ask the file and the network the same, of crops (N, 1, S, S) float; NaN in either makes the gaps NaN."""
    served, gaps, same = OnnxNet(path), [], []
    for start in range(0, len(crops), BATCH):
        part = crops[start : start + BATCH]
        expected = [head.numpy() for head in _Serving(net)(torch.from_numpy(part))[:-1]]
        said = served(part)[: len(expected)]
        gaps.append(np.abs(np.concatenate(said, 1) - np.concatenate(expected, 1)))
        same.append([one.argmax(1) == two.argmax(1) for one, two in zip(said, expected, strict=True)])
    gap = np.concatenate(gaps)
    return Parity(float(gap.max()), float(gap.mean()), float(np.concatenate(same, 1).mean(1).min()))
