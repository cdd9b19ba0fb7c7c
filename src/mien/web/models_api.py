"""What this server is: `GET /api/health` and `/api/models`; and `/api/demo`, a clip that stands in for a camera."""

from __future__ import annotations

import mimetypes
import time
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse

from mien import models
from mien.version import __version__
from mien.web.options import PROTOCOL
from mien.web.services import Services

DEMO = resources.files("mien.web") / "static" / "demo.webm"  # the astronaut of examples/, see examples/demo_clip.py
HEALTH = {"version": __version__, "protocol": PROTOCOL, "uptime_s": 12.5}
MODELS = {
    "expression": {
        "identity": "mien-0.1.0@4eb00768", "is_embedded": True, "input_size": 48, "licence": "...",
        "votes": ["neutral", "happy", "...", "unknown", "not a face"], "fer2013": ["angry", "disgust", "..."],
        "scores": {}, "precision": "fp32",
    },
    "detector": "blaze",
    "third_party": {"face_landmark": {"what": "...", "licence": "Apache-2.0", "sha256": "1055cb9d..."}},
}  # fmt: skip


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(prefix="/api", tags=["server"])
    began_s = time.monotonic()

    @routes.get("/health", summary="Whether it runs", responses=_example(HEALTH))
    def health() -> dict[str, Any]:
        """Its version, the version of what is spoken on the socket, and the seconds since it began."""
        uptime_s = round(time.monotonic() - began_s, 1)
        return {"version": __version__, "protocol": PROTOCOL, "uptime_s": uptime_s}

    @routes.get("/models", summary="Which networks read", responses=_example(MODELS))
    def installed() -> dict[str, Any]:
        """The network that reads expressions, as its card describes it, and those that find faces."""
        options = services.options.pipeline
        card = models.load_card(options.model)
        return {
            "expression": {
                "identity": card.identity,
                "is_embedded": options.model == models.DEFAULT_MODEL,
                "input_size": card.input_size,
                "votes": list(card.votes),
                "fer2013": list(card.fer2013),
                "licence": card.licence,
                "scores": dict(card.scores),
                "precision": card.export.get("precision"),
            },
            "detector": options.detector,
            "third_party": {
                name: {"what": one.what, "licence": one.licence, "sha256": one.sha256}
                for name, one in models.third_party().items()
            },
        }

    @routes.head("/demo", include_in_schema=False)
    @routes.get("/demo", summary="A clip to try with", response_class=FileResponse)
    def demo() -> FileResponse:
        """The clip that stands in for a camera: the one the server was given, or the bundled one."""
        path = services.options.demo or Path(str(DEMO))
        return FileResponse(path, media_type=mimetypes.guess_type(path.name)[0] or "video/mp4")

    return routes


def _example(value: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "It does.", "content": {"application/json": {"example": value}}}}
