"""A client of the live page's socket for other programs: send frames, get Readings. Protocol: docs/live-api.md.

    with LiveClient("http://127.0.0.1:8765") as live:
        for reading in live.watch(frames): ...

It needs the extra `live` here, and `mien live` running somewhere.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI
from websockets.sync.client import connect

from mien.errors import MienError, UsageError
from mien.media.source import closing_on_error
from mien.types import Frame, ImageArray, Reading
from mien.web.frames import pack_frame
from mien.web.options import PROTOCOL

PATIENCE_S = 30.0  # for an answer
JPEG_QUALITY = 90


class LiveClient:
    """A connection to a running `mien live`; close it, or use it in a `with`.

    `welcome` holds the server's limits and networks, `answer` the whole last answer: outlines, words, the sentence.

    Args:
        address: what `mien live` says, such as "http://127.0.0.1:8765".
        token: the server's, where it has one.
        language: of the words.
        points: keypoints and meshes too.
        certificate: a self-made certificate that is trusted (PEM).

    Raises:
        UsageError: no such address.
        MienError: nobody answers there, or the server refuses.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8765",
        *,
        token: str | None = None,
        language: str = "en",
        points: bool = False,
        certificate: Path | None = None,
    ) -> None:
        scheme, _, rest = address.partition("://")
        no_address = UsageError(f"{address!r} is no address such as http://127.0.0.1:8765")
        if scheme not in ("http", "https") or not rest:
            raise no_address
        trusted = _trusted(certificate) if scheme == "https" else None
        self._resources = ExitStack()
        where = f"{scheme.replace('http', 'ws')}://{rest.rstrip('/')}/api/live"
        try:
            opening = connect(where, ssl=trusted, proxy=None, compression=None, max_size=None)
            self._socket = self._resources.enter_context(opening)
        except ssl.SSLCertVerificationError as error:
            raise MienError(f"{address} answers, but its certificate is not trusted ({error.verify_message}): name the "
                            "one that 'mien live --self-signed' wrote as certificate=")  from error  # fmt: skip
        except (OSError, InvalidHandshake, InvalidMessage, TimeoutError) as error:
            raise MienError(f"nobody answers at {address} ({error}): start 'mien live' there") from error
        except (InvalidURI, ValueError) as error:  # such as a port that is no number
            raise no_address from error
        hello = {"type": "hello", "version": PROTOCOL, "language": language, "points": points}
        with closing_on_error(self._resources):
            self._send(json.dumps(hello if token is None else {**hello, "token": token}))
            self.welcome = self._receive()
        self.answer: dict[str, Any] = {}
        self._id = 0
        self._began_s = self._sent_s = time.monotonic()

    def read(self, image: ImageArray | bytes, *, time_s: float | None = None) -> Reading:
        """Read the next frame of the stream.

        Args:
            image: (H, W, 3) uint8 RGB, or the bytes of a JPEG, PNG or WebP.
            time_s: seconds, rising; when it was taken. None: now.

        Returns:
            The Reading; people keep their `track_id`, and their words are steady in time.

        Raises:
            MienError: the server refuses, or is gone.
            UsageError: `image` is something else.
        """
        now_s = time.monotonic() - self._began_s if time_s is None else time_s
        self._id = (self._id + 1) % 2**32
        self._keep_pace()
        self._send(pack_frame(self._id, now_s, image if isinstance(image, bytes) else _jpeg(image)))
        while True:
            message = self._receive()
            if message["type"] == "reading" and message["id"] == self._id:
                self.answer = message
                return Reading.from_dict(message["reading"])

    def watch(self, images: Iterable[ImageArray | bytes]) -> Iterator[Reading]:
        """A Reading for each frame of a live source, in turn. Raises as `read` does."""
        for image in images:
            yield self.read(image)

    def reset(self) -> None:
        """Another source begins: nobody is known from before."""
        self._send(json.dumps({"type": "reset"}))

    def show(self, *, heat: bool = False, body: bool = False, distance: bool = False, tone: bool = False) -> None:
        """What answers are to have from the next frame on, as docs/live-api.md says; what is left out is off."""
        self._send(json.dumps({"type": "show", "heat": heat, "body": body, "distance": distance, "tone": tone}))

    def why(self, track_id: int, label: str | None = None) -> dict[str, Any] | None:
        """Why a person of the last frame was read so, or what speaks for `label`; None when nobody has this number."""
        asked = {"type": "why", "track_id": track_id} | ({} if label is None else {"label": label})
        self._send(json.dumps(asked))
        while (message := self._receive())["type"] != "why":
            pass
        found: dict[str, Any] | None = message["why"]
        return found

    def close(self) -> None:
        """Leave."""
        self._resources.close()

    def __enter__(self) -> LiveClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _keep_pace(self) -> None:
        """Send no more frames a second than the server takes."""
        due_s = self._sent_s + 1 / self.welcome["limits"]["frames_per_s"]
        time.sleep(max(0.0, due_s - time.monotonic()))
        self._sent_s = time.monotonic()

    def _send(self, message: str | bytes) -> None:
        try:
            self._socket.send(message)
        except ConnectionClosed as error:
            # Why it closed stands in what it sent before.
            self._receive()
            raise MienError("the server has closed the connection") from error

    def _receive(self) -> dict[str, Any]:
        try:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=PATIENCE_S))
        except TimeoutError as error:
            raise MienError(f"the server gave no answer for {PATIENCE_S:g} seconds") from error
        except ConnectionClosed as error:
            why = (error.rcvd and error.rcvd.reason) or error
            raise MienError(f"the server has closed the connection: {why}") from error
        if message["type"] == "error":
            raise MienError(message["detail"])
        return message


def _trusted(certificate: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificate)
    except OSError as error:
        raise UsageError(f"{certificate} is no certificate in PEM form that can be read ({error})") from error


def _jpeg(image: ImageArray) -> bytes:
    try:
        Frame(image)
    except (ValueError, AttributeError) as error:
        raise UsageError(f"an image is (H, W, 3) uint8 RGB, or the bytes of a JPEG, PNG or WebP ({error})") from error
    bgr = np.ascontiguousarray(image[..., ::-1])
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
