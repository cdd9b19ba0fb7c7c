"""Where eyes and mouth lie in FER2013's faces: the numbers behind `images.CropGeometry`, measured again.

    python benchmarks/face_geometry.py --data fer2013.csv [--faces N] [--quick] [--json FILE|-]

Runs the mesh over the Training rows as training does (`mien.data.align.find_keypoints`); in units of the picture's
side. All faces take a few minutes; `--faces` draws so many by a seed. Without `--data` there is nothing to
measure; `--quick` cuts a few faces of the example photo in FER2013's manner instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import footage
from _table import Row, arguments, note, report

from mien import images, models, runtime
from mien.data.align import find_keypoints
from mien.data.fer2013 import SIDE, load_fer2013
from mien.faces.mesh import MeshNet
from mien.images import DEFAULT_GEOMETRY
from mien.types import FloatArray, ImageArray


def training_faces(data: Path, count: int | None) -> ImageArray:
    """FER2013's Training faces (N, 48, 48), all or `count` of them."""
    note(f"reading {data}")
    pixels = load_fer2013(data, only="Training").pixels
    if count is None or count >= len(pixels):
        return pixels
    return pixels[np.sort(np.random.default_rng(0).choice(len(pixels), count, replace=False))]


def made_faces(count: int) -> ImageArray:
    """The example photo's face, cut tightly at slightly different places: (count, 48, 48)."""
    look, random = footage.astronaut(), np.random.default_rng(0)
    grey, (x, y) = images.to_grey(look.photo), look.box.centre
    faces = []
    for _ in range(count):
        side = look.box.side * random.uniform(1.0, 1.2)
        left, top = x - side / 2 + random.uniform(-4, 4), y - side / 2 + random.uniform(-4, 4)
        scale = SIDE / side
        faces.append(images.warp(grey, np.array([[scale, 0, -left * scale], [0, scale, -top * scale]]), SIDE))
    return np.stack(faces)


def geometry_rows(keypoints: FloatArray, side: int = SIDE) -> list[Row]:
    """Means, and the spread of each, beside what `CropGeometry` holds."""
    found = keypoints[~np.isnan(keypoints).any((1, 2))] / side
    eyes, apart = found[:, :2].mean(1), np.linalg.norm(found[:, 1] - found[:, 0], axis=1)
    measured = {"eye_y": eyes[:, 1], "eye_distance": apart, "mouth_y": found[:, 3, 1]}
    held = DEFAULT_GEOMETRY.to_dict()
    rows = [Row("faces", float(len(keypoints)), ""), Row("mesh found", 100 * len(found) / len(keypoints), "%")]
    rows += [Row(name, float(values.mean()), "", beside={"CropGeometry": held[name]})
             for name, values in measured.items()]  # fmt: skip
    across = {"middle of the eyes, x": eyes[:, 0], "mouth, x": found[:, 3, 0]}
    rows += [Row(name, float(values.mean()), "", beside={"CropGeometry": 0.5}) for name, values in across.items()]
    return rows + [Row(f"{name}, standard deviation", float(values.std()), "") for name, values in measured.items()]


def main(argv: list[str] | None = None) -> int:
    """Measure and print; there is no bar."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FER2013_CSV", help="Kaggle's fer2013.csv")
    parser.add_argument("--faces", type=int, metavar="N", help="so many faces, drawn by a seed, in place of all")
    options = parser.parse_args(argv)
    if options.data is None and not options.quick:
        note("left out: it measures FER2013's faces, give them with --data fer2013.csv")
        return 0
    runtime.set_threads(1)
    count = 8 if options.quick else options.faces
    faces = made_faces(count) if options.data is None else training_faces(options.data, count)
    net = MeshNet(models.weights_path("face_landmark"))
    keypoints = find_keypoints(net, faces, lambda done, total: note(f"{done} of {total} faces"))
    return report("where eyes and mouth lie, in units of the side", geometry_rows(keypoints), options)


if __name__ == "__main__":
    sys.exit(main())
