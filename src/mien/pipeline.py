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
from mien.body import reader as body_reader
from mien.body.distance import Ruler
from mien.body.lens import check_fov
from mien.body.reader import BodyReader
from mien.body.track import PACE_S as BODY_PACE_S
from mien.catalogue import DEFAULT, language_of
from mien.errors import UsageError
from mien.expression import doubts, reasons, tone
from mien.expression.classify import Classifier
from mien.expression.express import ExpressionReader
from mien.expression.steady import HOLD_S, SMOOTHING_S
from mien.faces import measures, regions
from mien.faces.detect import BlazeFace, Detector, FaceFinder
from mien.faces.haar import Haar
from mien.faces.mesh import MeshNet
from mien.faces.track import Tracker
from mien.types import Explanation, Expression, Face, FloatArray, Frame, ImageArray, Pose, Reading

DETECTORS = ("blaze", "haar")
PACE_S = 0.07  # at 30 frames a second every third one is read: enough for words that are smoothed over 0.3 s

MOST_THREADS = 256  # of each network; beyond, none becomes faster, and some fail


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
        if self.threads > MOST_THREADS:
            raise UsageError(f"at most {MOST_THREADS} threads are of use; got {self.threads}")
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
        self.timings_ms[stage] = self.timings_ms.get(stage, 0.0) + (time.perf_counter() - began) * 1000


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
        self.expressions = ExpressionReader(
            self.classifier, smoothing_s=self.options.smoothing_s, hold_s=self.options.hold_s
        )
        mesh_net = MeshNet(models.weights_path("face_landmark"), threads=threads)
        self.finder = FaceFinder(_detector(self.options), mesh_net, tiles=self.options.tiles)
        self._tracker = Tracker(self.finder, max_faces=self.options.max_faces)
        self._ruler = Ruler(self.options.fov_deg, smoothing_s=self.options.smoothing_s)
        self._said: dict[int | None, _Said] = {}  # by track_id, of those in sight
        self._searched_s = -math.inf  # when new faces were last looked for
        self.models = {
            "detector": self.options.detector,
            "mesh": "face_landmark",
            "expression": self.classifier.card.identity,
        }
        self._bodies: BodyReader | None = None
        if self.options.body:
            self.models["body"] = body_reader.NETWORK
            self._open_bodies()

    def reset(self) -> None:
        """Forget the stream: the next frame begins a new one."""
        self._tracker.reset()
        self.expressions.reset()
        if self._bodies is not None:
            self._bodies.reset()
        self._ruler.reset()
        self._said, self._searched_s = {}, -math.inf

    def read(
        self, frame: Frame, *, stream: bool = False, body: bool | None = None, distance: bool | None = None
    ) -> Reading:
        """Read one frame.

        Args:
            frame: RGB.
            stream: whether frames follow each other in time: then faces are tracked and their words steadied.
                Else the frame is searched thoroughly, for itself.
            body: whether to read the bodies too, in place of what the options say.
            distance: whether to measure how far the faces are, likewise.

        Returns:
            The Reading; without faces where there are none.
        """
        watch = Stopwatch()
        has_bodies = self.options.body if body is None else body
        faces = self._read_stream(frame, watch) if stream else self._read_still(frame, watch)
        poses = self._poses(frame, faces, watch, stream=stream, is_wanted=has_bodies)
        focal_px = None
        if self.options.distance if distance is None else distance:
            with watch("distance"):
                faces = self._ruler.measure(frame, faces, stream=stream)
            focal_px = self._ruler.lens(frame, stream=stream).focal_px
        else:
            self._ruler.reset()  # how far they were says nothing once that was not measured
        return Reading(
            source=frame.source,
            index=frame.index,
            time_s=frame.time_s,
            width=frame.width,
            height=frame.height,
            faces=tuple(faces),
            timings_ms={**watch.timings_ms, "total": sum(watch.timings_ms.values())},
            models={**self.models, **({"body": body_reader.NETWORK} if has_bodies else {})},
            poses=tuple(poses),
            focal_px=focal_px,
        )

    def _poses(self, frame: Frame, faces: list[Face], watch: Stopwatch, *, stream: bool, is_wanted: bool) -> list[Pose]:
        if not is_wanted:
            if self._bodies is not None:
                self._bodies.reset()  # where bodies were says nothing once they were not looked at
            return []
        bodies = self._open_bodies()
        with watch("body"):
            return bodies.read(frame, faces, stream=stream)

    def _open_bodies(self) -> BodyReader:
        if self._bodies is None:
            options = self.options
            self._bodies = BodyReader(
                threads=options.threads,
                pace_s=options.body_pace_s,
                max_bodies=options.max_faces,
                posture=options.posture,
                is_doubted=tone.is_doubted,
            )
        return self._bodies

    def _read_still(self, frame: Frame, watch: Stopwatch) -> list[Face]:
        with watch("faces"):
            found = self.finder.find(frame.image)
        most = len(found) if self.options.max_faces is None else self.options.max_faces
        waiting, shown = sorted(found, key=lambda face: -face.box.side), list[Face]()
        while waiting and len(shown) < most:  # what is no face after all makes room for the next one
            faces, waiting = waiting[: most - len(shown)], waiting[most - len(shown) :]
            shown += _shown(faces, [said.expression for said in self._express(frame, faces, watch, stream=False)])
        return sorted(shown, key=lambda face: face.box.centre[0])

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
            no_faces = {who for who, said in self._said.items() if said.expression is None}
            faces = self._tracker.update(frame, search=search, without_room=no_faces)
        fresh = [face for face in faces if self._is_due(face, now_s)]
        read = self._express(frame, fresh, watch, stream=True)
        said = {**self._said, **{face.track_id: one for face, one in zip(fresh, read, strict=True)}}
        self._said = {face.track_id: said[face.track_id] for face in faces}
        return _shown(faces, [self._said[face.track_id].expression for face in faces])[: self.options.max_faces]

    def _is_due(self, face: Face, now_s: float) -> bool:
        said = self._said.get(face.track_id)
        return said is None or not 0 <= now_s - said.time_s < self.options.pace_s

    def _express(self, frame: Frame, faces: list[Face], watch: Stopwatch, *, stream: bool) -> list[_Said]:
        """What is said of each face now."""
        if not faces:
            return []
        with watch("crop"):
            crops = self.crops(frame.image, faces)
        with watch("expression"):
            read, features = self.expressions.read(
                crops, faces, (frame.width, frame.height), time_s=frame.time_s if stream else None
            )
        if self.options.explain:
            with watch("explanation"):
                read = [
                    one and replace(one, explanation=self._explain(face, crop, one.label, self.options.language))
                    for face, crop, one in zip(faces, crops, read, strict=True)
                ]
        return [_Said(frame.time_s, one, map_) for one, map_ in zip(read, features, strict=True)]

    def crops(self, image: ImageArray, faces: Sequence[Face]) -> ImageArray:
        """What the network gets to see of each face: (N, S, S) uint8 grey."""
        return self.expressions.crops(image, faces)

    def heat(self, face: Face) -> FloatArray | None:
        """Where what speaks for the label of a face of the last frame of a stream was seen: (h, w) over its crop.

        It is made of what the network has computed already. None where the face was not read, or where the model file
        cannot tell (`Classifier.weights`).
        """
        said = self._said.get(face.track_id)
        if said is None or said.expression is None:
            return None
        return self.expressions.heat(said.features, said.expression.label)

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

    def _explain(self, face: Face, crop: ImageArray, label: str, language: str) -> Explanation:
        masks: dict[str, NDArray[np.bool_]] = {}
        values: dict[str, float] = {}
        if face.mesh is not None:
            matrix = images.crop_matrix(face.keypoints, len(crop), self.classifier.geometry)
            masks = regions.masks(regions.label_map(face.mesh, matrix, len(crop)))
            values = {} if doubts.is_turned_away(face) else measures.measure(face.mesh)
        return reasons.explain(self.classifier, crop, label, masks=masks, measures=values, language=language)


def _shown(faces: list[Face], expressions: list[Expression | None]) -> list[Face]:
    """The faces with their expressions; what is no face is left out."""
    return [replace(face, expression=one) for face, one in zip(faces, expressions, strict=True) if one is not None]


def _detector(options: PipelineOptions) -> Detector:
    if options.detector == "haar":
        return Haar()
    return BlazeFace(models.weights_path("face_detection_full_range"), threads=options.threads)
