"""Watch: sources, cards, outlines, and what is said when something is missing, refused or gone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WELCOMED, LiveServer, listen, new_context, write_camera_clip
from playwright.sync_api import Browser, Page, expect
from watching import FAKE_SCREEN, more_readings, notice, start, tool, until

NO_DISTANCE = "A screen shows faces in any size, so how far away they are is not measured."
COUNT_ASKED = """window.asked = 0;
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  window.asked += 1;
  window.stream = await open(wanted);
  return window.stream;
};"""
# Timers and pictures of a page rest while its tab is hidden; here they are stopped altogether.
STOP_PAGE = """() => {
  for (const name of ["setTimeout", "setInterval", "requestAnimationFrame"]) window[name] = () => 0;
  HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
}"""
FACE_AT_LEFT = """const camera = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const video = Object.assign(document.createElement("video"), { srcObject: await camera(wanted), muted: true });
  await video.play();
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  setInterval(() => canvas.getContext("2d").drawImage(video, -200, 0, 640, 480), 40);
  return canvas.captureStream(25);
};"""
COVERABLE = """window.isCovered = false;
const camera = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const video = Object.assign(document.createElement("video"), { srcObject: await camera(wanted), muted: true });
  await video.play();
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  const pen = canvas.getContext("2d");
  setInterval(() => (isCovered ? pen.fillRect(0, 0, 640, 480) : pen.drawImage(video, 0, 0, 640, 480)), 40);
  return canvas.captureStream(25);
};"""
GREY = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const pen = canvas.getContext("2d");
  setInterval(() => { pen.fillStyle = "#777"; pen.fillRect(0, 0, 320, 240); }, 50);
  return canvas.captureStream(20);
};"""


def test_the_camera_is_not_touched_before_consent(
    browser: Browser, server: LiveServer, noises: list[str], open_view: Callable[[Page, str], None]
) -> None:
    context = new_context(browser, kept={"language": "en"})
    page = context.new_page()
    listen(page, noises, server.url)
    page.add_init_script(COUNT_ASKED)
    open_view(page, "watch")
    expect(page.get_by_role("heading", name="Before you begin")).to_be_visible()
    expect(page.get_by_text("It does not know what anybody feels.", exact=False)).to_be_visible()
    assert page.evaluate("asked") == 0
    page.get_by_role("button", name="Yes, use the camera").click()
    expect(page.locator(".card-title")).to_have_text("looks happy")
    assert page.evaluate("asked") == 1
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Whom do you want to watch?")).to_be_visible()
    expect(page.locator("[data-action=camera]:visible")).to_be_focused()
    context.close()
    assert not noises


def test_a_card_says_what_people_would_say(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "watch")
    card = start(page)
    expect(card.get_by_role("heading")).to_have_text("looks happy")
    expect(card.locator(".card-people")).to_have_text("about 10 in 10 people would say so")
    expect(card.locator(".dots .full")).to_have_count(10)
    expect(card.locator("[data-sign=happy]")).to_be_visible()
    expect(card.locator(".card-steadiness")).to_have_text("steady")  # after three seconds of the same word
    expect(card.locator(".strip")).to_have_attribute("aria-label", "The last minute: nothing yet")
    expect(page.locator("#announcer")).to_have_text("looks happy")
    expect(card.locator(".strip-names")).to_have_text(re.compile(r"happy \d+ seconds?$"))  # whose colour is which
    expect(card.locator(".strip-sample")).to_have_css("background-color", "rgb(240, 228, 66)")
    expect(card.locator(".card-number")).to_be_hidden()  # one person needs no number
    assert page.evaluate("document.activeElement.className").startswith("stage")


def test_the_outline_lies_on_the_face_mirrored_or_not(page: Page, open_view: Callable[[Page, str], None]) -> None:
    page.add_init_script(FACE_AT_LEFT)
    open_view(page, "watch")
    start(page)
    video, line = page.locator(".stage video"), page.locator(".outline-line")
    places = []
    for is_mirrored in (True, False):
        expect(page.locator(".stage.mirrored")).to_have_count(int(is_mirrored))
        more_readings(page)
        around, shown = line.bounding_box(), video.bounding_box()
        assert around and shown
        places.append((around["x"] + around["width"] / 2 - shown["x"]) / shown["width"])
        if is_mirrored:
            tool(page, "mirror").click()
    assert 0.7 < places[0] < 0.95  # the face stands at the left of the camera's picture, so at the right of a mirror
    assert 0.05 < places[1] < 0.3


def test_two_people_keep_their_cards_and_numbers(
    launch: Callable[..., Browser], tmp_path: Path, server: LiveServer, noises: list[str],
    open_view: Callable[[Page, str], None],
) -> None:  # fmt: skip
    two = launch(write_camera_clip(tmp_path / "two.mjpeg", people=2))
    context = new_context(two, kept={**WELCOMED, "mirrored": False})
    page = context.new_page()
    listen(page, noises, server.url)
    open_view(page, "watch")
    start(page)
    expect(page.locator(".card-title")).to_have_text(["looks happy", "looks happy"])
    expect(page.locator(".card-number")).to_have_text(["1", "2"])
    expect(page.locator(".outline-number")).to_have_text(["1", "2"])
    expect(page.get_by_role("img", name="Person 2")).to_be_visible()
    more_readings(page, 20)
    expect(page.locator(".card-number")).to_have_text(["1", "2"])
    context.close()
    two.close()
    assert not noises


def test_the_demo_needs_no_camera(page: Page, open_view: Callable[[Page, str], None]) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    open_view(page, "watch")
    card = start(page, "demo")
    expect(card.get_by_role("heading")).to_have_text("looks happy")
    expect(page.locator(".stage.mirrored")).to_have_count(0)


def test_a_screen_is_read_as_it_is(page: Page, open_view: Callable[[Page, str], None]) -> None:
    page.add_init_script(FAKE_SCREEN)
    open_view(page, "watch")
    expect(start(page, "screen").get_by_role("heading")).to_have_text("looks happy")
    expect(page.locator(".stage.mirrored")).to_have_count(0)
    assert page.evaluate("sharingAsked.audio") is False
    expect(page.locator("#announcer")).to_have_text("looks happy")  # it would replace a notice
    distance = tool(page, "distance")
    expect(distance).to_have_attribute("aria-disabled", "true")
    expect(distance).to_have_accessible_description(NO_DISTANCE)
    distance.press("Enter")  # a button that is disabled by name alone says why
    notice(page, NO_DISTANCE)
    tool(page, "source").click()  # to the camera, where distances are not wished yet
    expect(page.locator(".stage.mirrored")).to_have_count(1)
    tool(page, "distance").click()
    expect(page.locator(".card-distance")).to_be_visible()
    tool(page, "source").click()
    expect(page.locator(".stage.mirrored")).to_have_count(0)
    more_readings(page)
    expect(page.locator(".card-title")).to_be_visible()
    assert page.locator(".card-distance").is_hidden()
    expect(tool(page, "distance")).to_have_attribute("aria-pressed", "false")
    page.evaluate(
        "document.querySelector('.stage video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    expect(page.get_by_role("alert")).to_have_text("Sharing the screen has ended.")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("NotAllowedError", "The camera was not allowed."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "The camera does not answer; another program may be using it."),
    ],
)
def test_what_hinders_the_camera_is_said(
    page: Page, open_view: Callable[[Page, str], None], error: str, told: str
) -> None:
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{error}'); }}"
    )
    open_view(page, "watch")
    page.locator("[data-action=camera]:visible").click()
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.locator("[data-action=demo]:visible")).to_be_visible()
    expect(page.locator("[data-action=camera]:visible")).to_be_focused()


def test_a_camera_that_is_unplugged(page: Page, open_view: Callable[[Page, str], None]) -> None:
    page.add_init_script(COUNT_ASKED)
    open_view(page, "watch")
    start(page)
    page.evaluate("stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.get_by_role("alert")).to_contain_text("The camera was unplugged")
    expect(page.locator("[data-action=camera]:visible")).to_be_focused()
    start(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("link", name="About").click()
    page.evaluate("stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#notice")).to_contain_text("The camera was unplugged")


def test_no_face_in_sight(page: Page, open_view: Callable[[Page, str], None]) -> None:
    page.add_init_script(GREY)
    open_view(page, "watch")
    page.locator("[data-action=camera]:visible").click()
    expect(page.locator(".nobody")).to_have_text("No face in sight")
    expect(page.locator("#announcer")).to_have_text("No face in sight")
    expect(page.locator(".card")).to_have_count(0)


def test_the_list_of_cameras_keeps_the_focus(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "watch")
    start(page)
    tool(page, "mirror")
    cameras = page.get_by_label("Camera")
    cameras.focus()
    begun = page.evaluate("document.querySelector('.stage video').srcObject.id")
    cameras.dispatch_event("change")
    until(page, f"(document.querySelector('.stage video').srcObject?.id ?? {begun!r}) !== {begun!r}")
    more_readings(page)
    expect(cameras).to_be_focused()


def test_a_focus_stays_when_its_face_is_lost_for_a_moment(page: Page, open_view: Callable[[Page, str], None]) -> None:
    page.add_init_script(COVERABLE)
    open_view(page, "watch")
    start(page)
    why = page.locator(".card-why")
    why.focus()
    page.evaluate("isCovered = true")
    expect(page.locator(".card-gone")).to_be_visible()
    expect(why).to_be_focused()
    page.evaluate("isCovered = false")
    expect(page.locator(".card-gone")).to_be_hidden()
    expect(why).to_be_focused()


@pytest.mark.parametrize("source", ["camera", "demo"])  # taken as a stream, and by asking the page
def test_reading_goes_on_without_the_page_s_timers(
    page: Page, open_view: Callable[[Page, str], None], source: str
) -> None:
    open_view(page, "watch")
    start(page, source)
    page.evaluate("window.wait = setTimeout; null")
    page.evaluate(STOP_PAGE)
    more_readings(page, 20)


def test_it_connects_again_when_the_server_is_back(
    browser: Browser, start_server: Callable[..., LiveServer], noises: list[str]
) -> None:
    server = start_server()
    context = new_context(browser, kept=WELCOMED)
    page = context.new_page()
    page.goto(f"{server.url}/#watch")
    start(page)
    page.locator(".card-why").click()
    expect(page.locator("dialog.why")).to_be_visible()
    server.stop()
    expect(page.locator(".stage-note")).to_have_text("Connecting again …")
    expect(page.locator("#announcer")).to_have_text("Connecting again …")
    expect(page.locator(".card")).to_have_count(0)  # what was read before says nothing about now
    page.keyboard.press("Escape")
    expect(page.locator(".stage")).to_be_focused()  # the button that opened the dialog is gone with its card
    server.start()
    expect(page.locator(".stage-note")).to_be_hidden()
    more_readings(page)
    expect(page.locator(".card-title")).to_have_text("looks happy")
    context.close()
    server.stop()


def test_two_tabs_read_at_once(page: Page, open_view: Callable[[Page, str], None]) -> None:
    other = page.context.new_page()
    for one in (page, other):
        open_view(one, "watch")
        start(one)
    for one in (page, other):
        more_readings(one, 10)


def test_latency_is_kept_and_sane(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "watch")
    start(page)
    more_readings(page, 10)
    stats = page.evaluate("mienStats")
    assert len(stats["latencies"]) >= 10
    assert all(0 < late < 30_000 and math.isfinite(late) for late in stats["latencies"])
    assert stats["readings"] >= len(stats["latencies"])


@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone(
    browser: Browser, server: LiveServer, noises: list[str], open_view: Callable[[Page, str], None], width: int
) -> None:
    context = new_context(browser, kept=WELCOMED, viewport={"width": width, "height": 700}, has_touch=True)
    page = context.new_page()
    listen(page, noises, server.url)
    open_view(page, "watch")
    start(page)
    page.locator("[data-action=more]").tap()
    more_readings(page)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    small = page.evaluate(
        "[...document.querySelectorAll('.tools button, #views a')].filter((one) => one.offsetHeight && "
        "one.getBoundingClientRect().height < 44).map((one) => one.textContent)"
    )
    assert small == []
    for view in ("options", "about"):
        open_view(page, view)
        assert page.evaluate(fits), view
    context.close()
    assert not noises


def test_the_small_card_shows_the_word(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "watch")
    start(page)
    page.locator("[data-action=more]").click()
    page.locator("[data-action=card]").click()
    expect(page.locator("[data-action=card]")).to_have_text("Close the small card")
    until(page, "documentPictureInPicture.window?.document.querySelector('strong')?.textContent === 'looks happy'")
    page.locator("[data-action=card]").click()
    expect(page.locator("[data-action=card]")).to_have_text("Small card on top")
