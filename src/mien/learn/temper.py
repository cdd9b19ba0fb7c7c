"""Shares that are as sharp as people's: one temperature for the votes head, folded into its weights.

Mixing, smoothed targets and averaged weights make a network say its shares too evenly. Dividing the logits by a
temperature (Guo et al. 2017) that is fitted on faces held out of training mends it; the answer's order stays.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from mien.types import FloatArray

TEMPERATURES = np.linspace(0.6, 1.6, 201)


@torch.no_grad()
def temper(net: nn.Module, crops: Tensor, given: FloatArray, *, batch: int = 256) -> float:
    """Divide the logits of `net.votes`, a linear layer, by the temperature that fits what people said.

    Args:
        net: changed in place.
        crops: (N, S, S) uint8 of faces that it was not trained on.
        given: (N, V) shares of people, all zero where nobody voted.
        batch: faces at a time.

    Returns:
        The temperature; 1, and nothing changed, where nobody voted.
    """
    voted = given.sum(1) > 0
    if not voted.any():
        return 1.0
    net.eval()
    parts = [net(crops[start : start + batch].float()[:, None]).votes for start in range(0, len(crops), batch)]
    temperature = best_temperature(torch.cat(parts).numpy()[voted], given[voted])
    set_temperature(net, temperature)
    return temperature


@torch.no_grad()
def set_temperature(net: nn.Module, temperature: float) -> None:
    """Divide the logits of `net.votes`, a linear layer, by a temperature; nothing where it is 1."""
    if temperature != 1:
        for weights in cast(nn.Linear, net.votes).parameters():
            weights.div_(temperature)


def best_temperature(logits: FloatArray, given: FloatArray) -> float:
    """The one of TEMPERATURES with the least cross-entropy of `given` shares (N, V) against softmax(logits / T)."""
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits.astype(np.float64) / temperature
        scaled -= scaled.max(1, keepdims=True)
        losses.append(-(given * (scaled - np.log(np.exp(scaled).sum(1, keepdims=True)))).sum(1).mean())
    return float(TEMPERATURES[int(np.argmin(losses))])
