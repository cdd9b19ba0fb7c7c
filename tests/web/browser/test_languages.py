"""The page in every language: says what Python says, has every letter, keeps to its width, mirrored for Arabic."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Page, expect

from mien import catalogue

LANGUAGES = catalogue.languages()
VIEWS = ("watch", "files", "practice", "diary", "options", "about")
COUNTS = range(121)
PHONE = {"width": 390, "height": 844}
# What may be filled in: texts of both directions, numbers with and without a fraction, groups of three.
VALUES: list[Any] = ["happy", "فرح", "a فرح", "高兴", "", "{count}", 0, 8, -3, 0.5, 2.25, 1234, 1234567.5]

# Every message, the plural ones for every count: as js/words.js says them.
SAY = """async ({ loaded, counts, values }) => {
  const { t, useWords } = await import('/static/js/words.js');
  useWords(loaded);
  const said = {};
  for (const [key, message] of Object.entries(loaded.messages)) {
    const names = new Set(JSON.stringify(message).match(/\\{(\\w+)\\}/g)?.map((gap) => gap.slice(1, -1)) ?? []);
    const others = [...names].filter((name) => name !== 'count');
    const asked = typeof message === 'string' ? [0] : counts;
    said[key] = asked.map((count) => {
      const value = values[count % values.length];
      return t(key, { count, ...Object.fromEntries(others.map((name) => [name, value])) });
    });
  }
  return said;
}"""

# The letters of a text that are drawn like one that no font has.
MISSING = """(text) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 32;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.font = '20px ' + getComputedStyle(document.body).fontFamily;
  pen.textBaseline = 'middle';
  const drawn = (letter) => {
    pen.clearRect(0, 0, 32, 32);
    pen.fillText(letter, 4, 16);
    return pen.getImageData(0, 0, 32, 32).data.join();
  };
  const missing = new Set(['\\u{10fffd}', '\\u0378'].map(drawn));
  return [...new Set(text)].filter((letter) => missing.has(drawn(letter)));
}"""

# What is wider than the page, the outermost first; a text whose own box scrolls is no harm.
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= room) return [];
  return [...document.body.querySelectorAll('*')]
    .filter((one) => one.getBoundingClientRect().right > room + 1 || one.getBoundingClientRect().left < -1)
    .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`);
}"""


@pytest.fixture
def phone(browser: Browser, server: LiveServer, noises: list[str]) -> Iterator[Callable[[str], Page]]:
    """Opens the page of a small screen in a language."""
    contexts = []

    def open_in(language: str) -> Page:
        kept = {**WELCOMED, "language": language}
        contexts.append(new_context(browser, kept=kept, viewport=PHONE, locale=language))
        page = contexts[-1].new_page()
        listen(page, noises, server.url)
        page.goto(server.url)
        page.wait_for_selector("html[data-ready=true]", state="attached")
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert not noises


def told(language: catalogue.Language) -> dict[str, Any]:
    return {
        "language": language.code,
        "direction": language.direction,
        "is_reviewed": language.is_reviewed,
        "messages": dict(language.messages),
    }


def python_says(language: catalogue.Language) -> dict[str, list[str]]:
    said = {}
    for key, message in language.messages.items():
        names = set(catalogue.GAP.findall(json.dumps(message))) - {"count"}
        counts = [0] if isinstance(message, str) else COUNTS
        said[key] = [
            language.say(key, **{"count": count, **dict.fromkeys(names, VALUES[count % len(VALUES)])})
            for count in counts
        ]
    return said


def test_the_page_says_what_python_says(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "about")
    for language in map(catalogue.language_of, LANGUAGES):
        asked = {"loaded": told(language), "counts": list(COUNTS), "values": VALUES}
        shown, expected = page.evaluate(SAY, asked), python_says(language)
        differing = [(a, b) for key in expected for a, b in zip(shown[key], expected[key], strict=True) if a != b]
        assert not differing, f"{language.code}: {differing[:3]}"


def test_every_value_is_written_alike(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "about")
    script = """async ({ loaded, values }) => {
      const { t, useWords } = await import('/static/js/words.js');
      useWords(loaded);
      return values.map((label) => t('looks', { label }));
    }"""
    for language in map(catalogue.language_of, LANGUAGES):
        shown = page.evaluate(script, {"loaded": told(language), "values": VALUES})
        assert shown == [language.say("looks", label=value) for value in VALUES], language.code


def test_every_letter_has_a_drawing(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "about")
    assert page.evaluate(MISSING, "a\u0378") == ["\u0378"]  # the way of telling works
    for language in map(catalogue.language_of, LANGUAGES):
        text = "".join(form for said in python_says(language).values() for form in said) + language.name
        letters = "".join(sorted(set(re.sub(r"[\s\u2066-\u2069]", "", text))))
        page.evaluate("(code) => { document.documentElement.lang = code }", language.code)
        missing = page.evaluate(MISSING, letters)
        assert not missing, f"no font here has {missing}: install fonts such as Noto (fonts-noto-core, fonts-noto-cjk)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_is_in_the_language_and_fits_a_phone(language: str, phone: Callable[[str], Page]) -> None:
    page, words = phone(language), catalogue.language_of(language)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", words.direction)
    for view in VIEWS:
        page.evaluate("(view) => { location.hash = view }", view)
        expect(page.locator(f"#view-{view}")).to_be_visible()
        expect(page.locator(f"#view-{view}")).to_have_attribute("aria-label", words.say(f"view.{view}"))
        shown = page.locator("body").inner_text()
        assert not [
            key for key in words.messages if "." in key and re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", shown)
        ]
        assert not re.search(r"\{\w+\}|\bundefined\b|\bNaN\b|\[object", shown), view
        assert page.evaluate(TOO_WIDE) == [], f"{language}, {view}"


def test_arabic_is_mirrored(phone: Callable[[str], Page]) -> None:
    lefts = {}
    for language in ("en", "ar"):
        page = phone(language)
        links = page.locator("#views a")
        lefts[language] = [links.nth(i).bounding_box()["x"] for i in range(2)]  # type: ignore[index]
        style = "(one) => getComputedStyle(one).direction"
        assert page.locator("main").evaluate(style) == ("rtl" if language == "ar" else "ltr")
    assert lefts["en"][0] < lefts["en"][1]
    assert lefts["ar"][0] > lefts["ar"][1]


def test_a_change_of_language_says_everything_anew(phone: Callable[[str], Page]) -> None:
    page = phone("en")
    page.evaluate("location.hash = 'options'")
    now = "en"
    for language in ("ar", "ja", "en"):
        page.get_by_label(catalogue.message("options.language", now), exact=True).select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("#views a").first).to_have_text(catalogue.message("view.watch", language))
        expect(page.locator("#view-options")).to_contain_text(catalogue.message("options.camera", language))
        unreviewed = catalogue.message("options.not_reviewed", language)
        expect(page.get_by_text(unreviewed)).to_have_count(0 if language == "en" else 1)
        now = language
