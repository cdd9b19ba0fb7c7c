"""What is shown of people while they are watched: a doubt that comes or goes for a moment changes nothing yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mien.types import Expression, Face, Reading

# As on the page. For so long doubt must last, or be gone, before it is shown: in a blink nobody is to read "not sure".
DOUBT_S = 0.6
BREAK_S = 1.0  # unseen for so long, what was shown before says nothing about now


@dataclass
class _Shown:
    expression: Expression
    seen_s: float
    waits_since_s: float | None = None  # since when something else is read than what is shown


class Settler:
    """Keeps what is shown of each person of one stream."""

    def __init__(self) -> None:
        self._people: dict[int, _Shown] = {}

    def settle(self, reading: Reading) -> Reading:
        """The Reading as it is to be shown: with an earlier expression where doubt has only just come or gone."""
        now_s = reading.time_s
        self._people = {who: one for who, one in self._people.items() if 0 <= now_s - one.seen_s < BREAK_S}
        return replace(reading, faces=tuple(self._settled(face, now_s) for face in reading.faces))

    def _settled(self, face: Face, now_s: float) -> Face:
        read = face.expression
        if face.track_id is None or read is None:
            return face
        shown = self._people.setdefault(face.track_id, _Shown(read, now_s))
        shown.seen_s = now_s
        if _word(read) == _word(shown.expression):
            since_s = None
        else:
            since_s = now_s if shown.waits_since_s is None else shown.waits_since_s
        waits = since_s is not None and read.sure != shown.expression.sure and now_s - since_s < DOUBT_S
        shown.waits_since_s = since_s if waits else None
        if not waits:
            shown.expression = read
        return replace(face, expression=shown.expression)


def _word(expression: Expression) -> str | None:
    return expression.label if expression.sure else None
