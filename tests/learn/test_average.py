"""The mean of networks: by hand, with itself, and from folder to folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces, write_csv
from torch import nn

from mien.data import align
from mien.errors import DataError, UsageError
from mien.learn import average, checkpoint, registry, run
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.learn.run import Job
from mien.models import ModelCard, load_card
from mien.runtime import OnnxNet

WIDTHS = (4, 4, 8)
OPTIONS = TrainOptions(epochs=1, batch=8, input=24, widths=WIDTHS, threads=1, average=0.5)
FACES = drawn_faces(40, splits=("Training", "Training", "PublicTest"))


def crops(count: int = 128, size: int = 24) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size), np.uint8)


def nets(count: int) -> list[nn.Module]:
    torch.manual_seed(4)
    return [ExpressionNet(WIDTHS) for _ in range(count)]


def test_each_weight_is_the_mean_of_its_like() -> None:
    states = [net.state_dict() for net in nets(3)]
    mean = average.mean(states, [Path("a"), Path("b"), Path("c")])
    assert mean.keys() == states[0].keys()
    for name, value in mean.items():
        parts = [state[name].double().numpy() for state in states]
        np.testing.assert_allclose(value.numpy(), sum(parts) / 3, atol=1e-6)
    again = average.mean(states[:1] * 2, [Path("a"), Path("a")])
    assert all(torch.equal(again[name], value) for name, value in states[0].items())


def test_a_network_of_another_shape_is_named() -> None:
    other = ExpressionNet((4, 8, 8)).state_dict()
    with pytest.raises(DataError, match=r"there is a network of another shape than here"):
        average.mean([nets(1)[0].state_dict(), other], [Path("here"), Path("there")])


def test_the_norms_know_what_they_meet() -> None:
    (net,) = nets(1)
    seen = crops()
    met: list[torch.Tensor] = []
    assert isinstance(net, ExpressionNet)
    average.settle(net, seen)
    assert not net.training
    hook = net.stem[1].register_forward_pre_hook(lambda _, inputs: met.append(inputs[0]))
    with torch.no_grad():
        net(torch.from_numpy(seen).float()[:, None])
    hook.remove()
    np.testing.assert_allclose(net.stem[1].running_mean, met[0].mean((0, 2, 3)), rtol=1e-3, atol=1e-3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path], tuple[Path, Path]]:
    """A run of one epoch and one that began from it, and their two CSV files."""
    folder = tmp_path_factory.mktemp("runs")
    data, votes = write_csv(folder, FACES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(align, "find_keypoints", lambda net, pixels, progress: np.full((len(pixels), 6, 2), np.nan))
        run.train(Job(data, votes, folder / "one"), OPTIONS)
        run.train(Job(data, votes, folder / "two", start=folder / "one"), OPTIONS)
    return folder, [folder / "one", folder / "two"], (data, votes)


def averaged(runs: tuple[Path, list[Path], tuple[Path, Path]], places: list[Path], out: Path) -> ModelCard:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(align, "find_keypoints", lambda net, pixels, progress: np.full((len(pixels), 6, 2), np.nan))
        return average.average(places, *runs[2], out)


def test_two_runs_become_a_model_folder(runs: tuple[Path, list[Path], tuple[Path, Path]], tmp_path: Path) -> None:
    _, places, _ = runs
    card = averaged(runs, places, tmp_path / "mean")
    assert load_card(tmp_path / "mean").sha256 == card.sha256
    assert card.training["mean_of"] == [str(place) for place in places] and "checkpoint_epoch" not in card.training
    assert set(card.scores["heads"]) == {"votes", "fer2013"}
    weights = [registry.network_of(checkpoint.load(place / "best.pt")).state_dict() for place in places]
    kept = checkpoint.load(tmp_path / "mean" / "best.pt")["average"]
    name = "stem.0.weight"
    assert torch.allclose(kept[name], (weights[0][name] + weights[1][name]) / 2)
    served = OnnxNet(tmp_path / "mean" / "model.onnx")(crops(5)[:, None].astype(np.float32), "votes")
    assert np.allclose(np.asarray(served[0]).sum(-1), 1, atol=1e-4)


def test_a_checkpoint_and_a_model_folder_have_a_mean_too(
    runs: tuple[Path, list[Path], tuple[Path, Path]], tmp_path: Path
) -> None:
    _, (one, two), _ = runs
    exported = tmp_path / "exported"
    exported.mkdir()
    for name in ("model.onnx", "card.json"):
        (exported / name).write_bytes((two / name).read_bytes())
    card = averaged(runs, [exported, one / "last.pt"], tmp_path / "mean")
    assert card.training["mean_of"] == [str(exported), str(one / "last.pt")]


def test_what_has_no_mean_is_told_before_any_work(
    runs: tuple[Path, list[Path], tuple[Path, Path]], tmp_path: Path
) -> None:
    folder, (one, two), files = runs
    with pytest.raises(UsageError, match="two or more"):
        average.average([one], *files, tmp_path / "mean")
    with pytest.raises(DataError, match="holds a model already"):
        average.average([one, two], *files, two)
    with pytest.raises(DataError, match="there is no such file"):
        average.average([one, folder / "no.pt"], *files, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
