"""The only place where the stages meet: Frame in, Reading out.

Every door (command line, Python, the page) calls `Pipeline.read` and adds no vision of its own. One pipeline
serves one stream in one thread; several threads take one each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import images, models, runtime
from mien.body.cues import CueReader
from mien.body.distance import Ruler
from mien.body.fusion import PostureReader
from mien.body.lens import check_fov
from mien.body.pose import PoseNet, find_bodies, pose_owner
from mien.body.posture import PostureModel
from mien.body.track import PACE_S as BODY_PACE_S
from mien.body.track import BodyTracker
from mien.catalogue import DEFAULT, language_of
from mien.errors import ModelError, UsageError
from mien.expression import doubts, heat, reasons
from mien.expression.calibrate import Calibration, evidence
from mien.expression.classify import Classifier
from mien.expression.doubts import CoveredProbe
from mien.expression.steady import HOLD_S, SMOOTHING_S, Steadier
from mien.expression.tone import ToneCalibration, summed, tone_of
from mien.faces import measures, regions
from mien.faces.detect import BlazeFace, Detector, FaceFinder
from mien.faces.haar import Haar
from mien.faces.mesh import MeshNet
from mien.faces.track import Tracker
from mien.types import Explanation, Expression, Face, FloatArray, Frame, ImageArray, Pose, Reading

DETECTORS = ("blaze", "haar")
BODY = "pose_landmark_full"  # the network of the body's points
SURE = 0.6  # least confidence that is called sure
NOT_A_FACE = 0.5  # share of people beyond which a face is dropped
PACE_S = 0.07  # at 30 frames a second every third one is read: enough for words that are smoothed over 0.3 s
PLEASANT = {"happy": 1.0, "sad": -1.0, "angry": -1.0, "disgust": -1.0, "fear": -1.0, "contempt": -1.0}


@dataclass(frozen=True)
class PipelineOptions:
    """How frames are read; the comments are the manual."""

    detector: str = "blaze"  # or 'haar', the old baseline, for comparison
    max_faces: int | None = None  # keep the largest of a picture, the first of a stream
    model: Path = models.DEFAULT_MODEL  # a folder with model.onnx and card.json
    threads: int = 1  # of each network and of OpenCV
    smoothing_s: float = SMOOTHING_S  # time constant of the smoothing along a track; 0 switches it off
    hold_s: float = HOLD_S  # how long a new word must lead before it is said; 0 switches it off
    tiles: bool = True  # look for small faces too
    pace_s: float = PACE_S  # in a stream, least time between two readings of one person; 0 reads every frame
    body: bool = False  # read the bodies below the faces too
    body_pace_s: float = BODY_PACE_S  # in a stream, least time between two looks at one body; 0 looks in every frame
    distance: bool = False  # measure how far each face is from the camera
    fov_deg: float | None = None  # the camera's horizontal field of view; None: by the file, or a usual one
    explain: bool = False  # say why: fills `Expression.explanation`, at eight times the network's work for each face
    language: str = DEFAULT  # of that text
    posture: Path | None = None  # a folder that `mien train-posture` wrote; with `body`: poses say a tone too

    def __post_init__(self) -> None:
        if self.posture is not None and not self.body:
            raise UsageError("a posture model needs bodies: set body too")
        if self.detector not in DETECTORS:
            raise UsageError(f"there is no detector {self.detector!r}; there are: {', '.join(DETECTORS)}")
        if self.max_faces is not None and self.max_faces < 1:
            raise UsageError(f"at least one face must be allowed; got {self.max_faces}")
        if self.threads < 1:
            raise UsageError(f"at least one thread is needed; got {self.threads}")
        for name in ("pace_s", "body_pace_s"):
            seconds = getattr(self, name)
            if not (seconds >= 0 and math.isfinite(seconds)):
                raise UsageError(f"{name} is a number of seconds, 0 or more; got {seconds}")
        check_fov(self.fov_deg)
        if self.explain:
            language_of(self.language)  # says now if there is no such language


@dataclass(eq=False)
class Stopwatch:
    """Milliseconds per stage of one frame."""

    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what happens inside."""
        began = time.perf_counter()
        yield
        self.timings_ms[stage] = (time.perf_counter() - began) * 1000


@dataclass(frozen=True)
class _Said:
    """What was last read of a person of a stream, and when."""

    time_s: float
    expression: Expression | None
    features: FloatArray  # (C, h, w), from which heat-maps are made


class Pipeline:
    """Finds the faces of a frame and says what people would say of them.

    Raises:
        ModelError: weights or the model folder are missing or broken, or the model gives no votes.
    """

    def __init__(self, options: PipelineOptions | None = None) -> None:
        self.options = options or PipelineOptions()
        threads = self.options.threads
        runtime.set_threads(threads)
        self.classifier = Classifier(self.options.model, threads=threads)
        if not self.classifier.card.votes:
            raise ModelError(f"{self.options.model} gives no votes, only FER2013's classes: it can be judged "
                             "(mien evaluate), but not read with; name another model")  # fmt: skip
        self._head = self.classifier.head("votes")
        self._calibration = Calibration.from_dict(self.classifier.card.confidence)
        self._probe = CoveredProbe(self.classifier.card.covered)
        self._tone = ToneCalibration.from_dict(self.classifier.card.tone) if self.classifier.card.tone else None
        size = self.classifier.card.input_size
        self._probe(self.classifier(np.zeros((1, size, size), np.uint8)).features)  # says now if it does not fit
        mesh_net = MeshNet(models.weights_path("face_landmark"), threads=threads)
        self.finder = FaceFinder(_detector(self.options), mesh_net, tiles=self.options.tiles)
        self._tracker = Tracker(self.finder, max_faces=self.options.max_faces)
        self._ruler = Ruler(self.options.fov_deg, smoothing_s=self.options.smoothing_s)
        self._said: dict[int | None, _Said] = {}  # by track_id, of those in sight
        self._features: FloatArray = np.empty((0, 0, 0, 0), np.float32)  # of the faces that were read last
        self._searched_s = -math.inf  # when new faces were last looked for
        self._steadier = Steadier(
            self.options.smoothing_s, self.options.hold_s, expressions=len(self.classifier.card.expressions)
        )
        self.models = {
            "detector": self.options.detector,
            "mesh": "face_landmark",
            "expression": self.classifier.card.identity,
        }
        self._pose_net: PoseNet | None = None
        self._bodies: BodyTracker | None = None
        self._cues = CueReader()
        folder = self.options.posture
        self._posture = None if folder is None else PostureReader(PostureModel.load(folder))
        if self.options.body:
            self._open_body()

    @property
    def has_tone(self) -> bool:
        """Whether the model's card has the calibration of positive, neutral and negative."""
        return self._tone is not None

    def reset(self) -> None:
        """Forget the stream: the next frame begins a new one."""
        self._tracker.reset()
        self._steadier.reset()
        if self._bodies is not None:
            self._bodies.reset()
        self._cues.reset()
        self._ruler.reset()
        if self._posture is not None:
            self._posture.reset()
        self._said, self._searched_s = {}, -math.inf

    def read(self, frame: Frame, *, stream: bool = False, body: bool | None = None) -> Reading:
        """Read one frame.

        Args:
            frame: RGB.
            stream: whether frames follow each other in time: then faces are tracked and their words steadied.
                Else the frame is searched thoroughly, for itself.
            body: whether to read the bodies too, in place of what the options say.

        Returns:
            The Reading; without faces where there are none.
        """
        watch = Stopwatch()
        faces = self._read_stream(frame, watch) if stream else self._read_still(frame, watch)
        poses = self._poses(frame, faces, watch, stream=stream, is_wanted=self.options.body if body is None else body)
        focal_px = None
        if self.options.distance:
            with watch("distance"):
                faces = self._ruler.measure(frame, faces, stream=stream)
            focal_px = self._ruler.lens(frame, stream=stream).focal_px
        return Reading(
            source=frame.source,
            index=frame.index,
            time_s=frame.time_s,
            width=frame.width,
            height=frame.height,
            faces=tuple(faces),
            timings_ms={**watch.timings_ms, "total": sum(watch.timings_ms.values())},
            models=self.models,
            poses=tuple(poses),
            focal_px=focal_px,
        )

    def _poses(self, frame: Frame, faces: list[Face], watch: Stopwatch, *, stream: bool, is_wanted: bool) -> list[Pose]:
        if not is_wanted:
            if self._bodies is not None:
                self._bodies.reset()  # where bodies were says nothing once they were not looked at
            return []
        net, bodies = self._open_body()
        with watch("body"):
            poses = bodies.update(frame, faces) if stream else find_bodies(net, frame.image, faces)
            time_s = frame.time_s if stream else None
            poses = self._cues.with_cues(poses, faces, time_s=time_s)
        if self._posture is None:
            return poses
        return [self._posture.read(pose, pose_owner(pose, faces), time_s) for pose in poses]

    def _open_body(self) -> tuple[PoseNet, BodyTracker]:
        if self._pose_net is None or self._bodies is None:
            options = self.options
            self._pose_net = PoseNet(models.weights_path(BODY), threads=options.threads)
            self._bodies = BodyTracker(self._pose_net, pace_s=options.body_pace_s, max_bodies=options.max_faces)
            self.models = {**self.models, "body": BODY}
        return self._pose_net, self._bodies

    def _read_still(self, frame: Frame, watch: Stopwatch) -> list[Face]:
        with watch("faces"):
            faces = self._largest(self.finder.find(frame.image))
        return _shown(faces, self._express(frame, faces, watch, stream=False))

    def _read_stream(self, frame: Frame, watch: Stopwatch) -> list[Face]:
        """Looking for new faces and reading expressions take turns, so that few frames pay for both.

        Where frames are `pace_s` or more apart, each gets both. Between two readings of a person the last one stands.
        """
        now_s, pace_s = frame.time_s, self.options.pace_s
        due = any(now_s - said.time_s >= pace_s for said in self._said.values())
        search = not due or not 0 <= now_s - self._searched_s < pace_s
        if search:
            self._searched_s = now_s
        with watch("faces"):
            faces = self._tracker.update(frame, search=search)
        fresh = [face for face in faces if self._is_due(face, now_s)]
        read = self._express(frame, fresh, watch, stream=True)
        for face, expression, features in zip(fresh, read, self._features, strict=True):
            self._said[face.track_id] = _Said(now_s, expression, features)
        self._said = {face.track_id: self._said[face.track_id] for face in faces}
        return _shown(faces, [self._said[face.track_id].expression for face in faces])

    def heat(self, face: Face) -> FloatArray | None:
        """Where what speaks for the label of a face of the last frame of a stream was seen: (h, w) over its crop.

        It is made of what the network has computed already. None where the face was not read, or where the model file
        cannot tell (`Classifier.weights`).
        """
        said = self._said.get(face.track_id)
        if said is None or said.expression is None or self._head is None:
            return None
        label = self.classifier.card.votes.index(said.expression.label)
        return heat.heat(said.features, self._head.weight, label)

    def _is_due(self, face: Face, now_s: float) -> bool:
        said = self._said.get(face.track_id)
        return said is None or not 0 <= now_s - said.time_s < self.options.pace_s

    def crops(self, image: ImageArray, faces: Sequence[Face]) -> ImageArray:
        """What the network gets to see of each face: (N, S, S) uint8 grey."""
        size, geometry = self.classifier.card.input_size, self.classifier.geometry
        return np.stack([images.crop_face(image, face.keypoints, size, geometry_=geometry) for face in faces])

    def _largest(self, faces: list[Face]) -> list[Face]:
        if self.options.max_faces is None or len(faces) <= self.options.max_faces:
            return faces
        largest = sorted(faces, key=lambda face: -face.box.side)[: self.options.max_faces]
        return sorted(largest, key=lambda face: face.box.centre[0])

    def _express(self, frame: Frame, faces: list[Face], watch: Stopwatch, *, stream: bool) -> list[Expression | None]:
        """What is read of each face; None for what most people would call no face."""
        if not faces:
            self._features = self._features[:0]
            return []
        with watch("crop"):
            crops = self.crops(frame.image, faces)
        with watch("expression"):
            read = self._judge(frame, faces, crops, stream=stream)
        if not self.options.explain:
            return read
        with watch("explanation"):
            return [
                expression and replace(expression, explanation=self._explain(face, crop, expression.label))
                for face, crop, expression in zip(faces, crops, read, strict=True)
            ]

    def explain(self, frame: Frame, face: Face, label: str | None = None, *, language: str = DEFAULT) -> Explanation:
        """Why a face of a frame was read as it was.

        Args:
            frame: the one that the face was read from.
            face: with its keypoints, and its mesh if it has one: without, the reasons are few.
            label: one of the votes' labels, to ask what speaks for another one; None is the label that was read.
            language: of the text.

        Raises:
            UsageError: there is no such label or language, or the face was not read and no label is named.
        """
        labels = self.classifier.card.votes
        asked = label or (face.expression.label if face.expression else None)
        if asked not in labels:
            raise UsageError(f"there is no label {asked!r}; there are: {', '.join(labels)}")
        language_of(language)
        return self._explain(face, self.crops(frame.image, [face])[0], asked, language)

    def _explain(self, face: Face, crop: ImageArray, label: str, language: str | None = None) -> Explanation:
        masks: dict[str, NDArray[np.bool_]] = {}
        values: dict[str, float] = {}
        if face.mesh is not None:
            matrix = images.crop_matrix(face.keypoints, len(crop), self.classifier.geometry)
            masks = regions.masks(regions.label_map(face.mesh, matrix, len(crop)))
            values = {} if doubts.is_turned_away(face) else measures.measure(face.mesh)
        return reasons.explain(
            self.classifier, crop, label, masks=masks, measures=values, language=language or self.options.language
        )

    def _judge(self, frame: Frame, faces: list[Face], crops: ImageArray, *, stream: bool) -> list[Expression | None]:
        answer = self.classifier(crops)
        self._features = answer.features
        votes, classes = answer.votes.copy(), answer.fer2013.copy()
        count = len(self.classifier.card.expressions)
        labels = votes[:, :count].argmax(1)
        if stream:
            for row, face in enumerate(faces):
                assert face.track_id is not None  # the tracker names everyone
                steady = self._steadier.update(face.track_id, frame.time_s, votes=votes[row], fer2013=classes[row])
                votes[row], classes[row], labels[row] = steady.votes, steady.fer2013, steady.shown
        confidence = self._calibration(evidence(votes, labels, doubts.crop_quality(crops), count))
        covered = self._probe(answer.features)
        read: list[Expression | None] = []
        for row, face in enumerate(faces):
            doubted = doubts.of_picture(face, crops[row], (frame.width, frame.height))
            if covered[row] > doubts.COVERED_FROM and doubts.TURNED_AWAY not in doubted:  # a turned face hides itself
                doubted.append(doubts.COVERED)
            expression = self._expression(votes[row], classes[row], int(labels[row]), float(confidence[row]), doubted)
            read.append(expression if expression.votes.get("not a face", 0.0) <= NOT_A_FACE else None)
        return read

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


def _shown(faces: list[Face], expressions: list[Expression | None]) -> list[Face]:
    """The faces with their expressions; what is no face is left out."""
    return [replace(face, expression=one) for face, one in zip(faces, expressions, strict=True) if one is not None]


def valence(votes: dict[str, float]) -> float:
    """How positive the votes are, -1..1: happy against sad, angry, disgust, fear and contempt.

    Neutral and surprise, which can be either, count as nothing, and so do people who named no expression.
    """
    return sum(PLEASANT.get(label, 0.0) * share for label, share in votes.items())


def _detector(options: PipelineOptions) -> Detector:
    if options.detector == "haar":
        return Haar()
    return BlazeFace(models.weights_path("face_detection_full_range"), threads=options.threads)
