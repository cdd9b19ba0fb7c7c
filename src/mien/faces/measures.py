"""What a mesh shows against a neutral face: mouth corners up, eyes wide, brows low, as signed numbers.

A mesh is brought onto the mean neutral one by the points that an expression moves least, in three dimensions, so that
roll, scale, place and (as far as the mesh is one stiff thing) yaw and pitch fall out. What is left are spans between
points along the face's own axes; a measure is a span, or a weighted sum of some, less its mean over neutral faces, in
their spread. The neutral faces are those of FER2013's Training rows on which nearly all voters agree
(`neutral.json`, written by `benchmarks/reasons.py --fit`). It knows nothing of words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.types import FloatArray

Points = NDArray[np.float64]

X, Y = 0, 1
# Points that expressions move least: the forehead, the bridge of the nose, the corners of the eyes, the sides.
STILL = (
    10, 151, 109, 338, 67, 297, 103, 332, 168, 6, 197, 195, 5, 33, 133, 362, 263, 127, 356, 162, 389, 234, 454, 93, 323,
)  # fmt: skip
EYES = ((33, 133), (362, 263))
SIDES, HEIGHT = (234, 454), (10, 152)
FARTHEST = 9.99  # spreads; beyond it a number only says that the mesh has gone astray


@dataclass(frozen=True)
class Span:
    """How much further along an axis (0: to the left of the face, 1: down) the mean of `to` lies than that of `start`.

    Both list points of the mesh on either side alike, so that a turn of the head cancels as far as it can.
    """

    axis: int
    start: tuple[int, ...]
    to: tuple[int, ...]

    def __call__(self, points: Points) -> Points:
        """Of aligned meshes (..., 468, 3): (...,), in distances between the eyes."""
        along = points[..., self.axis]
        return np.asarray(along[..., self.to].mean(-1) - along[..., self.start].mean(-1))


CORNERS = (61, 291)
INNER_CORNERS, OUTER_CORNERS = (133, 362), (33, 263)
BROWS = (63, 105, 66, 293, 334, 296, 53, 52, 65, 283, 282, 295)
UPPER_LIDS, LOWER_LIDS = (159, 160, 158, 386, 387, 385), (145, 144, 153, 374, 373, 380)
LID_FOLDS, EYE_BAGS = (27, 28, 29, 257, 258, 259), (22, 23, 24, 252, 253, 254)

SPANS = {
    "corner": Span(Y, CORNERS, (13, 14, 0, 17)),
    "corner_to_nose": Span(Y, CORNERS, (2, 97, 326)),
    "width": Span(X, CORNERS[:1], CORNERS[1:]),
    "open": Span(Y, (13, 82, 312), (14, 87, 317)),
    "upper_lip": Span(Y, (0, 37, 267), (13, 82, 312)),
    "lower_lip": Span(Y, (14, 87, 317), (17, 84, 314)),
    "lip_to_nose": Span(Y, (2, 97, 326), (0, 37, 267)),
    "chin_to_lip": Span(Y, (17, 84, 314), (152, 148, 377)),
    "brow_to_lid": Span(Y, (63, 105, 66, 293, 334, 296, 53, 52, 65, 283, 282, 295), UPPER_LIDS),
    "brow_to_corner": Span(Y, BROWS, INNER_CORNERS + OUTER_CORNERS),
    "inner_brow": Span(Y, (107, 55, 336, 285), INNER_CORNERS),
    "outer_brow": Span(Y, (70, 46, 300, 276), OUTER_CORNERS),
    "brow_gap": Span(X, (55, 65, 107, 66), (285, 295, 336, 296)),
    "lids": Span(Y, UPPER_LIDS, LOWER_LIDS),
    "folds": Span(Y, LID_FOLDS, EYE_BAGS),
    "lower_lid": Span(Y, LOWER_LIDS, INNER_CORNERS + OUTER_CORNERS),
    "nose": Span(Y, (168, 6), (98, 64, 327, 294)),
    "wings": Span(X, (64, 49, 48), (294, 279, 278)),
    "cheeks": Span(Y, (50, 101, 118, 117, 280, 330, 347, 346), (168, 6)),
    "chin": Span(Y, (168, 6), (152, 148, 377)),
}

# The spans of each measure and the sign with which each counts, so that the measure says what its name says. Where
# there are several, their weights are fitted (`benchmarks/reasons.py --fit`) and stand in neutral.json.
MEASURES: dict[str, dict[str, int]] = {
    "mouth_corners": {"corner": 1, "corner_to_nose": 1, "width": 1},  # drawn up and out; negative: down
    "mouth_open": {"open": 1},
    "mouth_width": {"width": 1},
    "lips_rounded": {"upper_lip": 1, "lower_lip": 1, "width": -1},
    "lips_thin": {"upper_lip": -1},  # stretched or pressed
    "upper_lip_raised": {"lip_to_nose": -1},
    "eyes": {"folds": 1, "lids": 1, "lower_lid": -1},  # wide; negative: narrowed
    "brows": {"brow_to_lid": 1, "brow_to_corner": 1, "outer_brow": 1},  # raised; negative: lowered
    "brows_together": {"brow_gap": -1},
    "inner_brows_up": {"inner_brow": 1, "outer_brow": -1},  # as in grief; negative: inner ends low
    "nose_wrinkled": {"nose": -1},  # the shorter it looks
    "cheeks_raised": {"cheeks": 1},
}


@dataclass(frozen=True, eq=False)
class Neutral:
    """Neutral faces: `mesh` (468, 3), their mean, `canonical`; weights of each measure's spans, its mean and spread."""

    mesh: Points
    weights: Mapping[str, Mapping[str, float]]
    mean: Mapping[str, float]
    spread: Mapping[str, float]

    @property
    def still(self) -> Points:
        """The mean at STILL: where other meshes are brought to."""
        return self.mesh[list(STILL)]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Neutral:
        """The inverse of `to_dict`."""
        return cls(np.asarray(data["mesh"], np.float64), data["weights"], data["mean"], data["spread"])

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "mesh": self.mesh.round(4).tolist(),
            "weights": {name: dict(weights) for name, weights in self.weights.items()},
            "mean": {name: round(value, 5) for name, value in self.mean.items()},
            "spread": {name: round(value, 5) for name, value in self.spread.items()},
        }


@cache
def neutral() -> Neutral:
    """What lies beside this module."""
    text = (resources.files("mien.faces") / "neutral.json").read_text(encoding="utf-8")
    return Neutral.from_dict(json.loads(text))


def measure(mesh: FloatArray) -> dict[str, float]:
    """How far a face is from a neutral one, for each of MEASURES: 0 as neutral faces, 2 beyond 19 of 20 of them.

    Args:
        mesh: (468, 3) px, z towards the camera negative.
    """
    given = neutral()
    values = raw_measures(align(mesh[None], given.still), given.weights)
    return {
        name: float(np.clip((value[0] - given.mean[name]) / given.spread[name], -FARTHEST, FARTHEST))
        for name, value in values.items()
    }


def raw_measures(points: Points, weights: Mapping[str, Mapping[str, float]]) -> dict[str, Points]:
    """The weighted sums of spans of aligned meshes (N, 468, 3): (N,) each, in distances between the eyes."""
    spans = {name: span(points) for name, span in SPANS.items()}
    return {name: np.sum([weights[name][span] * spans[span] for span in parts], 0) for name, parts in MEASURES.items()}


def align(meshes: FloatArray | Points, still: Points) -> Points:
    """Bring meshes onto a reference: rotation, one scale and a shift of least squared error over STILL.

    Closed form of Umeyama (1991), in three dimensions, no mirroring.

    Args:
        meshes: (N, 468, 3).
        still: (len(STILL), 3), where STILL should come to lie.

    Returns:
        (N, 468, 3).
    """
    source = np.asarray(meshes, np.float64)
    own, target = source[:, STILL], still - still.mean(0)
    middle = own.mean(1, keepdims=True)
    own = own - middle
    left, size, right = np.linalg.svd(np.swapaxes(own, 1, 2) @ target)
    size[:, 2] *= np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    scale = size.sum(1) / np.maximum((own**2).sum((1, 2)), np.finfo(np.float64).tiny)
    return np.asarray(scale[:, None, None] * ((source - middle) @ (left @ right)) + still.mean(0))


def canonical(mesh: Points) -> Points:
    """A mesh (468, 3) that looks straight ahead: x from ear to ear, y from brow to chin, eyes 1 apart and at 0."""
    across = _unit(mesh[SIDES[1]] - mesh[SIDES[0]])
    down = mesh[HEIGHT[1]] - mesh[HEIGHT[0]]
    down = _unit(down - across * (across @ down))
    axes = np.stack([across, down, np.cross(across, down)])
    eyes = np.stack([mesh[list(ends)].mean(0) for ends in EYES])
    return np.asarray((mesh - eyes.mean(0)) @ axes.T / np.linalg.norm(eyes[1] - eyes[0]))


def _unit(vector: Points) -> Points:
    return np.asarray(vector / np.linalg.norm(vector))


def mean_mesh(meshes: FloatArray, rounds: int = 6) -> Points:
    """The mean (468, 3) of many meshes (N, 468, 3), each brought onto it (Gower 1975), `canonical`."""
    mean = canonical(np.asarray(meshes[0], np.float64))
    for _ in range(rounds):
        mean = canonical(align(meshes, mean[list(STILL)]).mean(0))
    return mean


def fit_neutral(meshes: FloatArray, weights: Mapping[str, Mapping[str, float]] | None = None) -> Neutral:
    """The reference of neutral faces (N, 468, 3); the spread is the median absolute deviation times 1.4826.

    `weights` are those of measures of several spans; others count each span alike.
    """
    mean = mean_mesh(meshes)
    given = {name: {**parts, **(weights or {}).get(name, {})} for name, parts in MEASURES.items()}
    values = raw_measures(align(meshes, mean[list(STILL)]), given)
    middle = {name: float(np.median(value)) for name, value in values.items()}
    return Neutral(mean, given, middle, {name: robust_spread(value) for name, value in values.items()})


def robust_spread(values: Points) -> float:
    """The median absolute deviation, scaled to be the standard deviation of a normal distribution."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
