"""In forced colours, where a browser takes a page's own colours away, states still look different."""

from __future__ import annotations

from conftest import WELCOMED, LiveServer, listen, new_context
from playwright.sync_api import Browser, Page

# What it is: how it looks in one state and in another.
STATES = {
    "a pressed button": ("<button aria-pressed=true>Body</button>", "<button aria-pressed=false>Body</button>"),
    "a dot of ten": ("<span class=dots><i class=full></i></span>", "<span class=dots><i></i></span>"),
    "the meter": (
        "<div class='meter is-full'><span class=meter-fill></span></div>",
        "<div class=meter><span class=meter-fill></span></div>",
    ),
    "a switch": (
        "<button class=switch aria-checked=true><span class=switch-track></span></button>",
        "<button class=switch aria-checked=false><span class=switch-track></span></button>",
    ),
    "a sample of the legend": ("<div class=bar-sample></div>", "<div class='bar-sample plain'></div>"),
    "the right word": ("<button class='word right'>sad</button>", "<button class='word chosen'>sad</button>"),
    "the scale of the glow": ("<div class=why-ramp></div>", "<div class='why-ramp plain'></div>"),
}
PLAIN = ".plain.plain { background: Canvas !important }"  # what was left of those two: their edge
SHOW = """(html) => {
  const root = document.querySelector("main");
  root.innerHTML = `<div id="sample">${html}</div>`;
}"""


def drawn(page: Page, html: str) -> bytes:
    page.evaluate(SHOW, html)
    return page.locator("#sample").screenshot()


def test_no_state_is_told_by_colours_that_a_browser_takes_away(
    browser: Browser, server: LiveServer, noises: list[str]
) -> None:
    context = new_context(browser, kept=WELCOMED, forced_colors="active")
    page = context.new_page()
    listen(page, noises, server.url)
    page.goto(server.url)
    page.wait_for_selector("html[data-ready=true]", state="attached")
    page.evaluate("""(css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [sheet];
    }""", PLAIN)  # fmt: skip
    alike = [name for name, (one, other) in STATES.items() if drawn(page, one) == drawn(page, other)]
    page.evaluate(SHOW, STATES["a switch"][1])
    ground = "(part) => getComputedStyle(document.querySelector('.switch-track'), part).backgroundColor"
    thumb, track = page.evaluate(ground, "::after"), page.evaluate(ground, None)
    context.close()
    assert alike == []
    assert thumb != track
    assert not noises
