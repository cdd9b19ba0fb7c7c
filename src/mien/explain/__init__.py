"""What networks see, as arrays and pictures; needs the extra `learn`.

    from mien import explain
    subject = explain.open_subject()                    # the embedded model, a folder, a run, or a baseline by name
    crop = explain.sitters_of("photo.jpg", mien.Reader().pipeline)[0].crop(subject)
    explain.heat_map(subject, crop, label="happy", against="surprise").values   # (S, S)
    explain.layer_means(subject, crop)                  # layer -> (h, w)
    explain.dream.dream(subject, explain.Label("happy", "votes")).image

Figures of all of these are made by the modules `*_figures`. Each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.explain.activations import exciting_faces as exciting_faces
    from mien.explain.activations import filters as filters
    from mien.explain.activations import layer_means as layer_means
    from mien.explain.activations import strongest as strongest
    from mien.explain.dream import Channel as Channel
    from mien.explain.dream import Label as Label
    from mien.explain.dream import Layer as Layer
    from mien.explain.dream.render import dream_all as dream_all
    from mien.explain.dream.render import dream_layers as dream_layers
    from mien.explain.gallery import average_faces as average_faces
    from mien.explain.gallery import nearest as nearest
    from mien.explain.heatmap import Heatmap as Heatmap
    from mien.explain.heatmap import Question as Question
    from mien.explain.maps import heat_map as heat_map
    from mien.explain.maps import heat_maps as heat_maps
    from mien.explain.sitters import sitters_of as sitters_of
    from mien.explain.subject import Subject as Subject
    from mien.explain.subject import open_subject as open_subject

_HOMES = {
    "Channel": "dream",
    "Heatmap": "heatmap",
    "Label": "dream",
    "Layer": "dream",
    "Question": "heatmap",
    "Subject": "subject",
    "average_faces": "gallery",
    "dream_all": "dream.render",
    "dream_layers": "dream.render",
    "exciting_faces": "activations",
    "filters": "activations",
    "heat_map": "maps",
    "heat_maps": "maps",
    "layer_means": "activations",
    "nearest": "gallery",
    "open_subject": "subject",
    "sitters_of": "sitters",
    "strongest": "activations",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for (PEP 562)."""
    if name == "dream":  # the room of all that belongs to dreams
        return import_module("mien.explain.dream")
    if name not in _HOMES:
        raise AttributeError(f"module 'mien.explain' has no attribute {name!r}")
    value = getattr(import_module(f"mien.explain.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *_HOMES, "dream"})
