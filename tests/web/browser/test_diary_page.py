"""The diary on the page: what it writes, eight weeks of it, one session, notes, export, deletion."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Page, expect

SESSIONS = "/api/diary/sessions"
LABELS = ("neutral", "happy", "surprise", "sad")
PHONE = {"width": 320, "height": 640}

# A recorder of the page, fed by hand: `readings` are [time, [[track, label, sure] per face]], or the name of a state of
# the connection.
RECORD = """async ({ isOn, source, isPractising, readings }) => {
  const { DiaryRecorder } = await import('/static/js/diary-recorder.js');
  const bus = new EventTarget();
  const emit = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));
  const app = { bus, emit, isPractising, capture: { source }, settings: { get: () => isOn, set() {} } };
  const recorder = new DiaryRecorder(app);
  for (const one of readings) {
    if (typeof one === "string") {
      emit('connection', { state: one });
      continue;
    }
    const [time_s, faces] = one;
    const words = faces.map(([, label, sure]) => ({ label, sure, in_ten: 7 }));
    const found = faces.map(([track_id]) => ({ track_id, expression: { valence: 0.5 } }));
    emit('reading', { message: { reading: { time_s, faces: found }, words } });
  }
  await recorder.end();
  return recorder.problem;
}"""

STRETCHES = "async (moments) => (await import('/static/js/diary-chart.js')).stretches(moments)"
WEEKS = """async (now) => {
  const { lastWeeks, weekOf } = await import('/static/js/weeks.js');
  const weeks = lastWeeks(new Date(now));
  const days = Array.from({ length: 60 }, (_, day) => {
    const time = new Date(now);
    time.setDate(time.getDate() - day);
    return [time.getDay(), weekOf(time, weeks)];
  });
  return { mondays: weeks.map((week) => [week.getDay(), week.getHours()]), days };
}"""


@pytest.fixture
def api(server: LiveServer) -> Iterator[httpx.Client]:
    """The server, whose diary is empty before and after."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        client.delete("/api/diary").raise_for_status()
        yield client
        client.delete("/api/diary").raise_for_status()


def moment(time_s: float, label: str, *, person: int = 1, sure: bool = True) -> dict[str, Any]:
    return {"time_s": time_s, "person": person, "label": label, "sure": sure, "valence": 0.0, "in_ten": 7}


def fill(api: httpx.Client, *, began: datetime, title: str = "", moments: list[dict[str, Any]]) -> int:
    session = int(api.post(SESSIONS, json={"began": began.isoformat(), "title": title}).json()["id"])
    api.post(f"{SESSIONS}/{session}/moments", json=moments).raise_for_status()
    return session


def eight_weeks(api: httpx.Client) -> list[Counter[str]]:
    """A session in each of eight weeks, newest first; gives how often every label was read."""
    counts = []
    for week in range(8):
        labels = [LABELS[(second * (week + 1)) % 7 % 4] for second in range(40 + week)]
        began = datetime.now(UTC) - timedelta(weeks=week)
        moments = [moment(second, label) for second, label in enumerate(labels)]
        moments += [moment(second, "sad", person=2, sure=False) for second in range(5)]
        session = fill(api, began=began, title=f"Week {week}", moments=moments)
        api.post(f"{SESSIONS}/{session}/notes", json={"text": f"note {week}"})
        counts.append(Counter(labels) + Counter({"not sure": 5}))
    return counts


def test_off_it_writes_nothing_and_looking_makes_no_file(
    browser: Browser, start_server: Callable[..., LiveServer], tmp_path: Path, noises: list[str]
) -> None:
    server = start_server(data_folder=tmp_path / "kept")
    context = new_context(browser, kept=WELCOMED)
    page = context.new_page()
    listen(page, noises, server.url)
    page.goto(f"{server.url}/#diary")
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    assert not (tmp_path / "kept").exists()
    context.close()
    assert not noises


def test_it_is_switched_on_and_stays_on(page: Page, open_view: Callable[[Page, str], None], api: httpx.Client) -> None:
    open_view(page, "diary")
    switch = page.get_by_role("switch", name="Keep a diary")
    expect(page.get_by_text("Off: nothing is written.")).to_be_visible()
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(page.get_by_text("On: it will write")).to_be_visible()
    page.reload()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")


def test_at_most_one_moment_a_second_for_each_person(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client
) -> None:
    open_view(page, "diary")
    readings = [[100 + tick / 10, [[41, "happy", True], [7, "sad", tick % 2 == 0]]] for tick in range(65)]
    assert page.evaluate(RECORD, {"isOn": True, "source": "camera", "readings": readings}) == ""
    (listed,) = api.get(SESSIONS).json()
    kept = api.get(f"{SESSIONS}/{listed['id']}").json()
    assert kept["ended"] is not None
    assert [person["number"] for person in kept["people"]] == [1, 2]
    for person, label in zip(kept["people"], ("happy", "sad"), strict=True):
        assert [one["time_s"] for one in person["moments"]] == [0, 1, 2, 3, 4, 5, 6]
        assert {one["label"] for one in person["moments"]} == {label}
        assert {one["in_ten"] for one in person["moments"]} == {7}


def test_after_a_new_connection_nobody_is_taken_for_somebody_from_before(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client
) -> None:
    open_view(page, "diary")
    before = [[1, [[1, "happy", True], [2, "neutral", True]]], [2, [[1, "happy", True], [2, "neutral", True]]]]
    readings = [*before, "again", "open", [60, [[1, "sad", True]]], [61, [[1, "sad", True], [2, "angry", True]]]]
    assert page.evaluate(RECORD, {"isOn": True, "source": "camera", "readings": readings}) == ""
    (listed,) = api.get(SESSIONS).json()
    people = api.get(f"{SESSIONS}/{listed['id']}").json()["people"]
    told = {one["number"]: [moment["label"] for moment in one["moments"]] for one in people}
    assert told == {1: ["happy", "happy"], 2: ["neutral", "neutral"], 3: ["sad", "sad"], 4: ["angry"]}


@pytest.mark.parametrize(
    "state",
    [
        {"isOn": False, "source": "camera"},
        {"isOn": True, "source": "demo"},
        {"isOn": True, "source": None},
        {"isOn": True, "source": "camera", "isPractising": True},
    ],
)
def test_what_is_nobodys_day_is_not_written(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client, state: dict[str, Any]
) -> None:
    open_view(page, "diary")
    page.evaluate(RECORD, {**state, "readings": [[second, [[1, "happy", True]]] for second in range(20)]})
    assert api.get(SESSIONS).json() == []


def test_frames_without_faces_begin_no_session(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client
) -> None:
    open_view(page, "diary")
    page.evaluate(RECORD, {"isOn": True, "source": "screen", "readings": [[second, []] for second in range(20)]})
    assert api.get(SESSIONS).json() == []


def test_eight_weeks_at_a_glance(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client, barriers: Callable[[Page], list[str]]
) -> None:
    counts = eight_weeks(api)[::-1]
    open_view(page, "diary")
    rows = page.locator(".weeks tbody tr")
    expect(rows).to_have_count(5)
    for index, label in enumerate((*LABELS, "not sure")):
        said = [one.split("%")[0].strip() for one in rows.nth(index).locator("td").all_inner_texts()]
        assert [int(one) for one in said] == [round(100 * week[label] / week.total() + 1e-9) for week in counts]
    expect(page.locator(".session-item")).to_have_count(8)
    expect(page.locator(".session-item").first).to_contain_text("Week 0")
    assert barriers(page) == []


def test_one_session_over_time(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client, barriers: Callable[[Page], list[str]]
) -> None:
    moments = [moment(second, "happy" if second < 10 else "sad", sure=second != 12) for second in range(20)]
    fill(api, began=datetime.now(UTC), title="Tea", moments=[*moments, moment(3, "angry", person=2)])
    open_view(page, "diary")
    page.get_by_role("button", name="Tea").click()
    expect(page.get_by_role("heading", name="Person 1")).to_be_visible()
    expect(page.get_by_role("heading", name="Person 2")).to_be_visible()
    first = page.locator(".person").first
    expect(first.get_by_role("img")).to_have_count(1)
    assert first.locator(".lane-word").all_inner_texts() == ["happy", "sad"]
    assert first.locator(".track").first.evaluate("track => track.getBoundingClientRect().width") > 600
    first.get_by_text("As a table").click()
    assert [row.split("\t") for row in first.locator("tbody tr").all_inner_texts()] == [
        ["0:00", "0:10", "happy", "7"],
        ["0:10", "0:12", "sad", "7"],
        ["0:12", "0:13", "not sure", ""],
        ["0:13", "0:20", "sad", "7"],
    ]
    assert barriers(page) == []


def test_title_and_notes_are_kept(page: Page, open_view: Callable[[Page, str], None], api: httpx.Client) -> None:
    session = fill(api, began=datetime.now(UTC), moments=[moment(1, "happy")])
    open_view(page, "diary")
    page.locator(".session-item").click()
    page.get_by_label("Title").fill("With <b>Ana</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Title").press("End")
    page.keyboard.type("?")  # which is not saved
    expect(page.get_by_text("Saved.")).to_have_count(0)
    page.get_by_label("A new note").fill("She <i>laughed</i>")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".note-text")).to_have_text("She <i>laughed</i>")  # a text, not markup
    kept = api.get(f"{SESSIONS}/{session}").json()
    assert (kept["title"], kept["notes"][0]["text"]) == ("With <b>Ana</b>", "She <i>laughed</i>")
    delete = page.get_by_role("button", name="Delete this note")
    delete.click()
    page.get_by_role("dialog", name="Delete this note?").get_by_role("button", name="Keep").click()
    expect(delete).to_be_focused()
    assert len(api.get(f"{SESSIONS}/{session}").json()["notes"]) == 1
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".note-text")).to_have_count(0)
    expect(page.locator("#announcer")).to_have_text("Deleted.")
    expect(page.get_by_label("A new note")).to_be_focused()
    assert api.get(f"{SESSIONS}/{session}").json()["notes"] == []
    page.get_by_role("button", name="All sessions").click()
    expect(page.get_by_role("button", name="With <b>Ana</b>")).to_be_focused()


def test_what_could_not_be_saved_is_not_called_saved(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client, noises: list[str]
) -> None:
    fill(api, began=datetime.now(UTC), moments=[moment(1, "happy")])
    open_view(page, "diary")
    page.locator(".session-item").click()
    save = page.get_by_role("button", name="Save")
    save.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.route(f"**{SESSIONS}/*", lambda route: route.fulfill(status=500, json={"detail": "the disk is full"}))
    save.click()
    expect(page.get_by_role("alert")).to_have_text("This could not be saved: the disk is full")
    expect(page.get_by_text("Saved.")).to_have_count(0)
    page.unroute(f"**{SESSIONS}/*")
    save.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    noises.clear()  # a refused request is logged by the browser


def test_export_saves_what_the_diary_holds(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client
) -> None:
    fill(api, began=datetime.now(UTC), title="Tea", moments=[moment(n, "happy") for n in range(3)])
    open_view(page, "diary")
    saved = {}
    for format in ("CSV", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Export as {format}").click()
        assert download.value.suggested_filename.endswith(f".{format.lower()}")
        saved[format] = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert [one["label"] for one in csv.DictReader(io.StringIO(saved["CSV"]))] == ["happy"] * 3
    assert json.loads(saved["JSON"])["sessions"][0]["title"] == "Tea"


def test_one_session_or_everything_is_deleted_after_a_question(
    page: Page, open_view: Callable[[Page, str], None], api: httpx.Client, barriers: Callable[[Page], list[str]]
) -> None:
    for title in ("one", "two", "three"):
        fill(api, began=datetime.now(UTC), title=title, moments=[moment(1, "happy")])
    open_view(page, "diary")
    page.get_by_role("button", name="two").click()
    page.get_by_role("button", name="Delete this session").click()
    dialog = page.get_by_role("dialog", name="Delete this session?")
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert len(api.get(SESSIONS).json()) == 3
    page.get_by_role("button", name="Delete this session").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".session-item")).to_have_count(2)
    expect(page.locator("#announcer")).to_have_text("Deleted.")
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    assert api.get(SESSIONS).json() == []


def test_a_broken_file_is_said_on_the_page(
    browser: Browser, start_server: Callable[..., LiveServer], tmp_path: Path, barriers: Callable[[Page], list[str]]
) -> None:
    (tmp_path / "mien.sqlite3").write_bytes(b"this is no database" * 100)
    server = start_server(data_folder=tmp_path)
    context = new_context(browser, kept=WELCOMED)
    page = context.new_page()
    page.goto(f"{server.url}/#diary")
    expect(page.get_by_role("alert")).to_contain_text("move it away")
    assert barriers(page) == []
    context.close()


def test_it_fits_a_small_screen(browser: Browser, server: LiveServer, api: httpx.Client, noises: list[str]) -> None:
    eight_weeks(api)
    context = new_context(browser, kept=WELCOMED, viewport=PHONE)
    page = context.new_page()
    listen(page, noises, server.url)
    page.goto(f"{server.url}/#diary")
    expect(page.locator(".session-item")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    expect(page.locator(".weeks thead th").last).to_be_in_viewport()  # this week is what one sees first
    page.locator(".session-item").first.click()
    expect(page.get_by_role("heading", name="Person 1")).to_be_visible()
    assert page.locator(".track").first.evaluate("track => track.getBoundingClientRect().width") > PHONE["width"] / 2
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    context.close()
    assert not noises


def test_stretches_say_the_same_as_the_moments(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "diary")
    moments = [moment(float(t), LABELS[t * t % 11 % 3], sure=t % 5 > 0) for t in range(60) if not 20 < t < 30]
    found = page.evaluate(STRETCHES, moments)
    for one in moments:  # each moment lies in exactly one stretch, that of its own word
        (within,) = [part for part in found if part["from"] <= one["time_s"] < part["until"]]
        assert (within["label"], within["sure"]) == (one["label"], one["sure"])
    assert not [part for part in found if part["from"] < 25 < part["until"]]  # nobody was seen then
    assert all(a["until"] <= b["from"] for a, b in itertools.pairwise(found))


def test_weeks_begin_on_monday_and_go_by_the_calendar(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "diary")
    for now in ("2026-03-29T12:00:00", "2026-11-01T23:59:00", "2026-01-01T00:00:00"):
        told = page.evaluate(WEEKS, now)
        assert told["mondays"] == [[1, 0]] * 8
        week = 7
        for day, found in told["days"]:
            assert found == max(week, -1)
            if day == 1:  # the day before a Monday lies in the week before
                week -= 1


def test_it_writes_what_the_camera_sees(page: Page, open_view: Callable[[Page, str], None], api: httpx.Client) -> None:
    open_view(page, "diary")
    page.get_by_role("switch").click()
    page.get_by_role("link", name="Watch").click()
    page.locator("#view-watch").get_by_role("button", name="The people in front of you").click()
    expect(page.locator("#view-watch").get_by_text("happy").first).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Diary").click()
    expect(page.get_by_text("On, and writing now.")).to_be_visible()
    page.get_by_role("switch").click()
    expect(page.locator(".session-item")).to_contain_text("mostly happy")
    (kept,) = api.get(SESSIONS).json()
    assert (kept["people"], set(kept["labels"]) - {"not sure"}) == (1, {"happy"})
