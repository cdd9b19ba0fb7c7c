"""Views and the address: which one is shown, and what leaves it as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from conftest import LiveServer, listen, new_context
from playwright.sync_api import Browser, Page, expect


def test_the_skip_link_leads_past_the_links_and_stays_in_the_view(
    page: Page, open_view: Callable[[Page, str], None]
) -> None:
    open_view(page, "practice")
    page.get_by_role("button", name="Play: Spot the change").click()
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.get_by_text("Choose a clip", exact=True)).to_be_visible()  # the round goes on
    assert page.url.endswith("/#practice")


def test_an_address_that_names_no_view_changes_nothing(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "diary")
    page.evaluate("""() => new Promise((done) => {
      addEventListener("hashchange", done, { once: true });
      location.hash = "nothing";
    })""")
    expect(page.locator("#view-diary")).to_be_visible()


def test_an_address_without_a_view_shows_the_first(
    page: Page, server: LiveServer, open_view: Callable[[Page, str], None]
) -> None:
    open_view(page, "nothing")
    expect(page.locator("#view-watch")).to_be_visible()
    page.goto(server.url)
    page.get_by_role("link", name="Diary").click()
    expect(page.locator("#view-diary")).to_be_visible()
    page.go_back()
    expect(page.locator("#view-watch")).to_be_visible()


@pytest.mark.parametrize(("view", "focused"), [("practice", "heading"), ("diary", "switch")])
def test_a_view_that_could_not_be_opened_can_be_tried_again(
    page: Page,
    open_view: Callable[[Page, str], None],
    noises: list[str],
    view: str,
    focused: Literal["heading", "switch"],
) -> None:
    page.route(f"**/api/{view}**", lambda route: route.abort())
    page.route(f"**/api/{view}/**", lambda route: route.abort())
    open_view(page, view)
    expect(page.get_by_role("alert")).to_contain_text("There is no connection to Mien.")  # in words of the catalogue
    again = page.get_by_role("button", name="Try again")
    again.click()
    expect(again).to_be_focused()
    page.unroute_all()
    again.click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(f"#view-{view}").get_by_role(focused).first).to_be_focused()
    noises.clear()  # a request that fails is logged by the browser


def test_another_view_begins_at_its_top_with_the_focus_in_it(
    browser: Browser, server: LiveServer, noises: list[str], open_view: Callable[[Page, str], None]
) -> None:
    context = new_context(browser, kept={"language": "en"}, viewport={"width": 320, "height": 640})
    page = context.new_page()
    listen(page, noises, server.url)
    open_view(page, "watch")
    assert page.evaluate("document.activeElement === document.body")  # who opens the page begins at its beginning
    page.get_by_role("link", name="Read more first").press("Enter")
    expect(page.locator("#view-about")).to_be_focused()
    expect(page.locator("#view-about")).to_have_accessible_name("About")
    assert page.evaluate("scrollY") == 0
    page.evaluate("scrollTo(0, 600)")
    page.go_back()
    expect(page.locator("#view-watch")).to_be_focused()
    assert page.evaluate("scrollY") == 0
    context.close()
    assert not noises
