"""What is parsed once is mapped the next time; a cache that is broken or impossible is no error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, same_faces, write_csv

from mien.data import cache, faceset, fer2013
from mien.data.fer2013 import load_fer2013


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder, and files of any size cached in it."""
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fer2013, "LEAST_CACHED", 0)
    return tmp_path / "cache"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path, drawn_faces(9, splits=faceset.SPLITS))[0]


def parses(data: Path, only: str | None = None) -> bool:
    """Whether reading the file takes parsing it: then there is progress."""
    seen: list[int] = []
    load_fer2013(data, only=only, progress=lambda done, total: seen.append(done))
    return bool(seen)


def kept(place: Path) -> Path:
    (folder,) = place.glob("fer2013-*")
    return folder


def test_a_file_is_parsed_once_and_gives_the_same_faces(place: Path, data: Path) -> None:
    first = load_fer2013(data)
    assert not parses(data)
    assert same_faces(load_fer2013(data), first)
    assert same_faces(load_fer2013(data, only="PublicTest"), first.split("PublicTest"))
    assert not list(place.glob(".*"))


def test_one_split_alone_fills_the_cache_for_all(place: Path, data: Path) -> None:
    load_fer2013(data, only="Training")
    assert not parses(data)
    assert len(load_fer2013(data)) == 9


def test_a_copy_under_another_name_needs_no_parsing(place: Path, data: Path, tmp_path: Path) -> None:
    load_fer2013(data)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(data.read_bytes())
    assert not parses(copy)


def test_a_file_that_changed_is_read_anew_even_within_the_same_instant(place: Path, data: Path) -> None:
    before = load_fer2013(data)
    times = data.stat()
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")  # as long as before
    os.utime(data, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert np.array_equal(load_fer2013(data).pixels, before.pixels[::-1])


def test_the_hash_of_a_file_at_rest_is_remembered(place: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SETTLED_NS", 0)
    first = cache.fingerprint(data)
    monkeypatch.setattr(cache, "sha256_of", lambda path: "computed again")
    assert cache.fingerprint(data) == first
    data.write_bytes(data.read_bytes() + b"\n")
    assert cache.fingerprint(data) == "computed again"


def test_what_is_changed_in_memory_stays_there(place: Path, data: Path) -> None:
    first = load_fer2013(data).pixels.copy()
    mapped = load_fer2013(data)
    mapped.pixels[:] = 0
    assert type(mapped.pixels) is np.ndarray
    assert np.array_equal(load_fer2013(data).pixels, first)


@pytest.mark.parametrize(
    "fault", ["missing", "empty", "cut off", "other type", "other shape", "text", "folder", "wild"]
)
def test_a_broken_cache_is_made_anew(place: Path, data: Path, fault: str) -> None:
    first = load_fer2013(data)
    array = kept(place) / "labels.npy"
    if fault in ("missing", "folder"):
        array.unlink()
    match fault:
        case "folder":
            array.mkdir()
        case "empty":
            array.write_bytes(b"")
        case "cut off":
            array.write_bytes(array.read_bytes()[:-1])
        case "other type":
            np.save(array, np.zeros(9, np.float32))
        case "other shape":
            np.save(array, np.zeros(8, np.uint8))
        case "wild":
            np.save(array, np.full(9, 200, np.uint8))
        case "text":
            array.write_text("no array")
    assert parses(data)
    assert not parses(data)
    assert same_faces(load_fer2013(data), first)


@pytest.mark.parametrize("where", ["file", "below a file", "nowhere"])
def test_no_cache_is_no_error(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(fer2013, "LEAST_CACHED", 0)
    (tmp_path / "file").write_text("")
    path = {"file": "file", "below a file": "file/cache", "nowhere": "nul\0"}[where]
    if where == "nowhere":
        monkeypatch.setattr(cache, "folder", lambda: tmp_path / path)
    else:
        monkeypatch.setenv("MIEN_CACHE", str(tmp_path / path))
    assert len(load_fer2013(data)) == 9
    assert list(load_fer2013(data, only="PublicTest").rows) == [1, 4, 7]
    assert parses(data)


def test_a_disk_that_fills_up_is_no_error(place: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert len(load_fer2013(data)) == 9
    assert not list(place.glob("*fer2013*"))


def test_ctrl_c_while_arrays_are_kept_leaves_nothing(place: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = np.save

    def interrupted(path: Path, *rest: object, **options: object) -> None:
        if path.stem == "labels":
            raise KeyboardInterrupt
        save(path, *rest, **options)

    monkeypatch.setattr(np, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_fer2013(data)
    assert not list(place.glob("*fer2013*"))


def test_small_files_leave_no_cache(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    load_fer2013(data)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"HOME": "/home/a"}, "/home/a/.cache/mien"),
        ("linux", {"HOME": "/home/a", "XDG_CACHE_HOME": "/fast"}, "/fast/mien"),
        ("darwin", {"HOME": "/Users/a"}, "/Users/a/Library/Caches/mien"),
        ("win32", {"HOME": "/c/a", "LOCALAPPDATA": "/c/a/Local"}, "/c/a/Local/mien/Cache"),
        ("linux", {"HOME": "/home/a", "MIEN_CACHE": "/mine"}, "/mine"),
    ],
)
def test_the_folder_is_the_platforms(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("MIEN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache.folder() == Path(expected)
