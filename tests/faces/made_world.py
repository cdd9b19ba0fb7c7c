"""A made world to follow people in: they are squares of a colour and a coarse pattern; a fake finder knows where."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mien.faces.detect import Hit, View, face_of
from mien.faces.mesh import Mesh
from mien.faces.track import Tracker
from mien.types import Box, Face, Frame, ImageArray

FPS = 30.0
Place = tuple[float, float, float]  # middle x, y and side, px


def _unit_mesh() -> np.ndarray:
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (468, 3))
    points[[10, 152, 234, 454], :2] = [(0, -0.5), (0, 0.5), (-0.5, 0), (0.5, 0)]
    points[[33, 133, 362, 263], :2] = [(-0.25, -0.12), (-0.1, -0.12), (0.1, -0.12), (0.25, -0.12)]
    points[[1, 61, 291], :2] = [(0, 0.1), (-0.12, 0.25), (0.12, 0.25)]
    points[:, 2] = 0
    return points


UNIT = _unit_mesh()


@dataclass(frozen=True)
class Dummy:
    """Someone: a seed for their colours and pattern, and where they are at a time (None: not to be seen)."""

    seed: int
    path: Callable[[float], Place | None]


def still(x: float, y: float = 120, side: float = 60) -> Callable[[float], Place | None]:
    return lambda t: (x, y, side)


def during(start: float, end: float, path: Callable[[float], Place | None]) -> Callable[[float], Place | None]:
    return lambda t: path(t) if start <= t < end else None


class World:
    """Draws dummies, and finds them as a `FaceFinder` would; counts what it is asked."""

    def __init__(self, *dummies: Dummy, size: tuple[int, int] = (480, 270)) -> None:
        self.dummies, self.size, self.time_s = list(dummies), size, 0.0
        self.looks = self.refits = self.checks = 0
        self.detector = self

    whole_turns = (0.0, 90.0, 180.0, 270.0)
    tile_turns = (0.0,)
    is_final = False

    def frame(self, index: int, fps: float = FPS) -> Frame:
        self.time_s = index / fps
        width, height = self.size
        image = np.full((height, width, 3), 130, np.uint8)
        for dummy in self.dummies:
            if place := dummy.path(self.time_s):
                self._draw(image, dummy.seed, place)
        return Frame(image, index, self.time_s)

    @staticmethod
    def _draw(image: ImageArray, seed: int, place: Place) -> None:
        random = np.random.default_rng(seed)
        pattern = random.uniform(0, 255, (7, 5, 1)) * 0.5 + random.uniform(0, 255, 3) * 0.5
        x, y, side = place
        tall = [round(v) for v in (y - 0.9 * side, y + 1.2 * side)]
        wide = [round(v) for v in (x - 0.7 * side, x + 0.7 * side)]
        picture = Image.fromarray(pattern.astype(np.uint8)).resize((wide[1] - wide[0], tall[1] - tall[0]), 0)
        canvas = Image.fromarray(image)
        canvas.paste(picture, (wide[0], tall[0]))
        image[:] = np.asarray(canvas)

    def _places(self) -> list[Place]:
        """Those in sight: a later dummy hides who is nearer than 0.8 sides."""
        places = [place for dummy in self.dummies if (place := dummy.path(self.time_s))]
        return [
            place
            for at, place in enumerate(places)
            if all(math.dist(place[:2], front[:2]) > 0.8 * front[2] for front in places[at + 1 :])
        ]

    def _nearest(self, middle: tuple[float, float], reach: float) -> Place | None:
        near = [place for place in self._places() if math.dist(place[:2], middle) < reach * place[2]]
        return min(near, key=lambda place: math.dist(place[:2], middle), default=None)

    @staticmethod
    def _mesh(place: Place) -> Mesh:
        x, y, side = place
        return Mesh((UNIT * side + [x, y, 0]).astype(np.float32), 1.0)

    def views(self, width: int, height: int) -> list[View]:
        whole = [View((width / 2, height / 2), float(width), turn) for turn in self.whole_turns]
        return whole + [View((width * at / 4, height / 2), height / 2, 0.0) for at in (1, 2, 3)]

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        self.looks += 1
        if view.roll_deg % 360:
            return []
        half = view.side / 2
        seen = [p for p in self._places() if max(abs(p[0] - view.centre[0]), abs(p[1] - view.centre[1])) < half]
        return [
            Hit(Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), 0.9, np.zeros((6, 2), np.float32), 0.0)
            for x, y, side in seen
        ]

    def check(self, image: ImageArray, hit: Hit) -> Face | None:
        self.checks += 1
        place = self._nearest(hit.box.centre, 0.5)
        return face_of(self._mesh(place), hit.score) if place else None

    def find(self, image: ImageArray, views: Sequence[View] | None = None) -> list[Face]:
        hits = [hit for view in views or self.views(*self.size) for hit in self.look(image, view)]
        faces = [face for hit in hits if (face := self.check(image, hit))]
        return list({face.box: face for face in faces}.values())

    def refit(self, image: ImageArray, mesh: Mesh) -> Mesh:
        self.refits += 1
        low, high = mesh.points[:, :2].min(0), mesh.points[:, :2].max(0)
        middle = (low + high) / 2
        place = self._nearest((float(middle[0]), float(middle[1])), 0.6)
        return self._mesh(place) if place else Mesh(mesh.points, 0.0)


def ids_of(tracker: Tracker, world: World, frames: range, fps: float = FPS) -> list[list[int | None]]:
    return [[face.track_id for face in tracker.update(world.frame(index, fps))] for index in frames]
