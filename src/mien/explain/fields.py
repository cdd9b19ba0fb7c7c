"""Which part of the crop a unit of a layer sees: receptive fields, followed through the network's own graph.

Exact for convolutions, pooling and padding. Channel attention weighs whole channels by what the whole picture holds;
that is no place, and is left aside. Try: `field_of(open_subject(), "trunk.2.conv1").box(3, 5, 48)`.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import fx, nn

from mien.explain.subject import Subject
from mien.learn.networks import SqueezeExcite
from mien.types import Box

SLIDING = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
LOSING_PLACES = ("mean", "flatten")  # what a tensor is asked for that leaves no rows and columns


class Span(NamedTuple):
    """One axis: unit i sees the pixels from `stride * i + low` to `stride * i + high`, the last one not included."""

    stride: int = 1
    low: int = 0
    high: int = 1

    def through(self, kernel: int, stride: int, before: int, dilation: int = 1) -> Span:
        """What a unit sees behind a window that slides; `before` is how far it begins before the picture does."""
        reach = dilation * (kernel - 1)
        return Span(self.stride * stride, self.low - self.stride * before, self.high + self.stride * (reach - before))

    def moved(self, before: int) -> Span:
        """The same behind padding by so many units."""
        return Span(self.stride, self.low - self.stride * before, self.high - self.stride * before)


class Field(NamedTuple):
    """Rows and columns that the units of a layer see."""

    rows: Span = Span()
    columns: Span = Span()

    def box(self, row: int, column: int, side: int) -> Box:
        """What the unit in this place of the map sees of a crop of `side` px: pixels, within the crop."""
        (top, bottom), (left, right) = (
            (max(0, span.stride * place + span.low), min(side, span.stride * place + span.high))
            for span, place in ((self.rows, row), (self.columns, column))
        )
        return Box(left, top, right, bottom)

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """The middle (x, y) of what that unit sees, px; where its view reaches beyond the crop, of the whole view."""
        y, x = (
            span.stride * place + (span.low + span.high) / 2 for span, place in zip(self, (row, column), strict=True)
        )
        return x, y

    def joined(self, other: Field) -> Field:
        """What a sum of two sees; both have the same stride."""
        return Field(
            *(Span(a.stride, min(a.low, b.low), max(a.high, b.high)) for a, b in zip(self, other, strict=True))
        )


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, SqueezeExcite) or super().is_leaf_module(m, module_qualified_name)


def field_of(subject: Subject, layer: str) -> Field | None:
    """The field of the units of a layer, of a block too; None where each sees the whole crop.

    Raises:
        UsageError: there is no such layer.
    """
    subject.layer(layer)
    found: Field | None = None
    fields: dict[fx.Node, Field | None] = {}
    for node in _Tracer().trace(subject.net).nodes:
        fields[node] = _field(node, subject.net, fields)
        if layer in _modules_around(node):  # of a block, the last one counts
            found = fields[node]
    return found


def _modules_around(node: fx.Node) -> set[str]:
    own = {str(node.target)} if node.op == "call_module" else set()
    return own | set(node.meta.get("nn_module_stack", ()))


def _field(node: fx.Node, net: nn.Module, fields: dict[fx.Node, Field | None]) -> Field | None:
    if node.op == "placeholder":
        return Field()
    if node.op == "call_method" and node.target in LOSING_PLACES:
        return None
    seen = [fields[one] for one in node.all_input_nodes]
    joined = None if None in seen or not seen else seen[0]
    for one in seen[1:]:
        joined = None if joined is None or one is None else joined.joined(one)
    if joined is None or node.op != "call_module":
        return joined
    return _through(net.get_submodule(str(node.target)), joined)


def _through(module: nn.Module, field: Field) -> Field | None:
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return None
    if isinstance(module, nn.ZeroPad2d):
        left, _, top, _ = module.padding
        return Field(field.rows.moved(top), field.columns.moved(left))
    if not isinstance(module, SLIDING):
        return field
    kernel, stride, before = (_pair(one) for one in (module.kernel_size, module.stride, module.padding))
    dilation = _pair(getattr(module, "dilation", 1))
    return Field(*(span.through(kernel[i], stride[i], before[i], dilation[i]) for i, span in enumerate(field)))


def _pair(value: object) -> tuple[int, int]:
    one, two = value if isinstance(value, tuple) else (value, value)
    return int(one), int(two)
