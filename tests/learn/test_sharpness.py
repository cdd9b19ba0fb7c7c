"""Sharpness-aware gradients: those of the point uphill, by hand; weights and norms left as they were."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mien.learn.sharpness import sharp_gradients


def test_gradients_are_those_of_the_point_uphill() -> None:
    # Of the bowl a x^2 + b y^2, in closed form.
    net = nn.ParameterList([nn.Parameter(torch.tensor(3.0)), nn.Parameter(torch.tensor(-1.0))])
    curve = torch.tensor([0.5, 2.0])

    def backward() -> Tensor:
        loss = curve[0] * net[0] ** 2 + curve[1] * net[1] ** 2
        loss.backward()
        return loss

    loss = sharp_gradients(net, 0.1, backward)
    assert loss.item() == pytest.approx(0.5 * 9 + 2)
    gradient = torch.tensor([2 * 0.5 * 3, 2 * 2 * -1.0])
    uphill = torch.tensor([3.0, -1.0]) + 0.1 * gradient / gradient.norm()
    wanted = 2 * curve * uphill
    assert [float(one.grad) for one in net] == pytest.approx(wanted.tolist(), rel=1e-5)
    assert [one.item() for one in net] == [3.0, -1.0]


def test_a_flat_place_has_no_uphill() -> None:
    net = nn.Linear(2, 1)

    def backward() -> Tensor:
        loss = (net(torch.zeros(1, 2)) * 0).sum()
        loss.backward()
        return loss

    sharp_gradients(net, 0.1, backward)
    assert torch.isfinite(net.weight).all() and not net.weight.grad.any()


def test_norms_average_once() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    rows = torch.randn(8, 3)
    wanted = 0.1 * net[0](rows).mean(0).detach()

    def backward() -> Tensor:
        loss = net(rows).square().mean()
        loss.backward()
        return loss

    sharp_gradients(net, 0.5, backward)
    assert net[1].running_mean.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)
    assert net[1].momentum == 0.1
