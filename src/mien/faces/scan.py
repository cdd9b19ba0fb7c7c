"""Where the detector looks in a stream, one view a frame: near a face, or at the next part of the picture."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Protocol

from mien.faces.detect import SECOND_SIDES, Detector, Hit, View
from mien.faces.mesh import Mesh
from mien.types import Face, ImageArray


class Finder(Protocol):
    """What the tracker asks of a `FaceFinder`."""

    @property
    def detector(self) -> Detector:
        """Looks at one view."""
        ...

    def views(self, width: int, height: int) -> list[View]:
        """All looks at a picture, those at the whole of it first."""
        ...

    def find(self, image: ImageArray, views: Sequence[View] | None = None) -> list[Face]:
        """The faces in these views."""
        ...

    def check(self, image: ImageArray, hit: Hit) -> Face | None:
        """The face at a hit, or None."""
        ...

    def refit(self, image: ImageArray, mesh: Mesh) -> Mesh:
        """The mesh, fitted again around its own points."""
        ...


def whole(views: Sequence[View]) -> list[View]:
    """Those of all views that hold the whole picture; they come first, the upright one before the turned."""
    return [view for view in views if view.side == views[0].side]


def in_turn(views: Sequence[View]) -> Iterator[View]:
    """All views without end.

    Every second look is at the whole picture (every fourth, upright), for who comes near; the others go to the
    tiles in turn, as often to upright ones as to turned ones, for faces far away.
    """
    near = whole(views)
    upright = [view for view in views[len(near) :] if view.roll_deg == 0]
    turned = [view for view in views[len(near) :] if view.roll_deg != 0]
    first = itertools.cycle([view for other in near[1:] or near for view in (near[0], other)])
    tiles = [itertools.cycle(part) for part in (upright, turned) if part]
    turns = itertools.cycle([cycle for tile in tiles for cycle in (first, tile)] or [first])
    return (next(turn) for turn in turns)


def around(centre: tuple[float, float], face: Face) -> View:
    """The view in which a face of this size and roll is looked for."""
    return View(centre, SECOND_SIDES * face.box.side, face.roll_deg)
