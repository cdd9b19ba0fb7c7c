"""What the diary and practice remember: sessions with their moments and notes, and rounds with their answers.

Numbers and words alone, never a frame. All values go in and out as plain JSON values; times are ISO 8601 in UTC, and
`time_s` counts seconds from a session's begin. Try: `Store(Path("/tmp/x")).start_session(began=now())`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mien.errors import UsageError
from mien.web.database import Database

Row = dict[str, Any]
NOT_SURE = "not sure"  # what a moment counts as whose word was not sure
# Times of requests lie between these: a year has four digits in any zone, and something can be added to it.
EARLIEST, TOO_LATE = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


class MissingError(UsageError):
    """There is no such session or note (any more)."""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def _checked(time: datetime) -> datetime:
    zoned = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    if not EARLIEST <= zoned < TOO_LATE:
        raise ValueError(f"must lie in the years {EARLIEST.year} to {TOO_LATE.year - 1}")
    return time


Time = Annotated[datetime, AfterValidator(_checked), Field(description="in the years 1970 to 2999")]  # in a request


def iso(time: datetime) -> str:
    """'2026-01-31T18:05:00Z'; a time without a zone is taken for UTC. Such texts sort as their times do."""
    zoned = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return zoned.strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Safe to use from several threads. Every method raises StoreError when the file cannot be read or written.

    Args:
        folder: where the file lies; None: in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._database = Database(folder)

    @property
    def path(self) -> Path:
        """Where the file lies, or will lie."""
        return self._database.path

    # --- the diary ---------------------------------------------------------------------------------------------------

    def start_session(self, *, began: datetime, title: str = "") -> int:
        """A new session; gives its id."""
        with self._database.writing() as file:
            made = file.execute("INSERT INTO sessions (began, title) VALUES (?, ?)", (iso(began), title))
            return int(made.lastrowid or 0)

    def change_session(self, session: int, *, title: str | None = None, ended: datetime | None = None) -> None:
        """Give a session another title, or its end. Raises MissingError."""
        with self._database.writing() as file:
            _check_session(file, session)
            if title is not None:
                file.execute("UPDATE sessions SET title = ? WHERE id = ?", (title, session))
            if ended is not None:
                file.execute("UPDATE sessions SET ended = max(began, ?) WHERE id = ?", (iso(ended), session))

    def add_moments(self, session: int, moments: Sequence[Mapping[str, Any]]) -> None:
        """Add what was read: `time_s`, `person`, `label`, `sure`, `valence`, `in_ten` each.

        The same person at the same time is written once, so a batch may be sent again. Raises MissingError.
        """
        rows = [{**one, "session": session} for one in moments]
        with self._database.writing() as file:
            _check_session(file, session)
            file.executemany("INSERT OR IGNORE INTO people VALUES (:session, :person)", rows)
            file.executemany(
                "INSERT OR REPLACE INTO moments VALUES (:session, :person, :time_s, :label, :sure, :valence, :in_ten)",
                rows,
            )

    def add_note(self, session: int, text: str) -> int:
        """Add a note; gives its id. Raises MissingError."""
        with self._database.writing() as file:
            _check_session(file, session)
            row = (session, iso(now()), text)
            return int(file.execute("INSERT INTO notes (session, written, text) VALUES (?, ?, ?)", row).lastrowid or 0)

    def delete_note(self, session: int, note: int) -> None:
        """Erase a note. Raises MissingError."""
        with self._database.writing() as file:
            _check_session(file, session)
            if not file.execute("DELETE FROM notes WHERE id = ? AND session = ?", (note, session)).rowcount:
                raise MissingError(f"session {session} has no note {note}: it was deleted, or never written")
        self._database.shrink()

    def sessions(self) -> list[Row]:
        """All sessions, newest first: `id`, `began`, `ended`, `title`, `people`, `seconds`, and `labels`.

        `people` counts persons, `seconds` is the time of the last moment, `labels` counts moments by label, those that
        were not sure under 'not sure'. `ended` is None where the end was never told.
        """
        with self._database.reading() as file:
            if file is None:
                return []
            found = {row["id"]: {**row, "people": 0, "seconds": 0.0, "labels": {}} for row in _all_sessions(file)}
            for row in file.execute("SELECT session, count(*) AS people FROM people GROUP BY session"):
                found[row["session"]]["people"] = row["people"]
            counts = (
                "SELECT session, CASE WHEN sure THEN label ELSE ? END AS word, count(*) AS moments, "
                "max(time_s) AS last FROM moments GROUP BY session, word"
            )
            for row in file.execute(counts, (NOT_SURE,)):
                session = found[row["session"]]
                session["labels"][row["word"]] = row["moments"]
                session["seconds"] = max(session["seconds"], row["last"])
            return list(found.values())

    def session(self, session: int) -> Row:
        """One session: `id`, `began`, `ended`, `title`, `people` with their `moments`, `notes`. Raises MissingError."""
        with self._database.reading() as file:
            if file is None:
                raise _missing(session)
            return _whole(file, _check_session(file, session))

    def everything(self) -> list[Row]:
        """All sessions as `session` gives them, oldest first."""
        with self._database.reading() as file:
            return [] if file is None else [_whole(file, row) for row in reversed(_all_sessions(file))]

    def delete_session(self, session: int) -> None:
        """Erase a session with its moments and notes from the file. Raises MissingError."""
        with self._database.writing() as file:
            _check_session(file, session)
            file.execute("DELETE FROM sessions WHERE id = ?", (session,))
        self._database.shrink()

    def delete_diary(self) -> None:
        """Erase all sessions from the file; rounds of practice stay."""
        self._delete_all("sessions")

    # --- practice ----------------------------------------------------------------------------------------------------

    def add_round(self, game: str, answers: Sequence[Mapping[str, Any]], *, level: str = "", ended: datetime) -> int:
        """Keep a round that is over: `asked`, `answered`, `right` for each answer; gives its id."""
        with self._database.writing() as file:
            row = (game, level, iso(ended))
            made = int(file.execute("INSERT INTO rounds (game, level, ended) VALUES (?, ?, ?)", row).lastrowid or 0)
            file.executemany(
                "INSERT INTO answers VALUES (:round, :number, :asked, :answered, :right)",
                [{**one, "round": made, "number": number} for number, one in enumerate(answers)],
            )
            return made

    def rounds(self) -> list[Row]:
        """All rounds, oldest first: `id`, `game`, `level`, `ended`, and `labels`: what was asked, how often, and right.

        `labels` is {label: {"asked": 3, "right": 2}}; what was answered when nothing was asked stands under ''.
        """
        with self._database.reading() as file:
            if file is None:
                return []
            rows = file.execute("SELECT id, game, level, ended FROM rounds ORDER BY ended, id")
            found = {row["id"]: {**row, "labels": {}} for row in rows}
            counts = "SELECT round, asked, count(*) AS times, sum(is_right) AS good FROM answers GROUP BY round, asked"
            for row in file.execute(counts):
                found[row["round"]]["labels"][row["asked"]] = {"asked": row["times"], "right": row["good"]}
            return list(found.values())

    def delete_rounds(self) -> None:
        """Erase all rounds from the file; the diary stays."""
        self._delete_all("rounds")

    def _delete_all(self, table: str) -> None:
        with self._database.reading() as file:
            if file is None:
                return
        with self._database.writing() as file:
            file.execute(f"DELETE FROM {table}")
        self._database.shrink()


def _all_sessions(file: sqlite3.Connection) -> list[sqlite3.Row]:
    return file.execute("SELECT id, began, ended, title FROM sessions ORDER BY began DESC, id DESC").fetchall()


def _check_session(file: sqlite3.Connection, session: int) -> sqlite3.Row:
    row: sqlite3.Row | None = file.execute(
        "SELECT id, began, ended, title FROM sessions WHERE id = ?", (session,)
    ).fetchone()
    if row is None:
        raise _missing(session)
    return row


def _missing(session: int) -> MissingError:
    return MissingError(f"there is no session {session}: it was deleted, or never begun")


def _whole(file: sqlite3.Connection, session: sqlite3.Row) -> Row:
    people: dict[int, list[Row]] = {}
    moments = (
        "SELECT person, time_s, label, sure, valence, in_ten FROM moments WHERE session = ? ORDER BY person, time_s"
    )
    for row in file.execute(moments, (session["id"],)):
        moment = {**row, "sure": bool(row["sure"])}
        people.setdefault(moment.pop("person"), []).append(moment)
    notes = file.execute("SELECT id, written, text FROM notes WHERE session = ? ORDER BY id", (session["id"],))
    return {
        **session,
        "people": [{"number": number, "moments": found} for number, found in people.items()],
        "notes": [dict(row) for row in notes],
    }
