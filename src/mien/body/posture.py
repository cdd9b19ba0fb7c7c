"""What a posture says by a trained model: features of the pose, and their way to positive, neutral or negative.

Features are angles and distances in body units, alike for a mirrored body, and how much head, hands and shoulders have
moved of late. A model is `posture.json` alone: numbers, and a card of who taught it (`mien train-posture`). None comes
with Mien. Pure numpy; it knows no pictures. Try: `PostureModel.load(folder)(features_of(pose))`.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.body.skeleton import EARS, ELBOWS, HIPS, SHOULDERS, WRISTS, Head, Point, Skeleton
from mien.errors import ModelError
from mien.types import Pose, Tone

Array = NDArray[np.float64]

TONES = ("positive", "neutral", "negative")
STILL_FEATURES = (
    "elbow_deg", "elbows_differ_deg", "wrist_v", "wrists_differ_v", "wrists_apart", "wrists_crossed", "hand_to_nose",
    "elbows_apart", "nose_v", "ear_v", "shoulders_tilt_deg", "trunk_length", "facing", "head_roll_deg", "head_yaw_deg",
    "head_pitch_deg", "head_size",
)  # fmt: skip
MOTION_FEATURES = ("head_speed", "hands_speed", "shoulders_speed")  # shoulder widths a second
FEATURES = (*STILL_FEATURES, *MOTION_FEATURES)
MOTION_S = 2.0  # over which movement is taken: a gesture lasts about a second
STEP_S = 0.1  # between two places that are compared: alike for 10 and 60 frames a second
LEAST_MOTION_S = 0.5  # watched for less, a speed is not known
FORGET_S = 3.0  # gone for so long, a person is forgotten, as the tracker does
FILE, KIND = "posture.json", "posture, multinomial logistic"
LEAST_SHARE = 1e-3  # of any tone: a few people cannot teach more certainty
SURE = 0.6  # least confidence that is called sure, as for the face


def features_of(pose: Pose) -> Array:
    """The features of one moment, in the order of FEATURES, NaN where what they need is not seen: (F,).

    Movement is not known of one moment: see `PostureWindow`.
    """
    found = dict.fromkeys(FEATURES, math.nan)
    body = Skeleton(pose)
    if body.is_measurable:
        found |= _arms(body) | _trunk(body) | _head(body)
    return np.array([found[name] for name in FEATURES])


def _arms(body: Skeleton) -> dict[str, float]:
    found: dict[str, float] = {}
    bends = [_bend(body, *arm) for arm in zip(SHOULDERS, ELBOWS, WRISTS, strict=True)]
    known = [bend for bend in bends if not math.isnan(bend)]
    hands = body.seen(WRISTS)
    if known:
        found["elbow_deg"] = sum(known) / len(known)
    if len(known) == 2:
        found["elbows_differ_deg"] = abs(known[0] - known[1])
    if hands:
        found["wrist_v"] = sum(body.at(hand).imag for hand in hands) / len(hands)
        if body.sees(Point.NOSE):
            found["hand_to_nose"] = min(abs(body.at(hand) - body.at(Point.NOSE)) for hand in hands)
    if len(hands) == 2:
        left, right = (body.at(hand) for hand in WRISTS)
        found["wrists_differ_v"] = abs(left.imag - right.imag)
        found["wrists_apart"] = abs(left - right)
        # Below 0: the hands have changed sides. A body seen from behind has its left on the left.
        found["wrists_crossed"] = math.copysign(1, body.facing) * (left.real - right.real)
    if body.sees(*ELBOWS):
        found["elbows_apart"] = abs(body.at(ELBOWS[0]) - body.at(ELBOWS[1]))
    return found


def _bend(body: Skeleton, shoulder: int, elbow: int, wrist: int) -> float:
    """The angle at an elbow: 180 for a straight arm; NaN where it is not seen."""
    if not body.sees(shoulder, elbow, wrist):
        return math.nan
    one, two = body.at(shoulder) - body.at(elbow), body.at(wrist) - body.at(elbow)
    if one == 0 or two == 0:
        return math.nan
    return math.degrees(math.acos(max(-1.0, min(1.0, (one * two.conjugate()).real / abs(one) / abs(two)))))


def _trunk(body: Skeleton) -> dict[str, float]:
    line = body.px(SHOULDERS[0]) - body.px(SHOULDERS[1])
    found = {"shoulders_tilt_deg": math.degrees(math.atan2(abs(line.imag), abs(line.real))), "facing": body.facing}
    if body.sees(*HIPS):  # what leans to or from the camera looks shorter; the pose's z would tell too little
        found["trunk_length"] = abs(body.trunk_px) / body.unit_px
    if body.head_px is not None:
        found["head_size"] = body.head_px / body.unit_px
    return found


def _head(body: Skeleton) -> dict[str, float]:
    found: dict[str, float] = {}
    if body.sees(Point.NOSE):
        found["nose_v"] = body.at(Point.NOSE).imag
    if ears := body.seen(EARS):
        found["ear_v"] = sum(body.at(ear).imag for ear in ears) / len(ears)
    head = Head(body)
    if head.is_seen:
        found["head_roll_deg"], found["head_yaw_deg"] = abs(head.roll_deg), abs(head.yaw_deg)
        found["head_pitch_deg"] = head.pitch_deg
    return found


class PostureWindow:
    """The features of the people of one stream, movement among them; by seconds, whatever the frame rate."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._people: dict[int | None, deque[_Moment]] = {}
        self._latest_s = -math.inf

    def update(self, pose: Pose, time_s: float) -> Array:
        """Take in a pose and give its features (F,); a time before the latest (a seek) begins anew for everyone."""
        if time_s < self._latest_s:
            self.reset()
        self._latest_s = time_s
        self._people = {who: seen for who, seen in self._people.items() if time_s - seen[-1].time_s <= FORGET_S}
        body, features = Skeleton(pose), features_of(pose)
        if not body.is_measurable:
            return features
        seen = self._people.setdefault(pose.track_id, deque())
        if not seen or time_s - seen[-1].time_s >= STEP_S - 1e-6:
            seen.append(_moment(body, time_s))
        while time_s - seen[0].time_s > MOTION_S:
            seen.popleft()
        for name in MOTION_FEATURES:
            features[FEATURES.index(name)] = _speed(seen, name)
        return features


@dataclass(frozen=True)
class _Moment:
    """Where the parts are that movement is taken of, px in the picture, and a shoulder width, px."""

    time_s: float
    unit_px: float
    places: Mapping[str, complex]


def _moment(body: Skeleton, time_s: float) -> _Moment:
    parts = {"head_speed": (Point.NOSE,), "hands_speed": WRISTS, "shoulders_speed": SHOULDERS}
    places = {name: body.px(*points) for name, points in parts.items() if body.sees(*points)}
    return _Moment(time_s, body.unit_px, places)


def _speed(seen: Sequence[_Moment], name: str) -> float:
    """The way of a part, in shoulder widths, by the time it took; NaN where it was not seen for long enough.

    Each step is measured by the width in the middle of it: places by each moment's own width would make a body that
    sways to and fro seem to move the more, the further from the corner of the picture it is.
    """
    known = [one for one in seen if name in one.places]
    if len(known) < 2 or known[-1].time_s - known[0].time_s < LEAST_MOTION_S - 1e-6:
        return math.nan
    way = sum(
        abs(two.places[name] - one.places[name]) / ((one.unit_px + two.unit_px) / 2)
        for one, two in itertools.pairwise(known)
    )
    return way / (known[-1].time_s - known[0].time_s)


@dataclass(frozen=True, eq=False)
class PostureModel:
    """A multinomial logistic regression over FEATURES, which unknown ones do not move.

    `mean` and `scale` (F,) standardise, `weights` (3, F) and `bias` (3,) are those of TONES. `prior` (3,) is how often
    each tone occurred among the rows, `weight` (0..1) how much the posture counts beside a face, as measured on people
    held out; `card` says who taught it and what came of it.
    """

    mean: Array
    scale: Array
    weights: Array
    bias: Array
    prior: Array
    weight: float
    card: Mapping[str, Any]

    def __call__(self, features: Array) -> Array:
        """The probability of each tone: (3,) from (F,), or (N, 3) from (N, F)."""
        rows = np.nan_to_num((np.atleast_2d(features) - self.mean) / self.scale, nan=0.0)
        scores = rows @ self.weights.T + self.bias
        raised = np.exp(scores - scores.max(1, keepdims=True))
        shares = raised / raised.sum(1, keepdims=True)
        return np.asarray(shares[0] if np.ndim(features) == 1 else shares)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "scale", "weights", "bias", "prior")}
        return {"kind": KIND, "features": list(FEATURES), "tones": list(TONES), **arrays, "weight": self.weight,
                "card": dict(self.card)}  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PostureModel:
        """The inverse of `to_dict`; ModelError if it is of another kind."""
        try:
            if data["kind"] != KIND or tuple(data["features"]) != FEATURES or tuple(data["tones"]) != TONES:
                raise ValueError("other features")
            count, arrays = len(FEATURES), {}
            shapes = {"mean": (count,), "scale": (count,), "weights": (3, count), "bias": (3,), "prior": (3,)}
            for name, shape in shapes.items():
                arrays[name] = np.asarray(data[name], np.float64)
                if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                    raise ValueError(name)
            weight = float(data["weight"])
            if not 0 <= weight <= 1 or (arrays["scale"] <= 0).any() or (arrays["prior"] <= 0).any():
                raise ValueError("weight")
            return cls(**arrays, weight=weight, card=dict(data["card"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("the posture model is broken or of another kind: train it again "
                             "(mien train-posture)") from error  # fmt: skip

    @classmethod
    def load(cls, folder: Path) -> PostureModel:
        """Read `posture.json` of a folder; ModelError where it is missing or broken."""
        try:
            return cls.from_dict(json.loads((folder / FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ModelError(f"{folder} holds no {FILE}: name a folder that 'mien train-posture' wrote") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{folder / FILE} cannot be read: {str(error).splitlines()[0][:120]}") from error


def tone_of(shares: Array) -> Tone:
    """The Tone of three probabilities in the order of TONES."""
    index = int(shares.argmax())
    confidence = float(shares[index])
    return Tone(TONES[index], confidence, confidence >= SURE, dict(zip(TONES, map(float, shares), strict=True)))
