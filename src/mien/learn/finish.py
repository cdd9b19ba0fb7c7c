"""From a run's best checkpoint to a model folder: export, alignment, calibration, probe for covers, scores, card."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mien import images, models
from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.expression.calibrate import Calibration, fit_logistic, leads_among_people
from mien.expression.classify import Classifier
from mien.judge import evaluate
from mien.judge import tone as tones
from mien.judge.card import both_ways, card_scores
from mien.judge.evaluate import Answers
from mien.learn import export, probe, records, registry, temper
from mien.learn.prepare import Divided
from mien.learn.watching import Watcher
from mien.models import ModelCard
from mien.types import FloatArray
from mien.version import __version__

ACCURACIES = ("held_fer2013", "held_votes")


def finish(divided: Divided, out: Path, *, watcher: Watcher | None = None) -> ModelCard:
    """Export the best checkpoint of the run in `out`, judge it on the validation faces, and write its card.

    Raises:
        DataError: there is no such checkpoint, or it is broken.
        ModelError: the exported network differs from the trained one.
    """
    net, state = registry.load_best(out)
    size = int(state["options"]["input"])
    with_votes = has_votes(net, size)
    temperature = _temper(net, divided, size) if with_votes else 1.0
    difference = export.export_onnx(net, out / "model.onnx", size=size)
    card = ModelCard(
        name=state["options"]["network"],
        version=__version__,
        sha256=models.sha256_of(out / "model.onnx"),
        input_size=size,
        votes=faceset.VOTE_LABELS if with_votes else (),
        fer2013=faceset.FER2013_LABELS,
        crop=images.DEFAULT_GEOMETRY.to_dict(),
        align=True,
        licence=divided.licence,
        training={**_training_facts(divided, state, net, difference), "temperature": round(temperature, 4)},
    )
    write_card(card, out)
    return _judged(card, divided, out, watcher or Watcher())


def is_finished(out: Path) -> bool:
    """Whether the folder holds a model that was judged: its card has scores, which are written last."""
    return (out / "card.json").is_file() and bool(models.load_card(out).scores)


@torch.no_grad()
def has_votes(net: nn.Module, size: int) -> bool:
    """Whether a network answers with votes too."""
    return net.eval()(torch.zeros(1, 1, size, size)).votes is not None


def _temper(net: nn.Module, divided: Divided, size: int) -> float:
    faces, keypoints = divided.part(divided.held)
    crops = torch.from_numpy(align.align(faces.pixels, keypoints, size))
    return temper.temper(net, crops, faceset.shares(faces.votes))


def _training_facts(divided: Divided, state: dict[str, Any], net: nn.Module, difference: float) -> dict[str, Any]:
    best = state["logs"][-1]
    return {
        "data": divided.about,
        "faces": len(divided.fit),
        "held_out": len(divided.held),
        "meshes_found": round(float((~np.isnan(divided.keypoints[divided.fit, 0, 0])).mean()), 4),
        "parameters": registry.parameter_count(net),
        **({"mean_of": state["mean_of"]} if "mean_of" in state else {"checkpoint_epoch": best["epoch"] + 1}),
        "held_loss": round(best["held_loss"], 5),
        **{name: round(best[name], 4) for name in ACCURACIES if best[name] is not None},
        "onnx_difference": round(difference, 5),
        "options": state["options"],
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _judged(card: ModelCard, divided: Divided, out: Path, watcher: Watcher) -> ModelCard:
    """Choose the alignment, calibrate, teach the probe, and take the scores; the card is written anew.

    The confidence is calibrated on aligned crops, whichever way is better: live faces are always aligned.
    """
    classifier = Classifier(out)
    faces, keypoints = divided.part(divided.validation)
    said = both_ways(classifier, faces, keypoints, watcher.stage("judging"))
    right = {way: evaluate.judge_briefly(classifier, faces, answers) for way, answers in said.items()}
    best = max(right, key=lambda way: sum(head["accuracy"] for head in right[way].values()))
    card = replace(card, align=best)
    if card.votes:
        card = replace(
            card,
            confidence=_calibration(classifier, faces, said[True]),
            covered=_probe(classifier, divided, watcher),
            tone=_tone(classifier, divided, (faces, said[True].votes), watcher),
        )
    write_card(card, out)
    card = replace(card, scores=card_scores(Classifier(out), faces, keypoints, said=said))
    write_card(card, out)
    return card


def _calibration(classifier: Classifier, faces: FaceSet, said: Answers) -> dict[str, Any]:
    people = evaluate.votes_for(classifier, faces)
    voted = people.sum(1) > 0
    rows, labels = evaluate.confidence_rows(classifier, said)
    weights = fit_logistic(rows[voted], leads_among_people(people[voted], labels[voted]))
    return Calibration(weights).to_dict()


def _tone(classifier: Classifier, divided: Divided, checked: tones.Said, watcher: Watcher) -> dict[str, Any]:
    """Fitted on the held-out faces, aligned as live ones are; `checked` are those of the validation."""
    held, keypoints = divided.part(divided.held)
    said = evaluate.answers(classifier, evaluate.cut(classifier, held, keypoints), watcher.stage("fitting the tone"))
    return tones.for_card(classifier.card, (held, said.votes), checked)


def _probe(classifier: Classifier, divided: Divided, watcher: Watcher) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    progress, done = watcher.stage("covering faces"), 0
    total = 2 * (len(divided.held) + len(divided.validation))
    clean: dict[str, FloatArray] = {}
    hidden: dict[str, FloatArray] = {}
    for name, which in (("fit", divided.held), ("check", divided.validation)):
        crops = evaluate.cut(classifier, *divided.part(which))
        for kind, seen in ((clean, crops), (hidden, probe.cover_faces(crops, rng))):
            kind[name] = evaluate.answers(classifier, seen, evaluate.part_of(progress, done, total)).pooled
            done += len(seen)
    fitted = probe.fit_probe(clean["fit"], hidden["fit"])
    found = probe.found_share(hidden["check"], fitted)
    false = probe.found_share(clean["check"], fitted)
    return {**fitted, "found_on_validation": round(found, 4), "false_on_validation": round(false, 4)}


def write_card(card: ModelCard, folder: Path) -> None:
    """Write card.json, whole."""
    records.write_json(folder / "card.json", card.to_dict())
