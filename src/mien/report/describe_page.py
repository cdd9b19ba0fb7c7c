"""What labelled faces are like, as a page: `write_describe_page(folder, data.describe.describe(faces))`.

It draws what `data.describe` found and computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from mien.data.describe import Description, Pair
from mien.data.faceset import FaceSet
from mien.report import charts
from mien.report.captions import label_of, row_of, votes_in_words
from mien.report.charts import Theme
from mien.report.page import (
    Bullets,
    Cell,
    Charts,
    Gallery,
    Number,
    Page,
    Part,
    Picture,
    Row,
    Section,
    Table,
    write_page,
)
from mien.report.sheets import Tile
from mien.report.text import NBSP, count, counted, per_cent, safe_name

FACTS = "facts.json"
ROW_IN = 0.56  # height of a bar with its face, inches
FACE_PT = 30  # side of the face on a bar, points
HOW = {
    "pixels": "the same pixels",
    "hash": "perceptual hashes nearly the same",
    "thumbnails": "thumbnails nearly alike",
}
WORST_SAID = 6  # kinds of conflict in the list


def write_describe_page(folder: Path, found: Description, *, name: str) -> Path:
    """Write report.html, its charts and sheets, and facts.json; returns the page's path.

    Args:
        folder: where to; see `folder.write_folder` for what it may hold.
        found: what there is to show.
        name: of the data, as the page shall call them.

    Raises:
        UsageError, SinkError: as `page.write_page`.
    """
    facts = found.to_dict()
    return write_page(folder, describe_page(found, facts, name), {"data": name, **facts})


def describe_page(found: Description, facts: dict[str, Any], name: str) -> Page:
    """The page of `found`, whose `facts` are its `to_dict()`."""
    sections = [_classes(found, facts)]
    if "votes" in facts:
        sections.append(_votes(found, facts["votes"]))
    sections += [_twins(found, facts), _sheets(found)]
    splits = ", ".join(f"{count(number)} in {split}" for split, number in facts["splits"].items())
    lead = f"{count(facts['faces'])} faces of {facts['side_px']} x {facts['side_px']} pixels: {splits}."
    return Page(f"The faces of {name}", lead, tuple(sections), _numbers(facts), FACTS)


def _numbers(facts: dict[str, Any]) -> tuple[Number, ...]:
    twins = next(reversed(facts["twins"].values()))
    numbers = [Number(count(facts["faces"]), "faces", _not_listed(facts))]
    if facts["largest_to_smallest"]:
        numbers.append(Number(f"{facts['largest_to_smallest']:g} : 1", "largest class to smallest"))
    if "votes" in facts:
        share = per_cent(facts["votes"]["leading_share"], 0)
        numbers.append(Number(share, "of the people say a face's leading word, on average"))
    numbers.append(Number(count(twins["copies"]), "faces are near copies of another",
                          f"{counted(twins['groups_across_splits'], 'group')} of them across splits"))  # fmt: skip
    return tuple(numbers)


def _not_listed(facts: dict[str, Any]) -> str:
    return f"{count(facts['not_listed'])} of them FERPlus drops as no faces" if facts["not_listed"] else ""


def _classes(found: Description, facts: dict[str, Any]) -> Section:
    splits, total = found.splits, facts["faces"]
    rows: list[tuple[str | Cell, ...]] = []
    for label, numbers in found.counts.items():
        in_all = sum(numbers.values())
        rows.append((label, *(Cell(count(numbers[split])) for split in splits), Cell(count(in_all)),
                     Cell(per_cent(in_all / total))))  # fmt: skip
    sums = [facts["splits"][split] for split in splits]
    rows.append(("all", *(Cell(count(number)) for number in sums), Cell(count(total)), Cell(per_cent(1.0))))
    table = Table("Faces of each class and split", ("class", *splits, "all", "share"), tuple(rows))
    chart = Picture.of(
        lambda theme: imbalance(found, theme), "classes",
        alt="Bars of the number of faces of each class: "
        + ", ".join(f"{label} {count(sum(numbers.values()))}" for label, numbers in found.counts.items()),
        caption="Faces of each class. The face on a bar is one of its class"
        + (" that the largest share of people gave this name." if "votes" in facts else "."),
    )  # fmt: skip
    notes = (Bullets(found.faces.notes),) if found.faces.notes else ()
    return Section("Classes", (Row((Charts((chart,)), table)), *notes))


def imbalance(found: Description, theme: Theme) -> Figure:
    """Bars of the classes, the largest on top, the splits one behind the other, a face on each."""
    order = sorted(found.counts, key=lambda label: sum(found.counts[label].values()))
    figure = charts.new_figure(theme, 0.9 + ROW_IN * len(order))
    axes = figure.subplots()
    charts.style(axes, theme, grid="x")
    ends = [0] * len(order)
    for number, split in enumerate(found.splits):
        lengths = [found.counts[label][split] for label in order]
        colour = theme.series[number % len(theme.series)]
        axes.barh(range(len(order)), lengths, left=ends, height=0.72, color=colour, label=split,
                  edgecolor=theme.ground, linewidth=0.6)  # fmt: skip
        ends = [end + length for end, length in zip(ends, lengths, strict=True)]
    for row, (label, end) in enumerate(zip(order, ends, strict=True)):
        face = found.faces.pixels[found.samples[label]]
        picture = OffsetImage(face, cmap="gray", zoom=FACE_PT / found.faces.side, interpolation="lanczos")
        picture.image.set_clim(0, 255)
        axes.add_artist(AnnotationBbox(picture, (end, row), (4 + FACE_PT / 2, 0), boxcoords="offset points",
                                       frameon=False, annotation_clip=False))  # fmt: skip
        axes.annotate(count(end), (end, row), (10 + FACE_PT, 0), textcoords="offset points", va="center",
                      color=theme.ink, fontsize=charts.SMALL_PT)  # fmt: skip
    axes.set_yticks(range(len(order)), order)
    axes.tick_params(axis="y", labelsize=charts.TEXT_PT)
    axes.set_xlim(0, max(ends) * 1.27)  # room for the face and the number
    axes.xaxis.set_major_formatter(lambda value, _: count(round(value)))
    axes.locator_params(axis="x", nbins=5)
    if len(found.splits) > 1:
        charts.legend(axes, theme, "lower right")
    return figure


def _votes(found: Description, facts: dict[str, Any]) -> Section:
    words = (
        f"{facts['voters']:g} people on average named each of {count(facts['n'])} faces. Entropy says how far they "
        f"agree: 0 bits when all choose one word, 3.3 when ten people choose ten. The mean is "
        f"{facts['mean_entropy']:.2f} bits; on {per_cent(facts['unanimous'], 0)} of the faces all agree."
    )
    rows: list[tuple[str | Cell, ...]] = [
        (label, Cell(count(of["n"])), Cell(f"{of['mean_entropy']:.2f}"), _agreement(of))
        for label, of in facts["labels"].items()
    ]
    table = Table("Votes of each class", ("class", "faces", "entropy, bits", "majority says so too"), tuple(rows))
    histogram = Picture.of(
        lambda theme: entropy_chart(facts["histogram"], theme), "entropy",
        alt="Histogram of the entropy of the votes, in faces: " + ", ".join(
            f"from {edge:.1f} bits {count(faces)}"
            for edge, faces in zip(facts["histogram"]["edges"], facts["histogram"]["faces"], strict=False)
        ),
        caption="How far people agree on each face.",
    )  # fmt: skip
    ruled = (
        "The last column counts faces on which FERPlus's majority rule finds a word: how often that is the class that "
        "the data give."
    )
    parts: list[Part] = [words, Row((Charts((histogram,)), table)), ruled]
    if found.agreed:
        parts.append(_gallery(found, "agreed", "People agree most on these", found.agreed))
    if found.disputed:
        parts.append(_gallery(found, "disputed", "People agree least on these", found.disputed))
    return Section("What people say", tuple(parts))


def _agreement(of: dict[str, Any]) -> Cell:
    if of["majority_is_label"] is None:
        return Cell("-")
    return Cell(per_cent(of["majority_is_label"]), f"of {count(of['with_majority'])}")


def entropy_chart(histogram: dict[str, Any], theme: Theme) -> Figure:
    """The histogram of the votes' entropy."""
    edges, faces = histogram["edges"], histogram["faces"]
    figure = charts.new_figure(theme, 2.6)
    axes = figure.subplots()
    charts.style(axes, theme, x="entropy, bits (0: all say the same)", y="faces")
    width = edges[1] - edges[0]
    axes.bar(edges[:-1], faces, width=width * 0.92, align="edge", color=theme.series[0])
    axes.yaxis.set_major_formatter(lambda value, _: count(round(value)))
    return figure


def _gallery(found: Description, name: str, title: str, which: Sequence[int]) -> Gallery:
    note = "Under each face the class that the data give, and how many people chose which word."
    return Gallery(name, title, tuple(_voted_tile(found, index) for index in which), note)


def _voted_tile(found: Description, index: int) -> Tile:
    faces = found.faces
    lines = (label_of(faces, index), votes_in_words(faces, index), row_of(faces, index))
    return Tile((faces.pixels[index],), lines, f"A face labelled {lines[0]}; people say {lines[1]}")


def _twins(found: Description, facts: dict[str, Any]) -> Section:
    head = ("alike by", "groups", "faces", "copies", "groups across splits", "groups with two labels")
    keys = ("groups", "faces", "copies", "groups_across_splits", "groups_in_conflict")
    rows: list[tuple[str | Cell, ...]] = [
        (HOW.get(how, how), *(Cell(count(of[key])) for key in keys)) for how, of in facts["twins"].items()
    ]
    parts: list[Part] = [
        "A face that occurs in two splits flatters a number taken on the second, if a network was trained on the "
        "first. Copies are what would be left out if each face were kept once.",
        Table("Faces that occur more than once", head, tuple(rows)),
    ]
    widest = next(reversed(facts["twins"].values()))
    lines = [f"{counted(number, 'group')} in both {pair}" for pair, number in widest["splits"].items()]
    lines += [
        f"{counted(number, 'group')} labelled both {pair}"
        for pair, number in list(widest["labels"].items())[:WORST_SAID]
    ]
    if lines:
        parts += ["Of the groups in the last row:", Bullets(tuple(lines))]
    for name, title, pairs in (
        ("twins-across-splits", "Twins in two splits", found.across),
        ("twins-in-conflict", "Twins with two labels", found.conflicts),
        ("twins-within", "Other twins", found.within),
    ):
        if pairs:
            parts.append(_pair_gallery(found, name, title, pairs))
    return Section("Twins", tuple(parts))


def _pair_gallery(found: Description, name: str, title: str, pairs: Sequence[Pair]) -> Gallery:
    shown = found.shown(pairs)
    more = f" ({len(shown)} of {count(len(pairs))} pairs)" if len(shown) < len(pairs) else ""
    return Gallery(name, title + more, tuple(_pair_tile(found.faces, pair) for pair in shown))


def _pair_tile(faces: FaceSet, pair: Pair) -> Tile:
    labels = [label_of(faces, index) for index in (pair.one, pair.two)]
    first = labels[0] if labels[0] == labels[1] else " / ".join(labels)
    places = " / ".join(f"{faces.splits[index]}{NBSP}{faces.rows[index]}" for index in (pair.one, pair.two))
    how = HOW.get(pair.how, pair.how)
    return Tile(
        (faces.pixels[pair.one], faces.pixels[pair.two]), (first, how, places), f"Two faces, {how}: {first}; {places}"
    )


def _sheets(found: Description) -> Section:
    galleries = []
    for label, which in found.sheets.items():
        total = sum(found.counts[label].values())
        tiles = tuple(
            Tile((found.faces.pixels[index],), (row_of(found.faces, index),), f"A face labelled {label}")
            for index in which
        )
        title = f"{label}: {len(which)} of {count(total)}, evenly through the file"
        galleries.append(Gallery(f"sheet-{safe_name(label)}", title, tiles))
    return Section("Faces of each class", tuple(galleries))
