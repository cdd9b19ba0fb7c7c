"""`GET /api/words`: the languages; `GET /api/words/{language}`: the catalogue that the page speaks from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mien.expression import words
from mien.web.services import Services


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(prefix="/api/words", tags=["words"])

    @routes.get("/{language}")
    def catalogue(language: str) -> dict[str, Any]:
        """Messages by key: a text with {names} to fill in, or a table of plural forms by CLDR category."""
        return dict(words.language_of(language).messages)

    return routes
