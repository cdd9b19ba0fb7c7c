"""A whole training run: two CSV files in, a model folder out.

Faces are loaded, aligned by the mesh and divided; the network is fitted; the best checkpoint is exported, its
confidence calibrated and its scores taken on the validation split, and the card written. `mien train` shows it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch

from mien import images, models
from mien.data import align, faceset, fer2013, twins
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.expression.calibrate import Calibration, fit_logistic, leads_among_people
from mien.expression.classify import Classifier
from mien.faces.mesh import MeshNet
from mien.files import written_whole
from mien.judge import evaluate
from mien.learn import checkpoint, export, probe
from mien.learn.fit import EpochLog, Trainer, TrainOptions
from mien.learn.networks import ExpressionNet
from mien.models import ModelCard
from mien.types import FloatArray, Progress
from mien.version import __version__

VALIDATION = "PublicTest"
LICENCE = "weights: trained on FER2013 (web pictures for research) with FERPlus votes (MIT); see MODEL_CARD.md"

Stage = Callable[[str], Progress]  # called with a stage's name, gives what shows its progress


@dataclass(frozen=True, eq=False)
class Divided:
    """The faces of a run: all, their keypoints, and which fit, select and validate."""

    faces: FaceSet
    keypoints: FloatArray
    fit: np.ndarray[Any, Any]
    held: np.ndarray[Any, Any]
    validation: np.ndarray[Any, Any]

    def part(self, which: np.ndarray[Any, Any]) -> tuple[FaceSet, FloatArray]:
        """The chosen faces and their keypoints."""
        return self.faces.take(which), self.keypoints[which]


def train(data: Path, votes: Path | None, out: Path, options: TrainOptions, *, resume: bool, stage: Stage,
          on_epoch: Callable[[EpochLog], None]) -> ModelCard:  # fmt: skip
    """Train a network and write the model folder `out` (model.onnx, card.json; the run's own files beside them).

    Args:
        data: fer2013.csv.
        votes: fer2013new.csv; without it each label counts as ten votes.
        out: made if missing. A run that is there is gone on with if `resume`, else refused.
        options: of the training.
        stage: shows progress.
        on_epoch: called after every epoch.

    Raises:
        DataError: data, folder or training went wrong; what was reached lies in `out/last.pt`.
    """
    _make_folder(out, resume=resume)
    divided = load(data, votes, out, stage=stage)
    trainer = Trainer(divided.part(divided.fit), divided.part(divided.held), options)
    if resume:
        trainer.resume(checkpoint.load(out / "last.pt"))
    progress = stage("training")

    def log(epoch: EpochLog) -> None:
        lines = "".join(json.dumps(asdict(one)) + "\n" for one in trainer.logs)
        with written_whole(out / "log.jsonl") as partial:
            partial.write_text(lines, encoding="utf-8")
        on_epoch(epoch)

    trainer.run(out, on_step=lambda done, total, loss: progress(done, total), on_epoch=log)
    return finish(divided, out, stage=stage)


def _make_folder(out: Path, *, resume: bool) -> None:
    if resume and not (out / "last.pt").is_file():
        raise DataError(f"{out} holds no run to go on with (no last.pt)")
    if not resume and (out / "last.pt").exists():
        raise DataError(f"{out} holds a run already: add --resume to go on with it, or name another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {out}: {error.strerror}") from error


def load(data: Path, votes: Path | None, out: Path, *, stage: Stage) -> Divided:
    """Load the faces, find their keypoints (kept in `out/keypoints.npz`), and divide them."""
    faces = fer2013.load_fer2013(data, votes, progress=stage("reading faces"))
    if votes is None:
        faces = replace(faces, votes=_label_votes(faces))
    keypoints = _keypoints(faces, out / "keypoints.npz", stage)
    fit, held = twins.holdout(faces)
    if not len(held):
        raise DataError(
            f"{data} holds too few faces to train on: {int((faces.splits == 'Training').sum())} of Training"
        )
    validation = np.flatnonzero((faces.splits == VALIDATION) & faces.named)
    return Divided(faces, keypoints, fit, held, validation if len(validation) else held)


def _label_votes(faces: FaceSet) -> FloatArray:
    columns = [faceset.VOTE_LABELS.index(label) for label in faceset.FER2013_LABELS]
    return np.asarray(10 * np.eye(len(faceset.VOTE_LABELS))[columns][faces.labels], np.float32)


def _keypoints(faces: FaceSet, path: Path, stage: Stage) -> FloatArray:
    """Keypoints of all faces; those of an earlier run are taken when they are of the same pixels."""
    total = np.asarray(faces.pixels.sum((1, 2), dtype=np.int64))
    try:
        with open(path, "rb") as older, np.load(older) as kept:
            if np.array_equal(kept["total"], total):
                return np.asarray(kept["keypoints"], np.float32)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
        pass  # not there, or broken: find them again
    net = MeshNet(models.weights_path("face_landmark"))
    found = align.find_keypoints(net, faces.pixels, stage("finding eyes and mouths"))
    with written_whole(path) as partial, open(partial, "wb") as file:
        np.savez(file, keypoints=found, total=total)
    return found


def finish(divided: Divided, out: Path, *, stage: Stage) -> ModelCard:
    """From the best checkpoint to the model folder: export, probe, calibration, scores, card."""
    state = checkpoint.load(out / "best.pt")
    options = dict(state["options"])
    net = ExpressionNet(tuple(options["widths"]))
    net.load_state_dict(state["average"])
    difference = export.export_onnx(net, out / "model.onnx", size=options["size"])
    card = ModelCard(
        name="mien",
        version=__version__,
        sha256=models.sha256_of(out / "model.onnx"),
        input_size=options["size"],
        votes=faceset.VOTE_LABELS,
        fer2013=faceset.FER2013_LABELS,
        crop=images.DEFAULT_GEOMETRY.to_dict(),
        align=True,
        licence=LICENCE,
        training=_training_facts(divided, state, net, difference),
    )
    write_card(card, out)
    return _judged(card, divided, out, stage)


def _training_facts(divided: Divided, state: dict[str, Any], net: ExpressionNet, difference: float) -> dict[str, Any]:
    best = state["logs"][-1]
    return {
        "data": "FER2013 Training with FERPlus votes; rows that FERPlus does not list are left out",
        "faces": len(divided.fit),
        "held_out": len(divided.held),
        "meshes_found": round(float((~np.isnan(divided.keypoints[divided.fit, 0, 0])).mean()), 4),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "checkpoint_epoch": best["epoch"],
        "held_fer2013": round(best["held_fer2013"], 4),
        "held_votes": round(best["held_votes"], 4),
        "onnx_difference": round(difference, 5),
        "options": state["options"],
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _judged(card: ModelCard, divided: Divided, out: Path, stage: Stage) -> ModelCard:
    """Choose the alignment, calibrate, teach the probe, and take the scores; the card is written anew.

    The confidence is calibrated on aligned crops, whichever way is better: live faces are always aligned.
    """
    classifier = Classifier(out)
    faces, keypoints = divided.part(divided.validation)
    ways = {True: keypoints, False: None}
    said = {
        way: evaluate.answers(classifier, evaluate.cut(classifier, faces, points), stage("judging"))
        for way, points in ways.items()
    }
    heads = {way: evaluate.judge(classifier, faces, answers) for way, answers in said.items()}
    best = max(ways, key=lambda way: sum(head["accuracy"] for head in heads[way].values()))
    people = evaluate.votes_for(classifier, faces)
    voted = people.sum(1) > 0
    rows, labels = evaluate.confidence_rows(classifier, said[True])
    weights = fit_logistic(rows[voted], leads_among_people(people[voted], labels[voted]))
    other: dict[str, Any] = {
        name: {"n": head["n"], "accuracy": head["accuracy"]} for name, head in heads[not best].items()
    }
    other["votes"]["ece_cross_fitted"] = heads[not best]["votes"]["confidence"]["ece_cross_fitted"]
    card = replace(
        card,
        align=best,
        confidence=Calibration(weights).to_dict(),
        covered=_probe(classifier, divided, stage),
        scores={"split": str(faces.splits[0]), "faces": len(faces), "aligned": best, "heads": heads[best],
                "aligned_the_other_way": other},
    )  # fmt: skip
    write_card(card, out)
    return card


def _probe(classifier: Classifier, divided: Divided, stage: Stage) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    clean, hidden = {}, {}
    for name, which in (("fit", divided.held), ("check", divided.validation)):
        crops = evaluate.cut(classifier, *divided.part(which))
        clean[name] = evaluate.answers(classifier, crops, stage("covering faces")).pooled
        hidden[name] = evaluate.answers(classifier, probe.cover_faces(crops, rng), stage("covering faces")).pooled
    fitted = probe.fit_probe(clean["fit"], hidden["fit"])
    found = probe.found_share(hidden["check"], fitted)
    false = probe.found_share(clean["check"], fitted)
    return {**fitted, "found_on_validation": round(found, 4), "false_on_validation": round(false, 4)}


def write_card(card: ModelCard, folder: Path) -> None:
    """Write card.json, whole."""
    with written_whole(folder / "card.json") as partial:
        partial.write_text(json.dumps(card.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
