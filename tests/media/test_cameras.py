from __future__ import annotations

import gc
import itertools
import threading
import time
from typing import Any

import cv2
import numpy as np
import pytest

from mien.errors import SourceError
from mien.media.cameras import Clock, camera_source, open_capture, open_grabber
from mien.media.sources import Devices, SourceOptions, open_source


class FakeClock:
    """Time that passes only when somebody waits, or looks."""

    def __init__(self) -> None:
        self.time = 100.0
        self.clock = Clock(now=self.now, pause=self.pause)

    def now(self) -> float:
        self.time += 0.001
        return self.time

    def pause(self, seconds: float) -> None:
        assert seconds >= 0
        self.time += seconds


class FakeCamera:
    """Gives `count` pictures (BGR, the number in the blue channel), then none; the reader can be made to wait."""

    def __init__(self, count: int, fps: float = 30.0, pace: bool = False) -> None:
        self.count, self.fps, self.given, self.released = count, fps, 0, 0
        self.allowed = threading.Semaphore(0) if pace else None
        self.is_released = threading.Event()

    def read(self) -> tuple[bool, Any]:
        assert not self.released, "read after release"
        if self.allowed is not None:
            self.allowed.acquire()
        if self.given == self.count:
            return False, None
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[..., 0], picture[..., 2] = self.given % 256, 200
        self.given += 1
        return True, picture

    def get(self, propId: int, /) -> float:
        return self.fps if propId == cv2.CAP_PROP_FPS else 0.0

    def release(self) -> None:
        self.released += 1
        self.is_released.set()


def open_fake(camera: FakeCamera, **options: Any) -> Any:
    return camera_source(0, SourceOptions(**options), opener=lambda number: camera, clock=FakeClock().clock)


def test_frames_come_in_order_as_rgb_until_the_camera_vanishes() -> None:
    camera = FakeCamera(50)
    source = open_fake(camera)
    assert source.is_live and source.is_stream and source.frame_count is None and source.fps == 30
    seen = []
    with pytest.raises(SourceError, match="camera 0 was unplugged"):
        for frame in source:
            seen.append(frame)
    assert seen and camera.released == 1
    indices = [frame.index for frame in seen]
    assert indices == sorted(set(indices)) and indices[-1] == 49, "the newest is never lost"
    for frame in seen:
        assert frame.image[0, 0].tolist() == [200, 0, frame.index]
    assert all(b.time_s > a.time_s for a, b in itertools.pairwise(seen))


def test_a_slow_reader_gets_the_newest() -> None:
    camera = FakeCamera(10, pace=True)
    assert camera.allowed is not None
    source = open_fake(camera)
    camera.allowed.release()
    frames = iter(source)
    assert next(frames).index == 0
    camera.allowed.release(1000)  # nine more pictures, and the end, while the reader is busy
    assert camera.is_released.wait(10)
    assert next(frames).index == 9
    with pytest.raises(SourceError, match="unplugged"):
        next(frames)


def test_a_camera_that_gives_nothing() -> None:
    camera = FakeCamera(0)
    with pytest.raises(SourceError, match="gives no pictures"):
        list(open_fake(camera))
    assert camera.released == 1


class PacedCamera(FakeCamera):
    """Gives a picture when the one before has been taken, so that none is dropped."""

    newest: Any = None

    def read(self) -> tuple[bool, Any]:
        ends = time.monotonic() + 30
        while self.newest._latest is not None and not self.newest._stop:
            assert time.monotonic() < ends
            threading.Event().wait(0.001)
        return super().read()


def open_paced(camera: PacedCamera, **options: Any) -> Any:
    source = open_fake(camera, **options)
    camera.newest = source._shots
    return source


def test_every_tenth_of_a_camera() -> None:
    camera, indices = PacedCamera(35), []
    with pytest.raises(SourceError, match="unplugged"):
        for frame in open_paced(camera, every=10):
            indices.append(frame.index)
    assert indices == [0, 10, 20, 30]


@pytest.mark.parametrize(("options", "expected"), [({"end_s": 0.0045}, [0, 1, 2, 3, 4]),
                                                   ({"every": 10, "end_s": 0.0205}, [0, 10, 20]),
                                                   ({"start_s": 0.0025, "end_s": 0.0055}, [3, 4, 5])])  # fmt: skip
def test_a_part_of_what_a_camera_shows(options: dict[str, Any], expected: list[int]) -> None:
    """The clock's thousandth of a second passes with each picture."""
    camera = PacedCamera(10**9)
    assert [frame.index for frame in open_paced(camera, **options)] == expected
    assert camera.is_released.wait(10) and camera.released == 1


def test_still_is_a_snapshot() -> None:
    camera = FakeCamera(10**9)
    source = open_fake(camera, still=True)
    assert not source.is_stream and not source.is_live
    assert len(list(source)) == 1 and camera.released == 1


@pytest.mark.parametrize("how", ["break", "close", "raise", "never", "dropped"])
def test_the_camera_is_given_back(how: str) -> None:
    camera = FakeCamera(10**9)
    source = open_fake(camera)
    if how == "break":
        for _ in source:
            break
    elif how == "close":
        next(iter(source))
        source.close()
    elif how == "raise":
        with pytest.raises(ZeroDivisionError):
            for frame in source:
                frame.index / 0
    elif how == "never":
        source.close()
    del source
    gc.collect()
    assert camera.is_released.wait(10) and camera.released == 1


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    for _ in open_fake(FakeCamera(10**9)):
        break
    gc.collect()
    assert threading.active_count() == before


def test_a_camera_over_the_limit() -> None:
    with pytest.raises(SourceError, match="more than 5 pixels"):
        list(open_fake(FakeCamera(10), max_pixels=5))


def test_a_camera_that_is_not_there(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match="camera 97 cannot be opened: check"):
        open_capture(97)
    with pytest.raises(SourceError, match="camera 97"):
        open_source(97)
    assert capfd.readouterr() == ("", ""), "OpenCV's warnings stay off the terminal"


def test_a_camera_that_raises() -> None:
    class Raises(FakeCamera):
        def read(self) -> tuple[bool, Any]:
            raise cv2.error("(-215) bad frame\nin function read")

    with pytest.raises(SourceError, match="camera 0 failed") as caught:
        list(open_fake(Raises(1)))
    assert "\n" not in str(caught.value)


class FakeScreen:
    """Two screens side by side, 40 x 20 each; the picture holds its own coordinates, and fails after `count`."""

    def __init__(self, count: int = 10**9) -> None:
        self.count, self.closed = count, 0
        self.monitors: list[dict[str, Any]] = [
            {"left": -40, "top": 0, "width": 80, "height": 20},
            {"left": 0, "top": 0, "width": 40, "height": 20},
            {"left": -40, "top": 0, "width": 40, "height": 20},
        ]

    def grab(self, monitor: dict[str, Any], /) -> Any:
        if not self.count:
            raise OSError("the display went away\nfor good")
        self.count -= 1
        picture = np.zeros((monitor["height"], monitor["width"], 4), np.uint8)
        picture[..., 2] = np.arange(monitor["left"], monitor["left"] + monitor["width"]) + 100
        picture[..., 1] = np.arange(monitor["top"], monitor["top"] + monitor["height"])[:, None]
        return picture

    def close(self) -> None:
        self.closed += 1


def open_screen(spec: str, screen: FakeScreen, **options: Any) -> Any:
    return open_source(spec, SourceOptions(**options), devices=Devices(screen=lambda: screen, clock=FakeClock().clock))


def test_the_main_screen_thirty_times_a_second() -> None:
    screen = FakeScreen()
    source = open_screen("screen", screen, end_s=1.0)
    assert source.is_live and source.name == "screen" and source.duration_s == 1.0
    frames = list(source)
    assert len(frames) == pytest.approx(30, abs=2) and screen.closed == 1
    assert frames[0].image.shape == (20, 40, 3)
    assert frames[0].image[3, 5].tolist() == [105, 3, 0]
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_a_region_of_any_screen() -> None:
    with open_screen("screen:-30,5,20,10", FakeScreen(), still=True) as source:
        (frame,) = source
    assert frame.image.shape == (10, 20, 3) and frame.image[0, 0].tolist() == [70, 5, 0]


@pytest.mark.parametrize("region", ["0,0,0,5", "0,0,41,5", "-41,0,5,5", "0,-1,5,5", "1000,0,5,5"])
def test_a_region_outside(region: str) -> None:
    screen = FakeScreen()
    with pytest.raises(SourceError, match="does not lie on the screen"):
        open_screen(f"screen:{region}", screen)
    assert screen.closed == 1


@pytest.mark.parametrize("text", ["screen:", "screen:1,2,3", "screen:a,b,c,d", "screen:1,2,3,4,5", "screen:1.5,2,3,4"])
def test_a_region_that_is_none(text: str) -> None:
    with pytest.raises(SourceError, match="X,Y,WIDTH,HEIGHT"):
        open_screen(text, FakeScreen())


def test_the_screen_vanishes() -> None:
    screen = FakeScreen(3)
    frames = []
    with pytest.raises(SourceError, match="cannot be read any more") as caught:
        for frame in open_screen("screen", screen):
            frames.append(frame)
    assert len(frames) == 3 and screen.closed == 1 and "\n" not in str(caught.value)


def test_a_screen_over_the_limit() -> None:
    screen = FakeScreen()
    with pytest.raises(SourceError, match="more than 799 pixels"):
        open_screen("screen", screen, max_pixels=799)
    assert screen.closed == 1


def test_no_screen_at_all(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    import mss

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("Unable to open display")

    monkeypatch.setattr(mss, "MSS", fail)
    with pytest.raises(SourceError, match="there is no screen to read: Unable to open display"):
        open_grabber()
    assert capfd.readouterr() == ("", "")
