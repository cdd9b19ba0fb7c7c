"""Finds the faces of one picture: BlazeFace in turned squares, a second look at every hit, a check by the mesh.

A square of the picture, turned, is a `View`; what the detector sees in one is a `Hit`, which only `FaceFinder`
makes a `Face`. Who is who from frame to frame is not known here: `track.py` does that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien import geometry, images
from mien.faces import mesh as meshes
from mien.runtime import LiteNet
from mien.types import Box, Face, FloatArray, ImageArray

SIZE = 192  # side of BlazeFace's input, px
GRID = 48  # anchors across: one in each cell of 4 px
THRESHOLD = 0.5  # of a hit's score: facts of the measured table, 98 % of upright faces, none on 165 empty pictures
SAME_HIT = 0.3  # intersection over union above which hits are one face (BlazeFace's own blending)
TURNS = (0.0, 90.0, 180.0, 270.0)  # BlazeFace sees a face up to about 60 degrees of roll, so four looks see all
SECOND_LOOK = 2.5  # sides of the box that the second look takes in
SAME_PLACE = 0.5  # of the larger face's side: two meshes whose middles lie nearer are one face
TRIES = 3  # hits of one place that are checked before the place is given up


@dataclass(frozen=True)
class View:
    """A turned square of the picture, which one run of the detector sees: middle and side in px, degrees clockwise."""

    centre: tuple[float, float]
    side: float
    roll_deg: float = 0.0


@dataclass(frozen=True, eq=False)
class Hit:
    """What a detector takes for a face: an upright box in px, `keypoints` (6, 2) px, the roll of its eyes."""

    box: Box
    score: float
    keypoints: FloatArray
    roll_deg: float


class Detector(Protocol):
    """What `FaceFinder` asks of a detector."""

    turns: tuple[float, ...]  # the rolls at which it must look to see faces of any roll
    tiled: bool  # whether it needs tiles to see small faces
    is_final: bool  # whether its hits stand without a second look and a mesh

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        """The faces in one view of an RGB picture, best first."""
        ...


class BlazeFace:
    """MediaPipe's BlazeFace, full range (Bazarevsky et al. 2019).

    Args:
        path: face_detection_full_range.tflite.
        threads: threads of the interpreter.
        threshold: least score of a hit, 0..1.
    """

    turns = TURNS
    tiled = True
    is_final = False

    def __init__(self, path: Path, *, threads: int = 1, threshold: float = THRESHOLD) -> None:
        self._net = LiteNet(path, threads=threads)
        self._least_logit = math.log(threshold / (1 - threshold))

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        """The faces in one view of an RGB picture, best first."""
        matrix = geometry.square_to_pixels(view.centre, view.side, view.roll_deg, SIZE)
        crop = images.warp(image, matrix, SIZE)
        outputs = self._net(crop[None].astype(np.float32) / 127.5 - 1)
        raw = next(output for output in outputs if output.shape[-1] == 16)[0]
        logits = next(output for output in outputs if output.shape[-1] == 1).ravel()
        seen = np.flatnonzero(logits > self._least_logit)
        scores = 1 / (1 + np.exp(-logits[seen].astype(np.float64)))
        rows = geometry.weighted_suppress(decode(raw, seen), scores, SAME_HIT) if seen.size else []
        back = geometry.invert(matrix)
        return [_hit(row, score, back) for row, score in rows]


def decode(raw: FloatArray, seen: NDArray[np.intp]) -> NDArray[np.float64]:
    """BlazeFace's rows as points of its input.

    Args:
        raw: (2304, 16) box middle, box size, six keypoints, in px relative to the anchor.
        seen: which anchors.

    Returns:
        (len(seen), 16): x1, y1, x2, y2 and six keypoints x, y, in px of the 192 px input.
    """
    cells = np.column_stack([seen % GRID, seen // GRID])
    anchors = (cells + 0.5) * (SIZE / GRID)
    rows = raw[seen].astype(np.float64)
    centres, halves = rows[:, :2] + anchors, rows[:, 2:4] / 2
    points = rows[:, 4:].reshape(-1, 6, 2) + anchors[:, None]
    return np.column_stack([centres - halves, centres + halves, points.reshape(-1, 12)])


def _hit(row: NDArray[np.float64], score: float, back: geometry.Matrix) -> Hit:
    """A decoded row, brought back to the picture; the box stays a square of its size there."""
    (x, y), *points = geometry.apply(back, np.vstack([[(row[:2] + row[2:4]) / 2], row[4:].reshape(6, 2)]))
    half = float((row[2:4] - row[:2]).max()) * geometry.scale_of(back) / 2
    box = Box(float(x) - half, float(y) - half, float(x) + half, float(y) + half)
    return Hit(box, score, np.asarray(points, np.float32), geometry.angle_deg(points[0], points[1]))


class FaceFinder:
    """Finds all faces of a picture and checks each.

    Args:
        detector: looks at squares of the picture.
        mesh_net: fits the mesh, and says whether a face is there.
        tiles: whether small faces are looked for too, in overlapping tiles of the picture.
    """

    def __init__(self, detector: Detector, mesh_net: meshes.MeshNet, *, tiles: bool = True) -> None:
        self.detector, self.mesh_net = detector, mesh_net
        self.tiles = tiles and detector.tiled

    def views(self, width: int, height: int) -> list[View]:
        """All looks at a picture of this size: first the whole of it at each turn, then the tiles, turn by turn."""
        squares = [((width / 2, height / 2), float(max(width, height)))]
        if self.tiles:
            squares += tile_squares(width, height)
        return [View(centre, side, turn) for centre, side in squares for turn in self.detector.turns]

    def find(self, image: ImageArray, views: Sequence[View] | None = None) -> list[Face]:
        """The faces of an RGB picture, from left to right; `views` narrows where they are looked for."""
        if views is None:
            views = self.views(image.shape[1], image.shape[0])
        hits = [hit for view in views for hit in self.detector.look(image, view)]
        faces: list[Face] = []
        given_up: list[Hit] = []
        for hit in sorted(hits, key=lambda hit: -hit.score):
            if any(is_same(hit.box, face.box) for face in faces):
                continue
            if sum(is_same(hit.box, other.box) for other in given_up) >= TRIES:
                continue
            face = self.check(image, hit)
            if face is None:
                given_up.append(hit)
            elif not any(is_same(face.box, other.box) for other in faces):
                faces.append(face)
        return sorted(faces, key=lambda face: face.box.centre[0])

    def check(self, image: ImageArray, hit: Hit) -> Face | None:
        """Look at a hit again, nearer and upright, and fit the mesh, twice: the face, or None if it is none.

        A final hit (Haar's) is a face in any case: with a mesh where one is found, else with the hit's own
        keypoints and no mesh.
        """
        if self.detector.is_final:
            mesh = self._mesh_of(image, hit)
            return face_of(mesh, hit.score) if mesh else Face(hit.box, hit.score, hit.keypoints, hit.roll_deg)
        view = View(hit.box.centre, SECOND_LOOK * hit.box.side, hit.roll_deg)
        near = [again for again in self.detector.look(image, view) if is_same(again.box, hit.box)]
        if not near:
            return None
        mesh = self._mesh_of(image, near[0])
        return face_of(mesh, near[0].score) if mesh else None

    def _mesh_of(self, image: ImageArray, hit: Hit) -> meshes.Mesh | None:
        """The mesh of a hit, fitted twice, if a face is present both times."""
        mesh = self.mesh_net(image, hit.box.centre, meshes.CROP_SCALE * hit.box.side, hit.roll_deg)
        if mesh.presence <= meshes.PRESENCE:
            return None
        mesh = self.refit(image, mesh)
        return mesh if mesh.presence > meshes.PRESENCE else None

    def refit(self, image: ImageArray, mesh: meshes.Mesh) -> meshes.Mesh:
        """Fit the mesh once more, to the square around its own points, upright."""
        roll = meshes.roll_of(mesh.points)
        centre, side = meshes.square_around(mesh.points, roll)
        return self.mesh_net(image, centre, meshes.CROP_SCALE * side, roll)


def tile_squares(width: int, height: int) -> Iterator[tuple[tuple[float, float], float]]:
    """Overlapping squares of half the height (of the shorter side), in rows: (middle, side)."""
    side = min(width, height) / 2
    for y in _middles(height, side):
        for x in _middles(width, side):
            yield (x, y), side


def _middles(length: float, side: float) -> list[float]:
    """Middles of tiles of `side` that cover `length`, neighbours sharing at least a third."""
    count = 1 + math.ceil((length - side) / (side * 2 / 3))
    return [float(v) for v in np.linspace(side / 2, length - side / 2, count)] if count > 1 else [length / 2]


def is_same(a: Box, b: Box) -> bool:
    """Whether two boxes are around one face: their middles are near, for their size."""
    (ax, ay), (bx, by) = a.centre, b.centre
    return math.hypot(ax - bx, ay - by) < SAME_PLACE * max(a.side, b.side)


def face_of(mesh: meshes.Mesh, score: float) -> Face:
    """A face from its mesh; its score is the detector's times the mesh's presence."""
    yaw, pitch = meshes.yaw_pitch_of(mesh.points)
    return Face(
        box=meshes.box_of(mesh.points),
        score=score * mesh.presence,
        keypoints=meshes.keypoints(mesh.points),
        roll_deg=meshes.roll_of(mesh.points),
        yaw_deg=yaw,
        pitch_deg=pitch,
        mesh=mesh.points,
    )
