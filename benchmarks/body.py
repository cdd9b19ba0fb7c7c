"""The body's points: ms a look, bodies found on photos and clips, jitter and lag before and after smoothing.

Try: `python benchmarks/body.py`, with `--other pose_landmark_lite.tflite` for another network of the family beside it.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from _table import Row, add_media, arguments, note, report
from footage import ASTRONAUT, ASTRONAUT_BOX
from PIL import Image

from mien import geometry, images, runtime
from mien.body.pose import Body, PoseNet, Region, find_bodies, find_body, region_below
from mien.body.smooth import BodySmoother
from mien.body.track import steady_region
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.media.sources import SourceOptions, open_source
from mien.models import weights_path
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Face, FloatArray, ImageArray

FPS = 15.0  # at which a body is looked at in a stream of 30 frames a second
NOISE = 4.0  # grey levels of a camera's sensor indoors
REST_S, MOVING_S = 4.0, 6.0
SWAY_PX, SWAY_HZ = 80.0, 0.5  # whole body, 640 x 480: up to a quarter of its size a second, a quick lean
MOST_MS = 20.0  # a person and frame on one thread
JUDGED = [0, 2, 5, 7, 8, 9, 10, 11, 12, 13, 14]  # head, shoulders, elbows: what a person at a desk shows


def photos(shared: Path) -> list[Path]:
    """Portraits with one person each."""
    return [ASTRONAUT, *sorted((shared / "media" / "photos").glob("*.jpg"))]


def picture(path: Path) -> ImageArray:
    """A photo as RGB."""
    return np.asarray(Image.open(path).convert("RGB"))


def medians_ms(work: dict[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Median time of a call of each, in turns: what else the machine does then falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(count):
        for name, call in work.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: 1000 * float(np.median(some)) for name, some in times.items()}


def speeds(net: PoseNet, other: PoseNet | None, face: Face, count: int) -> list[Row]:
    """How long a look takes, with the face mesh on the same picture beside it."""
    image, mesh, box = picture(ASTRONAUT), MeshNet(weights_path("face_landmark")), ASTRONAUT_BOX
    region = region_below(face, 0.0)
    work: dict[str, Callable[[], object]] = {
        "one look": lambda: net(image, region),
        "face mesh": lambda: mesh(image, box.centre, 1.5 * box.side, 0.0),
    }
    if other is not None:
        work["other network"] = lambda: other(image, region)
    times = medians_ms(work, count)
    return [Row("one look", times.pop("one look"), "ms", MOST_MS, times)]


def found_on_photos(net: PoseNet, finder: FaceFinder, paths: list[Path]) -> Row:
    """Share of faces that got a body with both shoulders seen below the eyes."""
    faces = bodies = 0
    for path in paths:
        image = picture(path)
        for face in finder.find(image):
            faces += 1
            for pose in find_bodies(net, image, [face]):
                bodies += bool((pose.keypoints[[11, 12], 1] > pose.keypoints[[2, 5], 1]).all())
    return Row(f"photos: bodies to {faces} faces", 100 * bodies / max(1, faces), "%")


def kept_on_clip(path: Path, most: int) -> list[Row]:
    """Share of a clip's people, frame by frame, that have a body."""
    pipeline = Pipeline(PipelineOptions(body=True, tiles=False))
    faces = with_body = without_face = 0
    with open_source(str(path), SourceOptions()) as source:
        for frame in source:
            if frame.index >= most:
                break
            reading = pipeline.read(frame, stream=True)
            ids = {pose.track_id for pose in reading.poses}
            faces += len(reading.faces)
            with_body += sum(face.track_id in ids for face in reading.faces)
            without_face += len(ids - {face.track_id for face in reading.faces})
    share = Row(f"{path.name}: bodies to {faces} faces", 100 * with_body / max(1, faces), "%")
    return [share, Row(f"{path.name}: bodies whose face is lost", float(without_face), "times")]


def swaying(
    image: ImageArray, *, rest_s: float, moving_s: float
) -> Iterator[tuple[float, ImageArray, geometry.Matrix]]:
    """A photo before a camera: still, then swaying; (time, frame with noise, the frame's place in the photo)."""
    random = np.random.default_rng(0)
    for index in range(round((rest_s + moving_s) * FPS)):
        time_s = index / FPS
        phase = 2 * math.pi * SWAY_HZ * max(0.0, time_s - rest_s)
        shift = (SWAY_PX * math.sin(phase), SWAY_PX / 4 * math.sin(2 * phase))
        matrix = np.array([[1.0, 0.0, 64 + shift[0]], [0.0, 1.0, 64 + shift[1]]])
        frame = images.warp(image, matrix, 640)
        noisy = frame + random.normal(0, NOISE, frame.shape)
        yield time_s, np.clip(noisy, 0, 255).astype(np.uint8), matrix


def followed(net: PoseNet, face: Face, *, quick: bool) -> tuple[list[float], list[Body], list[geometry.Matrix]]:
    """The photo's body followed through the swaying, as measured: times, bodies, and where the photo lay."""
    times, bodies, places = [], [], []
    region: Region | None = None
    seconds = (1.0, 1.0) if quick else (REST_S, MOVING_S)
    for time_s, frame, matrix in swaying(picture(ASTRONAUT), rest_s=seconds[0], moving_s=seconds[1]):
        if region is None:
            below = region_below(face, face.roll_deg)
            x, y = geometry.apply(matrix, [below.centre])[0]
            region = replace(below, centre=(float(x), float(y)))
        body = net(frame, region)
        region = steady_region(region, body.region)
        times.append(time_s)
        bodies.append(body)
        places.append(matrix)
    return times, bodies, places


def steadiness(
    paths: list[FloatArray], places: list[geometry.Matrix], sizes: list[float], rest: int
) -> tuple[float, float]:
    """Jitter at rest, and error while moving, in thousandths of the body's size.

    Jitter is the root mean square of a frame's change. The truth of a moving point is its mean place on the photo,
    which moves as is known.
    """
    size = float(np.mean(sizes))
    on_photo = np.array([geometry.apply(geometry.invert(m), p[JUDGED, :2]) for m, p in zip(places, paths, strict=True)])
    still, moving = on_photo[rest // 4 : rest], on_photo[rest:]
    jitter = math.sqrt(float((np.diff(still, axis=0) ** 2).sum(-1).mean()))
    error = math.sqrt(float(((moving - on_photo.mean(0)) ** 2).sum(-1).mean()))
    return 1000 * jitter / size, 1000 * error / size


def smoothing(net: PoseNet, face: Face, *, quick: bool) -> list[Row]:
    """What smoothing takes from the jitter and adds to the lag."""
    times, bodies, places = followed(net, face, quick=quick)
    rest = round((1 if quick else REST_S) * FPS)
    smooth = BodySmoother()
    shown = [smooth(body.points, now, size=body.region.side) for now, body in zip(times, bodies, strict=True)]
    sizes = [body.region.side for body in bodies]
    raw = steadiness([body.points for body in bodies], places, sizes, rest)
    done = steadiness(shown, places, sizes, rest)
    unit = "/1000 body"
    return [
        Row("jitter at rest, smoothed", done[0], unit, beside={"as measured": raw[0]}),
        Row("error while swaying, smoothed", done[1], unit, beside={"as measured": raw[1]}),
    ]


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and say whether the bar is cleared."""
    parser = arguments(__doc__)
    add_media(parser)
    parser.add_argument("--other", type=Path, metavar="FILE", help="another network of the family, to compare with")
    options: argparse.Namespace = parser.parse_args(argv)
    runtime.set_threads(1)
    net = PoseNet(weights_path("pose_landmark_full"))
    finder = FaceFinder(
        BlazeFace(weights_path("face_detection_full_range")), MeshNet(weights_path("face_landmark")), tiles=False
    )
    (face,) = finder.find(picture(ASTRONAUT))
    assert find_body(net, picture(ASTRONAUT), face) is not None
    other = PoseNet(options.other) if options.other else None
    rows = speeds(net, other, face, 5 if options.quick else 100)
    note("photos")
    paths = photos(options.shared)
    rows.append(found_on_photos(net, finder, paths[:2] if options.quick else paths))
    if other is not None:
        rows.append(found_on_photos(other, finder, paths[:2] if options.quick else paths))
    for clip in [] if options.quick else sorted((options.shared / "media" / "videos").glob("*.*")):
        note(clip.name)
        rows += kept_on_clip(clip, 150)
    note("swaying")
    rows += smoothing(net, face, quick=options.quick)
    if other is not None:
        rows += smoothing(other, face, quick=options.quick)
    return report("The body's points", rows, options)


if __name__ == "__main__":
    sys.exit(main())
