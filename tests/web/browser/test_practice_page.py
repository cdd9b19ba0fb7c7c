"""Practice on the page: a whole round of each game, what it keeps, and what it says where something is missing."""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from conftest import ROOT, WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Locator, Page, Route, expect
from watching import more_readings, start, tool, until

sys.path.append(str(ROOT / "tests"))  # where drawn faces are made
from face_sets import drawn_faces, write_csv

PROGRESS = "/api/practice/progress"
QUESTIONS, ASKED = 8, 4
WINDOW_S = 1.5
CLIP_S = 4

SCORE = "async ([changes, presses]) => (await import('/static/js/practice-changes.js')).score(changes, presses)"
CHANGES = "async (sure) => (await import('/static/js/practice-changes.js')).changesOf(sure)"
# Waits until a clip has played for a moment (the page's policy forbids to wait by an expression).
PLAYED = """(clip) => new Promise((done) => {
  const look = () => (clip.currentTime > 0.3 ? done() : requestAnimationFrame(look));
  look();
})"""
# The browser asks until the test answers: allow() or deny().
ASKING = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) => new Promise((give, refuse) => {
    window.allow = async () => give((window.stream = await open(wanted)));
    window.deny = async () => refuse(new DOMException("", "NotAllowedError"));
  });
}"""
HELD = """async (readings) => {
  const { Held } = await import('/static/js/practice-show.js');
  const held = new Held('happy');
  return readings.map(([time, share]) => held.take(time, share === null ? null : { happy: share }).isThere);
}"""


@pytest.fixture(scope="module")
def with_faces(start_server: Callable[..., LiveServer], tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A server that has drawn faces with votes."""
    data, votes = write_csv(tmp_path_factory.mktemp("faces"), drawn_faces(300))
    return start_server(faces=data, votes=votes)


@pytest.fixture
def open_page(browser: Browser, noises: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens practice on a server; the page must make no noise."""
    contexts = []

    def start(server: LiveServer, **options: Any) -> Page:
        contexts.append(new_context(browser, **{"kept": WELCOMED, **options}))
        page = contexts[-1].new_page()
        listen(page, noises, server.url)
        httpx.delete(f"{server.url}{PROGRESS}").raise_for_status()
        page.goto(f"{server.url}/#practice")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not noises


def rounds(server: LiveServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{server.url}{PROGRESS}").json()
    return found


def play(page: Page, game: str) -> None:
    page.get_by_role("button", name=f"Play: {game}").click()


def test_a_round_of_guess(
    with_faces: LiveServer, open_page: Callable[..., Page], barriers: Callable[[Page], list[str]]
) -> None:
    page = open_page(with_faces)
    play(page, "Guess")
    page.get_by_label("Less clear").check()
    page.get_by_label("4", exact=True).check()
    assert barriers(page) == []
    page.get_by_role("button", name="Start").click()
    right = 0
    for number in range(1, QUESTIONS + 1):
        expect(page.get_by_text(f"{number} of 8")).to_be_visible()
        expect(page.locator(".word")).to_have_count(4)
        assert page.locator(".face img").evaluate("image => image.decode().then(() => image.naturalWidth)") >= 320
        with page.expect_response("**/api/practice/answer") as answer:
            page.locator(".word").nth(number % 4).click()
        told = answer.value.json()
        right += told["right"]
        count, word = next(iter(told["people"].values())), page.locator(".word.right").inner_text().strip()
        expect(page.locator(".told")).to_contain_text(f"{count} of 10 people said {word}.")
        expect(page.locator(".people svg")).to_have_count(10)
        expect(page.locator(".told")).to_contain_text("What to look for")
        if number == 1:
            assert barriers(page) == []
        button = page.get_by_role("button", name="Next" if number < QUESTIONS else "See the round")
        expect(button).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The round is over")).to_be_focused()
    expect(page.get_by_text(f"You chose as most people did for {right} of 8 faces.")).to_be_visible()
    assert barriers(page) == []
    (kept,) = rounds(with_faces)
    assert (kept["game"], kept["level"]) == ("guess", "medium")
    assert sum(one["asked"] for one in kept["labels"].values()) == QUESTIONS
    assert sum(one["right"] for one in kept["labels"].values()) == right


def test_a_round_by_keyboard_alone(with_faces: LiveServer, open_page: Callable[..., Page]) -> None:
    page = open_page(with_faces)
    page.get_by_role("button", name="Play: Guess").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Guess")).to_be_focused()
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    for _ in range(QUESTIONS):
        expect(page.get_by_role("heading", name="How does this person look?")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.locator(".told p").first).to_be_visible()
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The round is over")).to_be_focused()


def test_without_faces_guess_says_so_and_the_others_can_be_played(
    server: LiveServer, open_page: Callable[..., Page], barriers: Callable[[Page], list[str]]
) -> None:
    page = open_page(server)
    expect(page.get_by_text("Guess needs faces with people's answers.")).to_be_visible()
    assert page.locator(".game button").all_inner_texts() == ["Play", "Play"]
    assert barriers(page) == []


def test_faces_that_are_being_read_are_waited_for(
    browser: Browser, with_faces: LiveServer, noises: list[str], barriers: Callable[[Page], list[str]]
) -> None:
    part: list[float] = [0.25]

    def loading(route: Route) -> None:
        told = route.fetch().json()
        if part:
            told["guess"] = {"state": "loading", "reason": "", "done": part[0]}
        route.fulfill(json=told)

    context = new_context(browser, kept=WELCOMED)
    page = context.new_page()
    listen(page, noises, with_faces.url)
    page.route("**/api/practice", loading)
    page.goto(f"{with_faces.url}/#practice")
    expect(page.get_by_text("Getting the faces ready: 25 %")).to_be_visible()
    assert page.locator(".game [role=status]").count() == 0  # the bar tells it, when it is asked
    assert barriers(page) == []
    part[0] = 0.5
    expect(page.get_by_text("Getting the faces ready: 50 %")).to_be_visible()
    part.clear()
    expect(page.get_by_role("button", name="Play: Guess")).to_be_visible()
    context.close()
    assert not noises


def test_show_me_sees_a_smile(
    server: LiveServer, open_page: Callable[..., Page], barriers: Callable[[Page], list[str]]
) -> None:
    page = open_page(
        server, kept=WELCOMED | {"tone": True}
    )  # which is not for practice: it asks for one of eight words
    play(page, "Show me")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("heading", name="Show: happy")).to_be_visible()
    expect(page.get_by_text("There it is: happy.")).to_be_visible(timeout=60_000)  # the camera shows a smiling face
    assert barriers(page) == []
    page.get_by_role("button", name="Next").click()
    for number in range(2, ASKED + 1):
        expect(page.get_by_text(f"{number} of 4")).to_be_visible()
        page.get_by_role("button", name="Skip").click()
        expect(page.get_by_text("Skipped.")).to_be_visible()
        if number < ASKED:
            page.get_by_role("button", name="Next").click()
    page.evaluate("document.querySelector('.face video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    page.get_by_role("button", name="See the round").dblclick()  # once is meant, and no camera is needed for it
    expect(page.get_by_text("Mien saw 1 of 4 expressions.")).to_be_visible()
    (kept,) = rounds(server)
    assert kept["game"] == "show"
    assert kept["labels"]["happy"] == {"asked": 1, "right": 1}
    assert len(kept["labels"]) == ASKED


def test_show_me_without_a_camera_says_so(
    launch: Callable[..., Browser], server: LiveServer, barriers: Callable[[Page], list[str]]
) -> None:
    context = new_context(launch(None), kept=WELCOMED)
    page = context.new_page()
    page.goto(f"{server.url}/#practice")
    play(page, "Show me")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("alert")).to_contain_text("The other games work without it.")
    expect(page.get_by_role("button", name="Start the camera")).to_be_focused()
    assert barriers(page) == []
    context.close()


@pytest.mark.parametrize(
    ("answer", "is_over"),
    [("allow", "stream.getTracks().every((one) => one.readyState === 'ended')"), ("deny", "true")],
)
def test_show_me_that_was_left_starts_no_camera(
    server: LiveServer, open_page: Callable[..., Page], answer: str, is_over: str
) -> None:
    page = open_page(server)
    page.evaluate(ASKING)
    play(page, "Show me")
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("button", name="All games").click()
    expect(page.get_by_role("button", name="Play: Show me")).to_be_focused()
    page.evaluate(f"{answer}()")
    until(page, is_over)
    page.evaluate("new Promise((done) => setTimeout(done))")  # what follows from the answer has happened
    expect(page.get_by_role("button", name="Play: Show me")).to_be_focused()


def test_show_me_reads_though_reading_was_paused(server: LiveServer, open_page: Callable[..., Page]) -> None:
    page = open_page(server)
    page.get_by_role("link", name="Watch").click()
    start(page)
    tool(page, "reading").click()
    expect(page.locator(".stage-note")).to_be_visible()
    page.get_by_role("link", name="Practice").click()
    play(page, "Show me")
    more_readings(page)
    page.get_by_role("link", name="Watch").click()
    expect(page.locator(".stage-note")).to_be_visible()  # the pause is as it was left


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few seconds that Chromium can play (VP8)."""
    path = tmp_path_factory.mktemp("clip") / "clip.webm"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(CLIP_S * 10):
            image = np.full((48, 64, 3), number * 5, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode())
    return path


def read_as(parts: list[tuple[float, str]]) -> str:
    """What the server answers for a clip in which a face shows one expression after another: [(until, label)]."""
    lines, time_s = [], 0.0
    for end_s, label in parts:
        while time_s < end_s:
            face = {"box": [10, 10, 30, 30], "track_id": 1, "expression": None}
            reading = {"time_s": time_s, "width": 64, "height": 48, "faces": [face]}
            lines.append(json.dumps({"reading": reading, "words": [{"label": label, "sure": True}]}))
            time_s = round(time_s + 0.1, 1)
    return "\n".join(lines) + "\n"


def test_a_round_of_spot_the_change(
    server: LiveServer, open_page: Callable[..., Page], clip: Path, barriers: Callable[[Page], list[str]]
) -> None:
    page = open_page(server)
    body = read_as([(0.8, "neutral"), (1.6, "happy"), (CLIP_S, "sad")])
    page.route("**/api/read*", lambda route: route.fulfill(body=body, content_type="application/x-ndjson"))
    play(page, "Spot the change")
    assert page.locator(".practice button").all_inner_texts() == ["All games"]  # in the demo clip nothing changes
    assert barriers(page) == []
    page.get_by_label("Choose a clip").set_input_files(clip)
    button = page.get_by_role("button", name="Play the clip")
    expect(button).to_be_focused()
    assert barriers(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="It changed")).to_be_visible()
    page.locator("video.clip").evaluate(PLAYED)
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="The round is over")).to_be_focused(timeout=60_000)
    expect(page.get_by_text("You caught 1 of 2 changes.")).to_be_visible()
    expect(page.get_by_text("Caught At 0:00: from neutral to happy")).to_be_visible()
    expect(page.get_by_text("Passed by At 0:01: from happy to sad")).to_be_visible()
    assert barriers(page) == []
    (kept,) = rounds(server)
    assert kept["labels"] == {"happy": {"asked": 1, "right": 1}, "sad": {"asked": 1, "right": 0}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"body": read_as([(3, "happy")]), "content_type": "application/x-ndjson"}, "no expression changed"),
        ({"json": {"reading": {}, "words": []}}, "This is a picture."),
        ({"json": {"detail": "cannot decode it"}, "status": 422}, "could not be read: cannot decode it"),
        ({"body": '{"detail": "broke off"}\n', "content_type": "application/x-ndjson"}, "broke off"),
    ],
)
def test_a_clip_that_cannot_be_played_with_says_why(
    server: LiveServer, open_page: Callable[..., Page], clip: Path, noises: list[str], answer: Any, said: str
) -> None:
    page = open_page(server)
    page.route("**/api/read*", lambda route: route.fulfill(**answer))
    play(page, "Spot the change")
    page.get_by_label("Choose a clip").set_input_files(clip)
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_text("Choose a clip", exact=True)).to_be_visible()
    noises.clear()  # a refused request is logged by the browser


def test_how_far_a_clip_is_read_is_said_once(server: LiveServer, open_page: Callable[..., Page], clip: Path) -> None:
    page = open_page(server)
    page.route("**/api/read*", lambda route: None)  # no answer comes
    play(page, "Spot the change")
    page.get_by_label("Choose a clip").set_input_files(clip)
    expect(page.locator("#announcer")).to_have_text("Reading the clip: 0:00 so far")
    expect(page.locator(".practice").get_by_text("Reading the clip: 0:00 so far")).to_be_visible()
    assert page.locator(".practice [role=status]").count() == 0


def test_the_choice_of_a_clip_shows_the_focus(server: LiveServer, open_page: Callable[..., Page]) -> None:
    page = open_page(server)
    play(page, "Spot the change")
    expect(page.get_by_role("heading", name="Spot the change")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#spot-file")).to_be_focused()
    expect(page.locator("label[for=spot-file]")).to_have_css("outline-style", "solid")


def test_a_clip_is_read_by_the_server_itself(server: LiveServer, open_page: Callable[..., Page], clip: Path) -> None:
    page = open_page(server)
    play(page, "Spot the change")
    page.get_by_label("Choose a clip").set_input_files(clip)  # in which nobody is
    expect(page.get_by_role("alert")).to_contain_text("no expression changed")


def test_a_round_in_another_view_is_left(server: LiveServer, open_page: Callable[..., Page]) -> None:
    page = open_page(server)
    play(page, "Spot the change")
    page.get_by_role("link", name="Diary").click()
    page.get_by_role("link", name="Practice").click()
    expect(page.get_by_role("button", name="Play: Spot the change")).to_be_visible()
    assert rounds(server) == []


def test_eight_weeks_of_progress(
    server: LiveServer, open_page: Callable[..., Page], barriers: Callable[[Page], list[str]]
) -> None:
    page = open_page(server)
    for week in range(8):
        answers = [{"asked": ("happy", "sad")[n % 2], "answered": "happy", "right": n > week} for n in range(8)] + [
            {"asked": "", "answered": "press", "right": False}
        ]
        ended = (datetime.now(UTC) - timedelta(weeks=week)).isoformat()
        body = {"game": "spot", "ended": ended, "answers": answers}
        httpx.post(f"{server.url}/api/practice/rounds", json=body).raise_for_status()
    page.reload()
    page.get_by_text("As a table").click()
    scores = page.locator(".progress-chart tbody tr td:nth-child(2)").all_inner_texts()
    assert scores == [f"{7 - week} of 8" for week in range(7, -1, -1)]
    expect(page.locator(".chart-right")).to_have_count(8)
    assert [row.split("\t")[-1] for row in page.locator(".by-expression tr").all_inner_texts()] == [
        f"{sum(n > week and n % 2 == odd for week in range(8) for n in range(8))} of 32" for odd in (0, 1)
    ]
    assert barriers(page) == []
    page.get_by_role("button", name="Delete my progress").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("After the first round")).to_be_visible()
    assert rounds(server) == []


def test_a_round_outlives_a_server_that_is_away(
    with_faces: LiveServer, open_page: Callable[..., Page], noises: list[str]
) -> None:
    page = open_page(with_faces)
    again = page.get_by_role("button", name="Try again")

    def fails(path: str, click: Locator, **answer: Any) -> None:
        page.route(path, lambda route: route.fulfill(**answer) if answer else route.abort())
        click.click()
        expect(page.get_by_role("alert")).to_contain_text("too old" if answer else "There is no connection to Mien.")
        expect(again).to_be_focused()
        page.unroute(path)
        again.click()

    page.route("**/api/practice/rounds", lambda route: route.fulfill(status=500, json={"detail": "the disk is full"}))
    play(page, "Guess")
    page.get_by_role("button", name="Start").click()
    word, go = page.locator(".word").first, page.locator(".ask button.main")
    for number in range(1, QUESTIONS + 1):
        expect(page.get_by_text(f"{number} of 8")).to_be_visible()
        if number == 2:  # its answer does not get through
            fails("**/api/practice/answer", word)
        elif number == 3:  # the server was started anew: another face is asked for
            fails("**/api/practice/answer", word, status=404, json={"detail": "too old"})
            expect(page.get_by_role("alert")).to_have_count(0)
            word.click()
        else:
            word.click()
        expect(page.locator(".told p").first).to_be_visible()
        if number == 4:  # the next question does not come
            fails("**/api/practice/question*", go)
        else:
            go.click()
    expect(page.get_by_role("alert")).to_contain_text("the disk is full")
    again.click()
    expect(page.get_by_role("alert")).to_contain_text("the disk is full")
    assert rounds(with_faces) == []
    page.unroute("**/api/practice/rounds")
    again.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("heading", name="The round is over")).to_be_focused()
    (kept,) = rounds(with_faces)
    assert sum(one["asked"] for one in kept["labels"].values()) == QUESTIONS
    noises.clear()


def most_met(changes: list[float], presses: list[float]) -> int:
    """By trying everything: how many changes can be met, each by a press of its own."""
    if not changes:
        return 0
    first, *others = changes
    met = [
        1 + most_met(others, presses[:index] + presses[index + 1 :])
        for index, press in enumerate(presses)
        if abs(press - first) <= WINDOW_S
    ]
    return max([most_met(others, presses), *met])


def test_no_other_way_to_score_finds_more(server: LiveServer, open_page: Callable[..., Page]) -> None:
    page, draw = open_page(server), random.Random(4)
    for _ in range(60):
        changes = sorted(draw.uniform(0, 12) for _ in range(draw.randint(0, 5)))
        presses = sorted(draw.sample([n / 2 for n in range(24)], draw.randint(0, 5)))  # none within 0.4 s of another
        told = page.evaluate(SCORE, [[{"time": one} for one in changes], presses])
        met = [(change, press) for change, press in zip(changes, told["hits"], strict=True) if press is not None]
        assert len(met) == most_met(changes, presses)
        assert all(abs(change - press) <= WINDOW_S for change, press in met)
        assert sorted([press for _, press in met] + told["extra"]) == presses


def test_a_press_that_came_twice_is_one(server: LiveServer, open_page: Callable[..., Page]) -> None:
    told = open_page(server).evaluate(SCORE, [[{"time": 1}], [1.1, 1.2, 1.45, 9]])
    assert told == {"hits": [1.1], "extra": [9]}


def test_a_change_must_last(server: LiveServer, open_page: Callable[..., Page]) -> None:
    words = ["neutral"] * 10 + ["happy"] * 3 + ["neutral"] * 10 + ["happy"] * 10 + ["sad"] * 10
    sure = [{"time": n / 10, "label": label} for n, label in enumerate(words)]
    assert open_page(server).evaluate(CHANGES, sure) == [
        {"time": 2.3, "before": "neutral", "after": "happy"},
        {"time": 3.3, "before": "happy", "after": "sad"},
    ]


def test_an_expression_must_be_held(server: LiveServer, open_page: Callable[..., Page]) -> None:
    shares = [0.6, 0.9, 0.4, *[0.6] * 5, None, *[0.5] * 12]
    readings = [[n / 10, share] for n, share in enumerate(shares)]
    held = open_page(server).evaluate(HELD, readings)
    runs = [(key, len(list(group))) for key, group in itertools.groupby(held)]
    assert runs == [(False, 9 + 8), (True, 4)]  # 0.8 s after the last time that it came


def test_it_fits_a_small_screen(with_faces: LiveServer, open_page: Callable[..., Page]) -> None:
    page = open_page(with_faces, viewport={"width": 320, "height": 640})
    expect(page.get_by_role("button", name="Play: Guess")).to_be_visible()
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) == 320
    play(page, "Guess")
    page.get_by_label("4", exact=True).check()
    page.get_by_role("button", name="Start").click()
    page.locator(".word").first.click()
    expect(page.get_by_role("button", name="Next")).to_be_visible()
    assert page.evaluate(width) == 320
