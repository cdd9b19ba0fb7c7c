"""Photos and ready crops become crops of one size; what shows no face, several, or cannot be read is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mien import images
from mien.data.load import load_faces
from mien.data.pictures import Listed, Listing, cut_faces, whole_crop
from mien.errors import DataError, MienError
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.models import weights_path
from mien.types import Box, FloatArray, ImageArray


@pytest.fixture(scope="module")
def portrait() -> ImageArray:
    return images.decode_image(Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg")


@pytest.fixture(scope="module")
def keypoints(portrait: ImageArray) -> FloatArray:
    finder = FaceFinder(BlazeFace(weights_path("face_detection_full_range")), MeshNet(weights_path("face_landmark")))
    (face,) = finder.find(portrait)
    return face.keypoints


def save(path: Path, pixels: ImageArray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def cut(*listed: Listed, size: int = 48) -> ImageArray:
    return cut_faces(Listing(list(listed)), size).pixels


# --- ready crops ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [20, 48, 100, 128])
@pytest.mark.parametrize("size", [48, 96])
def test_ready_crops_are_resized_alone(tmp_path: Path, side: int, size: int) -> None:
    face = np.asarray(Image.fromarray(drawn_faces(1).pixels[0]).resize((side, side), Image.Resampling.BICUBIC))
    crop = cut(Listed(save(tmp_path / "a.png", face)), size=size)[0]
    assert crop.shape == (size, size)
    way = Image.Resampling.BOX if side > size else Image.Resampling.BICUBIC
    wanted = np.asarray(Image.fromarray(face).resize((size, size), way), int)
    assert np.abs(crop - wanted).mean() < 3
    assert side != size or np.array_equal(crop, face)


def test_a_crop_that_is_not_square_keeps_its_proportions() -> None:
    face = np.tile(np.arange(40, dtype=np.uint8)[:, None], (1, 48))
    square = whole_crop(face, 48)
    assert np.array_equal(square[4:44], face)
    assert (square[:4] == face[0]).all()
    assert (square[44:] == face[-1]).all()
    assert np.array_equal(whole_crop(face.T, 48), square.T)


def test_colour_becomes_grey_as_everywhere(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    assert np.array_equal(cut(Listed(save(tmp_path / "a.png", rgb)))[0], images.to_grey(rgb))


def test_what_the_data_set_calls_a_crop_stays_one(tmp_path: Path, portrait: ImageArray) -> None:
    crop = cut(Listed(save(tmp_path / "a.png", portrait), is_crop=True), size=512)[0]
    assert np.array_equal(crop, images.to_grey(portrait))


# --- photos -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [48, 112])
def test_the_face_of_a_photo_is_cut_as_in_live_use(
    tmp_path: Path, portrait: ImageArray, keypoints: FloatArray, size: int
) -> None:
    crop = cut(Listed(save(tmp_path / "a.png", portrait)), size=size)[0]
    wanted = images.crop_face(portrait, keypoints, size).astype(int)
    assert np.abs(crop - wanted).mean() < 2  # the tiles, not looked at here, may move the points a little


def test_photos_without_a_face_are_left_out_and_listed(tmp_path: Path, portrait: ImageArray) -> None:
    stripes = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (400, 20))
    listed = [
        Listed(save(tmp_path / "none.png", stripes), 2),
        Listed(save(tmp_path / "a.png", portrait), 3, "PublicTest"),
    ]
    read = cut_faces(Listing(listed, ("told before",)))
    assert read.labels.tolist() == [3]
    assert read.rows.tolist() == [1]
    assert read.splits.tolist() == ["PublicTest"]
    assert read.files.tolist() == [str(tmp_path / "a.png")]
    assert read.notes == ("told before", f"1 of 2 photos show no face and are left out: {tmp_path / 'none.png'}")
    assert read.take(np.array([0])).notes == read.notes
    with pytest.raises(DataError, match=r"no faces are left: 1 of 1 photos show no face"):
        cut_faces(Listing(listed[:1]))


def test_of_several_faces_the_largest_is_taken_and_that_is_told(
    tmp_path: Path, portrait: ImageArray, keypoints: FloatArray
) -> None:
    both = np.full((512, 800, 3), 120, np.uint8)
    both[:, 280:792] = portrait
    both[100:356, 8:264] = np.asarray(Image.fromarray(portrait).resize((256, 256)))
    read = cut_faces(Listing([Listed(save(tmp_path / "both.png", both))]))
    assert read.notes == (f"1 of 1 photos show several faces, of which the largest is taken: {tmp_path / 'both.png'}",)
    wanted = images.crop_face(portrait, keypoints).astype(int)
    assert np.abs(read.pixels[0] - wanted).mean() < 4


def test_a_box_says_which_face_is_meant(tmp_path: Path, portrait: ImageArray, keypoints: FloatArray) -> None:
    both = np.full((512, 800, 3), 120, np.uint8)
    both[:, 280:792] = portrait
    small = np.asarray(Image.fromarray(portrait).resize((256, 256)))
    both[100:356, 8:264] = small
    (x, y), side = keypoints[2] / 2 + [8, 100], 60.0
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    read = cut_faces(Listing([Listed(save(tmp_path / "both.png", both), box=box)]))
    assert not read.notes
    wanted = images.crop_face(small, keypoints / 2).astype(int)
    assert np.abs(read.pixels[0] - wanted).mean() < 6


def test_a_tight_large_crop_is_aligned_by_its_mesh(tmp_path: Path, portrait: ImageArray, keypoints: FloatArray) -> None:
    x, y = keypoints[2].astype(int)
    tight = np.asarray(Image.fromarray(portrait[y - 52 : y + 52, x - 52 : x + 52]).resize((300, 300)))
    crop = cut(Listed(save(tmp_path / "a.png", tight)))[0]
    wanted = images.crop_face(tight, (keypoints - [x - 52, y - 52]) * (300 / 104)).astype(int)
    assert np.abs(crop - wanted).mean() < 6


def test_a_middling_picture_without_a_face_is_taken_whole_and_that_is_told(tmp_path: Path) -> None:
    blot = np.asarray(Image.fromarray(drawn_faces(1).pixels[0]).resize((224, 224)))
    read = cut_faces(Listing([Listed(save(tmp_path / "a.png", blot))]))
    assert np.array_equal(read.pixels[0], whole_crop(blot, 48))
    assert "1 of 1 pictures of at most 256 px show no face that is found; they are taken whole" in read.notes[0]


def test_pictures_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", drawn_faces(1).pixels[0])
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:60])
    (tmp_path / "empty.png").write_bytes(b"")
    listed = [Listed(tmp_path / name) for name in ("cut.png", "empty.png", "good.png")]
    read = cut_faces(Listing(listed))
    assert len(read) == 1
    assert read.notes == (
        f"2 of 3 pictures cannot be read and are left out: {tmp_path / 'cut.png'}, {tmp_path / 'empty.png'}",
    )


def test_progress_counts_pictures(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = save(tmp_path / "a.png", drawn_faces(1).pixels[0])
    cut_faces(Listing([Listed(path)] * 20), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 20), (16, 20), (20, 20)]


# --- anything ---------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["happy", "train", "val", "3", "annotations", "images", "train_set", "EmoLabel", "FER2013Train", "a.png",
     "0_exp.npy", "0.jpg", "AF01ANS.JPG", "label.csv", "training.csv", "manifest.csv", "manifest.parquet",
     "fer2013.csv", "list_patition_label.txt"]
)  # fmt: skip
CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"path,label\na.png,happy\n", b"path,label\na.png,\n", b"emotion,pixels,Usage\n", b"a.png 1\n", b"PAR1\0\0PAR1",
        b"subDirectory_filePath,expression\na.png,1\n", b"a.png,1,1,1,1,1,1,1,1,1,1\n", b"\x89PNG\r\n\x1a\n\0",
        b"GIF89a", b"P5 2 2 255\n\1\2\3\4", b"P5 1 1 255\n\1",
    ]),
)  # fmt: skip


@settings(max_examples=120)
@given(st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=4), CONTENTS), max_size=5), st.booleans())
def test_any_folder_is_faces_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[list[str], bytes]], has_split: bool
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for parts, content in files:
        path = folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:  # a file has the name of a folder
            continue
    try:
        faces = load_faces(folder, split="Training" if has_split else None)
    except MienError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert faces.pixels.shape == (len(faces), 48, 48)
