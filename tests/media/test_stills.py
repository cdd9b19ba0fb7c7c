from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from mien.errors import SourceError
from mien.media.sources import SourceOptions, open_source
from mien.media.stills import array_pixels
from mien.types import Frame

LEVELS = [0, 60, 120, 180, 240]
DURATIONS = [100, 200, 50, 400, 100]
FLAT = np.stack([np.full((24, 32, 3), level, np.uint8) for level in LEVELS])
NOISE = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)  # each fills its share of the file


def animation(format: str, durations: list[int] = DURATIONS, *, shown: np.ndarray = FLAT, **options: object) -> bytes:
    pictures = [Image.fromarray(picture) for picture in shown]
    target = io.BytesIO()
    extra = {"lossless": True} if format == "WEBP" else {}
    pictures[0].save(target, format, save_all=True, append_images=pictures[1:], duration=durations, **extra, **options)
    return target.getvalue()


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
class TestAnimation:
    def test_is_a_clip_with_its_own_times(self, format: str) -> None:
        with open_source(animation(format)) as source:
            assert source.is_stream and not source.is_live and source.frame_count == 5
            frames = list(source)
        assert [round(float(f.image.mean())) for f in frames] == pytest.approx(LEVELS, abs=2)
        assert [f.time_s for f in frames] == pytest.approx([0, 0.1, 0.3, 0.35, 0.75], abs=1e-3)
        assert source.warnings == []

    def test_still_takes_the_first(self, format: str) -> None:
        with open_source(animation(format), SourceOptions(still=True)) as source:
            assert not source.is_stream and source.frame_count == 1
            assert [float(f.image.mean()) for f in source] == pytest.approx([0], abs=2)

    def test_part_of_it(self, format: str) -> None:
        with open_source(animation(format), SourceOptions(start_s=0.1, end_s=0.75, every=2)) as source:
            assert [f.index for f in source] == [1, 3]

    def test_cut_off(self, format: str) -> None:
        data = animation(format, [100] * 5, shown=NOISE)
        if format == "WEBP":  # is decoded whole or not at all
            with pytest.raises(SourceError, match=r"is damaged or cut off .* again$"):
                open_source(data[: len(data) * 2 // 3])
            return
        source = open_source(data[: len(data) * 2 // 3])
        frames = list(source)
        assert len(frames) == 3 if format != "AVIF" else 1 <= len(frames) < 5  # a frame of AVIF leans on others
        if format == "PNG":
            assert all((frame.image == NOISE[frame.index]).all() for frame in frames)
        told = "damaged part" if format == "AVIF" else r"damaged after 0\.3 s .*: what could be read was read$"
        (warning,) = source.warnings
        assert re.search(told, warning) and "\n" not in warning

    def test_limit(self, format: str) -> None:
        with pytest.raises(SourceError, match="more than 700 pixels"):
            open_source(animation(format), SourceOptions(max_pixels=700))


def test_no_duration_is_a_tenth_of_a_second_as_in_browsers() -> None:
    frames = list(open_source(animation("GIF", durations=[0, 0, 10, 20, 0])))
    assert [f.time_s for f in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.32])


def test_pages_of_a_tiff_are_no_film() -> None:
    with open_source(animation("TIFF", durations=[])) as source:
        assert not source.is_stream and len(list(source)) == 1


def test_the_default_picture_of_an_animated_png_is_no_frame_of_it() -> None:
    frames = list(open_source(animation("PNG", durations=DURATIONS[1:], default_image=True)))
    assert [round(float(f.image.mean())) for f in frames] == LEVELS[1:]
    assert [f.index for f in frames] == [0, 1, 2, 3]
    assert [f.time_s for f in frames] == pytest.approx([0, 0.2, 0.25, 0.65])


def test_still_picture(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "p.png")
    with open_source(tmp_path / "p.png", SourceOptions(start_s=3, every=7)) as source:  # times mean nothing here
        assert (source.is_stream, source.frame_count, source.path) == (False, 1, tmp_path / "p.png")
        (frame,) = source
    assert (frame.image == picture).all() and (frame.index, frame.time_s) == (0, 0.0)


def test_pil_image_stays_usable() -> None:
    image = Image.new("RGBA", (5, 4), (0, 0, 0, 0))
    (frame,) = open_source(image)
    assert (frame.image == 255).all() and image.getpixel((0, 0)) == (0, 0, 0, 0)


class TestArrays:
    RGB = np.random.default_rng(1).integers(0, 256, (6, 5, 3), np.uint8)

    def only(self, array: np.ndarray, **options: object) -> np.ndarray:
        (frame,) = open_source(array, SourceOptions(**options))  # type: ignore[arg-type]
        return frame.image

    def test_rgb_and_bgr(self) -> None:
        assert (self.only(self.RGB) == self.RGB).all()
        assert (self.only(self.RGB[..., ::-1], bgr=True) == self.RGB).all()

    def test_grey(self) -> None:
        grey = self.RGB[..., 0]
        for array in (grey, grey[..., None]):
            assert (self.only(array) == grey[..., None]).all() and self.only(array).shape == (6, 5, 3)

    def test_alpha_over_white(self) -> None:
        alpha = np.zeros((6, 5, 1), np.uint8)
        alpha[0], alpha[1] = 255, 128
        got = self.only(np.dstack([self.RGB, alpha]))
        assert (got[0] == self.RGB[0]).all() and (got[2:] == 255).all()
        expected = (self.RGB[1] * (128 / 255) + 255 * (127 / 255)).round()
        assert np.abs(got[1] - expected).max() <= 1
        assert (self.only(np.dstack([self.RGB[..., ::-1], alpha]), bgr=True) == got).all()

    def test_other_depths(self) -> None:
        assert (self.only(self.RGB.astype(np.uint16) * 257) == self.RGB).all()
        assert (self.only((self.RGB / 255).astype(np.float32)) == self.RGB).all()
        assert (self.only(self.RGB / 255) == self.RGB).all()
        assert (self.only(self.RGB > 100) == 255 * (self.RGB > 100)).all()

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1, 255.0])
    def test_floats_outside_are_refused(self, bad: float) -> None:
        with pytest.raises(SourceError, match=r"0\.\.1"):
            self.only(np.full((3, 3), bad))

    @pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint32, np.complex64, object, "U3"])
    def test_other_kinds_are_refused(self, kind: object) -> None:
        with pytest.raises(SourceError, match="convert it"):
            self.only(np.zeros((3, 3), kind))

    @pytest.mark.parametrize("shape", [(), (3,), (3, 3, 2), (3, 0, 3), (3, 3, 5), (2, 2, 2, 2, 3)])
    def test_other_shapes_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(SourceError, match="must be"):
            self.only(np.zeros(shape, np.uint8))

    def test_input_is_left_alone(self) -> None:
        array = self.RGB.copy()
        image = self.only(array)
        image[:] = 0
        assert (array == self.RGB).all()

    def test_limit(self) -> None:
        with pytest.raises(SourceError, match="more than 29 pixels"):
            self.only(self.RGB, max_pixels=29)

    @given(
        arrays.arrays(
            st.one_of(arrays.scalar_dtypes(), arrays.byte_string_dtypes()),
            arrays.array_shapes(min_dims=0, max_dims=4, max_side=5, min_side=0),
        ),
        st.booleans(),
    )
    def test_any_array_is_refused_or_read(self, array: np.ndarray, bgr: bool) -> None:
        try:
            got = array_pixels(array, SourceOptions(bgr=bgr))
        except SourceError as error:
            assert "\n" not in str(error)
        else:
            assert got.dtype == np.uint8 and got.shape == (*array.shape[:2], 3)


class TestFrames:
    def test_a_stack_a_list_and_a_generator_are_clips(self) -> None:
        stack = np.stack([np.full((4, 4, 3), n, np.uint8) for n in range(6)])
        for given_ in (stack, list(stack), (picture for picture in stack)):
            with open_source(given_, SourceOptions(every=2)) as source:
                assert source.is_stream and source.path is None
                frames = list(source)
            assert [int(f.image[0, 0, 0]) for f in frames] == [0, 2, 4]
            assert [f.time_s for f in frames] == pytest.approx([0, 2 / 30, 4 / 30])

    def test_frames_keep_their_times(self) -> None:
        given_ = [Frame(np.zeros((2, 2, 3), np.uint8), time_s=t) for t in (0.0, 0.5, 2.0)]
        assert [(f.index, f.time_s) for f in open_source(given_)] == [(0, 0.0), (1, 0.5), (2, 2.0)]

    def test_pil_images_too(self) -> None:
        assert len(list(open_source([Image.new("L", (3, 3)), Image.new("P", (3, 3))]))) == 2

    def test_a_generator_is_asked_only_for_what_is_wanted(self) -> None:
        asked: list[int] = []
        given_ = (asked.append(n) or np.zeros((2, 2, 3), np.uint8) for n in range(100))
        for frame in open_source(given_):
            if frame.index == 2:
                break
        assert asked == [0, 1, 2]

    def test_anything_else_in_it_is_refused(self) -> None:
        with pytest.raises(SourceError, match="frame 1 is a str"):
            list(open_source([np.zeros((2, 2, 3), np.uint8), "photo.jpg"]))
        with pytest.raises(SourceError, match="holds no frame"):
            list(open_source([]))


def test_shared_animation(shared_media: Path) -> None:
    path = shared_media / "videos" / "head-pose-face-detection-female.gif"
    with open_source(path, SourceOptions(every=20)) as source:
        assert source.is_stream
        frames = list(source)
    assert len(frames) == source.frame_count
    assert all(f.image.shape == (270, 480, 3) for f in frames)
    assert all(b.time_s > a.time_s for a, b in itertools.pairwise(frames))
