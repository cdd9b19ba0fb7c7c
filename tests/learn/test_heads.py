"""Heads in the metadata of a file: those of the network, in each precision; and the map is Grad-CAM's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mien.errors import ModelError
from mien.expression.classify import Classifier
from mien.expression.heat import Head, heat
from mien.learn import baselines, export, heads, quantise, restore
from mien.learn.networks import ExpressionNet
from mien.models import DEFAULT_MODEL
from mien.runtime import OnnxNet


def random_crops(count: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 1, 48, 48)).astype(np.float32)


def head_of(path: Path, name: str) -> Head:
    head = Head.from_metadata(name, OnnxNet(path).metadata)
    assert head is not None
    return head


@pytest.mark.parametrize(("precision", "near"), [("fp32", 0.0), ("fp16", 1e-3)])
def test_an_exported_file_brings_its_heads(net: ExpressionNet, tmp_path: Path, precision: str, near: float) -> None:
    export.export_onnx(net, tmp_path / "model.onnx", precision=precision)
    for name, layer in (("votes", net.votes), ("fer2013", net.fer2013)):
        found = head_of(tmp_path / "model.onnx", name)
        assert found.weight == pytest.approx(layer.weight.detach().numpy(), abs=near)
        assert found.bias == pytest.approx(layer.bias.detach().numpy(), abs=near)


def test_a_quantised_file_brings_them_too(net: ExpressionNet, tmp_path: Path) -> None:
    rounded = heads.name_heads(quantise.quantise(export.draw(net, 48), random_crops(16)))
    (tmp_path / "model.onnx").write_bytes(rounded.SerializeToString())
    served = OnnxNet(tmp_path / "model.onnx")
    head = head_of(tmp_path / "model.onnx", "votes")
    votes, features = served(random_crops(4), "votes", "features")
    logits = features.mean((2, 3)) @ head.weight.T + head.bias
    raised = np.exp(logits - logits.max(1, keepdims=True))
    assert raised / raised.sum(1, keepdims=True) == pytest.approx(votes, abs=1e-4)


def test_a_baseline_has_no_map(tmp_path: Path) -> None:
    torch.manual_seed(0)
    export.export_onnx(baselines.model4(16).eval(), tmp_path / "model.onnx", size=16)
    assert OnnxNet(tmp_path / "model.onnx").metadata == {}


def test_an_older_file_is_completed_and_answers_as_before(net: ExpressionNet, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export.export_onnx(net, path)
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    before = OnnxNet(path)(random_crops(5))
    heads.with_head_weights(path)
    assert all(np.array_equal(one, two) for one, two in zip(before, OnnxNet(path)(random_crops(5)), strict=True))
    assert head_of(path, "votes").weight == pytest.approx(net.votes.weight.detach().numpy(), abs=1e-3)
    once = path.read_bytes()
    heads.with_head_weights(path)  # twice is once
    assert path.read_bytes() == once


def test_no_network(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no")
    with pytest.raises(ModelError, match="is no ONNX network"):
        heads.with_head_weights(tmp_path / "model.onnx")


@pytest.mark.parametrize(("label", "against"), [(1, None), (0, None), (3, 1)])
def test_the_map_is_that_of_grad_cam(label: int, against: int | None) -> None:
    """Selvaraju et al. 2017: channels weighed by the mean gradient of the logit, here by torch's autograd."""
    net, classifier = restore.load_network(DEFAULT_MODEL), Classifier()
    crops = random_crops(2).round().astype(np.uint8)[:, 0]
    out = net(torch.from_numpy(crops.astype(np.float32))[:, None])
    logits = out.votes[:, label] - (0 if against is None else out.votes[:, against])
    (slopes,) = torch.autograd.grad(logits.sum(), out.features)
    weighed = (slopes.mean((2, 3), keepdim=True) * out.features).sum(1).detach().numpy()
    for features, expected in zip(classifier(crops).features, weighed, strict=True):
        ours = heat(features, classifier.weights().weight, label, against)
        factor = features.shape[1] * features.shape[2]  # the gradient of a mean is shared among its places
        assert ours == pytest.approx(expected * factor, abs=1e-3 * float(np.abs(ours).max()))
