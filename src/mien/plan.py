"""Who stands where, as pictures: a view from above, and a strip of how far each person and part is.

Functions of a Reading with distances alone; the bars hold the distance 9 times in 10. Parts are coarse, and nothing is
drawn between them: this is no depth map. Try: `draw_plan(mien.Reader(distance=True).read("photo.jpg"))`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mien import fonts, labels
from mien.body.depth import part_depths
from mien.body.distance_words import length_words
from mien.body.lens import fov_of_focal
from mien.body.owner import pose_of
from mien.catalogue import message
from mien.expression import words
from mien.geometry import iou_matrix
from mien.types import Box, Distance, Face, ImageArray, Pose, Reading

WIDTH, MARGIN, TOP_HEIGHT, ROW_HEIGHT = 1000, 60, 700, 34
TEXT_PX, SMALL_PX = 22, 17
GROUND, WEDGE, RING, INK, QUIET = (24, 27, 33), (38, 43, 52), (78, 84, 95), (240, 240, 240), (160, 166, 176)
NICE_CM = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)  # between two rings
MOST_RINGS = 6
REACH = 1.12  # room beyond the farthest bar
MOST_REACH = 2.0  # of the farthest face: a bar beyond is cut
NAME_PX, NAMES_FROM, NAMES_TO = 26.0, 60.0, TOP_HEIGHT - 60.0  # height of a name, and the rows that have room for names
DOT = 9


@dataclass(frozen=True)
class Standing:
    """A person on the plan: `bearing_deg` to the right of the camera's axis, the distance along the ground."""

    name: str
    face: Face
    bearing_deg: float
    away: Distance
    pose: Pose | None


def standing(reading: Reading, language: str = "en") -> list[Standing]:
    """Where the people of a Reading stand, from left to right; only those whose distance was measured."""
    faces = sorted(reading.faces, key=lambda face: face.box.centre[0])
    if reading.focal_px is None:
        return []
    found = []
    for name, face in zip(words.place_names(len(faces), language), faces, strict=True):
        if face.distance_cm is None:
            continue
        x, y = np.subtract(face.box.centre, (reading.width / 2, reading.height / 2))
        along = math.hypot(x, reading.focal_px)
        flat = along / math.hypot(along, y)  # the ground's share of a line of sight that rises or falls
        away = Distance(
            *(flat * value for value in (face.distance_cm.value, face.distance_cm.low, face.distance_cm.high))
        )
        bearing = math.degrees(math.atan2(x, reading.focal_px))
        found.append(Standing(name, face, bearing, away, pose_of(face, reading)))
    return found


def draw_plan(reading: Reading, *, language: str = "en") -> ImageArray:
    """The view from above, the camera at the bottom, and the strip below it: (H, 1000, 3) uint8 RGB."""
    language = labels.language_drawn(language)
    people = standing(reading, language)
    rows = sum(1 + len(_parts(person, reading)) for person in people)
    picture = Image.new("RGB", (WIDTH, TOP_HEIGHT + ROW_HEIGHT * (rows + 4)), GROUND)
    pen = _Pen(picture, language)
    reach_cm = _reach(people, reading)
    _draw_top(pen, people, reading, reach_cm)
    _draw_strip(pen, people, reading, reach_cm)
    return np.asarray(picture)


def ring_step(reach_cm: float) -> int:
    """Centimetres between two rings: a round number, and few rings."""
    return next((step for step in NICE_CM if reach_cm / step <= MOST_RINGS), NICE_CM[-1])


def _reach(people: list[Standing], reading: Reading) -> float:
    if not people:
        return 200.0
    farthest = max(person.away.value for person in people)
    parts = [cm for person in people for cm in _parts(person, reading).values()]
    return REACH * min(max([*(person.away.high for person in people), *parts]), MOST_REACH * farthest)


class _Pen:
    """Lines and letters on one picture."""

    def __init__(self, picture: Image.Image, language: str) -> None:
        self.draw, self.language = ImageDraw.Draw(picture), language

    def text(
        self, x: float, y: float, text: str, *, px: int = TEXT_PX, colour: labels.Colour = INK, anchor: str = "mm"
    ) -> None:
        """Write a text, as far as a font has its letters, between the sides of the picture."""
        text = text.translate(labels.UNSEEN)
        font = fonts.font_for(text, px)
        if font is None:
            return
        left, _, right, _ = self.draw.textbbox((x, y), text, font=font, anchor=anchor)
        self.draw.text((x + _inwards(left, right), y), text, font=font, fill=colour, anchor=anchor)

    def room_of(self, x: float, y: float, text: str) -> Box | None:
        """What `text` would cover with its left middle at x, y; None where no font has its letters."""
        text = text.translate(labels.UNSEEN)
        font = fonts.font_for(text, TEXT_PX)
        if font is None:
            return None
        left, top, right, bottom = self.draw.textbbox((x, y), text, font=font, anchor="lm")
        shift = _inwards(left, right)
        return Box(left + shift, top, right + shift, bottom)

    def dot(self, x: float, y: float, colour: labels.Colour, radius: float = DOT) -> None:
        """A filled circle."""
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _inwards(left: float, right: float) -> float:
    """How far a text that reaches from `left` to `right` is to be moved to lie in the picture."""
    return max(0, 8 - left) - max(0, right - (WIDTH - 8))


def _draw_top(pen: _Pen, people: list[Standing], reading: Reading, reach_cm: float) -> None:
    half_deg = 30.0 if reading.focal_px is None else fov_of_focal(reading.width, reading.focal_px) / 2
    origin = (WIDTH / 2, TOP_HEIGHT - 45.0)
    # The farthest ring fits above the camera, and between the sides.
    room = min(origin[1] - 70, (WIDTH / 2 - 30) / math.sin(math.radians(min(half_deg, 89.0))))
    scale, start, end = room / reach_cm, 270 - half_deg, 270 + half_deg

    def around(radius: float) -> tuple[float, float, float, float]:
        return origin[0] - radius, origin[1] - radius, origin[0] + radius, origin[1] + radius

    pen.draw.pieslice(around(room), start, end, fill=WEDGE)
    step = ring_step(reach_cm)
    for away_cm in range(step, int(reach_cm) + 1, step):
        pen.draw.arc(around(away_cm * scale), start, end, fill=RING)
        x, y = _at(origin, half_deg, away_cm * scale)
        pen.text(x + 8, y + 4, length_words(away_cm, pen.language), px=SMALL_PX, colour=QUIET, anchor="lm")
    pen.draw.polygon([origin, (origin[0] - 13, origin[1] + 20), (origin[0] + 13, origin[1] + 20)], fill=INK)
    pen.text(origin[0], TOP_HEIGHT - 12, message("plan.camera", pen.language), px=SMALL_PX, colour=QUIET)
    pen.text(WIDTH / 2, 26, message("plan.above", pen.language))
    dots = [_draw_person(pen, person, origin, scale, reach_cm) for person in people]
    taken = [Box(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in dots]
    for person, (x, y) in zip(people, dots, strict=True):
        said = f"{person.name}: {length_words(max(10, 10 * round(person.away.value / 10)), pen.language)}"
        _draw_name(pen, (x + 2 * DOT, y), said, taken)


def _draw_person(
    pen: _Pen, person: Standing, origin: tuple[float, float], scale: float, reach_cm: float
) -> tuple[float, float]:
    """The bar and the dot of a person; returns where the dot is."""
    colour, away = labels.colour_of(person.face), person.away
    ends = [_at(origin, person.bearing_deg, scale * min(cm, reach_cm)) for cm in (away.low, away.high)]
    pen.draw.line(ends, fill=colour, width=4)
    x, y = _at(origin, person.bearing_deg, scale * away.value)
    pen.dot(x, y, colour)
    return x, y


def _draw_name(pen: _Pen, place: tuple[float, float], said: str, taken: list[Box]) -> None:
    """Write a name in the row nearest to its place where it covers no dot and no other name, and note its room."""
    x, y = place
    least, most = math.ceil((NAMES_FROM - y) / NAME_PX), math.floor((NAMES_TO - y) / NAME_PX)
    steps = sorted(range(min(least, 0), max(most, 0) + 1), key=abs)
    rooms = [(row, room) for step in steps if (room := pen.room_of(x, row := y + NAME_PX * step, said))]
    if not rooms:  # no font has its letters
        return
    others = [one.to_list() for one in taken]
    row, room = next((one for one in rooms if not iou_matrix([one[1].to_list()], others).any()), rooms[0])
    pen.text(x, row, said, anchor="lm")
    taken.append(room)


def _at(origin: tuple[float, float], bearing_deg: float, radius: float) -> tuple[float, float]:
    angle = math.radians(bearing_deg)
    return origin[0] + radius * math.sin(angle), origin[1] - radius * math.cos(angle)


def _parts(person: Standing, reading: Reading) -> dict[str, float]:
    """By part, how far from the camera it is, cm: the mean of left and right."""
    if person.pose is None or reading.focal_px is None or person.face.distance_cm is None:
        return {}
    away = person.face.distance_cm.value
    depths = part_depths(person.pose, away, reading.focal_px)
    return {name: away + float(np.mean([side for side in sides if side is not None])) for name, sides in depths.items()}


def _draw_strip(pen: _Pen, people: list[Standing], reading: Reading, reach_cm: float) -> None:
    left, right, y = 260.0, WIDTH - float(MARGIN), TOP_HEIGHT + ROW_HEIGHT * 1.5
    scale = (right - left) / reach_cm
    bottom = y + ROW_HEIGHT * (0.5 + sum(1 + len(_parts(person, reading)) for person in people))
    pen.text(WIDTH / 2, TOP_HEIGHT + 30, message("plan.strip", pen.language))
    step = ring_step(reach_cm)
    for away_cm in range(0, int(reach_cm) + 1, step):
        x = left + away_cm * scale
        pen.draw.line((x, y, x, bottom), fill=RING)
        label = length_words(away_cm, pen.language) if away_cm else "0"
        pen.text(x, bottom + 14, label, px=SMALL_PX, colour=QUIET)
    for person in people:
        y += ROW_HEIGHT
        colour, away = labels.colour_of(person.face), person.face.distance_cm
        assert away is not None  # `standing` leaves others out
        pen.text(left - 16, y - 8, person.name, anchor="rm")
        low, value, high = (left + scale * min(cm, reach_cm) for cm in (away.low, away.value, away.high))
        pen.draw.line((low, y - 8, high, y - 8), fill=colour, width=4)
        pen.dot(value, y - 8, colour)
        for name, part_cm in _parts(person, reading).items():
            y += ROW_HEIGHT
            x = left + scale * min(max(part_cm, 0.0), reach_cm)
            pen.text(left - 16, y - 8, message(f"part.{name}", pen.language), px=SMALL_PX, colour=QUIET, anchor="rm")
            pen.draw.line((value, y - 8, x, y - 8), fill=QUIET, width=2)
            pen.dot(x, y - 8, QUIET, DOT * 0.6)
    pen.text(WIDTH / 2, bottom + 10 + ROW_HEIGHT, message("plan.note", pen.language), px=SMALL_PX, colour=QUIET)
