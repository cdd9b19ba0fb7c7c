"""Faces for practice, and questions about them; the right answer is people's word, never that of a network.

Faces come from what `mien.data.load.load_faces` reads: FER2013 with FERPlus's votes (Barsoum et al. 2016: ten people
looked at each face), or pictures with labels that the user gave. Nothing here knows HTTP.
"""

from __future__ import annotations

import base64
import io
import random
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.data.faceset import EXPRESSIONS, LABELS, VOTE_LABELS, FaceSet
from mien.data.load import find_layout, load_faces
from mien.errors import DataError, UsageError
from mien.types import ImageArray, Progress

VOTES_FILE = "fer2013new.csv"  # is taken where it lies beside fer2013.csv
LEVELS = ("easy", "medium", "hard")
# Least share of people who agree. Below the last one, people themselves did not know, and nothing is to be learned.
AGREEMENT = {"easy": 0.8, "medium": 0.6, "hard": 0.4}
CHOICES = (2, 3, 4)
SHOWN_SIDE = 384  # px: a face of 48 px, enlarged smoothly
REMEMBERED = 100  # faces that are not shown again so soon


class NoVotesError(DataError):
    """The faces have neither people's votes nor labels that the user gave."""


@dataclass(frozen=True)
class Question:
    """A face and the words to choose from, in their usual order; `answer` and `people` are for afterwards.

    `people` counts votes by label, most first; it is empty where the answer is a label that came with the picture.
    """

    face: ImageArray = field(repr=False)  # (S, S) uint8
    choices: tuple[str, ...]
    answer: str
    people: dict[str, int]

    def png(self) -> str:
        """The face, enlarged, as a data URL; nothing but pixels is in it."""
        picture = Image.fromarray(self.face).resize((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        picture.save(file, "PNG")
        return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


class Questions:
    """Draws questions from `faces`. Not safe to use from several threads.

    Raises NoVotesError where no face has a word that people agree on.
    """

    def __init__(self, faces: FaceSet) -> None:
        self._faces = faces
        self.has_votes = bool(faces.votes.any())
        self.answers, self._levels = _by_votes(faces) if self.has_votes else _by_labels(faces)
        if not (self.answers >= 0).any():
            raise NoVotesError("no face in these data has an expression that people agree on")
        self._shown: deque[int] = deque(maxlen=REMEMBERED)

    def counts(self) -> dict[str, int]:
        """How many faces there are, by level."""
        return {level: int(self._fitting(level).sum()) for level in LEVELS}

    def ask(self, *, level: str = "easy", choices: int = 3, seed: int | None = None) -> Question:
        """A question; every expression comes up as often as any other. The same `seed` asks the same.

        Raises:
            UsageError: there are no faces of that level, or too few expressions to choose from.
        """
        if level not in LEVELS or choices not in CHOICES:
            raise UsageError(f"choose a level of {', '.join(LEVELS)}, and {CHOICES[0]} to {CHOICES[-1]} choices")
        draw = random.Random(seed)  # without a seed: from the system's own randomness
        fitting = self._fitting(level)
        there = np.unique(self.answers[fitting])
        if not len(there):
            raise UsageError(f"there are no faces of the level {level!r}; choose another one")
        answer = int(draw.choice(there.tolist()))
        found = np.flatnonzero(fitting & (self.answers == answer))
        fresh = found if seed is not None else found[~np.isin(found, list(self._shown))]
        face = int(draw.choice((fresh if len(fresh) else found).tolist()))
        if seed is None:
            self._shown.append(face)
        return self._question(face, answer, draw, choices)

    def _question(self, face: int, answer: int, draw: random.Random, choices: int) -> Question:
        others = [one for one in range(len(EXPRESSIONS)) if one != answer]
        shown = sorted([answer, *draw.sample(others, choices - 1)])  # their usual order tells nothing
        votes = self._faces.votes[face]
        people = {VOTE_LABELS[one]: int(votes[one]) for one in np.argsort(-votes, kind="stable") if votes[one] > 0}
        pixels = np.array(self._faces.pixels[face])
        return Question(pixels, tuple(EXPRESSIONS[one] for one in shown), EXPRESSIONS[answer], people)

    def _fitting(self, level: str) -> NDArray[np.bool_]:
        # A label says nothing of how many would agree, so such a face is of every level.
        is_of_level = (self._levels == LEVELS.index(level)) | (self._levels < 0)
        return np.asarray((self.answers >= 0) & is_of_level)


def load_questions(faces: Path, votes: Path | None, progress: Progress) -> Questions:
    """Questions about the faces of a file or folder. Raises DataError, MissingExtraError."""
    layout, place = find_layout(faces)
    if layout == "fer2013" and votes is None:
        beside = (place.parent if place.is_file() else place) / VOTES_FILE
        if not beside.is_file():
            # FER2013's labels come from a search on the web, and a third of them is not what people see.
            raise NoVotesError(f"{faces} has no votes of people beside it: give {VOTES_FILE} of FERPlus with --votes")
        votes = beside
    return Questions(load_faces(faces, votes, progress=progress))


def _by_votes(faces: FaceSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Answer and level of each face, -1 for neither: the expression that more people chose than any other word."""
    votes = faces.votes
    top = votes.argmax(1)
    most, total = votes.max(1), votes.sum(1)
    alone = (votes == most[:, None]).sum(1) == 1
    # In whole votes: 8 of 10 as a share is not quite 0.8 in floating point.
    levels = np.full(len(votes), -1)
    for index in range(len(LEVELS) - 1, -1, -1):
        levels[most + 1e-6 >= AGREEMENT[LEVELS[index]] * total] = index
    usable = (total > 0) & alone & (top < len(EXPRESSIONS)) & (levels >= 0) & faces.named
    return np.where(usable, top, -1), np.where(usable, levels, -1)


def _by_labels(faces: FaceSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    columns = np.asarray([EXPRESSIONS.index(label) for label in LABELS] + [-1])  # the last one for -1, no label
    return columns[faces.labels], np.full(len(faces), -1)
