"""Eight bits: weights on the grid that the textbook gives, what stays in floats, and answers that stay close."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from small_models import copy_of_default
from torch import nn

from mien import models
from mien.errors import ModelError
from mien.learn import baselines, export, quantise, restore
from mien.learn.export import Parity
from mien.learn.networks import ExpressionNet
from mien.runtime import OnnxNet

STEPS = 64  # of seven bits, on each side of zero


def crops(count: int, size: int = 48) -> np.ndarray:
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 256, (count, 1, size // 4, size // 4)).astype(np.float32)
    return coarse.repeat(4, 2).repeat(4, 3)


@pytest.fixture(scope="module")
def tiny() -> ExpressionNet:
    torch.manual_seed(0)
    net = ExpressionNet((4, 6), depth=1)
    with torch.no_grad():
        for _ in range(3):
            net.train()(torch.rand(16, 1, 48, 48) * 255)
    return net.eval()


@pytest.fixture(scope="module")
def rounded(tiny: ExpressionNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8") / "model"
    copy_of_default(folder)
    (folder / "model.onnx").write_bytes(quantise.quantise(export.draw(tiny, 48), crops(32)).SerializeToString())
    return copy_card(folder)


def copy_card(folder: Path) -> Path:
    network = (folder / "model.onnx").read_bytes()
    copy_of_default(folder, sha256=models.sha256_of(folder / "model.onnx"))
    (folder / "model.onnx").write_bytes(network)
    return folder


def folded_weights(net: ExpressionNet) -> dict[str, np.ndarray]:
    """Each convolution's weights times what its norm multiplies its channels by."""
    pairs = [("stem.0", net.stem[0], net.stem[1])]
    for index, block in enumerate(net.trunk):
        pairs += [
            (f"trunk.{index}.conv1", block.conv1, block.norm1),
            (f"trunk.{index}.conv2", block.conv2, block.norm2),
        ]
        if isinstance(block.shortcut, nn.Sequential):
            pairs.append((f"trunk.{index}.shortcut.1", block.shortcut[1], block.shortcut[2]))
    return {
        name: (conv.weight * (norm.weight / (norm.running_var + norm.eps).sqrt())[:, None, None, None]).detach().numpy()
        for name, conv, norm in pairs
    }


def test_every_channel_is_rounded_to_its_own_grid(tiny: ExpressionNet, rounded: Path) -> None:
    layers = dict(restore.load_network(rounded).named_modules())
    for name, exact in folded_weights(tiny).items():
        stored = layers[name].weight.detach().numpy()
        step = np.abs(exact).max((1, 2, 3), keepdims=True) / STEPS
        assert np.abs(stored - exact).max() > 0
        assert (np.abs(stored - exact) <= 0.52 * step * STEPS / (STEPS - 1)).all(), name  # half a step, and rounding


def test_squeezing_and_heads_stay_in_floats(rounded: Path) -> None:
    graph = onnx.load(rounded / "model.onnx").graph
    made_by = {output: node for node in graph.node for output in node.output}
    kinds = {"Conv": set(), "Gemm": set()}
    for node in graph.node:
        if node.op_type in kinds:
            kinds[node.op_type].add(made_by[node.input[1]].op_type)
    assert kinds == {"Conv": {"DequantizeLinear"}, "Gemm": {"Cast"}}  # a cast from half precision


def test_the_outputs_are_as_before_and_close(tiny: ExpressionNet, rounded: Path) -> None:
    served = OnnxNet(rounded / "model.onnx")
    assert served.output_names == ["votes", "fer2013", "features"]
    votes, classes, features = served(crops(8))
    assert {one.dtype for one in (votes, classes, features)} == {np.dtype(np.float32)}
    assert votes.sum(1) == pytest.approx(1, abs=1e-5) and classes.sum(1) == pytest.approx(1, abs=1e-5)
    parity = export.compare(tiny, rounded / "model.onnx", crops(8))
    assert 0 < parity.mean < quantise.MOST_MEAN_DIFFERENCE


def test_large_dense_layers_are_rounded_too() -> None:
    torch.manual_seed(0)
    net = baselines.model4(24)
    model = quantise.quantise(export.draw(net, 24), crops(8, 24))
    largest = max(np.prod(one.dims) for one in model.graph.initializer if one.data_type != onnx.TensorProto.INT8)
    assert largest < quantise.LARGE
    small = sum(len(one.raw_data) for one in model.graph.initializer)
    assert small < 1.1 * sum(one.numel() for one in net.parameters())


@pytest.mark.parametrize(
    ("parity", "words"),
    [
        (Parity(0.3, 0.001, 0.99), ""),
        (Parity(0.3, 0.02, 0.99), "by 0.020 on average"),
        (Parity(0.3, 0.001, 0.9), "on 90% of the faces"),
        (Parity(float("nan"), float("nan"), 1.0), "nan"),
    ],
)
def test_what_is_too_far_is_refused(parity: Parity, words: str) -> None:
    said = quantise.refusal(parity)
    assert words in said and bool(said) == bool(words)


def test_what_cannot_be_quantised_is_one_line(tiny: ExpressionNet) -> None:
    with pytest.raises(ModelError, match="cannot be quantised") as error:
        quantise.quantise(export.draw(tiny, 48), np.zeros((2, 3, 48, 48), np.float32))
    assert len(str(error.value).splitlines()) == 1
