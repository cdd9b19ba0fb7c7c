"""A running server, and Chromium with a camera that plays a made clip; what every test of the page shares.

`page` fails its test where the page asks another machine for anything, breaks its content policy, or logs an error
(`noises` may be emptied by a test that causes one on purpose).
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from mien.web.app import create_app
from mien.web.options import LiveOptions

ROOT = Path(__file__).resolve().parents[3]
CAMERA = (640, 480)
CAMERA_FRAMES = 60
PATIENCE_MS = 30_000  # a loaded machine is slow; nothing waits longer than it must
WELCOMED = {"welcomed": True, "language": "en"}  # what the page keeps of a person who has been here before


class LiveServer:
    """A server in a thread of its own, that can be stopped and started again at the same port."""

    def __init__(self, options: LiveOptions, **parts: Any) -> None:
        self._options, self._parts, self.port = options, parts, 0
        self.start()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when it listens."""
        config = uvicorn.Config(
            create_app(self._options, **self._parts), host="127.0.0.1", port=self.port, log_level="error",
            ws="websockets-sansio", timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server, started = uvicorn.Server(config), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(60), "the server did not start"

    def _run(self, started: threading.Event) -> None:
        server, startup = self._server, self._server.startup

        async def telling(sockets: Any = None) -> None:
            await startup(sockets)
            if server.started:
                self.port = server.servers[0].sockets[0].getsockname()[1]
            started.set()

        server.startup = telling  # type: ignore[method-assign]
        server.run()

    def stop(self) -> None:
        """Stop, and return when it is gone."""
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the server did not end"


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LiveServer]]:
    """Starts a server with given `LiveOptions`; all are stopped at the end."""
    started: list[LiveServer] = []

    def start(**options: Any) -> LiveServer:
        options.setdefault("data_folder", tmp_path_factory.mktemp("data"))
        options.setdefault("port", 0)
        started.append(LiveServer(LiveOptions(**options)))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., LiveServer]) -> LiveServer:
    """A server with the real pipeline, shared by all tests that do not stop it."""
    return start_server()


def write_camera_clip(path: Path, *, people: int = 1) -> Path:
    """A clip (MJPEG, which Chromium plays in a loop as a camera) in which the demo face sways; one or two of them."""
    photo = cv2.imread(str(ROOT / "examples" / "astronaut.jpg"))
    assert photo is not None
    width, height = CAMERA
    frames = []
    for number in range(CAMERA_FRAMES):
        phase = 2 * np.pi * number / CAMERA_FRAMES
        canvas = np.full((height, width, 3), 90, np.uint8)
        for person in range(people):
            matrix = cv2.getRotationMatrix2D((224.0, 130.0), 6 * np.sin(phase + person), 1.0 if people == 1 else 0.8)
            middle = width * (2 * person + 1) / (2 * people)
            matrix[:, 2] += (middle - 224 + 12 * np.sin(phase), height / 2 - 130)
            part = cv2.warpAffine(photo, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
            share = slice(width * person // people, width * (person + 1) // people)
            canvas[:, share] = part[:, share]
        frames.append(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    path.write_bytes(b"".join(frames))
    return path


def chromium() -> str:
    """Where Chromium is: the build without windows where there is one, which opens a page in two thirds of the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)  # a context's patience is not that of its expectations
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with a fake camera that plays a clip; more flags can be given."""
    started: list[Browser] = []

    def start(clip: Path | None, *flags: str) -> Browser:
        camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}"] if clip else []
        started.append(
            playwright.chromium.launch(
                executable_path=chromium(),
                args=["--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", *camera, *flags],
            )
        )
        return started[-1]

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="session")
def camera_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_camera_clip(tmp_path_factory.mktemp("camera") / "one.mjpeg")


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser], camera_clip: Path) -> Browser:
    """Chromium whose camera sees the demo face."""
    return launch(camera_clip)


@pytest.fixture
def noises() -> list[str]:
    """What went wrong on the page of this test; a test that causes it on purpose empties the list."""
    return []


def new_context(browser: Browser, *, kept: dict[str, Any] | None = None, **options: Any) -> BrowserContext:
    """A fresh profile, in which the page keeps `kept`; `options` are Playwright's (viewport, color_scheme, locale)."""
    context = browser.new_context(permissions=["camera"], reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE_MS)
    keeping = "if (!localStorage.getItem('mien.settings')) localStorage.setItem('mien.settings', {});"
    if kept is not None:
        context.add_init_script(keeping.format(json.dumps(json.dumps(kept))))
    return context


def listen(page: Page, noises: list[str], home: str) -> None:
    """Note errors on the page, and requests to anybody but `home` (also over sockets)."""
    page.on("pageerror", lambda error: noises.append(f"error: {error}"))
    page.on("console", lambda one: noises.append(f"console: {one.text}") if one.type == "error" else None)
    allowed = (home, home.replace("http", "ws", 1), "blob:", "data:")
    page.on("request", lambda one: noises.append(f"asks {one.url}") if not one.url.startswith(allowed) else None)
    page.on("websocket", lambda one: noises.append(f"opens {one.url}") if not one.url.startswith(allowed) else None)


@pytest.fixture
def page(browser: Browser, server: LiveServer, noises: list[str]) -> Iterator[Page]:
    """A page of a person who has been here before, not yet opened: `open_view(page, "watch")` does that."""
    context = new_context(browser, kept=WELCOMED)
    page = context.new_page()
    listen(page, noises, server.url)
    yield page
    context.close()
    assert not noises


@pytest.fixture
def open_view(server: LiveServer) -> Callable[[Page, str], None]:
    """Opens a view of the page and returns when the page is ready."""

    def open_it(page: Page, view: str) -> None:
        page.goto(f"{server.url}/#{view}")
        page.wait_for_selector("html[data-ready=true]", state="attached")

    return open_it


@pytest.fixture
def barriers() -> Callable[[Page], list[str]]:
    """What axe-core finds wrong with the page as it is shown, by WCAG 2.2 AA."""

    def find(page: Page) -> list[str]:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]

    return find
