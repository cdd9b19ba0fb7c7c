"""`mien models`: all that is installed, each checked."""

from __future__ import annotations

from pathlib import Path

from small_models import copy_of_default, without_votes

from mien import models


def test_everything_installed_is_named_and_whole(mien) -> None:
    ended = mien("models")
    card = models.load_card()
    assert ended.code == 0 and ended.err == ""
    assert card.identity in ended.out and card.sha256 in ended.out
    for name, entry in models.third_party().items():
        assert entry.sha256[:8] in ended.out and name.split("_")[0] in ended.out


def test_it_fits_eighty_columns(mien, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    copy_of_default(tmp_path / "mine")
    assert all(len(line) <= 80 for line in mien("models", "mine").out.splitlines())


def test_a_broken_folder_is_said_and_the_others_are_shown(mien, tmp_path: Path) -> None:
    good = copy_of_default(tmp_path / "good", name="mine")
    bad = copy_of_default(tmp_path / "bad", sha256="0" * 64)
    ended = mien("models", bad, good)
    ended.fails(1, "sha256")
    assert "mine-" in ended.out


def test_a_model_without_votes_is_shown_but_not_read_with(mien, tmp_path: Path, astronaut: Path) -> None:
    folder = without_votes(tmp_path / "plain")
    ended = mien("models", folder)
    assert ended.code == 0 and "no votes" in ended.out and "angry, disgust, fear" in ended.out
    mien("read", astronaut, "--model", folder).fails(1, "gives no votes", "mien evaluate")
