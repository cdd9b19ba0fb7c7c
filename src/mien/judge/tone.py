"""How well a model tells positive, neutral and negative faces apart, and the calibration of it.

The truth is FERPlus's official majority label, taken as a tone. Faces with a majority for surprise have none; nor have
those whose votes FERPlus drops. It runs no network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import faceset
from mien.data.faceset import EXPRESSIONS, FaceSet
from mien.expression import calibrate
from mien.expression.tone import SURPRISE, TONES, Array, ToneCalibration, fit_tone, summed, tone_of_label
from mien.judge import intervals, scores
from mien.judge.scores import Scores
from mien.models import ModelCard
from mien.types import FloatArray

SUREST = 0.8  # share of the faces whose accuracy is named
LEAST_FACES = 30  # of each tone, to fit on: three numbers
LEAST_OTHERS = 2  # votes beside surprise that say something

Said = tuple[FaceSet, FloatArray]  # faces, and a model's votes on them (N, V)

_OF_LABEL = [tone_of_label(label) for label in EXPRESSIONS]
_INDEX = np.array([*(TONES.index(tone) if tone else -1 for tone in _OF_LABEL), -1])


def truth_of(faces: FaceSet) -> NDArray[np.int64]:
    """Which of TONES most people's word says, by FERPlus's official majority: (N,), -1 where there is none."""
    return np.asarray(_INDEX[faceset.majority(faces.votes)])


def fitted(card: ModelCard, faces: FaceSet, votes: FloatArray) -> ToneCalibration | None:
    """The calibration of a model's tone on faces that it was not trained on; None where they are too few.

    Args:
        card: of the model.
        faces: that were not trained on.
        votes: (N, V) what the model says of them, in the order of the card.
    """
    truth = truth_of(faces)
    known = truth >= 0
    if np.bincount(truth[known], minlength=len(TONES)).min() < LEAST_FACES:
        return None
    return fit_tone(summed(votes[known], card.votes), truth[known])


def judged(card: ModelCard, faces: FaceSet, votes: FloatArray) -> dict[str, Any] | None:
    """Scores of the tone that the card's calibration gives; None where the card has none, or no face has a truth.

    Returns:
        `{rule, n, accuracy, ..., interval, surest{covered, right, threshold, interval}, ece, ece_by_chance, log_loss,
        coverage, surprised}`: see `Scores.to_dict`, `scores.coverage` and `surprised`.
    """
    truth = truth_of(faces)
    known = truth >= 0
    if not card.tone or not card.votes or not known.any():
        return None
    shares = ToneCalibration.from_dict(card.tone)(summed(votes, card.votes))
    return measured(shares[known], truth[known]) | {"surprised": surprised(shares, faces)}


def measured(shares: Array, truth: NDArray[np.int64]) -> dict[str, Any]:
    """Scores of tones (N, 3) against what is true (N,), without those of surprised faces; see `judged`."""
    confidence, right = shares.max(1), (shares.argmax(1) == truth).astype(np.float64)
    whole = Scores.of(TONES, truth, shares.argmax(1))
    top = np.argsort(-confidence, kind="stable")[: max(1, round(SUREST * len(truth)))]
    surest = Scores.of(TONES, truth[top], shares[top].argmax(1))
    return {
        "rule": "ferplus-majority, surprise left out",
        **whole.to_dict(),
        "interval": intervals.intervals_of(whole)["accuracy"],
        "surest": {
            "covered": SUREST,
            "right": round(surest.accuracy, 4),
            "threshold": round(float(confidence[top].min()), 4),
            "interval": intervals.intervals_of(surest)["accuracy"],
        },
        "ece": round(calibrate.binned_error(confidence, right), 4),
        "ece_by_chance": round(calibrate.chance_error(confidence), 4),
        "log_loss": round(float(-np.log(shares[np.arange(len(truth)), truth]).mean()), 4),
        "coverage": [
            {"covered": round(one.covered, 4), "right": round(one.right, 4), "threshold": round(one.threshold, 4)}
            for one in scores.coverage(confidence, right)
        ],
    }


def surprised(shares: Array, faces: FaceSet) -> dict[str, Any]:
    """What the tone (N, 3) says of faces with a majority for surprise, where the other people agree on one.

    `faces` have that majority, on `n` of them at least LEAST_OTHERS other votes say a tone, more than half of these the
    same: `right` is how often it is the model's, `confidence` how sure it was on average.
    """
    which = faceset.majority(faces.votes) == EXPRESSIONS.index(SURPRISE)
    others = faces.votes[which][:, : len(EXPRESSIONS)] @ (_INDEX[:-1, None] == np.arange(len(TONES)))
    agreed = (others.sum(1) >= LEAST_OTHERS) & (2 * others.max(1) > others.sum(1))
    said = shares[which][agreed]
    right = said.argmax(1) == others[agreed].argmax(1)
    return {
        "faces": int(which.sum()),
        "n": int(agreed.sum()),
        "right": round(float(right.mean()), 4) if agreed.any() else None,
        "confidence": round(float(said.max(1).mean()), 4) if agreed.any() else None,
    }


def for_card(card: ModelCard, held: Said, checked: Said) -> dict[str, Any]:
    """What a card holds of the tone: the calibration fitted on `held`, and how it does on the faces `checked`.

    Empty where there are too few faces to fit it on, or none to check it by.
    """
    calibration = fitted(card, *held)
    truth = truth_of(checked[0])
    known = truth >= 0
    if calibration is None or not known.any():
        return {}
    found = measured(calibration(summed(checked[1], card.votes))[known], truth[known])
    surest = found["surest"]
    return {
        **calibration.to_dict(),
        "fitted_on": int((truth_of(held[0]) >= 0).sum()),
        "validation": {
            "split": str(checked[0].splits[0]),
            **{name: found[name] for name in ("n", "accuracy", "interval", "ece", "ece_by_chance", "log_loss")},
            "right_of_surest_80": surest["right"],
            "interval_of_surest_80": surest["interval"],
        },
    }
