"""`mien evaluate` and `mien compare`: faces through models, scores to the terminal, to JSON and onto a page."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from mien import models
from mien.cli.judging_tables import comparison_shown, scores_shown
from mien.cli.stages import Stage, stages
from mien.data import faceset
from mien.data.faceset import FaceSet
from mien.data.load import find_layout, load_faces
from mien.errors import MissingExtraError, UsageError
from mien.expression.classify import Classifier
from mien.files import written_whole
from mien.judge import averaged, card, compare, evaluate, eyes, thorough
from mien.judge.evaluate import Judged
from mien.types import FloatArray

SPLIT = "PublicTest"  # judged unless another is named
TRAINING = "Training"  # the split that models are trained on
ALL = "all"  # the name of the split where the data have none of that name
THREADS = 2


@dataclass(frozen=True)
class Material:
    """Which faces are judged and how: the options that both verbs share."""

    data: Path
    votes: Path | None = None
    split: str | None = None
    layout: str | None = None
    align: bool | None = None  # None: as each model's card says


@dataclass(frozen=True)
class Outputs:
    """Where the scores go beside the terminal: JSON to a file or '-', a page to a folder, the card."""

    json: str | None = None
    report: Path | None = None
    card: bool = False


def run_evaluation(material: Material, model: Path | None, others: Sequence[Path], outputs: Outputs) -> None:
    """Judge a model; the tables go to standard error, the rest where it was asked for.

    Args:
        material: the faces.
        model: a model folder; None is the embedded one.
        others: further models, whose answers are averaged with the first one's in a column of its own.
        outputs: where the scores go.

    Raises:
        DataError: the data are missing or broken, or hold no such split.
        ModelError: a model folder is broken.
        UsageError: the report's folder holds files of others; the card's scores would be of faces trained on.
        MissingExtraError: Matplotlib or Jinja is not installed, and a report was asked for.
        SinkError: something cannot be written.
    """
    folder = model or models.DEFAULT_MODEL
    write_page = _page_writer("scores_page", "write_scores_page", outputs.report)
    classifiers = [Classifier(one, threads=THREADS) for one in (folder, *others)]
    console = Console(stderr=True, highlight=False)
    with stages(console) as stage:
        faces, rest, split = _load(material, classifiers, with_rest=outputs.report is not None, stage=stage)
        if outputs.card and (split == TRAINING or (faces.splits == TRAINING).any()):
            raise UsageError("a card's scores are not of faces that a model was trained on: name another split")
        keypoints = _keypoints(faces, material, classifiers, needed=outputs.card, stage=stage)
        judged = _judge_all(classifiers, faces, keypoints, (material.align, split), stage)
        scores = judged[0].scores
        if len(judged) > 1:
            scores["averaged"] = {"ensemble": _ensemble(judged, [one.said for one in judged])}
        if outputs.report is not None:
            scores = thorough.add_all(judged[0], thorough.Surroundings(folder, rest), stage=stage)
            if len(judged) > 1:
                mirrored = [averaged.over_views(one.classifier, one.said, "mirror", stage("averaging: ensemble"))
                            for one in judged]  # fmt: skip
                scores["averaged"]["ensemble_mirror"] = _ensemble(judged, mirrored)
        if outputs.card and keypoints is not None:
            found = card.card_scores(classifiers[0], faces, keypoints, progress=stage("for the card"))
            card.write_on_card(folder, scores=found)
        page = None if outputs.report is None else write_page(outputs.report, scores, judged[0].faces)
    console.print(*map(escape, faces.notes), *scores_shown(scores), sep="\n")
    _tell(console, page, folder / "card.json" if outputs.card else None)
    _write_json(scores, outputs.json)


def run_calibration(folder: Path, material: Material) -> None:
    """Fit the tone of a model again and write it on its card.

    Raises:
        DataError: the data are missing or broken, or too few.
        ModelError: the model folder is broken.
        SinkError: the card cannot be written.
    """
    classifier = Classifier(folder, threads=THREADS)
    console = Console(stderr=True, highlight=False)
    with stages(console) as stage:
        faces = load_faces(
            material.data, material.votes, layout=material.layout, size=classifier.card.input_size,
            progress=stage("reading faces"),
        )  # fmt: skip
        found = card.tone_for_card(classifier, faceset.with_votes(faces), stage)
        card.write_on_card(folder, tone=found)
    checked = found["validation"]
    console.print(
        *map(escape, faces.notes),
        f"positive, neutral or negative: {checked['accuracy']:.2%} right of {checked['n']:,} faces of "
        f"{checked['split']}, {checked['right_of_surest_80']:.2%} of the surest 80 %; confidence errs by "
        f"{checked['ece']:.1%}",
        sep="\n",
        soft_wrap=True,
    )
    _tell(console, None, folder / "card.json")


def run_comparison(material: Material, folders: Sequence[Path], outputs: Outputs) -> None:
    """Judge several models on the same faces, side by side; raises as `run_evaluation` does."""
    write_page = _page_writer("compare_page", "write_compare_page", outputs.report)
    classifiers = [Classifier(folder, threads=THREADS) for folder in folders]
    console = Console(stderr=True, highlight=False)
    with stages(console) as stage:
        faces, _, split = _load(material, classifiers, with_rest=False, stage=stage)
        keypoints = _keypoints(faces, material, classifiers, needed=False, stage=stage)
        judged = _judge_all(classifiers, faces, keypoints, (material.align, split), stage)
        stage("measuring speed")
        result = compare.comparison(judged, folders)
        page = None if outputs.report is None else write_page(outputs.report, result["models"])
    console.print(*map(escape, faces.notes), *comparison_shown(result), sep="\n")
    _tell(console, page, None)
    _write_json(result, outputs.json)


def _page_writer(module: str, name: str, folder: Path | None) -> Callable[..., Path]:
    """What writes the page; that it can be written is checked before minutes of work."""
    if folder is None:
        return lambda *_: Path()
    try:
        import importlib

        from mien.report.folder import check_folder

        writer: Callable[..., Path] = getattr(importlib.import_module(f"mien.report.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name not in {"matplotlib", "jinja2"}:
            raise
        raise MissingExtraError("a report", "report") from error
    check_folder(folder)
    return writer


def _load(material: Material, classifiers: Sequence[Classifier], *, with_rest: bool,
          stage: Stage) -> tuple[FaceSet, FaceSet | None, str]:  # fmt: skip
    """The faces to judge, those of the other splits where they are wanted and there are any, the split's name."""
    split, layout, place = material.split, material.layout, material.data
    if layout is None:
        layout, place = find_layout(material.data)
    if split is None and layout == "fer2013":
        split = SPLIT
    size = max(classifier.card.input_size for classifier in classifiers)
    only = None if with_rest else split
    faces = load_faces(
        place, material.votes, layout=layout, split=only, size=size, progress=stage("reading faces")
    )  # fmt: skip
    if split is None:
        split = SPLIT if (faces.splits == SPLIT).any() else ALL
    if split == ALL:
        return faces, None, ALL
    name = str(faces.splits[0]) if only is not None else split
    rest = faces.take(faces.splits != name)
    return faces.split(name), rest if with_rest and len(rest) else None, name


def _keypoints(faces: FaceSet, material: Material, classifiers: Sequence[Classifier], *, needed: bool,
               stage: Stage) -> FloatArray | None:  # fmt: skip
    if needed or any(_is_aligned(material.align, classifier) for classifier in classifiers):
        return eyes.find_keypoints(faces.pixels, stage("finding eyes and mouths"))
    return None


def _is_aligned(align: bool | None, classifier: Classifier) -> bool:
    return classifier.card.align if align is None else align


def _judge_all(classifiers: Sequence[Classifier], faces: FaceSet, keypoints: FloatArray | None,
               how: tuple[bool | None, str], stage: Stage) -> list[Judged]:  # fmt: skip
    align, split = how
    return [
        evaluate.judge_split(
            one, faces, keypoints if _is_aligned(align, one) else None, split=split,
            progress=stage(f"judging {one.card.name}"),
        )
        for one in classifiers
    ]  # fmt: skip


def _ensemble(judged: Sequence[Judged], said: Sequence[evaluate.Answers]) -> dict[str, Any]:
    mean = averaged.mean_answers([one.classifier for one in judged], said)
    first = judged[0]
    return {
        "of": [one.classifier.card.identity for one in judged],
        "heads": evaluate.judge_briefly(first.classifier, first.faces, mean),
    }


def _tell(console: Console, page: Path | None, written: Path | None) -> None:
    if page is not None:
        console.print(escape(f"the report is {page}"), soft_wrap=True)
    if written is not None:
        console.print(escape(f"the scores are on the card {written}"), soft_wrap=True)


def _write_json(result: Mapping[str, Any], to: str | None) -> None:
    if to == "-":
        print(json.dumps(result), file=sys.stdout, flush=True)
    elif to is not None:
        with written_whole(Path(to)) as partial:
            partial.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
