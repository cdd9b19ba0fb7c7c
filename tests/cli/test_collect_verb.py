"""`mien collect`: asked first; a row a second; keys that hold; Ctrl-C keeps what was recorded; never a picture."""

from __future__ import annotations

import csv
import io
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from cut_clips import whole_and_cut
from readings import expression, face

from mien.body.posture import FEATURES
from mien.catalogue import languages
from mien.cli import collecting
from mien.cli.collecting import Collection, ConsentError, run_collection
from mien.cli.keys import Keys
from mien.data.posture_rows import COLUMNS, read_rows
from mien.data.recording import Recorder
from mien.errors import SourceError, UsageError
from mien.types import Frame, Pose, Reading, Tone

POINTS = np.column_stack([np.random.default_rng(0).uniform(10, 50, (33, 3)), np.ones(33)]).astype(np.float32)
POINTS[11:13, :2] = (45, 20), (15, 20)  # shoulders, side by side
POSE = Pose(POINTS, 0.9)


class Seen:
    """A pipeline that sees the same body in each frame, and ends after `until` of them as Ctrl-C does."""

    def __init__(self, *, until: int = 10**6, body: bool = True) -> None:
        self._until, self._body = until, body

    def read(self, frame: Frame, *, stream: bool = False) -> Reading:
        assert stream
        if frame.index >= self._until:
            raise KeyboardInterrupt
        return reading(frame.time_s, *([(POSE, 0.0)] if self._body else []))


def reading(time_s: float, *seen: tuple[Pose, float]) -> Reading:
    poses = tuple(Pose(pose.keypoints, pose.score, who) for who, (pose, _) in enumerate(seen))
    return Reading("clip", 0, time_s, 64, 64, (), poses=poses)


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def pressing(monkeypatch: pytest.MonkeyPatch, keys: dict[int, str]) -> None:
    """Keys that are pressed before a frame of that number."""

    class Pressed:
        asked, is_terminal = -1, True

        def __enter__(self) -> Pressed:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def pressed(self) -> str:
            self.asked += 1
            return keys.get(self.asked, "")

    monkeypatch.setattr(collecting, "Keys", Pressed)


def never() -> Seen:
    raise AssertionError("nothing may be opened without consent")


@pytest.mark.parametrize("said", ["no\n", "", "\n", "y\n", "oui\n"])
def test_without_consent_nothing_is_opened_or_written(said: str, clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, said)
    with pytest.raises(ConsentError, match="nothing was recorded"):
        run_collection(Collection(str(clip), tmp_path / "rows.parquet", "p01"), pipeline=never)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("language", languages())
def test_every_language_asks_and_takes_its_own_word(
    language: str, clip: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    job = Collection(str(clip), tmp_path / "rows.parquet", "p01", language=language)
    answer(monkeypatch, collecting.message("collect.yes", language) + "\n")
    run_collection(job, pipeline=Seen)
    told = capsys.readouterr().err
    assert "rows.parquet" in told and "p01" in told
    assert ("Strg-C" if language == "de" else "Ctrl-C") in told
    assert read_rows(job.out)


@pytest.mark.parametrize(("language", "said"), [("es", "SI\n"), ("es", " si\u0301 \n"), ("en", "Yes\n")])
def test_the_word_may_lack_accents_and_have_capitals(
    language: str, said: str, clip: Path, tmp_path: Path, monkeypatch
) -> None:
    job = Collection(str(clip), tmp_path / "rows.parquet", "p01", language=language)
    answer(monkeypatch, said)
    run_collection(job, pipeline=Seen)
    assert read_rows(job.out)


def test_the_verb_ends_with_one_where_nobody_agrees(mien, clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "no\n")
    ended = mien("collect", clip, "--out", tmp_path / "rows.parquet", "--person", "p01")
    assert ended.code == 1 and ended.err.splitlines()[-1].startswith("mien: no agreement")
    assert not list(tmp_path.iterdir())


def test_a_row_a_second_with_the_key_that_holds(long_clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "yes\n")
    pressing(monkeypatch, {15: "p", 95: "xn", 200: " ", 250: "2"})  # ten frames a second
    run_collection(Collection(str(long_clip), tmp_path / "rows.parquet", "p01"), pipeline=Seen)
    rows = read_rows(tmp_path / "rows.parquet")
    assert [row["second"] for row in rows] == list(range(30))
    expected = [None] + ["positive"] * 8 + ["negative"] * 11 + [None] * 5 + ["neutral"] * 5
    assert [row["label"] for row in rows] == expected
    assert {row["labelled_by"] for row in rows} == {None, "self"}
    assert {row["person"] for row in rows} == {"p01"} and len({row["session"] for row in rows}) == 1


def test_ctrl_c_ends_it_and_keeps_whole_rows(long_clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "yes\n")
    run_collection(Collection(str(long_clip), tmp_path / "rows.parquet", "p01"), pipeline=lambda: Seen(until=105))
    rows = read_rows(tmp_path / "rows.parquet")
    assert [row["second"] for row in rows] == list(range(11))
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_there_is_never_a_picture_in_the_file(long_clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "yes\n")
    run_collection(Collection(str(long_clip), tmp_path / "rows.parquet", "p01"), pipeline=Seen)
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == list(COLUMNS)
    assert {str(kind) for kind in table.schema.types} == {"string", "int64", "double"}  # no bytes, no lists
    texts = [value for name in ("person", "session", "label", "labelled_by") for value in table[name].to_pylist()]
    assert all(value is None or len(value) <= 40 for value in texts)


def test_labels_may_come_later_from_an_observer(mien, long_clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "yes\n")
    pressing(monkeypatch, {3: "p"})  # does not count
    out = tmp_path / "rows.parquet"
    run_collection(Collection(str(long_clip), out, "p01", label_later=True), pipeline=Seen)
    assert {row["label"] for row in read_rows(out)} == {None}
    with open(tmp_path / "rows.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["second"] for line in lines] == [str(second) for second in range(30)]
    (tmp_path / "seen.csv").write_text("person,second,label\np01,0,neutral\np01,12,negative\n")
    ended = mien("collect-labels", out, "--observer", tmp_path / "seen.csv")
    assert ended.code == 0 and "30 of 30 rows" in ended.err
    assert [row["label"] for row in read_rows(out)] == ["neutral"] * 12 + ["negative"] * 18


def test_nobody_seen_is_no_file(clip: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "yes\n")
    with pytest.raises(SourceError, match="no body was seen"):
        run_collection(Collection(str(clip), tmp_path / "rows.parquet", "p01"), pipeline=lambda: Seen(body=False))
    assert not list(tmp_path.iterdir())


def test_of_a_clip_cut_off_what_was_seen_is_kept_and_said(mien, long_clip: Path, tmp_path: Path, monkeypatch) -> None:
    whole, cut = whole_and_cut(long_clip, tmp_path, ".mkv")
    monkeypatch.setattr(collecting, "Pipeline", lambda options: Seen())
    for clip, code in ((cut, 1), (whole, 0)):
        answer(monkeypatch, "yes\n")
        out = tmp_path / f"{clip.stem}.parquet"
        ended = mien("collect", clip, "--out", out, "--person", "p01")
        assert ended.code == code and ("mien: " in ended.err) == ("cut off after" in ended.err) == bool(code)
        assert 10 < len(read_rows(out)) <= (30 if clip is whole else 25)


def test_a_clip_that_cannot_be_read_on_keeps_its_rows_and_ends_with_one(
    clip: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    class Gone(Seen):
        def read(self, frame: Frame, *, stream: bool = False) -> Reading:
            if frame.index == 5:
                raise SourceError("the camera is gone")
            return super().read(frame, stream=stream)

    answer(monkeypatch, "yes\n")
    assert run_collection(Collection(str(clip), tmp_path / "rows.parquet", "p01"), pipeline=Gone) == 1
    assert "mien: the camera is gone" in capsys.readouterr().err and len(read_rows(tmp_path / "rows.parquet")) == 1


def test_a_still_is_no_recording(astronaut: Path, tmp_path: Path, monkeypatch) -> None:
    answer(monkeypatch, "yes\n")
    with pytest.raises(UsageError, match="does not move"):
        run_collection(Collection(str(astronaut), tmp_path / "rows.parquet", "p01"), pipeline=Seen)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"person": " "}, "--person"), ({"person": "a" * 41}, "--person"), ({"out": Path("rows.csv")}, "parquet"),
     ({"language": "tlh"}, "tlh")],
)  # fmt: skip
def test_wrong_usage(change: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Collection(**{"source": "0", "out": Path("rows.parquet"), "person": "p01", **change})


def test_no_recording_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        Collection("0", tmp_path / "rows.parquet", "p01")


# --- the recorder -----------------------------------------------------------------------------------------------------


def seen(time_s: float, *, votes: float) -> Reading:
    read = expression({"happy": votes, "neutral": 1 - votes})
    toned = Tone("positive", 0.8, True, {"positive": votes, "neutral": 1 - votes, "negative": 0.0})
    one = replace(face(side=40.0, read=replace(read, tone=toned)), track_id=1)
    return Reading("clip", 0, time_s, 64, 64, (one,), poses=(replace(POSE, track_id=1),))


def test_a_row_is_the_mean_of_its_second_and_the_label_at_its_end() -> None:
    recorder = Recorder("p01")
    for time_s, votes, label in (
        (0.1, 0.2, None),
        (0.5, 0.4, "positive"),
        (0.9, 0.9, "negative"),
        (1.0, 1.0, "neutral"),
    ):
        recorder.update(seen(time_s, votes=votes), label)
    first, second = recorder.finish()
    assert first["vote_happy"] == pytest.approx(0.5) and first["face_positive"] == pytest.approx(0.5)
    assert (first["label"], second["label"]) == ("negative", "neutral")
    assert second["vote_happy"] == pytest.approx(1.0)
    assert set(first) == set(COLUMNS)


def test_a_face_that_is_lost_leaves_its_columns_empty_and_the_body_goes_on() -> None:
    recorder = Recorder("p01")
    recorder.update(reading(0.0, (POSE, 0.0)), None)
    (row,) = recorder.finish()
    assert row["vote_happy"] is None and row["face_positive"] is None
    assert any(row[name] is not None for name in FEATURES)


def test_a_second_without_a_body_has_no_row() -> None:
    recorder = Recorder("p01")
    recorder.update(reading(0.0, (POSE, 0.0)), None)
    recorder.update(reading(1.0), None)
    recorder.update(reading(2.0, (POSE, 0.0)), None)
    assert [row["second"] for row in recorder.finish()] == [0, 2]


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_are_read_without_waiting_and_the_terminal_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    termios = pytest.importorskip("termios")
    leader, follower = os.openpty()
    with os.fdopen(follower, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(follower)
        with Keys() as keys:
            assert keys.pressed() == ""
            os.write(leader, b"pN1")
            assert keys.pressed() == "pn1"
            assert keys.pressed() == ""
        assert termios.tcgetattr(follower) == before
    os.close(leader)


def test_without_a_terminal_no_key_is_ever_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "ppp")
    with Keys() as keys:
        assert keys.pressed() == ""


def test_the_features_of_a_row_are_those_of_the_pose() -> None:
    from mien.body.posture import features_of

    recorder = Recorder("p01")
    recorder.update(reading(0.0, (POSE, 0.0)), None)
    (row,) = recorder.finish()
    values = np.array([np.nan if row[name] is None else row[name] for name in FEATURES])
    assert values == pytest.approx(features_of(Pose(POSE.keypoints, 0.9, 0)), nan_ok=True)
