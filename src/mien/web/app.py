"""The application: routes, the page's files, and what every answer carries.

Each part brings a `router(services)`; this module only puts them together. Try: `mien live`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources

from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles

from mien.version import __version__
from mien.web import api_docs, diary, live, models_api, practice, reading, telling, why, words_api
from mien.web.engine import Engine, FrameReader
from mien.web.guard import Guard
from mien.web.options import LiveOptions
from mien.web.services import Services
from mien.web.store import Store

STATIC = resources.files("mien.web") / "static"
ABOUT = """Reads the expressions on faces, on this machine, and says what people would say of them.

What moves is read over a WebSocket, `/api/live`: frames in, Readings out; see docs/live-api.md. Every error is one line
in `detail`."""


def create_app(options: LiveOptions | None = None, *, make: Callable[[], FrameReader] | None = None) -> FastAPI:
    """The application of one server.

    Args:
        options: what it was told.
        make: makes a pipeline, for each connection one; passed in by tests.

    Raises:
        MienError: what it needs is missing or broken.
    """
    options = options or LiveOptions()
    services = Services(options, Engine(options, make), Store(options.data_folder))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        services.engine.close()

    app = FastAPI(
        title="Mien", version=__version__, description=ABOUT, docs_url=None, redoc_url=None,
        openapi_url="/api/openapi.json", lifespan=lifespan,
    )  # fmt: skip
    app.state.services = services

    app.add_middleware(Guard, options=options)
    telling.tell_errors(app)

    @app.get("/", include_in_schema=False)
    async def _page() -> FileResponse:
        return FileResponse(str(STATIC / "index.html"))

    # Checked by the guard; here it is told to who reads the description, with a field for it on its page.
    asked = [Depends(HTTPBearer(auto_error=False, scheme_name="token"))] if options.token else []
    for part in (live, reading, diary, practice, why, words_api, models_api, api_docs):
        app.include_router(part.router(services), dependencies=[] if part is live else asked)
    app.mount("/static", StaticFiles(directory=str(STATIC)), name="static")
    return app
