"""From a run or a model folder to a model folder in fp32, fp16 or int8: built, compared, judged, and one of them kept.

Each precision becomes a whole folder in a draft beside the one asked for; the one that is taken is moved into place.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from torch import nn

from mien import models
from mien.data.faceset import FaceSet
from mien.data.load import load_faces
from mien.errors import ModelError, UsageError
from mien.expression.classify import Classifier
from mien.files import telling
from mien.judge import card as cards
from mien.judge import evaluate, eyes, speed
from mien.judge.evaluate import Answers
from mien.learn import export, finish, quantise, registry, restore, temper
from mien.learn.export import Parity
from mien.learn.heads import name_heads
from mien.models import ModelCard
from mien.types import FloatArray, ImageArray, Progress, no_progress

PRECISIONS = ("fp32", "fp16", "int8")
AUTO = "auto"
MOST_LOSS = 0.003  # of the accuracy of either head: what `auto` pays for a smaller file
CALIBRATION, VALIDATION = "Training", "PublicTest"
CALIBRATED_ON = 256  # faces, half of them aligned
LOOKS = 60  # that are timed
COMPARED_ON = 300  # faces on which the files are compared with torch

Stage = Callable[[str], Progress]


Data = tuple[Path, Path | None, str | None]  # labelled faces, their votes, their layout


@dataclass(frozen=True, eq=False)
class Material:
    """The faces of an export: crops (M, S, S) to calibrate on; N faces to judge by, with keypoints and crops."""

    calibration: ImageArray
    faces: FaceSet
    keypoints: FloatArray  # (N, 6, 2) px, NaN where none were found
    crops: ImageArray  # (N, S, S) as the card says that the model wants them


@dataclass(frozen=True)
class Built:
    """One precision: its folder, how it compares with torch; why it was refused, else what was measured of it."""

    precision: str
    folder: Path
    parity: Parity
    refused: str = ""
    speed: Mapping[str, Any] = field(default_factory=dict)
    accuracy: Mapping[str, float] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """As plain JSON values, for the card."""
        measured = {"bytes": self.speed["bytes"], "median_ms": self.speed["median_ms"]} if self.speed else {}
        return {
            "largest_difference": float(f"{self.parity.largest:.2g}"),
            "mean_difference": float(f"{self.parity.mean:.2g}"),
            "agreement": round(self.parity.agreement, 4),
            **({"refused": self.refused} if self.refused else {}),
            **measured,
            **({"accuracy": dict(self.accuracy)} if self.accuracy else {}),
        }


@dataclass(frozen=True)
class Delivery:
    """What came of an export: the precision taken, the card written, all that were built; notes about the faces."""

    taken: str
    card: ModelCard
    built: tuple[Built, ...]
    notes: tuple[str, ...] = ()


def deliver(source: Path, out: Path, *, precision: str | None = None, data: Data | None = None,
            stage: Stage = lambda name: no_progress) -> Delivery:  # fmt: skip
    """Export a network to the model folder `out`.

    Args:
        source: a run's folder (its best checkpoint is taken), or a model folder.
        out: must not be there yet, or be empty.
        precision: one of PRECISIONS; AUTO takes the smallest that loses less than MOST_LOSS on either head. None is
            AUTO where there are data, else fp16.
        data: labelled faces, their votes and their layout, see `load_faces`. Needed for int8 and AUTO, and for scores.
        stage: shows progress.

    Raises:
        UsageError: no such precision; or it needs data.
        ModelError: the source is broken or its training has not ended; the exported network differs from it.
        DataError: the data are missing or broken, or lack a split.
        SinkError: the folder cannot be written.
    """
    precision = precision or (AUTO if data else "fp16")
    _check(precision, has_data=data is not None)
    with _draft_beside(out) as draft:
        net, card = open_source(source)
        material = None if data is None else _load(source, card, data, stage)
        built, said = _build_all(net, card, draft, material), {}
        for place, one in enumerate(built):
            if not one.refused:
                built[place], said[one.precision] = _measure(one, material, card.input_size, stage)
        taken = choose(built) if precision == AUTO else next(one for one in built if one.precision == precision)
        if taken.refused:
            raise ModelError(f"{taken.refused}; nothing was written")
        finished = _finish(taken, built, material, said[taken.precision], stage)
        _move(taken.folder, out)
    return Delivery(taken.precision, finished, tuple(built), () if material is None else material.faces.notes)


def _check(precision: str, *, has_data: bool) -> None:
    if precision not in (*PRECISIONS, AUTO):
        raise UsageError(f"there is no precision {precision!r}; there are: {', '.join((*PRECISIONS, AUTO))}")
    if precision in ("int8", AUTO) and not has_data:
        raise UsageError(f"{precision} is found out on faces: name them with --data, or ask for fp16 or fp32")


def open_source(source: Path) -> tuple[nn.Module, ModelCard]:
    """The network of a run or of a model folder, and its card.

    Raises:
        ModelError: it is neither, or the training of the run has not ended, or its weights were rounded to int8.
        DataError: the run's checkpoint is broken.
    """
    is_run = (source / "best.pt").is_file()
    if is_run and not finish.is_finished(source):
        raise ModelError(
            f"the training in {source} has not ended: mien train --resume ends it, and calibrates the model"
        )
    card = models.load_card(source)
    if is_run:
        net, _ = registry.load_best(source)
        temper.set_temperature(net, float(card.training.get("temperature", 1.0)))  # which the checkpoint has not
        gap = export.compare(net, source / "model.onnx", export.made_crops(card.input_size)).largest
        if not gap <= export.MOST_DIFFERENCE["fp16"]:
            raise ModelError(
                f"the checkpoint in {source} is newer than its model: mien train --resume ends the training"
            )
        return net, card
    if card.export.get("precision") == "int8":
        raise ModelError(f"the weights in {source} are rounded to int8 already: export the model that it was made from")
    return restore.load_network(source), card


def _load(source: Path, card: ModelCard, data: Data, stage: Stage) -> Material:
    place, votes, layout = data
    faces = load_faces(place, votes, layout=layout, size=card.input_size, progress=stage("reading faces"))
    faces = faces.take(faces.named)
    known, judged = faces.split(CALIBRATION), faces.split(VALIDATION)
    few = known.take(np.unique(np.linspace(0, len(known) - 1, CALIBRATED_ON).astype(int)))
    points = np.full((len(few), 6, 2), np.nan, np.float32)  # of every other one: live faces are aligned, others not
    points[::2] = eyes.find_keypoints(few.pixels[::2], stage("finding eyes and mouths"))
    keypoints = eyes.find_keypoints(judged.pixels, stage("finding eyes and mouths"))
    classifier = Classifier(source)
    crops = evaluate.cut(classifier, judged, keypoints if card.align else None)
    return Material(evaluate.cut(classifier, few, points), judged, keypoints, crops)


def _as_input(crops: ImageArray) -> FloatArray:
    return crops[:, None].astype(np.float32)


def _build_all(net: nn.Module, card: ModelCard, draft: Path, material: Material | None) -> list[Built]:
    """All precisions, each in a folder of the draft; int8 only where there are faces to calibrate on."""
    size = card.input_size
    model = export.draw(net, size)
    crops = export.made_crops(size) if material is None else _as_input(material.crops[:COMPARED_ON])
    makers: dict[str, Callable[[], onnx.ModelProto]] = {
        "fp32": lambda: model,
        "fp16": lambda: export.halve_weights(model),
    }
    if material is not None:
        calibration = _as_input(material.calibration)
        makers["int8"] = lambda: quantise.quantise(model, calibration)
    built = []
    for precision, make in makers.items():
        folder = draft / precision
        with telling(folder):
            folder.mkdir()
            (folder / "model.onnx").write_bytes(name_heads(make()).SerializeToString())
        parity = export.compare(net, folder / "model.onnx", crops)
        training = {name: value for name, value in card.training.items() if name != "onnx_difference"}
        sha256 = models.sha256_of(folder / "model.onnx")
        about = {"precision": precision}
        finish.write_card(replace(card, sha256=sha256, scores={}, training=training, export=about), folder)
        built.append(Built(precision, folder, parity, _refusal(precision, parity)))
    return built


def _refusal(precision: str, parity: Parity) -> str:
    """Why a file may not be used; empty where it may."""
    if precision == "int8":
        return quantise.refusal(parity)
    most = export.MOST_DIFFERENCE[precision]
    if parity.largest <= most:  # false for NaN
        return ""
    return f"in {precision} the network differs from the trained one by {parity.largest:.3f}, more than {most:g}"


def _measure(one: Built, material: Material | None, size: int, stage: Stage) -> tuple[Built, Answers | None]:
    """Speed, and accuracy where there are faces."""
    if material is None:
        blank = np.zeros((1, size, size), np.uint8)
        return replace(one, speed=speed.measure(one.folder, blank, looks=LOOKS)), None
    classifier = Classifier(one.folder)
    said = evaluate.answers(classifier, material.crops, stage(f"judging {one.precision}"))
    heads = evaluate.judge_briefly(classifier, material.faces, said)
    accuracy = {head: float(scores["accuracy"]) for head, scores in heads.items()}
    return replace(one, speed=speed.measure(one.folder, material.crops, looks=LOOKS), accuracy=accuracy), said


def choose(built: Sequence[Built]) -> Built:
    """The smallest of those that lose less than MOST_LOSS of the first one's accuracy, on every head."""
    full = built[0]

    def loses_little(one: Built) -> bool:
        losses = (right - one.accuracy[head] for head, right in full.accuracy.items())
        return all(round(loss, 6) < MOST_LOSS for loss in losses)

    fit = [one for one in built if not one.refused and loses_little(one)]
    return min(fit, key=lambda one: one.speed["bytes"], default=full)


def _finish(taken: Built, built: Sequence[Built], material: Material | None, said: Answers | None,
            stage: Stage) -> ModelCard:  # fmt: skip
    """Fill the card of the one that was taken: its scores, and how it compares with the others."""
    card = models.load_card(taken.folder)
    facts: dict[str, Any] = {"precision": taken.precision, "built": {one.precision: one.facts for one in built}}
    if material is not None and said is not None:
        if taken.precision == "int8":
            facts["calibration"] = {"split": CALIBRATION, "faces": len(material.calibration)}
        classifier = Classifier(taken.folder)
        others = evaluate.cut(classifier, material.faces, None if card.align else material.keypoints)
        answers = {card.align: said, not card.align: evaluate.answers(classifier, others, stage("for the card"))}
        scores = cards.card_scores(classifier, material.faces, material.keypoints, said=answers)
        card = replace(card, scores=scores)
    card = replace(card, export=facts)
    finish.write_card(card, taken.folder)
    return card


@contextmanager
def _draft_beside(out: Path) -> Iterator[Path]:
    """A folder that will be gone at the end, on the file system of `out`."""
    with telling(out):
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out} is there already: name a new folder")
        draft = out.resolve().with_name(f".{out.resolve().name[:60]}.{secrets.token_hex(4)}.part")
        draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _move(folder: Path, out: Path) -> None:
    with telling(out):
        if out.exists():
            out.rmdir()  # it is empty
        os.replace(folder, out.resolve())
