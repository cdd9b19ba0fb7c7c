"""docs/reasons.md against the code: each phrase with its rule, each measure, and the sentence at the top."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from PIL import Image

from mien.expression.reasons import PHRASES, USUAL, USUAL_HEAT, reading_words
from mien.faces.measures import MEASURES
from mien.faces.regions import REGIONS
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
LABELS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")


def rates() -> dict[str, list[int]]:
    rows = re.findall(r"^\| `(\w+)` \| `\w+` [<>]= [-\d.]+ \| ([\d |]+) \|$", PAGE, re.MULTILINE)
    return {key: [int(cell) for cell in cells.split("|")] for key, cells in rows}


def test_each_phrase_stands_with_its_rule() -> None:
    rules = re.findall(r"^\| `(\w+)` \| `(\w+)` ([<>]=) ([-\d.]+) \|", PAGE, re.MULTILINE)
    held = [(one.key, one.measure, ">=" if one.least > 0 else "<=", f"{one.least:g}") for one in PHRASES]
    assert rules == held


def test_each_published_phrase_tells_an_expression_apart() -> None:
    assert list(rates()) == [phrase.key for phrase in PHRASES]
    for key, cells in rates().items():
        assert len(cells) == len(LABELS), key
        neutral, *others = cells[:5]  # the expressions of which there are faces enough
        assert neutral <= 15 and max(others) >= neutral + 30, key


def test_what_is_called_usual_is_so() -> None:
    for label, key in USUAL.items():
        assert rates()[key][LABELS.index(label)] >= 80


def test_each_measure_is_defined() -> None:
    assert re.findall(r"^\| `(\w+)` \| [a-z]", PAGE, re.MULTILINE) == list(MEASURES)


def test_the_usual_heat_is_the_one_that_was_measured() -> None:
    line = re.search(r"The mean share of the heat: (.*?) per cent", PAGE)
    assert line is not None
    said = {name: int(share) / 100 for name, share in (part.split() for part in line[1].split(", "))}
    assert said == USUAL_HEAT and tuple(said) == REGIONS


def test_neutral_faces_are_as_many_as_the_reference_says() -> None:
    origin = json.loads((ROOT / "src" / "mien" / "faces" / "neutral.json").read_text(encoding="utf-8"))["origin"]
    count = int(origin.split()[0])
    assert f"{count:,} of FER2013's Training faces" in PAGE


def test_the_example_is_what_is_said(astronaut: Path) -> None:
    pipeline = Pipeline(PipelineOptions(tiles=False, explain=True))
    frame = Frame(np.asarray(Image.open(astronaut).convert("RGB")))
    shown = " ".join(line.strip() for line in PAGE.split("--explain\n")[1].split("The first line")[0].splitlines())
    assert shown.split() == " ".join(reading_words(pipeline.read(frame))).split()
