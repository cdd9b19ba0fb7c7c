"""A Reading onto its picture: an outline turned with each face, and beside it what people would say.

A function of picture and Reading alone. Colour only repeats what words and line styles say: an outline that is
dashed and grey means 'not sure'. Try: `draw_reading(frame.image, reading)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import geometry, labels
from mien.body.owner import pose_owner
from mien.types import Box, Face, ImageArray, Pose, Reading

LINE, LEAST_LINE = 0.012, 0.0022  # an outline's width in face sides, and at least in picture sides
MARGIN = 1.12  # the outline's size against the face's: it frames, it does not cut
FACE_RATIO = 0.85  # width to height of a mesh's box, where there is only a turned face's upright box
ROUND = 0.22  # the radius of its corners in sides
TEXT = 0.1  # letters in face sides, within:
LEAST_TEXT, MOST_TEXT = 0.021, 0.038  # letters in picture sides (the root of its area)
LEGIBLE_PX = 12  # no letters are smaller
LINK_STEPS = 200  # points of an outline among which a label's link chooses
SUBPIXEL = 4  # bits after the point in OpenCV's coordinates

# A body's lines, by its points: the person's left, right, and what lies between; hands and feet as one short line each,
# to the middle of two points. The head is drawn only where no face's outline shows it.
LEFT_BONES = ((11, 13), (13, 15), (23, 25), (25, 27), (27, 31))
RIGHT_BONES = ((12, 14), (14, 16), (24, 26), (26, 28), (28, 32))
MIDDLE_BONES = ((11, 12), (11, 23), (12, 24), (23, 24))
HEAD_BONES = ((8, 5), (5, 0), (0, 2), (2, 7))
HANDS = ((15, 17, 19), (16, 18, 20))  # wrist, little finger, index finger
LEFT_COLOUR, RIGHT_COLOUR = (230, 159, 0), (86, 180, 233)  # Okabe and Ito's orange and sky blue
BONE = 0.0028  # a body's line in picture sides: a little thinner than a face's
DRAWN = 0.5  # least visibility of a point that is drawn

HALO = 0.55  # how dark the edge beside a light line is, which lets it be seen on any ground

# What a place costs: for the share of the label that lies on another label, for the share of another face or of its
# own face that it hides, for each text height that the picture's edge pushes it, for each shorter text or later place.
ON_LABEL, ON_FACE, ON_OWN, PUSHED, SHORTER, LATER = 12.0, 10.0, 5.0, 0.2, 0.3, 0.01


@dataclass(frozen=True, eq=False)
class Place:
    """A label at its place: whose it is, what it says, how high its letters are, and its corner."""

    face: Face
    label: labels.Label
    text_px: int
    x: int
    y: int

    @property
    def box(self) -> Box:
        """Where it lies."""
        width, height = labels.size_of(self.label, self.text_px)
        return Box(self.x, self.y, self.x + width, self.y + height)


def draw_reading(image: ImageArray, reading: Reading, *, language: str = "en") -> ImageArray:
    """Draw all bodies and faces of a Reading: a copy of the picture (H, W, 3) uint8 RGB.

    Lines and letters grow with the picture and the face; labels keep clear of each other and of the faces, and
    inside the picture, as far as there is room.
    """
    canvas = np.ascontiguousarray(image).copy()
    scale = math.sqrt(canvas.shape[0] * canvas.shape[1])
    for pose in reading.poses:
        _draw_body(canvas, pose, scale, has_face=pose_owner(pose, list(reading.faces)) is not None)
    for face in reading.faces:
        _draw_outline(canvas, face, scale)
    for place in place_labels(canvas.shape[:2], reading.faces, language=language):
        _draw_link(canvas, place, scale)
        _blend(canvas, place)
    return canvas


def outline(face: Face) -> NDArray[np.float64]:
    """The corners (4, 2) of the rectangle around a face, turned by its roll: from the mesh, else from the box."""
    centre, (width, height) = _extent(face)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width * MARGIN / 2, height * MARGIN / 2)
    angle = math.radians(face.roll_deg)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray(half @ turn + centre)


def _extent(face: Face) -> tuple[tuple[float, float], tuple[float, float]]:
    """Centre and size along the face's own axes, px."""
    if face.mesh is not None:
        turn = geometry.square_to_pixels((0.0, 0.0), 1.0, face.roll_deg, 1)
        upright = geometry.apply(turn, face.mesh[:, :2])
        low, high = upright.min(0), upright.max(0)
        x, y = geometry.apply(geometry.invert(turn), ((low + high) / 2)[None])[0]
        return (float(x), float(y)), (float(high[0] - low[0]), float(high[1] - low[1]))
    width, height, angle = face.box.width, face.box.height, math.radians(face.roll_deg)
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    straight = (width, height) if cos >= sin else (height, width)
    tall = (width + height) / ((1 + FACE_RATIO) * (cos + sin))
    blend = abs(math.sin(2 * angle))  # exact when straight; from the usual shape when turned by half a right angle
    return face.box.centre, (
        (1 - blend) * straight[0] + blend * tall * FACE_RATIO,
        (1 - blend) * straight[1] + blend * tall,
    )


def _rounded(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The closed line (N, 2) of a rectangle with round corners."""
    radius = ROUND * min(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    steps = np.linspace(0, 1, 9)[:, None]
    line = []
    for i, corner in enumerate(corners):
        before, after = corners[i - 1] - corner, corners[(i + 1) % 4] - corner
        start = corner + radius * before / max(float(np.linalg.norm(before)), 1e-9)
        end = corner + radius * after / max(float(np.linalg.norm(after)), 1e-9)
        line.append((1 - steps) ** 2 * start + 2 * steps * (1 - steps) * corner + steps**2 * end)  # Bezier
    return np.concatenate([*line, line[0][:1]])


def _dashes(line: NDArray[np.float64], length: float) -> list[NDArray[np.float64]]:
    """Every other piece of about `length` px along a line."""
    along = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    count = max(4, round(float(along) / (2 * length)))
    return np.split(_walk(line, 12 * count), 2 * count)[::2]


def _walk(line: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """`count` points (count, 2) evenly along a line."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0, along[-1], count)
    return np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])


def _draw_outline(canvas: ImageArray, face: Face, scale: float) -> None:
    width, line = _line_px(face, scale), _rounded(outline(face))
    is_sure = face.expression is None or face.expression.sure
    pieces = [line] if is_sure else _dashes(line, 5 * width + 2)
    _draw_lines(canvas, pieces, labels.colour_of(face), width)


def _line_px(face: Face, scale: float) -> int:
    return max(1, round(max(LINE * face.box.side, LEAST_LINE * scale)))


def _draw_link(canvas: ImageArray, place: Place, scale: float) -> None:
    """A short line from a label to the nearest point of its face's outline: in a crowd it says whose it is."""
    line = _walk(_rounded(outline(place.face)), LINK_STEPS)
    box = place.box
    ends = np.clip(line, (box.x1, box.y1), (box.x2, box.y2))
    nearest = int(np.argmin(np.linalg.norm(ends - line, axis=1)))
    link = np.array([line[nearest], ends[nearest]])
    _draw_lines(canvas, [link], labels.colour_of(place.face), _line_px(place.face, scale))


def bones(pose: Pose, *, has_face: bool) -> list[tuple[NDArray[np.float64], labels.Colour]]:
    """The lines (2, 2) px of a body whose ends are seen, each with its colour."""
    points, seen = pose.keypoints[:, :2].astype(np.float64), pose.keypoints[:, 3] >= DRAWN
    pairs = [(pair, LEFT_COLOUR) for pair in LEFT_BONES] + [(pair, RIGHT_COLOUR) for pair in RIGHT_BONES]
    pairs += [(pair, labels.WHITE) for pair in MIDDLE_BONES + (() if has_face else HEAD_BONES)]
    lines = [(points[list(pair)], colour) for pair, colour in pairs if seen[list(pair)].all()]
    for hand, colour in zip(HANDS, (LEFT_COLOUR, RIGHT_COLOUR), strict=True):
        if seen[list(hand)].all():
            lines.append((np.array([points[hand[0]], points[list(hand[1:])].mean(0)]), colour))
    return lines


def _draw_body(canvas: ImageArray, pose: Pose, scale: float, *, has_face: bool) -> None:
    width = max(1, round(BONE * scale))
    far = 4.0 * max(canvas.shape)  # what lies further out would not fit OpenCV's fixed-point numbers
    for line, colour in bones(pose, has_face=has_face):
        if np.isfinite(line).all() and np.abs(line).max() < far:
            _draw_lines(canvas, [line], colour, width)


def _draw_lines(canvas: ImageArray, lines: list[NDArray[np.float64]], colour: labels.Colour, width: int) -> None:
    fixed = [np.round((line - 0.5) * 2**SUBPIXEL).astype(np.int32) for line in lines]
    _darken(canvas, fixed, width + 2 * max(1, round(width * 0.4)))
    cv2.polylines(canvas, fixed, False, colour, width, cv2.LINE_AA, SUBPIXEL)


def _darken(canvas: ImageArray, lines: list[NDArray[np.int32]], width: int) -> None:
    corners = np.concatenate(lines) / 2**SUBPIXEL
    x, y = np.maximum(0, np.floor(corners.min(0)).astype(int) - width)
    right, below = np.ceil(corners.max(0)).astype(int) + width + 1
    part = canvas[y : max(y, below), x : max(x, right)]
    if part.size == 0:  # a face that lies outside the picture
        return
    mask = np.zeros(part.shape[:2], np.uint8)
    shifted = [line - np.array([x, y], np.int32) * 2**SUBPIXEL for line in lines]
    cv2.polylines(mask, shifted, False, 255, width, cv2.LINE_AA, SUBPIXEL)
    rows, columns = np.nonzero(mask)
    kept = 1 - HALO * mask[rows, columns, None].astype(np.float32) / 255
    part[rows, columns] = (part[rows, columns] * kept).astype(np.uint8)


def text_px(face: Face, shape: tuple[int, int]) -> int:
    """How high a face's letters are in a picture of `shape` (height, width)."""
    scale = math.sqrt(shape[0] * shape[1])
    low, high = max(LEGIBLE_PX, LEAST_TEXT * scale), max(LEGIBLE_PX + 2, MOST_TEXT * scale)
    return round(min(high, max(low, TEXT * face.box.side)))


def place_labels(shape: tuple[int, int], faces: tuple[Face, ...], *, language: str = "en") -> list[Place]:
    """Choose each face's text and its place in a picture of `shape` (height, width).

    Larger faces choose first; where their long texts would crowd out the others, all say less.
    """
    language = labels.language_drawn(language)
    texts = [labels.variants(face, language) for face in faces]
    best: tuple[float, list[Place]] = (math.inf, [])
    for longest in range(max(map(len, texts), default=0)):
        cost, places = _place_all(shape, faces, [text[min(longest, len(text) - 1) :] for text in texts])
        cost += SHORTER * longest * len(places)
        best = min(best, (cost, places), key=lambda choice: choice[0])
        if best[0] < SHORTER * (longest + 1) * len(places):  # saying less cannot cost less
            break
    return best[1]


def _place_all(
    shape: tuple[int, int], faces: tuple[Face, ...], texts: list[list[labels.Label]]
) -> tuple[float, list[Place]]:
    frames = [_bounds(outline(face)) for face in faces]
    total, placed = 0.0, list[Place]()
    for index in sorted(range(len(faces)), key=lambda i: -faces[i].box.side):
        others = [box for i, box in enumerate(frames) if i != index]
        crowd = _Crowd(shape, frames[index], others, [place.box for place in placed])
        choices = [crowd.best_place(faces[index], text, SHORTER * i) for i, text in enumerate(texts[index])]
        if choices:
            cost, place = min(choices, key=lambda choice: choice[0])
            total += cost
            placed.append(place)
    return total, placed


def _bounds(corners: NDArray[np.float64]) -> Box:
    (x1, y1), (x2, y2) = corners.min(0), corners.max(0)
    return Box(float(x1), float(y1), float(x2), float(y2))


class _Crowd:
    """What a face's label has to keep clear of."""

    def __init__(self, shape: tuple[int, int], own: Box, faces: list[Box], placed: list[Box]) -> None:
        self._shape, self._own = shape, own
        self._boxes = np.array([box.to_list() for box in (own, *faces, *placed)])
        area = np.prod(self._boxes[:, 2:] - self._boxes[:, :2], axis=1)
        on_faces = [ON_OWN, *[ON_FACE] * len(faces)] / np.maximum(1, area[: 1 + len(faces)])
        self._on_faces = np.concatenate([on_faces, np.zeros(len(placed))])
        self._on_labels = np.concatenate([np.zeros(1 + len(faces)), np.full(len(placed), ON_LABEL)])

    def best_place(self, face: Face, label: labels.Label, handicap: float) -> tuple[float, Place]:
        """The cheapest place for one label and its cost."""
        size = text_px(face, self._shape)
        width, height = labels.size_of(label, size)
        wanted = np.array(list(_candidates(self._own, width, height, size / 3)))
        room = np.maximum(0, [self._shape[1] - width, self._shape[0] - height])
        corners = np.round(np.clip(wanted, 0, room))
        boxes = np.concatenate([corners, corners + np.array([width, height])], axis=1)[:, None]
        sides = np.minimum(boxes[..., 2:], self._boxes[:, 2:]) - np.maximum(boxes[..., :2], self._boxes[:, :2])
        covered = np.prod(np.clip(sides, 0, None), axis=2)
        cost = covered @ (self._on_faces + self._on_labels / (width * height))
        cost += PUSHED * np.linalg.norm(corners - wanted, axis=1) / size + LATER * np.arange(len(wanted))
        cut = max(0, width / self._shape[1] - 1) + max(0, height / self._shape[0] - 1)
        best = int(np.argmin(cost))
        place = Place(face, label, size, int(corners[best, 0]), int(corners[best, 1]))
        return float(cost[best]) + handicap + ON_LABEL * cut, place


def _candidates(own: Box, width: int, height: int, gap: float) -> Iterator[tuple[float, float]]:
    """Corners of a label around a face: above, below, beside, then inside at its foot and its head."""
    middle_x, middle_y = own.centre[0] - width / 2, own.centre[1] - height / 2
    for y in (own.y1 - height - gap, own.y2 + gap):
        yield from ((middle_x, y), (own.x1, y), (own.x2 - width, y))
    for x in (own.x2 + gap, own.x1 - width - gap):
        yield from ((x, own.y1), (x, middle_y), (x, own.y2 - height))
    yield middle_x, own.y2 - height - gap
    yield middle_x, own.y1 + gap


def _blend(canvas: ImageArray, place: Place) -> None:
    drawn = labels.render(place.label, place.text_px)
    part = canvas[place.y : place.y + drawn.shape[0], place.x : place.x + drawn.shape[1]]
    pixels = drawn[: part.shape[0], : part.shape[1]].astype(np.float32)  # cut where the picture is smaller
    alpha = pixels[..., 3:] / 255
    part[:] = np.round(part * (1 - alpha) + pixels[..., :3] * alpha).astype(np.uint8)
