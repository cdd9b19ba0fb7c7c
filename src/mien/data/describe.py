"""What labelled faces are like, in numbers: classes and splits, how far people agree, what occurs twice.

Facts alone, and which faces to show for them; how they look on a page, `report/` knows.
Try: `describe(load_faces(Path("fer2013.csv"))).to_dict()`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data import twins
from mien.data.faceset import EXPRESSIONS, LABELS, SPLITS, FaceSet, majority, shares
from mien.types import FloatArray, Progress, no_progress

ON_A_SHEET = 40  # faces of a contact sheet
PAIRS_SHOWN = 36
MEMBERS_LOOKED_AT = 16  # of a group of twins, when a pair is chosen to stand for it: blank faces come in hundreds
ENTROPY_STEP = 0.2  # bits, of the histogram
MOST_ENTROPY = 3.4  # bits; ten answers, all as often: log2(10) = 3.32
UNLABELLED = "no label"


@dataclass(frozen=True)
class Pair:
    """Two faces (indices) that are alike, and how: a name of `Description.twins`."""

    one: int
    two: int
    how: str


@dataclass(frozen=True, eq=False)
class Description:
    """Facts about a FaceSet; all faces are given as indices into it.

    `counts[label][split]` faces; `samples[label]` a face that shows the label well; `sheets[label]` faces spread
    evenly over the label's; `entropy` (N,) bits of each face's votes, NaN where nobody voted; `agreed`, `disputed`
    the faces that people agree on most and least; `twins[how]` a group's number for each face (N,), for three kinds
    of likeness: the same pixels, the same perceptual hash, thumbnails that are nearly alike; `across`, `conflicts`
    and `within` pairs of twins in two splits, with two labels, and all others.
    """

    faces: FaceSet
    counts: dict[str, dict[str, int]]
    samples: dict[str, int]
    sheets: dict[str, list[int]]
    entropy: FloatArray
    agreed: list[int]
    disputed: list[int]
    twins: dict[str, NDArray[np.int64]]
    across: list[Pair]
    conflicts: list[Pair]
    within: list[Pair]

    @property
    def splits(self) -> list[str]:
        """The names of the splits, FER2013's in its order, then others."""
        return _in_order(set(self.faces.splits.tolist()), SPLITS)

    @staticmethod
    def shown(pairs: Sequence[Pair]) -> list[Pair]:
        """Those of many pairs that go onto a sheet, evenly through all."""
        return [pairs[index] for index in spread(np.arange(len(pairs)), PAIRS_SHOWN)]

    def to_dict(self) -> dict[str, Any]:
        """The facts as plain JSON values; faces are given by their row in the file."""
        totals = [sum(count.values()) for label, count in self.counts.items() if label != UNLABELLED]
        facts: dict[str, Any] = {
            "faces": len(self.faces),
            "side_px": self.faces.side,
            "splits": {name: int((self.faces.splits == name).sum()) for name in self.splits},
            "counts": self.counts,
            "largest_to_smallest": round(max(totals) / min(totals), 1) if totals else None,
            "not_listed": int((~self.faces.named).sum()),  # rows that FERPlus drops
            "twins": {how: twin_facts(self.faces, groups) for how, groups in self.twins.items()},
        }
        if not np.isnan(self.entropy).all():
            facts["votes"] = vote_facts(self.faces, self.entropy)
            facts["most_agreed"] = self._rows(self.agreed)
            facts["most_disputed"] = self._rows(self.disputed)
        return facts

    def _rows(self, which: list[int]) -> list[int]:
        return [int(row) for row in self.faces.rows[which]]


def describe(faces: FaceSet, progress: Progress = no_progress) -> Description:
    """Look at all faces: counts, votes and twins. `progress` counts the faces compared, once for each likeness."""
    groups = find_all_twins(faces, progress)
    pairs = choose_pairs(faces, groups)
    across = [pair for pair in pairs if _differ(faces.splits, pair)]
    conflicts = [pair for pair in pairs if contradict(faces, pair.one, pair.two)]
    known = {(pair.one, pair.two) for pair in (*across, *conflicts)}
    bits = entropy(faces.votes)
    return Description(
        faces,
        counts(faces),
        {label: _sample(faces, which) for label, which in by_label(faces).items()},
        {label: spread(which, ON_A_SHEET) for label, which in by_label(faces).items()},
        bits,
        agreed(faces, bits),
        disputed(faces, bits),
        groups,
        across,
        conflicts,
        [pair for pair in pairs if (pair.one, pair.two) not in known],
    )


def by_label(faces: FaceSet) -> dict[str, NDArray[np.int64]]:
    """The indices of the faces of each label that occurs, in the order of LABELS; those without one last."""
    found = {label: np.flatnonzero(faces.labels == number) for number, label in enumerate(LABELS)}
    found[UNLABELLED] = np.flatnonzero(faces.labels < 0)
    return {label: which for label, which in found.items() if len(which)}


def counts(faces: FaceSet) -> dict[str, dict[str, int]]:
    """How many faces of each label each split has; zeros are written out."""
    names = _in_order(set(faces.splits.tolist()), SPLITS)
    return {
        label: {name: int((faces.splits[which] == name).sum()) for name in names}
        for label, which in by_label(faces).items()
    }


def entropy(votes: FloatArray) -> FloatArray:
    """Shannon's entropy of each face's votes in bits, 0 where all say the same; NaN where nobody voted. (N,)."""
    share = shares(votes).astype(np.float64)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    bits = np.abs((share * logs).sum(1))
    return np.asarray(np.where(votes.sum(1) > 0, bits, np.nan), np.float32)


def agreed(faces: FaceSet, bits: FloatArray, most: int = ON_A_SHEET) -> list[int]:
    """The faces of least entropy, from each word that leads in turn: else all of them would be happy."""
    usable = faces.named & ~np.isnan(bits)
    leading = faces.votes[:, : len(EXPRESSIONS)].argmax(1)
    queues = []
    for word in range(len(EXPRESSIONS)):
        which = np.flatnonzero(usable & (leading == word))
        order = np.lexsort((which, -faces.votes[which].sum(1), bits[which]))
        queues.append([int(index) for index in which[order[:most]]])
    rounds = [queue[turn] for turn in range(most) for queue in queues if turn < len(queue)]
    return sorted(rounds[:most], key=lambda index: (int(leading[index]), float(bits[index]), index))


def disputed(faces: FaceSet, bits: FloatArray, most: int = ON_A_SHEET) -> list[int]:
    """The faces of the most entropy, from the most disputed on."""
    usable = np.flatnonzero(faces.named & (np.nan_to_num(bits) > 0))
    return [int(index) for index in usable[np.argsort(-bits[usable], kind="stable")[:most]]]


def vote_facts(faces: FaceSet, bits: FloatArray) -> dict[str, Any]:
    """How far people agree: entropy in all and for each label, and how often their majority is the label."""
    voted = ~np.isnan(bits)
    edges = np.arange(0, MOST_ENTROPY + ENTROPY_STEP / 2, ENTROPY_STEP)
    leading = shares(faces.votes[voted]).max(1)
    names = np.asarray([*EXPRESSIONS, ""])[majority(faces.votes)]
    labels = {}
    for label, which in by_label(faces).items():
        which = which[voted[which]]
        ruled = which[names[which] != ""]
        if len(which):
            labels[label] = {
                "n": len(which),
                "mean_entropy": round(float(bits[which].mean()), 3),
                "with_majority": len(ruled),
                "majority_is_label": round(float((names[ruled] == label).mean()), 4) if len(ruled) else None,
            }
    return {
        "n": int(voted.sum()),
        "voters": round(float(faces.votes[voted].sum(1).mean()), 2),
        "mean_entropy": round(float(bits[voted].mean()), 3),
        "unanimous": round(float((bits[voted] == 0).mean()), 4),
        "leading_share": round(float(leading.mean()), 4),
        "histogram": {
            "edges": [round(float(edge), 2) for edge in edges],
            "faces": np.histogram(bits[voted], edges)[0].tolist(),
        },
        "labels": labels,
    }


def find_all_twins(faces: FaceSet, progress: Progress = no_progress) -> dict[str, NDArray[np.int64]]:
    """Groups of faces that are alike, by three kinds of likeness: the same number (N,) for all of a group."""
    count, total = len(faces), 3 * len(faces)
    found = {"pixels": twins.same_pixels(faces.pixels)}
    progress(count, total)
    found["hash"] = twins.same_hash(faces.pixels, progress=lambda done, _: progress(count + done, total))
    found["thumbnails"] = twins.find_twins(faces.pixels, progress=lambda done, _: progress(2 * count + done, total))
    return found


def twin_facts(faces: FaceSet, groups: NDArray[np.int64]) -> dict[str, Any]:
    """How many faces occur more than once, in which splits, and with how many labels."""
    repeated = twins.members(groups)
    pairs: Counter[str] = Counter()
    conflicts: Counter[str] = Counter()
    for which in repeated:
        names = _in_order(set(faces.splits[which].tolist()), SPLITS)
        pairs.update(f"{one} and {two}" for one, two in combinations(names, 2))
        labels = [LABELS[label] for label in sorted(set(faces.labels[which].tolist())) if label >= 0]
        conflicts.update(f"{one} and {two}" for one, two in combinations(labels, 2))
    return {
        "groups": len(repeated),
        "faces": sum(map(len, repeated)),
        "copies": sum(len(which) - 1 for which in repeated),  # what is left out when each face is kept once
        "largest_group": max(map(len, repeated), default=0),
        "groups_across_splits": sum(len(set(faces.splits[which].tolist())) > 1 for which in repeated),
        "splits": dict(pairs.most_common()),
        "groups_in_conflict": sum(len(set(faces.labels[which].tolist()) - {-1}) > 1 for which in repeated),
        "labels": dict(conflicts.most_common()),
    }


def choose_pairs(faces: FaceSet, groups: dict[str, NDArray[np.int64]]) -> list[Pair]:
    """One pair for each group: one across splits if there is one, with two labels if there is one.

    A group in which a stricter likeness has already found as bad a pair gets no other.
    """

    def badness(pair: tuple[int, int]) -> tuple[bool, bool]:
        return bool(faces.splits[pair[0]] != faces.splits[pair[1]]), contradict(faces, *pair)

    chosen: list[Pair] = []
    for how, numbers in groups.items():
        known: dict[int, tuple[bool, bool]] = {}
        for pair in chosen:
            if numbers[pair.one] == numbers[pair.two]:
                group = int(numbers[pair.one])
                known[group] = max(badness((pair.one, pair.two)), known.get(group, (False, False)))
        for which in twins.members(numbers):
            members = [int(index) for index in which[:MEMBERS_LOOKED_AT]]
            best = max(combinations(members, 2), key=badness)
            group = int(numbers[best[0]])
            if group not in known or badness(best) > known[group]:
                chosen.append(Pair(*best, how))
    return chosen


def contradict(faces: FaceSet, one: int, two: int) -> bool:
    """Whether two faces have different labels."""
    a, b = faces.labels[one], faces.labels[two]
    return bool(a >= 0 and b >= 0 and a != b)


def spread(which: NDArray[np.int64], most: int) -> list[int]:
    """At most so many of the indices, evenly over all of them."""
    steps = np.linspace(0, len(which) - 1, min(most, len(which)))
    return [int(index) for index in which[np.round(steps).astype(int)]]


def _sample(faces: FaceSet, which: NDArray[np.int64]) -> int:
    """A face that shows its label well: the largest share of people say it; the middle face where nobody does."""
    label = LABELS[faces.labels[which[0]]] if faces.labels[which[0]] >= 0 else UNLABELLED
    if label in EXPRESSIONS:
        column = EXPRESSIONS.index(label)
        said, share = faces.votes[which, column], shares(faces.votes[which])[:, column]
        if said.any():
            return int(which[np.lexsort((-said, -share))[0]])
    return int(which[len(which) // 2])


def _differ(values: NDArray[np.str_], pair: Pair) -> bool:
    return bool(values[pair.one] != values[pair.two])


def _in_order(names: set[str], known: tuple[str, ...]) -> list[str]:
    return [name for name in known if name in names] + sorted(names - set(known))
