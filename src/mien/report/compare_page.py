"""Several models' scores side by side, as a page: `write_compare_page(folder, [scores, scores])`.

It draws scores objects that `judge` made and computes nothing; the best of a column is set in bold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from mien.report import scores_charts
from mien.report.page import Bullets, Cell, Charts, Page, Part, Picture, Section, Table, write_page
from mien.report.text import HEAD_WORDS, count, interval, megabytes, millions, per_cent, points, safe_name

FACTS = "comparison.json"
Scores = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One figure of each model: where it stands in the scores object, how it is written, and which is the best."""

    group: str
    title: str
    path: tuple[str, ...]
    write: Callable[[Any], str]
    best: Callable[[list[Any]], Any] | None = max


COLUMNS = (
    Column(HEAD_WORDS["fer2013"], "accuracy", ("heads", "fer2013", "accuracy"), per_cent),
    Column(HEAD_WORDS["fer2013"], "macro\u2011F1", ("heads", "fer2013", "macro_f1"), per_cent),
    Column(HEAD_WORDS["votes"], "accuracy", ("heads", "votes", "accuracy"), per_cent),
    Column(HEAD_WORDS["votes"], "macro\u2011F1", ("heads", "votes", "macro_f1"), per_cent),
    *(
        Column("better than the first by", HEAD_WORDS[head], ("difference", head, "accuracy", "by"), points, None)
        for head in HEAD_WORDS
    ),
    Column("its numbers", "confidence off by", ("heads", "votes", "confidence", "ece_cross_fitted"), per_cent, min),
    Column("its numbers", "shares off by", ("heads", "votes", "shares", "mean_gap"), per_cent, min),
    Column("its numbers", "a person agrees", ("heads", "votes", "agreement", "model"), per_cent),
    Column("the network", "parameters", ("speed", "parameters"), millions, min),
    Column("the network", "file", ("speed", "bytes"), megabytes, min),
    Column("the network", "a face", ("speed", "median_ms"), "{:.1f} ms".format, min),
)


def write_compare_page(folder: Path, scores: Sequence[Scores]) -> Path:
    """Write report.html, its charts as PNGs, and comparison.json; returns the page's path.

    Args:
        folder: where to; see `folder.write_folder` for what it may hold.
        scores: one object a model, as `judge` makes them; any may lack what others have.

    Raises:
        UsageError, SinkError: as `page.write_page`.
    """
    return write_page(folder, compare_page(scores), {"models": list(scores)})


def compare_page(scores: Sequence[Scores]) -> Page:
    """The page of several scores objects, in their order."""
    names = names_of(scores)
    chart = Picture.of(
        partial(scores_charts.accuracies, scores, names), "accuracies",
        alt="Accuracy of each model: " + "; ".join(f"{name} {_accuracies(one)}"
                                                   for name, one in zip(names, scores, strict=True)),
        caption="Bars, where there are any, hold 95 of 100 bootstrap samples of the faces.",
    )  # fmt: skip
    parts: list[Part] = [Bullets(tuple(_protocols(scores, names))), Charts((chart,)), _table(scores, names)]
    heads = [head for head in HEAD_WORDS if any(head in one["heads"] for one in scores)]
    sections = [Section("Side by side", tuple(parts)), *(_classes(scores, names, head) for head in heads)]
    lead = f"{count(len(scores))} models: {', '.join(names)}."
    return Page("Models compared", lead, tuple(sections), facts_name=FACTS)


def names_of(scores: Sequence[Scores]) -> list[str]:
    """The models' names without their hashes; where two would be the same, with their folders or hashes."""
    short = [str(one["model"]).split("@")[0] for one in scores]
    long = [str(one.get("folder", one["model"])) for one in scores]
    return [full if short.count(name) > 1 else name for full, name in zip(long, short, strict=True)]


def _accuracies(one: Scores) -> str:
    return ", ".join(
        f"{per_cent(head['accuracy'])} by {HEAD_WORDS.get(name, name)}" for name, head in one["heads"].items()
    )


def _protocols(scores: Sequence[Scores], names: Sequence[str]) -> list[str]:
    """What all have in common, or, where they differ, each one's: then the figures are not to be compared."""
    ways = [_protocol(one) for one in scores]
    if len(set(ways)) == 1:
        return [f"All alike: {ways[0]}."]
    lines = [f"{name}: {way}." for name, way in zip(names, ways, strict=True)]
    return ["They were not measured in the same way; compare with care.", *lines]


def _protocol(one: Scores) -> str:
    protocol = one.get("protocol", {})
    words = [f"{count(protocol['faces'])} faces of {one['split']}" if "faces" in protocol else str(one["split"])]
    if protocol.get("crops") == 1:
        words.append("one look at each")
    if "aligned" in protocol:
        words.append("aligned by the mesh" if protocol["aligned"] else "as the data set has cut them")
    return ", ".join(words)


def _table(scores: Sequence[Scores], names: Sequence[str]) -> Table:
    shown = [column for column in COLUMNS if any(_value(one, column.path) is not None for one in scores)]
    columns = [_cells(scores, column) for column in shown]
    rows = tuple((name, *cells) for name, *cells in zip(names, *columns, strict=True))
    groups = [("", 1, False), *((name, len(list(each)), False) for name, each in groupby(shown, lambda one: one.group))]
    head = ("model", *(column.title for column in shown))
    return Table("The best of each column is bold; small: the interval", head, rows, tuple(groups))


def _cells(scores: Sequence[Scores], column: Column) -> list[Cell]:
    values = [_value(one, column.path) for one in scores]
    known = [value for value in values if value is not None]
    best = column.best(known) if column.best is not None and len(known) > 1 else None
    cells = [Cell("-") if value is None else Cell(column.write(value), is_best=value == best) for value in values]
    ends = [_value(one, _interval_path(column.path)) for one in scores]
    return [replace(cell, small=interval(end)) if end else cell for cell, end in zip(cells, ends, strict=True)]


def _interval_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """Where the interval of a figure stands in the object."""
    return (*path[:-1], "interval") if path[0] == "difference" else ("intervals", *path[1:])


def _value(one: Any, path: Sequence[str]) -> Any:
    for key in path:
        one = one.get(key) if isinstance(one, Mapping) else None
    return one


def _classes(scores: Sequence[Scores], names: Sequence[str], head: str) -> Section:
    labels = next(one["heads"][head]["labels"] for one in scores if head in one["heads"])
    rows = []
    for label in labels:
        column = Column("", label, ("heads", head, "recall", label), per_cent)
        rows.append((label, *_cells(scores, column)))
    caption = f"Recall by {HEAD_WORDS[head]}: of the faces of each class, how many got its name"
    title = f"Found of each class: {HEAD_WORDS[head]}"
    table = Table(caption, ("class", *names), tuple(rows))
    charts = tuple(
        Picture.of(
            partial(scores_charts.confusion, one["heads"][head]), f"confusion-{head}-{number}-{safe_name(name)}",
            alt=f"Confusion table of {name}", caption=name,
        )
        for number, (name, one) in enumerate(zip(names, scores, strict=True), 1) if head in one["heads"]
    )  # fmt: skip
    return Section(title, (table, Charts(charts)))
