from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import SourceError
from mien.media.inputs import expand_inputs, input_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    seen, unseen = (
        ["b.jpg", "a.PNG", "sub/c.mp4", "sub/deep/d.webp"],
        ["notes.txt", ".h.jpg", ".git/e.jpg", "sub/f.csv"],
    )
    for name in seen + unseen:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


def test_folder_is_searched_and_sorted(folder: Path) -> None:
    assert expand_inputs(["in"]) == paths("in/a.PNG", "in/b.jpg", "in/sub/c.mp4", "in/sub/deep/d.webp")
    assert expand_inputs([Path("in")]) == expand_inputs(["in"])


def test_globs(folder: Path) -> None:
    assert expand_inputs(["in/*.jpg"]) == paths("in/b.jpg") == expand_inputs([Path("in/*.jpg")])
    assert expand_inputs(["in/**/*.??4", "in/[a]*"]) == paths("in/sub/c.mp4", "in/a.PNG")
    assert expand_inputs(["in/s*"]) == paths("in/sub/c.mp4", "in/sub/deep/d.webp")
    assert len(expand_inputs(["in/**"])) == len(set(expand_inputs(["in/**"])))
    assert expand_inputs(["in/*.txt"]) == paths("in/notes.txt"), "a file that is asked for is never left out"


def test_a_name_with_brackets_is_a_name_when_it_exists(folder: Path) -> None:
    (folder / "me [1].jpg").touch()
    assert expand_inputs(["me [1].jpg"]) == ["me [1].jpg"]


def test_all_else_stays_in_its_order() -> None:
    given = ["12", "screen", "screen:1,2,3,4", "-", "rtsp://host/a?b=*", "missing.jpg"]
    assert expand_inputs(given) == [12, *given[1:]]
    assert expand_inputs([]) == []


@pytest.mark.parametrize(("text", "line"), [("empty", "no pictures or clips"), ("*.jpg", r"nothing matches \*")])
def test_nothing_found(folder: Path, text: str, line: str) -> None:
    with pytest.raises(SourceError, match=line):
        expand_inputs([text])


def test_a_number_is_a_camera_only_where_it_was_typed_and_no_folder_has_the_name(folder: Path) -> None:
    (folder / "2024").mkdir()
    for name in ("2024/0012", "0012", "screen"):
        (folder / name).touch()
    (folder / "2024" / "a.jpg").touch()
    assert expand_inputs(["2024"]) == expand_inputs([Path("2024")]) == paths("2024/a.jpg")
    assert expand_inputs(["00*", "scr?en"]) == expand_inputs(paths("0012", "screen")) == paths("0012", "screen")
    assert expand_inputs(["0012", "screen"]) == [12, "screen"]


def test_the_file_behind_an_input(folder: Path) -> None:
    (folder / "7").touch()
    (folder / "a b.jpg").touch()
    address = f"file://{folder}/a%20b.jpg"
    assert [input_file(given) for given in ("in/b.jpg", Path("7"), address)] == paths(
        "in/b.jpg", "7", str(folder / "a b.jpg")
    )
    for given in ("7", 7, "in", "missing.jpg", "-", "n" * 300, "a\0b", "rtsp://host/in", "file:///missing"):
        assert input_file(given) is None


def test_a_folder_that_holds_itself(folder: Path) -> None:
    (folder / "in" / "loop").symlink_to(folder / "in", target_is_directory=True)
    assert len(expand_inputs(["in"])) == 4
