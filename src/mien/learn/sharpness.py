"""Sharpness-aware steps (Foret et al. 2021): the gradient is taken where, near by, the loss is highest.

A step costs twice the time. The step itself is the optimiser's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def sharp_gradients(net: nn.Module, radius: float, backward: Callable[[], Tensor]) -> Tensor:
    """Leave in `net` the gradients of the point that lies `radius` uphill of its weights, which are not changed.

    Args:
        net: its weights; norms that average do so once.
        radius: rho of the paper, of all weights together.
        backward: computes loss and gradients where the weights are.

    Returns:
        The loss at the weights themselves.
    """
    loss = backward()
    weights = [one for one in net.parameters() if one.grad is not None]
    with torch.no_grad():
        gradients = [one.grad for one in weights if one.grad is not None]
        scale = radius / (nn.utils.get_total_norm(gradients) + 1e-12)
        before = [one.clone() for one in weights]
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.add_(gradient * scale)
    net.zero_grad(set_to_none=True)
    with _norms_at_rest(net):
        backward()
    with torch.no_grad():
        for weight, kept in zip(weights, before, strict=True):
            weight.copy_(kept)
    return loss


@contextmanager
def _norms_at_rest(net: nn.Module) -> Iterator[None]:
    norms = [one for one in net.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)]
    momenta = [one.momentum for one in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
