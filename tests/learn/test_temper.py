"""The temperature of the votes: found again where it is known, folded in without another order of the answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax

from mien.learn.networks import ExpressionNet
from mien.learn.temper import best_temperature, temper


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.45])
def test_a_known_temperature_is_found(temperature: float) -> None:
    logits = np.random.default_rng(0).normal(0, 2, (200, 10)).astype(np.float32)
    given = softmax(logits / temperature, 1).astype(np.float32)
    assert best_temperature(logits, given) == pytest.approx(temperature, abs=0.006)


def test_it_is_folded_into_the_votes_alone(net: ExpressionNet) -> None:
    crops = torch.randint(0, 256, (12, 48, 48), dtype=torch.uint8)
    with torch.no_grad():
        before = net(crops.float()[:, None])
        given = (before.votes / 0.8).softmax(1).numpy()
        found = temper(net, crops, given)
        after = net(crops.float()[:, None])
    assert found != 1 or np.allclose(before.votes, 0, atol=0.1)
    assert torch.allclose(after.votes * found, before.votes, atol=1e-4)
    assert torch.equal(after.fer2013, before.fer2013)


def test_without_votes_nothing_changes(net: ExpressionNet) -> None:
    before = net.votes.weight.clone()
    assert temper(net, torch.zeros(3, 48, 48, dtype=torch.uint8), np.zeros((3, 10), np.float32)) == 1
    assert torch.equal(net.votes.weight, before)
