"""`mien explain`: a page of pictures, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, write_csv
from PIL import Image

from mien.explain import methods
from mien.explain.dream import DreamOptions
from mien.explain.methods import METHODS, NEED_FACES, QUICK
from mien.explain.subject import open_subject


def test_the_quick_ones_make_a_page(mien, astronaut: Path, tmp_path: Path) -> None:
    out = tmp_path / "why"
    ended = mien("explain", astronaut, "--out", out)
    assert ended.code == 0
    assert ended.out == ""
    assert "looks happy" in ended.err
    assert str(out / "report.html") in ended.err
    facts = json.loads((out / "explanation.json").read_text(encoding="utf-8"))
    assert facts["methods"] == list(QUICK)
    pictures = {path.stem for path in out.glob("*.png")}
    assert set(facts["pictures"]) == pictures
    assert len(pictures) == 3
    for path in out.glob("*.png"):
        pixels = np.asarray(Image.open(path))
        assert pixels.std() > 10
        assert min(pixels.shape[:2]) > 100
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "astronaut" in page
    assert "<script" not in page


def test_labelled_faces_add_what_looks_through_them(mien, astronaut: Path, tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(24))
    out = tmp_path / "near"
    ended = mien("explain", astronaut, "--faces", data, "--votes", votes, "--sample", 16, "--out", out)
    assert ended.code == 0, ended.err
    assert json.loads((out / "explanation.json").read_text())["methods"] == [*QUICK, *NEED_FACES]
    names = {path.stem for path in out.glob("*.png")}
    assert {"averages", "nearest-astronaut-default", "strongest-astronaut-default"} <= names


def test_what_was_left_out_is_told(mien, astronaut: Path, tmp_path: Path) -> None:
    place = tmp_path / "faces" / "happy"
    place.mkdir(parents=True)
    Image.fromarray(drawn_faces(1).pixels[0]).save(place / "0.png")
    (place / "broken [old].png").write_bytes(b"nothing")
    options = ["--faces", tmp_path / "faces", "--method", "nearest", "--out", tmp_path / "o [new]"]
    ended = mien("explain", astronaut, *options)
    assert ended.code == 0, ended.err
    assert "broken [old].png" in ended.err and str(tmp_path / "o [new]") in ended.err


def test_two_networks_stand_on_one_picture(mien, astronaut: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    models = ["--model", "default", "--model", "shawon"]
    ended = mien("explain", astronaut, *models, "--method", "activations", "--out", out)
    assert ended.code == 0, ended.err
    assert [path.stem for path in out.glob("*.png")] == ["activations"]
    assert "shawon (untrained weights)" in (out / "report.html").read_text(encoding="utf-8")


def test_why_this_word_and_not_another(mien, astronaut: Path, tmp_path: Path) -> None:
    pictures = []
    for place, extra in enumerate(([], ["--against", "surprise"])):
        out = tmp_path / str(place)
        ended = mien("explain", astronaut, "--method", "cam", "--label", "happy", *extra, "--out", out)
        assert ended.code == 0, ended.err
        (path,) = out.glob("*.png")
        pictures.append(path.read_bytes())
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize(
    ("arguments", "code", "texts"),
    [
        (["nosuch.jpg"], 1, ["nosuch.jpg"]),
        ([], 2, ["name a photo"]),
        (["PHOTO", "--method", "magic"], 2, ["magic", "activations"]),
        (["PHOTO", "--method", "nearest"], 2, ["--faces"]),
        (["PHOTO", "--model", "nosuch"], 1, ["nosuch"]),
        (["PHOTO", "--method", "cam", "--label", "bored"], 2, ["bored", "happy"]),
        (["PHOTO", "--method", "cam", "--head", "tail"], 2, ["tail", "fer2013"]),
        (["PHOTO", "--method", "gradcam", "--layer", "trunk.99"], 2, ["trunk.99", "trunk.0.conv1"]),
        (["PHOTO", "--method", "cam", "--model", "shawon"], 2, ["occlusion"]),
        (["PHOTO", "--votes", "PHOTO"], 2, ["--faces"]),
        (["PHOTO", "--language", "xx"], 2, ["xx"]),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(
    mien, astronaut: Path, tmp_path: Path, arguments: list[str], code: int, texts: list[str]
) -> None:
    given = [str(astronaut) if one == "PHOTO" else one for one in arguments]
    mien("explain", *given, "--out", tmp_path / "out").fails(code, *texts)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_in_a_dream_writes_nothing(mien, astronaut: Path, tmp_path: Path, monkeypatch) -> None:
    made = methods.dream.dream_all(open_subject(), "votes", options=DreamOptions(steps=1))
    monkeypatch.setattr(methods.dream, "dream_all", lambda *_, **__: [replace(one, is_complete=False) for one in made])
    ended = mien("explain", "--method", "dream", "--out", tmp_path / "out")
    assert ended.code == 130
    assert not (tmp_path / "out").exists()


def test_files_of_others_are_left_alone(mien, astronaut: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    mien("explain", astronaut, "--out", tmp_path).fails(2, "new or an empty folder")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_torch_it_says_what_to_install(mien, astronaut: Path, tmp_path: Path, without) -> None:
    without("torch", "mien.explain", "mien.learn")
    mien("explain", astronaut, "--out", tmp_path / "out").fails(1, "learn")


def test_every_method_is_in_the_help(mien) -> None:
    text = mien("explain", "--help").out
    words = " ".join(text.replace("│", " ").split())
    assert all(name in words for name in METHODS)
