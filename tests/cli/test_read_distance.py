"""`mien read --distance`: what is said, what is written, and what is wrong usage."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from PIL import ExifTags, Image


def test_the_field_of_view_gives_the_distance(mien, astronaut: Path) -> None:
    wide, narrow = (
        mien("read", astronaut, "-q", "--json", "-", "--distance", "--fov", fov).readings[0] for fov in (90, 40)
    )
    assert wide["focal_px"] == 256
    assert narrow["focal_px"] == pytest.approx(256 / math.tan(math.radians(20)), abs=0.05)
    near, far = (one["faces"][0]["distance_cm"]["value"] for one in (wide, narrow))
    assert far / near == pytest.approx(narrow["focal_px"] / 256, rel=0.15)  # less where a near face has relief
    assert "distance" in wide["timings_ms"]


def test_a_photo_that_tells_its_lens_is_said_plainly_and_one_that_does_not_as_a_range(
    mien, astronaut: Path, tmp_path: Path
) -> None:
    ended = mien("read", astronaut, "--distance")
    assert ended.code == 0 and "; between " in ended.out
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 85
    Image.open(astronaut).save(tmp_path / "told.jpg", exif=exif, quality=95)
    assert "; about " in mien("read", tmp_path / "told.jpg", "--distance").out


def test_without_being_asked_nothing_is_measured(mien, astronaut: Path) -> None:
    bare = mien("read", astronaut, "-q", "--json", "-").readings[0]
    assert bare["focal_px"] is None and bare["faces"][0]["distance_cm"] is None


@pytest.mark.parametrize("fov", ["0", "-20", "171", "nan", "inf"])
def test_an_impossible_field_of_view_is_wrong_usage(mien, astronaut: Path, fov: str) -> None:
    mien("read", astronaut, "--distance", f"--fov={fov}").fails(2, "")


def test_a_field_of_view_alone_is_wrong_usage(mien, astronaut: Path) -> None:
    mien("read", astronaut, "--fov", "60").fails(2, "--distance")


def test_a_plan_is_drawn_of_photos_and_clips(mien, astronaut: Path, clip: Path, tmp_path: Path) -> None:
    for name, source in (("photo.png", astronaut), ("clip.jpg", clip)):
        assert mien("read", source, "-q", "--distance", "--plan", tmp_path / name).code == 0
        with Image.open(tmp_path / name) as picture:
            assert picture.width == 1000


def test_a_plan_of_nobody_is_not_written(mien, tmp_path: Path) -> None:
    Image.new("RGB", (120, 90), "gray").save(tmp_path / "grey.png")
    ended = mien("read", tmp_path / "grey.png", "-q", "--distance", "--plan", tmp_path / "plan.png")
    ended.fails(0, "nothing was written to", "plan.png", "nobody was seen")
    assert not (tmp_path / "plan.png").exists()


def test_wrong_usage_of_plans(mien, astronaut: Path, tmp_path: Path) -> None:
    mien("read", astronaut, "--plan", tmp_path / "a.png").fails(2, "--distance")
    mien("read", astronaut, astronaut, "--distance", "--plan", tmp_path / "a.png").fails(2, "2 inputs")
    mien("read", astronaut, "--distance", "--plan", tmp_path / "a.txt").fails(2, "")
    assert not list(tmp_path.iterdir())
