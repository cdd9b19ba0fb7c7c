"""A server with a token: the page asks for it once, keeps it while the tab lives, and never puts it in an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from conftest import LiveServer, listen, new_context
from playwright.sync_api import Browser, Page, expect

TOKEN = "twelve letters or more"
WELCOMED = {"welcomed": True, "language": "en"}


@pytest.fixture(scope="module")
def closed_server(start_server: Callable[..., LiveServer]) -> LiveServer:
    return start_server(token=TOKEN)


@pytest.fixture
def outside(browser: Browser, closed_server: LiveServer) -> Iterator[tuple[Page, list[str]]]:
    """A page that knows no token, and all addresses that it asks for."""
    context = new_context(browser, kept=WELCOMED)
    page, noises, asked = context.new_page(), list[str](), list[str]()
    listen(page, noises, closed_server.url)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    yield page, asked
    context.close()
    # A refusal is an error to the browser's console, and here it is meant.
    assert [noise for noise in noises if "401" not in noise] == []


def test_it_asks_until_the_token_is_right(outside: tuple[Page, list[str]], closed_server: LiveServer) -> None:
    page, asked = outside
    page.goto(f"{closed_server.url}/#diary")
    dialog = page.get_by_role("dialog", name="This page asks for its token")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Token")).to_be_focused()
    dialog.get_by_label("Token").fill("wrong")
    dialog.get_by_label("Token").press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Enter").click()
    expect(dialog).to_be_hidden()
    asking = "import('/static/js/dom.js').then((dom) => dom.api('/api/diary/sessions'))"
    assert page.evaluate(f"{asking}.then((found) => Array.isArray(found))") is True
    page.reload()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    assert page.evaluate(
        "import('/static/js/dom.js').then((dom) => dom.api('/api/models')).then(({ detector }) => detector)"
    )
    expect(dialog).to_be_hidden()
    assert not [address for address in asked if "twelve" in address]


def test_the_demo_clip_is_read_behind_a_token(outside: tuple[Page, list[str]], closed_server: LiveServer) -> None:
    page, _ = outside
    page.add_init_script(f"sessionStorage.setItem('mien.token', {TOKEN!r})")
    page.goto(f"{closed_server.url}/#watch")
    expect(page.locator("html[data-ready]")).to_have_count(1)
    address = page.evaluate("import('/static/js/token.js').then(({ addressOf }) => addressOf('/api/demo'))")
    assert address.startswith("blob:")


def test_while_the_token_is_missing_the_picture_says_so(
    outside: tuple[Page, list[str]], closed_server: LiveServer
) -> None:
    page, _ = outside
    page.goto(f"{closed_server.url}/#watch")
    page.locator("[data-action=camera]:visible").first.click()
    page.get_by_role("button", name="Not now").click()
    expect(page.locator(".stage-note")).to_have_text("This page asks for its token")


def test_who_does_not_tell_is_told_so(outside: tuple[Page, list[str]], closed_server: LiveServer) -> None:
    page, _ = outside
    page.goto(f"{closed_server.url}/#about")
    expect(page.locator("html[data-ready]")).to_have_count(1)
    asking = "import('/static/js/dom.js').then((dom) => dom.api('/api/models')).catch((error) => error.message)"
    page.evaluate(f"window.told = {asking}; null")
    page.get_by_role("button", name="Not now").click()
    assert "token" in page.evaluate("window.told")
