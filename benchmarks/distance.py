"""How far off measured distances are: a head in relief before a pinhole camera, and how they move in real clips.

    python benchmarks/distance.py [--quick] [--shared FOLDER] [--json FILE|-]

The example photo is laid over its own mesh, brought to an eye distance of 63.4 mm, and drawn by a pinhole camera at
known distances, turns and focal lengths; the networks then see the drawing as any other picture. What lies outside the
face is flat, at the depth of the ears. Errors hold those of the mesh and of its depth; the shape of this one face is in
them too, as a part that is the same in all views: 'against the first view' leaves it out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

import footage
from _table import Row, add_media, arguments, note, report

from mien import runtime
from mien.body.distance import SIZES_CM, Ruler, distance_of
from mien.body.lens import Lens
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.faces.track import Tracker
from mien.models import weights_path
from mien.types import Frame, ImageArray

AWAY_CM, YAWS, PITCHES = (30, 45, 60, 100, 150, 200, 300, 400), (0, 15, 30, 45), (-20, 20)
FOCALS = {"wide": 700.0, "usual": 1000.0, "long": 2500.0}
SIZE = (1280, 720)
FINER = 4  # points a pixel of the photo, each way
ROOM = 1.3  # what is drawn around the face, in its sides
CLIPS = ("again.mkv", "hungry.mkv", "head-pose-face-detection-male.gif", "head-pose-face-detection-female.gif",
         "face-demographics-walking-and-pause.gif")  # fmt: skip
MOST_FRAMES = 240  # of a clip
CLIP_FOV_DEG = 60.0  # nobody knows it; it scales distances and leaves how they move


class Relief:
    """The example photo's head as coloured points, in cm, the middle of the eyes at 0."""

    def __init__(self, finder: FaceFinder) -> None:
        look = footage.astronaut()
        face = finder.find(look.photo)[0]
        assert face.mesh is not None
        mesh = face.mesh.astype(np.float64)
        (x, y), reach = face.box.centre, ROOM * face.box.side
        left, top = int(max(0, x - reach)), int(max(0, y - reach))
        part = look.photo[top : int(y + reach), left : int(x + reach)]
        high, wide = part.shape[0] * FINER, part.shape[1] * FINER
        self.colours = cv2.resize(part, (wide, high), interpolation=cv2.INTER_CUBIC).reshape(-1, 3)
        rows, columns = np.mgrid[:high, :wide] / FINER
        depth = _depth_map(mesh - (left, top, 0), part.shape[:2], 0.04 * face.box.side)
        depth = cv2.resize(depth, (wide, high), interpolation=cv2.INTER_LINEAR)
        eyes = mesh[[33, 133, 362, 263]]
        apart = np.linalg.norm(eyes[2:].mean(0) - eyes[:2].mean(0))
        points = np.column_stack([columns.ravel() + left, rows.ravel() + top, depth.ravel()])
        self.points = (points - eyes.mean(0)) * (SIZES_CM[0] / apart)

    def drawn(self, away_cm: float, *, yaw: float = 0, pitch: float = 0, focal_px: float = 1000.0) -> ImageArray:
        """A picture of the head, `away_cm` before the camera, turned."""
        points = self.points @ _turned(yaw, pitch).T + (0, 0, away_cm)
        places = points[:, :2] / points[:, 2:] * focal_px + np.array(SIZE) / 2
        order = np.argsort(-points[:, 2])  # the nearest last, over the others
        canvas = np.full((SIZE[1], SIZE[0], 3), self.colours.mean(0), np.uint8)
        for shift in ((0, 0), (1, 0), (0, 1), (1, 1)):  # leaves no holes
            x, y = (np.floor(places[order]).astype(int) + shift).T
            inside = (x >= 0) & (y >= 0) & (x < SIZE[0]) & (y < SIZE[1])
            canvas[y[inside], x[inside]] = self.colours[order][inside]
        return canvas


def _depth_map(mesh: NDArray[np.float64], shape: tuple[int, ...], sigma: float) -> NDArray[np.float32]:
    """The mesh's z at every pixel: a mean of the near points; far from all of them that of the ears."""
    total, weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for x, y, z in mesh:
        row, column = min(max(int(y), 0), shape[0] - 1), min(max(int(x), 0), shape[1] - 1)
        total[row, column] += z
        weight[row, column] += 1
    total, weight = (cv2.GaussianBlur(values, (0, 0), sigma) for values in (total, weight))
    least = 1e-3 * float(weight.max())
    return np.asarray((total + least * mesh[[234, 454], 2].mean()) / (weight + least), np.float32)


def _turned(yaw: float, pitch: float) -> NDArray[np.float64]:
    (a, b), (c, d) = np.cos(np.radians([yaw, pitch])), np.sin(np.radians([yaw, pitch]))
    return np.array([[a, 0, c], [0, 1, 0], [-c, 0, a]]) @ np.array([[1, 0, 0], [0, b, -d], [0, d, b]])


def measured(finder: FaceFinder, picture: ImageArray, focal_px: float) -> float | None:
    """The distance of the largest face in a picture, cm."""
    faces = [face for face in finder.find(picture) if face.mesh is not None]
    if not faces:
        return None
    mesh = max(faces, key=lambda face: face.box.side).mesh
    found = None if mesh is None else distance_of(mesh, Lens(focal_px, 0.0), SIZE)
    return None if found is None else found.value


def drawn_rows(finder: FaceFinder, *, quick: bool) -> list[Row]:
    """Errors in per cent by distance and turn."""
    relief, rows = Relief(finder), []
    first = measured(finder, relief.drawn(100), 1000.0)
    assert first is not None

    def row(name: str, away_cm: float, focal_px: float = 1000.0, **turn: float) -> Row | None:
        found = measured(finder, relief.drawn(away_cm, focal_px=focal_px, **turn), focal_px)
        if found is None:
            note(f"no face is found: {name}")
            return None
        errors = (abs(100 * (value / true - 1)) for value, true in ((found, away_cm), (found / first, away_cm / 100)))
        error, beside = (max(one, 1e-6) for one in errors)
        return Row(name, error, "%", beside={"against the first view": beside})

    for away_cm in AWAY_CM[2:4] if quick else AWAY_CM:
        rows += [row(f"{away_cm} cm, turned by {yaw}", away_cm, yaw=yaw) for yaw in (YAWS[:2] if quick else YAWS)]
    if not quick:
        rows += [row(f"60 cm, nodding by {pitch}", 60, pitch=pitch) for pitch in PITCHES]
        rows += [row(f"80 cm, {name} lens", 80, focal_px) for name, focal_px in FOCALS.items()]
    return [one for one in rows if one is not None]


def clip_rows(finder: FaceFinder, shared: Path) -> Iterator[Row]:
    """How much distances jump from frame to frame, raw and smoothed, and whether they follow the size of the face."""
    for name in CLIPS:
        path = shared / "media" / "videos" / name
        if path.is_file():
            note(name)
            raw, smooth, follows = _walked(finder, path)
            yield Row(f"{name}: jump of a frame", smooth, "%", beside={"not smoothed": raw})
            yield Row(f"{name}: follows 1 / size, correlation", follows, "")


def _walked(finder: FaceFinder, path: Path) -> tuple[float, float, float]:
    """Median step of the logarithm in per cent, raw and smoothed, of the person seen longest; correlation with size."""
    tracker, rulers = Tracker(finder), [Ruler(CLIP_FOV_DEG, smoothing_s=s) for s in (0.0, 0.3)]
    seen: dict[int | None, list[list[float]]] = {}
    with av.open(str(path)) as container:
        for index, picture in enumerate(islice(container.decode(video=0), MOST_FRAMES)):
            frame = Frame(picture.to_ndarray(format="rgb24"), index, picture.time or 0.0)
            faces = tracker.update(frame)
            raw, smooth = (ruler.measure(frame, faces, stream=True) for ruler in rulers)
            for one, other in zip(raw, smooth, strict=True):
                if one.distance_cm is not None and other.distance_cm is not None:
                    facts = (one.distance_cm.value, other.distance_cm.value, one.box.height)
                    seen.setdefault(one.track_id, []).append([math.log(fact) for fact in facts])
    logs = np.array(max(seen.values(), key=len))
    steps = 100 * np.median(np.abs(np.diff(logs[:, :2], axis=0)), axis=0)
    return float(steps[0]), float(steps[1]), float(np.corrcoef(logs[:, 0], -logs[:, 2])[0, 1])


def main(argv: list[str] | None = None) -> int:
    """Measure and print; there is no bar."""
    parser = arguments(__doc__)
    add_media(parser)
    options = parser.parse_args(argv)
    runtime.set_threads(1)
    finder = FaceFinder(BlazeFace(weights_path("face_detection_full_range")), MeshNet(weights_path("face_landmark")))
    rows = drawn_rows(finder, quick=options.quick)
    if not options.quick:
        rows += clip_rows(finder, options.shared)
    return report("errors of distances", rows, options)


if __name__ == "__main__":
    sys.exit(main())
