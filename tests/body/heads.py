"""A head of known size before a pinhole camera: what its mesh would be, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien import models
from mien.body.distance import ENDS, SIZES_CM, STARTS
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.types import Box, Face, FloatArray

ASTRONAUT = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
Head = NDArray[np.float64]  # (468, 3) cm, the middle of the eyes at 0; x right, y down, z away from the camera


@dataclass(frozen=True)
class View:
    """Where a head is and how it is turned; `across` and `below` px move it from the middle of the picture."""

    away_cm: float = 100.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal_px: float = 900.0
    size: tuple[int, int] = (1280, 720)
    across: float = 0.0
    below: float = 0.0


@cache
def _example() -> FloatArray:
    image = np.asarray(Image.open(ASTRONAUT).convert("RGB"))
    detector = BlazeFace(models.weights_path("face_detection_full_range"))
    mesh = FaceFinder(detector, MeshNet(models.weights_path("face_landmark"))).find(image)[0].mesh
    assert mesh is not None
    return mesh


def lengths_of(head: Head) -> NDArray[np.float64]:
    """The three known lengths of a head."""
    return np.linalg.norm(head[np.array(ENDS)].mean(1) - head[np.array(STARTS)].mean(1), axis=1)


def head_of(sizes_cm: NDArray[np.float64] = SIZES_CM) -> Head:
    """The example's mesh, its cheeks and the base of its nose moved so that the three lengths are as told."""
    mesh = _example().astype(np.float64)
    head = (mesh - mesh[[*STARTS[0], *ENDS[0]]].mean(0)) * (sizes_cm[0] / lengths_of(mesh)[0])
    for start, end, size in zip(STARTS[1:], ENDS[1:], sizes_cm[1:], strict=True):
        across = head[end[0]] - head[start[0]]
        head[end[0]] += across * (size / np.linalg.norm(across) - 1)
    return head


def turned(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """The rotation (3, 3) that nods, then turns, then tilts."""
    (a, b, c), (d, e, f) = np.cos(np.radians([yaw, pitch, roll])), np.sin(np.radians([yaw, pitch, roll]))
    nod = np.array([[1, 0, 0], [0, b, -e], [0, e, b]])
    turn = np.array([[a, 0, d], [0, 1, 0], [-d, 0, a]])
    return np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]]) @ turn @ nod


def seen(head: Head, view: View) -> FloatArray:
    """The mesh of a head as a pinhole camera sees it, z in px at the eyes' depth."""
    ray = np.array([view.across, view.below, view.focal_px])
    middle = ray * view.away_cm / np.linalg.norm(ray)
    points = head @ turned(view.yaw, view.pitch, view.roll).T + middle
    flat = points[:, :2] / points[:, 2:] * view.focal_px + np.array(view.size) / 2
    depth = (points[:, 2] - middle[2]) * view.focal_px / middle[2]
    return np.column_stack([flat, depth]).astype(np.float32)


def face_of(mesh: FloatArray, *, track_id: int | None = None) -> Face:
    """A face with this mesh."""
    (x1, y1), (x2, y2) = mesh[:, :2].min(0).tolist(), mesh[:, :2].max(0).tolist()
    return Face(Box(x1, y1, x2, y2), 0.9, np.zeros((6, 2), np.float32), mesh=mesh, track_id=track_id)
