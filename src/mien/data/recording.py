"""One person's rows from a stream of Readings: one a second, means of what was seen in it, and the label at its end.

It keeps numbers alone. Where several people are seen, the one with the largest face is recorded.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence

import numpy as np

from mien.body.posture import FEATURES, TONES, Array, PostureWindow
from mien.data.posture_rows import FACE, VOTES, Row
from mien.types import Face, Pose, Reading


class Recorder:
    """Collects the rows of one session.

    Args:
        person: a code that the user has chosen; no name is needed.
        labelled_by: who gives the labels, beside them.
    """

    def __init__(self, person: str, *, labelled_by: str = "self") -> None:
        self._person, self._labelled_by = person, labelled_by
        self._session = secrets.token_hex(4)  # tells sittings of one person apart
        self._window = PostureWindow()
        self._second: int | None = None
        self._seen: list[tuple[Array, Mapping[str, float], Mapping[str, float]]] = []
        self._label: str | None = None
        self.rows: list[Row] = []

    def update(self, reading: Reading, label: str | None) -> None:
        """Take in a Reading of a stream, and the label that holds now (None: none)."""
        second = math.floor(reading.time_s)
        if self._second is not None and second != self._second:
            self._end_second()
        self._second, self._label = second, label
        pose, face = _subject(reading)
        if pose is None:
            return
        expression = face.expression if face is not None else None
        shares = expression.tone.shares if expression is not None and expression.tone is not None else {}
        features = self._window.update(pose, reading.time_s)
        self._seen.append((features, expression.votes if expression is not None else {}, shares))

    def finish(self) -> list[Row]:
        """End the last second; all rows."""
        self._end_second()
        return self.rows

    def _end_second(self) -> None:
        """Keep a row of the second, if a body was seen in it."""
        if self._seen and self._second is not None:
            features, votes, shares = zip(*self._seen, strict=True)
            self.rows.append(
                {
                    "person": self._person,
                    "session": self._session,
                    "second": self._second,
                    "label": self._label,
                    "labelled_by": self._labelled_by if self._label else None,
                    **dict(zip(FEATURES, _means(np.array(features).T.tolist()), strict=True)),
                    **_mean_votes({f"vote_{name.replace(' ', '_')}": name for name in VOTES}, votes),
                    **_mean_votes(dict(zip(FACE, TONES, strict=True)), shares),
                }
            )
        self._seen = []


def _subject(reading: Reading) -> tuple[Pose | None, Face | None]:
    """The body to record and its face: the largest face that has a body; else the surest body."""
    poses = {pose.track_id: pose for pose in reading.poses}
    faces = [face for face in reading.faces if face.track_id in poses]
    if faces:
        largest = max(faces, key=lambda face: face.box.side)
        return poses[largest.track_id], largest
    return max(reading.poses, key=lambda pose: pose.score, default=None), None


def _mean_votes(columns: Mapping[str, str], seen: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    values = [[one.get(name, math.nan) for one in seen] for name in columns.values()]
    return dict(zip(columns, _means(values), strict=True))


def _means(columns: Sequence[Sequence[float]]) -> list[float | None]:
    """The mean of what is known in each column, None where nothing is."""
    known = [[value for value in column if not math.isnan(value)] for column in columns]
    return [sum(column) / len(column) if column else None for column in known]
