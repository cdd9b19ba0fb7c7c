"""A scores page shows the figures of its object and nothing else; what the object lacks is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_sets import drawn_faces
from html_reading import Element, check_page, picture, read_page, tables
from scores_sample import full_scores, plain_scores

from mien.data.faceset import FaceSet
from mien.report.page import render
from mien.report.scores_page import scores_page, write_scores_page


@pytest.fixture(scope="module")
def faces() -> FaceSet:
    return drawn_faces(30)


@pytest.fixture(scope="module")
def scores(faces: FaceSet) -> dict[str, Any]:
    return full_scores(faces)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, scores: dict[str, Any], faces: FaceSet) -> Path:
    return write_scores_page(tmp_path_factory.mktemp("scores") / "out", scores, faces).parent


@pytest.fixture(scope="module")
def page(folder: Path) -> Element:
    return read_page((folder / "report.html").read_text(encoding="utf-8"))


def per_cent(value: float) -> str:
    return f"{100 * value:.1f} %"


def titles(page: Element) -> list[str]:
    return [one.text for one in page.all("h2")]


def test_the_page_holds_and_lies_beside_its_object(page: Element, folder: Path, scores: dict[str, Any]) -> None:
    check_page(page)
    assert json.loads((folder / "scores.json").read_text(encoding="utf-8")) == scores
    charts = {path.stem for path in folder.glob("*.png")}
    assert charts == {"confusion-fer2013", "confusion-votes", "shares", "reliability", "coverage", "agreement",
                      "robustness", "surest-mistakes", "most-disputed"}  # fmt: skip


def test_the_first_words_say_how_good_it_is(page: Element, scores: dict[str, Any]) -> None:
    lead = next(one.text for one in page.all("p") if one.attributes.get("class") == "lead")
    assert all(per_cent(head["accuracy"]) in lead for head in scores["heads"].values()) and "PublicTest" in lead
    large = [one.text for one in page.all("dd") if not one.attributes]
    right = [per_cent(head["accuracy"]) for head in scores["heads"].values()]
    assert large == [*right, "1.6 %", "2.9 ms"]  # of a confidence that was not fitted on these faces


def test_both_heads_stand_in_one_table_and_averages_aside(page: Element, scores: dict[str, Any]) -> None:
    table = tables(page)["Both answers of the model"]
    for row, name in (("FER2013's label", "fer2013"), ("what most people say", "votes")):
        head, ends = scores["heads"][name], scores["intervals"][name]["accuracy"]
        assert table[row][0] == str(head["n"])
        assert table[row][1] == f"{per_cent(head['accuracy'])}{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"
        assert table[row][3].startswith(min(head["recall"], key=head["recall"].get))
    aside = [cell for cell in page.all("td") if "aside" in cell.attributes.get("class", "")]
    assert len(aside) == 2 * len(scores["averaged"])  # and nowhere else
    assert all(re.match(r"\d+\.\d %F1", cell.text) for cell in aside)


def test_each_class_has_its_figures(page: Element, scores: dict[str, Any]) -> None:
    found = [one for one in page.all("table") if one.all("caption")[0].text == "Each class"]
    for table, head in zip(found, scores["heads"].values(), strict=True):
        rows = [[cell.text for cell in row.all("th", "td")] for row in table.all("tr")[1:]]
        assert [row[0] for row in rows] == head["labels"]
        for label, support, precision, recall, f1 in rows:
            assert support == str(head["support"][label])
            assert precision.startswith(per_cent(head["precision"][label]))
            assert recall.startswith(per_cent(head["recall"][label]))
            assert f1.startswith(per_cent(head["f1"][label]))


def test_the_protocol_is_in_words(page: Element) -> None:
    text = page.text
    for words in ("one crop, one network, no averaging", "10 rows are left out", "official majority of ten voters",
                  "95 of 100 bootstrap samples", "before: the leading share", "a perfect one, by chance alone",
                  "as good as the 4th of ten people", "its mean place is 4.2",
                  "have a twin in another split"):  # fmt: skip
        assert words in text


def test_the_sheets_show_the_faces_that_the_object_names(page: Element, scores: dict[str, Any], faces: FaceSet) -> None:
    section = next(one for one in page.all("section") if one.all("h2")[0].text == "The surest mistakes")
    shown = [np.asarray(picture(image.attributes["src"])) for image in section.all("img")]
    assert len(shown) == len(scores["surest_mistakes"])
    for image, entry in zip(shown, scores["surest_mistakes"], strict=True):
        assert np.array_equal(image, faces.pixels[list(faces.rows).index(entry["row"])])


OPTIONAL = ("intervals", "without_twins", "robustness", "speed", "averaged", "surest_mistakes", "most_disputed")


def test_the_plain_command_gives_a_page_without_the_rest(undrawn: None) -> None:
    page = read_page(render(scores_page(plain_scores())))
    check_page(page)
    assert titles(page) == [
        "The score", "Class by class: FER2013's label", "Class by class: what most people say", "Shares of people",
        "How sure, and rightly so?", "Beside people",
    ]  # fmt: skip
    assert "aside" not in {cell.attributes.get("class") for cell in page.all("td")}


@pytest.mark.parametrize("key", OPTIONAL)
def test_any_part_may_be_missing(scores: dict[str, Any], faces: FaceSet, key: str, undrawn: None) -> None:
    less = {name: value for name, value in scores.items() if name != key}
    check_page(read_page(render(scores_page(less, faces))))


def test_a_model_with_one_answer_has_a_page(scores: dict[str, Any], undrawn: None) -> None:
    head = {key: value for key, value in scores["heads"]["fer2013"].items() if key not in ("precision", "support")}
    page = read_page(render(scores_page({"split": "PublicTest", "model": "shawon", "heads": {"fer2013": head}})))
    check_page(page)
    assert titles(page) == ["The score", "Class by class: FER2013's label"]


def test_entries_of_faces_that_were_not_given_are_left_out(
    scores: dict[str, Any], faces: FaceSet, undrawn: None
) -> None:
    page = read_page(render(scores_page(scores, faces.take(np.arange(3)))))
    section = next(one for one in page.all("section") if one.all("h2")[0].text == "The surest mistakes")
    assert len(section.all("img")) == 3
