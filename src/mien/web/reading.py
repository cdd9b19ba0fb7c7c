"""`POST /api/read`: a picture or a clip, read; `POST /api/annotate`: the same, with the faces marked, as a download.

What is sent stays in a temporary file without a name, and is decoded from its bytes: a playlist or a pattern of names
that calls itself a clip opens nothing. A clip is answered frame by frame while it is read, each in its turn among all
who read.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mien.draw import draw_reading
from mien.errors import MienError, SourceError, TooLargeError, UsageError
from mien.expression import words
from mien.expression.tone import only_tone
from mien.media.sinks import Sink, open_annotation
from mien.media.sources import Source, SourceOptions, open_file
from mien.types import Frame
from mien.web import examples
from mien.web.answers import answer_of
from mien.web.engine import FrameReader, Seat
from mien.web.services import Services
from mien.web.telling import line_of

NDJSON = "application/x-ndjson"
NAME_LENGTH = 100  # of a file's name, as answers repeat it
PART = 1 << 16  # bytes of a download at a time

FilePart = Annotated[UploadFile, File(description="a picture or a clip: what it is, its content tells")]
ToneWish = Annotated[bool, Query(description="say positive, neutral or negative in place of the expression")]
LanguageCode = Annotated[str, Query(max_length=40, description="of the words, see `GET /api/words`")]


@dataclass(frozen=True)
class Wishes:
    """What an answer is to have."""

    language: str
    points: bool = False
    body: bool = False
    distance: bool = False
    tone: bool = False


class Opened:
    """A file that was sent, on its way through one seat's pipeline."""

    def __init__(self, seat: Seat, source: Source) -> None:
        self._seat, self.source = seat, source
        self._frames: Iterator[Frame] = iter(source)
        self._resources = ExitStack()
        self._resources.callback(source.close)

    def leave(self) -> None:
        """Close what is open, when nothing uses it any more."""
        self._seat.leave(self._resources.close)

    async def next_answer(self, wishes: Wishes) -> dict[str, Any] | None:
        """The next frame's answer, or None after the last. Raises SourceError when it cannot be read."""

        def read(pipeline: FrameReader) -> dict[str, Any] | None:
            frame = next(self._frames, None)
            if frame is None:
                return None
            reading = pipeline.read(frame, stream=self.source.is_stream, body=wishes.body, distance=wishes.distance)
            return answer_of(reading, wishes.language, points=wishes.points, tone=wishes.tone)

        return await self._seat.call(read)

    async def lines(self, first: dict[str, Any], wishes: Wishes) -> AsyncIterator[bytes]:
        """JSON Lines: an answer a frame; where the clip breaks off, a last line says why in `detail`."""
        answer: dict[str, Any] | None = first
        try:
            while answer is not None:
                yield _line(answer)
                answer = await self.next_answer(wishes)
            for warning in self.source.warnings:
                yield _line({"detail": warning})
        except MienError as error:
            yield _line({"detail": line_of(error)})
        finally:
            self.leave()

    async def annotated(self, request: Request, language: str, *, tone: bool) -> BinaryIO:
        """All frames with their faces marked, as a file without a name: a PNG or an MP4."""
        folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="mien-")))
        path = folder / ("marked.mp4" if self.source.is_stream else "marked.png")
        sink: Sink = open_annotation(path, self.source)
        self._resources.callback(sink.abort)  # before the folder goes

        def mark(pipeline: FrameReader) -> bool:
            frame = next(self._frames, None)
            if frame is None:
                return False
            reading = pipeline.read(frame, stream=self.source.is_stream)
            if tone:
                reading = only_tone(reading)
            sink.write(reading, replace(frame, image=draw_reading(frame.image, reading, language=language)))
            return True

        while await self._seat.call(mark):
            if await request.is_disconnected():
                raise UsageError("the client has gone")
        return await self._seat.call(lambda _: _finished(sink, path))


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(tags=["reading"])

    @routes.post("/api/read", summary="Read a picture or a clip", response_class=JSONResponse, responses=examples.READ)
    async def read(
        file: FilePart,
        language: LanguageCode = "en",
        points: Annotated[bool, Query(description="keypoints and mesh of each face too")] = False,
        body: Annotated[bool, Query(description="the bodies below the faces too, and what they do")] = False,
        distance: Annotated[bool, Query(description="how far each face is from the camera too")] = False,
        tone: ToneWish = False,
    ) -> Response:
        """A picture is answered by one JSON object, a clip by JSON Lines: the same object for each frame."""
        words.language_of(language)
        wishes = Wishes(language, points=points, body=body, distance=distance, tone=tone)
        opened = await _open(services, file)
        try:
            answer = await opened.next_answer(wishes)
            if answer is None:
                raise SourceError(f"{opened.source.name} holds no frame")
        except BaseException:
            opened.leave()
            raise
        if opened.source.is_stream:
            return StreamingResponse(opened.lines(answer, wishes), media_type=NDJSON)
        opened.leave()
        return JSONResponse(answer)

    @routes.post(
        "/api/annotate", summary="Mark the faces", response_class=Response, responses=examples.ANNOTATE
    )  # fmt: skip
    async def annotate(
        request: Request,
        file: FilePart,
        format: Annotated[
            Literal["picture", "clip"] | None, Form(description="of a clip, 'picture' is its first frame")
        ] = None,
        language: LanguageCode = "en",
        tone: ToneWish = False,
    ) -> Response:
        """A PNG, or for a clip an MP4, with an outline and words at each face."""
        words.language_of(language)
        opened = await _open(services, file, still=format == "picture")
        try:
            if format == "clip" and not opened.source.is_stream:
                raise UsageError(f"{opened.source.name} is a still picture: ask for the format 'picture'")
            marked = await opened.annotated(request, language, tone=tone)
        finally:
            opened.leave()
        kind, name = ("video/mp4", "mien.mp4") if opened.source.is_stream else ("image/png", "mien.png")
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_parts(marked), media_type=kind, headers=headers)

    return routes


async def _open(services: Services, file: UploadFile, *, still: bool = False) -> Opened:
    """Open what was sent. Raises HTTPException with the status that fits when it is nothing to read."""
    name = shown_name(file.filename)
    if file.size == 0:
        raise HTTPException(400, f"{name} is empty (0 bytes)")
    options = SourceOptions(max_pixels=services.options.max_pixels, still=still)
    seat = services.engine.seat()
    try:
        source = await seat.call(lambda _: open_file(file.file, name, options))
    except TooLargeError:
        seat.leave()
        raise
    except SourceError as error:
        seat.leave()
        raise HTTPException(415, line_of(error)) from error
    except BaseException:
        seat.leave()
        raise
    return Opened(seat, source)


def shown_name(name: str | None) -> str:
    """The last part of a file's name, such that it can be repeated in an answer."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:NAME_LENGTH] or "the file"


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, allow_nan=False).encode() + b"\n"


def _finished(sink: Sink, path: Path) -> BinaryIO:
    """Close the sink, and move what it wrote into a file without a name: it goes when the answer is out."""
    sink.close()
    spool = tempfile.TemporaryFile()  # noqa: SIM115 (_parts closes it)
    with path.open("rb") as file:
        shutil.copyfileobj(file, spool)
    spool.seek(0)
    return spool


def _parts(file: BinaryIO) -> Iterator[bytes]:
    try:
        while part := file.read(PART):
            yield part
    finally:
        with suppress(OSError):
            file.close()
