"""`mien read --explain`: why, in words and in JSON, in every door of the verb; tables stay as they are."""

from __future__ import annotations

import csv
from pathlib import Path


def test_the_reason_and_a_lesson_follow_the_reading(mien, astronaut: Path) -> None:
    ended = mien("read", astronaut, "--explain")
    assert ended.code == 0 and ended.err == ""
    assert "One person: Mostly the mouth: corners up, open" in ended.out
    assert ended.out.rstrip().splitlines()[-1].startswith("Happy: look at the mouth first.")
    plain = mien("read", astronaut).out
    assert "Mostly" not in plain and ended.out.startswith(plain.rstrip())


def test_reasons_come_in_the_language_that_is_asked_for(mien, astronaut: Path) -> None:
    ended = mien("read", astronaut, "--explain", "--language", "de", "--json", "-")
    text = ended.readings[0]["faces"][0]["expression"]["explanation"]["text"]
    assert text.startswith("Vor allem der Mund: Mundwinkel hochgezogen") and text in ended.err


def test_tables_stay_as_they_are(mien, astronaut: Path, tmp_path: Path) -> None:
    for name, options in (("plain", ()), ("told", ("--explain",))):
        assert mien("read", astronaut, "--quiet", "--csv", tmp_path / f"{name}.csv", *options).code == 0
    with open(tmp_path / "plain.csv", newline="") as one, open(tmp_path / "told.csv", newline="") as other:
        assert next(csv.reader(one)) == next(csv.reader(other))


def test_a_clip_is_explained_in_json(mien, clip: Path) -> None:
    ended = mien("read", clip, "--explain", "--json", "-", "--quiet")
    faces = [face for reading in ended.readings for face in reading["faces"]]
    assert faces and all(face["expression"]["explanation"]["text"] for face in faces)
