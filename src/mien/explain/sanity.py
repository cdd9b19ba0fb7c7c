"""Whether a heat-map depends on what was learned, lies on the face, and moves with it.

Randomised weights after Adebayo et al. 2018, "Sanity checks for saliency maps": from the answer down to the picture,
stage by stage, weights are drawn anew; a method whose maps stay alike explains the picture, not the network.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mien.explain.subject import Subject
from mien.types import FloatArray, ImageArray

ALIKE = 0.5  # mean rank correlation with the maps of a network that knows nothing, from which on a method fails
STAGE_PARTS = 2  # of a path: 'trunk.7.conv1' belongs to the stage 'trunk.7'
SSIM_SIGMA, SSIM_RADIUS = 1.5, 5  # Wang et al. 2004: a Gaussian window of 11 px
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2  # for values 0..1


# --- networks that have forgotten -------------------------------------------------------------------------------


def stages(subject: Subject) -> dict[str, list[str]]:
    """The layers with weights by stage ('trunk.7'), from the answer down to the picture."""
    found: dict[str, list[str]] = {}
    for path, module in reversed(list(subject.net.named_modules())):
        if next(module.parameters(recurse=False), None) is not None:
            found.setdefault(".".join(path.split(".")[:STAGE_PARTS]), []).append(path)
    return found


def forgetting(subject: Subject, *, seed: int = 0) -> Iterator[tuple[str, Subject]]:
    """The network with more and more stages drawn anew: each stage and the network from it upwards without learning.

    Each tensor of weights is drawn from a normal distribution of its own mean and spread, so that what flows keeps its
    size even where a norm was folded away. The network itself is not touched.
    """
    generator = torch.Generator().manual_seed(seed)
    net = copy.deepcopy(subject.net)
    for stage, paths in stages(subject).items():
        for path in paths:
            _redraw(net.get_submodule(path), generator)
        yield stage, replace(subject, net=copy.deepcopy(net), is_trained=False)


def forgotten(subject: Subject, *, seed: int = 0) -> Subject:
    """The network with all weights drawn anew."""
    *_, (_, last) = forgetting(subject, seed=seed)
    return last


@torch.no_grad()
def _redraw(module: torch.nn.Module, generator: torch.Generator) -> None:
    for weights in module.parameters(recurse=False):
        drawn = torch.randn(weights.shape, generator=generator)
        weights.copy_(weights.mean() + drawn * weights.std(correction=0))


# --- likeness of maps -------------------------------------------------------------------------------------------


def rank_correlation(one: FloatArray, other: FloatArray) -> float:
    """Spearman's: 1 for maps that order the pixels alike, 0 where either is flat."""
    return _correlation(_ranks(one), _ranks(other))


def _ranks(values: FloatArray) -> NDArray[np.float64]:
    """From 1; equal values share their mean."""
    _, which, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[which.ravel()]
    return ranks


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size else 0.0


def similarity(one: FloatArray, other: FloatArray) -> float:
    """Structural similarity (SSIM, Wang et al. 2004) of two maps of values 0..1, wider than its window of 11 px."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    mean_a, mean_b = _soft(a), _soft(b)
    var_a, var_b = _soft(a * a) - mean_a**2, _soft(b * b) - mean_b**2
    shared = _soft(a * b) - mean_a * mean_b
    each = (2 * mean_a * mean_b + SSIM_C1) * (2 * shared + SSIM_C2)
    each = each / ((mean_a**2 + mean_b**2 + SSIM_C1) * (var_a + var_b + SSIM_C2))
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    return float(each[inside, inside].mean())


def _soft(values: NDArray[np.float64]) -> NDArray[np.float64]:
    side = 2 * SSIM_RADIUS + 1
    return np.asarray(cv2.GaussianBlur(values, (side, side), SSIM_SIGMA), np.float64)


# --- moved faces ------------------------------------------------------------------------------------------------


def shifted(picture: ImageArray, right: int = 0, down: int = 0) -> ImageArray:
    """A crop or map (S, S) moved by whole pixels; its edge repeats."""
    high, wide = picture.shape
    rows = np.clip(np.arange(high) - down, 0, high - 1)
    columns = np.clip(np.arange(wide) - right, 0, wide - 1)
    return np.ascontiguousarray(picture[rows[:, None], columns])


def centre(values: FloatArray) -> tuple[float, float]:
    """The centre (x, y) of what speaks for the label, px; the middle where nothing does."""
    heat = np.maximum(values, 0).astype(np.float64)
    high, wide = heat.shape
    if not heat.any():
        return wide / 2, high / 2
    x, y = np.arange(wide) + 0.5, np.arange(high) + 0.5
    return float((heat.sum(0) * x).sum() / heat.sum()), float((heat.sum(1) * y).sum() / heat.sum())


# --- on the face ------------------------------------------------------------------------------------------------


def share_on(values: FloatArray, mask: NDArray[np.bool_]) -> float | None:
    """The share of what speaks for the label that lies on a mask (S, S), 0..1; None where nothing speaks for it."""
    heat = np.maximum(values, 0).astype(np.float64)
    return float(heat[mask].sum() / heat.sum()) if heat.any() else None
