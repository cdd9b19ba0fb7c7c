"""`GET /api/docs`: the API's own page, Swagger UI, with its scripts from an installed package: nothing from elsewhere.

The page of FastAPI itself holds an inline script, which our policy forbids; hence one of our own.
"""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse

from mien.web.services import Services

FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Mien: the API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/api/docs/swagger-ui.css">
  <script src="/api/docs/swagger-ui-bundle.js" defer></script>
  <script src="/static/js/api-docs.js" defer></script>
</head>
<body>
  <main id="docs"></main>
  <noscript>This page needs JavaScript; <a href="/api/openapi.json">the description itself</a> does not.</noscript>
</body>
</html>
"""


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(prefix="/api/docs", include_in_schema=False)
    bundled = resources.files("fastapi_offline") / "static"

    @routes.get("")
    def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @routes.get("/{name}")
    def file(name: str) -> FileResponse:
        if name not in FILES:
            raise HTTPException(404, "there is no such file")
        return FileResponse(str(bundled / name), media_type=FILES[name])

    return routes
