"""Settings: language, look, camera, cues and keys act at once and are kept; About says what it must."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WELCOMED, LiveServer, listen
from playwright.sync_api import Page, expect
from watching import notice, start

VOICES = """const voices = [
  { name: "Far", lang: "en-GB", localService: false, voiceURI: "far" },
  { name: "Near", lang: "en-US", localService: true, voiceURI: "near" },
  { name: "Nah", lang: "de-DE", localService: true, voiceURI: "nah" },
];
Object.defineProperty(window, "speechSynthesis", { value: Object.assign(new EventTarget(), {
  getVoices: () => voices, speak: (said) => { window.said = [said.text, said.voice?.name, said.rate]; }, cancel() {},
}) });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };"""


@pytest.fixture
def options(page: Page, open_view: Callable[[Page, str], None]) -> Page:
    """The settings."""
    page.add_init_script(VOICES)
    open_view(page, "options")
    return page


def test_the_language_changes_all_words_and_is_kept(options: Page) -> None:
    options.get_by_label("Language").focus()
    options.get_by_label("Language").select_option("de")
    expect(options.locator("html")).to_have_attribute("lang", "de")
    expect(options.locator("#options-language")).to_have_value("de")
    expect(options.locator("#options-language")).to_be_focused()
    expect(options.get_by_role("heading", name="Settings")).to_have_count(0)
    options.reload()
    expect(options.locator("html")).to_have_attribute("lang", "de")


def test_a_language_from_right_to_left(options: Page) -> None:
    options.get_by_label("Language").select_option("ar")
    expect(options.locator("html")).to_have_attribute("dir", "rtl")
    assert options.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_the_server_the_language_stays_and_can_be_changed_later(options: Page, noises: list[str]) -> None:
    away = "There is no connection to Mien. Check that it is still running."
    options.route("**/api/words", lambda route: route.abort())
    options.reload()
    expect(options.get_by_role("alert")).to_have_text(away)
    options.get_by_role("button", name="Try again").click()
    expect(options.get_by_role("button", name="Try again")).to_be_focused()
    options.unroute("**/api/words")
    options.get_by_role("button", name="Try again").click()
    language = options.get_by_label("Language")
    expect(language).to_be_focused()
    expect(language).to_have_value("en")
    options.route("**/api/words/de", lambda route: route.abort())
    language.select_option("de")
    notice(options, away)
    expect(language).to_have_value("en")
    expect(language).to_be_focused()
    assert all(one.startswith("console: Failed to load resource") for one in noises)
    noises.clear()


def test_dark_or_light(options: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    options.get_by_label("Dark or light").select_option("dark")
    dark = options.evaluate(ground)
    options.get_by_label("Dark or light").select_option("light")
    assert options.evaluate(ground) != dark
    options.reload()
    expect(options.locator("html")).to_have_attribute("data-theme", "light")


def test_two_tabs_keep_what_the_other_has_changed(
    options: Page, open_view: Callable[[Page, str], None], noises: list[str], server: LiveServer
) -> None:
    other = options.context.new_page()
    listen(other, noises, server.url)
    open_view(other, "diary")
    options.get_by_label("Dark or light").select_option("dark")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    other.get_by_role("switch").click()
    other.get_by_role("link", name="Settings").click()
    other.get_by_label("Show my camera as in a mirror").uncheck()
    expect(options.get_by_label("Show my camera as in a mirror")).not_to_be_checked()
    options.get_by_label("Say only whether", exact=False).check()
    kept = options.evaluate("JSON.parse(localStorage.getItem('mien.settings'))")
    assert kept == {**WELCOMED, "theme": "dark", "diary": True, "mirrored": False, "tone": True}
    options.get_by_role("link", name="Diary").click()
    options.get_by_role("switch").click()
    other.get_by_role("link", name="Diary").click()
    expect(other.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    # A tab that hears nothing of the other one undoes nothing either.
    other.evaluate("localStorage.setItem('mien.settings', JSON.stringify({ theme: 'light' }))")
    other.get_by_role("switch").click()
    assert other.evaluate("JSON.parse(localStorage.getItem('mien.settings'))") == {"theme": "light", "diary": True}


def test_not_mirrored_is_kept(options: Page) -> None:
    options.get_by_label("Show my camera as in a mirror").uncheck()
    options.reload()
    options.get_by_role("link", name="Watch").click()
    start(options)
    expect(options.locator(".stage.mirrored")).to_have_count(0)


def test_large_print_is_kept(options: Page) -> None:
    options.get_by_label("Large print while watching", exact=False).check()
    options.get_by_role("link", name="Watch").click()
    options.locator("[data-action=camera]:visible").first.click()
    expect(options.locator(".large-word")).to_have_text("looks happy")


def test_large_print_covers_no_other_view(options: Page) -> None:
    options.get_by_label("Large print while watching", exact=False).check()
    options.get_by_role("link", name="Practice").click()
    options.get_by_role("button", name="Play: Show me").click()
    options.get_by_role("button", name="Start the camera").click()
    expect(options.get_by_role("heading", name="Show: happy")).to_be_visible()
    expect(options.locator(".large")).to_be_hidden()
    assert not options.evaluate("document.querySelector('main').inert")


def test_positive_or_negative_alone_is_kept_and_said_of_camera_and_photo(options: Page, astronaut: Path) -> None:
    options.get_by_label("Say only whether", exact=False).check()
    options.reload()
    options.get_by_role("link", name="Watch").click()
    card = start(options)
    expect(card.locator(".card-title")).to_have_text("looks positive")
    expect(card.locator("[data-sign=positive]")).to_be_visible()
    options.get_by_role("link", name="Files").click()
    options.locator("input[type=file]").set_input_files(astronaut)
    expect(options.locator(".file-card-title")).to_have_text("looks positive")
    options.get_by_role("link", name="Settings").click()
    options.get_by_label("Say only whether", exact=False).uncheck()
    options.get_by_role("link", name="Watch").click()
    expect(card.locator(".card-title")).to_have_text("looks happy")  # at once, with the camera running


def test_cameras_are_named_once_one_was_allowed(options: Page) -> None:
    options.get_by_role("link", name="Watch").click()
    start(options)
    options.get_by_role("link", name="Settings").click()
    named = options.get_by_label("Which camera").locator("option")
    expect(named).to_have_count(2)
    chosen = named.nth(1).get_attribute("value")
    options.get_by_label("Which camera").select_option(chosen)
    kept = options.evaluate("JSON.parse(localStorage.getItem('mien.settings')).camera")
    assert kept == chosen


def test_all_cues_are_off_at_first(options: Page) -> None:
    for name in ["Speech", "Sound", "Vibration"]:
        expect(options.get_by_label(name, exact=False).first).not_to_be_checked()
    options.get_by_role("button", name="Try the cues").click()
    notice(options, "No cue is switched on.")


def test_only_voices_of_the_machine_can_be_chosen(options: Page) -> None:
    expect(options.get_by_label("Voice", exact=True).locator("option")).to_have_text(["Near"])
    options.get_by_label("Speech: the word is spoken").check()
    options.get_by_label("How fast it speaks").select_option("Slowly")
    options.get_by_role("button", name="Try the cues").click()
    assert options.evaluate("said") == ["looks happy", "Near", 0.8]


def test_a_language_without_a_voice_is_said(options: Page) -> None:
    options.get_by_label("Language").select_option("fr")
    speech = options.locator("#options-cues-speech")
    expect(speech).to_be_disabled()
    in_watch = options.locator(".tools [data-action=speech]")
    in_watch.dispatch_event("click")
    expect(options.locator("#notice")).to_contain_text("pas de voix")
    expect(in_watch).to_have_attribute("aria-pressed", "false")
    options.locator("#options-language").select_option("en")
    expect(speech).not_to_be_checked()
    speech.check()
    expect(in_watch).to_have_attribute("aria-pressed", "true")
    options.locator("#options-language").select_option("fr")
    expect(speech).to_be_disabled()
    expect(speech).not_to_be_checked()
    expect(in_watch).to_have_attribute("aria-pressed", "false")
    options.locator("#options-language").select_option("en")
    expect(speech).to_be_checked()


def test_a_key_is_changed_and_put_back(options: Page) -> None:
    mute = options.locator("#options-key-mute")
    mute.click()
    expect(mute).to_have_text("Press a key …")
    options.keyboard.press("x")
    expect(options.locator("#options-key-mute")).to_have_text("X")
    expect(options.locator("#options-key-mute")).to_be_focused()
    options.locator("#options-key-large").press("Enter")
    options.keyboard.press("x")
    notice(options, "The key X is taken already: Silence all cues, or let them be heard.")
    expect(options.locator("#options-key-large")).to_have_text("L")
    options.locator("#options-key-large").press("Enter")
    options.keyboard.press("Tab")  # goes on, and changes nothing
    expect(options.locator("#options-key-large")).to_have_text("L")
    expect(options.locator("#options-key-stop")).to_be_focused()  # the next one
    large = options.locator("#options-key-large")
    large.press("Enter")
    options.keyboard.press("Control+c")  # is the browser's own
    expect(large).to_have_text("Press a key …")
    options.keyboard.press("Escape")
    expect(large).to_have_text("L")
    expect(large).to_be_focused()
    expect(options.locator("#announcer")).to_have_text(re.compile("^Large print.*: key L.$"))
    stop = options.locator("#options-key-stop")
    for key, name in [("q", "Q"), ("Escape", "Esc")]:  # which can be given back
        stop.press("Enter")
        options.keyboard.press(key)
        expect(stop).to_have_text(name)
    options.get_by_role("button", name="All keys as they were at first").click()
    notice(options, "All keys are as they were at first again.")
    expect(options.locator("#options-key-mute")).to_have_text("M")


def test_waiting_for_a_key_fits_a_small_screen(options: Page) -> None:
    options.set_viewport_size({"width": 320, "height": 640})
    options.get_by_label("Language").select_option("de")  # whose sentence for it is long
    expect(options.locator("html")).to_have_attribute("lang", "de")
    for button in options.locator(".key-list button").all():
        button.press("Enter")
        expect(button).to_have_text("Drücken Sie eine Taste …")
        assert options.evaluate("document.documentElement.scrollWidth") <= 320


def test_space_can_be_given_to_another_action(options: Page) -> None:
    options.locator("#options-key-save").click()
    options.keyboard.press("s")
    expect(options.locator("#options-key-save")).to_have_text("S")
    options.locator("#options-key-reading").press("Enter")
    options.keyboard.press("Space")
    expect(options.locator("#options-key-reading")).to_have_text("Space")


def test_about_says_what_it_cannot_and_what_the_law_asks(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "about")
    for text in ["It does not know what anybody feels", "stays on this machine", "no medical device", "AI Act"]:
        expect(page.get_by_text(text, exact=False).first).to_be_visible()
    expect(page.locator(".sign-list [data-sign]")).to_have_count(8)
