"""`WS /api/live`: frames in, Readings out; protocol 1, described in docs/live-api.md.

Of the frames that a client sends, one is being read and one waits; a newer one takes the place of the one that waits,
so that answers get rarer on a slow machine, never later. What is wrong is said in one line before the socket closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from mien.errors import MienError, SourceError, TooLargeError, UsageError
from mien.expression import words
from mien.types import Face, Frame, Reading
from mien.web.answers import answer_of
from mien.web.engine import FrameReader, FullError, Seat
from mien.web.frames import HEADER, SentFrame, parse_frame
from mien.web.glow import glows
from mien.web.guard import is_token
from mien.web.options import PROTOCOL, LiveOptions
from mien.web.services import Services
from mien.web.telling import line_of
from mien.web.why import Why, why

Message = dict[str, Any]
Result = TypeVar("Result")

BAD_MESSAGE, NO_TOKEN, TOO_SLOW, TOO_LARGE, TOO_MANY = 4400, 4401, 4408, 4413, 4429
OUR_FAULT = 1011  # RFC 6455: an unexpected condition
TEXT_CHARACTERS = 4096  # no message of a client is longer
TOLERANCE = 1.5  # so many times the rate that was told: clocks differ, and a camera of 60 is never quite one
WISHES = ("heat", "body", "distance", "tone")  # of a client, which it may change on the way
REASON_BYTES = 120  # a close frame has room for 123


class Refusal(Exception):
    """The connection ends: `code` and one line."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Hello:
    """How a client wants its answers."""

    language: str = "en"
    points: bool = False
    heat: bool = False
    body: bool = False
    distance: bool = False
    tone: bool = False


class Budget:
    """How much a client may send: `per_s` messages a second, and two seconds' worth at once."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s, self._most = per_s, max(2.0, 2 * per_s)
        self._left, self._then_s = self._most, now_s

    def spend(self, now_s: float) -> bool:
        """Take one message; False when too many came."""
        self._left = min(self._most, self._left + (now_s - self._then_s) * self._per_s) - 1
        self._then_s = now_s
        return self._left >= 0


class Stream:
    """The frames of one connection: the one that waits, and the last one that was read."""

    def __init__(self, options: LiveOptions) -> None:
        self._options = options
        self._lock = threading.Lock()  # frames come in the loop's thread and are taken in another
        self._waiting: SentFrame | None = None
        self._begins = False
        self._time_s = 0.0
        self._index = 0
        self._last: tuple[Frame, Reading] | None = None
        self.hello = Hello()
        self.arrived = asyncio.Event()

    def offer(self, frame: SentFrame) -> int | None:
        """Let a frame wait; returns the id of the one whose place it takes. Refuses one that is older."""
        with self._lock:
            if frame.time_s < self._time_s:
                raise Refusal(BAD_MESSAGE, f"frame {frame.id} is older than the one before: times must rise; "
                                           "send 'reset' when another source begins")  # fmt: skip
            replaced, self._waiting = self._waiting, frame
            self._time_s = frame.time_s
        self.arrived.set()
        return None if replaced is None else replaced.id

    def reset(self) -> int | None:
        """Another source begins; returns the id of a frame of the old one that will not be read."""
        with self._lock:
            replaced, self._waiting = self._waiting, None
            self._begins, self._time_s = True, 0.0
        return None if replaced is None else replaced.id

    def read_newest(self, pipeline: FrameReader) -> str | None:
        """Read the frame that waits now; the answer as JSON, or None when none waits. Runs in a thread."""
        with self._lock:
            sent, self._waiting = self._waiting, None
            begins, self._begins = self._begins, False
        if begins:
            self._index, self._last = 0, None
            pipeline.reset()
        if sent is None:
            return None
        frame = Frame(sent.pixels(self._options.frame_pixels), self._index, sent.time_s, "live")
        reading = pipeline.read(frame, stream=True, body=self.hello.body, distance=self.hello.distance)
        self._index += 1
        self._last = frame, reading
        answer = answer_of(reading, self.hello.language, points=self.hello.points, tone=self.hello.tone)
        if self.hello.heat:
            answer["heat"] = glows(pipeline, reading.faces)
        return json.dumps({"type": "reading", "id": sent.id, **answer})

    def why(self, pipeline: FrameReader, track_id: int, label: str | None) -> str:
        """The reasons for a face of the last frame that was read, as JSON. Runs in a thread."""
        found = None
        if self._last is not None:
            frame, reading = self._last
            known = (face for face in reading.faces if face.track_id == track_id and face.expression is not None)
            face = next(known, None)
            found = None if face is None else self._why(pipeline, frame, face, label)
        return json.dumps({"type": "why", "track_id": track_id, "why": found})

    def _why(self, pipeline: FrameReader, frame: Frame, face: Face, label: str | None) -> Why:
        try:
            return why(pipeline, frame, face, label, language=self.hello.language)
        except UsageError as error:  # a label that there is not
            raise Refusal(BAD_MESSAGE, str(error)) from error


class Connection:
    """One client, from its first message to its last."""

    def __init__(self, socket: WebSocket, services: Services, seat: Seat) -> None:
        self._socket, self._options, self._seat = socket, services.options, seat
        self._stream = Stream(services.options)
        self._sending = asyncio.Lock()
        self._now = asyncio.get_running_loop().time
        self._budget = Budget(TOLERANCE * self._options.frames_per_s, self._now())

    async def run(self) -> None:
        """Until the client leaves; raises Refusal when it has to."""
        await self._greet()
        await _first_to_end(self._receive_all(), self._read_all())

    async def _greet(self) -> None:
        options = self._options
        first = await self._receive(options.patience_s, "no hello came")
        message = _message_of(first.get("text")) if first.get("text") is not None else {}
        if message.get("type") != "hello":
            raise Refusal(BAD_MESSAGE, 'the first message must be text: {"type": "hello", "version": 1}')
        if message.get("version") != PROTOCOL:
            raise Refusal(BAD_MESSAGE, f"this server speaks version {PROTOCOL}; the client asked for "
                                       f"{str(message.get('version'))[:20]!r}")  # fmt: skip
        _check_token(options.token, message.get("token"), self._socket.headers.get("authorization", ""))
        self._stream.hello = Hello(
            _language_of(message.get("language", "en")),
            **{wish: message.get(wish) is True for wish in ("points", *WISHES)},
        )
        models = await self._seat.call(lambda pipeline: dict(pipeline.models))
        limits = {"frame_bytes": options.frame_bytes, "frames_per_s": options.frames_per_s}
        await self._send({"type": "welcome", "version": PROTOCOL, "limits": limits, "models": models})

    async def _receive_all(self) -> None:
        while True:
            message = await self._receive(self._options.idle_s, "nothing came for a long time")
            if not self._budget.spend(self._now()):
                raise Refusal(TOO_MANY, f"more than {self._options.frames_per_s:g} messages a second")
            if message.get("text") is not None:
                await self._take_text(_message_of(message["text"]))
            else:
                await self._take_frame(message.get("bytes") or b"")

    async def _take_frame(self, message: bytes) -> None:
        if len(message) > self._options.frame_bytes + HEADER.size:
            raise Refusal(TOO_LARGE, f"a frame has at most {self._options.frame_bytes:,} bytes, not {len(message):,}")
        await self._skip(self._stream.offer(parse_frame(message)))

    async def _take_text(self, message: Message) -> None:
        match message.get("type"):
            case "reset":
                await self._skip(self._stream.reset())
            case "language":
                language = _language_of(message.get("language"))
                self._stream.hello = replace(self._stream.hello, language=language)
            case "show":
                wishes: dict[str, Any] = {wish: message.get(wish) is True for wish in WISHES}
                self._stream.hello = replace(self._stream.hello, **wishes)
            case "why":
                await self._tell_why(message.get("track_id"), message.get("label"))
            case other:
                kinds = "reset, language, show and why"
                raise Refusal(BAD_MESSAGE, f"there is no message of the type {str(other)[:40]!r}; there are {kinds}")

    async def _tell_why(self, track_id: object, label: object) -> None:
        if not isinstance(track_id, int) or not (label is None or isinstance(label, str)):
            raise Refusal(BAD_MESSAGE, "'why' needs track_id, a whole number; label is a text")
        await self._send(await self._seat.call(lambda pipeline: self._stream.why(pipeline, track_id, label)))

    async def _read_all(self) -> None:
        while True:
            await self._stream.arrived.wait()
            self._stream.arrived.clear()
            answer = await self._seat.call(self._stream.read_newest)
            if answer is not None:
                await self._send(answer)

    async def _skip(self, id_: int | None) -> None:
        if id_ is not None:
            await self._send({"type": "skipped", "id": id_})

    async def _receive(self, patience_s: float, complaint: str) -> Message:
        message = await _in_time(self._socket.receive(), patience_s, complaint)
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        return dict(message)

    async def _send(self, message: Message | str) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        async with self._sending:
            await _in_time(self._socket.send_text(text), self._options.patience_s, "the answers are not taken")


def router(services: Services) -> APIRouter:
    """The socket."""
    routes = APIRouter()

    @routes.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        try:
            with contextlib.closing(_Place(services.engine.seat(is_socket=True))) as place:
                await Connection(socket, services, place.seat).run()
        except WebSocketDisconnect:
            return
        except Exception as error:  # whatever happened, the client is told in one line
            await _part(socket, *_told(error), services.options.patience_s)

    return routes


def _told(error: Exception) -> tuple[int, str]:
    """The code and the line that an error ends a connection with."""
    if isinstance(error, Refusal):
        return error.code, str(error)
    if isinstance(error, MienError):
        codes = {FullError: TOO_MANY, TooLargeError: TOO_LARGE, SourceError: BAD_MESSAGE}
        return next((code for kind, code in codes.items() if isinstance(error, kind)), OUR_FAULT), line_of(error)
    return OUR_FAULT, f"a fault of Mien's own: {type(error).__name__}; please report it"


@dataclass(frozen=True)
class _Place:
    """A seat that `closing` can give back."""

    seat: Seat

    def close(self) -> None:
        self.seat.leave()


async def _part(socket: WebSocket, code: int, detail: str, patience_s: float) -> None:
    """Say why, and close; a client that has gone, or does not listen, is not waited for."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, Refusal):
        error = json.dumps({"type": "error", "detail": detail})
        await _in_time(socket.send_text(error), patience_s, "")
    reason = detail.encode()[:REASON_BYTES].decode(errors="ignore")
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, Refusal):
        await _in_time(socket.close(code, reason), patience_s, "")


async def _in_time(step: Awaitable[Result], patience_s: float, complaint: str) -> Result:
    try:
        async with asyncio.timeout(patience_s):
            return await step
    except TimeoutError as error:
        raise Refusal(TOO_SLOW, f"{complaint} ({patience_s:g} seconds)") from error


async def _first_to_end(*steps: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends; the others are stopped, and what it raised is raised."""
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)  # not gather: a cancellation from outside must come through as it is
    raised = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if raised:
        raise raised[0]


def _message_of(text: object) -> Message:
    if not isinstance(text, str) or len(text) > TEXT_CHARACTERS:
        raise Refusal(TOO_LARGE, f"a message of text has at most {TEXT_CHARACTERS} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_MESSAGE, "a message of text must be JSON") from error
    if not isinstance(message, dict):
        raise Refusal(BAD_MESSAGE, 'a message of text must be an object such as {"type": "reset"}')
    return message


def _check_token(expected: str | None, given: object, header: str) -> None:
    """The token comes in the first message, or in the header of programs that can send one."""
    if expected is None:
        return
    offered = f"Bearer {given}" if isinstance(given, str) else header
    if not is_token(offered, expected):
        raise Refusal(NO_TOKEN, "this server asks for its token: send it in the first message")


def _language_of(code: object) -> str:
    try:
        words.language_of(str(code)[:40])
    except MienError as error:
        raise Refusal(BAD_MESSAGE, str(error)) from error
    return str(code)
