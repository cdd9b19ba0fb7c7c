"""Pictures and animations that Pillow decodes, and arrays: as sources.

A GIF, WebP, PNG or AVIF with several frames is a clip, with the durations that it names itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien import images
from mien.errors import SourceError
from mien.media.exif import focal_px_of
from mien.media.source import Nature, Shot, Source, SourceOptions
from mien.types import Frame, ImageArray

# Other formats hold several pictures too (pages of a TIFF, the depth map of a phone's JPEG): not in time.
ANIMATED_FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
# Browsers show a frame of 10 ms or less for 100 ms (Chromium's and Firefox's image decoders): old GIFs say 0.
SHORTEST_MS, INSTEAD_MS = 10.0, 100.0
# Arrays carry no times: they are taken to follow each other as most cameras' pictures do.
ASSUMED_FPS = 30.0


def picture_source(
    image: Image.Image, name: str, options: SourceOptions, *, resources: ExitStack, path: Path | None = None
) -> Source:
    """A picture, or an animation, that `images.open_picture` has opened; the file is among `resources`."""
    resources.callback(image.close)
    warnings: list[str] = []
    try:
        count = int(getattr(image, "n_frames", 1)) if image.format in ANIMATED_FORMATS else 1
        if count > 1:
            image.load()  # WebP and AVIF know a frame's duration only now
        duration_ms = _duration_ms(image)
    except Exception as error:  # Pillow walks through the file to count, and raises anything when it is damaged
        raise SourceError(
            f"{name} is damaged or cut off ({images.one_line(error)}): copy or download it again"
        ) from error
    if count == 1:
        shot = Shot(0, 0.0, partial(images.picture_pixels, image, name), focal_px_of(image))
        return Source(name, [shot], Nature(path=path), options=options, resources=resources)
    # An animated PNG may hold a picture for programs that show no animations: no part of it.
    first = 1 if image.info.get("default_image") else 0
    nature = Nature(is_stream=True, frame_count=count - first, fps=1000 / duration_ms, path=path)
    shots = _animation(image, range(first, count), name, warnings)
    return Source(name, shots, nature, options=options, resources=resources, warnings=warnings)


def _animation(image: Image.Image, numbers: range, name: str, warnings: list[str]) -> Iterator[Shot]:
    """Every frame with its time; what comes after a damaged one is left."""
    time_ms = 0.0
    for index, number in enumerate(numbers):
        try:
            image.seek(number)
            image.load()
        except Exception as error:  # as above
            why = images.one_line(error)
            warnings.append(f"{name} is damaged after {time_ms / 1000:.1f} s ({why}): what could be read was read")
            return
        stays_ms = _duration_ms(image)
        yield Shot(index, time_ms / 1000, partial(images.picture_pixels, image, name), duration_s=stays_ms / 1000)
        time_ms += stays_ms


def _duration_ms(image: Image.Image) -> float:
    duration = float(image.info.get("duration") or 0)
    return duration if duration > SHORTEST_MS else INSTEAD_MS


def image_source(image: Image.Image, options: SourceOptions) -> Source:
    """A picture that the caller holds as a PIL image; it stays open."""
    name = str(getattr(image, "filename", "") or "image")
    images.check_size(image.width, image.height, name, options.max_pixels)
    shot = Shot(0, 0.0, partial(images.picture_pixels, image, name), focal_px_of(image))
    return Source(name, [shot], Nature(), options=options)


def array_source(array: NDArray[Any], options: SourceOptions) -> Source:
    """One picture as an array, or a stack of them (N, H, W, C) as a clip."""
    if array.ndim == 4:
        return frames_source(list(array), options)
    pixels = array_pixels(array, options)
    return Source("array", [Shot(0, 0.0, lambda: pixels)], Nature(), options=options)


def frames_source(frames: Iterable[Any], options: SourceOptions) -> Source:
    """Arrays or PIL images one after another, taken as 30 a second, or `Frame`s with times of their own."""
    count = len(frames) if isinstance(frames, Sized) else None
    nature = Nature(is_stream=True, frame_count=count)
    return Source("frames", _given(frames, options), nature, options=options)


def _given(frames: Iterable[Any], options: SourceOptions) -> Iterator[Shot]:
    for index, frame in enumerate(frames):
        if isinstance(frame, Frame):
            yield Shot(index, frame.time_s, partial(getattr, frame, "image"), frame.focal_px, frame.duration_s)
        elif isinstance(frame, Image.Image):
            yield Shot(index, index / ASSUMED_FPS, partial(images.picture_pixels, frame, f"frame {index}"))
        elif isinstance(frame, np.ndarray):
            yield Shot(index, index / ASSUMED_FPS, partial(array_pixels, frame, options))
        else:
            raise SourceError(f"frame {index} is a {type(frame).__name__}: give arrays, PIL images or Frames")


def array_pixels(array: NDArray[Any], options: SourceOptions) -> ImageArray:
    """An array as (H, W, 3) uint8 RGB, a copy.

    Taken are (H, W), (H, W, 1) grey, (H, W, 3), and (H, W, 4) with alpha (shown over white), in RGB order or, with
    `options.bgr`, BGR; uint8, uint16 (0..65535), bool, or floats 0..1. Anything else raises SourceError: a guess at
    its range would be silently wrong.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise SourceError(f"an array must be (H, W), or (H, W, C) with C = 1, 3 or 4; this one is {array.shape}")
    images.check_size(array.shape[1], array.shape[0], "the array", options.max_pixels)
    eight = _eight_bits(array)
    if eight.shape[2] == 1:
        return np.repeat(eight, 3, axis=2)
    colour = eight[..., 2::-1] if options.bgr else eight[..., :3]
    if eight.shape[2] == 3:
        return np.array(colour, order="C")
    alpha = eight[..., 3:].astype(np.uint16)
    over_white = colour * alpha + 255 * (255 - alpha)
    return ((over_white + 127) // 255).astype(np.uint8)


def _eight_bits(array: NDArray[Any]) -> ImageArray:
    if array.dtype == np.uint8:
        return array
    if array.dtype.newbyteorder("=") == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind != "f":
        raise SourceError(f"an array must be uint8, uint16, bool or float 0..1; this one is {array.dtype}: convert it")
    with np.errstate(invalid="ignore"):
        is_share = bool(array.min() >= 0 and array.max() <= 1)  # False when it holds NaN, too
    if not is_share:
        raise SourceError("an array of floats must lie in 0..1: divide it by 255, or convert it to uint8")
    return np.asarray(np.rint(array.astype(np.float32) * 255), np.uint8)
