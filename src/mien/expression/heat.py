"""Where in the crop an expression was seen: class activation maps, from the last feature map and a linear head.

The network pools its last feature map and lays a linear head on it, so what each place adds to a label's score is one
product (Zhou et al. 2016, "Learning deep features for discriminative localization"); no gradients are needed. A head's
weights travel in the model file's metadata. It shows where the network looked, not what a person should look at.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from mien.errors import ModelError
from mien.types import FloatArray

KEY = "mien.{head}.{part}"  # of the metadata: "mien.votes.weight" base64, "mien.votes.weight.shape" "10,256", ...
TYPES = ("float16", "float32")


@dataclass(frozen=True, eq=False)
class Head:
    """A linear head: `weight` (L, C) and `bias` (L,); its logits are weight @ pooled features + bias."""

    weight: FloatArray
    bias: FloatArray

    def to_metadata(self, name: str) -> dict[str, str]:
        """As texts by key; halves where these lose nothing, else float32."""
        parts = {KEY.format(head=name, part=part): getattr(self, part) for part in ("weight", "bias")}
        return {key: text for stem, values in parts.items() for key, text in _to_texts(stem, values).items()}

    @classmethod
    def from_metadata(cls, name: str, metadata: Mapping[str, str]) -> Head | None:
        """The inverse of `to_metadata`; None where the metadata hold no such head, ModelError where it is broken."""
        weight, bias = (KEY.format(head=name, part=part) for part in ("weight", "bias"))
        if weight not in metadata:
            return None
        try:
            head = cls(_from_texts(weight, metadata), _from_texts(bias, metadata))
        except (KeyError, ValueError, binascii.Error) as error:
            raise ModelError(
                f"the weights of the head {name!r} in the model file are broken: export it again"
            ) from error
        if head.weight.ndim != 2 or head.bias.shape != head.weight.shape[:1]:
            raise ModelError(f"the weights of the head {name!r} in the model file do not fit: export it again")
        return head


def _to_texts(stem: str, values: FloatArray) -> dict[str, str]:
    with np.errstate(over="ignore"):
        half = values.astype("<f2")
    is_exact = np.array_equal(half.astype(np.float32), values)
    kept = half if is_exact else values.astype("<f4")
    return {
        stem: base64.b64encode(kept.tobytes()).decode("ascii"),
        f"{stem}.shape": ",".join(map(str, values.shape)),
        f"{stem}.type": TYPES[0] if is_exact else TYPES[1],
    }


def _from_texts(stem: str, metadata: Mapping[str, str]) -> FloatArray:
    kind = {"float16": "<f2", "float32": "<f4"}[metadata[f"{stem}.type"]]
    shape = tuple(map(int, metadata[f"{stem}.shape"].split(",")))
    values = np.frombuffer(base64.b64decode(metadata[stem], validate=True), kind)
    return values.reshape(shape).astype(np.float32)


def heat(features: FloatArray, weights: FloatArray, label: int, against: int | None = None) -> FloatArray:
    """What each place of the feature map adds to a label's logit, or to its lead over another label: (h, w).

    Its mean over all places, plus the bias, is the logit (or the difference of two).

    Args:
        features: (C, h, w), the network's last feature map for one crop.
        weights: (L, C) of a linear head.
        label: row of the label.
        against: row of the label to compare with; None for the label alone.
    """
    row = weights[label] if against is None else weights[label] - weights[against]
    return np.asarray(np.tensordot(row, features, 1), np.float32)


def spread(heat_map: FloatArray, size: int) -> FloatArray:
    """A heat-map (h, w) as large as the crop and scaled to 0..1: (size, size).

    0 is a place that adds nothing or speaks against the label, 1 the place that speaks for it most. All is 0 where
    nothing speaks for it.
    """
    positive = np.maximum(heat_map, 0)
    peak = float(positive.max())
    if peak <= 0:
        return np.zeros((size, size), np.float32)
    large = cv2.resize(positive / peak, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 1), np.float32)
