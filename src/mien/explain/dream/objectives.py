"""What a dream is to make grow: a layer, a channel, a label, or a weighted sum of these.

An objective is a value with a name; it gives one score a picture, from one look of the network. It knows nothing of
how pictures are made or changed. Try: `Label("happy", "fer2013") - Label("surprise", "fer2013")`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mien.errors import UsageError
from mien.explain.subject import Subject, recording


@dataclass(frozen=True, eq=False)
class Look:
    """What a network gave for N pictures: `out` its outputs, `seen` the outputs of the layers that were asked for."""

    subject: Subject
    out: Any
    seen: Mapping[str, Tensor]


class Objective(ABC):
    """One score a picture. Sums, differences and multiples of objectives are objectives."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call it: 'happy', 'stem.0', 'stem.0:3', 'happy - sad'."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The paths of the layers that it looks at."""
        return ()

    @abstractmethod
    def score(self, look: Look) -> Tensor:
        """(N,), one for each picture of the look. Raises UsageError where the network has no such part."""

    def __add__(self, other: Objective) -> Sum:
        return Sum((*_terms(self), *_terms(other)))

    def __sub__(self, other: Objective) -> Sum:
        return self + -1 * other

    def __rmul__(self, weight: float) -> Sum:
        return Sum(tuple((weight * one, term) for one, term in _terms(self)))


@dataclass(frozen=True)
class Layer(Objective):
    """The mean square of all that a layer gives: DeepDream's objective (Mordvintsev et al. 2015)."""

    path: str

    @property
    def name(self) -> str:
        """The layer's path."""
        return self.path

    @property
    def layers(self) -> tuple[str, ...]:
        """That layer."""
        return (self.path,)

    def score(self, look: Look) -> Tensor:
        """(N,), never below 0."""
        return look.seen[self.path].square().flatten(1).mean(1)


@dataclass(frozen=True)
class Channel(Objective):
    """The mean of one channel of a layer, or the value of one unit of a dense layer."""

    path: str
    index: int

    @property
    def name(self) -> str:
        """'stem.0:3'."""
        return f"{self.path}:{self.index}"

    @property
    def layers(self) -> tuple[str, ...]:
        """The channel's layer."""
        return (self.path,)

    def score(self, look: Look) -> Tensor:
        """(N,). Raises UsageError where the layer has fewer channels."""
        seen = look.seen[self.path]
        if not 0 <= self.index < seen.shape[1]:
            raise UsageError(f"{self.path} has channels 0 to {seen.shape[1] - 1}, not {self.index}")
        return seen[:, self.index].reshape(len(seen), -1).mean(1)


@dataclass(frozen=True)
class Label(Objective):
    """The logit of a label of a head: before the softmax, which would also be pleased by other labels falling."""

    label: str
    head: str

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    def score(self, look: Look) -> Tensor:
        """(N,). Raises UsageError, with the choices, where there is no such label or head."""
        index = look.subject.label_index(self.label, self.head)
        logits: Tensor = getattr(look.out, self.head)
        return logits[:, index]


@dataclass(frozen=True)
class Sum(Objective):
    """Objectives with weights, added up."""

    terms: tuple[tuple[float, Objective], ...]

    @property
    def name(self) -> str:
        """'happy - 0.5 sad'."""
        words = "".join(_signed(weight, term.name) for weight, term in self.terms)
        return words.removeprefix(" + ").replace(" - ", "-", 1) if words.startswith(" - ") else words[3:]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of all terms, each once."""
        return tuple(dict.fromkeys(layer for _, term in self.terms for layer in term.layers))

    def score(self, look: Look) -> Tensor:
        """(N,)."""
        weighted = [weight * term.score(look) for weight, term in self.terms]
        return sum(weighted[1:], start=weighted[0])


def _terms(objective: Objective) -> tuple[tuple[float, Objective], ...]:
    return objective.terms if isinstance(objective, Sum) else ((1.0, objective),)


def _signed(weight: float, name: str) -> str:
    size = "" if abs(weight) == 1 else f"{abs(weight):g} "
    return f" {'-' if weight < 0 else '+'} {size}{name}"


class Looking:
    """Looks at pictures (N, 1, S, S) through a network whose layers are being recorded; see `looking`."""

    def __init__(self, subject: Subject, seen: Mapping[str, Tensor]) -> None:
        self._subject, self._seen = subject, seen

    def __call__(self, pictures: Tensor) -> Look:
        """One forward pass; gradients flow to the pictures."""
        out = self._subject.net(pictures)
        return Look(self._subject, out, dict(self._seen))


@contextmanager
def looking(subject: Subject, layers: tuple[str, ...]) -> Iterator[Looking]:
    """In this block the network can be looked through at pictures; its hooks end with it."""
    with recording(subject, layers) as seen:
        yield Looking(subject, seen)
