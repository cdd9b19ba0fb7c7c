"""Dreams: pictures that please one part of a network, found by gradient ascent. Our own code, in four separable parts.

`objectives` say what is to grow, `parameterisations` what is changed, `transforms` what must not matter, `optimise`
how it climbs; `render` puts them together. Mordvintsev et al. 2015; Olah, Mordvintsev and Schubert 2017.
Try: `dream(open_subject(), Label("happy", "fer2013"))`.
"""

from mien.explain.dream.objectives import Channel, Label, Layer, Objective, Sum
from mien.explain.dream.options import DreamOptions
from mien.explain.dream.render import Dream, dream, dream_all, dream_layers, dreams, photo_dream, scores
from mien.explain.dream.sketch import sketch

__all__ = [
    "Channel",
    "Dream",
    "DreamOptions",
    "Label",
    "Layer",
    "Objective",
    "Sum",
    "dream",
    "dream_all",
    "dream_layers",
    "dreams",
    "photo_dream",
    "scores",
    "sketch",
]
