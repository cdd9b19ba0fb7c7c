"""What a clip or a session came to: a row for each person, and why its word was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from rich import box
from rich.table import Table

from mien.body.cue_words import cue_word
from mien.body.distance_words import distance_words
from mien.expression import reasons, words
from mien.types import Distance, Expression, Reading

CUES_SHOWN = 3  # of one person, the most frequent
LEAST_SHARE = 0.02  # of the frames, for a cue to be told


@dataclass
class _Person:
    """What was seen of one person."""

    labels: Counter[str] = field(default_factory=Counter)  # frames by word; '' where it was not sure
    cues: Counter[str] = field(default_factory=Counter)  # frames by cue
    bodies: int = 0  # frames in which the body was seen
    distances: list[Distance] = field(default_factory=list)
    surest: dict[str, Expression] = field(default_factory=dict)  # by label, of those that were explained

    @property
    def frames(self) -> int:
        """In how many it was read."""
        return self.labels.total()

    def note(self, expression: Expression) -> None:
        """Count an expression in."""
        self.labels[expression.label if expression.sure else ""] += 1
        before = self.surest.get(expression.label)
        if expression.explanation and (before is None or expression.confidence > before.confidence):
            self.surest[expression.label] = expression

    def distance(self) -> Distance | None:
        """The median of what was measured, end by end."""
        if not self.distances:
            return None
        return Distance(*(median(getattr(one, name) for one in self.distances) for name in ("value", "low", "high")))


class Summary:
    """How long each person of a stream was seen, how it looked, what its body did and how far away it was."""

    def __init__(self) -> None:
        self.frames = 0
        self._people: dict[int, _Person] = {}

    def add(self, reading: Reading) -> None:
        """Count one frame in."""
        self.frames += 1
        for face in reading.faces:
            if face.expression is None or face.track_id is None:
                continue
            person = self._people.setdefault(face.track_id, _Person())
            person.note(face.expression)
            if face.distance_cm is not None:
                person.distances.append(face.distance_cm)
        for pose in reading.poses:
            if pose.track_id in self._people:
                self._people[pose.track_id].bodies += 1
                self._people[pose.track_id].cues.update({cue.name for cue in pose.cues})

    @property
    def has_faces(self) -> bool:
        """Whether anybody was seen."""
        return bool(self._people)

    def table(self, language: str = "en") -> Table:
        """One row a person; columns for bodies and distances where there were any."""
        people = sorted(self._people.items())
        has_bodies = any(person.bodies for _, person in people)
        has_distances = any(person.distances for _, person in people)
        names = ["who", "seen", "looked", *["body"] * has_bodies, *["distance"] * has_distances]
        heads = (words.message(f"terminal.{name}", language) for name in names)
        table = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False)
        for who, person in people:
            row = [f"#{who}", f"{person.frames / self.frames:.0%}", _looked(person, language)]
            row += [_did(person, language)] * has_bodies + [_how_far(person, language)] * has_distances
            table.add_row(*row)
        return table

    def reasons(self, language: str = "en") -> Iterator[str]:
        """Why each person's most frequent word was said, at the moment when it was surest; nothing if nobody asked."""
        for who, person in sorted(self._people.items()):
            label = next((label for label, _ in person.labels.most_common() if label in person.surest), None)
            if label is None:
                continue
            text = reasons.why_words(person.surest[label], language)
            yield words.message("reason.placed", language, place=f"#{who}", text=text)


def _looked(person: _Person, language: str) -> str:
    said = [(words.label_word(label, language), count) for label, count in person.labels.most_common() if label]
    if person.labels[""]:
        said.append((words.message("not_sure", language), person.labels[""]))
    return _shares(said, person.frames)


def _did(person: _Person, language: str) -> str:
    if not person.bodies:
        return words.message("terminal.no_body", language)
    frequent = [(name, count) for name, count in person.cues.most_common() if count >= LEAST_SHARE * person.bodies]
    told = [(cue_word(name, language), count) for name, count in frequent[:CUES_SHOWN]]
    return _shares(told, person.bodies) or words.message("terminal.no_cue", language)


def _how_far(person: _Person, language: str) -> str:
    distance = person.distance()
    return "" if distance is None else distance_words(distance, language)


def _shares(counts: list[tuple[str, int]], total: int) -> str:
    return ", ".join(f"{word} {count / total:.0%}" for word, count in counts)
