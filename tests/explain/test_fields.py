"""Receptive fields against the plainest oracle: what is no number in the crop spreads to whatever sees it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.errors import UsageError
from mien.explain import fields
from mien.explain.subject import Subject, recording
from mien.learn.networks import SqueezeExcite

SIDE = 24


def seen_by(subject: Subject, layers: list[str], *, columns: bool) -> dict[str, np.ndarray]:
    """Whether each unit (first axis) along one axis of each map depends on each row or column of the crop."""
    crops = torch.zeros(SIDE, 1, SIDE, SIDE)
    for place in range(SIDE):
        crops[place, 0, *((slice(None), place) if columns else (place,))] = float("nan")
    hooks = [  # attention weighs channels by the whole picture: put aside, as `fields` does
        one.register_forward_hook(lambda module, inputs, output: inputs[0])
        for one in subject.net.modules()
        if isinstance(one, SqueezeExcite)
    ]
    with torch.no_grad(), recording(subject, layers) as seen:
        subject.net(crops)
    for hook in hooks:
        hook.remove()
    return {name: seen[name].isnan().any(1).any(1 if columns else 2).numpy().T for name in layers}


def test_every_layers_field_is_what_no_number_spreads_to(subject: Subject) -> None:
    blocks = [name for name, _ in subject.net.named_modules() if name.startswith("trunk.") and name.count(".") == 1]
    layers = [*subject.layers(), *blocks]
    spread = [seen_by(subject, layers, columns=columns) for columns in (False, True)]
    checked = 0
    for layer in layers:
        field = fields.field_of(subject, layer)
        assert field is not None
        for axis, along in enumerate(spread):
            for unit, seen in enumerate(along[layer]):
                box = field.box(unit, unit, SIDE)
                low, high = (box.x1, box.x2) if axis else (box.y1, box.y2)
                assert np.flatnonzero(seen).tolist() == list(range(int(low), int(high))), (layer, unit)
                checked += 1
    assert checked > 200


def test_what_has_lost_its_places_sees_everything(subject: Subject) -> None:
    assert fields.field_of(subject, "fer2013") is None
    with pytest.raises(UsageError, match="no layer"):
        fields.field_of(subject, "nosuch")


def test_windows_that_differ_by_axis_and_spread_out() -> None:
    span = fields.Span().through(3, 2, 1, 2)  # pixels -1, 1, 3 for unit 0
    assert span == (2, -1, 4)
    assert span.through(2, 2, 0) == (4, -1, 6)
    field = fields.Field(span, fields.Span())
    assert field.box(1, 5, 24).to_list() == [5, 1, 6, 6]
    assert field.centre(1, 5) == (5.5, 3.5) and field.centre(0, 0) == (0.5, 1.5)
    assert field.joined(fields.Field(fields.Span(2, 0, 2), fields.Span(1, -1, 2))) == ((2, -1, 4), (1, -1, 2))
