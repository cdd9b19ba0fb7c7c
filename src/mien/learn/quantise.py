"""Eight bits: the weights and what flows between the layers, on a scale found on faces (static quantisation).

The convolutions and the large dense layers compute in integers; squeeze-excitation and the heads, which are small,
stay in floats, so votes, classes and features come out as before. Weights get seven of the eight bits: processors
without VNNI add products of bytes in sixteen bits, which eight would overflow. Still, other processors may round in
other places; answers and times were measured on x86-64 alone, with VNNI and without.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from mien.errors import ModelError
from mien.images import one_line
from mien.learn.export import Parity, halve_weights
from mien.types import FloatArray

MOST_MEAN_DIFFERENCE = 0.01  # of a probability, on faces, the int8 file against torch
LEAST_AGREEMENT = 0.95  # share of faces to which both give the same first label, in either head
LARGE = 50_000  # weights from which on a dense layer is worth its two conversions
BATCH = 16


def quantise(model: onnx.ModelProto, crops: FloatArray) -> onnx.ModelProto:
    """Round a float32 model to int8; what stays in floats gets half-precision weights.

    Args:
        model: from `export.draw`.
        crops: (N, 1, S, S) float grey 0..255: faces, whose answers in each layer set its scale.

    Raises:
        ModelError: the network cannot be quantised.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from onnxruntime import quantization

    with tempfile.TemporaryDirectory() as folder, _quiet_logging():
        plain, rounded = Path(folder) / "plain.onnx", Path(folder) / "rounded.onnx"
        onnx.save(model, plain)
        try:
            quantization.quantize_static(
                plain,
                rounded,
                _reader_of(crops, quantization.CalibrationDataReader),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=["Conv", "Gemm"],
                nodes_to_exclude=_small_layers(model),
            )
        except Exception as error:  # its errors share no narrower base
            raise ModelError(f"the network cannot be quantised: {one_line(error)}") from error
        return halve_weights(onnx.load(rounded))


def refusal(parity: Parity) -> str:
    """Why an int8 file may not be used: it is too far from its network, on faces. Empty where it may."""
    if parity.mean <= MOST_MEAN_DIFFERENCE and parity.agreement >= LEAST_AGREEMENT:  # false for NaN
        return ""
    return (f"in int8 the network answers too differently: by {parity.mean:.3f} on average, with the same first label "
            f"on {parity.agreement:.0%} of the faces")  # fmt: skip


def _small_layers(model: onnx.ModelProto) -> list[str]:
    """Names of the dense layers that stay in floats: the small ones, and whichever gives the answers."""
    graph = model.graph
    sizes = {one.name: int(np.prod(one.dims)) for one in graph.initializer}
    answers = {node.input[0] for node in graph.node if node.op_type == "Softmax"}
    dense = (node for node in graph.node if node.op_type == "Gemm")
    return [node.name for node in dense if sizes[node.input[1]] < LARGE or node.output[0] in answers]


def _reader_of(crops: FloatArray, base: type[Any]) -> Any:
    parts = iter([crops[start : start + BATCH] for start in range(0, len(crops), BATCH)])

    class Reader(base):  # type: ignore[misc]
        def get_next(self) -> dict[str, FloatArray] | None:
            part = next(parts, None)
            return None if part is None else {"crops": part}

    return Reader()


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """What onnxruntime advises goes through Python's own logger; norms, of which it speaks, are folded already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
