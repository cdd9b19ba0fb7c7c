from __future__ import annotations

import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mien.errors import MienError
from mien.web import database
from mien.web.database import FILE, StoreError
from mien.web.store import MissingError, Store, iso

BEGAN = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


def moment(time_s: float, label: str = "happy", *, person: int = 1, sure: bool = True) -> dict[str, Any]:
    return {"time_s": time_s, "person": person, "label": label, "sure": sure, "valence": 0.5, "in_ten": 8}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def test_nothing_is_written_before_something_is_kept(store: Store) -> None:
    assert store.sessions() == store.rounds() == store.everything() == []
    store.delete_diary()
    store.delete_rounds()
    with pytest.raises(MissingError):
        store.session(1)
    assert not store.path.parent.exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
def test_only_the_user_may_read_it(store: Store) -> None:
    before = os.umask(0)  # even where everybody else may read everything
    try:
        store.start_session(began=BEGAN)
    finally:
        os.umask(before)
    assert mode(store.path) == 0o600
    assert mode(store.path.parent) == 0o700


def test_it_lies_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(database.platformdirs, "user_data_dir", lambda name, **_: str(tmp_path / name))
    assert Store().path == tmp_path / "mien" / FILE


def test_a_session_comes_back_as_it_was_given(store: Store) -> None:
    session = store.start_session(began=BEGAN, title="Tea with Ana")
    given = [moment(0.5), moment(1.5, "sad", sure=False), moment(1.0, "neutral", person=2)]
    store.add_moments(session, given)
    note = store.add_note(session, "She laughed: 笑, ضحك.")
    store.change_session(session, ended=datetime(2026, 3, 1, 19, 0, tzinfo=UTC))
    found = store.session(session)
    assert (found["began"], found["ended"], found["title"]) == (
        "2026-03-01T18:30:00Z", "2026-03-01T19:00:00Z", "Tea with Ana",
    )  # fmt: skip
    back = [{**one, "person": person["number"]} for person in found["people"] for one in person["moments"]]
    assert sorted(back, key=lambda one: one["time_s"]) == sorted(given, key=lambda one: one["time_s"])
    assert [(one["id"], one["text"]) for one in found["notes"]] == [(note, "She laughed: 笑, ضحك.")]
    assert store.everything() == [found]


def test_another_store_on_the_same_file_sees_the_same(store: Store) -> None:
    session = store.start_session(began=BEGAN)
    store.add_moments(session, [moment(1)])
    assert Store(store.path.parent).everything() == store.everything()


def test_a_batch_sent_twice_is_written_once(store: Store) -> None:
    session = store.start_session(began=BEGAN)
    for _ in range(2):
        store.add_moments(session, [moment(1), moment(2)])
    assert len(store.session(session)["people"][0]["moments"]) == 2


def test_sessions_are_summed_up_newest_first(store: Store) -> None:
    older = store.start_session(began=BEGAN)
    newer = store.start_session(began=BEGAN.replace(month=4))
    store.add_moments(older, [moment(1), moment(9), moment(4, "sad"), moment(5, sure=False, person=2)])
    first, second = store.sessions()
    assert (first["id"], first["people"], first["seconds"], first["labels"]) == (newer, 0, 0.0, {})
    assert (second["id"], second["people"], second["seconds"]) == (older, 2, 9)
    assert second["labels"] == {"happy": 2, "sad": 1, "not sure": 1}


def test_an_end_before_the_begin_is_the_begin(store: Store) -> None:
    session = store.start_session(began=BEGAN)
    store.change_session(session, ended=BEGAN.replace(year=2020))
    assert store.session(session)["ended"] == iso(BEGAN)


def test_what_is_deleted_does_not_stay_in_the_file(store: Store) -> None:
    secret, kept = "a-secret-of-mine", "what-stays-here"
    sessions = [store.start_session(began=BEGAN, title=f"{text} title") for text in (secret, kept)]
    for session, text in zip(sessions, (secret, kept), strict=True):
        store.add_moments(session, [moment(second, f"{text} label") for second in range(500)])
        store.add_note(session, f"{text} note " * 300)
    assert secret.encode() in store.path.read_bytes()
    store.delete_session(sessions[0])
    left = store.path.read_bytes()
    assert secret.encode() not in left
    assert kept.encode() in left
    assert os.listdir(store.path.parent) == [FILE]  # no journal either
    size = len(left)
    store.delete_diary()
    left = store.path.read_bytes()
    assert kept.encode() not in left
    assert len(left) < size
    assert store.sessions() == []


def test_a_deleted_note_does_not_stay_in_the_file(store: Store) -> None:
    session = store.start_session(began=BEGAN)
    note = store.add_note(session, "never-to-be-read")
    store.delete_note(session, note)
    assert b"never-to-be-read" not in store.path.read_bytes()
    with pytest.raises(MissingError):
        store.delete_note(session, note)


def test_a_number_is_not_given_twice(store: Store) -> None:
    session = store.start_session(began=BEGAN)
    store.delete_session(session)
    assert store.start_session(began=BEGAN) != session
    with pytest.raises(MissingError, match=f"no session {session}"):
        store.add_moments(session, [moment(1)])


def test_rounds_come_back_summed_up_by_what_was_asked(store: Store) -> None:
    answers = [
        {"asked": "happy", "answered": "happy", "right": True},
        {"asked": "happy", "answered": "sad", "right": False},
        {"asked": "", "answered": "press", "right": False},
    ]
    store.add_round("guess", answers, level="easy", ended=BEGAN)
    (found,) = store.rounds()
    assert (found["game"], found["level"], found["ended"]) == ("guess", "easy", iso(BEGAN))
    assert found["labels"] == {"happy": {"asked": 2, "right": 1}, "": {"asked": 1, "right": 0}}


def test_diary_and_rounds_are_deleted_apart(store: Store) -> None:
    store.start_session(began=BEGAN)
    store.add_round("show", [{"asked": "sad", "answered": "", "right": False}], ended=BEGAN)
    store.delete_diary()
    assert (len(store.sessions()), len(store.rounds())) == (0, 1)
    store.start_session(began=BEGAN)
    store.delete_rounds()
    assert (len(store.sessions()), len(store.rounds())) == (1, 0)


def test_many_threads_write_and_read_at_once(store: Store) -> None:
    sessions = [store.start_session(began=BEGAN) for _ in range(4)]
    other = Store(store.path.parent)  # as a second server would have it
    failed: list[BaseException] = []

    def work(session: int, through: Store) -> None:
        try:
            for second in range(15):
                through.add_moments(session, [moment(second), moment(second, person=2)])
                through.sessions()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(one, (store, other)[one % 2])) for one in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert [one["labels"] for one in store.sessions()] == [{"happy": 30}] * 4


def test_a_file_that_was_moved_away_is_made_anew(store: Store) -> None:
    store.start_session(began=BEGAN)
    store.path.rename(store.path.with_suffix(".old"))
    assert store.sessions() == []
    store.start_session(began=BEGAN)
    assert len(store.sessions()) == 1


def test_a_failed_write_leaves_nothing_half_done(store: Store) -> None:
    session = store.start_session(began=BEGAN)
    with pytest.raises(StoreError):
        store.add_moments(session, [moment(1), {**moment(2), "label": None}])
    assert store.session(session)["people"] == []


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be one " * 40, b"SQLite format 3\x00" + b"\xff" * 4080]
)
def test_a_broken_file_is_told_in_one_line_and_left_alone(store: Store, content: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    for use in (store.sessions, lambda: store.start_session(began=BEGAN)):
        with pytest.raises(StoreError, match="move it away") as told:
            use()
        assert str(store.path) in str(told.value) and "\n" not in str(told.value)
    assert store.path.read_bytes() == content


def test_a_file_of_a_newer_version_or_another_program_is_left_alone(store: Store) -> None:
    store.start_session(began=BEGAN)
    with sqlite3.connect(store.path) as file:
        file.execute(f"PRAGMA user_version = {len(database.VERSIONS) + 1}")
    file.close()
    with pytest.raises(StoreError, match="newer Mien"):
        store.sessions()
    other = Store(store.path.parent / "other")
    other.path.parent.mkdir()
    with sqlite3.connect(other.path) as file:
        file.execute("CREATE TABLE theirs (x)")
    file.close()
    with pytest.raises(StoreError, match="another program"):
        other.start_session(began=BEGAN)


def test_an_older_file_is_brought_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    session = store.start_session(began=BEGAN, title="old")
    step = "ALTER TABLE sessions ADD COLUMN place TEXT;\n UPDATE sessions SET place = 'here';\n"
    monkeypatch.setattr(database, "VERSIONS", (*database.VERSIONS, step))
    assert store.session(session)["title"] == "old"
    with sqlite3.connect(store.path) as file:
        assert file.execute("SELECT place FROM sessions").fetchall() == [("here",)]
        assert file.execute("PRAGMA user_version").fetchone() == (2,)
    file.close()


def test_a_migration_that_fails_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.start_session(began=BEGAN, title="old")
    before = store.path.read_bytes()
    good = database.VERSIONS
    monkeypatch.setattr(database, "VERSIONS", (*good, "DROP TABLE notes;\n nonsense;\n"))
    with pytest.raises(StoreError):
        store.sessions()
    monkeypatch.setattr(database, "VERSIONS", good)
    assert store.sessions()[0]["title"] == "old"
    assert store.path.read_bytes() == before


def test_a_full_disk_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    session = store.start_session(began=BEGAN)
    connect = database.Database._connect

    def small(self: database.Database) -> sqlite3.Connection:
        connection = connect(self)
        connection.execute("PRAGMA max_page_count = 1")  # SQLite then says what it says of a full disk
        return connection

    monkeypatch.setattr(database.Database, "_connect", small)
    with pytest.raises(StoreError, match="no space is left"):
        for _ in range(100):
            store.add_note(session, "x" * 5000)


def test_a_read_only_file_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.start_session(began=BEGAN)
    connect = database.Database._connect

    def read_only(self: database.Database) -> sqlite3.Connection:
        connection = connect(self)
        connection.execute("PRAGMA query_only = ON")  # as SQLite says it of a file that may not be written
        return connection

    monkeypatch.setattr(database.Database, "_connect", read_only)
    assert len(store.sessions()) == 1
    with pytest.raises(StoreError, match="read-only"):
        store.add_note(1, "x")


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(MienError, match=r"exists|directory"):
        Store(tmp_path / "data").start_session(began=BEGAN)
