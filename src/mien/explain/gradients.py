"""Heat-maps that need the network's insides, by Captum: Grad-CAM, integrated gradients, occlusion.

Each explains one crop at a time, so memory does not grow with their number; Captum takes its hooks off again. Gradients
flow to a copy of the crop, never to the weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion
from torch import Tensor

from mien.errors import UsageError
from mien.explain.heatmap import Maps, Network, Targets, blurred, enlarged
from mien.explain.subject import Subject, to_input
from mien.types import FloatArray, ImageArray

STEPS = 32  # of the integral; its error on the embedded model: docs/explain-methods.md
PATCH = 1 / 6  # side of the covered square, of the crop's: about an eye or half a mouth; it moves by half of itself
AT_ONCE = 16  # crops in one pass: the largest baseline needs 50 MB for each

Score = Callable[[Tensor], Tensor]  # crops (N, 1, S, S) -> (N,) logits, or leads of one over another


def attribute(method: str, network: Network, crops: ImageArray, targets: Targets, *, layer: str | None = None) -> Maps:
    """The maps (S, S) of some crops by one of the methods here, and the layer that was looked at.

    Raises:
        UsageError: the network was not opened by `open_subject`, or has no such layer.
    """
    if not isinstance(network, Subject):
        raise UsageError(f"the method {method!r} needs the network in PyTorch: open it with open_subject")
    maps = []
    where = (layer or network.last_map()) if method == "gradcam" else ""
    for crop, (label, other) in zip(crops, targets.rows(network), strict=True):
        score = score_of(network, targets.head, label, other)
        if method == "gradcam":
            maps.append(gradcam(network, crop, score, layer=where))
        elif method == "integrated-gradients":
            maps.append(integrated_gradients(crop, score))
        else:
            maps.append(occlusion(crop, score))
    return maps, where


def score_of(subject: Subject, head: str, label: int, other: int | None = None) -> Score:
    """The logit of a label, or its lead over another, as a function of crops."""

    def score(crops: Tensor) -> Tensor:
        logits = subject.logits(crops, head)
        return logits[:, label] if other is None else logits[:, label] - logits[:, other]

    return score


def gradcam(subject: Subject, crop: ImageArray, score: Score, *, layer: str) -> FloatArray:
    """Channels of a layer, weighed by their mean gradient (Selvaraju et al. 2017): (S, S), signed, enlarged.

    The paper keeps what is positive alone; `Heatmap.shown` does.
    """
    found = LayerGradCam(score, subject.layer(layer)).attribute(_watched(crop))
    if found.ndim != 4:
        raise UsageError(f"the layer {layer!r} gives no picture; there are: {', '.join(subject.layers())}")
    return enlarged(found[0, 0].detach().numpy(), len(crop))


def integrated_gradients(crop: ImageArray, score: Score, *, steps: int = STEPS) -> FloatArray:
    """What each pixel adds on the straight way from the blurred crop to the crop (Sundararajan et al. 2017): (S, S).

    All pixels add up to the score of the crop less that of the blurred crop, but for the error of the integral.
    """
    found = IntegratedGradients(score).attribute(
        _watched(crop), baselines=_one(blurred(crop)), n_steps=steps, internal_batch_size=AT_ONCE
    )
    return _picture(found)


def occlusion(
    crop: ImageArray,
    score: Score,
    *,
    patch: int | None = None,
    stride: int | None = None,
    fill: FloatArray | None = None,
) -> FloatArray:
    """By how much the score falls when a square is covered (Zeiler and Fergus 2014): (S, S).

    Args:
        crop: (S, S).
        score: what falls.
        patch: side of the square, px; None: PATCH of the crop's.
        stride: from one place of the square to the next, px; None: half of the square.
        fill: (S, S) what is seen in place of the crop; None: the crop, blurred.

    Returns:
        For each pixel the mean fall over all squares that cover it.
    """
    patch = patch or max(1, round(PATCH * len(crop)))
    stride = stride or max(1, patch // 2)
    cover = _one(blurred(crop) if fill is None else fill)
    with torch.no_grad():
        found = Occlusion(score).attribute(
            to_input(crop[None]), (1, patch, patch), (1, stride, stride), cover, perturbations_per_eval=AT_ONCE
        )
    return _picture(found)


def _one(picture: FloatArray) -> Tensor:
    """A picture (S, S) as a batch of one: (1, 1, S, S), a copy."""
    return torch.from_numpy(np.array(picture, np.float32))[None, None]


def _watched(crop: ImageArray) -> Tensor:
    """A copy of a crop to which gradients flow."""
    return to_input(crop[None]).requires_grad_()


def _picture(values: Tensor) -> FloatArray:
    return np.asarray(values[0, 0].detach().numpy(), np.float32)
