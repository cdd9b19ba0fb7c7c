"""What went wrong, as an HTTP answer: a status and one line in `detail`, never a traceback."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from mien.errors import DataError, MienError, SourceError, TooLargeError, UsageError
from mien.web.engine import EndingError, FullError
from mien.web.guard import HEADERS

# The first that fits.
STATUSES: tuple[tuple[type[MienError], int], ...] = (
    (FullError, 429),
    (EndingError, 503),
    (TooLargeError, 413),
    (UsageError, 400),
    (SourceError, 422),
    (DataError, 422),
)
# Advice that names an option of the command line helps nobody here.
ADVICE = re.compile(r"(?:[:,]| or)[^:,]* --[a-z-]+.*$")


def line_of(error: MienError) -> str:
    """The error's text for somebody before a browser, or for a program."""
    return ADVICE.sub("", str(error))


def status_of(error: MienError) -> int:
    """The status of an answer that tells this error: 500 where the server itself is at fault."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def tell_errors(app: FastAPI) -> None:
    """Let every error of `app`'s routes become one line."""

    @app.exception_handler(MienError)
    async def _known(_: Request, error: MienError) -> JSONResponse:
        return JSONResponse({"detail": line_of(error)}, status_of(error))

    @app.exception_handler(RequestValidationError)
    async def _wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        kind = request.headers.get("content-type", "")
        first: dict[str, Any] = dict(error.errors()[0])
        if "file" in first["loc"] and not kind.startswith("multipart/form-data"):
            return JSONResponse({"detail": "send the file as multipart/form-data, in a field called 'file'"}, 415)
        where = ".".join(str(part) for part in first["loc"][1:]) or "the body"
        return JSONResponse({"detail": f"{where}: {first['msg']}"}, 422)

    @app.exception_handler(Exception)
    async def _fault(_: Request, error: Exception) -> JSONResponse:
        # The server's own log tells the rest; no picture and no name of a file is in it.
        what = f"a fault of Mien's own: {type(error).__name__}; please report it"
        return JSONResponse({"detail": what}, 500, HEADERS)  # it does not pass the guard on its way back
