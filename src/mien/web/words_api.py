"""`GET /api/words`: the languages; `GET /api/words/{language}`: the catalogue that the page speaks from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException

from mien import catalogue
from mien.errors import UsageError
from mien.web.services import Services


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(prefix="/api/words", tags=["words"])

    @routes.get("")
    def languages() -> list[dict[str, Any]]:
        """All languages, English first; `name` is the language's own name for itself."""
        return [_about(catalogue.language_of(code)) for code in catalogue.languages()]

    @routes.get("/{language}")
    def words(language: str) -> dict[str, Any]:
        """The nearest language, and its messages by key: a text with {names}, or its plural forms by CLDR category."""
        try:
            found = catalogue.language_of(language)
        except UsageError as error:
            raise HTTPException(404, str(error)) from error
        return {**_about(found), "messages": dict(found.messages)}

    return routes


def _about(language: catalogue.Language) -> dict[str, Any]:
    return {
        "language": language.code,
        "name": language.name,
        "direction": language.direction,
        "is_reviewed": language.is_reviewed,
    }
