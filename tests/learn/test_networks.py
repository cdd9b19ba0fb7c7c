"""The networks: their sizes, any side of the input, the baselines layer by layer, and the registry of their names."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from mien.errors import DataError, UsageError
from mien.learn import baselines, registry
from mien.learn.networks import SIZES, ExpressionNet
from mien.learn.options import TrainOptions
from mien.learn.registry import NETWORKS, build, network_of, parameter_count

MILLIONS = {"nano": 0.2, "tiny": 1.0, "small": 3.0, "base": 12.0}


def crops(count: int, size: int) -> torch.Tensor:
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(0)) * 255


# --- ours -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_a_size_has_about_the_parameters_that_it_says(size: str) -> None:
    count = parameter_count(build(TrainOptions(size=size)))
    print(f"{size}: {count:,}")
    assert count / 1e6 == pytest.approx(MILLIONS[size], rel=0.12)


def test_the_default_is_the_network_of_today() -> None:
    names = {name: tuple(one.shape) for name, one in build(TrainOptions()).named_parameters()}
    assert parameter_count(build(TrainOptions())) == 2_843_953
    assert names["stem.0.weight"] == (32, 1, 3, 3)
    assert names["trunk.2.shortcut.1.weight"] == (64, 32, 1, 1)
    assert names["trunk.7.attend.up.weight"] == (256, 32)
    assert (names["votes.weight"], names["fer2013.weight"]) == ((10, 256), (7, 256))


def test_widths_and_depth_take_the_place_of_the_size() -> None:
    net = build(TrainOptions(widths=(4, 6, 8), depth=3))
    assert isinstance(net, ExpressionNet) and len(net.trunk) == 9
    assert net.votes.in_features == 8


@pytest.mark.parametrize("size", [24, 33, 36, 40, 47, 48, 50])
def test_any_side_will_do(size: int) -> None:
    net = ExpressionNet((4, 4, 8, 8)).eval()
    out = net(crops(2, size))
    assert out.votes is not None
    assert (out.votes.shape, out.fer2013.shape) == ((2, 10), (2, 7))
    assert out.features.shape[2:] == ((size + 7) // 8,) * 2


def test_the_shortcut_of_an_odd_side_averages_what_is_there() -> None:
    net = ExpressionNet((4, 4), depth=1)
    halve = net.trunk[1].shortcut[0]
    row = halve(torch.tensor([[1.0, 3.0, 8.0]]).expand(1, 1, 3, 3))[0, 0, 1]
    assert row.tolist() == [2.0, 8.0]


def test_even_sides_are_halved_as_before() -> None:
    picture = torch.randn(2, 3, 8, 8)
    halve = ExpressionNet((4, 4), depth=1).trunk[1].shortcut[0]
    assert torch.equal(halve(picture), nn.functional.avg_pool2d(picture, 2))


# --- the baselines ----------------------------------------------------------------------------------------------------


def shape_of(net: nn.Module) -> tuple[list[tuple[int, int]], list[int]]:
    """(channels, kernel) of each convolution and the units of each dense layer, in order."""
    convolutions = [(one.out_channels, one.kernel_size[0]) for one in net.modules() if isinstance(one, nn.Conv2d)]
    return convolutions, [one.out_features for one in net.modules() if isinstance(one, nn.Linear)]


LAYERS: Mapping[str, tuple[list[tuple[int, int]], list[int]]] = {
    "shawon": ([(64, 5)] * 2 + [(128, 3)] * 2 + [(256, 3)] * 2, [128, 7]),
    "model4": ([(width, kernel) for width in (64, 128) for kernel in (2, 5, 4)], [250, 64, 7]),
    "final": ([(width, kernel) for width in (256, 512) for kernel in (2, 5, 4)], [750, 750, 750, 250, 64, 7]),
    "final/4": ([(width, kernel) for width in (64, 128) for kernel in (2, 5, 4)], [188, 188, 188, 62, 16, 7]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_baseline_has_the_layers_that_are_known(name: str) -> None:
    with torch.device("meta"):  # shapes alone: the largest would take 280 MB
        net = build(TrainOptions(network=name))
    assert shape_of(net) == LAYERS[name]
    count = parameter_count(net)
    print(f"{name}: {count:,}")
    assert (count >= 60e6) == (name == "final")


def test_the_kaggle_network_has_as_many_weights_as_keras_counts() -> None:
    # Per layer: kernels, biases, and two a channel for the norms: the trainable ones of its summary.
    counted = 0
    inputs = 1
    for width, kernel in LAYERS["shawon"][0]:
        counted += inputs * width * kernel**2 + width + 2 * width
        inputs = width
    counted += 256 * 36 * 128 + 128 + 2 * 128 + 128 * 7 + 7
    assert parameter_count(baselines.shawon()) == counted


@pytest.mark.parametrize(
    ("name", "side"), [("shawon", 48), ("model4", 48), ("final/4", 48), ("shawon", 36), ("model4", 50)]
)
def test_a_baseline_answers_with_classes_alone(name: str, side: int) -> None:
    torch.manual_seed(0)
    net = build(TrainOptions(network=name, input=side))
    out = net(crops(3, side))
    assert out.votes is None
    assert out.fer2013.shape == (3, 7) and torch.isfinite(out.fer2013).all()
    assert out.features.shape[:2] == (3, LAYERS[name][0][-1][0])
    out.fer2013.square().sum().backward()
    assert all(one.grad is not None for one in net.parameters())


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_convolutions_keep_the_side_as_keras_does(kernel: int) -> None:
    layer = baselines._same(1, 1, kernel)
    convolution = next(one for one in layer.modules() if isinstance(one, nn.Conv2d))
    nn.init.ones_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    picture = torch.arange(36.0).view(1, 1, 6, 6)
    before = (kernel - 1) // 2  # 'same' in TensorFlow: what is left over goes to the end
    with torch.no_grad():
        found = layer(picture)[0, 0]
    wanted = torch.tensor([[picture[0, 0, max(0, y - before) : y - before + kernel,
                                    max(0, x - before) : x - before + kernel].sum() for x in range(6)]
                           for y in range(6)])  # fmt: skip
    assert torch.allclose(found, wanted)


def test_dropout_is_where_it_was() -> None:
    dropped = {name: sum(isinstance(one, nn.Dropout) for one in getattr(baselines, name)().modules())
               for name in ("shawon", "model4", "final_quarter")}  # fmt: skip
    assert dropped == {"shawon": 4, "model4": 0, "final_quarter": 11}


# --- by name ----------------------------------------------------------------------------------------------------------


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="no network 'vgg'; there are: mien, shawon, model4, final, final/4"):
        build(TrainOptions(network="vgg"))
    with pytest.raises(UsageError, match="no size 'huge'; there are: nano, tiny, small, base"):
        build(TrainOptions(size="huge"))
    assert set(NETWORKS) == {"mien", *LAYERS}


def test_a_checkpoint_knows_its_network() -> None:
    for options in (TrainOptions(widths=(4, 6), depth=1), TrainOptions(network="shawon", input=24)):
        net = build(options)
        told = {name: getattr(options, name) for name in ("network", "size", "input", "widths", "depth")}
        again = network_of({"options": told, "average": net.state_dict()})
        assert not again.training
        assert torch.equal(next(again.parameters()), next(net.parameters()))
    with pytest.raises(DataError, match="of no network that is known here"):
        registry.network_of({"options": {"widths": [4]}})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"warm": 0.3, "fall": 0.8}, "together they must be at most 1"),
        ({"window": 64}, "a window of 64 px does not fit into an input of 48 px"),
        ({"network": "shawon", "depth": 3}, "has widths and a depth of its own"),
    ],
)
def test_options_that_make_no_sense(settings: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        TrainOptions(**settings)  # type: ignore[arg-type]
