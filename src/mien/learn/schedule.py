"""What changes in the course of a run: the rate, and the small averages that follow the weights."""

from __future__ import annotations

import copy
import math
from itertools import compress

import torch
from torch import nn

from mien.learn.options import TrainOptions


def rate_at(step: int, total: int, options: TrainOptions) -> float:
    """The learning rate: a linear rise, a plateau, then half a cosine down to nothing.

    With nothing between rise and fall it is the one cycle of Smith and Topin (2018).
    """
    done = step / max(1, total)
    if done < options.warm:
        return options.rate * (0.02 + 0.98 * done / options.warm)
    fallen = max(0.0, (done - (1 - options.fall)) / options.fall) if options.fall else 0.0
    return options.rate * max(1e-4, (1 + math.cos(math.pi * fallen)) / 2)


def side_at(epoch: int, options: TrainOptions) -> int:
    """The side of what the network is trained on in an epoch, px: a window until the rate falls, then all of it."""
    return options.window if options.window and epoch < options.falls_from else options.input


class WeightAverage:
    """A moving average of a network's weights (Polyak and Juditsky 1992), short at first, then long."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self._decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take one step's weights in."""
        self.steps += 1
        keep = min(self._decay, (1 + self.steps) / (10 + self.steps))
        mine, theirs = (list(one.state_dict().values()) for one in (self.net, net))
        is_real = [one.dtype.is_floating_point for one in mine]
        torch._foreach_lerp_(list(compress(mine, is_real)), list(compress(theirs, is_real)), 1 - keep)
        for count, newer in zip(mine, theirs, strict=True):
            if not count.dtype.is_floating_point:
                count.copy_(newer)
