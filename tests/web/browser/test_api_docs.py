"""The API's own page works under the content policy, with nothing from elsewhere."""

from __future__ import annotations

from conftest import LiveServer
from playwright.sync_api import Page, expect


def test_it_shows_every_route(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/api/docs")
    expect(page.locator("#operations-reading-read_api_read_post")).to_be_visible()
    described = page.request.get(f"{server.url}/api/openapi.json").json()["paths"]
    shown = page.locator(".opblock").count()
    assert shown == sum(len(methods) for methods in described.values())
