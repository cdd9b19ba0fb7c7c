"""Focal lengths from photos that Pillow writes, whole, turned, reduced, cropped, and full of nonsense."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from mien.media.exif import focal_px_of
from mien.media.sources import SourceOptions, open_source

BASE = ExifTags.Base
# Full frame, 50 mm, 4000 x 3000 px: by hand, sqrt(4000^2 + 3000^2) = 5000 px on 43.27 mm.
PHOTO = {BASE.FocalLengthIn35mmFilm: 50, BASE.ExifImageWidth: 4000, BASE.ExifImageHeight: 3000}
WHOLE_PX = 5000 * 50 / math.sqrt(36**2 + 24**2)


def written(
    tags: dict[int, Any], size: tuple[int, int] = (400, 300), orientation: int = 1, kind: str = "JPEG"
) -> bytes:
    exif = Image.Exif()
    exif[BASE.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif).update(tags)
    file = io.BytesIO()
    Image.new("RGB", size, "gray").save(file, kind, exif=exif)
    return file.getvalue()


def focal_px(data: bytes) -> float | None:
    with Image.open(io.BytesIO(data)) as image:
        return focal_px_of(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_survives_every_kind_of_file(kind: str) -> None:
    found = focal_px(written(PHOTO, kind=kind))
    assert found == pytest.approx(WHOLE_PX / 10)  # reduced ten times


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_changes_nothing_and_frames_have_it(orientation: int) -> None:
    with open_source(written(PHOTO, orientation=orientation)) as source:
        frame = next(iter(source))
    assert (frame.width, frame.height) == ((400, 300) if orientation < 5 else (300, 400))
    assert frame.focal_px == pytest.approx(WHOLE_PX / 10)


def test_a_program_that_turned_the_pixels_but_not_the_noted_size_is_understood() -> None:
    assert focal_px(written(PHOTO, size=(300, 400))) == pytest.approx(WHOLE_PX / 10)


def test_from_the_sensor_where_film_is_not_named() -> None:
    # A sensor of 6.4 mm across 4000 px has 625 px per mm: 4 mm are 2500 px, of which a tenth is left.
    tags = {
        BASE.FocalLength: IFDRational(4),
        BASE.FocalPlaneXResolution: IFDRational(6250),
        BASE.FocalPlaneResolutionUnit: 3,
        BASE.ExifImageWidth: 4000,
        BASE.ExifImageHeight: 3000,
    }
    assert focal_px(written(tags)) == pytest.approx(250)
    inches = tags | {BASE.FocalPlaneXResolution: IFDRational(15875), BASE.FocalPlaneResolutionUnit: 2}
    assert focal_px(written(inches)) == pytest.approx(250)
    assert focal_px(written(tags | {BASE.FocalLengthIn35mmFilm: 0})) == pytest.approx(250)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {BASE.FocalLengthIn35mmFilm: 0},
        {BASE.FocalLengthIn35mmFilm: 1},  # a fisheye that nobody has built
        {BASE.FocalLengthIn35mmFilm: 60_000},
        {BASE.FocalLength: IFDRational(4)},  # nobody knows the sensor
        {BASE.FocalLength: IFDRational(0), BASE.FocalPlaneXResolution: IFDRational(6250)},
        {
            BASE.FocalLength: IFDRational(4),
            BASE.FocalPlaneXResolution: IFDRational(6250),
            BASE.FocalPlaneResolutionUnit: 9,
        },
        PHOTO | {BASE.ExifImageHeight: 2000},  # cropped to another shape
    ],
)
def test_what_a_photo_does_not_tell_is_none(tags: dict[int, Any]) -> None:
    assert focal_px(written(tags)) is None


@given(st.binary(min_size=1, max_size=20), st.integers(0, 10**6))
@settings(max_examples=30)
def test_damaged_exif_never_costs_the_photo(noise: bytes, place: int) -> None:
    data = bytearray(written(PHOTO))
    start = data.index(b"Exif") + 6
    end = start - 6 + int.from_bytes(data[start - 8 : start - 6], "big") - 2  # of the segment that holds it
    place = start + place % max(1, end - start - len(noise))
    data[place : place + len(noise)] = noise
    with open_source(bytes(data)) as source:
        found = next(iter(source)).focal_px
    assert found is None or 0 < found < math.inf


def test_frames_keep_theirs_and_arrays_have_none(tmp_path) -> None:
    with open_source(np.zeros((30, 40, 3), np.uint8), SourceOptions()) as source:
        assert next(iter(source)).focal_px is None
    with open_source(Image.open(io.BytesIO(written(PHOTO)))) as source:
        frame = next(iter(source))
    with open_source([frame]) as source:
        assert next(iter(source)).focal_px == frame.focal_px == pytest.approx(WHOLE_PX / 10)
