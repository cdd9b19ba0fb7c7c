"""`mien train-posture`: teaches a posture model and shows how it did on people that it had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from mien.data.posture_rows import labelled, read_rows
from mien.errors import MissingExtraError

FEW_PEOPLE = 10  # below this the interval says little


def run_posture_training(data: Path, out: Path) -> None:
    """Train and show, on standard error.

    Raises:
        MissingExtraError: scikit-learn or pyarrow is not installed.
        DataError: the rows are missing, broken, or too few.
        SinkError: the model cannot be written.
    """
    try:
        from mien.learn import posture
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "sklearn":
            raise
        raise MissingExtraError("training a posture model", "learn") from error

    model = posture.train(labelled(read_rows(data)))
    posture.save(model, out)
    console = Console(stderr=True, highlight=False)
    console.print(*_told(model.card, model.weight), sep="\n", soft_wrap=True)
    console.print(f"the model is {out / 'posture.json'}: mien read INPUT --posture {out}", soft_wrap=True)


def _told(card: Mapping[str, Any], weight: float) -> list[Any]:
    by_tone = ", ".join(f"{count:,} {tone}" for tone, count in card["rows_by_tone"].items())
    lines: list[Any] = [f"{card['people']} people, {card['rows']:,} rows: {by_tone}; {card['protocol']}"]
    table = Table("right on people held out", "rows", "accuracy", "interval", box=box.SIMPLE_HEAD, pad_edge=False)
    rows, with_face = card["rows"], card["rows_with_face"]
    for words, name, count in (
        ("posture", "posture", rows),
        ("the most frequent tone", "most_frequent", rows),
        ("posture, where a face was read", "posture_where_face", with_face),
        ("the face alone", "face", with_face),
        ("both together", "together", with_face),
    ):
        if found := card[name]:
            low, high = found["interval"]
            table.add_row(words, f"{count:,}", f"{found['accuracy']:.1%}", f"{100 * low:.1f}-{100 * high:.1f}")
    lines.append(table)
    lines.append(f"beside a face the posture counts with weight {weight:.2f} (0: not at all, 1: as its own evidence)")
    if card["people"] < FEW_PEOPLE:
        lines.append(f"{card['people']} people are few: what it has learned may be their habits")
    if card["posture"]["accuracy"] <= card["most_frequent"]["accuracy"]:
        lines.append("it is no better than saying the most frequent tone: do not use it")
    return lines
