"""The worker that sends frames: what it sends and hears where one source follows another, by a made server."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

# The worker's module in the page itself. Every frame is a JPEG as soon as `encoded()` says so; what it sends stands in
# `sent`, frames by their source, and what it tells the page in `told`.
RIG = """async () => {
  Object.assign(window, { sent: [], told: [], encoded: null });
  let drawn = "";
  window.OffscreenCanvas = class {
    getContext() { return { drawImage: (picture) => { drawn = picture.name; } }; }
    convertToBlob() {
      const name = drawn;
      return new Promise((done) => { window.encoded = () => done(new Blob([name])); });
    }
  };
  window.WebSocket = class {
    constructor() { window.server = this; }
    send(message) {
      sent.push(typeof message === "string" ? JSON.parse(message).type : new TextDecoder().decode(message.slice(20)));
    }
  };
  window.postMessage = (message) => told.push(message);
  await import("/static/js/frame-worker.js");
  window.tell = (data) => self.onmessage({ data });
  window.answer = (message) => server.onmessage({ data: JSON.stringify(message) });
  window.show = (name) => tell({ type: "picture", at: 1000, bitmap: { name, width: 64, height: 48, close() {} } });
  tell({ type: "begin" });
  server.onopen();
  answer({ type: "welcome", limits: {} });
}"""
ENCODED = "async () => { encoded(); await new Promise((done) => setTimeout(done)); }"


def test_a_frame_of_the_source_before_is_not_sent_as_one_of_the_next(
    page: Page, open_view: Callable[[Page, str], None]
) -> None:
    open_view(page, "about")
    page.evaluate(RIG)
    page.evaluate("show('camera')")
    page.evaluate("tell({ type: 'begin' })")  # another source, while that frame is made a JPEG
    page.evaluate(ENCODED)
    page.evaluate("show('screen')")
    page.evaluate(ENCODED)
    assert page.evaluate("sent") == ["hello", "reset", "screen"]


def test_an_answer_about_the_source_before_is_not_passed_on(page: Page, open_view: Callable[[Page, str], None]) -> None:
    open_view(page, "about")
    page.evaluate(RIG)
    page.evaluate("show('camera')")
    page.evaluate(ENCODED)
    page.evaluate("tell({ type: 'begin' })")
    page.evaluate("show('screen')")
    page.evaluate(ENCODED)
    page.evaluate("for (const id of [1, 2]) answer({ type: 'reading', id })")
    assert page.evaluate("told.filter(({ type }) => type === 'message').map(({ message }) => message.id)") == [2]
