from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from clip_files import make_clip, number_of
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from mien.errors import SourceError
from mien.media.sources import Devices, SourceOptions, open_source

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)


def as_png(picture: np.ndarray = PICTURE) -> bytes:
    target = io.BytesIO()
    Image.fromarray(picture).save(target, "PNG")
    return target.getvalue()


def clip_bytes(ending: str, count: int = 6) -> bytes:
    target = io.BytesIO()
    make_clip(target, count, format={"mkv": "matroska", "ts": "mpegts"}.get(ending, ending))
    return target.getvalue()


CLIPS = {ending: clip_bytes(ending) for ending in ("mp4", "mkv", "ts")}


def piped(data: bytes) -> Devices:
    return Devices(standard_input=lambda: io.BytesIO(data))


@pytest.mark.parametrize("how", ["path", "text", "bytes", "bytearray", "stdin"])
def test_a_picture_however_it_comes(tmp_path: Path, how: str) -> None:
    path = tmp_path / "p.jpg"  # the content counts, not the name
    path.write_bytes(as_png())
    spec = {"path": path, "text": str(path), "bytes": as_png(), "bytearray": bytearray(as_png()), "stdin": "-"}[how]
    with open_source(spec, devices=piped(as_png())) as source:  # type: ignore[arg-type]
        assert source.name == {"path": str(path), "text": str(path), "stdin": "standard input"}.get(how, "bytes")
        assert source.path == (path if how in ("path", "text") else None)
        (frame,) = source
    assert (frame.image == PICTURE).all() and frame.source == source.name


@pytest.mark.parametrize("ending", CLIPS)
@pytest.mark.parametrize("spec", ["bytes", "-"])
def test_a_clip_in_memory(ending: str, spec: str) -> None:
    data = CLIPS[ending]
    with open_source(data if spec == "bytes" else "-", SourceOptions(start_s=0.2), devices=piped(data)) as source:
        assert source.is_stream
        assert [number_of(frame.image) for frame in source] == [2, 3, 4, 5]


def test_a_large_clip_piped_in_waits_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.media.sources.SPOOL_BYTES", 100)
    with open_source("-", devices=piped(CLIPS["mkv"])) as source:
        assert len(list(source)) == 6


def test_nothing_piped_in() -> None:
    with pytest.raises(SourceError, match="standard input is empty"):
        open_source("-", devices=piped(b""))


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("missing.jpg", None, "there is no file .*missing.jpg: check the name"),
        ("empty.mp4", b"", "is empty"),
        ("letter.jpg", b"Dear Anna,\nthis is a letter.\n" * 40, "neither a picture nor a clip"),
        ("letter.mp4", b"Dear Anna,\nthis is a letter.\n" * 40, "neither a picture nor a clip"),
        ("letter.txt", b"\x1b[31mred\x1b[0m\n" * 100, "neither a picture nor a clip"),
        ("zero.mp4", bytes(5000), "zero.mp4"),
        ("cut.png", as_png()[:150], "damaged or cut off"),
        ("cut.mp4", CLIPS["mp4"][:600], "damaged clip"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes | None, line: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=line) as caught:
        list(open_source(tmp_path / name))
    assert "\n" not in str(caught.value) and name in str(caught.value)


def test_an_address_of_a_file_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "my photo é.png"
    path.write_bytes(as_png())
    with open_source(path.as_uri()) as source:
        assert source.path == path and len(list(source)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.timeout(10)
def test_a_pipe_with_a_name_is_refused_before_anybody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(SourceError, match="no file that can be read from its beginning"):
        open_source(tmp_path / "a.jpg")


def test_a_folder_is_not_one_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        open_source(tmp_path)


@pytest.mark.parametrize("spec", ["", "a\0b", None, 1.5, True, -1, object()])
def test_nonsense(spec: object) -> None:
    with pytest.raises(SourceError):
        open_source(spec)  # type: ignore[arg-type]


def test_one_pixel_and_far_too_many() -> None:
    (frame,) = open_source(as_png(PICTURE[:1, :1]))
    assert frame.image.shape == (1, 1, 3)
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    huge = as_png()[:12] + header + struct.pack(">I", zlib.crc32(header)) + as_png()[33:]
    with pytest.raises(SourceError, match=r"more than 100,000,000 pixels.*--max-pixels"):
        open_source(huge)


HEADS = [
    b"",
    as_png(),
    *CLIPS.values(),
    b"GIF89a\x05\0\x05\0\x80\0\0",
    b"RIFF\x40\0\0\0AVI LIST",
    b"FLV\x01\x05\0\0\0\x09",
]


@given(st.sampled_from(HEADS), st.integers(0, 3000), st.binary(max_size=200), st.integers(0, 3000))
@example(b"", 0, b"ffconcat version 1.0\nfile /etc/passwd\n", 0)
def test_random_bytes_are_refused_or_read(head: bytes, keep: int, middle: bytes, skip: int) -> None:
    """Only SourceError comes out of real files that are cut, or have random bytes in them."""
    data = head[:keep] + middle + head[keep + skip :]
    try:
        with open_source(data, SourceOptions(max_pixels=1_000_000)) as source:
            for frame in source:
                if frame.index > 20:
                    break
    except SourceError as error:
        assert str(error) and "\n" not in str(error)


@given(st.text(max_size=30))
@example("screen:9,9,9,9")
@example("http://")
@example("rtsp://[")
def test_random_text_is_one_clear_error(text: str) -> None:
    def nothing(*args: object) -> object:
        raise SourceError("no device in this test")

    devices = Devices(camera=nothing, screen=nothing, standard_input=nothing)  # type: ignore[arg-type]
    with pytest.raises(SourceError):
        list(open_source("nowhere/" + text, devices=devices))
    if "://" not in text or text in ("http://", "rtsp://["):
        with pytest.raises(SourceError):
            list(open_source(text.replace(".", ""), devices=devices))


def test_a_photo_loads_no_video_library(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(as_png())
    code = (
        "import sys; from mien.media.sources import open_source;"
        f"list(open_source({str(tmp_path / 'p.png')!r}));"
        "sys.exit(bool({'av', 'mss'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_shared_photos(shared_media: Path) -> None:
    for path in sorted((shared_media / "photos").glob("*.jpg"))[:4]:
        (frame,) = open_source(path)
        assert frame.width > 100 and frame.image.std() > 5
