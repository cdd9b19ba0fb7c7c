from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

SESSIONS = "/api/diary/sessions"


def moment(time_s: float, label: str = "happy", **other: Any) -> dict[str, Any]:
    return {"time_s": time_s, "person": 1, "label": label, "sure": True, "valence": 0.25, "in_ten": 8, **other}


def begin(client: TestClient, **asked: Any) -> int:
    answer = client.post(SESSIONS, json=asked)
    assert answer.status_code == 201
    return int(answer.json()["id"])


STRANGE_TIMES = (
    "0001-01-01T00:00:00+05:00", "0999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "3000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-05:00", "0999-01-01T00:00:00",
)  # fmt: skip


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture
def filled(client: TestClient) -> Iterator[tuple[TestClient, int]]:
    session = begin(client, began="2026-03-01T20:30:00+02:00", title='Tea, with "Ana"')
    client.post(f"{SESSIONS}/{session}/moments", json=[moment(0), moment(1.5, "sad", sure=False), moment(2, person=2)])
    client.post(f"{SESSIONS}/{session}/notes", json={"text": "=1+1 is no formula\nof mine"})
    yield client, session


def test_looking_writes_nothing(client: TestClient, tmp_path: Path) -> None:
    for path in (SESSIONS, "/api/practice/progress", "/api/practice", "/api/diary/export"):
        assert client.get(path).status_code == 200
    assert client.get(f"{SESSIONS}/1").status_code == 404
    assert client.delete("/api/diary").status_code == 204
    assert not list(tmp_path.iterdir())


def test_a_session_goes_in_and_out(filled: tuple[TestClient, int]) -> None:
    client, session = filled
    assert client.patch(f"{SESSIONS}/{session}", json={"ended": "2026-03-01T18:40:00Z"}).status_code == 204
    found = client.get(f"{SESSIONS}/{session}").json()
    assert (found["began"], found["ended"]) == ("2026-03-01T18:30:00Z", "2026-03-01T18:40:00Z")
    assert [(one["number"], len(one["moments"])) for one in found["people"]] == [(1, 2), (2, 1)]
    assert found["people"][0]["moments"][1] == {
        "time_s": 1.5, "label": "sad", "sure": False, "valence": 0.25, "in_ten": 8,
    }  # fmt: skip
    (listed,) = client.get(SESSIONS).json()
    assert listed["labels"] == {"happy": 2, "not sure": 1}
    assert (listed["people"], listed["seconds"]) == (2, 2)


def test_a_session_begins_now_unless_told(client: TestClient) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert client.post(SESSIONS).status_code == 201
    began = datetime.fromisoformat(client.get(SESSIONS).json()[0]["began"])
    assert before <= began <= datetime.now(UTC)


@pytest.mark.parametrize("time", STRANGE_TIMES)
def test_a_session_is_of_our_days(filled: tuple[TestClient, int], time: str) -> None:
    client, session = filled
    for answer in (
        client.post(SESSIONS, json={"began": time}),
        client.patch(f"{SESSIONS}/{session}", json={"ended": time}),
    ):
        assert answer.status_code == 422 and "the years 1970 to 2999" in answer.json()["detail"]
    assert len(client.get(SESSIONS).json()) == 1


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2999-12-31T23:58:59-00:01"])
def test_the_first_and_the_last_day_are_exported(client: TestClient, time: str) -> None:
    session = begin(client, began=time)
    client.post(f"{SESSIONS}/{session}/moments", json=[moment(10 * 24 * 3600)]).raise_for_status()
    (line,) = lines_of(client.get("/api/diary/export").text)
    assert datetime.fromisoformat(line["at"]) - datetime.fromisoformat(line["began"]) == timedelta(days=10)


def test_a_title_changes_and_the_end_stays(filled: tuple[TestClient, int]) -> None:
    client, session = filled
    client.patch(f"{SESSIONS}/{session}", json={"ended": "2026-03-01T19:00:00Z"})
    client.patch(f"{SESSIONS}/{session}", json={"title": "  Another  "})
    found = client.get(f"{SESSIONS}/{session}").json()
    assert (found["title"], found["ended"]) == ("Another", "2026-03-01T19:00:00Z")


def test_notes_are_added_and_deleted(filled: tuple[TestClient, int]) -> None:
    client, session = filled
    note = client.post(f"{SESSIONS}/{session}/notes", json={"text": "two"}).json()["id"]
    assert [one["text"] for one in client.get(f"{SESSIONS}/{session}").json()["notes"]][1:] == ["two"]
    assert client.delete(f"{SESSIONS}/{session}/notes/{note}").status_code == 204
    assert client.delete(f"{SESSIONS}/{session}/notes/{note}").status_code == 404
    assert len(client.get(f"{SESSIONS}/{session}").json()["notes"]) == 1


def test_the_table_has_a_line_for_each_moment_and_note(filled: tuple[TestClient, int]) -> None:
    client, session = filled
    answer = client.get("/api/diary/export?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="mien-diary-')
    lines = lines_of(answer.text)
    assert [(one["kind"], one["at"], one["person"], one["label"], one["sure"]) for one in lines[:3]] == [
        ("moment", "2026-03-01T18:30:00Z", "1", "happy", "1"),
        ("moment", "2026-03-01T18:30:01Z", "1", "sad", "0"),
        ("moment", "2026-03-01T18:30:02Z", "2", "happy", "1"),
    ]
    assert {one["title"] for one in lines} == {'Tea, with "Ana"'}
    assert {one["session"] for one in lines} == {str(session)}
    assert lines[3]["kind"] == "note"
    assert lines[3]["note"] == "'=1+1 is no formula\nof mine"  # which a spreadsheet would compute


def test_no_text_of_the_table_is_a_formula(client: TestClient) -> None:
    session = begin(client, title="=1+1")
    client.post(f"{SESSIONS}/{session}/moments", json=[moment(0, '=HYPERLINK("http://x/")')]).raise_for_status()
    (line,) = lines_of(client.get("/api/diary/export").text)
    assert (line["title"], line["label"]) == ("'=1+1", '\'=HYPERLINK("http://x/")')


def test_the_json_file_has_all_that_the_api_tells(filled: tuple[TestClient, int]) -> None:
    client, session = filled
    other = begin(client, began="2026-02-01T08:00:00Z")
    told = json.loads(client.get("/api/diary/export?format=json").text)
    one = [client.get(f"{SESSIONS}/{number}").json() for number in (other, session)]
    assert told["sessions"] == one  # oldest first
    told = json.loads(client.get(f"/api/diary/export?format=json&session={session}").text)
    assert told["sessions"] == one[1:]
    assert client.get(f"/api/diary/export?session={session + 100}").status_code == 404


def test_one_session_or_all_are_erased(filled: tuple[TestClient, int], tmp_path: Path) -> None:
    client, session = filled
    other = begin(client, title="the other one")
    (file,) = tmp_path.iterdir()
    assert b"Tea, with" in file.read_bytes()
    assert client.delete(f"{SESSIONS}/{session}").status_code == 204
    assert client.get(f"{SESSIONS}/{session}").status_code == 404
    assert b"Tea, with" not in file.read_bytes()
    assert [one["id"] for one in client.get(SESSIONS).json()] == [other]
    assert client.delete("/api/diary").status_code == 204
    assert client.get(SESSIONS).json() == []
    assert b"the other one" not in file.read_bytes()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "/999", {"title": "x"}),
        ("delete", "/999", None),
        ("post", "/999/moments", [moment(1)]),
        ("post", "/999/notes", {"text": "x"}),
        ("delete", "/999/notes/1", None),
    ],
)
def test_a_session_that_is_not_there_is_told(client: TestClient, method: str, path: str, body: Any) -> None:
    answer = client.request(method, SESSIONS + path, json=body)
    assert answer.status_code == 404
    assert "no session 999" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_s": -1}, {"time_s": 1e12}, {"person": 0}, {"label": ""}, {"label": "x" * 41}, {"sure": "perhaps"},
        {"valence": 2}, {"in_ten": 11}, {"picture": "data:image/png;base64,AAAA"},
    ],
)  # fmt: skip
def test_a_moment_is_checked(client: TestClient, wrong: dict[str, Any]) -> None:
    session = begin(client)
    answer = client.post(f"{SESSIONS}/{session}/moments", json=[moment(1), {**moment(2), **wrong}])
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"]
    assert client.get(f"{SESSIONS}/{session}").json()["people"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_no_number_is_none(client: TestClient, number: str) -> None:
    session = begin(client)
    body = json.dumps([moment(1)]).replace("0.25", number)
    answer = client.post(f"{SESSIONS}/{session}/moments", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_what_is_too_long_is_refused(client: TestClient) -> None:
    session = begin(client)
    assert client.post(SESSIONS, json={"title": "x" * 201}).status_code == 422
    assert client.post(f"{SESSIONS}/{session}/notes", json={"text": "x" * 5001}).status_code == 422
    assert client.post(f"{SESSIONS}/{session}/notes", json={"text": "   "}).status_code == 422
    assert client.post(f"{SESSIONS}/{session}/moments", json=[moment(n) for n in range(5001)]).status_code == 422
    for number in (2**70, 0, -1):
        assert client.get(f"{SESSIONS}/{number}").status_code == 422
        assert client.get(f"/api/diary/export?session={number}").status_code == 422


def test_a_broken_file_is_told_in_one_line(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "mien.sqlite3").write_bytes(b"this is no database" * 100)
    answer = client.get(SESSIONS)
    assert answer.status_code == 500
    assert "move it away" in answer.json()["detail"]
