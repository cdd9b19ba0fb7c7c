"""The live page as a person has it: readings a second, delay, fairness, memory; real Chromium, a camera from a clip.

    python benchmarks/live.py [--quick] [--json FILE|-] [--seconds N] [--minutes N] [--model FOLDER]

A server in a process of its own, and headless Chromium whose camera plays a made clip of one face, 640 x 480 at 30
frames a second, all on this machine. The delay runs from a frame's arrival in the page to the moment its card has
changed, as the page itself notes it (`window.mienStats`); how long after the camera's own moment of capture a frame
arrives is measured beside it. Then four clients at once, one of them the browser; then a
server that is slowed on purpose: readings must get rarer, but no older. With `--minutes`, memory of server and page
is watched that long. Needs Chromium and the extras `live` and `dev`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).parent))

from _table import ROOT, Row, arguments, note, report
from memory import resident_mb

from mien.models import DEFAULT_MODEL

READINGS_PER_S, MEDIAN_MS, P95_MS, GROWTH_MB = 20.0, 90.0, 180.0, 30.0  # the bars
SLOW_MS = 200.0  # how much later a slowed server reads
OTHERS = 3  # clients beside the browser
FRAME_S = 1 / 30  # of the camera, and of those clients
SIZE = (640, 480)
CLIP_FRAMES = 60
SETTLE_S = 5.0  # caches fill, codecs start
LEAST_READINGS = 3  # in each measurement, however long they take: two halves, and a median
PATIENCE_MS = 60_000  # for them
KEPT = {"welcomed": True, "language": "en"}  # a person who has been here before
SERVE = """
import sys, time
sys.path.insert(0, sys.argv[1])
import live
live.serve(sys.argv[2], float(sys.argv[3]), sys.argv[4])
"""


class Slow:
    """A pipeline that takes `later_ms` longer for each frame."""

    def __init__(self, pipeline: Any, later_ms: float) -> None:
        self._pipeline, self._later_s = pipeline, later_ms / 1000

    def read(self, frame: Any, **options: Any) -> Any:
        """Read, late."""
        time.sleep(self._later_s)
        return self._pipeline.read(frame, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)


def serve(model: str, later_ms: float, folder: str) -> None:
    """Run a server at a free port; prints the port when it listens, ends with its standard input."""
    import uvicorn

    from mien.pipeline import Pipeline, PipelineOptions
    from mien.web.app import create_app
    from mien.web.options import LiveOptions

    options = LiveOptions(port=0, pipeline=PipelineOptions(model=Path(model)), data_folder=Path(folder))
    app = create_app(options, make=lambda: Slow(Pipeline(options.pipeline), later_ms))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio"))

    def tell() -> None:
        while not server.started:
            time.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=tell, daemon=True).start()
    server.run()


@contextmanager
def server(model: Path, *, later_ms: float = 0.0) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its address and its process number."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", SERVE, str(Path(__file__).parent), str(model), str(later_ms), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            port = running.stdout.readline().strip()
            if not port:
                raise RuntimeError("the server did not start")
            yield f"127.0.0.1:{port}", running.pid
            running.communicate()  # closes its standard input, which ends it


def camera_pictures() -> list[bytes]:
    """JPEGs in which the photo of examples/ sways."""
    photo = cv2.imread(str(ROOT / "examples" / "astronaut.jpg"))
    assert photo is not None
    pictures = []
    for number in range(CLIP_FRAMES):
        phase = 2 * np.pi * number / CLIP_FRAMES
        turn = cv2.getRotationMatrix2D((224.0, 130.0), 8 * np.sin(phase), 1.1)
        turn[:, 2] += (SIZE[0] / 2 - 224 + 20 * np.sin(phase), SIZE[1] / 2 - 130)
        picture = cv2.warpAffine(photo, turn, SIZE, borderMode=cv2.BORDER_REPLICATE)
        pictures.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
    return pictures


@contextmanager
def chromium(pictures: list[bytes]) -> Iterator[Browser]:
    """Headless Chromium whose camera plays these pictures in a loop."""
    names = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("benchmarks/live.py needs Chromium: install it (on Debian: apt-get install chromium)")
    with tempfile.NamedTemporaryFile(suffix=".mjpeg") as clip, sync_playwright() as playwright:
        clip.write(b"".join(pictures))
        clip.flush()
        flags = ["--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", "--enable-precise-memory-info",
                 "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip.name}"]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@contextmanager
def watching(browser: Browser, address: str, seconds: float = SETTLE_S) -> Iterator[Page]:
    """A page that watches the camera and has read its first frames; it settles no longer than is measured.

    It is closed in the end: one left open plays its camera on, and asks for its server, while others are measured.
    """
    context = browser.new_context(permissions=["camera"], bypass_csp=True)
    kept = json.dumps(json.dumps(KEPT))
    context.add_init_script(f"localStorage.setItem('mien.settings', {kept})")
    page = context.new_page()
    page.goto(f"http://{address}/#watch")
    page.locator("[data-action=camera]:visible").first.click()
    page.wait_for_function("window.mienStats.readings > 10", timeout=PATIENCE_MS)
    page.wait_for_timeout(1000 * min(SETTLE_S, seconds))
    yield page
    context.close()


def measured(page: Page, seconds: float) -> tuple[float, np.ndarray[Any, Any], float]:
    """Readings a second of the page, their delays in ms, and how many seconds that took.

    Those are longer than `seconds` where fewer than `LEAST_READINGS` came.
    """
    before = page.evaluate("() => { window.mienStats.latencies.length = 0; return window.mienStats.readings; }")
    began = time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    page.wait_for_function(
        "([before, least]) => window.mienStats.readings >= before + least && mienStats.latencies.length >= least",
        arg=[before, LEAST_READINGS], timeout=PATIENCE_MS,
    )  # fmt: skip
    after, took_s = page.evaluate("window.mienStats.readings"), time.monotonic() - began
    return (after - before) / took_s, np.array(page.evaluate("window.mienStats.latencies")), took_s


# A frame reaches a reader of the camera's track, and the video that plays the same track tells when it was captured.
ARRIVALS = """async ([seconds, least]) => {
  const video = [...document.querySelectorAll("video")].find((one) => one.srcObject);
  const track = video.srcObject.getVideoTracks()[0].clone();
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const [arrived, captured, ends] = [[], [], performance.now() + 1000 * seconds];
  let isEnough = false;
  const note = (now, { captureTime }) => {
    captured.push(captureTime);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  while (!isEnough) {
    isEnough = performance.now() >= ends && captured.length >= least; // so one arrives after those captures
    const { value } = await reader.read();
    arrived.push(performance.now());
    value.close();
  }
  track.stop();
  return { arrived, captured };
}"""


def arrival_delays(page: Page, seconds: float) -> list[float]:
    """How long after its capture each frame of the camera arrives in the page, ms."""
    seen = page.evaluate(ARRIVALS, [seconds, LEAST_READINGS])
    captured = [time_ms for time_ms in seen["captured"] if time_ms is not None]
    return [at - max(before) for at in seen["arrived"] if (before := [one for one in captured if one <= at])]


class Client(threading.Thread):
    """Sends a frame every `FRAME_S`, whatever comes back, and counts the readings."""

    def __init__(self, address: str, pictures: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._address, self._pictures, self.readings, self._is_over = address, pictures, 0, threading.Event()

    def run(self) -> None:
        """Until `end`."""
        from mien.web.frames import pack_frame

        with connect(f"ws://{self._address}/api/live") as socket:
            socket.send(json.dumps({"type": "hello", "version": 1}))
            listener = threading.Thread(target=self._listen, args=(socket,), daemon=True)
            listener.start()
            began = time.monotonic()
            for number in range(1_000_000):
                if self._is_over.wait(max(0.0, began + number * FRAME_S - time.monotonic())):
                    break
                picture = self._pictures[number % len(self._pictures)]
                socket.send(pack_frame(number, number * FRAME_S, picture))
        listener.join()

    def _listen(self, socket: Any) -> None:
        for text in socket:
            self.readings += json.loads(text)["type"] == "reading"

    def end(self) -> None:
        """Stop, and wait until it has."""
        self._is_over.set()
        self.join()


def alone_rows(browser: Browser, model: Path, seconds: float) -> list[Row]:
    """One browser."""
    note("one browser")
    with server(model) as (address, _), watching(browser, address, seconds) as page:
        rate, delays, _ = measured(page, seconds)
        arrivals = arrival_delays(page, min(seconds, 5.0))
    return [
        Row("time between two readings", 1000 / rate, "ms", 1000 / READINGS_PER_S),
        Row("capture to the frame's arrival in the page, median", float(np.median(arrivals)), "ms"),
        Row("readings a second", rate, ""),
        Row("delay, frame to card, median", float(np.median(delays)), "ms", MEDIAN_MS),
        Row("delay, 95th percentile", float(np.percentile(delays, 95)), "ms", P95_MS),
    ]


def shared_rows(browser: Browser, model: Path, pictures: list[bytes], seconds: float) -> list[Row]:
    """The browser and three other clients at once."""
    note(f"the browser and {OTHERS} other clients")
    with server(model) as (address, _), watching(browser, address, seconds) as page:
        clients = [Client(address, pictures) for _ in range(OTHERS)]
        for client in clients:
            client.start()
        page.wait_for_timeout(1000 * min(SETTLE_S, seconds))
        before = [client.readings for client in clients]
        rate, delays, took_s = measured(page, seconds)
        others = [(client.readings - count) / took_s for client, count in zip(clients, before, strict=True)]
        for client in clients:
            client.end()
    rates = [rate, *others]
    return [
        Row("four at once: readings a second, fewest", min(rates), ""),
        Row("four at once: readings a second, most", max(rates), ""),
        Row("four at once: the browser's", rate, ""),
        Row("four at once: the browser's delay, median", float(np.median(delays)), "ms"),
    ]


def slowed_rows(browser: Browser, model: Path, seconds: float) -> list[Row]:
    """A server that reads 200 ms later: what is queued would add to the delay without end."""
    note(f"a server slowed by {SLOW_MS:g} ms")
    with server(model, later_ms=SLOW_MS) as (address, _), watching(browser, address, seconds) as page:
        rate, delays, _ = measured(page, seconds)
    half = len(delays) // 2
    drift = float(np.median(delays[half:]) - np.median(delays[:half]))
    return [
        Row("slowed: readings a second", rate, ""),
        Row("slowed: delay, median", float(np.median(delays)), "ms"),
        Row("slowed: delay of the second half less the first", drift, "ms", MEDIAN_MS),
    ]


def memory_rows(browser: Browser, model: Path, minutes: float) -> list[Row]:
    """Memory of the server and of the page's own heap while it watches."""
    with server(model) as (address, number), watching(browser, address) as page:
        samples = []
        for minute in range(max(2, round(minutes * 2))):
            page.wait_for_timeout(60_000 * minutes / max(2, round(minutes * 2)))
            page.evaluate("window.gc?.()")
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
            samples.append((resident_mb(number), heap))
            note(f"{(minute + 1) / 2:g} min: server {samples[-1][0]:.0f} MB, page {heap:.1f} MB")
    quarter = max(1, len(samples) // 4)
    first, last = (np.median(part, axis=0) for part in (samples[:quarter], samples[-quarter:]))
    return [
        Row(f"growth of the server in {minutes:g} min", float(last[0] - first[0]), "MB", GROWTH_MB),
        Row(f"growth of the page's heap in {minutes:g} min", float(last[1] - first[1]), "MB", GROWTH_MB),
    ]


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when all bars are cleared (or in a smoke run)."""
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    parser.add_argument("--minutes", type=float, default=0.0, help="how long memory is watched; 0: not at all")
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="a model folder in place of the embedded one")
    options = parser.parse_args(argv)
    seconds = 1.0 if options.quick else options.seconds
    pictures = camera_pictures()
    with chromium(pictures) as browser:
        rows = alone_rows(browser, options.model, seconds)
        rows += shared_rows(browser, options.model, pictures, seconds)
        rows += slowed_rows(browser, options.model, seconds)
        if options.minutes:
            rows += memory_rows(browser, options.model, options.minutes)
    return report("the live page", rows, options)


if __name__ == "__main__":
    raise SystemExit(main())
