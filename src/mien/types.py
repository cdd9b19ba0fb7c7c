"""The nouns that every stage fills and passes on: Frame -> Face -> Expression -> Reading.

All are frozen; `dataclasses.replace` makes a changed copy. Pixels live in `Frame` alone; a `Reading` is plain
facts and goes to JSON and back without loss. Nothing here knows how faces are found or read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ImageArray = NDArray[np.uint8]

Noun = TypeVar("Noun")
Progress = Callable[[int, int], None]  # called with what is done and what there is to do


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture on its way through.

    `image` is (H, W, 3) uint8 RGB. `index` counts the frames of the source from 0, `time_s` is seconds from its
    beginning, `source` names it. `focal_px` is the focal length of the camera in pixels of this picture, and
    `duration_s` how long a clip shows it, where they are known.
    """

    image: ImageArray
    index: int = 0
    time_s: float = 0.0
    source: str = ""
    focal_px: float | None = None
    duration_s: float | None = None

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"a frame's image is (H, W, 3) uint8 with H, W > 0; got {image.shape} {image.dtype}")

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.image.shape[0])


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, origin top left, x2 and y2 exclusive."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not (self.x2 >= self.x1 and self.y2 >= self.y1):
            raise ValueError(f"a box needs x2 >= x1 and y2 >= y1, all finite; got {self}")

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.y2 - self.y1

    @property
    def side(self) -> float:
        """The longer side in pixels."""
        return max(self.width, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle (x, y)."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def to_list(self) -> list[float]:
        """[x1, y1, x2, y2]."""
        return [self.x1, self.y1, self.x2, self.y2]


@dataclass(frozen=True)
class Distance:
    """How far a face is from the camera, in centimetres: the best guess, and the range that holds it 9 times in 10."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As plain JSON values, in tenths."""
        return {name: round(getattr(self, name), 1) for name in ("value", "low", "high")}

    @classmethod
    def from_dict(cls, data: Mapping[str, float]) -> Distance:
        """The inverse of `to_dict`."""
        return cls(data["value"], data["low"], data["high"])


@dataclass(frozen=True)
class Tone:
    """A coarse reading: 'positive', 'neutral' or 'negative'.

    `shares` is the probability of each (sum 1), `label` the likeliest, `confidence` the calibrated probability that
    `label` is right, `sure` whether that is enough to say it plainly.
    """

    label: str
    confidence: float
    sure: bool
    shares: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, rounded to four digits."""
        return {
            "label": self.label,
            "confidence": round(self.confidence, 4),
            "sure": self.sure,
            "shares": {name: round(share, 4) for name, share in self.shares.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tone:
        """The inverse of `to_dict`."""
        return cls(data["label"], data["confidence"], data["sure"], dict(data["shares"]))


@dataclass(frozen=True)
class Region:
    """What a region of the face had to do with a label.

    `heat` is the share (0..1) of the heat-map that lies on it, `drop` by how much the label's share of votes falls
    when the region is covered (-1..1; below 0 where it rises).
    """

    heat: float
    drop: float


@dataclass(frozen=True)
class Explanation:
    """Why a face was read as it was.

    `text` says it in words, of `label`, one of the votes' ('' in Readings that were kept before it was noted).
    `regions` are those of `faces.regions.REGIONS`, `measures` those of `faces.measures.MEASURES`: how far the face is
    from a neutral one, with sign, in the spread of neutral faces (0: as a neutral face; 2: further than 19 of
    20 neutral ones). Empty where the face has no mesh.
    """

    text: str
    regions: Mapping[str, Region] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    label: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; shares rounded to four digits, measures to two."""
        return {
            "text": self.text,
            "regions": {
                name: {"heat": round(region.heat, 4), "drop": round(region.drop, 4)}
                for name, region in self.regions.items()
            },
            "measures": {name: round(value, 2) for name, value in self.measures.items()},
            "label": self.label,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Explanation:
        """The inverse of `to_dict`."""
        regions = {name: Region(region["heat"], region["drop"]) for name, region in data["regions"].items()}
        return cls(data["text"], regions, dict(data["measures"]), data.get("label", ""))


@dataclass(frozen=True)
class Expression:
    """What people would say of a face. An expression is shown; what is felt, nobody here claims to know.

    `votes` is the share of people (0..1, sum 1) who would choose each label, 'unknown' and 'not a face' among
    them; `fer2013` the probability of each of FER2013's seven classes. `label` is the leading expression of
    `votes` (in a stream the one that led before, until a new one has lasted), `confidence` the calibrated probability
    that most people would choose it, `sure` whether that is enough to say it plainly. `doubts` holds the reasons
    against, most serious first. `valence` runs from -1 (negative) to 1 (positive); `tone` is the same as one of three
    words, with a calibration of its own. `explanation` is None unless it was asked for.
    """

    label: str
    confidence: float
    sure: bool
    votes: Mapping[str, float]
    fer2013: Mapping[str, float]
    doubts: tuple[str, ...] = ()
    valence: float = 0.0
    tone: Tone | None = None
    explanation: Explanation | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; shares rounded to four digits."""
        return {
            "label": self.label,
            "confidence": round(self.confidence, 4),
            "sure": self.sure,
            "doubts": list(self.doubts),
            "votes": {name: round(share, 4) for name, share in self.votes.items()},
            "fer2013": {name: round(share, 4) for name, share in self.fer2013.items()},
            "valence": round(self.valence, 4),
            "tone": self.tone.to_dict() if self.tone else None,
            "explanation": self.explanation.to_dict() if self.explanation else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Expression:
        """The inverse of `to_dict`."""
        return cls(
            label=data["label"],
            confidence=data["confidence"],
            sure=data["sure"],
            votes=dict(data["votes"]),
            fer2013=dict(data["fer2013"]),
            doubts=tuple(data["doubts"]),
            valence=data["valence"],
            tone=_told(Tone.from_dict, data.get("tone")),
            explanation=_told(Explanation.from_dict, data.get("explanation")),
        )


@dataclass(frozen=True, eq=False)
class Face:
    """One face in a frame.

    `box` is upright, around the face from brow to chin. `keypoints` (6, 2) px: right eye, left eye, nose tip,
    mouth, right ear, left ear (the person's right). `mesh` (468, 3) px, z towards the camera negative, or None.
    `roll_deg` turns clockwise in the picture; `yaw_deg` is positive when the face turns to the right of the
    picture; `pitch_deg` is positive when it looks up. `score` is the chance (0..1) that this is a face.
    `track_id` and `expression` are None until the tracker and the classifier fill them, `distance_cm` where it is
    not asked for.
    """

    box: Box
    score: float
    keypoints: FloatArray
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    mesh: FloatArray | None = None
    track_id: int | None = None
    expression: Expression | None = None
    distance_cm: Distance | None = None

    def to_dict(self, *, points: bool = False) -> dict[str, Any]:
        """As plain JSON values: pixels to a tenth, degrees to a tenth; `points` adds keypoints and the mesh."""
        data: dict[str, Any] = {
            "box": [round(v, 1) for v in self.box.to_list()],
            "score": round(self.score, 4),
            "roll_deg": round(self.roll_deg, 1),
            "yaw_deg": round(self.yaw_deg, 1),
            "pitch_deg": round(self.pitch_deg, 1),
            "track_id": self.track_id,
            "expression": self.expression.to_dict() if self.expression else None,
            "distance_cm": self.distance_cm.to_dict() if self.distance_cm else None,
        }
        if points:
            data["keypoints"] = np.asarray(self.keypoints, np.float64).round(1).tolist()
            data["mesh"] = None if self.mesh is None else np.asarray(self.mesh, np.float64).round(1).tolist()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Face:
        """The inverse of `to_dict`; keypoints and mesh are empty where they were left out."""
        mesh = data.get("mesh")
        return cls(
            box=Box(*data["box"]),
            score=data["score"],
            keypoints=np.asarray(data.get("keypoints", []), np.float32).reshape(-1, 2),
            roll_deg=data["roll_deg"],
            yaw_deg=data["yaw_deg"],
            pitch_deg=data["pitch_deg"],
            mesh=None if mesh is None else np.asarray(mesh, np.float32),
            track_id=data["track_id"],
            expression=_told(Expression.from_dict, data["expression"]),
            distance_cm=_told(Distance.from_dict, data.get("distance_cm")),
        )


@dataclass(frozen=True)
class Cue:
    """Something that a body does: 'arms crossed', 'nodding' and the like, which can mean several things.

    `strength` is 0..1, `duration_s` how long it has lasted (0 in a still), `evidence` the numbers of the keypoints
    that show it.
    """

    name: str
    strength: float
    duration_s: float = 0.0
    evidence: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "name": self.name,
            "strength": round(self.strength, 3),
            "duration_s": round(self.duration_s, 2),
            "evidence": list(self.evidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cue:
        """The inverse of `to_dict`."""
        return cls(data["name"], data["strength"], data["duration_s"], tuple(data["evidence"]))


@dataclass(frozen=True, eq=False)
class Pose:
    """One body in a frame, beside the face of the same `track_id` (which may be lost while the body is seen).

    `keypoints` (33, 4): x, y in px, z in px with the hips at 0 and towards the camera negative, visibility 0..1; in
    the order of MediaPipe's pose landmarks (0 nose, 11 and 12 the person's left and right shoulder, ...). `score` is
    the chance (0..1) that a body is there. `tone` is what a posture model says, `together` joined with what the face
    says; None without such a model.
    """

    keypoints: FloatArray
    score: float
    track_id: int | None = None
    cues: tuple[Cue, ...] = ()
    tone: Tone | None = None
    together: Tone | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values: pixels to a tenth, visibility to two digits."""
        points = np.asarray(self.keypoints, np.float64)
        return {
            "track_id": self.track_id,
            "score": round(self.score, 4),
            "keypoints": [[*map(float, row[:3].round(1)), round(float(row[3]), 2)] for row in points],
            "cues": [cue.to_dict() for cue in self.cues],
            "tone": self.tone.to_dict() if self.tone else None,
            "together": self.together.to_dict() if self.together else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Pose:
        """The inverse of `to_dict`."""
        return cls(
            keypoints=np.asarray(data["keypoints"], np.float32).reshape(-1, 4),
            score=data["score"],
            track_id=data["track_id"],
            cues=tuple(Cue.from_dict(cue) for cue in data["cues"]),
            tone=_told(Tone.from_dict, data["tone"]),
            together=_told(Tone.from_dict, data["together"]),
        )


@dataclass(frozen=True)
class Reading:
    """All that was read from one frame. No pixels: what every sink and every interface speaks.

    `faces` run from left to right; `poses` are the bodies, if they were asked for. `timings_ms` holds milliseconds
    per stage, `models` the identity of each network used. `focal_px` is the focal length in pixels that distances were
    measured with, None where they were not asked for.
    """

    source: str
    index: int
    time_s: float
    width: int
    height: int
    faces: tuple[Face, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    poses: tuple[Pose, ...] = ()
    focal_px: float | None = None

    def to_dict(self, *, points: bool = False) -> dict[str, Any]:
        """As plain JSON values, in the order of `docs/reading.schema.json`."""
        return {
            "source": self.source,
            "index": self.index,
            "time_s": round(self.time_s, 4),
            "width": self.width,
            "height": self.height,
            "faces": [face.to_dict(points=points) for face in self.faces],
            "poses": [pose.to_dict() for pose in self.poses],
            "focal_px": None if self.focal_px is None else round(self.focal_px, 1),
            "timings_ms": {stage: round(ms, 2) for stage, ms in self.timings_ms.items()},
            "models": dict(self.models),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Reading:
        """The inverse of `to_dict`."""
        return cls(
            source=data["source"],
            index=data["index"],
            time_s=data["time_s"],
            width=data["width"],
            height=data["height"],
            faces=tuple(Face.from_dict(face) for face in data["faces"]),
            poses=tuple(Pose.from_dict(pose) for pose in data.get("poses", ())),
            focal_px=data.get("focal_px"),
            timings_ms=dict(data["timings_ms"]),
            models=dict(data["models"]),
        )


def _told(read: Callable[[Mapping[str, Any]], Noun], data: Mapping[str, Any] | None) -> Noun | None:
    return None if data is None else read(data)
