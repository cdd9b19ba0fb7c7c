"""The one file of the diary and of practice: where it lies, who may read it, its tables, and what can go wrong.

SQLite. The file is made when something is first written, readable by the user alone. What is deleted is overwritten
with zeros, so that it does not stay in the file. It knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from mien.errors import MienError

FILE = "mien.sqlite3"
WAIT_S = 10.0  # for another server that is writing
# What makes the file of one version out of that before; the first makes it out of nothing. Only ever append.
VERSIONS = (
    """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: a page may still write to one just deleted
        began TEXT NOT NULL, ended TEXT, title TEXT NOT NULL);
    CREATE TABLE people (
        session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        PRIMARY KEY (session, number)) WITHOUT ROWID;
    CREATE TABLE moments (
        session INTEGER NOT NULL, person INTEGER NOT NULL, time_s REAL NOT NULL, label TEXT NOT NULL,
        sure INTEGER NOT NULL, valence REAL NOT NULL, in_ten INTEGER NOT NULL,
        PRIMARY KEY (session, person, time_s),
        FOREIGN KEY (session, person) REFERENCES people(session, number) ON DELETE CASCADE) WITHOUT ROWID;
    CREATE TABLE notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
        written TEXT NOT NULL, text TEXT NOT NULL);
    CREATE INDEX notes_of_session ON notes(session);
    CREATE TABLE rounds (
        id INTEGER PRIMARY KEY AUTOINCREMENT, game TEXT NOT NULL, level TEXT NOT NULL, ended TEXT NOT NULL);
    CREATE TABLE answers (
        round INTEGER NOT NULL REFERENCES rounds(id) ON DELETE CASCADE,
        number INTEGER NOT NULL, asked TEXT NOT NULL, answered TEXT NOT NULL, is_right INTEGER NOT NULL,
        PRIMARY KEY (round, number)) WITHOUT ROWID;
    """,
)
_WHAT_TO_DO = {
    sqlite3.SQLITE_FULL: "no space is left on the disk; make room and try again",
    sqlite3.SQLITE_READONLY: "it is read-only; change its permissions, or choose another folder with --data-folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; change its permissions, or choose another folder with --data-folder",
    sqlite3.SQLITE_PERM: "you may not open it; change its permissions, or choose another folder with --data-folder",
    sqlite3.SQLITE_BUSY: "another program is using it; close that one and try again",
    sqlite3.SQLITE_LOCKED: "another program is using it; close that one and try again",
    sqlite3.SQLITE_NOTADB: "it is no diary, or broken; move it away, and a new one is made",
    sqlite3.SQLITE_CORRUPT: "it is broken; move it away, and a new one is made",
    sqlite3.SQLITE_IOERR: "the disk does not answer as it should; see whether it is full or broken",
}


class StoreError(MienError):
    """The file of the diary and of practice cannot be read or written."""


class Database:
    """The file, opened for each use: so it may be moved away at any time, and threads share nothing but a lock.

    Args:
        folder: where it lies; None: in the user's data folder. It is made, readable by the user alone, with the file.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """Where the file lies, or will lie."""
        folder = self._folder or Path(platformdirs.user_data_dir("mien", appauthor=False))
        return folder / FILE

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """The open file, or None where there is none yet. Raises StoreError."""
        with self._lock, self._telling():
            if not self.path.exists():
                yield None
                return
            with contextlib.closing(self._connect()) as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The open file, made if need be; all of the block is written, or nothing. Raises StoreError."""
        with self._lock, self._telling():
            self._make()
            with contextlib.closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()

    def shrink(self) -> None:
        """Give the space of what was deleted back. It is zeros already, so a disk too full for this is no error."""
        with self.reading() as connection, contextlib.suppress(sqlite3.OperationalError):
            if connection is not None:
                connection.execute("VACUUM")

    def _make(self) -> None:
        path = self.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite's own journal beside it takes over these permissions.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            # Temporary tables stay in memory: they would leave rows on the disk.
            for setting in ("secure_delete = ON", "temp_store = MEMORY", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {setting}")
            self._bring_up(connection)
        except BaseException:
            connection.close()
            raise
        connection.row_factory = sqlite3.Row
        return connection

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """Make the file one of the newest version, in one step or not at all."""
        if self._version(connection) == len(VERSIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = self._version(connection)  # again: another server may have done it
            if found > len(VERSIONS):
                raise self._error("a newer Mien made it; use that one, or move the file away")
            if found == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise self._error("another program made it; move it away, and a new one is made")
            for step in VERSIONS[found:]:
                for statement in filter(str.strip, step.split(";\n")):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(VERSIONS)}")
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what SQLite and the system report into one line."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what it was doing
            raise self._error(_WHAT_TO_DO.get(code) or str(error)) from error
        except OSError as error:
            raise self._error(error.strerror or str(error)) from error

    def _error(self, reason: str) -> StoreError:
        return StoreError(f"the diary's file {self.path}: {reason}")
