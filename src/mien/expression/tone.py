"""A coarse reading beside the word: does a face look positive, neutral or negative?

The votes are summed by what they say (happy is positive; sad, angry, disgust, fear and contempt are negative), and a
softmax over the logarithms of the three sums, with one slope and two offsets, makes of them the probability of each:
Dirichlet calibration (Kull et al. 2019) held to one slope, so that more votes for a tone never make it less likely.
The three numbers are fitted on faces that the network has not seen, and stand on the model's card. Pure numpy.

Surprise is none of the three. It is left out of the sums, so a surprised face is read by its other votes, and is
never called sure. `only_tone` makes a Reading that speaks of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import ModelError
from mien.expression.calibrate import SURE
from mien.expression.doubts import DISAGREE
from mien.types import Expression, FloatArray, Reading, Tone

Array = NDArray[np.float64]

TONES = ("positive", "neutral", "negative")
LABELS = {
    "positive": ("happy",),
    "neutral": ("neutral",),
    "negative": ("sad", "angry", "disgust", "fear", "contempt"),
}
SURPRISE = "surprise"
EITHER = "can be either"  # the doubt about a surprised face
LEAST_SHARE = 1e-4  # of a tone: a network says less only of what it has hardly ever seen
RIDGE = 0.01  # penalty on the three numbers, in faces: only against faces that can be told apart without an error
STEPS = 100  # of Newton's method, which needs about ten


def tone_of_label(label: str) -> str | None:
    """Which tone a label says; None for surprise and for answers that name no expression."""
    return next((tone for tone, labels in LABELS.items() if label in labels), None)


def summed(votes: FloatArray, labels: Sequence[str]) -> Array:
    """Votes (N, V) summed to shares of TONES, rows sum to 1; a third each where nobody named one of them. (N, 3)."""
    member = np.array([[label in LABELS[tone] for tone in TONES] for label in labels], np.float64)
    sums = np.asarray(votes, np.float64) @ member
    total = sums.sum(1, keepdims=True)
    return np.asarray(np.divide(sums, total, out=np.full_like(sums, 1 / len(TONES)), where=total > 0))


@dataclass(frozen=True)
class ToneCalibration:
    """From summed votes to probabilities: softmax(slope * log(share) + offset), the neutral offset being 0."""

    slope: float
    positive: float
    negative: float

    def __call__(self, shares: Array) -> Array:
        """The probability of each tone from its share of the votes: (N, 3) both, in the order of TONES."""
        return _softmax(_features(shares) @ np.array([self.slope, self.positive, self.negative]))

    def to_dict(self) -> dict[str, Any]:
        """For the model's card."""
        numbers = {"slope": self.slope, "positive": self.positive, "negative": self.negative}
        return {"kind": "softmax on summed votes", **{name: round(value, 5) for name, value in numbers.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ToneCalibration:
        """The inverse of `to_dict`; ModelError if it is of another kind."""
        try:
            numbers = [float(data[name]) for name in ("slope", "positive", "negative")]
            if not np.isfinite(numbers).all() or numbers[0] <= 0:
                raise ValueError
            return cls(*numbers)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("the card's tone is of another kind: fit it again (mien calibrate)") from error


def fit_tone(shares: Array, truth: NDArray[np.int64]) -> ToneCalibration:
    """The calibration that makes the true tones likeliest, by Newton's method (the loss is convex).

    Args:
        shares: (N, 3) of `summed`.
        truth: (N,) index into TONES.
    """
    rows = _features(shares)
    weights = np.array([1.0, 0.0, 0.0])
    for _ in range(STEPS):
        said = _softmax(rows @ weights)
        mean = np.einsum("nk,nkf->nf", said, rows)
        slope = (rows[np.arange(len(rows)), truth] - mean).sum(0) - RIDGE * weights
        bend = np.einsum("nk,nkf,nkg->fg", said, rows, rows) - mean.T @ mean + RIDGE * np.eye(3)
        step = np.clip(np.linalg.solve(bend, slope), -1, 1)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return ToneCalibration(max(float(weights[0]), 1e-3), float(weights[1]), float(weights[2]))


def tone_of(shares: Array, expression: Expression) -> Tone:
    """The tone of one face.

    Args:
        shares: (3,) what `ToneCalibration` gives.
        expression: what was read of the face: reasons against it are reasons against the tone, but for people who
            would disagree about the word alone.
    """
    index = int(shares.argmax())
    confidence = float(shares[index])
    is_sure = confidence >= SURE and not is_doubted(expression)
    return Tone(TONES[index], confidence, is_sure, dict(zip(TONES, map(float, shares), strict=True)))


def is_doubted(expression: Expression) -> bool:
    """Whether something else than a disagreement about words speaks against a face's tone: the picture, or surprise."""
    return bool(_doubts_of_picture(expression)) or _is_surprised(expression)


def only_tone(reading: Reading) -> Reading:
    """The Reading with each face's tone in the place of its word: to be said, drawn and listed as any other.

    The votes of a tone are those of its words. Faces whose model knows no tone stay as they are.
    """
    faces = [replace(face, expression=_in_tone(face.expression)) for face in reading.faces]
    return replace(reading, faces=tuple(faces))


def _in_tone(expression: Expression | None) -> Expression | None:
    if expression is None or expression.tone is None:
        return expression
    said = expression.tone
    doubts = _doubts_of_picture(expression) + ([EITHER] if _is_surprised(expression) else [])
    if not said.sure and not doubts:
        doubts = [DISAGREE]
    votes = {tone: sum(expression.votes.get(label, 0.0) for label in LABELS[tone]) for tone in TONES}
    votes |= {label: share for label, share in expression.votes.items() if tone_of_label(label) is None}
    return replace(
        expression,
        label=said.label,
        confidence=said.confidence,
        sure=said.sure,
        votes=votes,
        doubts=tuple(doubts),
    )


def _doubts_of_picture(expression: Expression) -> list[str]:
    return [doubt for doubt in expression.doubts if doubt != DISAGREE]


def _is_surprised(expression: Expression) -> bool:
    """Whether surprise leads, or is what is shown while it did."""
    return expression.label == SURPRISE or expression.votes.get(SURPRISE, 0.0) >= max(expression.votes.values())


def _features(shares: Array) -> Array:
    """What each tone of each face is judged by: (N, 3 tones, 3 numbers)."""
    logs = np.log(np.clip(shares, LEAST_SHARE, 1))
    offsets = np.broadcast_to(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), (*logs.shape, 2))
    return np.concatenate([logs[..., None], offsets], axis=2)


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))
