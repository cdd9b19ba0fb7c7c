"""Heat-maps: which places of a crop speak for a label, by four methods, on any network of this project.

`cam` needs no PyTorch and takes the embedded model's `Classifier` too; the others run on Captum, in `gradients.py`.
What each is worth is measured by `benchmarks/explain.py` and told in docs/explain-methods.md. A map shows what the
network went by, which need not be what a person would.
Try: `heat_map(open_subject(), crop, method="occlusion").shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mien.errors import MissingExtraError, UsageError
from mien.explain.heatmap import Heatmap, Maps, Network, Question, Served, Targets, check_head, enlarged
from mien.expression import heat
from mien.expression.classify import Classifier
from mien.models import NO_EXPRESSION
from mien.types import FloatArray, ImageArray

if TYPE_CHECKING:
    from mien.explain.subject import Subject

# The most faithful on faces (docs/explain-methods.md). By eye, `occlusion` and `cam` are easier to read and steadier.
DEFAULT_METHOD = "integrated-gradients"
LAST_MAPS = ("trunk",)  # where Grad-CAM beat all maps that have not seen the face; at an earlier layer it did not


def heat_map(
    subject: Subject | Classifier,
    crop: ImageArray,
    *,
    method: str = DEFAULT_METHOD,
    label: str | None = None,
    against: str | None = None,
    layer: str | None = None,
    head: str | None = None,
) -> Heatmap:
    """Where in a crop the network saw a label.

    Args:
        subject: the network, opened by `open_subject`; for `cam` also a `Classifier`.
        crop: (S, S) uint8 grey, as the network takes it. It is not changed.
        method: one of METHODS.
        label: what to explain; None: the likeliest expression.
        against: another label: what speaks for `label` rather than for this one.
        layer: for `gradcam`, the path of a convolution or pooling layer; None: the last feature map.
        head: 'votes' or 'fer2013'; None: the first that the network has.

    Raises:
        UsageError: there is no such method, label, head or layer, the crop does not fit, or the method does not work
            on this network (the message names those that do).
        MissingExtraError: PyTorch or Captum is not installed, and the method needs it.
    """
    question = Question(label, against, head)
    return heat_maps(subject, np.asarray(crop)[None], question, method=method, layer=layer)[0]


def heat_maps(
    subject: Subject | Classifier,
    crops: ImageArray,
    question: Question | None = None,
    *,
    method: str = DEFAULT_METHOD,
    layer: str | None = None,
) -> list[Heatmap]:
    """The maps of several crops (N, S, S), each of its own likeliest label unless one is asked for; see `heat_map`."""
    question = question or Question()
    if method not in METHODS:
        raise UsageError(f"there is no method {method!r}; there are: {', '.join(METHODS)}")
    if layer is not None and method != "gradcam":
        raise UsageError(f"the method {method!r} takes no layer: only gradcam does")
    network: Network = Served(subject) if isinstance(subject, Classifier) else subject
    side = network.input_size
    if crops.ndim != 3 or crops.shape[1:] != (side, side) or crops.dtype != np.uint8:
        raise UsageError(f"{network.name} takes crops of {side} x {side} grey bytes, not of {crops.shape[1:]} "
                         f"{crops.dtype}: cut faces with mien.images.crop_face")  # fmt: skip
    if not len(crops):
        return []
    head, labels = _answered(network, crops, question)
    values, where = METHODS[method](network, crops, Targets(head, labels, question.against), layer)
    return [Heatmap(one, method, head, label, question.against, where)
            for one, label in zip(values, labels, strict=True)]  # fmt: skip


def _answered(network: Network, crops: ImageArray, question: Question) -> tuple[str, list[str]]:
    """The head, and for each crop the label, that a question means."""
    head = next(iter(network.heads)) if question.head is None else question.head
    named = check_head(network.name, network.heads, head)
    for one in filter(None, (question.label, question.against)):
        network.label_index(one, head)
    asked = question.label
    labels = likeliest(network.look(crops, head)[0], named) if asked is None else [asked] * len(crops)
    if question.against in labels:
        raise UsageError(f"{question.against!r} is the label that is explained: name another one to hold it against")
    return head, labels


def is_unproven(heat_map: Heatmap) -> bool:
    """Whether a map is of a kind that was not shown to beat maps that have not seen the face: it is marked so."""
    return heat_map.method == "gradcam" and heat_map.layer not in LAST_MAPS


def likeliest(answers: FloatArray, labels: Sequence[str]) -> list[str]:
    """The label with the highest answer (N, L) of each row, among those that are expressions."""
    named = [index for index, label in enumerate(labels) if label not in NO_EXPRESSION]
    return [labels[named[int(row[named].argmax())]] for row in answers]


Method = Callable[[Network, ImageArray, Targets, "str | None"], Maps]


def _cam(network: Network, crops: ImageArray, targets: Targets, layer: str | None) -> Maps:
    """Class activation maps (Zhou et al. 2016)."""
    weights = network.head_weights(targets.head)
    if weights is None:
        others = ", ".join(name for name in METHODS if name != "cam")
        raise UsageError(f"{network.name} has no class activation map, since its head {targets.head!r} does not lie on "
                         f"pooled features; the methods that work are: {others}")  # fmt: skip
    features = network.look(crops, targets.head)[1]
    rows = targets.rows(network)
    return [enlarged(heat.heat(one, weights, label, other), crops.shape[1])
            for one, (label, other) in zip(features, rows, strict=True)], ""  # fmt: skip


def _by_gradients(method: str) -> Method:
    """The method of that name in `gradients.py`, which needs PyTorch and Captum."""

    def maps(network: Network, crops: ImageArray, targets: Targets, layer: str | None) -> Maps:
        try:
            from mien.explain import gradients
        except ImportError as error:
            raise MissingExtraError(f"the method {method!r}", "learn") from error
        return gradients.attribute(method, network, crops, targets, layer=layer)

    return maps


METHODS: Mapping[str, Method] = {
    "cam": _cam,
    "gradcam": _by_gradients("gradcam"),
    "integrated-gradients": _by_gradients("integrated-gradients"),
    "occlusion": _by_gradients("occlusion"),
}
