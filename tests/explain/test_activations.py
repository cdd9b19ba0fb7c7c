"""Activations against the same layers walked by hand, the faces that excite a filter against looking at each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mien.errors import UsageError
from mien.explain import activations, answers
from mien.explain.subject import Subject, open_subject, recording, to_input
from mien.types import ImageArray


def hooks_of(net: nn.Module) -> int:
    return sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in net.modules())


def by_hand(subject: Subject, crop: ImageArray) -> dict[str, torch.Tensor]:
    """Every convolution and pooling layer of a baseline: one module after the other."""
    x, found = (to_input(crop[None]) - 130.0) / 65.0, {}
    for name, module in subject.net.trunk.named_children():
        for inner, part in (
            module.named_children() or [("", module)] if isinstance(module, nn.Sequential) else [("", module)]
        ):
            x = part(x)
            if isinstance(part, (nn.Conv2d, nn.MaxPool2d)):
                found[".".join(filter(None, ["trunk", name, inner]))] = x[0]
    return found


def ours_by_hand(subject: Subject, crop: ImageArray) -> dict[str, torch.Tensor]:
    """The same for our own network, with its two ways through each block."""
    net, found = subject.net, {}
    x = net.stem[0]((to_input(crop[None]) - 130.0) / 65.0)
    found["stem.0"] = x
    x = F.relu(net.stem[1](x))
    for number, block in enumerate(net.trunk):
        path = f"trunk.{number}"
        y = found[f"{path}.conv1"] = block.conv1(x)
        y = found[f"{path}.conv2"] = block.conv2(F.relu(block.norm1(y)))
        y = block.norm2(y)
        gate = torch.sigmoid(block.attend.up(F.relu(block.attend.down(y.mean((2, 3))))))
        y = y * gate[:, :, None, None]
        if isinstance(block.shortcut, nn.Sequential):
            for place, part in enumerate(block.shortcut):
                x = part(x)
                if not isinstance(part, (nn.BatchNorm2d, nn.Identity)):
                    found[f"{path}.shortcut.{place}"] = x
        x = F.relu(x + y)
    return {name: maps[0] for name, maps in found.items()}


def test_the_means_are_those_of_a_walk_through_the_modules(subject: Subject, crops: ImageArray) -> None:
    means = activations.layer_means(subject, crops[0])
    expected = (ours_by_hand if "votes" in subject.heads else by_hand)(subject, crops[0])
    assert list(means) == list(subject.layers()) and means.keys() == expected.keys()
    for name, mean in means.items():
        np.testing.assert_allclose(mean, expected[name].mean(0).numpy(), rtol=1e-4, atol=1e-5)


def test_the_mean_of_all_filters_is_the_layers_mean(subject: Subject, crops: ImageArray) -> None:
    for name, mean in activations.layer_means(subject, crops[1]).items():
        maps = activations.filters(subject, crops[1], name)
        assert len(maps) > 1
        np.testing.assert_allclose(maps.mean(0), mean, rtol=1e-4, atol=1e-5)


def test_a_block_has_filters_too(ours: Subject, crops: ImageArray) -> None:
    assert activations.filters(ours, crops[0], "trunk.2").shape == (6, 12, 12)
    assert activations.filters(ours, crops[0], "trunk.2").min() >= 0  # it ends in ReLU


def test_the_strongest_have_the_highest_peaks(subject: Subject, crops: ImageArray) -> None:
    layer = list(subject.layers())[-1]
    maps = activations.filters(subject, crops[2], layer)
    best = activations.strongest(subject, crops[2], layer, 3)
    peaks = [float(maps[channel].max()) for channel in best]
    rest = [float(one.max()) for channel, one in enumerate(maps) if channel not in best]
    assert len(set(best.tolist())) == 3 and peaks == sorted(peaks, reverse=True) and min(peaks) >= max(rest)
    assert len(activations.strongest(subject, crops[2], layer, 999)) == len(maps)


def test_exciting_faces_are_those_of_looking_at_each(subject: Subject, crops: ImageArray) -> None:
    layer, channels = list(subject.layers())[3], np.array([3, 1])
    calls: list[tuple[int, int]] = []
    found = activations.exciting_faces(
        subject, crops, layer, channels, count=5, progress=lambda done, total: calls.append((done, total))
    )
    each = np.stack([activations.filters(subject, crop, layer) for crop in crops])
    for row, channel in enumerate(channels):
        peaks = each[:, channel].max((1, 2))
        expected = np.argsort(-peaks, kind="stable")[:5]
        assert found.faces[row].tolist() == expected.tolist()
        np.testing.assert_allclose(found.peaks[row], peaks[expected], rtol=1e-4, atol=1e-5)
        for face, place in zip(expected, found.places[row], strict=True):
            assert each[face, channel][tuple(place)] == pytest.approx(each[face, channel].max(), abs=1e-5)
    assert calls[-1] == (70, 70) and calls == sorted(calls) and len(calls) > 2


def test_what_lies_outside_the_box_does_not_move_the_peak(dense: Subject, crops: ImageArray) -> None:
    layer = "trunk.6.1"  # the third convolution, which sees 9 pixels in each direction
    found = activations.exciting_faces(dense, crops[:8], layer, np.array([0]), count=1)
    x1, y1, x2, y2 = found.boxes[0, 0].astype(int)
    row, column = found.places[0, 0]
    changed = crops[found.faces[0, 0]].copy()
    outside = np.ones_like(changed, bool)
    outside[y1:y2, x1:x2] = False
    changed[outside] = 255 - changed[outside]
    assert outside.any() and x2 - x1 <= 9
    x, y = found.spots[0, 0]
    assert x1 <= x <= x2 and y1 <= y <= y2
    assert activations.filters(dense, changed, layer)[0, row, column] == pytest.approx(found.peaks[0, 0], rel=1e-4)
    changed[y1:y2, x1:x2] = 255 - changed[y1:y2, x1:x2]
    assert activations.filters(dense, changed, layer)[0, row, column] != pytest.approx(found.peaks[0, 0], rel=1e-2)


def test_of_equal_faces_the_first_comes_first_and_few_are_all(subject: Subject, crops: ImageArray) -> None:
    same = np.repeat(crops[:1], 40, 0)
    layer = next(iter(subject.layers()))
    found = activations.exciting_faces(subject, same, layer, np.array([0]), count=3)
    assert sorted(found.faces[0].tolist()) == found.faces[0].tolist()
    assert activations.exciting_faces(subject, same[:2], layer, np.array([0, 1]), count=9).faces.shape == (2, 2)
    assert activations.exciting_faces(subject, same[:2], layer, np.array([], int)).faces.shape[0] == 0


def test_a_layers_heat_lies_where_the_layer_responds(dense: Subject) -> None:
    crop = np.full((24, 24), 130, np.uint8)  # the grey that the network takes off: nothing
    crop[16:20, 4:8] = 255
    heat = activations.layer_heat(dense, crop, "trunk.0.1")
    assert heat.shape == (24, 24) and heat.min() == 0 and heat.max() == 1
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 14 <= row <= 21 and 2 <= column <= 9
    blank = activations.layer_heat(dense, np.full((24, 24), 130, np.uint8), "trunk.0.1")
    assert not blank.any()


def test_hooks_end_and_nothing_is_changed(subject: Subject, crops: ImageArray) -> None:
    before, weights = crops.copy(), [one.clone() for one in subject.net.state_dict().values()]
    layer = list(subject.layers())[-1]
    activations.layer_means(subject, crops[0])
    activations.filters(subject, crops[0], layer)
    activations.layer_heat(subject, crops[0], layer)
    activations.exciting_faces(subject, crops, layer, np.array([0]))
    with pytest.raises(UsageError, match="no layer 'nosuch'"), recording(subject, [layer, "nosuch"]):
        pass
    with pytest.raises(UsageError):
        activations.layer_means(subject, crops[0, :20])
    assert hooks_of(subject.net) == 0 and np.array_equal(crops, before)
    assert all(torch.equal(a, b) for a, b in zip(weights, subject.net.state_dict().values(), strict=True))


@pytest.mark.parametrize(
    ("layer", "channels", "words"),
    [
        ("nosuch", [0], "has no layer 'nosuch'; there are"),
        ("fer2013", [0], "gives no maps; those that do"),
        ("trunk.2", [0, 99], "not 99"),
        ("trunk.2", [-1], "not -1"),
    ],
)
def test_what_cannot_be_asked_is_said(
    subject: Subject, crops: ImageArray, layer: str, channels: list[int], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        activations.exciting_faces(subject, crops[:2], layer, np.array(channels))


def test_no_faces_and_others_sizes_are_said(subject: Subject, crops: ImageArray) -> None:
    layer = next(iter(subject.layers()))
    with pytest.raises(UsageError, match="no faces"):
        activations.exciting_faces(subject, crops[:0], layer, np.array([0]))
    with pytest.raises(UsageError, match="grey crops of 24 x 24"):
        activations.filters(subject, np.zeros((48, 48), np.uint8), layer)
    with pytest.raises(UsageError, match="float64"):
        activations.filters(subject, np.zeros((24, 24)), layer)


def test_shares_are_the_softmax_of_the_heads_and_the_leading_is_an_expression(
    subject: Subject, crops: ImageArray
) -> None:
    for head in subject.heads:
        given = answers.shares(subject, crops, head)
        logits = subject.logits(to_input(crops), head).detach().numpy().astype(np.float64)
        odds = np.exp(logits - logits.max(1, keepdims=True))
        np.testing.assert_allclose(given, odds / odds.sum(1, keepdims=True), rtol=1e-4, atol=1e-6)
    said = answers.leading(subject, crops[0])
    assert said.head == subject.head == next(iter(subject.heads)) and said.label not in ("unknown", "not a face")
    assert answers.shares(subject, crops[:0]).shape == (0, len(subject.heads[subject.head]))


def test_the_default_model_shows_its_23_layers(astronaut_crop: ImageArray) -> None:
    subject = open_subject()
    means = activations.layer_means(subject, astronaut_crop)
    assert len(means) == 23 and [len(means[name]) for name in ("stem.0", "trunk.2.conv1", "trunk.7.conv2")] == [
        48, 24, 6,
    ]  # fmt: skip
    said = answers.leading(subject, astronaut_crop)
    assert said.label == "happy" and said.share > 0.9
