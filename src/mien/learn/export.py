"""From a trained network to a model folder: ONNX with half-precision weights, proved equal, and its card.

Weights are stored as float16 and cast back in the graph: half the size, computed in float32 as before.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from mien.errors import ModelError
from mien.files import written_whole
from mien.runtime import OnnxNet, quiet_stderr

OPSET = 18
MOST_DIFFERENCE = 0.01  # of any probability, ONNX with half-precision weights against torch


class _Serving(nn.Module):
    """The network as it is served: probabilities in place of logits."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        out = self.net(crops)
        heads = (out.fer2013,) if out.votes is None else (out.votes, out.fer2013)
        return *(head.softmax(1) for head in heads), out.features


def export_onnx(net: nn.Module, path: Path, *, size: int = 48) -> float:
    """Write `net` as ONNX: crops (N, 1, size, size) float grey 0..255 -> votes, fer2013, features.

    A network without a votes head has no output of that name.

    Returns:
        The largest difference of a probability between the file and torch.

    Raises:
        ModelError: it is above MOST_DIFFERENCE; the file is not kept.
    """
    net = net.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    with written_whole(path) as partial:
        _draw_graph(_Serving(net).eval(), partial, size)
        partial.write_bytes(_halve_weights(onnx.load(partial)).SerializeToString())
        difference = _difference(net, partial, size)
        if not difference <= MOST_DIFFERENCE:  # NaN too
            raise ModelError(f"the exported network differs from the trained one by {difference:.3f}; it is not kept")
    return difference


@torch.no_grad()
def _draw_graph(served: _Serving, path: Path, size: int) -> None:
    crops = torch.zeros(2, 1, size, size)
    names = ["votes", "fer2013", "features"][-len(served(crops)) :]
    with quiet_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # export by tracing is called old; its files keep the names of the modules
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


def _halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store every float32 matrix as float16, with a cast before its use."""
    graph, casts = model.graph, []
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
    onnx.checker.check_model(model)
    return model


@torch.no_grad()
def _difference(net: nn.Module, path: Path, size: int) -> float:
    crops = np.random.default_rng(0).integers(0, 256, (16, 1, size, size)).astype(np.float32)
    crops[8:] = crops[8:].mean((2, 3), keepdims=True) + np.linspace(-60, 60, size, dtype=np.float32)
    expected = _Serving(net)(torch.from_numpy(crops))[:-1]
    gaps = [said - head.numpy() for said, head in zip(OnnxNet(path)(crops), expected, strict=False)]
    return float(np.abs(np.concatenate(gaps, 1)).max())
