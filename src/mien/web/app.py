"""The application: routes, the page's files, and what every answer carries.

Each part brings a `router(services)`; this module only puts them together. Try: `mien live`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from mien.version import __version__
from mien.web import live, words_api
from mien.web.engine import Engine, FrameReader
from mien.web.options import LiveOptions
from mien.web.services import Services

STATIC = resources.files("mien.web") / "static"
# Nothing is loaded from elsewhere, and nothing inline runs: the browser itself proves it.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), display-capture=(self), microphone=()",
    "Cache-Control": "no-store",
}


def create_app(options: LiveOptions | None = None, *, make: Callable[[], FrameReader] | None = None) -> FastAPI:
    """The application of one server.

    Args:
        options: what it was told.
        make: makes a pipeline, for each connection one; passed in by tests.

    Raises:
        MienError: what it needs is missing or broken.
    """
    options = options or LiveOptions()
    services = Services(options, Engine(options, make))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        services.engine.close()

    app = FastAPI(
        title="Mien", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )  # fmt: skip
    app.state.services = services

    @app.middleware("http")
    async def _with_headers(request: Request, call_next: Any) -> Response:
        answer: Response = await call_next(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @app.get("/", include_in_schema=False)
    async def _page() -> FileResponse:
        return FileResponse(str(STATIC / "index.html"))

    for part in (live, words_api):
        app.include_router(part.router(services))
    app.mount("/static", StaticFiles(directory=str(STATIC)), name="static")
    return app
