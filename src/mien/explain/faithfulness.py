"""Whether a heat-map shows what the network goes by: deletion and insertion (Petsiuk et al. 2018, RISE).

The pixels that a map calls most important are replaced first (deletion: the answer should fall fast), or uncovered
first on a replaced picture (insertion: it should rise fast). The area under each curve is held against maps that have
not seen the face. Arrays only; the network is a function of pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.judge.intervals import DRAWS, interval
from mien.types import FloatArray, ImageArray

Answer = Callable[[FloatArray], FloatArray]  # pictures (N, S, S), grey 0..255 -> the share of the label, (N,)
Values = NDArray[np.float64]

STEPS = 8  # by which pixels go: an eighth of them each
CENTRED = 1 / 4  # of the side: standard deviation of the map that looks at the middle of every face


@dataclass(frozen=True, eq=False)
class Curves:
    """The answer while pixels go (`deletion`) and come (`insertion`), from none of them to all: (steps + 1,) each."""

    deletion: Values
    insertion: Values

    @property
    def deletion_area(self) -> float:
        """Under the curve, over the share of pixels 0..1; the less the better."""
        return area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Under the curve, over the share of pixels 0..1; the more the better."""
        return area(self.insertion)

    @property
    def score(self) -> float:
        """Insertion less deletion: 0 for a map that says nothing, the more the better."""
        return self.insertion_area - self.deletion_area


def area(curve: Values) -> float:
    """Under a curve of evenly spaced points, by trapezoids; the whole way is 1."""
    return float((curve[1:] + curve[:-1]).mean() / 2)


def curves_of(
    answer: Answer, crop: ImageArray, values: FloatArray, fill: FloatArray, *, steps: int = STEPS, seed: int = 0
) -> Curves:
    """The two curves of a map.

    Args:
        answer: the share of the label that the map explains.
        crop: (S, S).
        values: (S, S) the map, signed: what speaks for the label most goes first.
        fill: (S, S) what is seen where a pixel is gone.
        steps: in which the pixels go.
        seed: draws the order of pixels that the map holds equal.
    """
    keys = when_gone(values, seed) * steps / values.size  # a pixel is gone after step k if its key is below k
    gone = keys[None] < np.arange(1, steps)[:, None, None]
    whole = crop.astype(np.float32)
    ends = np.stack([whole, fill.astype(np.float32)])
    said = answer(np.concatenate([ends, np.where(gone, fill, whole), np.where(gone, whole, fill)]).astype(np.float32))
    full, none, between = float(said[0]), float(said[1]), said[2:].astype(np.float64)
    return Curves(np.r_[full, between[: steps - 1], none], np.r_[none, between[steps - 1 :], full])


def when_gone(values: FloatArray, seed: int = 0) -> NDArray[np.int64]:
    """The turn of each pixel, 0 for the highest value; equal ones in an order drawn by the seed. (S, S)."""
    drawn = np.random.default_rng(seed).permutation(values.size)
    order = np.lexsort((drawn, -values.ravel().astype(np.float64)))
    turns = np.empty(values.size, np.int64)
    turns[order] = np.arange(values.size)
    return turns.reshape(values.shape)


# --- maps that have not seen the face ---------------------------------------------------------------------------


def random_map(side: int, seed: int = 0) -> FloatArray:
    """Noise, pixel by pixel."""
    return np.random.default_rng(seed).random((side, side), np.float32)


def centred_map(side: int) -> FloatArray:
    """A Gaussian in the middle, where most of a face is."""
    squares = ((np.arange(side) + 0.5) / side - 0.5) ** 2
    return np.exp(-(squares[:, None] + squares) / (2 * CENTRED**2)).astype(np.float32)


def mean_map(maps: list[FloatArray]) -> FloatArray:
    """The mean of a method's maps, each scaled to a largest size of 1: where it looks, whoever the face is."""
    peaks = [max(float(np.abs(one).max()), 1e-12) for one in maps]
    return np.asarray(np.mean([one / peak for one, peak in zip(maps, peaks, strict=True)], 0), np.float32)


# --- the judgement ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lead:
    """By how much a method's mean score is above a control's on the same faces, with a 95 % interval."""

    by: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low > 0


def lead(method: Values, control: Values, *, draws: int = DRAWS, seed: int = 0) -> Lead:
    """The lead of a method over a control, paired face by face (N,); bootstrap over the faces (Efron 1979)."""
    each = np.asarray(method, np.float64) - np.asarray(control, np.float64)
    picked = np.random.default_rng(seed).integers(0, len(each), (draws, len(each)))
    ends = interval(each[picked].mean(1))
    assert ends is not None  # none of the scores is NaN
    return Lead(float(each.mean()), ends[0], ends[1])


def beats_all(method: Values, controls: Mapping[str, Values]) -> bool:
    """Whether a method is certainly better than each control; one that is not is marked where it is offered."""
    return all(lead(method, one).is_certain for one in controls.values())
