"""How well people are followed: ids kept in clips made of photos, and real clips with nobody else in them.

    python benchmarks/tracking.py [--quick] [--pairs N] [--units] [--json FILE|-] [--shared FOLDER]

Made clips (`moving.py`) say who is where. A clip is right when everybody has one id all through, and nobody
shares it. In the real clips the number of people is known (`PEOPLE`); a face counts as false when it lies more than
1.5 sides from where that clip's faces mostly are. Without the test data the photo of examples/ stands in.
`--units` measures the units of `faces/appearance.py`; `--quick` is a smoke run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

import moving

from mien import geometry, runtime
from mien.faces.appearance import UNITS, appearance_of
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.faces.track import Tracker
from mien.models import weights_path
from mien.types import Box, Frame, ImageArray

Point = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
ASTRONAUT_BOX = Box(178, 67, 274, 175)
PEOPLE = {"again.mkv": 1, "book.mkv": 1, "hungry.mkv": 1, "learn.mkv": 1, "want.mkv": 1,
          "face-demographics-walking-and-pause.gif": 3, "head-pose-face-detection-female-and-male.gif": 2,
          "head-pose-face-detection-female.gif": 1, "head-pose-face-detection-male.gif": 1}  # fmt: skip
MOST_YAW_NAMES = ("8_0_1", "8_0_2", "8_1_4", "8_4_0")  # photos in profile: not in the made clips


@dataclass
class Outcome:
    """How one clip went: `kept` is the share of visible faces that had a face with an id on them."""

    clip: str
    people: int
    kept: float = 0.0
    ids: dict[int, list[int]] = field(default_factory=dict)  # of each person, in order
    given: int = 0  # ids in all
    false: int = 0  # faces where nobody is
    ms: float = 0.0  # median of a frame

    @property
    def is_right(self) -> bool:
        """Whether everybody has one id, of their own."""
        firsts = {ids[0] for ids in self.ids.values() if ids}  # somebody may never have got one
        return len(firsts) == len(self.ids) == self.people and all(len(ids) == 1 for ids in self.ids.values())


def follow(finder: FaceFinder, clip: moving.Clip) -> Outcome:
    """Track a made clip, and compare with who is where."""
    tracker, outcome = Tracker(finder), Outcome(clip.name, clip.people)
    faces_seen = kept = 0
    given: set[int | None] = set()
    times = []
    for moment in clip:
        start = time.perf_counter()
        faces = tracker.update(moment.frame)
        times.append(1000 * (time.perf_counter() - start))
        given |= {face.track_id for face in faces}
        for person, (x, y, side) in moment.people.items():
            faces_seen += 1
            near = [face for face in faces if math.dist(face.box.centre, (x, y)) < 0.35 * side]
            kept += bool(near)
            ids = outcome.ids.setdefault(person, [])
            if near and near[0].track_id is not None and near[0].track_id not in ids[-1:]:
                ids.append(near[0].track_id)
    outcome.kept, outcome.given, outcome.ms = kept / max(faces_seen, 1), len(given), float(np.median(times))
    return outcome


def follow_file(finder: FaceFinder, path: Path) -> Outcome:
    """Track a real clip; faces are given to people by place: as many clusters as people, from left to right."""
    tracker, outcome = Tracker(finder), Outcome(path.name, PEOPLE[path.name])
    seen, times = [], []
    for frame in _frames(path):
        start = time.perf_counter()
        seen.append(tracker.update(frame))
        times.append(1000 * (time.perf_counter() - start))
    ids = defaultdict(list)
    for faces in seen:
        for face in faces:
            ids[face.track_id].append(face)
    main = sorted(ids, key=lambda who: -len(ids[who]))[: outcome.people]
    middles = {who: np.median([face.box.centre for face in ids[who]], axis=0) for who in main}
    side = float(np.median([face.box.side for faces in ids.values() for face in faces])) if ids else 1.0
    for face in (face for faces in ids.values() for face in faces):
        owner = min(main, key=lambda who: math.dist(middles[who], face.box.centre))
        if math.dist(middles[owner], face.box.centre) > 1.5 * side:
            outcome.false += 1
        elif face.track_id not in outcome.ids.setdefault(main.index(owner) + 1, []):
            outcome.ids[main.index(owner) + 1].append(face.track_id or 0)
    good = sum(len(faces) for faces in seen) - outcome.false
    outcome.kept, outcome.given = min(1.0, good / (len(seen) * outcome.people)), len(ids)
    outcome.ms = float(np.median(times))
    return outcome


def _frames(path: Path) -> Iterator[Frame]:
    with av.open(str(path)) as container:
        for index, picture in enumerate(container.decode(video=0)):
            yield Frame(picture.to_ndarray(format="rgb24"), index, picture.time or 0.0, path.name)


def person(path: Path, boxes: dict[str, list[float]]) -> moving.Person:
    """Somebody out of a photo of the test data, with the box that `photo_boxes.json` gives."""
    return moving.Person(np.asarray(Image.open(path).convert("RGB")), Box(*boxes[path.name]))


def made(pairs: list[tuple[moving.Person, moving.Person]], *, quick: bool) -> Iterator[moving.Clip]:
    """All kinds of clips for each pair, in both styles."""
    for (a, b), style in itertools.product(pairs, ["head"] if quick else ["head", "card"]):
        yield moving.occlusion(a, 0.5, style=style)
        if quick:
            continue
        yield moving.occlusion(a, 1.0, style=style)
        yield moving.occlusion(a, 0.7, style=style, moving=True)
        yield moving.growing(a, style=style)
        yield moving.away(a, 2.0, style=style)
        yield moving.crossing(a, b, over=False, style=style)
        yield moving.crossing(a, b, over=True, style=style)
        yield replace(moving.crossing(a, b, over=True, style=style, seconds=5.0), name=f"crossing over slow {style}")
        yield from (moving.replacing(a, b, gap_s, style=style) for gap_s in (0.0, 0.2, 0.4, 2.0))
        yield moving.beside(a, b, style=style)
        yield moving.entering(a, b, style=style)
        yield from (moving.cut(a, b, style=style, same_place=same) for same in (True, False))


def people_of(shared: Path | None, count: int) -> list[tuple[moving.Person, moving.Person]]:
    """`count` pairs of different people out of the test data's photos, drawn by a seed."""
    if shared is None:
        photo = np.asarray(Image.open(ROOT / "examples" / "astronaut.jpg").convert("RGB"))
        return [(moving.Person(photo, ASTRONAUT_BOX),) * 2]
    boxes = json.loads((ROOT / "benchmarks" / "photo_boxes.json").read_text())
    paths = sorted((shared / "media" / "photos").glob("*.jpg"))
    paths = [path for path in paths if path.name in boxes and not path.stem.endswith(MOST_YAW_NAMES)]
    random = np.random.default_rng(7)
    picks = [random.choice(len(paths), 2, replace=False) for _ in range(count)]
    return [(person(paths[i], boxes), person(paths[j], boxes)) for i, j in picks]


def units(finder: FaceFinder, count: int = 80) -> dict[str, float]:
    """What nine of ten pairs of slightly changed pictures of one photo stay below, for each part of an appearance."""
    photo = np.asarray(Image.open(ROOT / "examples" / "astronaut.jpg").convert("RGB"))
    random, looks = np.random.default_rng(0), []
    for _ in range(count):
        image, middle = _changed(photo, random)
        faces = finder.find(image, finder.views(image.shape[1], image.shape[0])[:1])
        looks += [appearance_of(image, face) for face in faces if math.dist(face.box.centre, middle) < 20]
    pairs = list(itertools.combinations(looks, 2))
    apart = {name: [np.linalg.norm(a.parts[name] - b.parts[name]) for a, b in pairs
                    if name in a.parts and name in b.parts] for name in UNITS}  # fmt: skip
    return {name: round(float(np.percentile(values, 90)), 3) for name, values in apart.items()}


def _changed(photo: ImageArray, random: np.random.Generator) -> tuple[ImageArray, Point]:
    """The photo in other roll, size, place, sharpness, light and noise, all a little; and the face's middle there."""
    turn = cv2.getRotationMatrix2D((224, 120), random.uniform(-15, 15), random.uniform(0.4, 1.1))
    turn[:, 2] += random.uniform(-20, 20, 2)
    image = cv2.warpAffine(photo, turn, (512, 512), borderMode=cv2.BORDER_REFLECT)
    image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.3, 2))
    noisy = image * random.uniform(0.9, 1.1) + random.normal(0, 4, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), geometry.apply(turn, [ASTRONAUT_BOX.centre])[0]


def table(outcomes: list[Outcome], title: str) -> Table:
    """One row per kind of clip."""
    out = Table("clip", "right", "faces kept", "ids given", "people", "false faces", "ms", title=title)
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.clip].append(outcome)
    for name, rows in kinds.items():
        kept, given = (sum(getattr(row, key) for row in rows) / len(rows) for key in ("kept", "given"))
        right = f"{sum(row.is_right for row in rows)} of {len(rows)}"
        false, ms = sum(row.false for row in rows), float(np.median([row.ms for row in rows]))
        out.add_row(name, right, f"{kept:.1%}", f"{given:.2f}", str(rows[0].people), str(false), f"{ms:.1f}")
    return out


def main(argv: list[str] | None = None) -> int:
    """Measure, print tables, and end with 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few seconds, without the test data")
    parser.add_argument("--pairs", type=int, default=10, help="pairs of people in the made clips")
    parser.add_argument("--units", action="store_true", help="measure the units of faces/appearance.py only")
    parser.add_argument("--json", metavar="FILE", help="write the results here too; - for standard output")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("MIEN_SHARED", ROOT.parent / "shared")))
    options = parser.parse_args(argv)
    console = Console(stderr=True)
    runtime.set_threads(1)
    detector, mesh_net = BlazeFace(weights_path("face_detection_full_range")), MeshNet(weights_path("face_landmark"))
    finder = FaceFinder(detector, mesh_net)
    if options.units:
        console.print(units(finder))
        return 0
    shared = options.shared if (options.shared / "media").is_dir() and not options.quick else None
    pairs = people_of(shared, options.pairs)
    clips = [follow(finder, clip) for clip in made(pairs, quick=shared is None)]
    files = [follow_file(finder, shared / "media" / "videos" / name) for name in PEOPLE] if shared else []
    console.print(table(clips, "made of photos"), table(files, "real clips"), sep="\n")
    if options.json:
        rows = {kind: [asdict(row) | {"right": row.is_right} for row in some] for kind, some in
                (("made", clips), ("real", files))}  # fmt: skip
        text = json.dumps(rows, indent=1)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
