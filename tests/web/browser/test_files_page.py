"""Files: photos and clips, their cards, outlines, times and downloads; and what is said of files that are none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from conftest import PATIENCE_MS, WELCOMED, LiveServer, listen, new_context
from PIL import Image
from playwright.sync_api import Browser, Error, Locator, Page, expect
from watching import until

from mien.expression import words
from mien.media.tables import COLUMNS, face_row
from mien.types import Reading

OpenView = Callable[[Page, str], None]
RATE, FRAMES, GONE_FROM = 10, 30, 20  # of the made clip: three seconds, the person leaves after two

# A server that reads a clip until `end()`, and marks it for ever: what it was asked for, and what was broken off.
SLOW_SERVER = """() => {
  const one = { reading: { time_s: 0.1, width: 64, height: 48, faces: [] }, outlines: [], words: [], sentence: "" };
  Object.assign(window, { asked: [], brokenOff: [] });
  window.fetch = async (path, { signal }) => {
    const [name] = path.split("?");
    asked.push(name);
    const broken = new Promise((_, fail) => signal?.addEventListener("abort", () => {
      brokenOff.push(name);
      fail(signal.reason);
    }));
    if (name === "/api/annotate") return broken;
    const body = new ReadableStream({ start(stream) {
      stream.enqueue(new TextEncoder().encode(`${JSON.stringify(one)}\\n`));
      broken.catch((error) => stream.error(error));
      window.end = () => stream.close();
    } });
    return new Response(body, { headers: { "Content-Type": "application/x-ndjson" } });
  };
}"""


# Notes all that is said to those who listen to the page.
HEAR = """() => {
  window.heard = [];
  const added = (changes) => changes.flatMap(({ addedNodes }) => [...addedNodes]);
  const listen = (changes) => heard.push(...added(changes).map((one) => one.textContent));
  new MutationObserver(listen).observe(document.getElementById("announcer"), { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def portrait(astronaut_pixels: np.ndarray) -> np.ndarray:
    return astronaut_pixels[0:240, 64:384].copy()


@pytest.fixture(scope="module")
def astronaut_pixels() -> np.ndarray:
    path = Path(__file__).resolve().parents[3] / "examples" / "astronaut.jpg"
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture(scope="module")
def clip(portrait: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WebM: the astronaut for two seconds, then nobody."""
    path = tmp_path_factory.mktemp("clip") / "a clip.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.bit_rate, stream.time_base = 2_000_000, Fraction(1, RATE)
        for index in range(FRAMES):
            shown = np.roll(portrait, index % 5, 1) if index < GONE_FROM else np.full_like(portrait, 100)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), "rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def files(page: Page, open_view: OpenView) -> Page:
    open_view(page, "files")
    page.evaluate(HEAR)
    return page


def wait_to_hear(page: Page, text: str) -> None:
    """Wait until `text` has been said."""
    until(page, f"heard.some((one) => one.includes({json.dumps(text)}))")


def choose(page: Page, *paths: Path) -> Locator:
    """Choose files, and wait until all are read or refused; the last one."""
    before = page.locator(".file").count()
    page.set_input_files("#files-input", list(paths))
    items = page.locator(".file")
    expect(items).to_have_count(before + len(paths))
    for at in range(before, before + len(paths)):
        expect(items.nth(at).locator(".file-downloads .buttons, .file-problem")).to_be_visible(timeout=PATIENCE_MS)
    return items.last


def saved(page: Page, button: Locator) -> tuple[str, bytes]:
    """Press a download; its name and its bytes."""
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def read_by_api(server: LiveServer, path: Path) -> Any:
    with path.open("rb") as file:
        return httpx.post(f"{server.url}/api/read", files={"file": (path.name, file)}, timeout=60).json()


def controls_above_end(page: Page) -> float:
    """How far the controls of the clip's player reach up from its lower edge, in pixels."""
    until(page, "document.querySelector('.file-clip video').readyState > 0")
    browser = page.context.new_cdp_session(page)
    browser.send("DOM.enable")
    heights = []
    for node in browser.send("DOM.getFlattenedDocument", {"depth": -1, "pierce": True})["nodes"]:
        if "-webkit-media-controls-play-button" in node.get("attributes", []):
            with suppress(Error):  # of the camera's video, which is hidden
                heights.append(browser.send("DOM.getBoxModel", {"nodeId": node["nodeId"]})["model"]["border"][1])
    player = page.locator(".file-clip video").bounding_box()
    assert player is not None and len(heights) == 1
    return player["y"] + player["height"] - float(heights[0])


def facts(reading: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reading.items() if name != "timings_ms"}


def test_a_photo_is_read(
    files: Page, server: LiveServer, astronaut: Path, barriers: Callable[[Page], list[str]]
) -> None:
    item = choose(files, astronaut)
    expect(item.locator(".file-card-title")).to_have_text("looks happy")
    expect(item.locator(".file-card-people")).to_have_text("about 10 in 10 people would say so")
    expected = read_by_api(server, astronaut)["outlines"][0]
    points = item.locator("polygon.file-outline").get_attribute("points") or ""
    assert [[float(value) for value in point.split(",")] for point in points.split()] == expected
    picture, layer = (item.locator(one).bounding_box() for one in (".file-stage img", ".file-outlines"))
    assert picture == layer  # so outlines lie where the faces are
    expect(files.locator("#announcer")).to_contain_text("astronaut.jpg was read. One person: looks happy")
    wait_to_hear(files, "1 file is being read.")
    expect(files.get_by_text("Nothing leaves this machine")).to_be_visible()
    assert not barriers(files)


def test_downloads_of_a_photo(files: Page, server: LiveServer, astronaut: Path) -> None:
    item = choose(files, astronaut)
    expected = read_by_api(server, astronaut)["reading"]
    group = item.get_by_role("group", name="Download astronaut.jpg", exact=True)
    name, data = saved(files, group.get_by_role("button", name="JSON astronaut.jpg", exact=True))
    assert name == "astronaut.json" and facts(json.loads(data)) == facts(expected)
    name, data = saved(files, group.get_by_role("button", name="Table (CSV) astronaut.jpg", exact=True))
    (row,) = csv.DictReader(io.StringIO(data.decode()))
    reading = Reading.from_dict(expected)
    told = face_row(reading, reading.faces[0])
    assert name == "astronaut.csv" and list(row) == list(COLUMNS)
    for column, value in told.items():
        same = row[column] == ("" if value is None else str(value))
        assert same or float(row[column]) == float(value), column
    name, data = saved(files, item.get_by_role("button", name="Marked picture"))
    assert name == "astronaut-marked.png" and Image.open(io.BytesIO(data)).size == (512, 512)
    for told in ("astronaut.jpg: Working ...", "astronaut-marked.png was saved."):
        wait_to_hear(files, told)


def test_two_people_have_numbers_and_places(files: Page, portrait: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(np.hstack([portrait, portrait[:, ::-1]])).save(tmp_path / "two.png")
    item = choose(files, tmp_path / "two.png")
    assert item.locator(".file-card-name").all_inner_texts() == ["1\nLeft", "2\nRight"]
    assert item.locator(".file-outline-number").all_text_contents() == ["1", "2"]
    item.get_by_role("button", name="Why? Right").focus()
    expect(item.locator(".file-face.pointed text")).to_have_text("2")  # the card's face stands out


def test_several_files_and_one_table_of_all(files: Page, astronaut: Path, portrait: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(np.hstack([portrait, portrait])).save(tmp_path / "two.png")
    choose(files, astronaut, tmp_path / "two.png")
    _, data = saved(files, files.locator(".file-all").get_by_role("button", name="Table (CSV)"))
    sources = [row["source"] for row in csv.DictReader(io.StringIO(data.decode()))]
    assert sources == ["astronaut.jpg", "two.png", "two.png"]
    expect(files.locator(".file-all").get_by_role("button", name="Table (CSV)")).to_be_focused()
    choose(files, tmp_path / "two.png")
    expect(files.locator(".file-all").get_by_role("button", name="Table (CSV)")).to_be_focused()  # still


def test_who_removes_a_file_is_at_the_next(files: Page, tmp_path: Path) -> None:
    for name in ("one.png", "two.png", "three.png"):
        Image.new("RGB", (90, 60), "grey").save(tmp_path / name)
    choose(files, *(tmp_path / name for name in ("one.png", "two.png", "three.png")))
    for name, then in (("two.png", "three.png"), ("three.png", "one.png")):
        files.get_by_role("button", name=f"Remove {name}").press("Enter")
        expect(files.get_by_role("heading", name=then)).to_be_focused()
        files.keyboard.press("Enter")  # once more removes nothing
        wait_to_hear(files, f"{name} was removed.")
    expect(files.locator(".file")).to_have_count(1)
    expect(files.locator(".file-all")).to_be_hidden()
    files.get_by_role("button", name="Remove one.png").press("Enter")
    expect(files.locator("#files-input")).to_be_focused()


def test_a_picture_that_the_browser_cannot_show(files: Page, astronaut_pixels: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(astronaut_pixels).save(tmp_path / "scan.tiff")
    item = choose(files, tmp_path / "scan.tiff")
    expect(item.get_by_text("you see the copy that Mien marked")).to_be_visible()
    assert item.locator(".file-stage img").evaluate("async (one) => (await one.decode(), one.naturalWidth)") == 512
    item.get_by_role("button", name="Why?").click()
    expect(files.locator("dialog.why .why-glow")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("notes.txt", b"hello", "This is no photo and no clip that can be read."),
        ("empty.jpg", b"", "This file is empty."),
        ("list.mp4", b"ffconcat version 1.0\nfile '/etc/hostname'\n", "This is no photo and no clip that can be read."),
    ],
)
def test_what_is_no_picture(files: Page, name: str, data: bytes, told: str, noises: list[str], tmp_path: Path,
                            barriers: Callable[[Page], list[str]]) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(data)
    item = choose(files, tmp_path / name)
    expect(item.locator(".file-problem")).to_have_text(told)
    wait_to_hear(files, f"{name}: {told}")
    expect(item.get_by_role("alert")).to_have_count(0)  # it is said once
    expect(item.get_by_role("button", name="Try again")).to_have_count(0)  # it can only fail again
    assert not barriers(files)
    noises.clear()  # the browser logs every answer of this kind


def test_a_damaged_picture(files: Page, astronaut: Path, noises: list[str], tmp_path: Path) -> None:
    (tmp_path / "half.jpg").write_bytes(astronaut.read_bytes()[:9000])
    item = choose(files, tmp_path / "half.jpg")
    expect(item.locator(".file-problem")).to_have_text("This file is damaged or cut off: copy or download it again.")
    noises.clear()


def test_what_is_too_large_names_the_limit(files: Page, noises: list[str], tmp_path: Path) -> None:
    Image.new("1", (8000, 6000)).save(tmp_path / "poster.png")
    item = choose(files, tmp_path / "poster.png")
    told = "This picture is too large: at most 40 million pixels can be read."
    expect(item.locator(".file-problem")).to_have_text(told)
    expect(item.get_by_role("button", name="Try again")).to_have_count(0)
    line = "more than 500,000,000 bytes: send something smaller"  # as mien/web/guard.py says it
    files.route("**/api/read*", lambda route: route.fulfill(status=413, json={"detail": line}))
    item = choose(files, tmp_path / "poster.png")
    expect(item.locator(".file-problem")).to_have_text("This file is too large: at most 500 MB can be read.")
    noises.clear()


def test_a_busy_server_is_tried_again(files: Page, noises: list[str], tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"x")
    files.route("**/api/read*", lambda route: route.fulfill(status=429, json={"detail": "full"}))
    item = choose(files, tmp_path / "one.jpg")
    item.get_by_role("button", name="Try again one.jpg", exact=True).press("Enter")
    until(files, "heard.filter((one) => one.includes('one.jpg: Too much is being read at once')).length === 2")
    expect(item.get_by_role("button", name="Try again")).to_be_focused()
    noises.clear()


def test_no_face(files: Page, tmp_path: Path) -> None:
    Image.new("RGB", (90, 60), "grey").save(tmp_path / "wall.png")
    item = choose(files, tmp_path / "wall.png")
    expect(item.get_by_text("No face found.")).to_be_visible()


def test_a_file_is_dropped(files: Page, astronaut: Path) -> None:
    data = files.evaluate_handle(
        """(bytes) => {
          const given = new DataTransfer();
          given.items.add(new File([new Uint8Array(bytes)], 'dropped.jpg', { type: 'image/jpeg' }));
          return given;
        }""",
        list(astronaut.read_bytes()),
    )
    files.dispatch_event(".drop-zone", "dragover", {"dataTransfer": data})
    expect(files.locator(".drop-zone.lit")).to_be_visible()
    files.dispatch_event(".drop-zone", "drop", {"dataTransfer": data})
    expect(files.locator(".file-card-title")).to_have_text("looks happy")


def test_a_clip_and_its_time(files: Page, clip: Path, barriers: Callable[[Page], list[str]]) -> None:
    item = choose(files, clip)
    track = item.get_by_role("slider", name="Person 1 over time")
    expect(item.locator(".file-track")).to_have_count(1)
    wait_to_hear(files, "a clip.webm was read. Person 1, most often: looks happy.")
    assert float(track.get_attribute("aria-valuemax") or 0) == pytest.approx(FRAMES / RATE, abs=0.2)
    expect(item.locator(".file-card-title")).to_have_text("looks happy")
    box = track.bounding_box()
    assert box is not None
    track.click(position={"x": box["width"] * 0.5, "y": 20})  # half of the time
    now = "() => document.querySelector('.file-clip video').currentTime"
    assert files.evaluate(now) == pytest.approx(FRAMES / RATE / 2, abs=0.1)
    expect(track).to_have_attribute("aria-valuetext", "0:01, looks happy")
    track.press("ArrowRight")
    assert files.evaluate(now) == pytest.approx(FRAMES / RATE / 2 + 1, abs=0.1)
    expect(track).to_have_attribute("aria-valuetext", "0:02, not in the picture")
    expect(item.locator(".file-card-title")).to_have_text("not in the picture")
    why = item.get_by_role("button", name="Why? Person 1")
    why.focus()  # stays where it is while its person comes and goes
    expect(why).to_have_attribute("aria-disabled", "true")
    why.press("Enter")
    expect(files.locator("dialog.why")).to_have_count(0)
    expect(item.locator("polygon")).to_have_count(0)
    track.press("Home")
    assert files.evaluate(now) == 0
    expect(item.locator("polygon.file-outline")).to_have_count(1)
    item.get_by_text("The same in words").click()
    expect(item.locator(".file-spans li").first).to_contain_text("looks happy")
    assert not barriers(files)


@pytest.mark.parametrize("width", [320, 1280])
def test_outlines_of_a_clip_leave_its_controls_free(files: Page, clip: Path, width: int) -> None:
    files.set_viewport_size({"width": width, "height": 600})
    item = choose(files, clip)
    player, layer = (item.locator(one).bounding_box() for one in ("video", ".file-outlines"))
    assert player is not None and layer is not None
    assert player["height"] - layer["height"] >= controls_above_end(files) > 0
    for side in ("x", "y", "width"):
        assert layer[side] == pytest.approx(player[side], abs=0.5)  # still where the faces are
    assert layer["height"] == pytest.approx(layer["width"] * 240 / 320, abs=0.5)


def test_a_moment_of_a_clip_is_explained(files: Page, clip: Path) -> None:
    item = choose(files, clip)
    item.get_by_role("button", name="Why? Person 1").click()
    expect(files.locator("dialog.why .why-glow")).to_be_visible()
    expect(files.locator("dialog.why")).to_have_accessible_name("Why “happy”?")
    expect(files.locator("dialog.why")).to_contain_text("one moment of the clip alone")


def test_a_moment_is_explained_once_by_a_double_click(files: Page, clip: Path) -> None:
    item, asked = choose(files, clip), list[str]()
    files.on("request", lambda one: asked.append(one.url) if "/api/why" in one.url else None)
    item.locator(".file-card-why").dblclick()
    expect(files.locator("dialog.why .why-glow")).to_be_visible()
    assert len(asked) == 1


def test_downloads_of_a_clip(files: Page, clip: Path) -> None:
    item = choose(files, clip)
    name, data = saved(files, item.get_by_role("button", name="JSON Lines"))
    readings = [Reading.from_dict(json.loads(line)) for line in data.splitlines()]
    assert name == "a clip.jsonl" and [one.index for one in readings] == list(range(FRAMES))
    name, data = saved(files, item.get_by_role("button", name="Table (CSV)"))
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert len(rows) == sum(len(one.faces) for one in readings) >= GONE_FROM - 2
    assert {row["track_id"] for row in rows} == {"1"}
    name, data = saved(files, item.get_by_role("button", name="Marked video"))
    with av.open(io.BytesIO(data)) as container:
        assert name == "a clip-marked.mp4" and sum(1 for _ in container.decode(video=0)) == FRAMES


def test_a_clip_that_the_browser_cannot_play(files: Page, portrait: np.ndarray, tmp_path: Path) -> None:
    frames = [Image.fromarray(np.roll(portrait, shift, 1)) for shift in range(8)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    item = choose(files, tmp_path / "moving.gif")
    expect(item.get_by_text("you see the copy that Mien marked")).to_be_visible()
    expect(item.locator(".file-stage video")).to_be_visible()
    expect(item.locator(".file-card-title")).to_have_text("looks happy")
    expect(item.locator(".file-card-why")).to_be_hidden()  # its frames cannot be had without the marks


@pytest.fixture
def unplayable(files: Page) -> Page:
    """A clip that the browser cannot play is being read."""
    files.evaluate(SLOW_SERVER)
    files.set_input_files("#files-input", {"name": "film.avi", "mimeType": "video/avi", "buffer": b"RIFF"})
    expect(files.get_by_text("This browser cannot play this clip itself.")).to_be_visible()
    return files


@pytest.mark.parametrize("way", ["Cancel", "Remove"])
def test_no_copy_is_made_of_a_clip_whose_reading_broke_off(unplayable: Page, way: str) -> None:
    unplayable.get_by_role("button", name=way).click()
    until(unplayable, "brokenOff.length")
    unplayable.evaluate("new Promise((done) => setTimeout(done))")  # what follows from it has happened
    assert unplayable.evaluate("asked") == ["/api/read"]


def test_who_removes_a_clip_waits_for_no_copy(unplayable: Page) -> None:
    unplayable.evaluate("end()")
    until(unplayable, "asked.includes('/api/annotate')")
    unplayable.get_by_role("button", name="Remove").click()
    assert unplayable.evaluate("brokenOff").count("/api/annotate") == 1


def test_the_marked_copy_speaks_the_language_of_now(files: Page, astronaut: Path) -> None:
    item, asked = choose(files, astronaut), list[str]()
    files.on("request", lambda one: asked.append(one.url) if "/api/annotate" in one.url else None)
    for _ in range(2):
        saved(files, item.get_by_role("button", name="Marked picture"))
    files.get_by_role("link", name="Settings").click()
    files.locator("#options-language").select_option("fr")
    files.locator("a[href='#files']").click()
    saved(files, item.get_by_role("button", name=words.message("files.marked_picture", "fr")))
    assert [url.split("language=")[1][:2] for url in asked] == ["en", "fr"]


def test_reading_can_be_cancelled(files: Page, server: LiveServer, tmp_path: Path) -> None:
    page = files
    demo = httpx.get(f"{server.url}/static/demo.webm").content  # eight seconds: time enough
    (tmp_path / "long.webm").write_bytes(demo)
    page.set_input_files("#files-input", tmp_path / "long.webm")
    page.get_by_role("button", name="Cancel long.webm", exact=True).press("Enter")
    expect(page.locator(".file-status")).to_contain_text("Stopped at")
    wait_to_hear(page, "long.webm: Stopped at")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.locator(".file-track").focus()
    expect(page.locator(".file-downloads .buttons")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".file-status")).to_have_text("")
    expect(page.locator(".file-track")).to_be_focused()  # it was kept when the reading ended


def test_in_french_on_a_phone(
    browser: Browser, server: LiveServer, astronaut: Path, clip: Path, noises: list[str],
    barriers: Callable[[Page], list[str]],
) -> None:  # fmt: skip
    kept = {**WELCOMED, "language": "fr"}
    context = new_context(browser, kept=kept, viewport={"width": 320, "height": 640}, color_scheme="dark")
    page = context.new_page()
    listen(page, noises, server.url)
    page.goto(f"{server.url}/#files")
    page.wait_for_selector("html[data-ready=true]", state="attached")
    choose(page, astronaut, clip)
    for title in page.locator(".file-card-title").all():
        expect(title).to_have_text(words.message("looks.happy", "fr"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert not barriers(page)
    context.close()
    assert not noises


def test_real_photos(files: Page, shared_media: Path) -> None:
    photos = sorted((shared_media / "photos").glob("*.jpg"))[:3]
    choose(files, *photos)
    expect(files.locator(".file-card")).to_have_count(3)


def test_a_real_clip(files: Page, shared_media: Path) -> None:
    item = choose(files, shared_media / "videos" / "want.mkv")
    expect(item.locator(".file-track")).to_have_count(1)
    expect(item.locator(".file-stage video")).to_be_visible()
    assert item.locator("video").evaluate("one => [one.videoWidth, one.videoHeight]") == [640, 480]
