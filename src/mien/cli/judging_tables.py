"""Scores as tables and sentences for the terminal; it only says what a scores object holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table

HEADS = {"fer2013": "FER2013's label", "votes": "most people's"}
LOOKS = {
    "mirror": "with mirror",
    "ten_crops": "ten crops",
    "ensemble": "ensemble",
    "ensemble_mirror": "ensemble, mirror",
}


def scores_shown(scores: Mapping[str, Any]) -> list[RenderableType]:
    """What `mien evaluate` shows of a scores object."""
    heads = scores["heads"]
    lines: list[RenderableType] = [_way(scores), _heads(scores), _classes(heads)]
    votes = heads.get("votes")
    if votes:
        confidence, sure = votes["confidence"], votes["confidence"]["at_sure"]
        lines += [
            f"Where it says a share, people gave that share to within {100 * votes['shares']['mean_gap']:.1f} points.",
            f"Confidence errs by {confidence['ece_cross_fitted']:.1%}; a perfect one shows "
            f"{confidence['ece_by_chance']:.1%} by chance.",
        ]
        if sure:
            lines.append(
                f"It is sure of {sure['covered']:.0%} of the faces, and of these it finds the leading word on "
                f"{sure['right']:.1%}; of all, on {confidence['right']:.1%}."
            )
        if "agreement" in votes:
            lines.append(agreement_line(votes["agreement"]))
    if "tone" in scores:
        lines.append(tone_line(scores["tone"]))
    return lines


def tone_line(found: Mapping[str, Any]) -> str:
    """How well positive, neutral and negative are told apart."""
    surest = found["surest"]
    return (
        f"Positive, neutral or negative it tells on {found['accuracy']:.1%} of {found['n']:,} faces, on "
        f"{surest['right']:.1%} of the surest {surest['covered']:.0%}; its confidence errs by {found['ece']:.1%}."
    )


def agreement_line(found: Mapping[str, Any]) -> str:
    """How well the model agrees with people, beside how well they agree with each other."""
    needed = found["persons_needed"]
    as_good = "better than the majority of nine" if needed is None else f"the majority of {needed}"
    if needed == 1:
        as_good = "one person"
    return (
        f"A random person agrees with it on {found['model']:.1%} of the faces, with another person on "
        f"{found['one_person']:.1%}: as good as {as_good}{'' if needed == 1 else ' people'}, "
        f"place {found['place']:.1f} in a row of ten (a person's is {found['place_of_person']:.1f})."
    )


def _way(scores: Mapping[str, Any]) -> str:
    protocol = scores["protocol"]
    way = f"aligned by the mesh ({protocol['meshes_found']} found)" if protocol["aligned"] else "as they were cut"
    return f"{scores['model']} on {scores['split']}: one crop, {way}"


def _heads(scores: Mapping[str, Any]) -> Table:
    averaged = scores.get("averaged", {})
    looks = [f"({LOOKS.get(name, name)})" for name in averaged]
    table = Table("head", "faces", "accuracy", "macro-F1", "worst class", *looks, box=box.SIMPLE_HEAD, pad_edge=False)
    for name, head in scores["heads"].items():
        worst = min(head["recall"], key=head["recall"].__getitem__, default="")
        found = f"{worst} {head['recall'][worst]:.0%}" if worst else ""
        others = [one["heads"].get(name) for one in averaged.values()]
        table.add_row(
            name,
            f"{head['n']:,}",
            f"{head['accuracy']:.2%}",
            f"{head['macro_f1']:.3f}",
            found,
            *(f"{one['accuracy']:.2%}" if one else "" for one in others),
        )
    return table


def _classes(heads: Mapping[str, Any]) -> Table:
    """Of each class: how many of its faces were found, how often its name was right, how many faces there are."""
    titles = [title for name in heads for title in (f"{name}: found", "right if said", "faces")]
    table = _table_of_numbers("class", *titles)
    labels = dict.fromkeys(label for head in heads.values() for label in head["labels"])
    for label in labels:
        cells = []
        for head in heads.values():
            faces = head["support"].get(label)
            cells += [_per_cent(head["recall"].get(label)), _per_cent(head["precision"].get(label))]
            cells.append("" if faces is None else f"{faces:,}")
        table.add_row(label, *cells)
    return table


def _per_cent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def comparison_shown(result: Mapping[str, Any]) -> list[RenderableType]:
    """What `mien compare` shows: a table for each head and one for the networks, a row a model."""
    many = result["models"]
    first = many[0]
    ways = {one["protocol"]["aligned"] for one in many}
    way = "each as its card says" if len(ways) > 1 else "aligned by the mesh" if ways == {True} else "as they were cut"
    shown: list[RenderableType] = [
        f"{first['protocol']['faces']:,} faces of {first['split']}: one crop, {way}. Intervals hold 95 % of bootstrap "
        "samples; differences are in points, on the same faces; times are of one thread."
    ]
    shown += [_head_of_many(many, head) for head in HEADS if any(head in one["heads"] for one in many)]
    return [*shown, _networks(many)]


def _head_of_many(many: Sequence[Mapping[str, Any]], name: str) -> Table:
    table = _table_of_numbers(HEADS[name], "accuracy", "interval", "macro-F1", "to the first")
    for one in many:
        head = one["heads"].get(name)
        if head is None:
            table.add_row(one["model"], "-")
            continue
        low, high = one["intervals"][name]["accuracy"]
        by = one.get("difference", {}).get(name, {}).get("accuracy")
        table.add_row(
            one["model"], f"{head['accuracy']:.2%}", f"{100 * low:.1f}-{100 * high:.1f}", f"{head['macro_f1']:.3f}",
            "" if by is None else _difference(by),
        )  # fmt: skip
    return table


def _difference(by: Mapping[str, Any]) -> str:
    low, high = by["interval"]
    return f"{100 * by['by']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _networks(many: Sequence[Mapping[str, Any]]) -> Table:
    table = _table_of_numbers("network", "parameters", "file", "one crop", "90 % within")
    for one in many:
        speed = one["speed"]
        parameters = "" if speed["parameters"] is None else f"{speed['parameters'] / 1e6:.2f} M"
        table.add_row(one["model"], parameters, f"{speed['bytes'] / 1e6:.1f} MB", f"{speed['median_ms']:.1f} ms",
                      f"{speed['p90_ms']:.1f} ms")  # fmt: skip
    return table


def _table_of_numbers(first: str, *titles: str) -> Table:
    table = Table(first, *titles, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
