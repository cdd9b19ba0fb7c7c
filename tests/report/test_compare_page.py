"""A comparison shows each model's figures in its row, and the best of each column in bold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from html_reading import Element, check_page, read_page, tables
from scores_sample import head, plain_scores

from mien.data.faceset import FER2013_LABELS
from mien.report.compare_page import names_of, write_compare_page


@pytest.fixture(scope="module")
def scores() -> list[dict[str, Any]]:
    ours, baseline = plain_scores(), plain_scores()
    baseline["model"] = "shawon-0.3.0@abcdef12"
    baseline["heads"] = {"fer2013": head(FER2013_LABELS, 400, 0.5, 3)}
    ours["difference"] = {"fer2013": {"accuracy": {"by": 0.123, "interval": [0.1, 0.15]}}}
    baseline["speed"] = {"parameters": 4_400_000, "bytes": 17_600_000, "median_ms": 7.25}
    return [baseline, ours]


@pytest.fixture(scope="module")
def page(scores: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory, never_drawn: None) -> Element:
    path = write_compare_page(tmp_path_factory.mktemp("compared") / "out", scores)
    assert json.loads((path.parent / "comparison.json").read_text())["models"] == scores
    return read_page(path.read_text(encoding="utf-8"))


def test_each_model_has_a_row_and_what_it_lacks_is_a_dash(page: Element, scores: list[dict[str, Any]]) -> None:
    check_page(page)
    table = next(table for caption, table in tables(page).items() if caption.startswith("The best"))
    first, second = (one["heads"]["fer2013"]["accuracy"] for one in scores)
    assert table["shawon-0.3.0"] == [
        f"{100 * first:.1f} %", f"{100 * scores[0]['heads']['fer2013']['macro_f1']:.1f} %", "-", "-", "-", "-", "-",
        "-", "4.4 M", "17.6 MB", "7.2 ms",
    ]  # fmt: skip
    assert (
        table["mien-0.3.0"][0] == f"{100 * second:.1f} %"
        and table["mien-0.3.0"][4] == "+12.310.0 to 15.0"
        and table["mien-0.3.0"][-3:] == ["-", "-", "-"]
    )


def test_the_best_is_bold_and_only_where_there_is_another(page: Element, scores: list[dict[str, Any]]) -> None:
    table = next(one for one in page.all("table") if one.all("caption")[0].text.startswith("The best"))
    bold = [cell.text for cell in table.all("td") if cell.all("b")]
    best = max(scores, key=lambda one: one["heads"]["fer2013"]["accuracy"])["heads"]["fer2013"]
    assert bold[0] == f"{100 * best['accuracy']:.1f} %" and len(bold) == 2


def test_classes_are_rows_and_models_columns(page: Element, scores: list[dict[str, Any]]) -> None:
    recall = next(table for caption, table in tables(page).items() if caption.startswith("Recall"))
    for label in FER2013_LABELS:
        shown = [float(cell.split()[0]) for cell in recall[label]]
        assert shown == pytest.approx([100 * one["heads"]["fer2013"]["recall"][label] for one in scores], abs=0.06)


def test_figures_taken_in_different_ways_are_said_to_be(
    scores: list[dict[str, Any]], tmp_path: Path, never_drawn: None
) -> None:
    other = {**scores[0], "split": "PrivateTest", "heads": {"fer2013": scores[0]["heads"]["fer2013"]}}
    page = read_page(write_compare_page(tmp_path / "out", [scores[0], other]).read_text(encoding="utf-8"))
    assert "were not measured in the same way" in page.text and "PrivateTest" in page.text


def test_models_of_one_name_are_told_apart() -> None:
    assert names_of([{"model": "mien-1@a"}, {"model": "mien-1@b"}, {"model": "x-1@c"}]) == [
        "mien-1@a",
        "mien-1@b",
        "x-1",
    ]


def test_charts_of_models_that_are_called_alike_all_lie_beside_the_page(
    scores: list[dict[str, Any]], tmp_path: Path, never_drawn: None
) -> None:
    alike = [{**scores[1], "model": name} for name in ("v1_a-0.3.0@1", "v1-a-0.3.0@2")]
    path = write_compare_page(tmp_path / "out", alike)
    assert len(list(path.parent.glob("confusion-fer2013-*.png"))) == 2
