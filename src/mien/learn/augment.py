"""Changes to training faces that live use will bring anyway: tilt, size, shift, light, blur, noise, a hand before it.

All work on a whole batch of float grey crops (N, 1, S, S) in 0..255, where the generator lives that they draw from, so
that a run can be repeated. The move is drawn together with the alignment in a single resampling: no face is blurred
twice. All faces are changed and the chosen ones taken: to choose first would let a GPU wait for each choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from mien.learn.options import Augmentation

Target = tuple[Tensor, Tensor]  # what a head shall answer of N faces (N, K), and how much each counts (N,)
LEAST_WEIGHT = 1e-9


def _uniform(count: int, low: float, high: float, rng: Generator) -> Tensor:
    return torch.rand(count, generator=rng, device=rng.device) * (high - low) + low


def _chosen(count: int, share: float, rng: Generator) -> Tensor:
    return torch.rand(count, generator=rng, device=rng.device) < share


def random_views(count: int, options: Augmentation, rng: Generator, *, window: float = 1.0) -> Tensor:
    """Random placements of the crop, mirrored half the time: (N, 3, 3) in coordinates -1..1 of the crop.

    Args:
        count: N.
        options: how far each change goes.
        rng: what draws.
        window: side of the part that is looked at, of the crop's side; where it lies is drawn too.
    """
    angle = _uniform(count, -options.roll_deg, options.roll_deg, rng) * (math.pi / 180)
    scale = torch.exp(_uniform(count, -options.scale, options.scale, rng))
    stretch = torch.exp(_uniform(count, -options.stretch, options.stretch, rng) / 2)
    mirror = torch.where(_chosen(count, 0.5, rng), -1.0, 1.0)
    views = torch.zeros(count, 3, 3, device=rng.device)
    views[:, 0, 0] = torch.cos(angle) * scale * stretch * mirror
    views[:, 0, 1] = -torch.sin(angle) * scale / stretch
    views[:, 1, 0] = torch.sin(angle) * scale * stretch * mirror
    views[:, 1, 1] = torch.cos(angle) * scale / stretch
    views[:, :2, 2] = _uniform(2 * count, -2 * options.shift, 2 * options.shift, rng).view(count, 2)
    views[:, 2, 2] = 1
    return views if window >= 1 else views @ _random_windows(count, window, rng)


def _random_windows(count: int, side: float, rng: Generator) -> Tensor:
    windows = torch.zeros(count, 3, 3, device=rng.device)
    windows[:, 0, 0] = windows[:, 1, 1] = side
    windows[:, 2, 2] = 1
    windows[:, :2, 2] = _uniform(2 * count, side - 1, 1 - side, rng).view(count, 2)
    return windows


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
    count, size = len(crops), crops.shape[-1]
    blurred = F.avg_pool2d(F.pad(crops, (1, 1, 1, 1), mode="replicate"), 3, 1)
    crops = torch.where(_for_faces(_chosen(count, options.blur, rng)), blurred, crops)
    half = F.interpolate(crops, size=size // 2, mode="area")
    small = F.interpolate(half, size=size, mode="bilinear", align_corners=False)
    crops = torch.where(_for_faces(_chosen(count, options.small, rng)), small, crops)
    sigma = _uniform(count, 1, 12, rng) * _chosen(count, options.noise, rng)
    noise = torch.randn(crops.shape, generator=rng, device=rng.device) * _for_faces(sigma)
    return (crops + noise).clamp(0, 255)


def _for_faces(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def cover(crops: Tensor, options: Augmentation, rng: Generator) -> Tensor:
    """Put one rectangle of a random grey, plain or noisy, over some faces (Zhong et al. 2020)."""
    count, size = len(crops), crops.shape[-1]
    sides = _uniform(2 * count, 0.12, 0.45, rng).view(count, 2) * size
    corners = _uniform(2 * count, 0, 1, rng).view(count, 2) * (size - sides)
    line = torch.arange(size, device=rng.device)
    inside = (line >= corners[..., None]) & (line < (corners + sides)[..., None])  # (N, 2, S)
    mask = inside[:, 0, :, None] & inside[:, 1, None, :] & _chosen(count, options.occlusion, rng)[:, None, None]
    grey = _uniform(count, 0, 255, rng).view(-1, 1, 1, 1)
    grain = torch.randn(crops.shape, generator=rng, device=rng.device) * _uniform(count, 0, 40, rng).view(-1, 1, 1, 1)
    return torch.where(mask[:, None], (grey + grain).clamp(0, 255), crops)


def mix(
    crops: Tensor, targets: Sequence[Target], rng: Generator, *, chance: float = 1.0
) -> tuple[Tensor, list[Target]]:
    """With a chance, blend each face and its targets with another of the batch; the share is from Beta(0.4, 0.4).

    Of the blend, a face's target counts by its share and its weight: beside one of weight 0 it stays as it is.
    """
    a, b = (torch._standard_gamma(torch.full((1,), 0.4, device=rng.device), generator=rng) for _ in range(2))
    share = torch.where(_chosen(1, chance, rng), a / (a + b + 1e-9), 1.0)  # a tensor: no GPU is waited for
    other = torch.randperm(len(crops), generator=rng, device=rng.device)

    def blended(values: Tensor) -> Tensor:
        return share * values + (1 - share) * values[other]

    mixed = []
    for target, weight in targets:
        counts = blended(weight)
        mixed.append((blended(target * weight[:, None]) / counts.clamp(min=LEAST_WEIGHT)[:, None], counts))
    return blended(crops), mixed


def augment(crops: Tensor, options: Augmentation, rng: Generator) -> Tensor:
    """All changes but the placement and the mixing, in the order a camera would make them."""
    return soften(cover(change_light(crops, options, rng), options, rng), options, rng)
