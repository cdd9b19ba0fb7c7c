"""Several runs that differ in their seed alone: each one's figures, their mean and spread, and which is best."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mien.learn import records
from mien.models import ModelCard


@dataclass(frozen=True)
class Summary:
    """What several seeds gave; shares of one.

    `runs` has the figures of each seed by name: `held_fer2013` and `held_votes` on the faces that select, then
    `fer2013` and `votes`, accuracy on the split that validates. `mean` and `spread` (the standard deviation between
    runs, n - 1) go over the runs. `best` is the seed with the least loss on the held-out faces, which selects
    checkpoints too: the validation had no say.
    """

    split: str
    runs: dict[int, dict[str, float]]
    mean: dict[str, float]
    spread: dict[str, float]
    best: int


def summarise(cards: Mapping[int, ModelCard]) -> Summary:
    """Compare the cards of runs, by seed; at least one."""
    runs = {seed: _figures(card) for seed, card in cards.items()}
    names = next(iter(runs.values())).keys()
    columns = {name: [run[name] for run in runs.values()] for name in names}
    return Summary(
        split=str(next(iter(cards.values())).scores["split"]),
        runs=runs,
        mean={name: round(statistics.fmean(column), 5) for name, column in columns.items()},
        spread={
            name: round(statistics.stdev(column), 5) if len(column) > 1 else 0.0 for name, column in columns.items()
        },
        best=min(cards, key=lambda seed: cards[seed].training.get("held_loss", math.inf)),  # older cards lack it
    )


def _figures(card: ModelCard) -> dict[str, float]:
    held = {name: card.training[name] for name in ("held_fer2013", "held_votes") if name in card.training}
    return held | {head: scores["accuracy"] for head, scores in card.scores["heads"].items()}


def write(found: Summary, path: Path) -> None:
    """Write it as JSON, whole."""
    records.write_json(path, asdict(found))
