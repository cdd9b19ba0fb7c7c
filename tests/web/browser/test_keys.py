"""Single keys: each does its task, none acts while a control has the focus, and all can be switched off or changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Download, Page, expect
from watching import FAKE_SCREEN, PATIENCE_MS, free_keys, more_readings, notice, start, tool

from mien.types import Reading


@pytest.fixture
def watching(page: Page, open_view: Callable[[Page, str], None]) -> Page:
    """A page that watches the camera, with no control focused."""
    page.add_init_script(FAKE_SCREEN)
    open_view(page, "watch")
    start(page)
    expect(page.locator("#announcer")).to_have_text("looks happy", timeout=PATIENCE_MS)  # it would replace a notice
    free_keys(page)
    return page


@pytest.fixture
def page_that_keeps(
    browser: Browser, server: LiveServer, noises: list[str]
) -> Iterator[Callable[[dict[str, Any]], Page]]:
    """Makes a page that watches the demo clip, for a person with given settings."""
    contexts = []

    def make(kept: dict[str, Any]) -> Page:
        contexts.append(new_context(browser, kept={**WELCOMED, **kept}))
        page = contexts[-1].new_page()
        listen(page, noises, server.url)
        page.goto(f"{server.url}/#watch")
        start(page, "demo")
        free_keys(page)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not noises


def test_p_clears_what_was_drawn_over_the_picture(watching: Page) -> None:
    watching.keyboard.press("h")
    watching.keyboard.press("e")
    expect(watching.locator("canvas.glow")).to_be_visible()
    expect(watching.locator(".bone-left[d]")).to_have_count(1)
    watching.keyboard.press("p")
    expect(watching.locator("canvas.glow")).to_be_hidden()
    expect(watching.locator(".bone[d]")).to_have_count(0)


def test_p_switches_reading_off_and_on(watching: Page) -> None:
    watching.keyboard.press("p")
    expect(watching.locator(".stage-note")).to_have_text("Reading is off")
    expect(tool(watching, "reading")).to_have_text("Go on reading")
    free_keys(watching)
    watching.keyboard.press("p")
    expect(watching.locator(".stage-note")).to_be_hidden()
    more_readings(watching)


def test_e_draws_the_body(watching: Page) -> None:
    lines = watching.locator(".bone:not(.bone-left, .bone-right)")
    expect(lines).not_to_have_attribute("d", re.compile("M"))
    watching.keyboard.press("e")
    expect(lines).to_have_attribute("d", re.compile("M"), timeout=PATIENCE_MS)
    left, right = (float(place) for place in re.findall(r"[ML]([\d.]+)", lines.get_attribute("d") or "")[:2])
    assert abs(left - right) > 60  # the shoulders
    free_keys(watching)
    watching.keyboard.press("e")
    expect(lines).not_to_have_attribute("d", re.compile("M"), timeout=PATIENCE_MS)


def test_d_says_how_far_away_the_face_is(watching: Page) -> None:
    distance = watching.locator(".card-distance")
    expect(distance).to_be_hidden()
    watching.keyboard.press("d")
    expect(watching.locator("#announcer")).to_have_text("Distance: on")
    expect(distance).to_have_text(re.compile(r"^(about [\d.]+ c?m|between [\d.]+ c?m and [\d.]+ c?m) away$"))
    expect(tool(watching, "distance")).to_have_attribute("aria-pressed", "true")
    free_keys(watching)
    watching.keyboard.press("l")
    expect(watching.locator(".large-more")).to_have_text(re.compile(" away$"))
    watching.keyboard.press("Escape")
    free_keys(watching)
    watching.keyboard.press("d")
    expect(distance).to_be_hidden()


# The mean place (x, y in shares of the picture) and the number of those pixels of the glow that are bright.
GLOW = """() => {
  const canvas = document.querySelector(".glow");
  if (canvas.hidden) return null;
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let [count, x, y] = [0, 0, 0];
  for (let at = 0; at < width * height; at += 1) {
    if (data[4 * at + 3] < 100) continue;
    [count, x, y] = [count + 1, x + (at % width) / width, y + Math.floor(at / width) / height];
  }
  return [x / count, y / count, count];
}"""


def test_h_lays_a_glow_over_the_face(watching: Page) -> None:
    glow = watching.locator(".glow")
    expect(glow).to_be_hidden()
    watching.keyboard.press("h")
    expect(glow).to_be_visible()
    x, y, count = watching.evaluate(GLOW)
    assert 0.3 < x < 0.7
    assert 0.3 < y < 0.7
    assert count > 200
    expect(tool(watching, "heat")).to_have_attribute("aria-pressed", "true")
    free_keys(watching)
    watching.keyboard.press("h")
    expect(glow).to_be_hidden()


def test_f_shows_frames_a_second(watching: Page) -> None:
    expect(watching.locator(".stage-rate")).to_be_hidden()
    watching.keyboard.press("f")
    expect(watching.locator(".stage-rate")).to_contain_text("a second")
    watching.keyboard.press("f")
    expect(watching.locator(".stage-rate")).to_be_hidden()


def test_i_shows_every_key(watching: Page) -> None:
    watching.keyboard.press("i")
    dialog = watching.get_by_role("dialog", name="Keys and tips")
    expect(dialog.locator("kbd")).to_have_text(["P", "E", "D", "H", "F", "I", "A", "Space", "M", "L", "Esc"])
    watching.keyboard.press("l")  # no key acts behind a dialog
    expect(watching.locator(".large")).to_be_hidden()
    watching.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(watching.locator(".card")).to_be_visible()  # Escape closed the dialog, and stopped nothing


def test_a_goes_from_camera_to_screen_and_back(watching: Page) -> None:
    expect(watching.locator(".stage.mirrored")).to_have_count(1)
    watching.keyboard.press("a")
    expect(watching.locator(".stage.mirrored")).to_have_count(0)
    expect(tool(watching, "source")).to_have_text("Switch to the camera")
    free_keys(watching)
    watching.keyboard.press("a")
    expect(watching.locator(".stage.mirrored")).to_have_count(1)


def test_space_saves_the_picture_and_its_reading(watching: Page, tmp_path: Path) -> None:
    saved = list[Download]()
    watching.on("download", lambda one: saved.append(one))
    watching.keyboard.press("Space")
    notice(watching, "Saved: the picture and what was read from it.")
    while len(saved) < 2:
        watching.wait_for_event("download")
    paths = {Path(one.suggested_filename).suffix: tmp_path / one.suggested_filename for one in saved}
    for one in saved:
        one.save_as(tmp_path / one.suggested_filename)
    reading = Reading.from_dict(json.loads(paths[".json"].read_text(encoding="utf-8")))
    picture = cv2.imread(str(paths[".png"]))
    assert picture is not None
    assert (reading.width, reading.height) == (picture.shape[1], picture.shape[0])
    assert [face.expression.label for face in reading.faces if face.expression] == ["happy"]
    assert paths[".png"].stem == paths[".json"].stem


def test_m_silences_and_lets_be_heard(watching: Page) -> None:
    watching.keyboard.press("m")
    notice(watching, "All cues are silent.")
    expect(tool(watching, "mute")).to_have_text("Unmute")
    free_keys(watching)
    watching.keyboard.press("m")
    expect(tool(watching, "mute")).to_have_text("Mute")


def test_l_shows_one_word_over_the_whole_screen(watching: Page) -> None:
    watching.keyboard.press("l")
    large = watching.locator(".large")
    expect(large.locator(".large-word")).to_have_text("looks happy")
    box, size = large.bounding_box(), watching.viewport_size
    assert box and size
    assert (box["width"], box["height"]) == (size["width"], size["height"])
    word = large.locator(".large-word").bounding_box()
    assert word
    assert word["x"] >= 0 and word["x"] + word["width"] <= size["width"]
    assert watching.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert watching.evaluate("document.querySelector('main').inert")  # what lies behind cannot be reached
    watching.keyboard.press("Escape")
    expect(large).to_be_hidden()
    assert not watching.evaluate("document.querySelector('main').inert")
    expect(watching.locator(".card")).to_be_visible()  # the first Escape leaves large print only
    watching.keyboard.press("l")
    watching.keyboard.press("Tab")
    expect(watching.get_by_role("button", name="Leave large print")).to_be_focused()
    watching.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(watching.locator(".card")).to_be_visible()
    watching.keyboard.press("l")
    watching.get_by_role("button", name="Leave large print").click()
    expect(large).to_be_hidden()


def test_large_print_can_be_read_to_its_end_when_enlarged_fourfold(watching: Page) -> None:
    watching.set_viewport_size({"width": 320, "height": 256})
    watching.keyboard.press("d")
    watching.keyboard.press("l")
    word, more = watching.locator(".large-word"), watching.locator(".large-more")
    expect(more).to_have_text(re.compile(" away$"))
    more.evaluate("one => one.after(...[1, 2, 3].map(() => one.cloneNode(true)))")
    for one in [word, *more.all()]:  # as long as it may get
        one.scroll_into_view_if_needed()
        expect(one).to_be_in_viewport(ratio=1)


def test_escape_stops(watching: Page) -> None:
    watching.keyboard.press("Escape")
    expect(watching.get_by_role("heading", name="Whom do you want to watch?")).to_be_visible()
    assert watching.evaluate("document.querySelector('video').srcObject") is None


def test_no_key_acts_while_a_control_has_the_focus(watching: Page) -> None:
    downloads = list[Download]()
    watching.on("download", lambda one: downloads.append(one))
    tool(watching, "mirror").focus()
    watching.keyboard.press("Space")  # presses this button, and saves nothing
    expect(watching.locator(".stage.mirrored")).to_have_count(0)
    expect(tool(watching, "mirror")).to_be_focused()
    for key in "pefialm":
        watching.keyboard.press(key)
    watching.keyboard.press("Escape")
    watching.locator("#watch-camera").focus()
    watching.keyboard.press("l")
    expect(watching.locator(".large")).to_be_hidden()
    expect(watching.get_by_role("dialog")).to_have_count(0)
    expect(watching.locator(".stage-note")).to_be_hidden()
    expect(tool(watching, "mute")).to_have_text("Mute")
    more_readings(watching)
    assert not downloads


def test_a_click_of_the_mouse_leaves_the_keys_free(watching: Page) -> None:
    tool(watching, "mute").click()
    expect(tool(watching, "mute")).to_have_text("Unmute")
    watching.keyboard.press("l")
    expect(watching.locator(".large")).to_be_visible()


@pytest.mark.parametrize("held", ["Control", "Alt", "Meta"])
def test_with_another_key_held_none_acts(watching: Page, held: str) -> None:
    watching.keyboard.press(f"{held}+m")
    more_readings(watching)
    expect(tool(watching, "mute")).to_have_text("Mute")


def test_keys_that_are_switched_off(page_that_keeps: Callable[[dict[str, Any]], Page]) -> None:
    page = page_that_keeps({"keys.on": False})
    for key in ["m", "l", "i", "Escape"]:
        page.keyboard.press(key)
    more_readings(page)
    expect(tool(page, "mute")).to_have_text("Mute")
    expect(page.locator(".large")).to_be_hidden()
    tool(page, "tips").click()
    expect(page.get_by_text("Keys are switched off.", exact=False)).to_be_visible()


def test_keys_that_were_changed(page_that_keeps: Callable[[dict[str, Any]], Page]) -> None:
    page = page_that_keeps({"keys.map": {"mute": "x"}})
    page.keyboard.press("m")
    expect(tool(page, "mute")).to_have_text("Mute")
    free_keys(page)
    page.keyboard.press("x")
    expect(tool(page, "mute")).to_have_text("Unmute")
    free_keys(page)
    page.keyboard.press("i")
    expect(page.get_by_role("dialog").locator("kbd")).to_contain_text(["X"])


def test_every_key_has_a_button(watching: Page) -> None:
    tool(watching, "tips")
    for action in ["reading", "body", "distance", "heat", "rate", "tips", "source", "save", "mute", "large", "stop"]:
        expect(watching.locator(f".tools [data-action={action}]")).to_be_visible()
