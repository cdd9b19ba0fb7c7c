"""Cameras (OpenCV) and the screen (mss): as sources that show what is there now.

The devices come in as functions, so that tests bring their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import images
from mien.errors import SourceError
from mien.media.live import Newest
from mien.media.source import Nature, Shot, Source, SourceOptions, closing_on_error
from mien.runtime import quiet_stderr
from mien.types import ImageArray

PATIENCE_S = 5.0  # a camera that gives nothing for this long is gone; some need a second or two to wake up
PAUSE_S = 0.02  # between two questions to a camera that has nothing
SCREEN_FPS = 30.0  # enough for video calls; faster only heats


class Capture(Protocol):
    """What a camera is: OpenCV's `VideoCapture`."""

    def read(self) -> tuple[bool, Any]:
        """(whether there is a picture, (H, W, 3) uint8 BGR)."""

    def get(self, propId: int, /) -> float:
        """A property by OpenCV's number."""

    def release(self) -> None:
        """Give the camera back."""


class Grabber(Protocol):
    """What a screen is: `mss.MSS`."""

    @property
    def monitors(self) -> list[dict[str, Any]]:
        """All monitors together, then each, as left, top, width, height."""

    def grab(self, monitor: dict[str, Any], /) -> Any:
        """That rectangle, as what numpy reads as (H, W, 4) uint8 BGRA."""

    def close(self) -> None:
        """Give the screen back."""


@dataclass(frozen=True)
class Clock:
    """Time, so that tests need not wait for it."""

    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def open_capture(number: int) -> Capture:
    """Open a camera by its number; SourceError when it is not there or busy."""
    with quiet_stderr():
        # Else its reader prints warnings of its own as soon as a camera vanishes.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        capture.release()
        raise SourceError(
            f"camera {number} cannot be opened: check that it is plugged in, allowed, and not used by another program"
        )
    return capture


def open_grabber() -> Grabber:
    """Open the screen; SourceError when there is none."""
    import mss

    try:
        with quiet_stderr():
            return mss.MSS()
    except Exception as error:  # each system's back end has errors of its own (ctypes, Xlib, Quartz)
        raise SourceError(f"there is no screen to read: {images.one_line(error)}") from error


def camera_source(
    number: int, options: SourceOptions, *, opener: Callable[[int], Capture] = open_capture, clock: Clock | None = None
) -> Source:
    """A camera by its number; what the reader is too slow for is dropped."""
    capture = opener(number)
    resources = ExitStack()
    resources.callback(capture.release)
    with closing_on_error(resources):
        fps = float(capture.get(cv2.CAP_PROP_FPS))
    newest = Newest(_camera_shots(capture, number, options, clock or Clock()), resources.close)
    closer = ExitStack()
    closer.callback(newest.close)
    nature = Nature(is_stream=True, is_live=True, fps=fps if 0 < fps < 1000 else None)
    return Source(f"camera {number}", newest, nature, options=options, resources=closer)


def _camera_shots(capture: Capture, number: int, options: SourceOptions, clock: Clock) -> Iterator[Shot]:
    start_s = seen_s = clock.now()
    index = 0
    while True:
        try:
            is_there, picture = capture.read()
        except cv2.error as error:
            raise SourceError(f"camera {number} failed: {images.one_line(error)}") from error
        now_s = clock.now()
        if is_there and picture is not None:
            images.check_size(picture.shape[1], picture.shape[0], f"camera {number}", options.max_pixels)
            start_s = now_s if index == 0 else start_s
            yield Shot(index, now_s - start_s, partial(_rgb, picture))
            index, seen_s = index + 1, now_s
        elif now_s - seen_s > PATIENCE_S:
            what = "was unplugged or taken by another program" if index else "gives no pictures"
            raise SourceError(f"camera {number} {what}: plug it in again, or close the other program")
        else:
            clock.pause(PAUSE_S)


def screen_source(
    region: tuple[int, int, int, int] | None,
    options: SourceOptions,
    *,
    opener: Callable[[], Grabber] = open_grabber,
    clock: Clock | None = None,
) -> Source:
    """The main screen, or a `region` (x, y, width, height) of all screens together, in pixels."""
    grabber = opener()
    resources = ExitStack()
    resources.callback(grabber.close)
    with closing_on_error(resources):
        area = _area(grabber.monitors, region)
        name = "screen" if region is None else "screen:" + ",".join(map(str, region))
        images.check_size(area["width"], area["height"], name, options.max_pixels)
    shots = _screen_shots(grabber, area, clock or Clock())
    nature = Nature(is_stream=True, is_live=True, fps=SCREEN_FPS)
    return Source(name, shots, nature, options=options, resources=resources)


def _area(monitors: list[dict[str, Any]], region: tuple[int, int, int, int] | None) -> dict[str, int]:
    """The rectangle to read; SourceError when it does not lie on the screens."""
    if len(monitors) < 2:
        raise SourceError("there is no screen to read: the system names no monitor")
    if region is None:
        return {key: int(monitors[1][key]) for key in ("left", "top", "width", "height")}
    x, y, width, height = region
    left, top, wide, high = (int(monitors[0][key]) for key in ("left", "top", "width", "height"))
    is_inside = left <= x and top <= y and x + width <= left + wide and y + height <= top + high
    if width < 1 or height < 1 or not is_inside:
        asked, there = f"{x},{y},{width},{height}", f"{left},{top},{wide},{high}"
        raise SourceError(f"the region {asked} does not lie on the screen, which is {there} (x, y, width, height)")
    return {"left": x, "top": y, "width": width, "height": height}


def _screen_shots(grabber: Grabber, area: dict[str, int], clock: Clock) -> Iterator[Shot]:
    start_s = clock.now()
    index, due_s = 0, start_s
    while True:
        clock.pause(max(0.0, due_s - clock.now()))
        now_s = clock.now()
        try:
            picture = np.asarray(grabber.grab(area))
        except Exception as error:  # as in open_grabber
            raise SourceError(f"the screen cannot be read any more: {images.one_line(error)}") from error
        yield Shot(index, now_s - start_s, partial(_rgb, picture))
        index, due_s = index + 1, now_s + 1 / SCREEN_FPS


def _rgb(picture: NDArray[np.uint8]) -> ImageArray:
    """BGR or BGRA (H, W, 3 or 4), or grey (H, W), to RGB; a screen's fourth channel means nothing."""
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(picture[..., 2::-1])
