"""Export: the file answers as torch does, in single and in half precision; a spoiled network leaves no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from mien.errors import ModelError, SinkError
from mien.learn import baselines, export
from mien.learn.networks import ExpressionNet
from mien.runtime import OnnxNet


def random_crops(count: int, size: int = 48) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 1, size, size)).astype(np.float32)


@torch.no_grad()
def by_torch(net: ExpressionNet, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    out = net.eval()(torch.from_numpy(crops))
    return out.votes.softmax(1).numpy(), out.fer2013.softmax(1).numpy(), out.features.numpy()


def test_the_file_answers_as_torch_does(net: ExpressionNet, tmp_path: Path) -> None:
    difference = export.export_onnx(net, tmp_path / "model.onnx")
    assert 0 <= difference < export.MOST_DIFFERENCE["fp16"]
    served = OnnxNet(tmp_path / "model.onnx")
    assert served.output_names == ["votes", "fer2013", "features"]
    crops = random_crops(20)
    for mine, theirs in zip(served(crops), by_torch(net, crops), strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < 0.01 * max(1.0, np.abs(theirs).max())
    assert [one.name for one in tmp_path.iterdir()] == ["model.onnx"]


def test_any_number_of_crops_and_the_size_asked_for(net: ExpressionNet, tmp_path: Path) -> None:
    export.export_onnx(net, tmp_path / "model.onnx", size=64)
    served = OnnxNet(tmp_path / "model.onnx")
    for count in (1, 3, 7):
        crops = random_crops(count, 64)
        assert served(crops, "votes")[0] == pytest.approx(by_torch(net, crops)[0], abs=0.01)


def test_matrices_are_stored_in_half_and_the_rest_is_not(net: ExpressionNet, tmp_path: Path) -> None:
    export.export_onnx(net, tmp_path / "model.onnx")
    weights = onnx.load(tmp_path / "model.onnx").graph.initializer
    matrices = [one for one in weights if len(one.dims) > 1]
    assert len(matrices) > 10
    assert {one.data_type for one in matrices} == {TensorProto.FLOAT16}
    assert TensorProto.FLOAT16 not in {one.data_type for one in weights if len(one.dims) < 2}


def test_in_full_precision_nothing_is_rounded(net: ExpressionNet, tmp_path: Path) -> None:
    assert export.export_onnx(net, tmp_path / "model.onnx", precision="fp32") < 1e-5
    weights = onnx.load(tmp_path / "model.onnx").graph.initializer
    assert TensorProto.FLOAT16 not in {one.data_type for one in weights}
    crops = random_crops(5)
    assert OnnxNet(tmp_path / "model.onnx")(crops, "votes")[0] == pytest.approx(by_torch(net, crops)[0], abs=1e-5)


def test_a_network_without_votes_has_no_such_output(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = baselines.model4(16).eval()
    assert export.export_onnx(net, tmp_path / "model.onnx", size=16) < export.MOST_DIFFERENCE["fp16"]
    served = OnnxNet(tmp_path / "model.onnx")
    assert served.output_names == ["fer2013", "features"]
    crops = random_crops(3, 16)
    with torch.no_grad():
        expected = net(torch.from_numpy(crops))
    assert served(crops, "fer2013")[0] == pytest.approx(expected.fer2013.softmax(1).numpy(), abs=1e-3)


def test_comparing_counts_gaps_and_agreement(net: ExpressionNet, tmp_path: Path) -> None:
    export.export_onnx(net, tmp_path / "model.onnx", precision="fp32")
    with torch.no_grad():  # a network that prefers another class everywhere
        net.fer2013.bias[3] += 100
    found = export.compare(net, tmp_path / "model.onnx", random_crops(70))
    classes = OnnxNet(tmp_path / "model.onnx")(random_crops(70), "fer2013")[0]
    gaps = np.abs(classes - np.eye(7)[3])
    assert found.largest == pytest.approx(gaps.max(), abs=1e-4)
    assert found.mean == pytest.approx(gaps.sum() / (70 * 17), abs=1e-4)  # the ten votes are the same
    assert found.agreement == pytest.approx((classes.argmax(1) == 3).mean())


def test_a_full_precision_copy_differs_by_rounding_alone(net: ExpressionNet, tmp_path: Path) -> None:
    # Weights that are halves to begin with are exported without loss.
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(parameter.half().float())
    assert export.export_onnx(net, tmp_path / "model.onnx") < 1e-3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_a_spoiled_network_is_refused_and_leaves_no_file(net: ExpressionNet, tmp_path: Path, value: float) -> None:
    with torch.no_grad():  # 1e6 does not fit into half precision
        net.votes.weight[0, 0] = value
    with pytest.raises(ModelError, match="the exported network differs from the trained one"):
        export.export_onnx(net, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_refused_network_leaves_the_older_file(
    net: ExpressionNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"older")
    monkeypatch.setitem(export.MOST_DIFFERENCE, "fp16", -1.0)
    with pytest.raises(ModelError, match="it is not kept"):
        export.export_onnx(net, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == b"older"


def test_a_folder_that_is_not_there(net: ExpressionNet, tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="its folder is not there"):
        export.export_onnx(net, tmp_path / "none" / "model.onnx")


@torch.no_grad()
def test_the_feature_map_adds_up_to_the_logits(net: ExpressionNet) -> None:
    # Pooling and a linear head commute, so a class activation map is one einsum.
    out = net(torch.from_numpy(random_crops(4)))
    for head, logits in ((net.votes, out.votes), (net.fer2013, out.fer2013)):
        maps = torch.einsum("nchw,kc->nkhw", out.features, head.weight)
        assert maps.mean((2, 3)) + head.bias == pytest.approx(logits, abs=1e-4)
