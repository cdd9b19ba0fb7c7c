"""Finds the faces of one picture: BlazeFace in turned squares, a second look at every hit, a check by the mesh.

A square of the picture, turned, is a `View`; what the detector sees in one is a `Hit`, which only `FaceFinder`
makes a `Face`. Who is who from frame to frame is not known here: `track.py` does that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
FIRST_LOOK = 0.3  # least score of a hit: low, since small faces score low ...
SECOND_LOOK = 0.4  # ... and the second look decides, with the mesh (`benchmarks/detection.py` measures both)
REFITS = 2  # on no face the mesh drifts off as it is fitted again: a disc with letters said .99, .95, .88
SECOND_SIDES = 2.5  # sides of the box that the second look takes in
SAME_HIT = 0.3  # intersection over union above which hits are one face (BlazeFace's own blending)
SAME_PLACE = 0.5  # of the larger face's side: two boxes whose middles lie nearer are around one face
TURNS = (0.0, 90.0, 180.0, 270.0)  # BlazeFace sees a face up to about 60 degrees of roll, so four looks see all ...
BETWEEN = (45.0, 135.0, 225.0, 315.0)  # ... and the whole picture gets eight: profiles and hats need to be upright
SAME_SIZE = 2.0  # a second look corrects the size of a hit by at most this factor
TRIES = 5  # hits of one place and size that are checked before the place is given up
MOST_FAILURES = 100  # hits of one picture that are checked in vain before it is given up: bounds the time

# Tiles of a third of the shorter side hold a face of 5 % of it (24 px of 480) at 29 px of the detector's 192, where
# it finds 9 of 10; with tiles of a half it found 8 of 10.
TILE = 1 / 3
TILE_STEP = 0.8  # of a tile's side from one to the next
LEAST_TILE_PX = 160  # smaller tiles would find faces too small to be read
LARGE_TILE_PX = 640  # larger tiles (pictures of more than 1920 px) are followed by tiles of half their side


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

    whole_turns: tuple[float, ...]  # the rolls at which the whole picture is looked at
    tile_turns: tuple[float, ...]  # and those for each tile; none for a detector that sees small faces anyway
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

    whole_turns: tuple[float, ...] = TURNS + BETWEEN
    tile_turns: tuple[float, ...] = TURNS
    is_final = False

    def __init__(self, path: Path, *, threads: int = 1, threshold: float = FIRST_LOOK) -> None:
        self._net = LiteNet(path, threads=threads)
        self._least_logit = math.log(threshold / (1 - threshold))

    def look(self, image: ImageArray, view: View) -> list[Hit]:
        """The faces in one view of an RGB picture, best first."""
        crop, matrix = images.draw_square(image, view.centre, view.side, view.roll_deg, SIZE)
        outputs = self._net(crop[None], scale=1 / 127.5, shift=-1)
        raw = next(output for output in outputs if output.shape[-1] == 16)[0]
        logits = next(output for output in outputs if output.shape[-1] == 1).ravel()
        seen = np.flatnonzero(logits > self._least_logit)
        seen = seen[raw[seen, 2:4].max(1) > 1]  # no box is thinner than a pixel
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
        self.detector, self.mesh_net, self.tiles = detector, mesh_net, tiles

    def views(self, width: int, height: int) -> list[View]:
        """All looks at a picture of this size: first the whole of it at each turn, then the tiles, turn by turn."""
        whole = [View((width / 2, height / 2), float(max(width, height)), turn) for turn in self.detector.whole_turns]
        if not self.tiles:
            return whole
        tiles = tile_squares(width, height)
        return whole + [View(centre, side, turn) for centre, side in tiles for turn in self.detector.tile_turns]

    def find(self, image: ImageArray, views: Sequence[View] | None = None) -> list[Face]:
        """The faces of an RGB picture, from left to right; `views` narrows where they are looked for.

        Hits are checked best first; one where a face of about its size is known is no news.
        """
        if views is None:
            views = self.views(image.shape[1], image.shape[0])
        hits = [hit for view in views for hit in self.detector.look(image, view)]
        faces: list[Face] = []
        failures: list[Box] = []
        for hit in sorted(hits, key=lambda hit: -hit.score):
            if any(is_same(hit.box, face.box) and hit.box.side < SAME_SIZE * face.box.side for face in faces):
                continue
            if sum(_is_again(hit.box, box) for box in failures) >= TRIES:
                continue
            face = self.check(image, hit)
            if face is not None:
                faces.append(face)
            else:
                failures.append(hit.box)
                if len(failures) >= MOST_FAILURES:
                    break
        return sorted(_distinct(faces), key=lambda face: face.box.centre[0])

    def check(self, image: ImageArray, hit: Hit) -> Face | None:
        """Look at a hit again, nearer and upright, and fit the mesh: the face, or None if it is none.

        A final hit (Haar's) is a face in any case: with a mesh where one is found, else with the hit's own
        keypoints and no mesh.
        """
        if self.detector.is_final:
            mesh = self._mesh_of(image, hit)
            return face_of(mesh, hit.score) if mesh else Face(hit.box, hit.score, hit.keypoints, hit.roll_deg)
        near = self._look_again(image, hit)
        if near is not None and near.score < SECOND_LOOK:  # the first look's place and roll were rough: once more
            near = self._look_again(image, near)
        if near is None or near.score < SECOND_LOOK:
            return None
        mesh = self._mesh_of(image, near)
        return face_of(mesh, near.score) if mesh else None

    def _look_again(self, image: ImageArray, hit: Hit) -> Hit | None:
        """The best of what the detector sees of a hit when it looks nearer and upright."""
        view = View(hit.box.centre, SECOND_SIDES * hit.box.side, hit.roll_deg)
        return next((again for again in self.detector.look(image, view) if _is_again(again.box, hit.box)), None)

    def _mesh_of(self, image: ImageArray, hit: Hit) -> meshes.Mesh | None:
        """The mesh of a hit, fitted again to its own square REFITS times, if a face is present every time."""
        mesh = self.mesh_net(image, hit.box.centre, meshes.CROP_SCALE * hit.box.side, hit.roll_deg)
        for _ in range(REFITS):
            if mesh.presence <= meshes.PRESENCE:
                return None
            mesh = self.refit(image, mesh)
        return mesh if mesh.presence > meshes.PRESENCE else None

    def refit(self, image: ImageArray, mesh: meshes.Mesh) -> meshes.Mesh:
        """Fit the mesh once more, to the square around its own points, upright."""
        roll = meshes.roll_of(mesh.points)
        centre, side = meshes.square_around(mesh.points, roll)
        return self.mesh_net(image, centre, meshes.CROP_SCALE * side, roll)


def tile_squares(width: int, height: int) -> list[tuple[tuple[float, float], float]]:
    """The tiles in which small faces are looked for, in rows, the larger first: (middle, side).

    None for a picture so small that a look at the whole of it sees every face that can be read.
    """
    side = max(min(width, height) * TILE, LEAST_TILE_PX)
    if max(width, height) < 2 * LEAST_TILE_PX:
        return []
    sides = [side] if side <= LARGE_TILE_PX else [side, side / 2]
    return [((x, y), one) for one in sides for y in _middles(height, one) for x in _middles(width, one)]


def _middles(length: float, side: float) -> list[float]:
    """Middles of tiles of `side` that cover `length`, evenly spread."""
    if length <= side:
        return [length / 2]
    count = 1 + math.ceil((length - side) / (side * TILE_STEP))
    return [float(middle) for middle in np.linspace(side / 2, length - side / 2, count)]


def _is_again(box: Box, first: Box) -> bool:
    """Whether a second look has found what the first did: in its place, and no part of it (an eye is no face)."""
    return is_same(box, first) and 1 / SAME_SIZE < box.side / first.side < SAME_SIZE


def _distinct(faces: Sequence[Face]) -> list[Face]:
    """One face a place, the largest: an eye can look like a small face to detector and mesh alike."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.box.side):
        if not any(is_same(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


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
