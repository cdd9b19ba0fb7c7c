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
from mien.types import Box, Face, ImageArray, Reading

LINE = 0.012  # an outline's width in face sides
MARGIN = 1.12  # the outline's size against the face's: it frames, it does not cut
FACE_RATIO = 0.85  # width to height of a mesh's box, where there is only a turned face's upright box
ROUND = 0.22  # the radius of its corners in sides
TEXT = 0.1  # letters in face sides, within:
LEAST_TEXT, MOST_TEXT = 0.021, 0.038  # letters in picture sides (the root of its area)
LEGIBLE_PX = 12  # no letters are smaller
DARK = (16, 18, 22)  # around the light lines, to be seen on any ground
SUBPIXEL = 4  # bits after the point in OpenCV's coordinates

# What a place costs: per share of the label that lies on another label, another face, its own face; per text
# height that it was pushed by the picture's edge; and for each step to a shorter text or a later place.
ON_LABEL, ON_FACE, ON_OWN, PUSHED, SHORTER, LATER = 12.0, 3.0, 1.6, 0.25, 0.3, 0.01


@dataclass(frozen=True)
class Place:
    """A label at its place: pixels (h, w, 4) RGBA and the corner."""

    pixels: ImageArray
    x: int
    y: int

    @property
    def box(self) -> Box:
        """Where it lies."""
        return Box(self.x, self.y, self.x + self.pixels.shape[1], self.y + self.pixels.shape[0])


def draw_reading(image: ImageArray, reading: Reading, *, language: str = "en") -> ImageArray:
    """Draw all faces of a Reading: a copy of the picture (H, W, 3) uint8 RGB.

    Lines and letters grow with the picture and the face; labels keep clear of each other and of the faces, and
    inside the picture, as far as there is room.
    """
    canvas = np.ascontiguousarray(image).copy()
    scale = math.sqrt(canvas.shape[0] * canvas.shape[1])
    outlines = [outline(face) for face in reading.faces]
    for face, points in zip(reading.faces, outlines, strict=True):
        _draw_outline(canvas, face, points, scale)
    for place in place_labels(canvas.shape[:2], reading.faces, language=language):
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


def _dashes(line: NDArray[np.float64], length: float) -> Iterator[NDArray[np.float64]]:
    """Every other piece of `length` px along a line."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = max(4, round(float(along[-1]) / (2 * length)))
    step = float(along[-1]) / (2 * count)
    for i in range(count):
        at = np.linspace(2 * i * step, (2 * i + 1) * step, 6)
        yield np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])


def _draw_outline(canvas: ImageArray, face: Face, corners: NDArray[np.float64], scale: float) -> None:
    width = max(1, round(max(LINE * face.box.side, 0.0022 * scale)))
    line = _rounded(corners)
    is_sure = face.expression is None or face.expression.sure
    pieces = [line] if is_sure else list(_dashes(line, 5 * width + 2))
    fixed = [np.round((piece - 0.5) * 2**SUBPIXEL).astype(np.int32) for piece in pieces]
    halo = width + 2 * max(1, round(width * 0.4))
    for colour, thickness in ((DARK, halo), (labels.colour_of(face), width)):
        cv2.polylines(canvas, fixed, False, colour, thickness, cv2.LINE_AA, SUBPIXEL)


def text_px(face: Face, shape: tuple[int, int]) -> int:
    """How high a face's letters are in a picture of `shape` (height, width)."""
    scale = math.sqrt(shape[0] * shape[1])
    low, high = max(LEGIBLE_PX, LEAST_TEXT * scale), max(LEGIBLE_PX + 2, MOST_TEXT * scale)
    return round(min(high, max(low, TEXT * face.box.side)))


def place_labels(shape: tuple[int, int], faces: tuple[Face, ...], *, language: str = "en") -> list[Place]:
    """Choose each face's text and its place in a picture of `shape` (height, width), larger faces first."""
    frames = [_bounds(outline(face)) for face in faces]
    placed: list[Place] = []
    for index in sorted(range(len(faces)), key=lambda i: -faces[i].box.side):
        others = [box for i, box in enumerate(frames) if i != index]
        best = _best_place(faces[index], frames[index], (others, placed), shape, language)
        placed += [] if best is None else [best]
    return placed


def _bounds(corners: NDArray[np.float64]) -> Box:
    (x1, y1), (x2, y2) = corners.min(0), corners.max(0)
    return Box(float(x1), float(y1), float(x2), float(y2))


def _best_place(
    face: Face, own: Box, taken: tuple[list[Box], list[Place]], shape: tuple[int, int], language: str
) -> Place | None:
    best, best_cost, size = None, math.inf, text_px(face, shape)
    for shorter, label in enumerate(labels.variants(face, language)):
        pixels = labels.render(label, size)
        height, width = pixels.shape[:2]
        for later, (x, y) in enumerate(_candidates(own, width, height, size / 3)):
            place = Place(pixels, _within(x, width, shape[1]), _within(y, height, shape[0]))
            cost = SHORTER * shorter + LATER * later + PUSHED * math.hypot(place.x - x, place.y - y) / size
            cost += ON_OWN * _covered(place.box, own)
            cost += ON_FACE * sum(_covered(place.box, box) for box in taken[0])
            cost += ON_LABEL * sum(_covered(place.box, other.box) for other in taken[1])
            outside = max(0, width - shape[1]) / width + max(0, height - shape[0]) / height
            if cost + ON_LABEL * outside < best_cost:
                best, best_cost = place, cost + ON_LABEL * outside
    return best


def _candidates(own: Box, width: int, height: int, gap: float) -> Iterator[tuple[float, float]]:
    """Corners of a label around a face: above, below, beside, then inside at its foot and its head."""
    middle_x, middle_y = own.centre[0] - width / 2, own.centre[1] - height / 2
    for y in (own.y1 - height - gap, own.y2 + gap):
        yield from ((middle_x, y), (own.x1, y), (own.x2 - width, y))
    for x in (own.x2 + gap, own.x1 - width - gap):
        yield from ((x, own.y1), (x, middle_y), (x, own.y2 - height))
    yield middle_x, own.y2 - height - gap
    yield middle_x, own.y1 + gap


def _within(start: float, length: int, room: int) -> int:
    return round(max(0, min(start, room - length)))


def _covered(box: Box, other: Box) -> float:
    """The share of `box` that lies on `other`."""
    width = min(box.x2, other.x2) - max(box.x1, other.x1)
    height = min(box.y2, other.y2) - max(box.y1, other.y1)
    return max(0.0, width) * max(0.0, height) / max(1.0, box.width * box.height)


def _blend(canvas: ImageArray, place: Place) -> None:
    part = canvas[place.y : place.y + place.pixels.shape[0], place.x : place.x + place.pixels.shape[1]]
    pixels = place.pixels[: part.shape[0], : part.shape[1]].astype(np.float32)  # cut where the picture is smaller
    alpha = pixels[..., 3:] / 255
    part[:] = np.round(part * (1 - alpha) + pixels[..., :3] * alpha).astype(np.uint8)
