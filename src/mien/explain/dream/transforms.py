"""What must not matter to a dream: small moves, turns, changes of size, mirroring, blur.

Each step of the ascent sees the picture through a fresh draw, so that only what pleases the network in all of them
grows (Mordvintsev et al. 2015; Olah, Mordvintsev and Schubert 2017, 'transformation robustness'). A transform takes
pictures (N, 1, S, S) and the generator it draws from, and gives pictures that gradients flow through; all pictures of
a batch get the same draw. Moves that follow each other are drawn into one, so that nothing is resampled twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

GREY = 127.5  # the middle of the range
SIGMAS = 3  # a Gaussian is cut off at so many standard deviations


class Transform(Protocol):
    """Pictures in, pictures of the same number out."""

    def __call__(self, pictures: Tensor, rng: Generator) -> Tensor:
        """(N, 1, S, S) in grey 0..255; the side may change."""


class _Move:
    """A transform that is an affine map of the plane."""

    def matrix(self, rng: Generator) -> Tensor:
        """(3, 3), from where a pixel is drawn to where it is taken from, in -1..1."""
        raise NotImplementedError

    def __call__(self, pictures: Tensor, rng: Generator) -> Tensor:
        return _resampled(pictures, self.matrix(rng))


@dataclass(frozen=True)
class Jitter(_Move):
    """A shift of up to `share` of the side, each way."""

    share: float

    def matrix(self, rng: Generator) -> Tensor:
        """A translation."""
        matrix = torch.eye(3)
        matrix[:2, 2] = 2 * torch.tensor([_drawn(self.share, rng), _drawn(self.share, rng)])
        return matrix


@dataclass(frozen=True)
class Turn(_Move):
    """A rotation of up to `degrees`, each way."""

    degrees: float

    def matrix(self, rng: Generator) -> Tensor:
        """A rotation about the middle."""
        angle = math.radians(_drawn(self.degrees, rng))
        cos, sin = math.cos(angle), math.sin(angle)
        return torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Scale(_Move):
    """Larger or smaller by a factor of up to exp(`by`), about the middle."""

    by: float

    def matrix(self, rng: Generator) -> Tensor:
        """A scaling."""
        factor = math.exp(_drawn(self.by, rng))
        return torch.diag(torch.tensor([factor, factor, 1.0]))


@dataclass(frozen=True)
class Mirror(_Move):
    """Left and right changed half of the time: faces are nearly symmetric, and training mirrors them too."""

    def matrix(self, rng: Generator) -> Tensor:
        """The identity, or a reflection."""
        return torch.diag(torch.tensor([math.copysign(1.0, _drawn(1.0, rng)), 1.0, 1.0]))


@dataclass(frozen=True)
class Pad:
    """A border of grey, `share` of the side wide, in the picture's own size: its content shrinks into it."""

    share: float

    def __call__(self, pictures: Tensor, rng: Generator) -> Tensor:
        """(N, 1, S, S)."""
        side = pictures.shape[-1]
        width = round(self.share * side)
        if not width:
            return pictures
        padded = F.pad(pictures, (width,) * 4, value=GREY)
        return F.interpolate(padded, (side, side), mode="bilinear", antialias=True, align_corners=False)


@dataclass(frozen=True)
class Smooth:
    """A Gaussian blur of up to `sigma_px`: a prior against what is so fine that a blur removes it."""

    sigma_px: float

    def __call__(self, pictures: Tensor, rng: Generator) -> Tensor:
        """(N, 1, S, S); the edge repeats."""
        sigma = self.sigma_px * float(torch.rand(1, generator=rng))
        radius = math.ceil(SIGMAS * sigma)
        if sigma < 0.2:  # its neighbours would weigh less than a thousandth
            return pictures
        weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma).square())
        weights = (weights / weights.sum()).view(1, 1, 1, -1)
        padded = F.pad(pictures, (radius,) * 4, mode="replicate")
        return F.conv2d(F.conv2d(padded, weights), weights.transpose(2, 3))


@dataclass(frozen=True)
class Compose:
    """Transforms one after the other; moves that follow each other are one resampling."""

    parts: tuple[Transform, ...]

    def __call__(self, pictures: Tensor, rng: Generator) -> Tensor:
        """(N, 1, S, S)."""
        for is_move, group in groupby(self.parts, lambda one: isinstance(one, _Move)):
            if is_move:
                pictures = _resampled(pictures, _product([one.matrix(rng) for one in group]))  # type: ignore[attr-defined]
            else:
                for one in group:
                    pictures = one(pictures, rng)
        return pictures


def _product(matrices: Sequence[Tensor]) -> Tensor:
    """The first of the moves happens first: what is drawn last asks first where it comes from."""
    result = torch.eye(3)
    for matrix in matrices:
        result = result @ matrix
    return result


def _resampled(pictures: Tensor, matrix: Tensor) -> Tensor:
    theta = matrix[None, :2].expand(len(pictures), 2, 3)
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _drawn(most: float, rng: Generator) -> float:
    return most * (2 * float(torch.rand(1, generator=rng)) - 1)


DEFAULT = Compose((Jitter(0.12), Turn(12.0), Scale(0.2), Smooth(1.2)))
