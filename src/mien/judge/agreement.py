"""How well a model agrees with people, beside how well people agree among themselves: exact, from ten votes a face.

Voters are not known by name: on each face there are ten, and who they are on the next nobody knows. So a person is
compared on each face, and the means over faces are what is said. All values are expectations over every choice of
people, none is drawn.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.types import FloatArray

VOTERS = 10

Array = NDArray[np.float64]


def by_ten(votes: FloatArray) -> NDArray[np.bool_]:
    """Which faces (N, V) have whole votes of ten people."""
    return np.asarray((votes == np.rint(votes)).all(1) & (votes.sum(1) == VOTERS))


def of_labels(votes: FloatArray, labels: NDArray[np.int64]) -> Array:
    """The chance that a random one of the people gives the same answer as the label: (N,).

    It is also what the label and the nine others have in common, on average, whichever of the ten is sent away.
    """
    return np.asarray(votes[np.arange(len(votes)), labels] / VOTERS, np.float64)


def of_majority(votes: FloatArray, people: int) -> float:
    """The chance that what most of `people` say is said by another person too; the mean over faces (N, V) of ten votes.

    The people are any of the ten, the other is any of the rest; where answers tie for the lead, one is taken by lot.
    With one person it is the agreement of two people.
    """
    return float(np.mean([_majority_of_one_face(_shape(face), people) for face in votes]))


def _shape(face: FloatArray) -> tuple[int, ...]:
    """The counts of a face without their labels: there are but 42 ways to divide ten votes."""
    return tuple(sorted(int(count) for count in face if count))


@cache
def _majority_of_one_face(counts: tuple[int, ...], people: int) -> float:
    total = sum(counts)
    chance = 0.0
    for chosen in itertools.product(*(range(count + 1) for count in counts)):
        if sum(chosen) == people:
            ways = math.prod(math.comb(count, one) for count, one in zip(counts, chosen, strict=True))
            leads = [i for i, one in enumerate(chosen) if one == max(chosen)]
            others = sum(counts[i] - chosen[i] for i in leads) / len(leads)
            chance += ways * others / (total - people)
    return chance / math.comb(total, people)


def of_places(votes: FloatArray, labels: NDArray[np.int64]) -> Array:
    """Where a label would stand in a row of ten people, who gives the same answer as most others first: (N,), 1..10.

    It takes the seat of each of the ten in turn; those who agree with as many share their places. So a person stands
    at 5.5 on average, and who always says what most say stands before, yet not at 1, since others say so too.
    """
    rows = np.arange(len(votes))
    seated = np.eye(votes.shape[1])[labels]
    places = np.zeros(len(votes))
    for one in range(votes.shape[1]):
        counts = votes - np.eye(votes.shape[1])[one] + seated
        own = counts[rows, labels][:, None]
        before = np.where(counts > own, counts, 0).sum(1)
        beside = np.where(counts == own, counts, 0).sum(1) - 1
        places += votes[:, one] / VOTERS * (1 + before + beside / 2)
    return places


def of_seats(votes: FloatArray, labels: NDArray[np.int64]) -> Array:
    """What of a label's answer the majority of the nine others shares, whichever of the ten it replaces: (N,).

    Where the nine tie for the lead, each leading label counts in part.
    """
    chances = np.zeros(len(votes))
    for one in range(votes.shape[1]):
        others = votes - np.eye(votes.shape[1])[one]
        leading = others == others.max(1, keepdims=True)
        agrees = leading[np.arange(len(votes)), labels] / leading.sum(1)
        chances += np.where(votes[:, one] > 0, votes[:, one] / VOTERS * agrees, 0)
    return chances


def of_people_with_nine(votes: FloatArray) -> float:
    """How often a person gives the answer that most of the nine others give, each in turn; mean over faces."""
    total = 0.0
    for one in range(votes.shape[1]):
        total += float((votes[:, one] / VOTERS * _leads_without(votes, one)).sum())
    return total / len(votes)


def _leads_without(votes: FloatArray, one: int) -> Array:
    others = votes - np.eye(votes.shape[1])[one]
    leading = others == others.max(1, keepdims=True)
    return np.asarray(leading[:, one] / leading.sum(1))


def agreement(votes: FloatArray, labels: NDArray[np.int64]) -> dict[str, Any] | None:
    """The model's agreement with people beside that of people; None where no face has ten votes.

    Args:
        votes: (N, V) counts, among them those of people who named no expression.
        labels: (N,) which of the V the model says.

    Returns:
        `model`: the chance that a random person agrees with the model's label; `one_person`: that two people agree.
        `persons_needed`: the least number of people whose majority agrees with a further person as well as the model
        does (`majorities` has each number's; null where nine do not suffice). `place`: the model is as good as the
        `place`th of ten people, see `of_places`; `place_of_person` and `place_of_majority` give the scale.
        `model_with_nine` and `person_with_nine`: how often the majority of nine says what the model says, and what
        the tenth says.
    """
    whole = by_ten(votes)
    if not whole.any():
        return None
    votes, labels = votes[whole], labels[whole]
    model = float(of_labels(votes, labels).mean())
    majorities = [of_majority(votes, people) for people in range(1, VOTERS)]
    return {
        "n": len(votes),
        "model": round(model, 4),
        "one_person": round(majorities[0], 4),
        "persons_needed": _first(value >= model - 1e-9 for value in majorities),
        "majorities": [round(value, 4) for value in majorities],
        "place": round(float(of_places(votes, labels).mean()), 2),
        "place_of_person": (VOTERS + 1) / 2,
        "place_of_majority": round(float(of_places(votes, votes.argmax(1)).mean()), 2),
        "model_with_nine": round(float(of_seats(votes, labels).mean()), 4),
        "person_with_nine": round(of_people_with_nine(votes), 4),
    }


def _first(holds: Iterable[bool]) -> int | None:
    """The place, from 1, of the first that holds."""
    return next((place for place, one in enumerate(holds, 1) if one), None)
