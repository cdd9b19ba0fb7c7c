"""Positive, neutral or negative: how often the embedded model is right on PublicTest, and among the surest 80 %.

    python benchmarks/tone.py [--data fer2013.csv --votes fer2013new.csv] [--model FOLDER] [--quick] [--json FILE|-]

The truth is FERPlus's official majority label as a tone; faces with a majority for surprise are left out (2,784 stay)
and told apart below. One crop a face, aligned as live faces are. Intervals hold 95 % of 1,000 bootstrap samples. The
calibration was fitted on the part of Training that training holds out.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from _table import Row, add_media, arguments, note, report

from mien import models
from mien.data.faceset import FaceSet
from mien.data.load import load_faces
from mien.expression.classify import Classifier
from mien.judge import evaluate, eyes
from mien.judge import tone as tones

SIDE, ACROSS, PER_SHEET = 48, 60, 3600  # of the shared sheets
VOTES = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf"]
MOST_WRONG, MOST_WRONG_SUREST, MOST_ECE = 10.5, 5.0, 2.0  # per cent: the bars
QUICK = 100  # faces


def public_faces(folder: Path, most: int | None) -> FaceSet:
    """PublicTest from the shared sheets, without rows whose pixels come from another copy."""
    with open(folder / "labels.csv", newline="") as file:
        lines = [line for line in csv.DictReader(file)]
    which = [i for i, line in enumerate(lines) if line["usage"] == "PublicTest" and line["refilled"] != "1"][:most]
    sheets = {one: np.asarray(Image.open(folder / f"faces_{one:02d}.png")) for one in {i // PER_SHEET for i in which}}
    pixels = []
    for index in which:
        top, left = (place * SIDE for place in divmod(index % PER_SHEET, ACROSS))
        pixels.append(sheets[index // PER_SHEET][top : top + SIDE, left : left + SIDE])
    votes = [[float(lines[index][f"votes_{name}"]) for name in VOTES] for index in which]
    labels = np.asarray([int(lines[index]["emotion"]) for index in which])
    split, count = np.full(len(which), "PublicTest"), len(which)
    people = np.asarray(votes, np.float32)
    return FaceSet(np.stack(pixels), labels, people, split, np.asarray(which), np.ones(count, bool))


def find_faces(options: argparse.Namespace) -> FaceSet | None:
    """PublicTest from the two public files, or else from the shared sheets; None where there is neither."""
    most = QUICK if options.quick else None
    if options.data is not None:
        faces = load_faces(options.data, options.votes, layout="fer2013", split="PublicTest")
        return faces.take(np.flatnonzero(faces.named)[:most])
    folder = options.shared / "fer2013"
    return public_faces(folder, most) if (folder / "labels.csv").exists() else None


def rows_of(found: dict[str, Any]) -> list[Row]:
    """The bars first, then what else there is to know; per cent."""
    surest, surprised = found["surest"], found["surprised"]
    rows = [
        Row("faces", float(found["n"]), ""),
        Row("wrong", 100 - 100 * found["accuracy"], "%", MOST_WRONG),
        *_ends("wrong", found["interval"]),
        Row("wrong of the surest 80 %", 100 - 100 * surest["right"], "%", MOST_WRONG_SUREST),
        *_ends("wrong of the surest 80 %", surest["interval"]),
        Row("confidence errs by (ECE)", 100 * found["ece"], "%", MOST_ECE),
        Row("a perfect one, by chance", 100 * found["ece_by_chance"], "%"),
        *(Row(f"{label}: found", 100 * share, "%") for label, share in found["recall"].items()),
        Row("surprised faces", float(surprised["faces"]), ""),
        Row("of these, others agree on a tone", float(surprised["n"]), ""),
    ]
    if surprised["n"]:
        rows.append(Row("there right", 100 * surprised["right"], "%"))
        rows.append(Row("there sure, on average", 100 * surprised["confidence"], "%"))
    return rows


def _ends(name: str, interval: list[float]) -> list[Row]:
    return [
        Row(f"{name}, {word} end of 95 %", 100 - 100 * end, "%")
        for word, end in zip(("upper", "lower"), interval, strict=True)
    ]


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a bar is not cleared."""
    parser = arguments(__doc__)
    add_media(parser)
    parser.add_argument("--model", type=Path, default=models.DEFAULT_MODEL, metavar="FOLDER")
    parser.add_argument("--data", type=Path, metavar="FILE", help="fer2013.csv; by default the faces of the test data")
    parser.add_argument("--votes", type=Path, metavar="FILE", help="fer2013new.csv")
    options = parser.parse_args(argv)
    faces = find_faces(options)
    if faces is None:
        note("left out: it needs --data fer2013.csv --votes fer2013new.csv, or the folder fer2013 of the test data")
        return 0
    classifier = Classifier(options.model)
    note(f"finding eyes and mouths of {len(faces):,} faces")
    keypoints = eyes.find_keypoints(faces.pixels)
    said = evaluate.answers(classifier, evaluate.cut(classifier, faces, keypoints))
    found = tones.judged(classifier.card, faces, said.votes)
    if found is None:
        note(f"left out: the card of {options.model} has no tone (mien calibrate)")
        return 0
    return report(f"{classifier.card.identity}: positive, neutral or negative", rows_of(found), options)


if __name__ == "__main__":
    raise SystemExit(main())
