"""How far a face is from the camera, from lengths in it that differ little from person to person.

Three of them, between points of the mesh: from eye to eye, from cheek to cheek, from the root of the nose to its base.
Each says how far the face is; they are averaged with weights by how much each can err on this face. A length is taken
in three dimensions, by the mesh's own depth, so that a turned head does not look farther. It knows no pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.body.lens import Lens, check_fov, lens_of
from mien.types import Distance, Face, FloatArray, Frame

# Between the middles of which points of the mesh, how long in adults (men and women alike), and how much it varies.
# Eyes: 63.4 mm, sd 3.8 (Dodgson 2004). Cheeks, bizygomatic: men 143.5, sd 6.9, women 135.1, sd 6.5 (Zhuang and
# Bradtmiller 2005). Nose, nasion to subnasale: 50 mm, sd 4 (about the means of Farkas 1994 and of newer surveys).
STARTS = ((33, 133), (234, 234), (168, 168))
ENDS = ((362, 263), (454, 454), (2, 2))
SIZES_CM = np.array([6.34, 13.93, 5.0])
SPREADS = np.array([0.060, 0.057, 0.080])  # standard deviations of the logarithm
ALIKE = 0.35  # correlation between two of them: large heads are large in all; the sexes alone give 0.2 to 0.3

POINT_ERROR_PX, POINT_ERROR = 0.4, 0.004  # of a point of the mesh: in pixels, and in lengths from cheek to cheek
MESH_ERROR = 0.03  # of the mesh as a whole: it draws faces more alike than they are
DEPTH_ERROR = 0.25  # of the mesh's depth: at 45 degrees of yaw 12 % of a distance (benchmarks/distance.py)
NINE_IN_TEN = 1.645  # standard deviations to either side
LEAST_DEPTH = 0.1  # of the eyes' own: no point of a face is nearer to the camera, whatever the mesh says
FORGET_S = 3.0  # unseen for so long, a person is forgotten: the tracker has given the id up by then


def distance_of(mesh: FloatArray, lens: Lens, size: tuple[int, int]) -> Distance | None:
    """How far the middle of the eyes is from the camera; None for a mesh without extent.

    The points are lifted to three dimensions along their lines of sight, in an unknown scale; a known length gives it.

    Args:
        mesh: (468, 3) px, z in px of the face's scale.
        lens: of the camera; the middle of the picture is taken as its axis.
        size: of the picture (width, height), px.
    """
    if not np.isfinite(mesh).all():
        return None
    starts, ends = _lifted(mesh, lens.focal_px, size)
    lengths = np.linalg.norm(ends - starts, axis=1)
    if lengths.min() <= 0:
        return None
    away = float(np.linalg.norm(starts[0] + ends[0]) / 2)
    guesses = np.log(SIZES_CM * away / lengths)
    value, variance = _joined(guesses, _covariance(ends - starts, lengths))
    spread = math.sqrt(variance + MESH_ERROR**2 + lens.spread**2)
    return _within(value, spread)


def _lifted(mesh: FloatArray, focal_px: float, size: tuple[int, int]) -> tuple[NDArray[np.float64], ...]:
    """Both ends (3, 3) of the known lengths, seen from the camera; at the eyes' depth a unit is a pixel."""
    ends = np.asarray(mesh, np.float64)[np.array([STARTS, ENDS])].mean(2)  # (2, 3, 3)
    ends[..., :2] -= np.array(size) / 2
    depth = np.maximum(LEAST_DEPTH, 1 + (ends[..., 2] - ends[:, 0, 2].mean()) / focal_px)
    ends[..., 2] = focal_px
    ends *= depth[..., None]
    return ends[0], ends[1]


def _covariance(across: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) of the errors of the guesses' logarithms: what people share, what points miss, what a turn adds."""
    people = np.outer(SPREADS, SPREADS) * (ALIKE + (1 - ALIKE) * np.eye(len(SPREADS)))
    point_px = math.hypot(POINT_ERROR_PX, POINT_ERROR * lengths[1])
    points = math.sqrt(2) * point_px / lengths
    turn = DEPTH_ERROR * (across[:, 2] / lengths) ** 2  # d log L / d log z
    return np.asarray(people + np.diag(points**2 + turn**2))


def _joined(guesses: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[float, float]:
    """The best linear mean of guesses at one number, and its variance (Aitken 1935)."""
    weights = np.linalg.solve(covariance, np.ones(len(guesses)))
    return float(weights @ guesses / weights.sum()), float(1 / weights.sum())


def _within(log_value: float, spread: float) -> Distance:
    value, reach = math.exp(log_value), math.exp(NINE_IN_TEN * spread)
    return Distance(value, value / reach, value * reach)


@dataclass(frozen=True)
class _Seen:
    time_s: float
    log_cm: float


class Ruler:
    """Measures the faces of one stream, each steadied along its track.

    Args:
        fov_deg: the camera's horizontal field of view, or None where it is not known.
        smoothing_s: time constant of the smoothing, seconds; 0 switches it off.

    Raises UsageError when no lens has such a field of view.
    """

    def __init__(self, fov_deg: float | None = None, *, smoothing_s: float = 0.0) -> None:
        check_fov(fov_deg)
        self._fov_deg, self._smoothing_s = fov_deg, smoothing_s
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._seen: dict[int, _Seen] = {}

    def lens(self, frame: Frame, *, stream: bool = False) -> Lens:
        """The lens that a frame is taken to be made with."""
        return lens_of(frame, fov_deg=self._fov_deg, stream=stream)

    def measure(self, frame: Frame, faces: Sequence[Face], *, stream: bool = False) -> list[Face]:
        """The faces with their distances; one without a mesh is left as it is."""
        lens, size = self.lens(frame, stream=stream), (frame.width, frame.height)
        if stream:
            recent = {who: seen for who, seen in self._seen.items() if 0 <= frame.time_s - seen.time_s <= FORGET_S}
            self._seen = recent
        return [self._measured(face, lens, size, frame.time_s if stream else None) for face in faces]

    def _measured(self, face: Face, lens: Lens, size: tuple[int, int], time_s: float | None) -> Face:
        found = None if face.mesh is None else distance_of(face.mesh, lens, size)
        if found is not None and time_s is not None and face.track_id is not None:
            found = self._steadied(face.track_id, found, time_s)
        return replace(face, distance_cm=found)

    def _steadied(self, who: int, found: Distance, time_s: float) -> Distance:
        """An exponential average of the logarithm: a step takes `smoothing_s`, whether from 50 cm or from 5 m."""
        before, log_cm = self._seen.get(who), math.log(found.value)
        if before is not None and self._smoothing_s > 0:
            kept = math.exp(-(time_s - before.time_s) / self._smoothing_s)
            log_cm = kept * before.log_cm + (1 - kept) * log_cm
        self._seen[who] = _Seen(time_s, log_cm)
        moved = math.exp(log_cm) / found.value
        return Distance(found.value * moved, found.low * moved, found.high * moved)
