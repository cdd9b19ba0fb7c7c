from __future__ import annotations

import errno
import io
import struct
import warnings
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from mien.errors import SourceError
from mien.images import decode_image

# Three colours and a white corner: tells mirrored and turned pictures apart.
PICTURE = np.full((40, 60, 3), 255, np.uint8)
PICTURE[:20, :30], PICTURE[:20, 30:], PICTURE[20:, :30] = (220, 30, 40), (20, 180, 60), (30, 40, 200)


def encoded(picture: np.ndarray | Image.Image, format: str, **options: object) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    target = io.BytesIO()
    image.save(target, format, **options)
    return target.getvalue()


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_lossless_formats_come_back(format: str) -> None:
    assert (decode_image(encoded(PICTURE, format)) == PICTURE).all()


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats_come_back_nearly(format: str) -> None:
    got = decode_image(encoded(PICTURE, format, quality=95))
    assert got.shape == PICTURE.shape and got.dtype == np.uint8
    assert np.abs(got.astype(int) - PICTURE).mean() < 3


def test_a_path_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "é 高.png").write_bytes(encoded(PICTURE, "PNG"))
    got = decode_image(tmp_path / "é 高.png")
    assert (got == PICTURE).all() and got.flags["C_CONTIGUOUS"] and got.flags["WRITEABLE"]


# What EXIF (2.3, tag 274) says of where the picture's first row and column lie, as array operations that undo it.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_exif_orientation(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if format == "WEBP" else {"quality": 95, "subsampling": 0} if format == "JPEG" else {}
    got = decode_image(encoded(PICTURE, format, exif=exif, **options))
    expected = UPRIGHT[orientation](PICTURE)
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).mean() < 3


def test_broken_exif_does_not_cost_the_picture() -> None:
    data = encoded(PICTURE, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(40))
    assert decode_image(data).shape == PICTURE.shape


def test_grey_palette_and_single_bits() -> None:
    grey = np.arange(0, 240, dtype=np.uint8).reshape(12, 20)
    assert (decode_image(encoded(grey, "PNG")) == grey[..., None]).all()
    assert (decode_image(encoded(Image.fromarray(grey > 100), "PNG")) == 255 * (grey > 100)[..., None]).all()
    assert (decode_image(encoded(Image.fromarray(PICTURE).quantize(8), "PNG")) == PICTURE).all()
    cmyk = decode_image(encoded(Image.fromarray(PICTURE).convert("CMYK"), "TIFF"))
    assert np.abs(cmyk.astype(int) - PICTURE).mean() < 3


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled(format: str) -> None:
    deep = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    got = decode_image(encoded(deep, format))
    assert np.abs(got - (deep / 257)[..., None]).max() <= 0.51


def test_sixteen_bit_colour_is_scaled() -> None:
    """A PNG written by hand (RFC 2083): nothing here writes 16 bit colour."""
    deep = np.random.default_rng(0).integers(0, 65536, (7, 9, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    got = decode_image(png(struct.pack(">IIBBBBB", 9, 7, 16, 2, 0, 0, 0), zlib.compress(rows)))
    assert np.abs(got - deep / 257).max() <= 1


def png(header: bytes, data: bytes) -> bytes:
    parts = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(("top", "scale"), [(1.0, 255), (255.0, 1), (65535.0, 1 / 257)])
def test_floating_point_tiff(top: float, scale: float) -> None:
    values = np.linspace(0, top, 100, dtype=np.float32).reshape(10, 10)
    got = decode_image(encoded(values, "TIFF"))
    assert np.abs(got - (values * scale)[..., None]).max() <= 0.51


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 1e9])
def test_floating_point_outside_is_refused(bad: float) -> None:
    with pytest.raises(SourceError, match="8 or 16 bits"):
        decode_image(encoded(np.full((4, 4), bad, np.float32), "TIFF"))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_alpha_lies_over_white(format: str) -> None:
    clear = np.dstack([np.zeros((16, 16, 3), np.uint8), np.repeat([[0, 128, 255, 255]], 4, 1).repeat(16, 0)])
    options = {"quality": 100} if format == "AVIF" else {"lossless": True} if format == "WEBP" else {}
    got = decode_image(encoded(clear.astype(np.uint8), format, **options))
    assert np.abs(got[:, [1, 6, 14]].astype(int) - [[[255], [127], [0]]]).max() <= 4


def test_transparent_palette_and_grey_lie_over_white() -> None:
    palette = Image.fromarray(PICTURE).quantize(4)
    index = int(np.asarray(palette)[0, 0])
    got = decode_image(encoded(palette, "PNG", transparency=index))
    assert (got[5, 5] == 255).all() and (got[5, 50] == PICTURE[5, 50]).all()
    grey = Image.fromarray(np.full((8, 8), 30, np.uint8))
    assert (decode_image(encoded(grey, "PNG", transparency=30)) == 255).all()


def test_the_limit_counts_before_decoding() -> None:
    huge = png(struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0), b"")  # 57 bytes that promise 1.2 GB
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SourceError, match=r"more than 100,000,000 pixels.*--max-pixels"):
            decode_image(huge)
        with pytest.raises(SourceError, match="damaged or cut off"):
            decode_image(huge, max_pixels=400_000_000)
        with pytest.raises(SourceError, match=r"60 x 40.*more than 2,399 pixels"):
            decode_image(encoded(PICTURE, "PNG"), max_pixels=2399)
    assert decode_image(encoded(PICTURE, "PNG"), max_pixels=2400).shape == PICTURE.shape


def test_pictures_over_pillows_own_limit_are_read_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for format in ("PNG", "GIF", "WEBP"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert decode_image(encoded(PICTURE, format)).shape == PICTURE.shape
    assert Image.MAX_IMAGE_PIXELS == 100


def test_one_pixel() -> None:
    assert decode_image(encoded(np.full((1, 1, 3), 7, np.uint8), "PNG")).tolist() == [[[7, 7, 7]]]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000"])
def test_truncated_is_one_clear_line(format: str, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(noise, format)
    with pytest.raises(SourceError, match=r"damaged or cut off|not a picture") as caught:
        decode_image(data[: len(data) // 2])
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_missing_empty_folder_and_text(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("This is a letter, not a picture.\n")
    for path, line in [
        (tmp_path / "missing.jpg", "no file .*missing.jpg"),
        (tmp_path, "is a folder"),
        (tmp_path / "empty.jpg", "empty"),
        (tmp_path / "text.jpg", "not a picture"),
        (Path("a\0b"), "cannot be opened"),
    ]:
        with pytest.raises(SourceError, match=line):
            decode_image(path)
    with pytest.raises(SourceError, match="not a picture"):
        decode_image(b"")


def test_a_file_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(path: Path, mode: str = "r") -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "theirs.png").write_bytes(encoded(PICTURE, "PNG"))
    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(SourceError, match=r"theirs\.png may not be read by this user"):
        decode_image(tmp_path / "theirs.png")


HEADS = [encoded(PICTURE[:8, :8], format)[:200] for format in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")]


@given(st.sampled_from([b"", *HEADS]), st.integers(0, 200), st.binary(max_size=300))
@example(b"", 0, b"\0\0\0\x18ftypheic" + bytes(20))
@example(b"", 0, b"II*\0\x08\0\0\0" + b"\xff" * 60)
def test_random_bytes_are_refused_or_read(head: bytes, keep: int, rest: bytes) -> None:
    try:
        got = decode_image(head[:keep] + rest, max_pixels=1_000_000)
    except SourceError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert got.dtype == np.uint8 and got.ndim == 3 and got.shape[2] == 3


# --- HEIC: a file written by hand from ISO/IEC 23008-12, for nothing here writes one ---------------------------------


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def heic(picture: np.ndarray, *, tiles: int = 0) -> bytes:
    """HEVC in a HEIF container: one item, its sample in mdat; or so many tiles beside each other, all that sample."""
    sample, settings = hevc(picture)
    height, width = picture.shape[:2]
    samples, grid = list(range(1, max(1, tiles) + 1)), tiles + 1
    wide = struct.pack(">BBBBHH", 0, 0, 0, tiles - 1, width * tiles, height) if tiles else b""  # ImageGrid: one row
    ftyp = box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1heic")

    def meta(offset: int) -> bytes:
        sizes = [
            full_box(b"ispe", struct.pack(">II", width * count, height)) for count in ([1, tiles] if tiles else [1])
        ]
        properties = box(b"ipco", box(b"hvcC", settings), *sizes)
        items = [full_box(b"infe", struct.pack(">HH", one, 0), b"hvc1\0", version=2) for one in samples]
        places = [struct.pack(">HHHII", one, 0, 1, offset, len(sample)) for one in samples]
        links = [struct.pack(">HBBB", one, 2, 0x81, 2) for one in samples]
        made_of = b""
        if tiles:
            items.append(full_box(b"infe", struct.pack(">HH", grid, 0), b"grid\0", version=2))
            places.append(struct.pack(">HHHII", grid, 0, 1, offset + len(sample), len(wide)))
            links.append(struct.pack(">HBB", grid, 1, 3))
            made_of = full_box(b"iref", box(b"dimg", struct.pack(f">HH{tiles}H", grid, tiles, *samples)))
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", grid if tiles else 1)),
            full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(places)), *places),
            full_box(b"iinf", struct.pack(">H", len(items)), *items),
            made_of,
            box(b"iprp", properties, full_box(b"ipma", struct.pack(">I", len(links)), *links)),
        )

    offset = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(offset) + box(b"mdat", sample, wide)


def hevc(picture: np.ndarray) -> tuple[bytes, bytes]:
    """A picture as one sample of HEVC, and the settings that its decoder needs."""
    movie = io.BytesIO()
    with av.open(movie, "w", format="matroska") as container:
        stream = container.add_stream("libx265", rate=1, options={"x265-params": "log-level=none", "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p"
        frame = av.VideoFrame.from_ndarray(picture)
        frame.pts, frame.time_base = 0, Fraction(1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(io.BytesIO(movie.getvalue())) as container:
        sample = next(bytes(packet) for packet in container.demux(video=0) if packet.size)
        return sample, bytes(container.streams.video[0].codec_context.extradata or b"")


def test_heic_is_read() -> None:
    picture = PICTURE.repeat(2, 0).repeat(2, 1)
    got = decode_image(heic(picture))
    assert got.shape == picture.shape
    assert np.abs(got.astype(int) - picture).mean() < 5


def test_heic_over_the_limit_and_cut_off() -> None:
    data = heic(PICTURE.repeat(2, 0).repeat(2, 1))
    with pytest.raises(SourceError, match="more than 100 pixels"):
        decode_image(data, max_pixels=100)
    with pytest.raises(SourceError, match="HEIC"):
        decode_image(data[:200])


def test_heic_made_of_tiles_is_refused_in_a_line() -> None:
    with pytest.raises(SourceError, match="made of tiles: save it as JPEG or PNG") as told:
        decode_image(heic(PICTURE.repeat(2, 0).repeat(2, 1), tiles=2))
    assert "\n" not in str(told.value)
