"""Face and posture together: two opinions about one tone, joined with weights that were measured.

The joint opinion is the logarithmic pool (Genest and Zidek 1986): the product of the opinions, each to the power of its
weight, made to sum to one. What a posture model says is first divided by how often each tone occurred in its rows, so
that only what the posture adds counts: with weight 1 that is Bayes' rule for two witnesses who are independent given
the tone; lower weights stand for witnesses who are not, or are too sure of themselves. A face counts with weight 1, as
its tone was calibrated by itself; the posture's weight is the one with the least log-loss on people held out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mien.body.posture import LEAST_SHARE, TONES, Array, PostureModel, PostureWindow, features_of, tone_of
from mien.types import Expression, Face, Pose, Tone

UNIFORM = np.full(len(TONES), 1 / len(TONES))

Opinion = tuple[Array, float]  # shares (..., 3), and their weight


def pooled(opinions: Sequence[Opinion]) -> Array:
    """The logarithmic pool of opinions of equal shape (..., 3); their order does not matter, weight 0 counts nothing.

    A single opinion of weight 1 comes back as it is; without any, all tones are as likely.
    """
    counting = [(np.asarray(shares, np.float64), weight) for shares, weight in opinions if weight]
    if not counting:
        return UNIFORM if not opinions else np.broadcast_to(UNIFORM, np.shape(opinions[0][0])).copy()
    if len(counting) == 1 and counting[0][1] == 1:
        return counting[0][0]
    logs = sum(weight * np.log(np.maximum(shares, LEAST_SHARE)) for shares, weight in counting)
    raised = np.exp(logs - np.max(logs, axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def beside_prior(shares: Array, prior: Array) -> Array:
    """An opinion (..., 3) without what its prior (3,) says: what the evidence alone adds."""
    rest = np.maximum(shares, LEAST_SHARE) / prior
    return np.asarray(rest / rest.sum(-1, keepdims=True))


def together(
    face: Tone | None, posture: Array | None, model: PostureModel | None, *, is_doubted: bool = False
) -> Tone | None:
    """What face and posture say together.

    Args:
        face: the face's tone; None where it is not seen or not read.
        posture: (3,) what the model says of the posture; None where no body is seen.
        model: that model.
        is_doubted: whether something else than its votes speaks against the face: dark, turned away, surprised.

    Returns:
        The face's tone, unchanged, where there is no posture or where it counts nothing; the posture's where there is
        no face. A face that is doubted keeps the joint opinion from being called sure.
    """
    if posture is None or model is None or (face is not None and model.weight == 0):
        return face
    if face is None:
        return tone_of(posture)
    shares = np.array([face.shares[tone] for tone in TONES])
    said = tone_of(pooled([(shares, 1.0), (beside_prior(posture, model.prior), model.weight)]))
    return Tone(said.label, said.confidence, said.sure and not is_doubted, said.shares)


class PostureReader:
    """Says of the poses of one stream, or of stills, what a posture model says of them, alone and with their faces.

    Args:
        model: of the posture.
        is_doubted: whether something else than its votes speaks against what was read of a face.
    """

    def __init__(self, model: PostureModel, is_doubted: Callable[[Expression], bool]) -> None:
        self._model, self._is_doubted, self._window = model, is_doubted, PostureWindow()

    def reset(self) -> None:
        """Forget the stream."""
        self._window.reset()

    def read(self, pose: Pose, face: Face | None, time_s: float | None) -> Pose:
        """The pose with `tone` and `together`; as it is where no feature is seen. `time_s` is None for a still."""
        features = features_of(pose) if time_s is None else self._window.update(pose, time_s)
        if np.isnan(features).all():
            return pose
        said = self._model(features)
        read = face.expression if face is not None else None
        if read is None:
            return replace(pose, tone=tone_of(said), together=together(None, said, self._model))
        joined = together(read.tone, said, self._model, is_doubted=self._is_doubted(read))
        return replace(pose, tone=tone_of(said), together=joined)
