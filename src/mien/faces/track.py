"""Who is who from frame to frame: follows every face by its mesh, finds lost and new ones, keeps their ids.

A frame costs one run of the mesh for each face and one look of the detector, whatever the picture: that look
goes in turn to places where a face was lost and to the views of the background scan; only what it newly finds
costs a check more. An id belongs to a person while they are in sight and for `LOST_S` after; someone who comes
back later is new. What people look like (`appearance.py`) stays inside and is forgotten with the track.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mien.faces import scan
from mien.faces.appearance import Appearance, appearance_of, difference
from mien.faces.detect import View, face_of, is_same
from mien.faces.mesh import PRESENCE, Mesh
from mien.types import Box, Face, Frame, ImageArray

PRESENT = 0.5  # least presence of a mesh that follows: at this, 315 of 315 frames of five clips were kept
LOST_S = 1.5  # how long a lost face is remembered: a second of occlusion, and the time it takes to find it again
SAME_PERSON = 1.2  # difference below which two looks are one person's (1: small changes of one photo; 2: two people)
NEW_LOOK = 0.35  # a look that differs by more from all remembered is worth remembering
LOOKS = 6  # remembered of a person, with the newest beside them
REMEMBER_S = 0.3  # between two looks that are remembered: a hand that slides over a face leaves few
ODD_S = 0.5  # a face that comes to look like another's for so long is another's
TRIAL_S = 0.35  # a newcomer where somebody was lost is named after so long: half covered, the lost one looks new
YOUNG_S = 0.3  # a track so young that meets an older one was never another face
MET = 0.35  # of the larger side: two meshes so near are on one face
CROWDED = 1.0  # of the larger side: so near, one face may cover the other
COAST_S = 0.7  # a lost face is thought to move on for so long
PACE_S = 0.15  # time constant of a face's velocity
CHECKS = 3  # new hits of one look that are checked
MOST_LOST = 16  # remembered at once: keeps memory flat where the clock stands still
LEAST_SIDE_PX = 6.0  # a mesh smaller than this follows nothing
REACH = (1.0, 3.0)  # sides from where it is expected that a lost face may reappear: at once, and more per second
SIZES = 1.7  # by which a lost face may have grown or shrunk

Point = NDArray[np.float64]


@dataclass(eq=False)
class _Track:
    """One person in sight or just lost. `track_id` is None while a new face is on trial."""

    face: Face
    born_s: float
    seen_s: float
    looks: list[Appearance] = field(default_factory=list)  # the newest last
    last_look: Appearance | None = None  # also a look that is odd
    track_id: int | None = None
    velocity: Point = field(default_factory=lambda: np.zeros(2))  # px/s
    clear: tuple[float, Point, Point] | None = None  # time, middle, velocity when nobody was near
    odd_since_s: float | None = None
    remembered_s: float = -math.inf
    searched: int = 0  # frame of the last look for it

    @property
    def middle(self) -> Point:
        return np.asarray(self.face.box.centre)

    @property
    def is_doubtful(self) -> bool:
        return self.face.mesh is not None and self.face.score < PRESENCE

    def unlike(self, look: Appearance) -> float:
        """How much a look differs from the most similar one remembered."""
        return min(difference(look, other) for other in self.looks)

    def expected(self, time_s: float) -> Point:
        """Where a lost face should be now, had it gone on as when it was last seen clearly."""
        at, middle, velocity = self.clear or (self.seen_s, self.middle, self.velocity)
        if self.seen_s - at > COAST_S:
            at, middle, velocity = self.seen_s, self.middle, self.velocity
        return middle + velocity * min(max(time_s - at, 0.0), COAST_S)

    def follow(self, face: Face, time_s: float) -> None:
        """Take the face's place in a new frame."""
        step = time_s - self.seen_s
        if step > 0:
            share = 1 - math.exp(-step / PACE_S)
            pace = (np.asarray(face.box.centre) - self.middle) / step
            self.velocity = self.velocity + share * (pace - self.velocity)
        self.face, self.seen_s = face, time_s

    def remember(self, look: Appearance, time_s: float) -> None:
        """Keep the newest look, and older ones where they show something else."""
        if time_s - self.remembered_s < REMEMBER_S:
            return
        self.remembered_s = time_s
        if len(self.looks) > 1 and min(difference(self.looks[-1], other) for other in self.looks[:-1]) < NEW_LOOK:
            self.looks.pop()
        self.looks.append(look)
        del self.looks[: -LOOKS - 1]


class Tracker:
    """Follows the faces of a stream.

    Args:
        finder: finds, checks and refits faces.
        max_faces: at most so many are followed, those first seen first; the largest at the start. None: no limit.
    """

    def __init__(self, finder: scan.Finder, *, max_faces: int | None = None) -> None:
        self._finder, self._max_faces = finder, max_faces
        self._without_room: Collection[int | None] = ()
        self.reset()

    def reset(self) -> None:
        """Forget everyone; ids count from 1 again, and the next frame is looked at as a first one."""
        self._ids = itertools.count(1)
        self._begin()

    def _begin(self) -> None:
        self._live: list[_Track] = []
        self._lost: list[_Track] = []
        self._size: tuple[int, int] | None = None
        self._views: Iterator[View] = iter(())
        self._time_s, self._count = -math.inf, 0

    def update(self, frame: Frame, *, search: bool = True, without_room: Collection[int | None] = ()) -> list[Face]:
        """The faces of the next frame with their ids, from left to right, in pixels of this frame.

        A frame earlier than the one before (a seek) begins anew, with new ids. Without `search`, new faces are not
        looked for, unless this is the first frame or somebody was lost. The ids in `without_room` are followed beside
        `max_faces`: of things that turned out to be no faces.
        """
        self._without_room = without_room
        if frame.time_s < self._time_s:
            self._begin()
        is_first = self._size is None
        self._fit_size((frame.width, frame.height))
        self._time_s, self._count = frame.time_s, self._count + 1
        if is_first:
            whole = scan.whole(self._finder.views(frame.width, frame.height))
            quarters = [view for view in whole if view.roll_deg % 90 == 0]  # these four see all but a few
            self._welcome(frame.image, self._finder.find(frame.image, quarters), on_trial=False)
        else:
            self._follow(frame.image)
            self._part()
            self._judge()
            self._welcome(frame.image, self._doubles(frame.image))
            if search or self._waiting():
                self._welcome(frame.image, self._search(frame.image))
        self._lost = [one for one in self._lost if frame.time_s - one.seen_s <= LOST_S][-MOST_LOST:]
        named = [replace(one.face, track_id=one.track_id) for one in self._live if one.track_id is not None]
        return sorted(named, key=lambda face: face.box.centre[0])

    def _fit_size(self, size: tuple[int, int]) -> None:
        """Start the scan of this size of picture; carry what is known over from another size."""
        if size == self._size:
            return
        if self._size is not None:
            scale = np.array(size) / self._size
            for one in self._live + self._lost:
                one.face, one.velocity, one.clear = _scaled(one.face, scale), one.velocity * scale, None
        self._size = size
        self._views = scan.in_turn(self._finder.views(*size))

    # Following

    def _follow(self, image: ImageArray) -> None:
        """Move every live track by one run of the mesh; those whose face is gone are lost."""
        for one in list(self._live):
            face = self._moved(image, one)
            if face is None:
                self._lose(one)
                continue
            one.follow(face, self._time_s)
        for one in self._live:
            others = [other.face for other in self._live if other is not one]
            one.last_look, before = appearance_of(image, one.face, others), one.last_look
            self._watch(one, one.last_look, before)

    def _moved(self, image: ImageArray, one: _Track) -> Face | None:
        """The track's face in this picture, or None. On trial, it must be as present as when it was found."""
        if one.face.mesh is None:  # a detector without meshes: look again near its place
            near = self._finder.detector.look(image, scan.around(one.face.box.centre, one.face))
            hits = [hit for hit in near if is_same(hit.box, one.face.box)]
            return self._finder.check(image, hits[0]) if hits else None
        mesh = self._finder.refit(image, Mesh(one.face.mesh, 1.0))
        if mesh.presence < (PRESENT if one.track_id else PRESENCE) or not np.isfinite(mesh.points).all():
            return None
        face = face_of(mesh, 1.0)
        (x, y), (height, width) = face.box.centre, image.shape[:2]
        return face if face.box.side >= LEAST_SIDE_PX and 0 <= x < width and 0 <= y < height else None

    def _watch(self, one: _Track, look: Appearance, before: Appearance | None) -> None:
        """Remember how a live face looks, or note that it looks like somebody else's."""
        crowded = self._is_crowded(one)
        if one.track_id is None:
            one.looks = [look]
        elif one.unlike(look) < SAME_PERSON:
            one.odd_since_s = None
            if not crowded and one.face.score > PRESENCE:
                one.remember(look, self._time_s)
                one.clear = (self._time_s, one.middle, one.velocity)
        elif before is not None and difference(look, before) > SAME_PERSON:
            one.odd_since_s = -math.inf  # from one frame to the next: a cut, or the mesh has jumped
        elif one.odd_since_s is None or crowded:
            one.odd_since_s = self._time_s

    def _is_crowded(self, one: _Track) -> bool:
        return any(_apart(one, other) < CROWDED for other in self._live if other is not one)

    def _judge(self) -> None:
        """End the trial of new faces: some are people who were lost, the others get an id."""
        trials = {one.face: one for one in self._live if one.track_id is None}
        self._live = [one for one in self._live if one.track_id is not None]
        for _, face, _ in self._come_back([(face, one.looks[-1]) for face, one in trials.items()]):
            del trials[face]
        self._live += trials.values()
        for face, one in trials.items():
            waits = self._is_crowded(one) or self._time_s - one.born_s < TRIAL_S
            if not (waits and any(self._out_of_place(other, face) < 0.5 for other in self._lost)):
                one.track_id = next(self._ids)

    def _part(self) -> None:
        """Where two tracks are on one face: the older one keeps it, or, of two people, the one who looks like it."""
        for one, other in itertools.combinations(sorted(self._live, key=lambda track: track.born_s), 2):
            if one not in self._live or other not in self._live or _apart(one, other) >= MET:
                continue
            if other.track_id is None or other.seen_s - other.born_s < YOUNG_S:
                self._live.remove(other)
                continue
            looks = [(track, track.last_look) for track in (one, other) if track.last_look]
            self._lose(max(looks, key=lambda pair: pair[0].unlike(pair[1]))[0])

    def _doubles(self, image: ImageArray) -> list[Face]:
        """Faces whose track has come to look like another person's: the track is lost, the face is to be named."""
        odd = [one for one in self._live if one.odd_since_s is not None and self._time_s - one.odd_since_s >= ODD_S]
        for one in odd:
            self._lose(one)
        return [one.face for one in odd]

    def _lose(self, one: _Track) -> None:
        self._live.remove(one)
        one.searched = 0
        if one.track_id is not None:
            self._lost.append(one)

    # Finding

    def _search(self, image: ImageArray) -> list[Face]:
        """Spend the frame's one look: where a face is doubtful or was lost, or on the next view of the scan."""
        new: list[Face] = []
        for hit in self._finder.detector.look(image, self._next_view())[: CHECKS + len(self._live)]:
            owner = next((one for one in self._live if is_same(hit.box, one.face.box)), None)
            if (owner and not owner.is_doubtful) or any(is_same(hit.box, face.box) for face in new):
                continue
            face = self._finder.check(image, hit)
            if face and owner and face.mesh is not None:
                owner.face = replace(face, score=max(face.score, owner.face.score))
            elif face and not owner:
                new.append(self._upright(image, face))
        return new[:CHECKS]

    def _upright(self, image: ImageArray, face: Face) -> Face:
        """The better of a new face and the one seen there upside down: a hat and a beard can pass for each other."""
        if face.mesh is None:
            return face
        view = replace(scan.around(face.box.centre, face), roll_deg=face.roll_deg + 180)
        hits = [hit for hit in self._finder.detector.look(image, view) if is_same(hit.box, face.box)]
        other = self._finder.check(image, hits[0]) if hits and hits[0].score > face.score else None
        return other if other and other.score > face.score else face

    def _waiting(self) -> list[_Track]:
        """Those whose place has to be looked at: the lost, and those whose mesh is doubtful."""
        return self._lost + [one for one in self._live if one.is_doubtful]

    def _next_view(self) -> View:
        """Where to look: every third time at the place that waits longest, at once where a face was just lost.

        A mesh that has slid half off its face is doubtful: it is set right by the detector before it is lost.
        """
        waiting = min(self._waiting(), key=lambda one: one.searched, default=None)
        if waiting is None or (waiting.searched and self._count % 3):
            return next(self._views)
        waiting.searched = self._count
        x, y = waiting.expected(self._time_s) if waiting in self._lost else waiting.middle
        return scan.around((float(x), float(y)), waiting.face)

    def _welcome(self, image: ImageArray, faces: list[Face], *, on_trial: bool = True) -> None:
        """Give found faces to those who were lost, else make new tracks of them, as far as there is room."""
        known = [one.face for one in self._live]
        faces = [face for face in faces if not any(is_same(face.box, other.box) for other in known)]
        near = {face: known + [other for other in faces if other is not face] for face in faces}
        looks = [(face, appearance_of(image, face, others)) for face, others in near.items()]
        back = [face for _, face, _ in self._come_back(looks)]
        new = [(face, look) for face, look in looks if face not in back]
        for face, look in sorted(new, key=lambda pair: -pair[0].box.side)[: self._room()]:
            track_id = None if on_trial else next(self._ids)
            self._live.append(_Track(face, self._time_s, self._time_s, [look], look, track_id))

    def _come_back(self, looks: list[tuple[Face, Appearance]]) -> list[tuple[_Track, Face, Appearance]]:
        """Make live again who of the lost is among these faces."""
        back = self._returns(looks)
        for one, face, look in back:
            self._lost.remove(one)
            one.face, one.seen_s, one.last_look = face, self._time_s, look
            one.velocity, one.odd_since_s, one.searched, one.clear = np.zeros(2), None, 0, None
            self._live.append(one)
        return back

    def _returns(self, looks: list[tuple[Face, Appearance]]) -> list[tuple[_Track, Face, Appearance]]:
        """Who of the lost has come back as which face: the likeliest pairs first, each once."""
        pairs = []
        for one, (face, look) in itertools.product(self._lost, looks):
            place, unlike = self._out_of_place(one, face), one.unlike(look)
            if place < 1 and unlike < SAME_PERSON:
                pairs.append((unlike + place / 2, one, face, look))
        taken: list[tuple[_Track, Face, Appearance]] = []
        for _, one, face, look in sorted(pairs, key=lambda pair: pair[0]):
            if len(taken) < self._room() and not any(one is other or face is its for other, its, _ in taken):
                taken.append((one, face, look))
        return taken

    def _out_of_place(self, one: _Track, face: Face) -> float:
        """How far from its place and size a lost face would have come back: 1 is too far."""
        gap, side = self._time_s - one.seen_s, max(one.face.box.side, face.box.side)
        growth = abs(math.log(face.box.side / one.face.box.side))
        middle = np.asarray(face.box.centre)
        away = min(math.dist(middle, one.expected(self._time_s)), math.dist(middle, one.middle))
        return max(away / (side * (REACH[0] + REACH[1] * gap)), growth / math.log(SIZES))

    def _room(self) -> int:
        """How many more faces may be followed."""
        if self._max_faces is None:
            return sys.maxsize
        taken = sum(one.track_id is None or one.track_id not in self._without_room for one in self._live)
        return max(0, self._max_faces - taken)


def _apart(one: _Track, other: _Track) -> float:
    """The distance of two faces' middles in sides of the larger one."""
    return math.dist(one.middle, other.middle) / max(one.face.box.side, other.face.box.side, 1.0)


def _scaled(face: Face, scale: Point) -> Face:
    """A face in a picture of another size."""
    corners = np.array(face.box.to_list()) * np.tile(scale, 2)
    points = None if face.mesh is None else (face.mesh * [*scale, scale.mean()]).astype(np.float32)
    return replace(
        face, box=Box(*map(float, corners)), mesh=points, keypoints=(face.keypoints * scale).astype(np.float32)
    )
