"""How well faces are found: photos at every roll, pictures without a face, clips, small faces; Haar beside it.

    python benchmarks/detection.py [--quick] [--json FILE|-] [--shared FOLDER]

Photos and clips come from the test data (`--shared`, or MIEN_SHARED, or ../shared beside the clone); without them
those rows are left out. A face counts as found when its box and the true one (upright, brow to chin, set by eye in
`photo_boxes.json`) have their middles within half a side and sides within a factor of 1.6. `--quick` is a smoke run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from pictures import Scene, faceless, pasted, turned

from mien import runtime
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.haar import Haar
from mien.faces.mesh import MeshNet
from mien.models import weights_path
from mien.types import Box, Face, ImageArray

ROOT = Path(__file__).resolve().parents[1]
ASTRONAUT_BOX = Box(178, 67, 274, 175)
CLIPS = ("again.mkv", "hungry.mkv")  # a shirt with a printed skull, a plaid shirt
SMALL = ((24, (640, 480)), (48, (1920, 1080)))  # side of the face's box, size of the picture
Photo = tuple[ImageArray, Box]


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    roll_step: int = 15
    faceless: int = 320
    every: int = 4  # of the clips' frames
    scenes: int = 16  # with pasted faces, per size and roll
    faces: int = 5  # pasted into each


QUICK = Size(roll_step=360, faceless=2, every=50, scenes=1, faces=1)


@dataclass
class Tally:
    """What was found in some scenes: `found` of `faces`, `false` faces elsewhere, over `pictures`."""

    pictures: int = 0
    faces: int = 0
    found: int = 0
    false: int = 0

    def add(self, found: list[Face], true: Iterable[Box]) -> None:
        """Count one picture's faces."""
        left = list(found)
        self.pictures += 1
        for box in true:
            self.faces += 1
            match = next((face for face in left if agrees(face.box, box)), None)
            if match is not None:
                left.remove(match)
                self.found += 1
        self.false += len(left)

    @property
    def recall(self) -> float:
        """Share of the faces found."""
        return self.found / self.faces if self.faces else math.nan


def agrees(box: Box, true: Box) -> bool:
    """Whether a found box is around the true face."""
    near = math.dist(box.centre, true.centre) < 0.5 * true.side
    return near and 1 / 1.6 < box.side / true.side < 1.6


def count(finder: FaceFinder, scenes: Iterable[Scene]) -> Tally:
    """Look for the faces of all scenes."""
    tally = Tally()
    for scene in scenes:
        tally.add(finder.find(scene.image), scene.boxes)
    return tally


def clip_tally(finder: FaceFinder, path: Path, every: int) -> Tally:
    """One person stands in the clip: a face is theirs when it is within 1.5 sides of where faces mostly are."""
    found = [finder.find(image) for image in frames(path, every)]
    if not any(found):
        return Tally(pictures=len(found), faces=len(found))
    middle = np.median([face.box.centre for faces in found for face in faces], axis=0)
    side = float(np.median([face.box.side for faces in found for face in faces]))
    tally = Tally()
    for faces in found:
        mine = [face for face in faces if math.dist(face.box.centre, middle) < 1.5 * side]
        tally.add([*mine, *(face for face in faces if face not in mine)], [face.box for face in mine[:1]])
        tally.faces += not mine
    return tally


def frames(path: Path, every: int) -> Iterator[ImageArray]:
    """Every so many-th frame of a clip, RGB."""
    import av

    with av.open(str(path)) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index % every == 0:
                yield frame.to_ndarray(format="rgb24")


def read(path: Path) -> ImageArray:
    """A picture file as RGB."""
    return np.asarray(Image.open(path).convert("RGB"))


def photos(shared: Path | None) -> list[Photo]:
    """The photos and their true boxes; only the astronaut where the test data are not there."""
    if shared is None:
        return [(read(ROOT / "examples" / "astronaut.jpg"), ASTRONAUT_BOX)]
    boxes = json.loads((Path(__file__).parent / "photo_boxes.json").read_text())
    return [(read(shared / "media" / "photos" / name), Box(*map(float, box))) for name, box in sorted(boxes.items())]


def small_scenes(
    photos_: list[Photo], size: Size, face_px: int, picture: tuple[int, int], roll: int
) -> Iterator[Scene]:
    """Scenes with pasted faces; every photo has its turn."""
    for seed in range(size.scenes):
        chosen = [photos_[(seed * size.faces + index) % len(photos_)] for index in range(size.faces)]
        yield pasted(chosen, picture, face_px, roll_deg=roll, seed=seed)


def measurements(shared: Path | None, size: Size) -> Iterator[tuple[str, Callable[[FaceFinder], Tally]]]:
    """All that is measured: (name, how)."""
    album = photos(shared)
    for roll in range(0, 360, size.roll_step):
        yield f"photos at {roll} degrees", lambda finder, roll=roll: count(finder, (turned(*p, roll) for p in album))
    yield "pictures without a face", lambda finder: count(finder, faceless(size.faceless))
    for name in CLIPS if shared else ():
        path = (shared or ROOT) / "media" / "videos" / name
        yield f"clip {name}", lambda finder, path=path: clip_tally(finder, path, size.every)
    for face_px, picture in SMALL:
        for roll in (0, 90, 180):
            label = f"faces of {face_px} px in {picture[0]} x {picture[1]} at {roll} degrees"
            yield label, lambda finder, a=(face_px, picture, roll): count(finder, small_scenes(album, size, *a))


def bars(results: dict[str, Tally]) -> dict[str, bool]:
    """The bars and whether the default detector clears them (full size)."""
    upright = results["photos at 0 degrees"]
    rolled = [tally for name, tally in results.items() if name.startswith("photos")]
    small = [tally for name, tally in results.items() if name.startswith("faces of")]
    empty = [tally for name, tally in results.items() if name.startswith(("pictures", "clip"))]
    return {
        "38 of 40 photos upright (95 %)": upright.recall >= 0.95,
        "at every roll 97 % of those": all(tally.found >= 0.97 * upright.found for tally in rolled),
        "no false face on empty pictures and clips": sum(tally.false for tally in empty) == 0,
        "90 % of small faces, each size and roll": all(tally.recall >= 0.9 for tally in small),
    }


def table(results: dict[str, dict[str, Tally]]) -> Table:
    """All results, detectors side by side."""
    out = Table("measured", *(f"{name} {what}" for name in results for what in ("found", "false")))
    for row in next(iter(results.values())):
        cells = []
        for tallies in results.values():
            one = tallies[row]
            share = f"{one.found} of {one.faces} ({one.recall:.1%})" if one.faces else "-"
            cells += [share, f"{one.false} in {one.pictures}"]
        out.add_row(row, *cells)
    return out


def run(shared: Path | None, size: Size, console: Console) -> dict[str, dict[str, Tally]]:
    """Measure both detectors."""
    net = MeshNet(weights_path("face_landmark"))
    finders = {
        "default": FaceFinder(BlazeFace(weights_path("face_detection_full_range")), net),
        "haar": FaceFinder(Haar(), net),
    }
    results: dict[str, dict[str, Tally]] = {name: {} for name in finders}
    for label, measure in measurements(shared, size):
        for name, finder in finders.items():
            start = time.perf_counter()
            tally = results[name][label] = measure(finder)
            console.print(f"{label}, {name}: {tally} {time.perf_counter() - start:.1f} s", highlight=False)
    return results


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when all bars are cleared (or in a smoke run)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few seconds, without the test data")
    parser.add_argument("--json", metavar="FILE", help="write the results here too; - for standard output")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("MIEN_SHARED", ROOT.parent / "shared")))
    options = parser.parse_args(argv)
    console = Console(stderr=True)
    runtime.set_threads(1)
    cv2.ocl.setUseOpenCL(False)
    shared = options.shared if (options.shared / "media").is_dir() and not options.quick else None
    results = run(shared, QUICK if options.quick else Size(), console)
    cleared = bars(results["default"])
    console.print(table(results), *(f"{'yes' if met else 'NO '} {bar}" for bar, met in cleared.items()), sep="\n")
    if options.json:
        tallies = {name: {row: asdict(tally) for row, tally in rows.items()} for name, rows in results.items()}
        text = json.dumps({"bars": cleared, "results": tallies}, indent=1)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n")
    return 0 if options.quick or all(cleared.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
