"""`/api/diary`: sessions with moments and notes, kept in the user's own file; export; deletion. Never a frame.

Nothing is written until the page's diary is switched on: only then does it begin a session. Try: `/api/docs`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from mien.version import __version__
from mien.web import store
from mien.web.services import Services
from mien.web.store import MissingError, Row, Time

MOST_MOMENTS = 5000  # in one batch: more than an hour of one person
LONGEST_S = 10 * 24 * 3600.0  # a session
LARGEST_ID = 2**63 - 1  # that SQLite has
COLUMNS = (
    "session", "title", "began", "ended", "kind", "at", "time_s", "person", "label", "sure", "valence", "in_ten",
    "note",
)  # fmt: skip

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Title = Annotated[str, Field(max_length=200)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)


class NewSession(_Asked):
    """A session that begins now, or began then."""

    began: Time | None = None
    title: Title = ""


class SessionChange(_Asked):
    """What is not given stays."""

    title: Title | None = None
    ended: Time | None = None


class Moment(_Asked):
    """What was read of one person at one time."""

    time_s: float = Field(ge=0, le=LONGEST_S, description="seconds from the session's begin")
    person: int = Field(ge=1, le=10_000, description="number within the session")
    label: str = Field(min_length=1, max_length=40)
    sure: bool
    valence: float = Field(ge=-1, le=1)
    in_ten: int = Field(ge=0, le=10, description="how many of ten people would say `label`")


class NewNote(_Asked):
    """A note to a session."""

    text: str = Field(min_length=1, max_length=5000)


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(prefix="/api/diary", tags=["diary"])
    diary = services.store

    @routes.get("/sessions")
    def sessions() -> list[Row]:
        """All sessions, newest first, each with how often every expression was read (`labels`)."""
        return diary.sessions()

    @routes.post("/sessions", status_code=201)
    def start(asked: NewSession | None = None) -> dict[str, int]:
        """Begin a session."""
        asked = asked or NewSession()
        return {"id": diary.start_session(began=asked.began or store.now(), title=asked.title)}

    @routes.get("/sessions/{session}")
    def one(session: Id) -> Row:
        """A session with everything in it."""
        with _found():
            return diary.session(session)

    @routes.patch("/sessions/{session}", status_code=204)
    def change(session: Id, asked: SessionChange) -> None:
        """Change its title, or say when it ended."""
        with _found():
            diary.change_session(session, title=asked.title, ended=asked.ended)

    @routes.delete("/sessions/{session}", status_code=204)
    def delete(session: Id) -> None:
        """Erase it from the file."""
        with _found():
            diary.delete_session(session)

    @routes.post("/sessions/{session}/moments", status_code=204)
    def add_moments(session: Id, moments: Annotated[list[Moment], Body(max_length=MOST_MOMENTS)]) -> None:
        """Add a batch of moments. A batch may be sent again."""
        with _found():
            diary.add_moments(session, [moment.model_dump() for moment in moments])

    @routes.post("/sessions/{session}/notes", status_code=201)
    def add_note(session: Id, asked: NewNote) -> dict[str, int]:
        """Add a note."""
        with _found():
            return {"id": diary.add_note(session, asked.text)}

    @routes.delete("/sessions/{session}/notes/{note}", status_code=204)
    def delete_note(session: Id, note: Id) -> None:
        """Erase a note from the file."""
        with _found():
            diary.delete_note(session, note)

    @routes.get("/export")
    def export(
        format: Literal["csv", "json"] = "csv", session: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None
    ) -> Response:
        """All sessions, or one, as a file: CSV with a line for each moment and note, or JSON with everything."""
        with _found():
            chosen = diary.everything() if session is None else [diary.session(session)]
        text = _as_csv(chosen) if format == "csv" else _as_json(chosen)
        kind = "text/csv; charset=utf-8" if format == "csv" else "application/json"
        name = f'attachment; filename="mien-diary-{store.iso(store.now())[:10]}.{format}"'
        return Response(text.encode(), media_type=kind, headers={"Content-Disposition": name})

    @routes.delete("", status_code=204)
    def delete_all() -> None:
        """Erase all sessions from the file."""
        diary.delete_diary()

    return routes


@contextlib.contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except MissingError as error:
        raise HTTPException(404, str(error)) from error


def _as_json(sessions: list[Row]) -> str:
    return json.dumps({"mien": __version__, "sessions": sessions}, ensure_ascii=False, indent=1)


def _as_csv(sessions: list[Row]) -> str:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(line for session in sessions for line in _lines(session))
    return text.getvalue()


def _lines(session: Row) -> Iterator[dict[str, Any]]:
    began = datetime.fromisoformat(session["began"])
    start = {"session": session["id"], "title": _safe(session["title"]), "began": session["began"]}
    start["ended"] = session["ended"] or ""
    for person in session["people"]:
        for moment in person["moments"]:
            at = store.iso(began + timedelta(seconds=moment["time_s"]))
            read = {**moment, "label": _safe(moment["label"]), "person": person["number"], "sure": int(moment["sure"])}
            yield {**start, "kind": "moment", "at": at, **read}
    for note in session["notes"]:
        yield {**start, "kind": "note", "at": note["written"], "note": _safe(note["text"])}


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula (a diary may have been filled in by another program)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
