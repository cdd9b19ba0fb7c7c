"""What heat-maps are made of: the question, the network as they see it, and the map itself. It needs no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from mien.errors import ModelError, UsageError
from mien.expression.classify import Classifier
from mien.types import FloatArray, ImageArray

BLUR = (
    1 / 8
)  # of the side: standard deviation of the least blur that leaves no more of an expression than flat grey does


@dataclass(frozen=True, eq=False)
class Heatmap:
    """How much each pixel of a crop speaks for `label`, or for it rather than for `against`.

    `values` (S, S) are signed and in the method's own unit; negative: speaks against it. `head` is the head whose
    logit is explained, `layer` the path of the layer that Grad-CAM looked at, '' for other methods.
    """

    values: FloatArray
    method: str
    head: str
    label: str
    against: str | None = None
    layer: str = ""

    @property
    def shown(self) -> FloatArray:
        """What speaks for the label, 0..1: 1 is the place that does most. All 0 where nothing does. (S, S)."""
        return _scaled(np.maximum(self.values, 0))

    @property
    def signed(self) -> FloatArray:
        """-1..1: 1 or -1 is the place that speaks most for or against the label, 0 says nothing. (S, S)."""
        return _scaled(self.values)


@dataclass(frozen=True)
class Question:
    """What a map is to explain: a label's logit, or its lead over another label's.

    `label` None: the likeliest expression of each crop. `head` None: 'votes' where the network has it.
    """

    label: str | None = None
    against: str | None = None
    head: str | None = None


class Network(Protocol):
    """What a class activation map needs of a network."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each head."""

    @property
    def input_size(self) -> int:
        """Side of its crops, px."""

    def look(self, crops: ImageArray, head: str) -> tuple[FloatArray, FloatArray]:
        """The head's answers (N, L), of which only the order counts, and the last feature map (N, C, h, w)."""

    def head_weights(self, head: str) -> FloatArray | None:
        """(L, C) of a linear head on the pooled features; None where the head is another."""

    def label_index(self, label: str, head: str) -> int:
        """The place of a label in the head; UsageError where there is none."""


@dataclass(frozen=True)
class Targets:
    """What is explained, crop by crop: the label of each, in a head, and the label that it is held against."""

    head: str
    labels: Sequence[str]
    against: str | None

    def rows(self, network: Network) -> list[tuple[int, int | None]]:
        """For each crop, the place of its label among the logits, and that of the other."""
        other = None if self.against is None else network.label_index(self.against, self.head)
        return [(network.label_index(label, self.head), other) for label in self.labels]


def enlarged(heat_map: FloatArray, side: int) -> FloatArray:
    """A map of a layer (h, w), signed, as large as the crop: (side, side), by cubics."""
    return np.asarray(cv2.resize(np.ascontiguousarray(heat_map), (side, side), interpolation=cv2.INTER_CUBIC))


def blurred(crop: ImageArray) -> FloatArray:
    """A crop (S, S) with its expression taken away, its light left.

    Integrated gradients begin from it, and occlusion covers with it.
    """
    sigma = BLUR * len(crop)
    soft = cv2.GaussianBlur(crop.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.float32)


def _scaled(values: FloatArray) -> FloatArray:
    peak = float(np.abs(values).max())
    return np.asarray(values / peak if peak > 0 else np.zeros_like(values), np.float32)


@dataclass(frozen=True, eq=False)
class Served:
    """A model folder's `Classifier` as a `Network`: without PyTorch, and so for `cam` alone."""

    classifier: Classifier

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.classifier.card.identity

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each head."""
        card = self.classifier.card
        return {name: labels for name, labels in (("votes", card.votes), ("fer2013", card.fer2013)) if labels}

    @property
    def input_size(self) -> int:
        """Side of its crops, px."""
        return self.classifier.card.input_size

    def look(self, crops: ImageArray, head: str) -> tuple[FloatArray, FloatArray]:
        """Probabilities (N, L), and the last feature map (N, C, h, w)."""
        answer = self.classifier(crops)
        return getattr(answer, head), answer.features

    def head_weights(self, head: str) -> FloatArray | None:
        """(L, C) from the model file; None where it does not hold them."""
        try:
            return self.classifier.weights(head).weight
        except ModelError:
            return None

    def label_index(self, label: str, head: str) -> int:
        """The place of a label in the head; UsageError where there is none."""
        return label_index(self.name, self.heads, label, head)


def label_index(name: str, heads: Mapping[str, tuple[str, ...]], label: str, head: str) -> int:
    """The place of a label among a head's logits; UsageError, with the choices, where there is none."""
    labels = check_head(name, heads, head)
    if label not in labels:
        raise UsageError(f"there is no label {label!r}; there are: {', '.join(labels)}")
    return labels.index(label)


def check_head(name: str, heads: Mapping[str, tuple[str, ...]], head: str) -> tuple[str, ...]:
    """The labels of a head; UsageError, with the choices, where there is none."""
    if head not in heads:
        raise UsageError(f"{name} has no head {head!r}; there are: {', '.join(heads)}")
    return heads[head]


Maps = tuple[list[FloatArray], str]  # (S, S) for each crop, and the layer that was looked at
