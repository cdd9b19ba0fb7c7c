"""`mien evaluate`: one JSON object alone on standard output, whose numbers agree with each other and the data; reports,
averages and cards beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces, write_csv
from PIL import Image
from small_models import copy_of_default, without_votes

from mien.data.faceset import EXPRESSIONS, FER2013_LABELS, majority
from mien.judge import averaged, robustness, speed
from mien.judge.damage import Damage, blur
from mien.models import DEFAULT_MODEL, load_card

PUBLIC = slice(28709, 28709 + 60)  # the first rows of PublicTest


@pytest.fixture
def files(shared_fer2013: Path, tmp_path: Path) -> tuple[Path, Path]:
    return write_csv(tmp_path, shared_faces(shared_fer2013, PUBLIC))


@pytest.mark.parametrize("way", ["--align", "--no-align"])
def test_the_scores_are_one_object_and_add_up(mien, shared_fer2013: Path, files, way: str) -> None:
    data, votes = files
    faces = shared_faces(shared_fer2013, PUBLIC)
    faces = faces.take(faces.named)
    ended = mien("evaluate", "--data", data, "--votes", votes, "--split", "PublicTest", "--json", "-", way)
    assert ended.code == 0
    result = json.loads(ended.out)
    assert {"split", "model", "protocol", "heads"} <= set(result)
    assert result["split"] == "PublicTest"
    assert result["protocol"]["aligned"] == (way == "--align")
    fer2013, said = result["heads"]["fer2013"], result["heads"]["votes"]
    assert set(fer2013["labels"]) == set(FER2013_LABELS) and said["labels"] == list(EXPRESSIONS)
    assert fer2013["n"] == len(faces)
    assert said["n"] == int((majority(faces.votes) >= 0).sum()) and said["rule"] == "ferplus-majority"
    for head in (fer2013, said):
        confusion = np.asarray(head["confusion"])
        assert confusion.sum() == head["n"]
        assert head["accuracy"] == pytest.approx(np.trace(confusion) / head["n"], abs=1e-4)
        assert 0 <= head["macro_f1"] <= 1
    assert fer2013["accuracy"] > 0.4 and said["accuracy"] > 0.6  # it has learned something


def test_json_goes_to_a_file_too(mien, files, tmp_path: Path) -> None:
    data, votes = files
    ended = mien("evaluate", "--data", data, "--votes", votes, "--no-align", "--json", tmp_path / "scores.json")
    assert ended.code == 0 and ended.out == ""
    assert json.loads((tmp_path / "scores.json").read_text())["heads"]["votes"]["n"] > 0


def test_missing_and_broken_data_are_one_line(mien, tmp_path: Path) -> None:
    mien("evaluate", "--data", tmp_path / "nosuch.csv").fails(1, "nosuch.csv")
    (tmp_path / "text.csv").write_text("a letter\n")
    mien("evaluate", "--data", tmp_path / "text.csv").fails(1, "text.csv")
    data, _ = write_csv(tmp_path, drawn_faces(3))
    mien("evaluate", "--data", data, "--split", "PublicTest").fails(1, "no faces", "PublicTest")
    mien("evaluate", "--data", data, "--split", "Training", "--model", tmp_path).fails(1, "no model folder")


@pytest.fixture
def few(tmp_path: Path) -> tuple[Path, Path]:
    """Drawn faces of two splits."""
    return write_csv(tmp_path, drawn_faces(12, splits=("Training", "PublicTest", "PublicTest")))


def test_a_folder_of_pictures_is_judged_whole(mien, tmp_path: Path) -> None:
    faces = drawn_faces(6)
    for index, face in enumerate(faces.pixels):
        place = tmp_path / "pictures" / ("Happiness", "anger")[index % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(place / f"{index}.png")
    ended = mien("evaluate", "--data", tmp_path / "pictures", "--json", "-", "--no-align")
    assert ended.code == 0, ended.err
    result = json.loads(ended.out)
    assert result["split"] == "all" and list(result["heads"]) == ["fer2013"]
    support = result["heads"]["fer2013"]["support"]
    assert (support["happy"], support["angry"], sum(support.values())) == (3, 3, 6)
    named = mien("evaluate", "--data", tmp_path / "pictures", "--json", "-", "--no-align", "--split", "train")
    assert json.loads(named.out)["heads"] == result["heads"]
    mien("evaluate", "--data", tmp_path / "pictures", "--split", "val").fails(1, "no split", "Training")


def test_scores_of_faces_without_splits_are_not_for_the_card(mien, tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model", scores={})
    place = tmp_path / "pictures" / "happy"
    place.mkdir(parents=True)
    Image.fromarray(drawn_faces(1).pixels[0]).save(place / "one.png")  # data without splits are trained on
    before = (folder / "card.json").read_bytes()
    mien("evaluate", "--data", tmp_path / "pictures", "--model", folder, "--write-card").fails(2, "trained on")
    assert (folder / "card.json").read_bytes() == before


def test_the_tables_say_what_the_scores_hold(mien, few) -> None:
    ended = mien("evaluate", "--data", few[0], "--votes", few[1], "--json", "-", "--no-align")
    scores = json.loads(ended.out)["heads"]
    assert f"{scores['fer2013']['accuracy']:.2%}" in ended.err and f"{scores['votes']['accuracy']:.2%}" in ended.err
    for label in EXPRESSIONS:
        assert label in ended.err
    assert f"A random person agrees with it on {scores['votes']['agreement']['model']:.1%}" in ended.err


def test_averaged_answers_stand_apart(mien, few, tmp_path: Path) -> None:
    other = without_votes(tmp_path / "other")
    arguments = ("evaluate", "--data", few[0], "--votes", few[1], "--json", "-", "--no-align")
    alone = json.loads(mien(*arguments).out)
    both = json.loads(mien(*arguments, "--with", other, "--with", DEFAULT_MODEL).out)
    ensemble = both.pop("averaged")["ensemble"]
    assert both == alone
    assert len(ensemble["of"]) == 3
    # The same network three times is no better than once.
    for head, one in ensemble["heads"].items():
        assert one == {name: alone["heads"][head][name] for name in ("n", "accuracy", "macro_f1")}


def test_a_report_is_a_page_with_its_scores(mien, few, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(robustness, "DAMAGES", {"blur": Damage("px", (0, 3), blur)})
    monkeypatch.setattr(averaged, "VIEWS", {"mirror": averaged.mirror})
    monkeypatch.setattr(speed, "LOOKS", 3)
    folder = tmp_path / "report"
    ended = mien("evaluate", "--data", few[0], "--votes", few[1], "--report", folder, "--json", tmp_path / "s.json",
                 "--with", DEFAULT_MODEL)  # fmt: skip
    assert ended.code == 0, ended.err
    scores = json.loads((folder / "scores.json").read_text())
    assert scores == json.loads((tmp_path / "s.json").read_text())
    assert scores["protocol"]["faces"] == 8 and "without_twins" in scores  # the rest is Training
    assert set(scores["averaged"]) == {"ensemble", "mirror", "ensemble_mirror"}
    assert str(folder / "report.html") in ended.err and (folder / "report.html").stat().st_size > 10_000


def test_a_report_among_files_of_others_is_refused_at_once(mien, few, tmp_path: Path) -> None:
    mien("evaluate", "--data", few[0], "--report", tmp_path).fails(2, "fer2013.csv")


def test_the_card_is_written_when_asked_for(mien, few, tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model", scores={})
    ended = mien("evaluate", "--data", few[0], "--votes", few[1], "--model", folder, "--json", "-", "--write-card")
    assert ended.code == 0, ended.err
    scores, result = load_card(folder).scores, json.loads(ended.out)
    assert scores["faces"] == 8 and scores["split"] == "PublicTest"
    for head in ("fer2013", "votes"):
        assert scores["heads"][head]["confusion"] == result["heads"][head]["confusion"]
        assert scores["first_300"]["heads"][head]["accuracy"] == result["heads"][head]["accuracy"]
    before = (folder / "card.json").read_bytes()
    mien("evaluate", "--data", few[0], "--split", "Training", "--model", folder, "--write-card").fails(2, "trained on")
    assert (folder / "card.json").read_bytes() == before
