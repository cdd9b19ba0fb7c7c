"""Clips with known people in them: faces of photos that move, cross, hide, leave and come over a generated room.

Every frame comes with who is where, so that a tracker's ids can be checked. All is made from a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from mien import images
from mien.types import Box, Frame, ImageArray

WIDTH, HEIGHT, FPS = 640, 480, 30.0
# A person as cut out of the photo, in sides of the face's box: 'head' is a soft ellipse of hair and neck, 'card' a
# rectangle down to the chest with what was behind.
HEAD, CARD = (1.7, 2.1), (2.2, 2.6)
GREY = (128, 128, 128)  # of what hides a face

Place = tuple[float, float, float]  # middle x, y and side of the face, px


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody out of a photo: the picture and the face's box in it."""

    photo: ImageArray
    box: Box


@dataclass(frozen=True, eq=False)
class Actor:
    """A person and the way they go: where their face is at a time in seconds, or None when they are not there."""

    person: int
    look: Person
    path: Callable[[float], Place | None]


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame and the people whose faces are to be seen in it: who -> where."""

    frame: Frame
    people: dict[int, Place]


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip to be made: actors from back to front, and what hides them (a rectangle at a time, or None)."""

    name: str
    seconds: float
    actors: list[Actor]
    hidden: Callable[[float], Box | None] = lambda t: None
    style: str = "head"
    cut_s: float = math.inf  # when the room becomes another
    fps: float = FPS
    seed: int = 0
    people: int = 1  # ids that a perfect tracker gives

    def __iter__(self) -> Iterator[Moment]:
        random = np.random.default_rng(self.seed)
        rooms = [_room(random), _room(random)]
        noises = [random.normal(0, 2, rooms[0].shape).astype(np.int16) for _ in range(4)]
        for index in range(round(self.seconds * self.fps)):
            t = index / self.fps
            image = rooms[t >= self.cut_s].copy()
            places = {actor.person: place for actor in self.actors if (place := actor.path(t))}
            for actor in self.actors:
                if place := actor.path(t):
                    _paint(image, actor.look, place, self.style)
            cover = self.hidden(t)
            if cover:
                cv2.rectangle(image, (int(cover.x1), int(cover.y1)), (int(cover.x2), int(cover.y2)), GREY, -1)
            image = cv2.add(image, noises[index % 4], dtype=cv2.CV_8U)
            yield Moment(Frame(image, index, t, self.name), self._seen(places, cover))

    def _seen(self, places: dict[int, Place], cover: Box | None) -> dict[int, Place]:
        """Those whose face is not covered by what hides it or by somebody before them."""
        seen = {}
        order = [actor.person for actor in self.actors if actor.person in places]
        for at, person in enumerate(order):
            x, y, side = places[person]
            before = [places[other] for other in order[at + 1 :]]
            hidden = cover and _touches(cover, (x, y, side))
            if not hidden and all(math.hypot(x - u, y - v) > 0.9 * max(side, w) for u, v, w in before):
                seen[person] = places[person]
        return seen


def _touches(cover: Box, place: Place) -> bool:
    x, y, half = place[0], place[1], place[2] / 2
    return cover.x1 < x + half and x - half < cover.x2 and cover.y1 < y + half and y - half < cover.y2


def _room(random: np.random.Generator) -> ImageArray:
    """A wall: soft patches of colour."""
    small = random.uniform(60, 220, (4, 5, 3)).astype(np.float32)
    return np.clip(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def _paint(image: ImageArray, look: Person, place: Place, style: str) -> None:
    """Draw a person onto a picture, in place; positions need not be whole pixels."""
    x, y, side = place
    span = HEAD if style == "head" else CARD
    patch = math.ceil(max(span) * side) + 2
    left, top = math.floor(x - patch / 2), math.floor(y - patch / 2)
    scale = side / look.box.side
    (cx, cy), (u0, v0) = look.box.centre, (x - left, y - top)
    matrix = 2 * np.array([[scale, 0, u0 - scale * cx], [0, scale, v0 - scale * cy]])
    drawn = cv2.resize(images.warp(look.photo, matrix, 2 * patch), (patch, patch), interpolation=cv2.INTER_AREA)
    u, v = ((np.arange(patch) + 0.5 - u0) / side)[None], ((np.arange(patch) + 0.5 - v0) / side)[:, None]
    if style == "head":
        share = np.clip((1 - np.hypot(u / (span[0] / 2), v / (span[1] / 2))) * 8, 0, 1)
    else:
        share = ((np.abs(u) < span[0] / 2) & (np.abs(v) < span[1] / 2)).astype(float)
    rows = slice(max(0, top), max(0, top + patch))
    columns = slice(max(0, left), max(0, left + patch))
    under = image[rows, columns]
    part = (slice(rows.start - top, rows.start - top + under.shape[0]),
            slice(columns.start - left, columns.start - left + under.shape[1]))  # fmt: skip
    weight = share[part][..., None]
    under[:] = np.round(drawn[part] * weight + under * (1 - weight)).astype(np.uint8)


# The clips


def _between(start: float, end: float, place: Callable[[float], Place]) -> Callable[[float], Place | None]:
    return lambda t: place(t) if start <= t < end else None


def crossing(a: Person, b: Person, *, over: bool, style: str = "head", seconds: float = 3.0, side: float = 90) -> Clip:
    """Two walk past each other; `over`: the second covers the first, else each has room."""
    apart = 0.0 if over else (1.15 if style == "head" else 1.9) * side
    right = _between(0, seconds, lambda t: (120 + 400 * t / seconds, 240 - apart / 2, side))
    left = _between(0, seconds, lambda t: (520 - 400 * t / seconds, 240 + apart / 2, side))
    name = f"crossing {'over' if over else 'beside'} {style}"
    return Clip(name, seconds, [Actor(1, a, right), Actor(2, b, left)], style=style, people=2)


def occlusion(a: Person, gap_s: float, *, style: str = "head", moving: bool = False, side: float = 100) -> Clip:
    """Somebody's face is hidden for a while, where they stand or while they go on."""
    pace = 60.0 if moving else 0.0
    place = lambda t: (220 + pace * t, 240.0, side)  # noqa: E731

    def hidden(t: float) -> Box | None:
        x, y, _ = place(t)
        return Box(x - side, y - side, x + side, y + side) if 1 <= t < 1 + gap_s else None

    name = f"hidden {gap_s:.2g} s {'moving ' if moving else ''}{style}"
    return Clip(name, 2.2 + gap_s, [Actor(1, a, place)], hidden, style, people=1)


def replacing(a: Person, b: Person, gap_s: float, *, style: str = "head", side: float = 100) -> Clip:
    """Somebody leaves, and another appears at the same place after `gap_s`."""
    first = _between(0, 1, lambda t: (300.0, 240.0, side))
    second = _between(1 + gap_s, 9, lambda t: (306.0, 236.0, side))
    name = f"replaced after {gap_s:.2g} s {style}"
    return Clip(name, 2.2 + gap_s, [Actor(1, a, first), Actor(2, b, second)], style=style, people=2)


def away(a: Person, gap_s: float, *, style: str = "head") -> Clip:
    """Somebody leaves and comes back after `gap_s`: an id of their own while longer than is remembered."""
    first = _between(0, 1, lambda t: (300.0, 240.0, 100.0))
    second = _between(1 + gap_s, 9, lambda t: (306.0, 236.0, 100.0))
    actors = [Actor(1, a, first), Actor(2, a, second)]
    return Clip(f"away {gap_s:.2g} s {style}", 2.2 + gap_s, actors, style=style, people=2)


def beside(a: Person, b: Person, *, style: str = "head") -> Clip:
    """Two faces side by side that sway."""
    sway = lambda x, phase: lambda t: (x + 12 * math.sin(3 * t + phase), 240.0, 100.0)  # noqa: E731
    return Clip(f"beside {style}", 2.0, [Actor(1, a, sway(250, 0)), Actor(2, b, sway(390, 2))], style=style, people=2)


def growing(a: Person, *, style: str = "head") -> Clip:
    """A face that comes near and goes away again."""
    path = lambda t: (320.0, 250.0, 50 * 4 ** (0.5 - 0.5 * math.cos(2 * math.pi * t / 3)))  # noqa: E731
    return Clip(f"growing {style}", 3.0, [Actor(1, a, path)], style=style, people=1)


def cut(a: Person, b: Person, *, style: str = "head", same_place: bool = True) -> Clip:
    """Another scene with somebody else, from one frame to the next."""
    first = _between(0, 1, lambda t: (300.0, 240.0, 100.0))
    x = 304.0 if same_place else 450.0
    second = _between(1, 9, lambda t: (x, 236.0, 104.0))
    name = f"cut {'same place' if same_place else 'elsewhere'} {style}"
    return Clip(name, 2.2, [Actor(1, a, first), Actor(2, b, second)], style=style, cut_s=1.0, people=2)


def entering(a: Person, b: Person, *, style: str = "head") -> Clip:
    """Somebody comes in from the side while another is there."""
    first = lambda t: (200.0, 240.0, 100.0)  # noqa: E731
    second = _between(0.5, 9, lambda t: (max(430.0, 640 - 300 * (t - 0.5)), 240.0, 90.0))
    return Clip(f"entering {style}", 2.5, [Actor(1, a, first), Actor(2, b, second)], style=style, people=2)
