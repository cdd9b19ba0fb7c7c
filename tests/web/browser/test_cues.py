"""Cues come only on a change that lasts, seldom, and never when silenced: by made readings, on faked devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Page

# The page's own modules with a bus of their own; `at(time, faces)` is one reading, `told` what was cued.
RIG = """async (settings) => {
  const [{ Cues }, { People }] = await Promise.all([import("/static/js/cues.js"), import("/static/js/who.js")]);
  const kept = new Map(Object.entries(settings));
  const bus = new EventTarget();
  const app = {
    bus, language: () => "en", t: (key, values = {}) => `${key} ${Object.values(values).join(" ")}`.trim(),
    settings: { get: (name, otherwise) => kept.get(name) ?? otherwise, set: (name, value) => kept.set(name, value) },
    emit: (name, detail = {}) => bus.dispatchEvent(new CustomEvent(name, { detail })),
  };
  window.told = [];
  window.steady = [];
  const voice = (voiceURI, localService) => ({ lang: "en-US", localService, voiceURI });
  const voices = [voice("far", false), voice("near", true)];
  Object.defineProperty(window, "speechSynthesis", { configurable: true, value: {
    getVoices: () => (settings.voices === false ? voices.slice(0, 1) : voices), cancel: () => told.push("cancel"),
    speak: ({ text, voice, rate }) => told.push(["speak", text, voice.voiceURI, rate]) } });
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  navigator.vibrate = (pattern) => told.push(["vibrate", pattern]);
  app.people = new People(app);
  app.cues = new Cues(app);
  app.cues.sound = (label) => told.push(["sound", label]);
  bus.addEventListener("steady", ({ detail }) => steady.push([detail.person, detail.label, detail.sure]));
  const face = (id, cm) =>
    ({ track_id: id, box: [0, 0, 9, 9], expression: {}, distance_cm: cm ? { value: cm } : null });
  const words = ([label, sure = true, distance = ""]) =>
    ({ label, sure, title: sure ? `looks ${label}` : "not sure", doubts: [], distance });
  window.at = (time, faces) => app.emit("reading", { message: {
    reading: { time_s: time, faces: Object.keys(faces).map((id) => face(Number(id), faces[id][3])) },
    words: Object.values(faces).map(words), outlines: Object.keys(faces).map(() => []) } });
  window.during = (from, to, faces) => { for (let time = from; time < to - 1e-9; time += 0.1) at(time, faces); };
  window.rig = app;
}"""
ALL = {"cues.speech": True, "cues.sound": True, "cues.vibration": True}
HAPPY, SAD = {"1": ["happy"]}, {"1": ["sad"]}


@pytest.fixture(scope="module")
def quiet_page(browser: Browser, server: LiveServer) -> Iterator[Page]:
    """A page that watches nothing; each test brings what it hears."""
    context, noises = new_context(browser, kept=WELCOMED), list[str]()
    page = context.new_page()
    listen(page, noises, server.url)
    page.goto(f"{server.url}/#about")
    yield page
    context.close()
    assert not noises


@pytest.fixture
def rig(quiet_page: Page) -> Callable[..., Page]:
    """Sets the page up anew for given settings."""

    def set_up(settings: dict[str, Any]) -> Page:
        quiet_page.evaluate(RIG, settings)
        return quiet_page

    return set_up


def during(page: Page, begin_s: float, end_s: float, faces: dict[str, list[Any]]) -> None:
    page.evaluate("([from, to, faces]) => during(from, to, faces)", [begin_s, end_s, faces])


def spoken(page: Page) -> list[str]:
    return [one[1] for one in page.evaluate("told") if one[0] == "speak"]


def test_nothing_is_told_until_it_is_switched_on(rig: Callable[..., Page]) -> None:
    page = rig({})
    during(page, 0, 5, HAPPY)
    during(page, 5, 20, SAD)
    assert page.evaluate("told") == []
    assert page.evaluate("steady") == [[1, "happy", True], [1, "sad", True]]


def test_who_comes_nearer_is_told_once(rig: Callable[..., Page]) -> None:
    page = rig({"cues.speech": True})
    for begin_s, distance, cm in [(0, "3 m", 300), (10, "2.5 m", 250), (20, "1 m", 100), (30, "1.5 m", 140)]:
        during(page, begin_s, begin_s + 10, {"1": ["happy", True, distance, cm]})
    during(page, 40, 50, HAPPY)  # no longer measured
    assert spoken(page) == ["distance.said looks happy 3 m", "1 m"]


def test_readings_may_be_rare(rig: Callable[..., Page]) -> None:
    page = rig({"cues.speech": True})
    for number in range(20):
        faces = HAPPY if number < 10 else SAD
        page.evaluate("([time, faces]) => at(time, faces)", [1.7 * number, faces])
    assert page.evaluate("steady") == [[1, "happy", True], [1, "sad", True]]
    assert spoken(page) == ["looks happy", "looks sad"]
    page.evaluate("([time, faces]) => at(time, faces)", [60.0, HAPPY])  # who knows what was in between
    page.evaluate("([time, faces]) => at(time, faces)", [60.5, HAPPY])
    assert spoken(page) == ["looks happy", "looks sad"]


# The announcer by a clock of the test's own: [[text, topic, after so many ms], ...]; what stood when.
HEARD = """async (said) => {
  const { Announcer } = await import("/static/js/announcer.js");
  const own = [performance.now, window.setTimeout, window.clearTimeout];
  let [now, due] = [0, null];
  performance.now = () => now;
  window.setTimeout = (task, ms) => { due = { task, at: now + ms }; };
  window.clearTimeout = () => { due = null; };
  const heard = [];
  const root = { set textContent(text) { heard.push([now, text]); } };
  const announcer = new Announcer(root);
  const until = (end) => {
    while (due && due.at <= end) { const { task, at } = due; [due, now] = [null, at]; task(); }
    now = end;
  };
  for (const [text, topic, after] of said) { until(now + after); announcer.say(text, topic); }
  until(now + 60000);
  [performance.now, window.setTimeout, window.clearTimeout] = own;
  return heard;
}"""


def test_announcements_wait_for_each_other_and_the_newest_of_a_person_is_said(quiet_page: Page) -> None:
    said = [["Saved", None, 0], ["1 happy", "1", 100], ["2 happy", "2", 0], ["1 sad", "1", 0], ["1 angry", "1", 3000],
            ["Muted", None, 10]]  # fmt: skip
    assert quiet_page.evaluate(HEARD, said) == [
        [0, "Saved"], [700, "2 happy"], [1400, "1 sad"], [3110, "Muted"], [5400, "1 angry"],
    ]  # fmt: skip


def test_how_far_away_a_face_is_is_said_after_its_word(rig: Callable[..., Page]) -> None:
    page = rig({"cues.speech": True})
    during(page, 0, 3, {"1": ["happy", True, "about 60 cm away"]})
    assert spoken(page) == ["distance.said looks happy about 60 cm away"]


def test_a_distance_at_the_border_of_two_words_does_not_flicker(rig: Callable[..., Page]) -> None:
    page = rig({})
    shown = []
    for step in range(40):
        distance = "near" if step % 2 or step < 5 else "far"
        distance = "far" if step >= 20 else distance
        page.evaluate("([time, faces]) => at(time, faces)", [step / 10, {"1": ["happy", True, distance]}])
        shown.append(page.evaluate("rig.people.list()[0].distance"))
    assert shown == ["near"] * 26 + ["far"] * 14  # six tenths of a second after it moved
    page.evaluate("([time, faces]) => at(time, faces)", [4.0, {"1": ["happy", True, ""]}])
    assert page.evaluate("rig.people.list()[0].distance") == ""  # switched off


def test_a_change_that_lasts_is_told_in_every_way(rig: Callable[..., Page]) -> None:
    page = rig({**ALL, "cues.rate": 0.8})
    during(page, 0, 3, HAPPY)
    told = [one for one in page.evaluate("told") if one != "cancel"]
    assert told[0] == ["speak", "looks happy", "near", 0.8]  # with the machine's own voice, not the first one
    assert told[1] == ["sound", "happy"]
    assert told[2][0] == "vibrate"
    assert len(told) == 3  # once, however long it lasts


def test_a_change_that_does_not_last_is_not_told(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    during(page, 0, 6, HAPPY)
    during(page, 6, 6.5, SAD)
    during(page, 6.5, 20, HAPPY)
    assert spoken(page) == ["looks happy"]


def test_at_most_one_cue_in_some_seconds_and_then_the_newest(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    during(page, 0, 1.5, HAPPY)  # told at 0.8
    during(page, 1.5, 3, SAD)  # steady at 2.3, waits
    during(page, 3, 4.5, {"1": ["angry"]})  # steady at 3.8: takes its place
    assert spoken(page) == ["looks happy"]
    during(page, 4.5, 6, {"1": ["angry"]})
    assert spoken(page) == ["looks happy", "looks angry"]


def test_what_is_not_sure_is_not_told(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    during(page, 0, 5, {"1": ["happy", False]})
    assert spoken(page) == []
    assert page.evaluate("steady") == [[1, "happy", False]]


def test_doubt_is_shown_once_it_lasts_and_word_follows_word(rig: Callable[..., Page]) -> None:
    page = rig({})
    shown = "rig.people.all.get(1).words.title"
    during(page, 0, 3, HAPPY)
    during(page, 3, 3.5, {"1": ["happy", False]})  # a blink
    assert page.evaluate(shown) == "looks happy"
    during(page, 3.5, 5, HAPPY)
    during(page, 5, 5.5, {"1": ["happy", False]})  # while another word takes over
    during(page, 5.5, 5.6, SAD)
    assert page.evaluate(shown) == "looks sad"
    during(page, 5.6, 6.5, {"1": ["sad", False]})
    assert page.evaluate(shown) == "not sure"
    during(page, 6.5, 6.9, SAD)
    assert page.evaluate(shown) == "not sure"
    during(page, 6.9, 7.3, SAD)
    assert page.evaluate(shown) == "looks sad"
    during(page, 9, 9.1, {"1": ["sad", False]})  # after a break what came before says nothing
    assert page.evaluate(shown) == "not sure"


def test_people_are_told_apart(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    during(page, 0, 3, {"1": ["happy"], "2": ["sad"]})
    during(page, 3, 6, {"1": ["happy"], "2": ["sad"]})
    assert spoken(page) == ["watch.person_says 1 looks happy", "watch.person_says 2 looks sad"]


def test_who_has_left_is_not_told(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    during(page, 0, 2, {"1": ["happy"], "2": ["sad"]})  # the second waits
    during(page, 2, 8, HAPPY)
    assert spoken(page) == ["watch.person_says 1 looks happy"]


def test_mute_silences_at_once_and_what_waited_is_forgotten(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    during(page, 0, 1.5, HAPPY)
    during(page, 1.5, 3, SAD)
    page.evaluate("told.length = 0; rig.cues.mute(true)")
    assert page.evaluate("told") == ["cancel", ["vibrate", 0]]
    during(page, 3, 12, SAD)
    during(page, 12, 20, HAPPY)
    assert spoken(page) == []
    page.evaluate("rig.cues.mute(false)")
    during(page, 20, 24, SAD)
    assert spoken(page) == ["looks sad"]


def test_without_a_voice_of_the_machine_nothing_is_spoken(rig: Callable[..., Page]) -> None:
    page = rig({**ALL, "voices": False})
    during(page, 0, 5, HAPPY)
    assert spoken(page) == []
    assert ["sound", "happy"] in page.evaluate("told")


def test_practice_is_not_disturbed(rig: Callable[..., Page]) -> None:
    page = rig(ALL)
    page.evaluate("rig.isPractising = true; null")
    during(page, 0, 5, HAPPY)
    assert page.evaluate("told") == []


def test_a_place_stays_free_for_some_seconds(rig: Callable[..., Page]) -> None:
    page = rig({})
    state = "rig.people.list().map(({ number, isHere }) => [number, isHere])"
    during(page, 0, 1, {"1": ["happy"], "2": ["sad"]})
    during(page, 1, 5, {"2": ["sad"]})
    assert page.evaluate(state) == [[1, False], [2, True]]
    during(page, 5, 8, {"2": ["sad"]})
    assert page.evaluate(state) == [[2, True]]


def test_steadiness_is_the_share_of_three_seconds(rig: Callable[..., Page]) -> None:
    page = rig({})
    steadiness = "rig.people.all.get(1).steadiness()"
    during(page, 0, 2, HAPPY)
    assert page.evaluate(steadiness) is None  # too early to say
    during(page, 2, 6, HAPPY)
    assert page.evaluate(steadiness) == pytest.approx(1, abs=0.01)
    during(page, 6, 7.5, SAD)
    assert page.evaluate(steadiness) == pytest.approx(0.5, abs=0.08)


def test_the_last_minute_is_kept_and_no_more(rig: Callable[..., Page]) -> None:
    page = rig({})
    during(page, 0, 50, HAPPY)
    during(page, 50, 90, SAD)
    totals = dict(page.evaluate("rig.people.all.get(1).totals()"))
    assert totals["sad"] == pytest.approx(40, abs=0.3)
    assert totals["happy"] == pytest.approx(20, abs=0.3)


def test_sounds_and_vibrations_differ_by_expression(quiet_page: Page) -> None:
    notes, patterns, labels = quiet_page.evaluate(
        "Promise.all([import('/static/js/cues.js'), import('/static/js/faces.js')])"
        ".then(([cues, faces]) => [cues.NOTES, cues.VIBRATIONS, faces.LABELS])"
    )
    for table in (notes, patterns):
        assert set(table) == {*labels, "positive", "negative"}
        assert len({tuple(table[label]) for label in labels}) == len(labels)
        assert len({tuple(table[label]) for label in ("positive", "neutral", "negative")}) == 3
