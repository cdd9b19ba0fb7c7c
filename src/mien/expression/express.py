"""From crops of faces to what people would say: votes, steadied in a stream, calibrated, with doubts and a tone.

One reader serves one stream or any number of stills. It knows nothing of finding faces. Try:
`ExpressionReader(Classifier(folder)).read(crops, faces, (width, height))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mien import images
from mien.errors import ModelError
from mien.expression import doubts, heat
from mien.expression.calibrate import SURE, Calibration, evidence
from mien.expression.classify import Classifier
from mien.expression.doubts import CoveredProbe
from mien.expression.steady import HOLD_S, SMOOTHING_S, Steadier
from mien.expression.tone import ToneCalibration, summed, tone_of
from mien.types import Expression, Face, FloatArray, ImageArray

NOT_A_FACE = 0.5  # share of people beyond which a face is dropped
PLEASANT = {"happy": 1.0, "sad": -1.0, "angry": -1.0, "disgust": -1.0, "fear": -1.0, "contempt": -1.0}


class ExpressionReader:
    """Says of faces what people would.

    Args:
        classifier: of a model folder with a votes head.
        smoothing_s: time constant of the smoothing along a track; 0 switches it off.
        hold_s: how long a new word must lead before it is said; 0 switches it off.

    Raises:
        ModelError: the model gives no votes, or its card does not fit it.
    """

    def __init__(self, classifier: Classifier, *, smoothing_s: float = SMOOTHING_S, hold_s: float = HOLD_S) -> None:
        card = classifier.card
        if not card.votes:
            raise ModelError(f"{card.name} gives no votes, only FER2013's classes: it can be judged (mien evaluate), "
                             "but not read with; name another model")  # fmt: skip
        self.classifier = classifier
        self._head = classifier.head("votes")
        self._calibration = Calibration.from_dict(card.confidence)
        self._probe = CoveredProbe(card.covered)
        self._tone = ToneCalibration.from_dict(card.tone) if card.tone else None
        self._steadier = Steadier(smoothing_s, hold_s, expressions=len(card.expressions))
        blank = np.zeros((1, card.input_size, card.input_size), np.uint8)
        self._probe(classifier(blank).features)  # says now if it does not fit

    @property
    def has_tone(self) -> bool:
        """Whether the model's card has the calibration of positive, neutral and negative."""
        return self._tone is not None

    def reset(self) -> None:
        """Forget the stream."""
        self._steadier.reset()

    def crops(self, image: ImageArray, faces: Sequence[Face]) -> ImageArray:
        """What the network gets to see of each face: (N, S, S) uint8 grey."""
        size, geometry = self.classifier.card.input_size, self.classifier.geometry
        return np.stack([images.crop_face(image, face.keypoints, size, geometry_=geometry) for face in faces])

    def read(
        self, crops: ImageArray, faces: Sequence[Face], size: tuple[int, int], *, time_s: float | None = None
    ) -> tuple[list[Expression | None], FloatArray]:
        """Read the crops of some faces of one frame.

        Args:
            crops: (N, S, S) uint8 grey, N >= 1.
            faces: where they were found; in a stream each has its `track_id`.
            size: width and height of the frame, px.
            time_s: of the frame in its stream, whose words are steadied; None for a still.

        Returns:
            An expression for each face, None for what most people would call no face; and the last feature map of
            each (N, C, h, w), from which heat-maps are made.
        """
        answer = self.classifier(crops)
        votes, classes = answer.votes.copy(), answer.fer2013.copy()
        count = len(self.classifier.card.expressions)
        labels = votes[:, :count].argmax(1)
        if time_s is not None:
            for row, face in enumerate(faces):
                assert face.track_id is not None  # the tracker names everyone
                steady = self._steadier.update(face.track_id, time_s, votes=votes[row], fer2013=classes[row])
                votes[row], classes[row], labels[row] = steady.votes, steady.fer2013, steady.shown
        confidence = self._calibration(evidence(votes, labels, doubts.crop_quality(crops), count))
        covered = self._probe(answer.features)
        read: list[Expression | None] = []
        for row, face in enumerate(faces):
            doubted = doubts.of_picture(face, crops[row], size)
            if covered[row] > doubts.COVERED_FROM and doubts.TURNED_AWAY not in doubted:  # a turned face hides itself
                doubted.append(doubts.COVERED)
            expression = self._expression(votes[row], classes[row], int(labels[row]), float(confidence[row]), doubted)
            read.append(expression if expression.votes.get("not a face", 0.0) <= NOT_A_FACE else None)
        return read, answer.features

    def heat(self, features: FloatArray, label: str) -> FloatArray | None:
        """Where what speaks for a label was seen: (h, w) over the crop whose feature map (C, h, w) `read` gave.

        None where the model file cannot tell (`Classifier.weights`).
        """
        if self._head is None:
            return None
        return heat.heat(features, self._head.weight, self.classifier.card.votes.index(label))

    def _expression(
        self, votes: FloatArray, classes: FloatArray, label: int, confidence: float, doubted: list[str]
    ) -> Expression:
        card = self.classifier.card
        shares = dict(zip(card.votes, map(float, votes), strict=True))
        name = card.votes[label]
        doubted = doubted + doubts.of_votes(shares, name)
        if confidence < SURE and not doubted:
            doubted.append(doubts.DISAGREE)
        expression = Expression(
            label=name,
            confidence=confidence,
            sure=not doubted,
            votes=shares,
            fer2013=dict(zip(card.fer2013, map(float, classes), strict=True)),
            doubts=tuple(doubted),
            valence=valence(shares),
        )
        if self._tone is None:
            return expression
        return replace(expression, tone=tone_of(self._tone(summed(votes[None], card.votes))[0], expression))


def valence(votes: dict[str, float]) -> float:
    """How positive the votes are, -1..1: happy against sad, angry, disgust, fear and contempt.

    Neutral and surprise, which can be either, count as nothing, and so do people who named no expression.
    """
    return sum(PLEASANT.get(label, 0.0) * share for label, share in votes.items())
