"""axe-core on every view, light and dark, large and small, as a person finds it and with faces before the camera."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Page, expect
from watching import more_readings, start

VIEWS = ("watch", "files", "practice", "diary", "options", "about")
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark, on a phone": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_no_view_has_a_barrier(
    browser: Browser,
    server: LiveServer,
    noises: list[str],
    open_view: Callable[[Page, str], None],
    barriers: Callable[[Page], list[str]],
    look: str,
) -> None:
    context = new_context(browser, kept=WELCOMED, **LOOKS[look])
    page = context.new_page()
    listen(page, noises, server.url)
    found = {}
    for view in VIEWS:
        open_view(page, view)
        expect(page.locator("main section:visible").first).to_be_visible()
        found[view] = barriers(page)
    open_view(page, "watch")
    start(page)
    more_readings(page)
    found["watch, with a face"] = barriers(page)
    context.close()
    assert {view: wrong for view, wrong in found.items() if wrong} == {}
    assert not noises
