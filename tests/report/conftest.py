"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from face_sets import drawn_faces
from matplotlib.figure import Figure
from PIL import Image

from mien.data.faceset import FaceSet
from mien.report import charts


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are made but not drawn, which takes most of a page's time; for tests of its words."""
    monkeypatch.setattr(charts, "as_png", blank)


@pytest.fixture(scope="module")
def never_drawn() -> Iterator[None]:
    """The same for a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "as_png", blank)
        yield


def blank(figure: Figure) -> bytes:
    """A PNG of four pixels."""
    file = BytesIO()
    Image.new("L", (2, 2), 255).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def some_faces() -> FaceSet:
    """Thirty drawn faces."""
    return drawn_faces(30)
