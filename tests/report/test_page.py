"""A page from its parts: all text is escaped, all pictures are inside, tables keep their cells."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from html_reading import check_page, picture, read_page, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mien.report import charts, sheets
from mien.report.page import (
    Bullets,
    Cell,
    Charts,
    Gallery,
    Heading,
    Number,
    Page,
    Picture,
    Row,
    Section,
    Table,
    render,
    write_page,
)
from mien.report.sheets import Tile, contact_sheet, face_png, wrapped

FACE = np.arange(48 * 48, dtype=np.uint32).reshape(48, 48).astype(np.uint8)


def chart(theme: charts.Theme) -> charts.Figure:
    figure = charts.new_figure(theme, 1.0)
    charts.style(figure.subplots(), theme)
    return figure


def page_of(*parts: object) -> Page:
    return Page("A page", "What it is.", (Section("First", parts),))  # type: ignore[arg-type]


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1))
def test_texts_arrive_as_they_are_whatever_they_hold(text: str) -> None:
    parts = (text, Heading(text), Bullets((text,)), Table(text, (text,), ((text, Cell(text, text)),)),
             Gallery("g", text, (Tile((FACE,), (text, text), text),)))  # fmt: skip
    page = read_page(render(Page(text, text, (Section(text, parts),), (Number(text, text, text),))))
    shown = [one.text for one in page.all("h1", "h2", "h3", "li", "caption", "dt", "dd", "td", "title", "b", "p")]
    assert sum(one.count(text) for one in shown) >= 14
    assert all(image.attributes["alt"] == text for image in page.all("img"))
    check_page(page)


def test_names_that_are_no_text_are_written_out(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    page = replace(page_of(f"left out: {name}"), facts_name="facts.json")
    path = write_page(tmp_path / "out", page, {"file": name})
    assert "caf\\udce9.png" in path.read_text(encoding="utf-8")
    assert json.loads((path.parent / "facts.json").read_text(encoding="utf-8"))["file"] == name


def test_a_table_has_its_cells_and_columns_that_stand_aside() -> None:
    table = Table("Numbers", ("x", "a", "b", "c"), (("one", Cell("1"), Cell("2", "small"), Cell("3", is_best=True)),),
                  (("", 2, False), ("aside", 2, True)))  # fmt: skip
    page = read_page(render(page_of(table)))
    assert tables(page)["Numbers"]["one"] == ["1", "2small", "3"]
    cells = page.all("td")
    assert [cell.attributes.get("class", "") for cell in cells] == ["", "aside aside-first", "aside"]
    assert [cell.text for cell in cells if cell.all("b")] == ["3"]
    assert [int(one.attributes["colspan"]) for one in page.all("th") if "colspan" in one.attributes] == [2, 2]


def test_charts_are_inside_for_both_grounds_and_beside_the_page(tmp_path: Path) -> None:
    drawn = Picture.of(chart, "chart", alt="Nothing.")
    row = Row((Charts((drawn,)), Gallery("faces", "Faces", (Tile((FACE, FACE), ("a",), "two"),))))
    path = write_page(tmp_path / "out", Page("t", "l", (Section("s", (row,)),), facts_name="facts.json"), {"a": [1]})
    page = read_page(path.read_text(encoding="utf-8"))
    check_page(page)
    light = picture(page.all("picture")[0].all("img")[0].attributes["src"])
    dark = picture(page.all("source")[0].attributes["srcset"])
    assert np.asarray(light.convert("L")).mean() > 200 > 60 > np.asarray(dark.convert("L")).mean()
    assert (tmp_path / "out" / "chart.png").read_bytes() == drawn.light
    with Image.open(tmp_path / "out" / "faces.png") as sheet:
        assert sheet.width > 200
    assert json.loads((tmp_path / "out" / "facts.json").read_text()) == {"a": [1]}


def test_a_face_is_shown_pixel_by_pixel_and_a_large_one_smaller() -> None:
    page = read_page(render(page_of(Gallery("g", "", (Tile((FACE,), ("x",), "a face"),)))))
    assert np.array_equal(np.asarray(picture(page.all("img")[0].attributes["src"])), FACE)
    with Image.open(BytesIO(face_png(np.tile(FACE, (4, 4))))) as large:
        assert large.size == (sheets.FACE_PX, sheets.FACE_PX)


@pytest.mark.parametrize("count", [1, 9, 10, 25])
def test_every_face_is_on_the_sheet_in_order(count: int) -> None:
    greys = [10 * number + 2 for number in range(count)]
    tiles = [Tile((np.full((48, 48), grey, np.uint8),), ("x",), "") for grey in greys]
    with Image.open(BytesIO(contact_sheet(tiles, "Title"))) as picture_:
        sheet = np.asarray(picture_)
    found = []
    for y in range(sheet.shape[0]):
        line = [int(grey) for grey, before in zip(sheet[y, 1:], sheet[y, :-1], strict=True) if grey != before]
        found += [grey for grey in line if grey in greys and (sheet[y] == grey).sum() >= sheets.FACE_PX]
    assert list(dict.fromkeys(found)) == greys


@given(st.text("abc \u00e9", max_size=60), st.integers(30, 300))
def test_wrapped_lines_fit_and_lose_nothing_but_the_ends_of_long_words(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(sheets.width_of(line, sheets.TEXT_PX) <= width for line in lines)
    words = " ".join(lines).split(" ")
    for word, shown in zip(text.split(" "), words, strict=True):
        assert shown == word or (shown.endswith("...") and word.startswith(shown[:-3]))


def test_chinese_breaks_between_signs_and_never_before_a_closing_mark() -> None:
    text = "每张图都有自己的刻度，从最低值（暗）到最高值（亮）；因此不能互相比较。"
    lines = wrapped(text, 120)
    assert "".join(lines) == text and len(lines) > 3
    assert all(line[0] not in "，。；）" and "..." not in line for line in lines)
