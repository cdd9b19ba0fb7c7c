"""Whatever is wrong: one line that says what and what to do, the right exit code, never a traceback."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from cut_clips import whole_and_cut
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from small_models import copy_of_default

from mien import cli

ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's files")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one line of it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    line = zlib.compress(bytes(1 + width // 8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", line) + chunk(b"IEND", b"")


def sound_only() -> bytes:
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return data.getvalue()


# --- inputs -----------------------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[str, Callable[[bytes], bytes], tuple[str, ...]]] = {
    "empty": ("a.jpg", lambda photo: b"", ("is empty",)),
    "truncated": ("a.jpg", lambda photo: photo[: len(photo) // 2], ("cut off", "again")),
    "only a beginning": ("a.jpg", lambda photo: photo[:100], ("cut off", "again")),
    "text": ("a.jpg", lambda photo: b"This is a letter.\n" * 9, ("neither a picture nor a clip",)),
    "huge": ("a.png", lambda photo: png_header(20_000, 20_000), ("100,000,000 pixels", "--max-pixels")),
    "no pictures": ("a.mp4", lambda photo: sound_only(), ("only sound", "video stream")),
    "playlist": ("cat.mp4", lambda photo: b"ffconcat version 1.0\nfile 'a.mp4'\n", ("playlist", "--allow-playlists")),
}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--csv", "-"), "--csv writes a file"),
        (("--parquet", "-"), "--parquet writes a file"),
        (("--annotate", "-"), "--annotate writes a file"),
        (("--mesh",), "--mesh adds points to --json"),
    ],
)
def test_options_that_make_no_sense(mien, astronaut: Path, options: tuple[str, ...], said: str) -> None:
    mien("read", astronaut, *options).fails(2, said)


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_one_line(mien, astronaut: Path, tmp_path: Path, what: str) -> None:
    name, make, words = BROKEN[what]
    (tmp_path / name).write_bytes(make(astronaut.read_bytes()))
    ended = mien("read", tmp_path / name, "--json", "-", "--csv", tmp_path / "o.csv")
    ended.fails(1, name, *words)
    assert ended.out == ""
    assert not (tmp_path / "o.csv").exists()  # an output of nothing would look like a result


def test_a_missing_file_is_one_line(mien, tmp_path: Path) -> None:
    mien("read", tmp_path / "nosuch.jpg").fails(1, "no file", "nosuch.jpg")


def test_a_folder_without_pictures_is_one_line(mien, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    mien("read", tmp_path).fails(1, "no pictures or clips")


def test_a_pattern_without_files_is_one_line(mien, tmp_path: Path) -> None:
    mien("read", tmp_path / "*.jpg").fails(1, "nothing matches")


def test_a_picture_of_one_pixel_has_no_face(mien, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    ended = mien("read", tmp_path / "one.png", "-q", "--json", "-")
    assert ended.code == 0 and ended.readings[0]["faces"] == []


def test_the_limit_of_pixels_can_be_moved(mien, astronaut: Path) -> None:
    mien("read", astronaut, "-q", "--max-pixels", 512 * 512 - 1).fails(1, "--max-pixels")
    assert mien("read", astronaut, "-q", "--max-pixels", 512 * 512).code == 0


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_of_a_clip_cut_off_what_can_be_read_is_read_and_said(
    mien, long_clip: Path, tmp_path: Path, suffix: str
) -> None:
    _, cut = whole_and_cut(long_clip, tmp_path, suffix)
    ended = mien("read", cut, "-q", "--every", 30, "--json", "-", "--annotate", tmp_path / "o.mp4")
    assert 2 < len(ended.readings) < 10
    assert (tmp_path / "o.mp4").stat().st_size > 0
    if suffix == ".mkv":  # a transport stream has no length to miss
        assert ended.code == 1 and "what could be read was read" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("is_there", [False, True])
def test_nothing_piped_in_is_one_line(mien, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal() if is_there else None)
    mien("read", "-").fails(1, "nothing is piped into standard input")


def test_a_camera_that_is_not_there_is_one_line(mien) -> None:
    mien("read", 97).fails(1, "camera 97 cannot be opened")


@ON_LINUX
def test_no_screen_is_one_line(mien, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    mien("read", "screen").fails(1, "no screen")


def test_a_bad_file_in_a_folder_is_skipped_and_the_rest_goes_on(mien, astronaut: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    (tmp_path / "b.jpg").write_bytes(astronaut.read_bytes())
    (tmp_path / "c.png").write_bytes(b"")
    ended = mien("read", tmp_path, tmp_path / "nosuch", "-q", "--json", "-", "--csv", tmp_path / "o.csv")
    assert ended.code == 1
    assert [Path(reading["source"]).name for reading in ended.readings] == ["b.jpg"]
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 2
    said = ended.err.splitlines()
    assert [any(name in line for line in said) for name in ("a.jpg", "c.png", "nosuch")] == [True] * 3
    assert said[-1] == "mien: 3 of 4 could not be read"


@pytest.mark.parametrize("name", ["a" * 300 + ".jpg", "é" * 200])
def test_a_name_too_long_is_reported_and_the_rest_goes_on(mien, astronaut: Path, name: str) -> None:
    ended = mien("read", astronaut, name, "-q", "--json", "-")
    assert ended.code == 1 and len(ended.readings) == 1
    assert name in ended.err and "1 of 2 could not be read" in ended.err and "a fault" not in ended.err


@ON_LINUX
def test_a_name_that_is_no_text_is_read_and_written(mien, astronaut: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 [red] \xc3\xa9.jpg")
    (tmp_path / name).write_bytes(astronaut.read_bytes())
    ended = mien("read", tmp_path / name, "--csv", tmp_path / "o.csv")
    assert ended.code == 0 and "[red]" in ended.out
    assert "happy" in (tmp_path / "o.csv").read_text(errors="replace")


# --- outputs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--json", "--csv", "--parquet", "--annotate"])
def test_an_output_folder_that_is_missing_is_one_line(mien, astronaut: Path, tmp_path: Path, option: str) -> None:
    suffix = {"--annotate": ".png"}.get(option, ".x")
    mien("read", astronaut, "-q", option, tmp_path / "nosuch" / f"o{suffix}").fails(1, "cannot write", "its folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--json", "--csv", "--annotate"])
def test_an_output_below_a_file_is_one_line(mien, astronaut: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("")
    mien("read", astronaut, "-q", option, tmp_path / "file" / "o.png").fails(1, "cannot write")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
def test_a_read_only_folder_is_one_line(mien, astronaut: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    folder = tmp_path if os.geteuid() else Path("/proc/self")  # the superuser may write anywhere else
    mien("read", astronaut, "-q", "--csv", folder / "o.csv").fails(1, "cannot write")


@ON_LINUX
@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_a_full_disk_is_one_line(mien, astronaut: Path, option: str) -> None:
    mien("read", astronaut, "-q", option, "/dev/full").fails(1, "no space is left")


@ON_LINUX
@pytest.mark.parametrize("options", [["--json", "-", "-q"], []])
def test_a_full_disk_behind_standard_output_is_one_line(mien, astronaut: Path, options, monkeypatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        mien("read", astronaut, *options).fails(1, "o space")
        monkeypatch.undo()
        with pytest.raises(OSError, match="space"):  # what its buffer still holds
            full.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


@ON_LINUX
def test_a_picture_that_does_not_fit_on_the_disk_leaves_nothing(start, astronaut: Path, tmp_path: Path) -> None:
    import resource

    process = start(
        "read", astronaut, "-q", "--annotate", tmp_path / "o.png",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )  # fmt: skip
    _, err = process.communicate()
    assert process.returncode == 1
    assert err.startswith("mien: cannot write") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@ON_LINUX
@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_an_output_goes_into_a_pipe(mien, astronaut: Path, option: str) -> None:
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as pipe:
        with open(writing, "w"):
            assert mien("read", astronaut, "-q", option, f"/dev/fd/{writing}").code == 0
        assert "happy" in pipe.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such shells")
def test_without_a_standard_error_all_works_and_nothing_of_it_lands_elsewhere(
    start, astronaut: Path, tmp_path: Path
) -> None:
    table, missing = tmp_path / "o.csv", tmp_path / "missing.jpg"
    process = start("read", missing, astronaut, "--json", "-", "--csv", table, preexec_fn=lambda: os.close(2))
    out, _ = process.communicate()
    assert process.returncode == 1
    assert [Path(json.loads(line)["source"]).name for line in out.splitlines()] == ["astronaut.jpg"]
    assert len(table.read_text().splitlines()) == 2


def test_the_stand_in_for_standard_error_is_taken_back(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["read", str(tmp_path / "missing.jpg")]) == 1
    assert sys.stderr is None and capsys.readouterr().out == ""


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"sha256": "0" * 64}, "sha256"), ({"votes": ["happy", "sad"]}, "votes"), ({"fer2013": ["happy"]}, "fer2013"),
     ({"crop": {"nose": 1}}, "crop"), ({"confidence": {}}, "confidence"), ({"input_size": 47}, "")],
)  # fmt: skip
def test_a_broken_model_folder_is_one_line(mien, astronaut: Path, tmp_path: Path, changes, word: str) -> None:
    folder = copy_of_default(tmp_path / "model", **changes)
    mien("read", astronaut, "-q", "--model", folder).fails(1, word)


def test_a_model_folder_that_is_none_is_one_line(mien, astronaut: Path, tmp_path: Path) -> None:
    mien("read", astronaut, "-q", "--model", tmp_path).fails(1, "no model folder")


# --- wrong usage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["--json", "o", "--csv", "o"], ["--detector", "nosuch"], ["--start", "3", "--end", "2"], ["--end", "inf"],
     ["--start", "inf"], ["--threads", "99999999999"], ["--annotate", "o.txt"], ["--annotate", "o.mp4"]],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_code_2(mien, astronaut, arguments, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    mien("read", astronaut, "-q", *arguments).fails(2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["read"], ["nosuch"], ["read", "x", "--nosuch"], ["read", "x", "--every", "0"], ["read", "x", "--every", "half"],
     ["train"], ["evaluate"], []],
)  # fmt: skip
def test_wrong_options_are_code_2(mien, arguments: list[str]) -> None:
    ended = mien(*arguments)
    assert ended.code == 2
    assert "Usage" in ended.err + ended.out and "Traceback" not in ended.err


def test_an_output_never_replaces_an_input(mien, astronaut: Path, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(astronaut.read_bytes())
    for named in (photo, photo.as_uri()):
        for option in ("--json", "--csv", "--annotate"):
            mien("read", named, "-q", option, photo).fails(2, "is an input")
    assert photo.read_bytes() == astronaut.read_bytes()


def test_two_inputs_do_not_fit_one_picture(mien, astronaut: Path, tmp_path: Path) -> None:
    mien("read", astronaut, astronaut, "-q", "--annotate", tmp_path / "o.png").fails(2, "give --annotate a folder")


# --- anything at all --------------------------------------------------------------------------------------------------

BEGINNINGS = [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8 ", b"II*\0", b"BM",
              b"\0\0\0\x20ftypisom", b"\0\0\0\x1cftypavif", b"\0\0\0\x18ftypheic", b"\x1aE\xdf\xa3",
              b"RIFF\0\0\0\0AVI ", b"\x47\x40\0\x10", b"FLV\x01", b"OggS", b"#EXTM3U\n", b"v=0\n"]  # fmt: skip


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=300))
def test_random_bytes_are_read_or_refused_in_a_line(tmp_path_factory, capfd, beginning: bytes, rest: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(beginning + rest)
    capfd.readouterr()
    code = cli.main(["read", str(path), "--quiet", "--json", "-"])
    out, err = capfd.readouterr()
    assert code in (0, 1)
    assert (code == 0) == (err == "")
    assert "a fault of Mien" not in err and err.count("\n") <= 2
    assert code == 0 or out == "" or "read" in err


@settings(max_examples=20)  # most of them are read in full
@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_photo_with_random_damage_is_read_or_refused_in_a_line(
    tmp_path_factory, capfd, astronaut: Path, damage: bytes, data: st.DataObject
) -> None:
    small = io.BytesIO()
    Image.open(astronaut).resize((64, 64)).save(
        small, data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF"]))
    )
    content = bytearray(small.getvalue())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + len(damage)] = damage
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    capfd.readouterr()
    code = cli.main(["read", str(path), "--quiet", "--json", "-"])
    _, err = capfd.readouterr()
    assert code in (0, 1) and "a fault of Mien" not in err
    assert all(line.startswith("mien: ") for line in err.splitlines())
