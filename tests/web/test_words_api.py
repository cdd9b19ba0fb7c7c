"""What the page is told of languages."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from mien import catalogue


def test_all_languages_are_listed_english_first(client: TestClient) -> None:
    told = client.get("/api/words").json()
    assert [one["language"] for one in told] == list(catalogue.languages())
    assert told[0] == {"language": "en", "name": "English", "direction": "ltr", "is_reviewed": True}
    assert {one["language"] for one in told if one["direction"] == "rtl"} == {"ar"}


@pytest.mark.parametrize(("asked", "given"), [("en-GB", "en"), ("pt_BR", "pt"), ("ar", "ar")])
def test_a_catalogue_is_told_whole(client: TestClient, asked: str, given: str) -> None:
    told, words = client.get(f"/api/words/{asked}").json(), catalogue.language_of(given)
    assert told == {
        "language": given,
        "name": words.name,
        "direction": words.direction,
        "is_reviewed": words.is_reviewed,
        "messages": dict(words.messages),
    }


@pytest.mark.parametrize("asked", ["tlh", "..%5Cen", "%00", "x" * 300])
def test_an_unknown_language_is_not_found(client: TestClient, asked: str) -> None:
    answer = client.get(f"/api/words/{asked}")
    assert answer.status_code == 404
    assert "choose from en, ar" in answer.json()["detail"]
