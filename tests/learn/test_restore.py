"""Back from a model folder to PyTorch: the same answers as the file, whatever its precision; norms that train again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from small_models import copy_of_default
from torch import nn

from mien import models
from mien.errors import ModelError
from mien.learn import export, registry, restore
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.models import DEFAULT_MODEL
from mien.runtime import OnnxNet


def random_crops(count: int, size: int = 48, seed: int = 3) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    crops = rng.integers(0, 256, (count, 1, size, size)).astype(np.float32)
    crops[::2] = crops[::2].mean((2, 3), keepdims=True) + np.linspace(-90, 90, size, dtype=np.float32)
    return torch.from_numpy(crops)


def folder_of(net: nn.Module, folder: Path, size: int = 48) -> Path:
    copy_of_default(folder)
    export.export_onnx(net, folder / "model.onnx", size=size)
    sha256 = models.sha256_of(folder / "model.onnx")
    return rewrite(folder, sha256=sha256, input_size=size)


def rewrite(folder: Path, **entries: object) -> Path:
    card = {**json.loads((folder / "card.json").read_text()), **entries}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@torch.no_grad()
def check_same(net: nn.Module, folder: Path, size: int = 48) -> None:
    crops = random_crops(12, size)
    out, served = net(crops), OnnxNet(folder / "model.onnx")
    classes, features = served(crops.numpy(), "fer2013", "features")
    assert (out.votes is not None) == ("votes" in served.output_names)
    if out.votes is not None:
        assert out.votes.softmax(1).numpy() == pytest.approx(served(crops.numpy(), "votes")[0], abs=1e-4)
    assert out.fer2013.softmax(1).numpy() == pytest.approx(classes, abs=1e-4)
    assert out.features.numpy() == pytest.approx(features, abs=1e-4 * max(1.0, float(np.abs(features).max())))


def test_the_embedded_model_answers_as_its_file_does() -> None:
    net = restore.load_network(DEFAULT_MODEL)
    assert not net.training
    check_same(net, DEFAULT_MODEL)
    assert sum(one.numel() for one in net.parameters()) == models.load_card().training["parameters"]


@pytest.mark.parametrize(
    ("widths", "depth", "size"), [((4, 4, 8, 8), 2, 48), ((4, 6, 8), 1, 48), ((5, 5, 5, 5, 5), 3, 32), ((8,), 2, 24)]
)
def test_other_widths_and_depths(tmp_path: Path, widths: tuple[int, ...], depth: int, size: int) -> None:
    torch.manual_seed(1)
    net = ExpressionNet(widths, depth=depth)
    folder = folder_of(net, tmp_path / "model", size)
    again = restore.load_network(folder)
    assert {name: one.shape for name, one in again.state_dict().items()} == {
        name: one.shape for name, one in net.state_dict().items()
    }
    check_same(again, folder, size)


@pytest.mark.parametrize(("name", "side"), [("shawon", 24), ("model4", 20), ("final/4", 16)])
def test_baselines_come_back_by_their_shapes(tmp_path: Path, name: str, side: int) -> None:
    torch.manual_seed(2)
    net = registry.build(TrainOptions(network=name, input=side)).train()
    with torch.no_grad():
        net(random_crops(8, side))  # the norms have seen something
    folder = folder_of(net, tmp_path / "model", side)
    rewrite(folder, votes=[], confidence={}, covered={})
    again = restore.load_network(folder)
    assert again.state_dict().keys() == net.state_dict().keys()
    check_same(again, folder, side)


def test_what_was_restored_is_exported_to_the_same_answers(net: ExpressionNet, tmp_path: Path) -> None:
    first = folder_of(net, tmp_path / "first")
    second = folder_of(restore.load_network(first), tmp_path / "second")
    check_same(restore.load_network(second), first)


def test_gradients_reach_the_crop(net: ExpressionNet, tmp_path: Path) -> None:
    restored = restore.load_network(folder_of(net, tmp_path / "model"))
    crops = random_crops(2).requires_grad_()
    restored(crops).votes.sum().backward()
    assert crops.grad is not None and crops.grad.abs().sum() > 0


@torch.no_grad()
def test_settled_norms_leave_the_function_and_know_their_input(net: ExpressionNet, tmp_path: Path) -> None:
    restored = restore.load_network(folder_of(net, tmp_path / "model"))
    crops, others = random_crops(150), random_crops(9, seed=8)
    before = restored(others)
    restore.settle_norms(restored, crops)
    for mine, theirs in zip(restored(others), before, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4 * max(1, float(theirs.abs().max())))
    stem = restored.stem[0]((crops - 130.0) / 65.0)  # the oracle: the first norm's input, computed by hand
    assert restored.stem[1].running_mean.numpy() == pytest.approx(stem.mean((0, 2, 3)).numpy(), abs=1e-4)
    assert restored.stem[1].running_var.numpy() == pytest.approx(stem.var((0, 2, 3)).numpy(), rel=1e-3, abs=1e-6)


@torch.no_grad()
def test_a_settled_network_can_be_trained_on(net: ExpressionNet, tmp_path: Path) -> None:
    # In training mode a norm uses the batch's own statistics; settled ones have just these, so the answers stay.
    restored = restore.load_network(folder_of(net, tmp_path / "model"))
    crops = random_crops(64)
    restored.drop.p = 0.0
    restore.settle_norms(restored, crops)
    calm = restored(crops)
    trained = restored.train()(crops)
    assert trained.votes.softmax(1) == pytest.approx(calm.votes.softmax(1), abs=1e-2)


@torch.no_grad()
def test_norms_that_are_none_yet_are_settled_too(net: ExpressionNet) -> None:
    crops = random_crops(20)
    before = net(crops).votes
    restore.settle_norms(net, random_crops(20, seed=4))
    assert net(crops).votes == pytest.approx(before, abs=1e-4)


def test_no_model_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no model folder"):
        restore.load_network(tmp_path)


def test_a_network_that_is_another(net: ExpressionNet, tmp_path: Path) -> None:
    folder = folder_of(net, tmp_path / "model")
    model = onnx.load(folder / "model.onnx")
    for node in model.graph.node:
        node.name = node.name.replace("trunk", "body")
    onnx.save(model, folder / "model.onnx")
    rewrite(folder, sha256=models.sha256_of(folder / "model.onnx"))
    with pytest.raises(ModelError, match="is no network that Mien exported") as error:
        restore.load_network(folder)
    assert len(str(error.value).splitlines()) == 1
