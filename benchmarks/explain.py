"""What the heat-maps are worth: faithful? do they depend on what was learned? on the face? do they move with it?

    python benchmarks/explain.py [--data fer2013.csv --votes fer2013new.csv] [--faces N] [--minutes M] [--quick]
                                 [--model FOLDER --layer PATH] [--json FILE|-] [--charts FOLDER]

Takes PublicTest faces on which 8 of 10 people agree, in an order drawn by a seed, until N faces or M minutes are
spent; every table says how many it is over. Without `--data` the faces are looked for in `fer2013/` of the folder that
MIEN_SHARED names. docs/explain-methods.md tells the protocol and what came out.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from _table import SHARED, arguments, note
from face_geometry import made_faces

from mien import images, models
from mien.data import align
from mien.data.faceset import EXPRESSIONS
from mien.data.fer2013 import load_fer2013
from mien.explain import faithfulness, sanity
from mien.explain.faithfulness import Curves
from mien.explain.heatmap import Heatmap, Question, blurred
from mien.explain.maps import heat_map, heat_maps
from mien.explain.subject import DEFAULT, Subject, open_subject
from mien.faces import regions
from mien.faces.mesh import MeshNet
from mien.report import charts, map_charts
from mien.types import FloatArray, ImageArray

AGREED = 8  # of ten people
FACES, MINUTES = 200, 15.0
PARTS = {"maps": 0.4, "curves": 0.75, "sanity": 0.88, "stability": 1.0}  # of the time, by when each part ends
LEAST = 3  # faces of each part, however long they take
PER_CLASS = 40  # faces of each expression whose heat outside the face is measured
WIDE = 150  # letters of a line of the tables
QUICK_SIDE, HALF = 24, np.array([[0.5, 0, 0], [0, 0.5, 0]])  # px of a smoke run's crops, and the way to them
SHEET, ACROSS = 3600, 60  # faces of a shared sheet, and of its row
Means = dict[str, list[float | str]]


@dataclass
class Found:
    """One table: what its columns are, and a row of numbers for each name."""

    title: str
    columns: Sequence[str]
    rows: Means = field(default_factory=dict)

    def shown(self) -> Table:
        """As the terminal shows it."""
        table = Table("", title=self.title)
        for name in self.columns:
            table.add_column(name, justify="right")
        for name, row in self.rows.items():
            table.add_row(name, *(one if isinstance(one, str) else f"{one:.3f}" for one in row))
        return table


@dataclass(frozen=True, eq=False)
class Faces:
    """Crops (N, S, S) as the network takes them, and index of their label in EXPRESSIONS, in the drawn order."""

    crops: ImageArray
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Explained:
    """One face: its crop, and its map by each method."""

    crop: ImageArray
    maps: Mapping[str, Heatmap]

    @property
    def label(self) -> str:
        """What the network said, and the maps explain."""
        return next(iter(self.maps.values())).label


# --- faces ----------------------------------------------------------------------------------------------------------


def public_faces(options: argparse.Namespace) -> Faces | None:
    """The agreed faces of PublicTest in an order drawn by a seed; None where there are none to be found."""
    if options.quick:
        crops = np.stack([images.warp(one, HALF, QUICK_SIDE) for one in made_faces(LEAST)])
        return Faces(crops, np.full(LEAST, EXPRESSIONS.index("happy")))
    if options.data is not None:
        found = load_fer2013(options.data, options.votes, only="PublicTest")
        pixels, votes = found.pixels, found.votes
    elif (SHARED / "fer2013" / "labels.csv").is_file():
        pixels, votes = _from_sheets(SHARED / "fer2013")
    else:
        return None
    shares = votes[:, : len(EXPRESSIONS)]
    agreed = np.random.default_rng(0).permutation(np.flatnonzero(shares.max(1) >= AGREED))
    return Faces(pixels[agreed], shares[agreed].argmax(1))


def _from_sheets(folder: Path) -> tuple[ImageArray, FloatArray]:
    """The PublicTest faces that the shared sheets hold, and their votes."""
    with (folder / "labels.csv").open(newline="") as file:
        lines = [(row, line) for row, line in enumerate(csv.DictReader(file)) if line["usage"] == "PublicTest"]
    sheets: dict[int, ImageArray] = {}
    pixels = []
    for row, _ in lines:
        sheet, place = divmod(row, SHEET)
        if sheet not in sheets:
            sheets[sheet] = np.asarray(Image.open(folder / f"faces_{sheet:02d}.png").convert("L"))
        top, left = place // ACROSS * 48, place % ACROSS * 48
        pixels.append(sheets[sheet][top : top + 48, left : left + 48])
    names = [name for name in lines[0][1] if name.startswith("votes_")]
    return np.stack(pixels), np.asarray([[float(line[name]) for name in names] for _, line in lines], np.float32)


def aligned(faces: Faces, subject: Subject, net: MeshNet) -> Faces:
    """The faces cut as the network takes them."""
    keypoints = align.find_keypoints(net, faces.crops)
    return Faces(align.align(faces.crops, keypoints, subject.input_size, geometry_=subject.geometry), faces.labels)


# --- what is measured -----------------------------------------------------------------------------------------------


def ways(subject: Subject, layer: str) -> dict[str, tuple[str, str | None]]:
    """Methods by the name that tables give them; Grad-CAM on the last feature map stands in where there is no CAM."""
    has_cam = subject.head_weights(next(iter(subject.heads))) is not None
    last = {"cam": ("cam", None)} if has_cam else {"gradcam": ("gradcam", None)}
    return {
        **last,
        f"gradcam at {layer}": ("gradcam", layer),
        "integrated-gradients": ("integrated-gradients", None),
        "occlusion": ("occlusion", None),
    }


Ways = Mapping[str, tuple[str, "str | None"]]


def explained(subject: Subject, methods: Ways, crop: ImageArray, label: str | None = None) -> Explained:
    found = {}
    for name, (method, layer) in methods.items():
        found[name] = heat_map(subject, crop, method=method, layer=layer, label=label)
        label = found[name].label
    return Explained(crop, found)


def until(crops: ImageArray, deadline: float, most: int, what: str) -> Iterator[ImageArray]:
    """Crops until the time is over, LEAST at least."""
    for number, crop in enumerate(crops[:most]):
        if number >= LEAST and time.monotonic() > deadline:
            break
        if number % 5 == 0:
            note(f"{what}: {number} faces")
        yield crop


def answer_of(subject: Subject, label: str) -> faithfulness.Answer:
    head = next(iter(subject.heads))
    index = subject.label_index(label, head)

    def answer(pictures: FloatArray) -> FloatArray:
        with torch.no_grad():
            logits = subject.logits(torch.from_numpy(pictures)[:, None], head)
        return logits.softmax(1)[:, index].numpy()

    return answer


FILLS: Mapping[str, Callable[[ImageArray], FloatArray]] = {
    "blurred": blurred,
    "mean grey": lambda crop: np.full(crop.shape, crop.mean(), np.float32),
}


def curves(subject: Subject, faces: Sequence[Explained], deadline: float, fill: str) -> dict[str, list[Curves]]:
    """The curves of each method and each control, face by face."""
    names = list(faces[0].maps)
    side = subject.input_size
    found: dict[str, list[Curves]] = {}
    for number, face in enumerate(faces):
        if number >= LEAST and time.monotonic() > deadline:
            break
        others = [one for one in faces if one is not face]
        maps = {name: face.maps[name].values for name in names}
        maps |= {f"mean of {name}": faithfulness.mean_map([one.maps[name].values for one in others]) for name in names}
        maps |= {"random": faithfulness.random_map(side, number), "centred": faithfulness.centred_map(side)}
        for name, values in maps.items():
            one = faithfulness.curves_of(answer_of(subject, face.label), face.crop, values, FILLS[fill](face.crop))
            found.setdefault(name, []).append(one)
    return found


def faithful_table(found: Mapping[str, list[Curves]], fill: str) -> Found:
    count = len(next(iter(found.values())))
    columns = ("deletion", "insertion", "ins - del", "over random", "over centred", "over its mean map", "beats all")
    table = Found(f"faithfulness, {count} faces, pixels become {fill}; 95 % interval of the lead", columns)
    scores = {name: np.asarray([one.score for one in curves_]) for name, curves_ in found.items()}
    for name, each in found.items():
        row: list[float | str] = [
            float(np.mean([one.deletion_area for one in each])),
            float(np.mean([one.insertion_area for one in each])),
            float(scores[name].mean()),
        ]
        if f"mean of {name}" in found:
            controls = {one: scores[one] for one in ("random", "centred", f"mean of {name}")}
            leads = [faithfulness.lead(scores[name], one) for one in controls.values()]
            row += [f"{one.by:+.3f} ({one.low:+.3f} to {one.high:+.3f})" for one in leads]
            row.append("yes" if faithfulness.beats_all(scores[name], controls) else "NO")
        table.rows[name] = row + [""] * (len(columns) - len(row))
    return table


def sanity_table(subject: Subject, methods: Ways, faces: Sequence[Explained], deadline: float) -> Found:
    """Likeness of the maps of the network and of networks that forget more and more."""
    cascade = list(sanity.forgetting(subject))
    nets = {f"from {stage} up": net for stage, net in cascade if stage == next(iter(subject.heads))}
    nets["all"] = cascade[-1][1]
    each: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    count = 0
    for number, face in enumerate(faces):
        if number >= LEAST and time.monotonic() > deadline:
            break
        count += 1
        for stage, net in nets.items():
            other = explained(net, methods, face.crop, face.label)
            for name in methods:
                each.setdefault((name, stage), []).append(_likeness(face.maps[name], other.maps[name]))
        for name in methods:
            stranger = faces[(number + 1) % len(faces)].maps[name]
            each.setdefault((name, "another face"), []).append(_likeness(face.maps[name], stranger))
    title = f"likeness to the maps of a network that has forgotten, {count} faces; to those of another face"
    table = Found(title, ("ranks", "ranks of sizes", "SSIM", "passes"))
    for (name, stage), likeness in each.items():
        row: list[float | str] = [float(one) for one in np.mean(likeness, 0)]
        verdict = "yes" if max(abs(float(one)) for one in row[:2]) < sanity.ALIKE else "NO"
        verdict = verdict if stage == "all" else ""
        table.rows[f"{name}: {stage}"] = [*row, verdict]
    return table


def _likeness(one: Heatmap, other: Heatmap) -> tuple[float, float, float]:
    """Rank correlation of the values and of their sizes, and SSIM of the signed maps."""
    return (
        sanity.rank_correlation(one.values, other.values),
        sanity.rank_correlation(np.abs(one.values), np.abs(other.values)),
        sanity.similarity((one.signed + 1) / 2, (other.signed + 1) / 2),
    )


def stability_table(subject: Subject, methods: Ways, faces: Sequence[Explained], deadline: float) -> Found:
    """What a shift by one pixel and a flip do to the maps."""
    each: dict[str, list[tuple[float, ...]]] = {}
    inside = slice(1, -1)
    for number, face in enumerate(faces):
        if number >= LEAST and time.monotonic() > deadline:
            break
        right = explained(subject, methods, sanity.shifted(face.crop, right=1), face.label).maps
        flipped = explained(subject, methods, np.ascontiguousarray(face.crop[:, ::-1]), face.label).maps
        for name, one in face.maps.items():
            moved, back = right[name].values, flipped[name].values[:, ::-1]
            each.setdefault(name, []).append((
                sanity.rank_correlation(sanity.shifted(one.values, right=1)[inside, inside], moved[inside, inside]),
                sanity.centre(moved)[0] - sanity.centre(one.values)[0],
                sanity.rank_correlation(one.values, back),
                sanity.centre(back)[0] - sanity.centre(one.values)[0],
            ))  # fmt: skip
    count = len(next(iter(each.values())))
    columns = ("shifted: ranks", "shifted: centre moves, px (1)", "flipped: ranks", "flipped: centre is off, px (0)")
    rows: Means = {name: [float(one) for one in np.mean(values, 0)] for name, values in each.items()}
    return Found(f"the map of a face moved by 1 px, and of its mirror image, {count} faces", columns, rows)


def outside_mask(net: MeshNet, crop: ImageArray) -> NDArray[np.bool_] | None:
    """What of a crop lies outside the face's oval; None where no mesh is found."""
    points = align.find_meshes(net, crop[None])[0]
    if np.isnan(points).any():
        return None
    same = np.array([[1.0, 0, 0], [0, 1, 0]])
    return regions.masks(regions.label_map(points, same, len(crop)))["outside"]


def outside_tables(subject: Subject, faces: Faces, explained_: Sequence[Explained], net: MeshNet) -> list[Found]:
    """The share of heat outside the face: by expression for the quickest method, and by method."""
    columns = ("faces", "heat outside", "area outside", "heat / area")
    name, (method, _) = next(iter(ways(subject, "").items()))
    by_class = Found(f"heat outside the face's oval, by the expression that people saw ({name})", columns)
    for index, label in enumerate(EXPRESSIONS):
        crops = faces.crops[faces.labels == index][:PER_CLASS]
        maps = heat_maps(subject, crops, Question(), method=method)
        _add_outside(by_class, label, crops, [one.values for one in maps], net)
    by_method = Found("heat outside the face's oval, by method", columns)
    crops = np.stack([face.crop for face in explained_])
    for name in explained_[0].maps:
        _add_outside(by_method, name, crops, [face.maps[name].values for face in explained_], net)
    return [by_class, by_method]


def _add_outside(table: Found, name: str, crops: ImageArray, maps: Sequence[FloatArray], net: MeshNet) -> None:
    pairs = []
    for crop, values in zip(crops, maps, strict=True):
        mask = outside_mask(net, crop)
        share = None if mask is None else sanity.share_on(values, mask)
        if mask is not None and share is not None:
            pairs.append((share, float(mask.mean())))
    if pairs:
        heat, area = (float(one) for one in np.mean(pairs, 0))
        table.rows[name] = [str(len(pairs)), heat, area, heat / area if area else 0.0]


def memory_table(times: int) -> Found:
    """Growth over many explanations by each method in turn, of a network that is small, since leaks are not."""
    subject = open_subject("mien", size=8)
    crop = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    methods = ("cam", "gradcam", "integrated-gradients", "occlusion")
    table = Found(f"memory over {times} explanations, after the first tenth", ("MB before", "MB after", "growth"))
    before = 0.0
    for number in range(times):
        if number == times // 10:
            before = _resident_mb()
        heat_map(subject, crop, method=methods[number % len(methods)])
    after = _resident_mb()
    table.rows["process"] = [before, after, after - before]
    return table


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


# --- all of it ------------------------------------------------------------------------------------------------------


def measure(
    subject: Subject, faces: Faces, options: argparse.Namespace, tell: Callable[[Found], None]
) -> dict[str, list[Curves]]:
    """Measure part after part; each table is told as soon as it is full. Returns the curves on blurred faces."""
    start, net = time.monotonic(), MeshNet(models.weights_path("face_landmark"))
    ends = {part: start + 60 * options.minutes * share for part, share in PARTS.items()}
    methods = ways(subject, options.layer)
    if not options.quick:
        faces = aligned(needed(faces, options.faces), subject, net)
    crops = until(faces.crops, ends["maps"], options.faces, "maps")
    found = [explained(subject, methods, crop) for crop in crops]
    middle = (ends["maps"] + ends["curves"]) / 2
    by_fill = {}
    for fill, end in zip(FILLS, (middle, ends["curves"]), strict=True):
        by_fill[fill] = curves(subject, found, end, fill)
        tell(faithful_table(by_fill[fill], fill))
    for table in outside_tables(subject, faces, found, net):
        tell(table)
    tell(sanity_table(subject, methods, found, ends["sanity"]))
    tell(stability_table(subject, methods, found, ends["stability"]))
    tell(memory_table(20 if options.quick else 1000))
    return by_fill["blurred"]


def needed(faces: Faces, count: int) -> Faces:
    """The first faces, and those of each expression whose heat outside the face is measured, in the same order."""
    kept = {*range(min(count, len(faces.crops)))}
    for index in range(len(EXPRESSIONS)):
        kept |= set(np.flatnonzero(faces.labels == index)[:PER_CLASS].tolist())
    which = np.asarray(sorted(kept))
    return Faces(faces.crops[which], faces.labels[which])


def write_charts(folder: Path, found: Mapping[str, list[Curves]], tables: Sequence[Found]) -> None:
    """The mean curves and the heat outside the face by expression, as PNGs."""
    means = {name: {kind: np.mean([getattr(one, kind) for one in each], 0) for kind in map_charts.CURVES}
             for name, each in found.items() if not name.startswith("mean of")}  # fmt: skip
    charts.save(map_charts.faithfulness(means, charts.LIGHT), folder / "faithfulness.png")
    by_class = next(table.rows for table in tables if "by the expression" in table.title)
    shares = {name: (float(row[1]), float(row[2])) for name, row in by_class.items()}
    charts.save(map_charts.outside(shares, charts.LIGHT), folder / "outside.png")


def main(argv: list[str] | None = None) -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FER2013_CSV", help="Kaggle's fer2013.csv")
    parser.add_argument("--votes", type=Path, metavar="FER2013NEW_CSV", help="FERPlus's votes")
    parser.add_argument("--faces", type=int, default=FACES, metavar="N", help="at most so many faces")
    parser.add_argument("--minutes", type=float, default=MINUTES, metavar="M", help="about how long it may take")
    parser.add_argument("--model", default=DEFAULT, help="a model folder, a run, or a network's name")
    parser.add_argument("--layer", default="trunk.5", metavar="PATH", help="for Grad-CAM, beside the last feature map")
    parser.add_argument("--charts", type=Path, metavar="FOLDER", help="write the curves and charts here")
    options = parser.parse_args(argv)
    if options.charts:
        options.charts.mkdir(parents=True, exist_ok=True)  # before a quarter of an hour, not after it
    if options.quick:
        options.minutes = 0.0
        options.faces = LEAST
    torch.set_num_threads(1)
    faces = public_faces(options)
    if faces is None:
        note("left out: it measures FER2013's faces, give them with --data fer2013.csv --votes fer2013new.csv")
        return 0
    subject = open_subject("mien", size=QUICK_SIDE) if options.quick else open_subject(options.model)
    tables: list[Found] = []

    def tell(table: Found) -> None:
        tables.append(table)
        Console(stderr=True, width=WIDE).print(table.shown())

    curves_ = measure(subject, faces, options, tell)
    if options.charts:
        write_charts(options.charts, curves_, tables)
    if options.json:
        plain = {name: [asdict(one) for one in each] for name, each in curves_.items()}
        text = json.dumps({"tables": [asdict(table) for table in tables], "curves": plain}, default=np.ndarray.tolist)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
