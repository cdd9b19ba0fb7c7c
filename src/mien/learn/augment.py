"""Changes to training faces that live use will bring anyway: tilt, size, shift, light, blur, noise, a hand before it.

All work on a whole batch of float grey crops (N, 1, S, S) in 0..255 and draw from one generator, so that a run can
be repeated. The move is drawn together with the alignment in a single resampling: no face is blurred twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """How far each change goes. Shares are the part of the faces that get it."""

    roll_deg: float = 18.0  # either way; FER2013's own faces roll by 6.4 degrees (standard deviation)
    scale: float = 0.15  # larger or smaller by up to this
    stretch: float = 0.08  # width against height
    shift: float = 0.08  # of the side
    aligned: float = 0.75  # share of faces moved by their mesh; the others stay as the data set cut them
    contrast: float = 0.3
    brightness: float = 30.0  # grey levels
    gamma: float = 0.4  # exponent 1 / 1.4 .. 1.4
    blur: float = 0.1
    small: float = 0.1  # share shrunk to half size and back, as a far face is
    noise: float = 0.15
    occlusion: float = 0.25  # share with a rectangle covered
    mixing: float = 0.35  # share of the batches that mix pairs (Zhang et al. 2018)


def _uniform(count: int, low: float, high: float, rng: Generator) -> Tensor:
    return torch.rand(count, generator=rng) * (high - low) + low


def _chosen(count: int, share: float, rng: Generator) -> Tensor:
    return torch.rand(count, generator=rng) < share


def random_views(count: int, options: Augmentation, rng: Generator) -> Tensor:
    """Random placements of the crop, mirrored half the time: (N, 3, 3) in coordinates -1..1 of the crop."""
    angle = _uniform(count, -options.roll_deg, options.roll_deg, rng) * (math.pi / 180)
    scale = torch.exp(_uniform(count, -options.scale, options.scale, rng))
    stretch = torch.exp(_uniform(count, -options.stretch, options.stretch, rng) / 2)
    mirror = torch.where(_chosen(count, 0.5, rng), -1.0, 1.0)
    views = torch.zeros(count, 3, 3)
    views[:, 0, 0] = torch.cos(angle) * scale * stretch * mirror
    views[:, 0, 1] = -torch.sin(angle) * scale / stretch
    views[:, 1, 0] = torch.sin(angle) * scale * stretch * mirror
    views[:, 1, 1] = torch.cos(angle) * scale / stretch
    views[:, :2, 2] = _uniform(2 * count, -2 * options.shift, 2 * options.shift, rng).view(count, 2)
    views[:, 2, 2] = 1
    return views


def resample(faces: Tensor, placements: Tensor, views: Tensor, size: int) -> Tensor:
    """Cut crops out of faces in one step.

    Args:
        faces: (N, 1, H, H) float.
        placements: (N, 3, 3), from the crop's coordinates -1..1 to the face's: where an aligned crop lies.
        views: (N, 3, 3), from `random_views`.
        size: side of the crops.
    """
    theta = (placements @ views)[:, :2]
    grid = F.affine_grid(theta, [len(faces), 1, size, size], align_corners=False)
    return F.grid_sample(faces, grid, mode="bilinear", padding_mode="border", align_corners=False)


def change_light(crops: Tensor, options: Augmentation, rng: Generator) -> Tensor:
    """Contrast, brightness and gamma, each face its own."""
    count = len(crops)
    contrast = torch.exp(_uniform(count, -options.contrast, options.contrast, rng)).view(-1, 1, 1, 1)
    light = _uniform(count, -options.brightness, options.brightness, rng).view(-1, 1, 1, 1)
    limit = math.log(1 + options.gamma)
    gamma = torch.exp(_uniform(count, -limit, limit, rng)).view(-1, 1, 1, 1)
    mean = crops.mean((1, 2, 3), keepdim=True)
    changed = ((crops - mean) * contrast + mean + light).clamp(0, 255)
    return 255 * (changed / 255).clamp(1e-4, 1) ** gamma


def soften(crops: Tensor, options: Augmentation, rng: Generator) -> Tensor:
    """Blur some, shrink some to half size and back, put noise on some."""
    crops = crops.clone()
    size = crops.shape[-1]
    blurred = _chosen(len(crops), options.blur, rng)
    crops[blurred] = F.avg_pool2d(F.pad(crops[blurred], (1, 1, 1, 1), mode="replicate"), 3, 1)
    small = _chosen(len(crops), options.small, rng)
    half = F.interpolate(crops[small], size=size // 2, mode="area")
    crops[small] = F.interpolate(half, size=size, mode="bilinear", align_corners=False)
    noisy = _chosen(len(crops), options.noise, rng)
    sigma = _uniform(int(noisy.sum()), 1, 12, rng).view(-1, 1, 1, 1)
    crops[noisy] += torch.randn(crops[noisy].shape, generator=rng) * sigma
    return crops.clamp(0, 255)


def cover(crops: Tensor, options: Augmentation, rng: Generator) -> Tensor:
    """Put one rectangle of a random grey, plain or noisy, over some faces (Zhong et al. 2020)."""
    count, size = len(crops), crops.shape[-1]
    sides = _uniform(2 * count, 0.12, 0.45, rng).view(count, 2) * size
    corners = _uniform(2 * count, 0, 1, rng).view(count, 2) * (size - sides)
    line = torch.arange(size)
    inside = (line >= corners[..., None]) & (line < (corners + sides)[..., None])  # (N, 2, S)
    mask = inside[:, 0, :, None] & inside[:, 1, None, :] & _chosen(count, options.occlusion, rng)[:, None, None]
    grey = _uniform(count, 0, 255, rng).view(-1, 1, 1, 1)
    grain = torch.randn(crops.shape, generator=rng) * _uniform(count, 0, 40, rng).view(-1, 1, 1, 1)
    return torch.where(mask[:, None], (grey + grain).clamp(0, 255), crops)


def mix(crops: Tensor, targets: list[Tensor], rng: Generator) -> tuple[Tensor, list[Tensor]]:
    """Blend each face and its targets with another of the batch; the share is drawn from Beta(0.4, 0.4)."""
    a, b = (torch._standard_gamma(torch.full((1,), 0.4), generator=rng) for _ in range(2))
    share = float(a / (a + b + 1e-9))
    other = torch.randperm(len(crops), generator=rng)
    return share * crops + (1 - share) * crops[other], [share * t + (1 - share) * t[other] for t in targets]


def augment(crops: Tensor, options: Augmentation, rng: Generator) -> Tensor:
    """All changes but the placement and the mixing, in the order a camera would make them."""
    return soften(cover(change_light(crops, options, rng), options, rng), options, rng)
