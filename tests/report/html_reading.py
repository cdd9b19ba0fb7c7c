"""Reads a page as a browser would, as far as the tests need it: elements, attributes, text, tables."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO

from PIL import Image

VOID = {"meta", "img", "source", "br", "link", "input", "hr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        found = "".join(child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(found.split())

    def all(self, *names: str) -> list[Element]:
        """All elements below of these names, in the page's order."""
        inner = [child for child in self.children if isinstance(child, Element)]
        return [one for child in inner for one in ([child] if child.name in names else []) + child.all(*names)]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read_page(html: str) -> Element:
    """The page as a tree; fails where elements are not closed in order."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader._open == [reader.root], "an element is not closed"
    return reader.root


def tables(page: Element) -> dict[str, dict[str, list[str]]]:
    """Every table by its caption: the cells of each row by its first one; `class` or the like is the head."""
    found = {}
    for table in page.all("table"):
        rows = [[cell.text for cell in row.all("th", "td")] for row in table.all("tr")]
        found[table.all("caption")[0].text] = {row[0]: row[1:] for row in rows}
    return found


def picture(uri: str) -> Image.Image:
    """The picture in a data URI."""
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    with Image.open(BytesIO(base64.b64decode(data))) as image:
        image.load()
        return image


def check_page(page: Element) -> None:
    """What holds for every page: nothing is fetched, no script, all pictures are there and said in words."""
    assert not page.all("script", "link", "iframe", "object")
    assert "default-src 'none'" in next(
        one.attributes["content"] for one in page.all("meta") if "http-equiv" in one.attributes
    )
    for image in page.all("img"):
        assert "alt" in image.attributes
        picture(image.attributes["src"])
    for source in page.all("source"):
        picture(source.attributes["srcset"])
    for figure in page.all("figure"):
        assert any(image.attributes["alt"] for image in figure.all("img"))
    for element in page.all("a"):
        assert any(other.attributes.get("id") == element.attributes["href"][1:] for other in page.all("h2"))
    names = [element.attributes["id"] for element in page.all("h2")]
    assert len(names) == len(set(names)) and len(page.all("h1")) == 1
    assert page.all("html")[0].attributes["lang"] == "en"
    assert any(one.attributes.get("name") == "viewport" for one in page.all("meta"))
