"""A model's scores as a page that a person likes to read: `write_scores_page(folder, scores, faces)`.

It draws the one scores object that `judge` makes and computes nothing; what the object lacks is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mien.data.faceset import FaceSet
from mien.report import scores_charts, scores_sections
from mien.report.page import (
    Bullets,
    Cell,
    Charts,
    Heading,
    Number,
    Page,
    Part,
    Picture,
    Row,
    Section,
    Table,
    write_page,
)
from mien.report.text import HEAD_WORDS, NBSP, count, counted, interval, per_cent, safe_name

FACTS = "scores.json"
Scores = Mapping[str, Any]

LOOKS = {"mirror": "with the mirror image", "ten_crops": "ten crops"}


def write_scores_page(folder: Path, scores: Scores, faces: FaceSet | None = None) -> Path:
    """Write report.html, its charts and sheets as PNGs, and scores.json; returns the page's path.

    Args:
        folder: where to; see `folder.write_folder` for what it may hold.
        scores: what `judge` found; any part may be missing but `split`, `model` and `heads`.
        faces: the faces judged, for the sheets; None leaves these out.

    Raises:
        UsageError, SinkError: as `page.write_page`.
    """
    return write_page(folder, scores_page(scores, faces), scores)


def scores_page(scores: Scores, faces: FaceSet | None = None) -> Page:
    """The page of a scores object."""
    sections = [
        _summary(scores),
        *(_head(scores, name) for name in scores["heads"]),
        scores_sections.shares(scores),
        scores_sections.confidence(scores),
        scores_sections.tone(scores),
        scores_sections.agreement(scores),
        scores_sections.robustness(scores),
        scores_sections.speed(scores),
        scores_sections.mistakes(scores, faces),
        scores_sections.disputed(scores, faces),
    ]
    return Page(
        f"How well {_short(scores['model'])} names expressions",
        _headline(scores),
        tuple(section for section in sections if section is not None),
        _numbers(scores),
        FACTS,
    )


def _short(model: str) -> str:
    """A model's name without its hash."""
    return model.split("@")[0]


def _headline(scores: Scores) -> str:
    heads, words = scores["heads"], []
    if "fer2013" in heads:
        head = heads["fer2013"]
        words.append(f"of {count(head['n'])} faces of {scores['split']} it names {per_cent(head['accuracy'])} as the "
                     f"data set does ({len(head['labels'])} words)")  # fmt: skip
    if "votes" in heads:
        head = heads["votes"]
        words.append(f"of {count(head['n'])} on which most people agree, {per_cent(head['accuracy'])} as these people "
                     f"do ({len(head['labels'])} words)")  # fmt: skip
    text = "; ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


def _numbers(scores: Scores) -> tuple[Number, ...]:
    numbers = []
    for name, head in scores["heads"].items():
        ends = scores.get("intervals", {}).get(name, {}).get("accuracy")
        note = f"{interval(ends)}\u00a0% in 95 of 100 such samples" if ends else f"of {count(head['n'])} faces"
        numbers.append(Number(per_cent(head["accuracy"]), f"right by {HEAD_WORDS.get(name, name)}", note))
    confidence = scores_sections.votes_head(scores).get("confidence", {})
    error = confidence.get("ece_cross_fitted", confidence.get("ece_of_card"))  # the card's may be fitted on these faces
    if error is not None:
        chance = f"a perfect one shows {per_cent(confidence['ece_by_chance'])} by chance"
        numbers.append(Number(per_cent(error), "off on average when it says how sure it is", chance))
    speed = scores.get("speed", {})
    if "median_ms" in speed:
        numbers.append(Number(f"{speed['median_ms']:.1f} ms", "a face", counted(speed["threads"], "thread")))
    return tuple(numbers)


def _summary(scores: Scores) -> Section:
    parts: list[Part] = [Heading("How it was measured"), Bullets(tuple(_protocol(scores)))]
    if scores.get("averaged"):
        parts.append("The shaded columns are means over several looks at each face, or over several networks. They are "
                     "shown for the record, and are not to be compared with the score.")  # fmt: skip
    parts.append(_heads_table(scores))
    if scores.get("without_twins"):
        parts += _twins(scores)
    return Section("The score", tuple(parts))


def _protocol(scores: Scores) -> list[str]:
    protocol, lines = scores.get("protocol", {}), []
    if "faces" in protocol:
        left = f"; {count(protocol['left_out'])} rows are left out that FERPlus does not list"
        lines.append(f"{count(protocol['faces'])} faces of the split {scores['split']}"
                     + (left if protocol.get("left_out") else "") + ".")  # fmt: skip
    if protocol.get("unlabelled"):
        lines.append(f"{count(protocol['unlabelled'])} of them have no label, and count for the votes alone.")
    if protocol.get("crops") == 1:
        lines.append("One look at each face: one crop, one network, no averaging.")
    if "aligned" in protocol:
        size = f"{protocol['input_size']} x {protocol['input_size']} pixels" if "input_size" in protocol else "its size"
        lines.append(
            f"Faces are turned and cut by the mesh as live ones are ({count(protocol['meshes_found'])} meshes found; "
            f"the others as they are), {size}."
            if protocol["aligned"]
            else f"Faces are taken as the data set has cut them, {size}."
        )
    lines += [rule for name in scores["heads"] for rule in _rule(name, scores["heads"][name])]
    if scores.get("intervals"):
        lines.append("Intervals hold 95 of 100 bootstrap samples of the faces: how far chance alone may move a figure.")
    tool = f", measured with Mien {protocol['mien']}" if "mien" in protocol else ""
    lines.append(f"The model is {scores['model']}{tool}.")
    return lines


def _rule(name: str, head: Mapping[str, Any]) -> list[str]:
    if name == "fer2013":
        return [
            "FER2013's label: right is what the data set says, one label a face. "
            f"People reach 65{NBSP}\u00b1{NBSP}5{NBSP}% on it."
        ]
    if head.get("rule") == "ferplus-majority":
        return ["What most people say: right is FERPlus's official majority of ten voters; faces without one are left "
                "out (single votes are struck out, more than half of the rest must agree)."]  # fmt: skip
    return []


def _heads_table(scores: Scores) -> Table:
    averaged = scores.get("averaged") or {}
    rows = []
    for name, head in scores["heads"].items():
        ends = scores.get("intervals", {}).get(name, {})
        worst = min(head["recall"], key=head["recall"].__getitem__)
        cells = [
            Cell(count(head["n"])),
            _share(head["accuracy"], ends.get("accuracy")),
            _share(head["macro_f1"], ends.get("macro_f1")),
            Cell(worst, f"{per_cent(head['recall'][worst], 0)} found"),
            *(_averaged_cell(other, name) for other in averaged.values()),
        ]
        rows.append((HEAD_WORDS.get(name, name), *cells))
    looks = tuple(LOOKS.get(kind, kind.replace("_", " ")) for kind in averaged)
    groups = (("", 2, False), ("one look: the score", 3, False), ("averaged: accuracy, macro-F1", len(looks), True))
    return Table("Both answers of the model" if len(rows) > 1 else "The model's answer",
                 ("right is", "faces", "accuracy", "macro\u2011F1", "weakest class", *looks), tuple(rows),
                 groups if looks else ())  # fmt: skip


def _averaged_cell(other: Mapping[str, Any], name: str) -> Cell:
    head = other.get("heads", other).get(name)
    return Cell(per_cent(head["accuracy"]), f"F1 {per_cent(head['macro_f1'])}") if head else Cell("-")


def _share(value: float, ends: Sequence[float] | None = None) -> Cell:
    return Cell(per_cent(value), interval(ends) if ends else "")


def _twins(scores: Scores) -> list[Part]:
    twins = scores["without_twins"]
    rows = tuple(
        (HEAD_WORDS.get(name, name), _share(scores["heads"][name]["accuracy"]), Cell(count(head["n"])),
         _share(head["accuracy"]), _share(head["macro_f1"]))
        for name, head in twins["heads"].items() if name in scores["heads"]
    )  # fmt: skip
    words = (
        f"{count(twins['faces_left_out'])} of the faces have a twin in another split: the same picture, or nearly. "
        "A network that was trained on those has an easier time, so here is the score without them."
    )
    head = ("right is", "accuracy, all faces", "faces without twins", "accuracy", "macro\u2011F1")
    return [Heading("Without twins"), words, Table("Without faces that have a twin in another split", head, rows)]


def _head(scores: Scores, name: str) -> Section:
    head, ends = scores["heads"][name], scores.get("intervals", {}).get(name, {})
    columns = [key for key in ("precision", "recall", "f1") if key in head]
    rows = tuple(
        (label, *([Cell(count(head["support"][label]))] if "support" in head else []),
         *(_class_cell(head[key], ends.get(key, {}), label) for key in columns))
        for label in head["labels"]
    )  # fmt: skip
    titles = {"precision": "precision", "recall": "recall", "f1": "F1"}
    table = Table("Each class", ("class", *(["faces"] if "support" in head else []), *(titles[key] for key in columns)),
                  rows)  # fmt: skip
    chart = Picture.of(
        partial(scores_charts.confusion, head), f"confusion-{safe_name(name)}", alt=_confusion_in_words(head),
        caption="Each row: what the faces of one class were called, in per cent; small, how many faces.",
    )  # fmt: skip
    words = "Precision: of the times a word was said, how often it was right. Recall: of its faces, how many got it."
    return Section(f"Class by class: {HEAD_WORDS.get(name, name)}", (words, Row((Charts((chart,)), table))))


def _class_cell(values: Mapping[str, float], ends: Mapping[str, Sequence[float]], label: str) -> Cell:
    return _share(values[label], ends.get(label)) if values.get(label) is not None else Cell("-")


def _confusion_in_words(head: Mapping[str, Any]) -> str:
    found = ", ".join(f"{label} {per_cent(share, 0)}" for label, share in head["recall"].items())
    mixed = max(
        ((faces, one, two) for one, row in zip(head["labels"], head["confusion"], strict=True)
         for two, faces in zip(head["labels"], row, strict=True) if one != two),
        default=(0, "", ""),
    )  # fmt: skip
    most = f" Most often confused: {mixed[1]} called {mixed[2]}, {count(mixed[0])} faces." if mixed[0] else ""
    return f"Confusion table. Found of each class: {found}.{most}"
