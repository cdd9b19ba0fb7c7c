"""`open_source`: anything that holds pictures, as a `Source` of frames.

    with open_source("clip.mp4") as source:
        for frame in source: ...

What a file is, its content tells, not its name.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien import images
from mien.errors import SourceError
from mien.media import cameras, stills
from mien.media.inputs import camera_number, expand_inputs, file_address, screen_region
from mien.media.source import Nature, Shot, Source, SourceOptions, closing_on_error

__all__ = ["Devices", "Source", "SourceOptions", "Spec", "expand_inputs", "open_file", "open_source"]

Spec = str | Path | int | bytes | NDArray[Any] | Image.Image | Iterable[Any]

SPOOL_BYTES = 64_000_000  # standard input beyond this waits in a temporary file without a name


def standard_input() -> BinaryIO:
    """The bytes that are piped in; SourceError when nothing is."""
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("nothing is piped into standard input: write for example 'mien read - < photo.jpg'")
    return sys.stdin.buffer


@dataclass(frozen=True)
class Devices:
    """The world outside files, passed in so that tests can bring their own."""

    camera: Callable[[int], cameras.Capture] = cameras.open_capture
    screen: Callable[[], cameras.Grabber] = cameras.open_grabber
    standard_input: Callable[[], BinaryIO] = standard_input
    clock: cameras.Clock = field(default_factory=cameras.Clock)


def open_source(spec: Spec, options: SourceOptions | None = None, *, devices: Devices | None = None) -> Source:
    """Open a picture, clip, camera, screen, address, or pictures in memory.

    Args:
        spec: a path; an address (http, rtsp, ...); a camera's number, also as text; 'screen' or 'screen:x,y,w,h';
            '-' for standard input; bytes of a file; an array (H, W), (H, W, C) or (N, H, W, C); a PIL image;
            an iterable of arrays, PIL images or `Frame`s.
        options: which part is read.
        devices: where cameras, the screen and standard input come from.

    Raises:
        SourceError: it cannot be opened; the text says why and what to do.
    """
    options, devices = options or SourceOptions(), devices or Devices()
    if isinstance(spec, str):
        return _open_text(spec, options, devices)
    if isinstance(spec, Path):
        return _open_file(spec, options)
    if isinstance(spec, int | np.integer) and not isinstance(spec, bool):
        return _open_camera(int(spec), options, devices)
    if isinstance(spec, bytes | bytearray | memoryview):
        return open_file(io.BytesIO(spec), "bytes", options)
    if isinstance(spec, np.ndarray):
        return stills.array_source(spec, options)
    if isinstance(spec, Image.Image):
        return stills.image_source(spec, options)
    if isinstance(spec, Iterable):
        return stills.frames_source(spec, options)
    raise SourceError(f"a {type(spec).__name__} is nothing that pictures can be read from")


def open_file(file: BinaryIO, name: str, options: SourceOptions | None = None) -> Source:
    """Open a picture or clip in an open binary file, from its bytes alone: nothing else is opened, whatever it says.

    Raises:
        SourceError: it cannot be opened; the text calls it `name`.
    """
    return _open_bytes(file, name, options or SourceOptions(), ExitStack())


def _open_text(text: str, options: SourceOptions, devices: Devices) -> Source:
    number = camera_number(text)
    if number is not None:
        return _open_camera(number, options, devices)
    if text == "screen" or text.startswith("screen:"):
        return cameras.screen_source(screen_region(text), options, opener=devices.screen, clock=devices.clock)
    if text == "-":
        return _open_standard_input(options, devices)
    if "://" in text:
        return _open_address(text, options)
    return _open_file(Path(text), options)


def _open_camera(number: int, options: SourceOptions, devices: Devices) -> Source:
    if number < 0:
        raise SourceError(f"there is no camera {number}: cameras are counted from 0")
    return cameras.camera_source(number, options, opener=devices.camera, clock=devices.clock)


def _open_address(address: str, options: SourceOptions) -> Source:
    from mien.media import clips, containers

    if (path := file_address(address)) is not None:
        return _open_file(path, options)
    scheme = address.partition("://")[0]
    if scheme.lower() not in containers.SCHEMES:
        raise SourceError(
            f"addresses of the kind {scheme}:// are not read; those that are: {', '.join(containers.SCHEMES)}"
        )
    return clips.open_clip(address, address, options)


def _open_file(path: Path, options: SourceOptions) -> Source:
    resources = ExitStack()
    with closing_on_error(resources):
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):  # a pipe's opening would wait
            raise SourceError(f"{path} is no file that can be read from its beginning: name a picture or a clip")
        file = resources.enter_context(images.open_binary(path))
        return _open_bytes(file, str(path), options, resources, path)


def _open_standard_input(options: SourceOptions, devices: Devices) -> Source:
    resources = ExitStack()
    with closing_on_error(resources):
        # Most formats are read from more than one place: a pipe is kept whole before it is looked at.
        spool = resources.enter_context(tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115
        try:
            shutil.copyfileobj(devices.standard_input(), spool)
        except OSError as error:
            raise SourceError(f"standard input cannot be read: {images.one_line(error)}") from error
        return _open_bytes(cast(BinaryIO, spool), "standard input", options, resources)


def _open_bytes(
    file: BinaryIO, name: str, options: SourceOptions, resources: ExitStack, path: Path | None = None
) -> Source:
    """A picture or a clip, as the bytes themselves say."""
    with closing_on_error(resources):
        if file.seek(0, io.SEEK_END) == 0:
            raise SourceError(f"{name} is empty (0 bytes)")
        file.seek(0)
        image = images.open_picture(file, name, max_pixels=options.max_pixels)
        if image is not None:
            return stills.picture_source(image, name, options, resources=resources, path=path)
        if images.is_heif(file):
            return _open_heif(file, name, options, resources, path)
        from mien.media import clips

        return clips.open_clip(path or file, name, options, resources=resources)


def _open_heif(file: BinaryIO, name: str, options: SourceOptions, resources: ExitStack, path: Path | None) -> Source:
    pixels = images.decode_image(file.read(), max_pixels=options.max_pixels, name=name)
    return Source(name, [Shot(0, 0.0, lambda: pixels)], Nature(path=path), options=options, resources=resources)
