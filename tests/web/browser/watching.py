"""Steps that several tests of the page share: starting a source, waiting for readings, faking the browser."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

CARD = ".card"
PATIENCE_MS = 30_000
# The browser's dialog for sharing cannot be answered by a test: another camera picture stands in for the screen.
FAKE_SCREEN = """navigator.mediaDevices.getDisplayMedia = async (wanted) => {
  window.sharingAsked = wanted;
  return navigator.mediaDevices.getUserMedia({ video: true });
};"""


def until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression holds. (Playwright's own way is forbidden by the page's content policy.)

    It goes by a timer of its own, `wait`, where the test has kept one from being stopped.
    """
    page.evaluate(
        f"""() => new Promise((done, fail) => {{
          const later = window.wait ?? window.setTimeout;
          const ends = performance.now() + {PATIENCE_MS};
          const look = () => {{
            if ({condition}) done();
            else if (performance.now() > ends) fail(new Error("waited in vain"));
            else later(look, 30);
          }};
          look();
        }})"""
    )


def more_readings(page: Page, count: int = 5) -> None:
    """Wait until so many further frames were read."""
    seen = page.evaluate("mienStats.readings")
    until(page, f"mienStats.readings >= {seen + count}")


def start(page: Page, source: str = "camera") -> Locator:
    """Start a source; the first card, once there is one."""
    page.locator(f"[data-action={source}]:visible").first.click()
    card = page.locator(CARD).first
    expect(card).to_be_visible()
    return card


def tool(page: Page, name: str) -> Locator:
    """A button below the picture, by the name of its action."""
    button = page.locator(f".tools [data-action={name}]")
    if not button.is_visible():
        page.locator(".tools [data-action=more]").click()
    return button


def free_keys(page: Page) -> None:
    """Take the focus from whatever has it, so that single keys act."""
    page.evaluate("document.activeElement?.blur()")


def notice(page: Page, text: str) -> None:
    """Expect a notice, both shown and said."""
    expect(page.locator("#notice")).to_have_text(text)
    expect(page.locator("#announcer")).to_have_text(text)
