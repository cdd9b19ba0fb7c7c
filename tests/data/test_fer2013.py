"""The two public files, read back to what was written; broken ones, refused by name; FERPlus's majority rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import FERPLUS_HEADER, drawn_faces, same_faces, shared_faces, write_csv
from hypothesis import given
from hypothesis import strategies as st

from mien.data import faceset
from mien.data.faceset import FaceSet
from mien.data.fer2013 import load_fer2013
from mien.data.load import find_layout, load_faces
from mien.errors import DataError

PUBLIC = slice(28709, 32298)  # the rows of PublicTest


@pytest.fixture(scope="module")
def public(shared_fer2013: Path) -> FaceSet:
    return shared_faces(shared_fer2013, PUBLIC)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read(tmp_path: Path) -> None:
    faces = drawn_faces(9, splits=faceset.SPLITS)
    faces.named[4] = False
    assert same_faces(load_fer2013(*write_csv(tmp_path, faces)), faces)


def test_one_split_keeps_its_lines_and_its_votes(tmp_path: Path) -> None:
    faces = drawn_faces(9, splits=faceset.SPLITS)
    assert same_faces(load_fer2013(*write_csv(tmp_path, faces), only="PublicTest"), faces.split("PublicTest"))
    assert list(faces.split("PublicTest").rows) == [1, 4, 7]


SPELLINGS = {
    "train": "Training", "Training ": "Training", " TRAINING": "Training", "val": "PublicTest",
    "Public Test": "PublicTest", "test": "PrivateTest", "PrivateTest\t": "PrivateTest",
}  # fmt: skip


@given(st.lists(st.sampled_from(sorted(SPELLINGS)), min_size=1, max_size=6), st.data())
def test_splits_are_read_in_any_spelling_and_agree_with_those_of_the_votes(
    tmp_path: Path, written: list[str], drawn: st.DataObject
) -> None:
    faces = replace(drawn_faces(len(written)), splits=np.asarray([SPELLINGS[one] for one in written]))
    otherwise = {split: drawn.draw(st.sampled_from([one for one in SPELLINGS if SPELLINGS[one] == split]))
                 for split in faceset.SPLITS}  # fmt: skip
    data, votes = write_csv(tmp_path, replace(faces, splits=np.asarray(written)))
    text = data.read_text()
    write_csv(tmp_path, replace(faces, splits=np.asarray([otherwise[split] for split in faces.splits])))
    data.write_text(text)
    assert same_faces(load_fer2013(data, votes), faces)
    for asked in written:
        wanted = faces.split(SPELLINGS[asked])
        assert same_faces(load_fer2013(data, votes, only=asked), wanted)
        assert same_faces(load_faces(data, votes, split=asked), wanted)


def test_a_word_that_is_no_split_of_ours_is_one_of_its_own(tmp_path: Path) -> None:
    data, _ = write_csv(tmp_path, drawn_faces(2, splits=("Extra ", "extra")))
    assert load_fer2013(data).splits.tolist() == ["Extra", "extra"]
    assert load_fer2013(data, only=" Extra").rows.tolist() == [0]


def test_without_votes_nobody_voted_and_all_are_faces(tmp_path: Path) -> None:
    faces = load_fer2013(write_csv(tmp_path, drawn_faces(3))[0])
    assert not faces.votes.any()
    assert faces.named.all()


@given(st.text("\n, ", max_size=5))
def test_blank_lines_at_the_end_are_passed_over(tmp_path: Path, blank: str) -> None:
    faces = drawn_faces(3)
    paths = write_csv(tmp_path, faces)
    for path in paths:
        path.write_text(path.read_text() + blank)
    assert same_faces(load_fer2013(*paths), faces)


def test_a_column_of_pictures_besides_makes_no_manifest(tmp_path: Path) -> None:
    faces = drawn_faces(3)
    data, _ = write_csv(tmp_path, faces)
    lines = data.read_text().splitlines()
    data = tmp_path / "faces.csv"
    data.write_text("\n".join([f"{lines[0]},image", *(f"{line},{row}.png" for row, line in enumerate(lines[1:]))]))
    assert find_layout(data) == ("fer2013", data)
    assert np.array_equal(load_faces(data).pixels, faces.pixels)


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    faces = drawn_faces(2)
    rows = [f"{faces.splits[i]},{faces.labels[i]},{' '.join(map(str, faces.pixels[i].ravel()))}" for i in range(2)]
    path = tmp_path / "other.csv"
    path.write_text("\n".join(["usage, Emotion,PIXELS", *rows]) + "\n")
    read = load_fer2013(path)
    assert np.array_equal(read.pixels, faces.pixels)
    assert np.array_equal(read.labels, faces.labels)


def test_progress_grows_to_the_size_of_the_file(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    data, _ = write_csv(tmp_path, drawn_faces(300))
    load_fer2013(data, progress=lambda done, total: seen.append((done, total)))
    size = data.stat().st_size
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)
    assert {total for _, total in seen} == {size}


def test_the_shared_faces_pass_through_the_public_files(public: FaceSet, tmp_path: Path) -> None:
    few = public.take(np.arange(40))
    read = load_fer2013(*write_csv(tmp_path, few))
    assert np.array_equal(read.pixels, few.pixels)
    assert np.array_equal(read.votes, few.votes)
    assert np.array_equal(read.named, few.named)


def test_a_split_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(DataError, match=r"no split 'PrivateTest'; they have: PublicTest, Training$"):
        drawn_faces(4, splits=("Training", "PublicTest")).split("PrivateTest")


# --- bad input --------------------------------------------------------------------------------------------------------


def broken_line(pixels: str = " ".join(["7"] * 2304), emotion: str = "3", rest: str = ",Training") -> str:
    return f"{emotion},{pixels}{rest}"


@pytest.mark.parametrize(
    "line",
    [
        broken_line(emotion="7"),
        broken_line(emotion="-1"),
        broken_line(emotion="happy"),
        broken_line(emotion=""),
        broken_line(pixels=" ".join(["7"] * 2303)),
        broken_line(pixels=" ".join(["7"] * 2305)),
        broken_line(pixels=" ".join(["7"] * 2303 + ["256"])),
        broken_line(pixels=" ".join(["7"] * 2303 + ["-1"])),
        broken_line(pixels=" ".join(["7"] * 2303 + ["99999999999999999999999"])),
        broken_line(pixels=" ".join(["7"] * 2303 + ["x"])),
        broken_line(pixels=""),
        broken_line(rest=""),
        broken_line(rest=","),
        broken_line(rest=", "),
        "3",
        "",
    ],
)
@pytest.mark.parametrize("only", [None, "Training"])
def test_a_broken_line_is_named(tmp_path: Path, line: str, only: str | None) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", broken_line(), line, broken_line()]) + "\n")
    with pytest.raises(DataError, match=r"fer2013.csv, line 3: expected a class 0..6, 2304 numbers 0..255") as error:
        load_fer2013(path, only=only)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none.csv: No such file"):
        load_fer2013(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot read"):
        load_fer2013(tmp_path)
    data, _ = write_csv(tmp_path, drawn_faces(2))
    with pytest.raises(DataError, match=r"cannot read .*none.csv: No such file"):
        load_fer2013(data, tmp_path / "none.csv")


def test_a_file_without_a_column_says_which(tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(2))
    with pytest.raises(DataError, match=r"fer2013new.csv lacks the column 'emotion'"):
        load_fer2013(votes)
    with pytest.raises(DataError, match=r"fer2013.csv lacks the column 'Image name'"):
        load_fer2013(data, data)


def test_files_without_faces_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n")
    with pytest.raises(DataError, match=r"holds no faces$"):
        load_fer2013(path)
    data, _ = write_csv(tmp_path, drawn_faces(2))
    with pytest.raises(DataError, match="holds no faces of the split 'PrivateTest'"):
        load_fer2013(data, only="PrivateTest")


def test_fewer_votes_than_faces_are_refused(tmp_path: Path) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(4))
    votes.write_text("\n".join(votes.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(DataError, match="has 3 rows, too few for"):
        load_fer2013(data, votes)


@pytest.mark.parametrize("count", ["many", "", "-2", "nan", "inf", "1e60"])
def test_votes_that_are_no_counts_are_refused(tmp_path: Path, count: str) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(1))
    votes.write_text(",".join(FERPLUS_HEADER) + "\n" + ",".join(["Training", "fer0.png", count, *["0"] * 9]) + "\n")
    with pytest.raises(DataError, match="is no table of votes") as error:
        load_fer2013(data, votes)
    assert "\n" not in str(error.value)


HEADS = (b"", b"emotion,pixels,Usage\n", b"emotion,pixels,Usage\r\n3,1 2 3,Training\n",
         ",".join(FERPLUS_HEADER).encode() + b"\n")  # fmt: skip


@given(
    st.sampled_from(HEADS), st.one_of(st.binary(max_size=200), st.text('"\n\r,0 9-e\0', max_size=40).map(str.encode))
)
def test_any_bytes_are_data_or_one_line(tmp_path: Path, head: bytes, tail: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(head + tail)
    good, _ = write_csv(tmp_path, drawn_faces(1))
    for data, votes in ((path, None), (good, path)):
        try:
            assert len(load_fer2013(data, votes))
        except DataError as error:
            assert str(error)
            assert len(str(error).splitlines()) == 1


# --- the majority rule ------------------------------------------------------------------------------------------------


def published_rule(votes: list[int], expressions: int = 8) -> int:
    """The rule in words of FERPlus's reader: strike single votes, ask for more than half, drop what names nothing."""
    left = [0 if count < 1 + 1e-9 else count for count in votes]
    if max(left) > 0.5 * sum(left):
        winner = left.index(max(left))
        return winner if winner < expressions else -1
    return -1


@given(st.lists(st.lists(st.integers(0, 10), min_size=10, max_size=10), min_size=1, max_size=8))
def test_majority_is_the_published_rule(votes: list[list[int]]) -> None:
    assert faceset.majority(np.asarray(votes, np.float32)).tolist() == [published_rule(row) for row in votes]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], -1),  # half is not more than half
        ([3, 1, 1, 1, 1, 1, 1, 1, 0, 0], 0),  # alone once the single votes are struck
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], -1),
        ([2, 0, 0, 0, 0, 0, 0, 0, 8, 0], -1),
        ([2, 0, 0, 0, 0, 0, 0, 0, 0, 8], -1),
        ([0, 0, 0, 0, 0, 0, 0, 6, 4, 0], 7),
        ([0] * 10, -1),
    ],
)
def test_majority_by_hand(votes: list[int], label: int) -> None:
    assert faceset.majority(np.asarray([votes], np.float32)).tolist() == [label]


def test_the_rule_keeps_the_published_number_of_public_faces(public: FaceSet) -> None:
    assert len(public) == 3589
    named = public.take(public.named)
    assert int((faceset.majority(named.votes) >= 0).sum()) == 3199


@given(st.lists(st.lists(st.integers(0, 10), min_size=10, max_size=10), min_size=1, max_size=8))
def test_shares_sum_to_one_or_nobody_voted(votes: list[list[int]]) -> None:
    counts = np.asarray(votes, np.float32)
    shares = faceset.shares(counts)
    assert shares.sum(1) == pytest.approx((counts.sum(1) > 0).astype(float), abs=1e-6)
    assert shares * counts.sum(1, keepdims=True) == pytest.approx(counts, abs=1e-4)
