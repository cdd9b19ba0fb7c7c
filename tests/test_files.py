"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import gc
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import SinkError, UsageError
from mien.files import Draft, check_suffix, sink_error, written_whole

NOBODY = 65534  # the user id that owns nothing


def test_the_name_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with written_whole(target) as draft:
        draft.write_text("whole")
        assert draft.parent == tmp_path
        assert draft.suffix == ".txt"
        assert not target.exists()
    assert target.read_text() == "whole"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises((error, SinkError)), written_whole(target) as draft:
        draft.write_text("half")
        raise error("stop")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), written_whole(tmp_path / "out.txt"):
        (tmp_path / "elsewhere").read_text()


def test_a_draft_that_is_dropped_is_removed(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "out.txt")
    assert len(os.listdir(tmp_path)) == 1
    del draft
    gc.collect()
    assert os.listdir(tmp_path) == []


def test_commit_and_discard_may_be_called_twice(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "out.txt")
    draft.open_text().write("é")
    draft.commit()
    draft.commit()
    draft.discard()
    assert (tmp_path / "out.txt").read_bytes() == "é".encode()


def test_a_new_file_obeys_the_umask_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o640)
    for target in (old, new):
        with written_whole(target):
            pass
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE(new.stat().st_mode) == 0o666 & ~umask


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    with written_whole(link) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="needs /dev/null")
def test_a_device_is_written_not_replaced() -> None:
    with written_whole(Path("/dev/null")) as draft:
        draft.write_text("away")
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_is_said() -> None:
    said = r"^cannot write /dev/full: no space is left on the disk; make room"
    with pytest.raises(SinkError, match=said), written_whole(Path("/dev/full")) as draft, draft.open("w") as file:
        file.write("too much")


def test_what_is_wrong_with_the_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cases = {
        tmp_path / "missing" / "out.txt": "its folder is not there; make it first",
        tmp_path / "file" / "out.txt": "is a file, not a folder",
        tmp_path: "a folder has this name",
        tmp_path / ("n" * 300): "its name is too long",
    }
    for target, said in cases.items():
        with pytest.raises(SinkError, match=said):
            Draft(target)
    assert os.listdir(tmp_path) == ["file"]


def test_the_longest_name_will_do(tmp_path: Path) -> None:
    name = "n" * 251 + ".txt"
    with written_whole(tmp_path / name):
        pass
    assert os.listdir(tmp_path) == [name]


@given(st.sampled_from("n笑é😀\udce9"), st.integers(60, 255), st.floats(0, 1))
def test_a_long_name_in_any_letters_will_do(letter: str, size: int, share: float) -> None:
    count = (size - 1) // len(os.fsencode(letter))
    ending = round(share * (count - 1))
    name = letter * (count - ending) + "." + letter * ending
    with tempfile.TemporaryDirectory() as folder:
        with written_whole(Path(folder) / name) as draft:
            assert set(draft.name) <= set(name) | set(".0123456789abcdefprt"), "no letter is cut in two"
        assert os.listdir(folder) == [name]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs /dev/fd")
def test_what_has_no_path_of_its_own_is_written_directly(tmp_path: Path) -> None:
    reading, writing = os.pipe()  # as a shell's >(command), and standard output before a |
    with open(reading, encoding="utf-8") as pipe:
        with open(writing, "w"), written_whole(Path(f"/dev/fd/{writing}")) as draft:
            draft.write_text("through")
        assert pipe.read() == "through"
    with tempfile.TemporaryFile(dir=tmp_path) as file:  # as standard output that goes to a file already removed
        with written_whole(Path(f"/dev/fd/{file.fileno()}")) as draft:
            draft.write_text("kept")
        assert file.read() == b"kept"
    assert os.listdir(tmp_path) == []


@pytest.fixture
def somebody() -> Iterator[None]:
    """For a while, not root, who may write anywhere."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(was)


def test_a_read_only_folder_is_said(somebody: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o500)
        with pytest.raises(SinkError, match="may not write there"):
            Draft(Path(folder) / "out.txt")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EFBIG, errno.EIO])
def test_an_error_is_one_line_with_the_path(number: int) -> None:
    text = str(sink_error("out.mp4", OSError(number, os.strerror(number))))
    assert text.startswith("cannot write out.mp4: ")
    assert "\n" not in text
    assert "Errno" not in text


def test_a_suffix_is_checked_in_any_case() -> None:
    check_suffix(Path("a.PNG"), (".png", ".jpg"))
    with pytest.raises(UsageError, match=r"a\.txt: end its name with one of \.png, \.jpg"):
        check_suffix(Path("a.txt"), (".png", ".jpg"))
