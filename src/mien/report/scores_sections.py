"""The later sections of a scores page: shares, confidence, people, bad pictures, speed, and the faces to look at.

Each takes the scores object and gives a section, or None where the object has nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mien.data.faceset import FaceSet
from mien.report import scores_charts
from mien.report.captions import label_of, row_of, votes_in_words
from mien.report.page import Cell, Charts, Gallery, Part, Picture, Section, Table
from mien.report.sheets import Tile
from mien.report.text import count, counted, megabytes, per_cent

Scores = Mapping[str, Any]
ORDINALS = {1: "first", 2: "second", 3: "third"}
CALIBRATED_ON = "PublicTest"  # training fits the confidence on this split
SHOWN_COVER = 0.8  # share of the faces whose accuracy the words name


def votes_head(scores: Scores) -> Mapping[str, Any]:
    """The scores of the votes, empty where the model has none."""
    found: Mapping[str, Any] = scores["heads"].get("votes", {})
    return found


def shares(scores: Scores) -> Section | None:
    """Shares that the model says beside those that people gave."""
    shares = votes_head(scores).get("shares")
    if not shares:
        return None
    words = (
        f"The model says which share of people would choose each word. Of all words of which it says about the same "
        f"share, people gave that share to within {100 * shares['mean_gap']:.1f} points (mean over the bins)."
    )
    if not shares.get("curve"):
        return Section("Shares of people", (words,))
    chart = Picture.of(
        partial(scores_charts.shares, shares["curve"]), "shares",
        alt="Shares said and shares given: " + _pairs((one["said"], one.get("given", one.get("found")))
                                                      for one in shares["curve"]),
        caption="All words of all faces, in bins of the share that is said; on the broken line both are the same.",
    )  # fmt: skip
    return Section("Shares of people", (words, Charts((chart,))))


def confidence(scores: Scores) -> Section | None:
    """Calibration, and what is gained by saying 'not sure'."""
    conf, curve = votes_head(scores).get("confidence", {}), votes_head(scores).get("coverage")
    pictures, is_fitted = [], scores.get("split") == CALIBRATED_ON
    rows = [
        (words, Cell(per_cent(conf[key])))
        for key, words in (
            ("ece_top_share", "before: the leading share taken for it"),
            ("ece_of_card", "the confidence as the model has it" + (" (fitted on these faces)" if is_fitted else "")),
            ("ece_cross_fitted", "the same, fitted on other faces of this split (five folds)"),
            ("ece_by_chance", "a perfect one, by chance alone"),
        )
        if conf.get(key) is not None
    ]
    if conf.get("reliability") or conf.get("reliability_top_share"):
        pictures.append(Picture.of(
            partial(scores_charts.reliability, conf), "reliability",
            alt="How often it is right against how sure it says it is: "
            + _pairs((one["said"], one["found"]) for one in conf.get("reliability", ())),
            caption="Every dot stands for as many faces. Below the broken line it is surer than it should be.",
        ))  # fmt: skip
    if curve:
        pictures.append(Picture.of(
            partial(scores_charts.coverage, curve, conf.get("at_sure")), "coverage",
            alt="Right among the faces that get an answer: " + _pairs((one["covered"], one["right"]) for one in curve),
            caption=_coverage_in_words(curve, conf.get("at_sure")),
        ))  # fmt: skip
    if not rows and not pictures:
        return None
    parts: list[Part] = ["Confidence says how likely it is that the word is what most people would choose. It decides "
                         "when Mien says 'not sure'."]  # fmt: skip
    if rows:
        parts.append(Table("Expected calibration error (ECE): how far confidence and being right lie apart",
                           ("confidence", "error"), tuple(rows)))  # fmt: skip
    if pictures:
        parts.append(Charts(tuple(pictures)))
    return Section("How sure, and rightly so?", tuple(parts))


def _coverage_in_words(curve: Sequence[Mapping[str, float]], sure: Mapping[str, float] | None) -> str:
    whole = max(curve, key=lambda one: one["covered"])
    part = sure or min(curve, key=lambda one: abs(one["covered"] - SHOWN_COVER))
    share = per_cent(part["covered"], 0)
    which = (
        f"the {share} of which it is sure (from {per_cent(part['threshold'], 0)} on)"
        if sure
        else (f"the surest {share}")
    )
    return (
        f"What is gained by saying 'not sure': with an answer for {per_cent(whole['covered'], 0)} of the faces, "
        f"{per_cent(whole['right'])} are right; among {which}, {per_cent(part['right'])}."
    )


def tone(scores: Scores) -> Section | None:
    """Positive, neutral or negative: how often right, and where the surest end."""
    found = scores.get("tone")
    if not found:
        return None
    surest = found["surest"]
    words = (
        f"With three words alone, positive, neutral and negative, it is right on {per_cent(found['accuracy'])} of "
        f"{count(found['n'])} faces, and on {per_cent(surest['right'])} of the {per_cent(surest['covered'], 0)} of "
        f"which it is surest. Its confidence is off by {per_cent(found['ece'])} on average; a perfect one shows "
        f"{per_cent(found['ece_by_chance'])} by chance. Faces that most people call surprised are left out."
    )
    rows = tuple(
        (label, Cell(per_cent(found["recall"].get(label, 0.0))), Cell(per_cent(found["precision"].get(label, 0.0))),
         Cell(count(found["support"][label])))
        for label in found["labels"]
    )  # fmt: skip
    parts: list[Part] = [words, Table("By tone", ("tone", "found", "right if said", "faces"), rows)]
    if found.get("coverage"):
        parts.append(Charts((Picture.of(
            partial(scores_charts.coverage, found["coverage"], None), "tone-coverage",
            alt="Right among the faces that get an answer: "
            + _pairs((one["covered"], one["right"]) for one in found["coverage"]),
            caption=_coverage_in_words(found["coverage"], None),
        ),)))  # fmt: skip
    return Section("Positive, neutral or negative", tuple(parts))


def agreement(scores: Scores) -> Section | None:
    """How well people agree with the model, beside how well they agree with each other."""
    found = votes_head(scores).get("agreement")
    if not found:
        return None
    words = f"A random person gives the model's answer {per_cent(found['model'])} of the time, and another person's " \
            f"{per_cent(found['one_person'])}."  # fmt: skip
    if "persons_needed" in found:
        needed = found["persons_needed"]
        words += (
            f" To be agreed with as often, the majority of {counted(needed, 'person', 'people')} is needed."
            if needed
            else " Not even the majority of nine people is agreed with as often."
        )
    if found.get("place"):
        words += f" {_place_in_words(found)}"
    parts: list[Part] = [words]
    if found.get("majorities"):
        parts.append(Charts((Picture.of(
            partial(scores_charts.agreement, found), "agreement",
            alt="How often a further person agrees with the majority of one to nine people: "
            f"{', '.join(per_cent(share) for share in found['majorities'])}; "
            f"with the model: {per_cent(found['model'])}",
            caption="How often one more person says the same.",
        ),)))  # fmt: skip
    return Section("Beside people", tuple(parts))


def _place_in_words(found: Mapping[str, Any]) -> str:
    place = round(found["place"])
    text = f"It is as good as the {ORDINALS.get(place, f'{place}th')} of ten people"
    if "place_of_person" not in found or "place_of_majority" not in found:
        return f"{text}."
    return (
        f"{text}. On each face it takes one person's seat, and the ten stand in order of how many of the others say "
        f"the same: its mean place is {found['place']:.1f}, a random person's {found['place_of_person']:.1f}, and that "
        f"of the most common answer {found['place_of_majority']:.1f}."
    )


def robustness(scores: Scores) -> Section | None:
    """Accuracy on pictures made worse."""
    curves = scores.get("robustness")
    if not curves:
        return None
    words = ["The same faces, made worse step by step: on how many is the model right?"]
    if "robustness" in scores.get("protocol", {}):
        words.append(f"{scores['protocol']['robustness'][:1].upper()}{scores['protocol']['robustness'][1:]}.")
    ends = "; ".join(
        f"{kind.replace('_', ' ')} to {curve['levels'][-1]['level']} {curve.get('unit') or ''}".strip()
        + f": {per_cent(curve['levels'][-1]['fer2013'], 0)}"
        for kind, curve in curves.items() if curve["levels"] and curve["levels"][-1].get("fer2013") is not None
    )  # fmt: skip
    chart = Picture.of(partial(scores_charts.robustness, curves), "robustness",
                       alt=f"Accuracy on pictures made worse, at the last step: {ends}",
                       caption=_judged_on(curves))  # fmt: skip
    return Section("Bad pictures", (*words, Charts((chart,))))


def _judged_on(curves: Mapping[str, Any]) -> str:
    numbers = {level["n"] for curve in curves.values() for level in curve["levels"] if "n" in level}
    return f"Each point is {count(max(numbers))} faces." if len(numbers) == 1 else ""


def speed(scores: Scores) -> Section | None:
    """How fast the network is, and how large."""
    speed = scores.get("speed")
    if not speed:
        return None
    shown: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("median_ms", "one face, median", lambda ms: f"{ms:.2f} ms"),
        ("p90_ms", "one face, nine of ten are faster", lambda ms: f"{ms:.2f} ms"),
        ("threads", "threads", count),
        ("parameters", "parameters", count),
        ("bytes", "size of the file", megabytes),
    )
    rows = tuple((words, Cell(write(speed[key]))) for key, words, write in shown if speed.get(key) is not None)
    return Section("Speed and size", (Table("The network alone, on this machine", ("what", "how much"), rows),))


def mistakes(scores: Scores, faces: FaceSet | None) -> Section | None:
    """The faces on which the model is wrong and very sure."""
    entries = [] if faces is None else _found(scores.get("surest_mistakes"), faces)
    if faces is None or not entries:
        return None
    tiles = tuple(
        Tile(
            (faces.pixels[index],),
            (f"says {entry['said']}", f"{per_cent(entry['confidence'], 0)} sure", f"right: {entry['truth']}",
             votes_in_words(faces, index), row_of(faces, index)),
            f"A face of the class {entry['truth']}; the model says {entry['said']}",
        )
        for index, entry in entries
    )  # fmt: skip
    note = "Wrong, and very sure of it: what the model says, what is right, and how many people chose which word."
    return Section("The surest mistakes", (note, Gallery("surest-mistakes", "", tiles)))


def disputed(scores: Scores, faces: FaceSet | None) -> Section | None:
    """The faces about which people differ most."""
    entries = [] if faces is None else _found(scores.get("most_disputed"), faces)
    if faces is None or not entries:
        return None
    tiles = tuple(
        Tile(
            (faces.pixels[index],),
            (f"says {entry['said']}", f"label {entry.get('label') or label_of(faces, index)}",
             votes_in_words(faces, index), row_of(faces, index)),
            f"A face about which people disagree: {votes_in_words(faces, index)}",
        )
        for index, entry in entries
    )  # fmt: skip
    note = "On these people themselves differ most: no answer could please them."
    return Section("Faces that people disagree about", (note, Gallery("most-disputed", "", tiles)))


def _found(entries: Sequence[Mapping[str, Any]] | None, faces: FaceSet) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries whose row is among the faces, each with its face's index."""
    where = {int(row): index for index, row in enumerate(faces.rows)}
    return [(where[entry["row"]], entry) for entry in entries or () if entry["row"] in where]


def _pairs(values: Any) -> str:
    return ", ".join(f"{per_cent(one, 0)} and {per_cent(two, 0)}" for one, two in values)
