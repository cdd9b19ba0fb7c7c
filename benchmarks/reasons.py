"""How often each phrase of a reason is said of faces on whose expression people agree, and the numbers behind it.

    python benchmarks/reasons.py --data fer2013.csv --votes fer2013new.csv [--fit] [--meshes FOLDER] [--quick]

Rates are over the PublicTest faces on which at least 8 of 10 people agree, whose mesh is found and not turned away.
Beside them stand the heat and the drops of the embedded network on some of these. `--fit` writes
src/mien/faces/neutral.json anew from the Training faces on which as many agree (at most 1,500 of an expression, drawn
by a seed; of the rare ones those on which 6 of 10 do), and prints the rates there, by which the limits are chosen.
Meshes take a quarter of an hour; `--meshes FOLDER` keeps them for the next run. Without data there is nothing to
measure; `--quick` cuts a few faces of the example photo in FER2013's manner instead.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from _table import ROOT, Row, add_media, arguments, note, report
from face_geometry import made_faces

from mien import images, models, runtime
from mien.data.align import find_meshes
from mien.data.faceset import EXPRESSIONS
from mien.data.fer2013 import load_fer2013
from mien.expression import doubts, reasons
from mien.expression.classify import Classifier
from mien.expression.reasons import PHRASES
from mien.faces import measures, mesh, regions
from mien.faces.mesh import MeshNet
from mien.files import written_whole
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import FloatArray, Frame, ImageArray

AGREED, AGREED_RARE = 8, 6  # of ten people
LOOKED_AT = 60  # PublicTest faces of one expression whose heat and drops are looked at
MOST = 1500  # Training faces of one expression
RARE = ("disgust", "fear", "contempt")
REST_OF_ALL = ("neutral", "surprise", "sad", "angry")
# Measures of several spans: which expressions show it, and which should not be taken for it.
FITTED = {
    "mouth_corners": (("happy",), REST_OF_ALL),
    "lips_rounded": (("surprise",), ("neutral", "happy", "sad", "angry")),
    "eyes": (("surprise", "fear"), ("neutral", "happy", "sad", "angry")),
    "brows": (("surprise",), ("neutral", "happy", "sad", "angry")),
    "inner_brows_up": (("sad", "fear"), ("neutral", "angry")),
}
STEPS, RATE, SHRINK = 4000, 0.3, 1e-3  # of the descent, which has long settled by then
LARGEST = 6.0  # spreads; a mesh that has gone astray should not bend the fit


@dataclass(frozen=True, eq=False)
class Agreed:
    """Faces on which people agree: `pixels` (N, 48, 48), `meshes` (N, 468, 3) px, `labels` (N,) of EXPRESSIONS."""

    pixels: ImageArray
    meshes: FloatArray
    labels: NDArray[np.int64]


def agreed_faces(data: Path, votes: Path, split: str, kept: Path | None) -> Agreed:
    """The faces of one split, their meshes from `kept` where they were found before."""
    faces = load_fer2013(data, votes, only=split)
    shares = faces.votes[:, : len(EXPRESSIONS)]
    labels = shares.argmax(1)
    least = np.where(
        (split == "Training") & np.isin(labels, [EXPRESSIONS.index(name) for name in RARE]), AGREED_RARE, AGREED
    )
    which = _drawn(labels, shares.max(1) >= least, MOST if split == "Training" else len(labels))
    meshes = _meshes(faces.pixels[which], kept and kept / f"{split}.npz")
    return _told(faces.pixels[which], meshes, labels[which])


def _told(pixels: ImageArray, meshes: FloatArray, labels: NDArray[np.int64]) -> Agreed:
    """The faces whose mesh is found and not turned so far away that nothing is said of it."""
    angles = np.array([mesh.yaw_pitch_of(points) for points in meshes]).reshape(-1, 2)
    limits = (doubts.MOST_YAW_DEG, doubts.MOST_PITCH_DEG)
    kept = (np.abs(np.nan_to_num(angles, nan=np.inf)) <= limits).all(1)
    return Agreed(pixels[kept], meshes[kept], labels[kept])


def _drawn(labels: NDArray[np.int64], able: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    random = np.random.default_rng(0)
    parts = [random.permutation(np.flatnonzero(able & (labels == label)))[:most] for label in range(len(EXPRESSIONS))]
    return np.sort(np.concatenate(parts))


def _meshes(pixels: ImageArray, kept: Path | None) -> FloatArray:
    if kept is not None and kept.is_file():
        with np.load(kept) as known:
            if np.array_equal(known["pixels"], pixels):
                return np.asarray(known["meshes"], np.float32)
    net = MeshNet(models.weights_path("face_landmark"))
    meshes = find_meshes(net, pixels, lambda done, total: note(f"{done} of {total} faces") if done % 512 == 0 else None)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, pixels=pixels, meshes=meshes)
    return meshes


# --- the fit --------------------------------------------------------------------------------------------------------


def fit(faces: Agreed) -> measures.Neutral:
    """Reference, weights, means and spreads from Training faces."""
    neutral = faces.meshes[faces.labels == EXPRESSIONS.index("neutral")]
    plain = measures.fit_neutral(neutral)
    aligned = measures.align(faces.meshes, plain.still)
    spans = {name: span(aligned) for name, span in measures.SPANS.items()}
    weights = {name: fit_weights(spans, faces.labels, name) for name in FITTED}
    return measures.fit_neutral(neutral, weights)


def fit_weights(spans: Mapping[str, NDArray[np.float64]], labels: NDArray[np.int64], name: str) -> dict[str, float]:
    """Logistic regression of who shows a measure on its spans, each weight of the sign that its name asks for.

    Both sides count alike, and each expression on its side.
    """
    signs = measures.MEASURES[name]
    showing, others = ([EXPRESSIONS.index(one) for one in side] for side in FITTED[name])
    rest = labels == EXPRESSIONS.index("neutral")
    scales = {span: sign / measures.robust_spread(spans[span][rest]) for span, sign in signs.items()}
    values = np.stack([scale * (spans[span] - np.median(spans[span][rest])) for span, scale in scales.items()], 1)
    share = np.zeros(len(labels))
    for side in (showing, others):
        for label in side:
            share[labels == label] = 0.5 / len(side) / max(1, np.count_nonzero(labels == label))
    found = descend(np.clip(values, -LARGEST, LARGEST), np.where(np.isin(labels, showing), 1.0, -1.0), share)
    found /= found.sum()
    return {span: round(float(weight * scales[span]), 5) for span, weight in zip(signs, found, strict=True)}


def descend(values: NDArray[np.float64], sides: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (K,) >= 0 of least weighted logistic loss, by projected gradient descent.

    `values` (N, K), `sides` (N,) +1 or -1, `share` (N,) how much each counts.
    """
    weights, bias = np.full(values.shape[1], 0.1), 0.0
    for _ in range(STEPS):
        pull = share * sides / (1 + np.exp(sides * (values @ weights + bias)))
        weights = np.maximum(0, weights + RATE * (values.T @ pull - 2 * SHRINK * weights))
        bias += RATE * float(pull.sum())
    return weights


def write_neutral(neutral: measures.Neutral, count: int) -> None:
    """Put the reference beside the code that reads it."""
    origin = (
        f"{count} FER2013 Training faces that at least {AGREED} of 10 FERPlus voters call neutral and whose mesh is "
        "found; written by benchmarks/reasons.py --fit. Lengths in distances between the eyes."
    )
    with written_whole(ROOT / "src" / "mien" / "faces" / "neutral.json") as path:
        path.write_text(json.dumps({"origin": origin, **neutral.to_dict()}) + "\n", encoding="utf-8")


# --- the rates ------------------------------------------------------------------------------------------------------


def measured(meshes: FloatArray, neutral: measures.Neutral) -> dict[str, NDArray[np.float64]]:
    """`measures.measure` of many meshes at once: (N,) by name."""
    values = measures.raw_measures(measures.align(meshes, neutral.still), neutral.weights)
    return {name: (value - neutral.mean[name]) / neutral.spread[name] for name, value in values.items()}


def phrase_rates(faces: Agreed, neutral: measures.Neutral) -> dict[str, dict[str, float]]:
    """For each phrase, the share of the faces of each expression of which it is said."""
    values = measured(faces.meshes, neutral)
    rates: dict[str, dict[str, float]] = {}
    for phrase in PHRASES:
        said = values[phrase.measure] / phrase.least >= 1
        rates[phrase.key] = {
            name: float(said[faces.labels == label].mean()) if (faces.labels == label).any() else 0.0
            for label, name in enumerate(EXPRESSIONS)
        }
    return rates


def rows_of(rates: Mapping[str, Mapping[str, float]], faces: Agreed) -> list[Row]:
    """A row a phrase: the most frequent expression's rate, and all beside it; then how many faces there were."""
    rows = [Row(f"{key}, of neutral faces", 100 * shares["neutral"], "%",
                beside={name: round(100 * share, 1) for name, share in shares.items() if name != "neutral"})
            for key, shares in rates.items()]  # fmt: skip
    found = np.bincount(faces.labels, minlength=len(EXPRESSIONS))
    return [
        *rows,
        Row(
            "faces, neutral", float(found[0]), "", beside=dict(zip(EXPRESSIONS[1:], map(float, found[1:]), strict=True))
        ),
    ]


def markdown(rates: Mapping[str, Mapping[str, float]], faces: Agreed) -> str:
    """The table of docs/reasons.md: per cent."""
    found = np.bincount(faces.labels, minlength=len(EXPRESSIONS))
    lines = ["| | " + " | ".join(EXPRESSIONS) + " |", "| --- |" + " --- |" * len(EXPRESSIONS)]
    lines.append("| faces | " + " | ".join(map(str, found)) + " |")
    lines += [f"| `{key}` | " + " | ".join(f"{100 * shares[name]:.0f}" for name in EXPRESSIONS) + " |"
              for key, shares in rates.items()]  # fmt: skip
    return "\n".join(lines)


# --- where the network looks ----------------------------------------------------------------------------------------


def looked_at(faces: Agreed) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Heat and drop (N, regions) of the embedded network's own answer for some faces, and that answer for each."""
    classifier, random = Classifier(), np.random.default_rng(0)
    which = [random.permutation(np.flatnonzero(faces.labels == label))[:LOOKED_AT] for label in range(len(EXPRESSIONS))]
    heats, drops, labels = [], [], []
    for index in np.concatenate(which):
        keypoints = mesh.keypoints(faces.meshes[index])
        crop = images.crop_face(faces.pixels[index], keypoints)
        matrix = images.crop_matrix(keypoints, len(crop))
        label = EXPRESSIONS[int(classifier(crop[None]).votes[0, : len(EXPRESSIONS)].argmax())]
        masks = regions.masks(regions.label_map(faces.meshes[index], matrix, len(crop)))
        found = reasons.regions_of(classifier, crop, masks, label).values()
        heats.append([region.heat for region in found])
        drops.append([region.drop for region in found])
        labels.append(label)
    return np.array(heats), np.array(drops), labels


def region_table(values: NDArray[np.float64], labels: Sequence[str]) -> str:
    """Means by the network's answer, in per cent, as a table of Markdown."""
    said = np.array(labels)
    lines = ["| | faces | " + " | ".join(regions.REGIONS) + " |", "| --- | --- |" + " --- |" * len(regions.REGIONS)]
    for name in ("all", *(name for name in EXPRESSIONS if (said == name).any())):
        part = values if name == "all" else values[said == name]
        means = " | ".join(f"{100 * mean:.0f}" for mean in part.mean(0))
        lines.append(f"| {name} | {len(part)} | {means} |")
    return "\n".join(lines)


def region_rows(heats: NDArray[np.float64], drops: NDArray[np.float64]) -> list[Row]:
    """Mean heat, its spread, and the mean drop of each region; and what 19 of 20 faces have at most outside."""
    rows = [Row(f"heat on {name}, mean", 100 * heats[:, at].mean(), "%",
                beside={"spread": 100 * heats[:, at].std(), "drop": 100 * drops[:, at].mean()})
            for at, name in enumerate(regions.REGIONS)]  # fmt: skip
    outside = [np.quantile(values[:, -1], 0.95) for values in (heats, drops)]
    return [*rows, Row("heat outside, 19 of 20 faces", 100 * outside[0], "%", beside={"drop": 100 * outside[1]})]


# --- photos and small faces -------------------------------------------------------------------------------------------


def photo_rows(folder: Path) -> list[Row]:
    """How far the measures of photos' faces are from those of the same faces at FER2013's 48 px, in spreads."""
    pipeline, net = Pipeline(PipelineOptions(tiles=False)), MeshNet(models.weights_path("face_landmark"))
    differences = []
    for path in sorted(folder.glob("*.jpg")):
        image = images.decode_image(path)
        faces = [face for face in pipeline.read(Frame(image)).faces if not doubts.is_turned_away(face)]
        for face, small in zip(faces, find_meshes(net, pipeline.crops(image, faces)) if faces else [], strict=True):
            if face.mesh is not None and not np.isnan(small).any():
                pair = (measures.measure(small), measures.measure(face.mesh))
                differences.append([pair[0][name] - pair[1][name] for name in measures.MEASURES])
    if not differences:
        return []
    apart = np.array(differences)
    return [Row(f"{name}, 48 px against {len(apart)} photos", float(np.median(np.abs(apart[:, at]))),
                "spreads", beside={"mean": float(apart[:, at].mean())})
            for at, name in enumerate(measures.MEASURES)]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; there is no bar."""
    options = _options(argv)
    if not options.quick and (options.data is None or options.votes is None):
        note("left out: it measures FER2013's faces, give them with --data fer2013.csv --votes fer2013new.csv")
        return 0
    runtime.set_threads(1)
    if options.quick:
        pixels = made_faces(6)
        faces = _told(pixels, _meshes(pixels, None), np.full(6, EXPRESSIONS.index("happy")))
        return _tell("a smoke run", faces, measures.neutral(), options)
    if options.fit:
        faces = agreed_faces(options.data, options.votes, "Training", options.meshes)
        neutral = fit(faces)
        write_neutral(neutral, int(np.count_nonzero(faces.labels == 0)))
        note(f"per cent of Training faces on which people agree:\n{markdown(phrase_rates(faces, neutral), faces)}")
    else:
        neutral = measures.neutral()
    faces = agreed_faces(options.data, options.votes, "PublicTest", options.meshes)
    return _tell("of PublicTest faces on which at least 8 of 10 agree", faces, neutral, options)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FER2013_CSV", help="Kaggle's fer2013.csv")
    parser.add_argument("--votes", type=Path, metavar="FER2013NEW_CSV", help="FERPlus's votes")
    add_media(parser)
    parser.add_argument("--fit", action="store_true", help="write neutral.json anew from the Training faces")
    parser.add_argument("--meshes", type=Path, metavar="FOLDER", help="keep the meshes that are found here")
    return parser.parse_args(argv)


def _tell(title: str, faces: Agreed, neutral: measures.Neutral, options: argparse.Namespace) -> int:
    rates = phrase_rates(faces, neutral)
    note(f"per cent {title}:\n{markdown(rates, faces)}")
    heats, drops, labels = looked_at(faces)
    for what, values in (("share of the heat", heats), ("drop when covered", drops)):
        note(f"mean {what}, by the network's answer, per cent:\n{region_table(values, labels)}")
    rows = [*rows_of(rates, faces), *region_rows(heats, drops)]
    rows += [] if options.quick else photo_rows(options.shared / "media" / "photos")
    return report(f"how often each phrase is said, {title}", rows, options)


if __name__ == "__main__":
    sys.exit(main())
