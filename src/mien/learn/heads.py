"""The linear heads of an ONNX file, written into its metadata, where they can be read without onnx or torch.

The metadata change no answer. Try: `with_head_weights(Path("mine/model.onnx"))`, then renew sha256 in the card.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from mien.errors import ModelError
from mien.expression.heat import Head
from mien.files import written_whole
from mien.images import one_line

HEADS = ("votes", "fer2013")
POOLING = ("ReduceMean", "GlobalAveragePool", "Flatten", "Squeeze", "Identity", "QuantizeLinear", "DequantizeLinear")


def constants(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """What no input changes, by name: the weights, cast or scaled back to float32 where they are stored smaller."""
    known = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in ("Cast", "DequantizeLinear", "Identity") and known.keys() >= set(node.input):
            feeds = {name: known[name] for name in node.input}
            computed: Any = ReferenceEvaluator(node).run(None, feeds)
            known[node.output[0]] = np.asarray(computed[0])
    return known


def name_heads(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write the heads that lie on the pooled `features` into the model's metadata; returns the model, changed.

    A baseline's head, with dense layers before it, is left out: it has no class activation map.
    """
    known = constants(model)
    makers = {name: node for node in model.graph.node for name in node.output}
    found: dict[str, str] = {}
    for name in HEADS:
        dense = _dense_before(name, makers)
        if dense is not None and _is_pooled(dense.input[0], makers):
            weight = known[dense.input[1]].astype(np.float32)
            is_turned = any(one.name == "transB" and one.i for one in dense.attribute)
            bias = known[dense.input[2]].astype(np.float32) if len(dense.input) > 2 else np.zeros(0, np.float32)
            weight = weight if is_turned else np.ascontiguousarray(weight.T)
            found |= Head(weight, bias if bias.size else np.zeros(len(weight), np.float32)).to_metadata(name)
    onnx.helper.set_model_props(model, {**{one.key: one.value for one in model.metadata_props}, **found})
    return model


def _dense_before(output: str, makers: dict[str, Any]) -> Any:
    softmax = makers.get(output)
    dense = None if softmax is None or softmax.op_type != "Softmax" else makers.get(softmax.input[0])
    return dense if dense is not None and dense.op_type == "Gemm" else None


def _is_pooled(name: str, makers: dict[str, Any]) -> bool:
    """Whether nothing but a mean stands between `features` and this."""
    ops = []
    while name != "features" and name in makers and makers[name].op_type in POOLING:
        ops.append(makers[name].op_type)
        name = makers[name].input[0]
    return name == "features" and ("ReduceMean" in ops or "GlobalAveragePool" in ops)


def with_head_weights(path: Path) -> None:
    """Add the heads' weights to the metadata of an ONNX file that lacks them; its answers stay as they are.

    The file's sha256 changes: renew it in the card beside it.

    Raises:
        ModelError: the file is no ONNX network.
        SinkError: it cannot be written.
    """
    try:
        model = name_heads(onnx.load(path))
    except Exception as error:  # onnx's errors share no narrower base
        raise ModelError(f"{path} is no ONNX network: {one_line(error)}") from error
    with written_whole(path) as partial:
        partial.write_bytes(model.SerializeToString())
