"""`mien evaluate`: scores of a model on labelled faces, as a table and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console, RenderableType
from rich.progress import Progress
from rich.table import Table

from mien import models
from mien.data import align as aligning
from mien.data import fer2013
from mien.data.faceset import FaceSet
from mien.expression.classify import Classifier
from mien.faces.mesh import MeshNet
from mien.files import written_whole
from mien.judge import evaluate
from mien.types import FloatArray


def run_evaluation(
    data: Path, votes: Path | None, split: str, *, model: Path | None, json_to: str | None, align: bool | None
) -> None:
    """Judge a model; the table goes to standard error, JSON where it was asked for.

    Raises:
        DataError: the data are missing or broken, or hold no such split.
        ModelError: the model folder is broken.
    """
    classifier = Classifier(model or models.DEFAULT_MODEL, threads=2)
    console = Console(stderr=True, highlight=False)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        reading = progress.add_task("reading faces")
        faces = fer2013.load_fer2013(
            data, votes, only=split, progress=lambda done, total: progress.update(reading, completed=done, total=total)
        )
        keypoints = _keypoints(faces, progress) if (classifier.card.align if align is None else align) else None
        judging = progress.add_task("judging")
        result = evaluate.report(
            classifier, faces, keypoints, split=split,
            progress=lambda done, total: progress.update(judging, completed=done, total=total),
        )  # fmt: skip
    console.print(*_shown(result), sep="\n")
    if json_to == "-":
        print(json.dumps(result), file=sys.stdout, flush=True)
    elif json_to is not None:
        with written_whole(Path(json_to)) as partial:
            partial.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _keypoints(faces: FaceSet, progress: Progress) -> FloatArray:
    task = progress.add_task("finding eyes and mouths")
    net = MeshNet(models.weights_path("face_landmark"))
    found = aligning.find_keypoints(
        net, faces.pixels, lambda done, total: progress.update(task, completed=done, total=total)
    )
    return np.asarray(found, np.float32)


def _shown(result: dict[str, Any]) -> list[RenderableType]:
    protocol = result["protocol"]
    way = f"aligned by the mesh ({protocol['meshes_found']} found)" if protocol["aligned"] else "as they were cut"
    table = Table("head", "faces", "accuracy", "macro-F1", "worst class", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, head in result["heads"].items():
        worst = min(head["recall"], key=head["recall"].__getitem__)
        table.add_row(name, str(head["n"]), f"{head['accuracy']:.2%}", f"{head['macro_f1']:.3f}",
                      f"{worst} {head['recall'][worst]:.0%}")  # fmt: skip
    shown: list[RenderableType] = [f"{result['model']} on {result['split']}: one crop, {way}", table]
    votes = result["heads"].get("votes")
    if votes:
        confidence = votes["confidence"]
        shown += [
            f"Shares said and given differ by {votes['shares']['mean_gap']:.1%}.",
            f"Confidence errs by {confidence['ece_cross_fitted']:.1%}; a perfect one shows "
            f"{confidence['ece_by_chance']:.1%} by chance.",
        ]
    return shown
