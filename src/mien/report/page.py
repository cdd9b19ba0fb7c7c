"""A page from its parts: words, numbers, tables, charts and galleries of faces become one HTML file.

All pictures are embedded, nothing is fetched and no script runs (the page's own policy forbids it); it follows the
reader's dark or light setting and the width of a phone. What the parts say, their makers know. `write_page` puts the
page, its pictures as PNGs and its figures as JSON into one folder.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from PIL import Image

from mien.report import charts, sheets
from mien.report.folder import write_folder
from mien.report.sheets import Tile
from mien.version import __version__

PAGE = "report.html"


@dataclass(frozen=True)
class Number:
    """One figure in large type: what it is, and in small type what to know about it."""

    value: str
    what: str
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell of a table, with small words under its text; `is_best` sets it in bold."""

    text: str
    small: str = ""
    is_best: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows; a cell is a text, or a `Cell` with small words.

    `groups` are titles above the columns, each with how many it spans and whether these stand aside: coloured and
    behind a double line, since they are not to be compared with the rest.
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    groups: tuple[tuple[str, int, bool], ...] = ()

    def class_of(self, column: int) -> Markup:
        """The class attribute of a column's cells."""
        start = 0
        for _, span, is_aside in self.groups:
            if is_aside and start <= column < start + span:
                return Markup(' class="aside aside-first"' if column == start else ' class="aside"')
            start += span
        return Markup("")


@dataclass(frozen=True)
class Bullets:
    """A list."""

    kind: ClassVar[str] = "bullets"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """A chart as PNGs for both grounds; `name` is its file's, without the ending; `alt` says what it shows."""

    name: str
    light: bytes
    dark: bytes
    alt: str
    caption: str = ""

    @classmethod
    def of(cls, chart: charts.Chart, name: str, *, alt: str, caption: str = "") -> Picture:
        """Draw a chart on both grounds."""
        light, dark = (charts.as_png(chart(theme)) for theme in (charts.LIGHT, charts.DARK))
        return cls(name, light, dark, alt, caption)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the page, px."""
        with Image.open(BytesIO(self.light)) as picture:
            return picture.width // 2, picture.height // 2


@dataclass(frozen=True)
class Charts:
    """Charts side by side where there is room; with `is_wide` one below the other, as large as they are."""

    kind: ClassVar[str] = "charts"
    pictures: tuple[Picture, ...]
    is_wide: bool = False


@dataclass(frozen=True)
class Gallery:
    """Faces with words under each, as many in a row as there is room; a contact sheet `name`.png beside the page."""

    kind: ClassVar[str] = "gallery"
    name: str
    title: str
    tiles: tuple[Tile, ...]
    note: str = ""

    @property
    def widest(self) -> int:
        """Faces in the widest tile."""
        return max((len(tile.faces) for tile in self.tiles), default=1)


@dataclass(frozen=True)
class Heading:
    """A title within a section."""

    kind: ClassVar[str] = "heading"
    title: str


@dataclass(frozen=True)
class Row:
    """Parts side by side where there is room."""

    kind: ClassVar[str] = "row"
    parts: tuple[Part, ...]


Part = str | Heading | Table | Bullets | Charts | Gallery | Row


@dataclass(frozen=True)
class Section:
    """What stands under one title."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A whole page; `facts_name` is the JSON file that lies beside it."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    numbers: tuple[Number, ...] = ()
    facts_name: str = ""


def render(page: Page) -> str:
    """The page as HTML; every text is escaped."""
    return _template().render(page=page, version=__version__)


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters.update(data_uri=_data_uri, face_png=sheets.face_png)
    return environment.get_template("page.html")


def write_page(
    folder: Path, page: Page, facts: Mapping[str, Any], *, more: Mapping[str, bytes] = MappingProxyType({})
) -> Path:
    """Write report.html, its pictures and `facts` into a folder, whole or not at all; returns the page's path.

    `more` are files to lie beside it, by name.

    Raises:
        UsageError: the folder holds files that are none of an earlier report's.
        SinkError: it cannot be written.
    """
    files = {PAGE: _bytes(render(page)), **_pictures(page), **more}
    if page.facts_name:
        files[page.facts_name] = _bytes(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    write_folder(folder, files)
    return folder / PAGE


def _bytes(text: str) -> bytes:
    """UTF-8; bytes of a file's name that are no letters are written out, in JSON so that they are read as they were."""
    return text.encode("utf-8", "backslashreplace")


def _pictures(page: Page) -> dict[str, bytes]:
    files = {}
    for part in _flat([part for section in page.sections for part in section.parts]):
        if isinstance(part, Charts):
            files.update({f"{picture.name}.png": picture.light for picture in part.pictures})
        elif isinstance(part, Gallery):
            files[f"{part.name}.png"] = sheets.contact_sheet(part.tiles, part.title)
    return files


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Row):
            yield from _flat(part.parts)
        else:
            yield part


def _data_uri(png: bytes) -> Markup:
    return Markup("data:image/png;base64,") + base64.b64encode(png).decode()
