"""The dialog "Why?": from a photo and from the camera, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Locator, Page, expect
from watching import start

DIALOG = "dialog.why"
# Whether each minus among the parts is drawn before its number.
SIGN_AT_LEFT = """() => {
  const found = [...document.querySelectorAll(".why-regions td:last-child")]
    .filter((one) => one.textContent.includes("−"));
  const at = (text, place) => {
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    return range.getBoundingClientRect().left;
  };
  const texts = found.map((one) => document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode());
  return [...new Set(texts.map((text) => at(text, 0) < at(text, 1)))];
}"""


@pytest.fixture
def opened(page: Page, open_view: Callable[[Page, str], None], astronaut: Path) -> Locator:
    """The dialog about the face of a photo."""
    open_view(page, "files")
    page.set_input_files("#files-input", astronaut)
    page.locator(".file-card-why").click()
    expect(page.locator(f"{DIALOG} .why-glow")).to_be_visible()
    return page.locator(DIALOG)


def test_it_shows_crop_glow_and_ten_people(opened: Locator, barriers: Callable[[Page], list[str]]) -> None:
    page = opened.page
    expect(opened).to_have_accessible_name("Why “happy”?")
    assert opened.locator(".why-crop img").first.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [48, 48]
    expect(opened.locator(".person")).to_have_count(10)
    groups = opened.locator(".ten-people li").all_inner_texts()
    assert sum(int(re.findall(r"\d+", group)[0]) for group in groups) == 10 and "happy" in groups[0]
    expect(opened.get_by_text("would say “happy”")).to_be_visible()
    expect(opened.locator("figcaption")).to_contain_text("no proof that the answer is right")
    assert not barriers(page)


def test_it_says_why_in_words_and_part_by_part(opened: Locator, barriers: Callable[[Page], list[str]]) -> None:
    expect(opened.locator(".why-reason")).to_contain_text("corners up")
    expect(opened.get_by_text("Happy: look at the mouth first", exact=False)).to_be_visible()
    parts = opened.get_by_text("Part by part")
    parts.click()
    rows = opened.locator(".why-regions tbody tr")
    expect(rows).to_have_count(7)
    shares = [int(text.rstrip(" %")) for text in rows.locator("td:nth-child(2)").all_inner_texts()]
    assert abs(sum(shares) - 100) <= 4  # each is rounded
    bars = rows.locator(".why-bar").evaluate_all(
        "all => all.map(one => one.offsetWidth / one.parentElement.clientWidth)"
    )
    assert bars == pytest.approx([share / 100 for share in shares], abs=0.02)
    assert not barriers(opened.page)
    opened.get_by_role("button", name="Why not “sad”?").click()
    expect(opened.get_by_text("Sad: the inner ends of the brows", exact=False)).to_be_visible()


def test_reading_aloud_without_a_voice_says_so_in_the_dialog(opened: Locator) -> None:
    opened.page.evaluate("speechSynthesis.getVoices = () => []")
    aloud = opened.get_by_role("button", name="Read aloud")
    aloud.click()
    told = opened.get_by_role("status").filter(has_text="no voice of its own")
    expect(told).to_be_in_viewport()
    opened.get_by_role("button", name="Why not “sad”?").click()
    expect(told).to_have_count(0)


def test_why_not_another_word(opened: Locator) -> None:
    sad = opened.get_by_role("button", name="Why not “sad”?")
    sad.focus()
    opened.page.keyboard.press("Enter")
    expect(opened).to_have_accessible_name("Why not “sad”?")
    expect(sad).to_have_attribute("aria-pressed", "true")
    expect(sad).to_be_focused()  # what was pressed stays where it was
    expect(opened.locator("figcaption")).to_contain_text("“happy” rather than “sad”")
    opened.get_by_role("button", name="Why “happy”?").click()
    expect(opened).to_have_accessible_name("Why “happy”?")
    expect(sad).to_have_attribute("aria-pressed", "false")


def test_the_glow_can_be_taken_away(opened: Locator) -> None:
    slider = opened.get_by_role("slider", name="Glow")
    slider.focus()
    opened.page.keyboard.press("Home")
    expect(opened.locator(".why-glow")).to_have_css("opacity", "0")
    opened.get_by_role("button", name="Why not “angry”?").click()
    expect(opened).to_have_accessible_name("Why not “angry”?")
    expect(opened.locator(".why-glow")).to_have_css("opacity", "0")  # the choice stays


@pytest.mark.parametrize("how", ["Escape", "button"])
def test_closing_gives_the_focus_back(opened: Locator, how: str) -> None:
    page = opened.page
    if how == "Escape":
        page.keyboard.press("Escape")
    else:
        opened.get_by_role("button", name="Close").click()
    expect(page.locator(DIALOG)).to_have_count(0)
    expect(page.locator(".file-card-why")).to_be_focused()


def test_asked_twice_at_once_it_answers(page: Page, open_view: Callable[[Page, str], None], astronaut: Path) -> None:
    open_view(page, "files")
    page.set_input_files("#files-input", astronaut)
    page.locator(".file-card-why").evaluate("(one) => { one.click(); one.click(); }")
    expect(page.locator(f"{DIALOG} .why-glow")).to_be_visible()
    expect(page.locator(DIALOG)).to_have_accessible_name("Why “happy”?")


def test_before_the_camera(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "watch")
    start(page)
    page.locator(".card-why").first.click()
    expect(page.locator(f"{DIALOG} .why-glow")).to_be_visible()
    expect(page.locator(f"{DIALOG} .person")).to_have_count(10)
    page.locator(DIALOG).get_by_role("button", name="Why not “contemptuous”?").click()
    expect(page.locator(DIALOG)).to_have_accessible_name("Why not “contemptuous”?")


def test_what_goes_wrong_is_said(page: Page, open_view: Callable[[Page, str], None], astronaut: Path,
                                 noises: list[str]) -> None:  # fmt: skip
    open_view(page, "files")
    page.set_input_files("#files-input", astronaut)
    page.route("**/api/why", lambda route: route.fulfill(status=429, json={"detail": "8 connections are open"}))
    page.locator(".file-card-why").click()
    expect(page.locator(".why-told")).to_have_text("This could not be explained: 8 connections are open")
    noises.clear()  # the browser logs every answer of this kind


def test_on_a_narrow_screen_from_right_to_left(
    browser: Browser, server: LiveServer, astronaut: Path, noises: list[str]
) -> None:
    kept = {**WELCOMED, "language": "ar"}
    context = new_context(browser, kept=kept, viewport={"width": 320, "height": 640}, color_scheme="dark")
    page = context.new_page()
    listen(page, noises, server.url)
    page.goto(f"{server.url}/#files")
    page.set_input_files("#files-input", astronaut)
    page.locator(".file-card-why").click()
    expect(page.locator(f"{DIALOG} .why-glow")).to_be_visible()
    assert page.locator(DIALOG).evaluate("one => one.scrollWidth <= one.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator(".why-regions summary").click()
    assert page.evaluate(SIGN_AT_LEFT) == [True]
    context.close()
    assert not noises
