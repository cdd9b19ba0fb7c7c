"""Clips that break off, are joined, or are damaged: what is there is given, in time, and what is not is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_files import make_clip, number_of
from hypothesis import given
from hypothesis import strategies as st

import mien
from mien.errors import SourceError
from mien.media.containers import SteadyClock
from mien.media.sources import SourceOptions, open_source


@pytest.mark.parametrize("options", [{"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}])
def test_cut_off_mp4_gives_what_is_there(tmp_path: Path, options: dict[str, str]) -> None:
    path = tmp_path / "c.mp4"
    make_clip(path, 100, options=options, size=(320, 240))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_source(path) as source:
        count = len(list(source))
    assert 20 <= count < 100
    if "frag" not in options["movflags"]:  # a fragmented file does not say how long it should be
        assert any("cut off after" in line and "of 10.0 s" in line for line in source.warnings)


def test_cut_off_mkv_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "c.mkv"
    make_clip(path, 100, size=(320, 240), sound=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_source(path) as source:
        count = len(list(source))
    assert 20 <= count < 100
    assert any("cut off after" in line for line in source.warnings)


def test_python_warns_of_a_cut_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.mkv"
    make_clip(path, 100, size=(320, 240))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reader = mien.Reader(tiles=False)
    for watch in (reader.watch, reader.watch_frames):
        with pytest.warns(mien.SourceWarning, match="cut off after") as told:
            assert list(watch(path, every=10))
        assert told[0].filename == __file__


def test_a_last_frame_that_is_held_is_no_cut(tmp_path: Path) -> None:
    make_clip(tmp_path / "held.mp4", 10, times=[100 * n for n in range(10)], hold=8000)
    with open_source(tmp_path / "held.mp4") as source:
        frames = list(source)
        assert source.duration_s == pytest.approx(8.9, abs=0.01)
    assert source.warnings == []
    assert [frame.duration_s for frame in frames] == pytest.approx([0.1] * 9 + [8.0], abs=0.001)


@pytest.mark.parametrize("ending", ["flv", "mkv", "mp4", "ts", "avi"])
@pytest.mark.parametrize("late_s", [0, 3])
def test_sound_that_is_longer_or_begins_before_the_pictures_is_no_cut(tmp_path: Path, ending: str, late_s: int) -> None:
    path = tmp_path / f"c.{ending}"
    codec = {"flv": "flv1", "avi": "mpeg4"}.get(ending, "libx264")
    make_clip(path, 20, codec=codec, times=[1000 * late_s + 100 * n for n in range(20)], sound=6)
    with open_source(path) as source:
        assert [number_of(frame.image) for frame in source][-1] == 19
    assert source.warnings == []


@pytest.mark.parametrize("has_sound", [False, True])
def test_cut_off_flv_says_so(tmp_path: Path, has_sound: bool) -> None:
    path = tmp_path / "c.flv"
    make_clip(path, 100, codec="flv1", size=(320, 240), sound=10 if has_sound else 0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_source(path) as source:
        assert 20 <= len(list(source)) < 100
    assert any("cut off after" in line for line in source.warnings)


@pytest.mark.parametrize("count", [2, 3])
def test_a_clock_that_begins_anew_goes_on(tmp_path: Path, count: int) -> None:
    make_clip(tmp_path / "part.ts", 10)
    (tmp_path / "c.ts").write_bytes((tmp_path / "part.ts").read_bytes() * count)
    frames = list(open_source(tmp_path / "c.ts"))
    assert [number_of(frame.image) for frame in frames] == [*range(10)] * count
    assert [frame.time_s for frame in frames] == pytest.approx([n / 10 for n in range(10 * count)], abs=0.01)
    later = list(open_source(tmp_path / "c.ts", SourceOptions(end_s=1.25)))
    assert len(later) == 13


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0.01, 0.4)), min_size=1, max_size=5))
def test_the_clock_of_joined_parts_is_that_of_one(parts: list[tuple[int, float]]) -> None:
    parts = [(count, step) for count, step in parts if count * step > 1] or [(9, 0.2)]
    clock, expected = SteadyClock(), 0.0
    for count, step in parts:
        for number in range(count):
            assert clock.time_of(number * step, step) == pytest.approx(expected)
            expected += step


def test_pictures_a_little_out_of_order_do_not_move_the_clock() -> None:
    stated = [0.0, 0.1, 0.3, 0.2, 0.4, 0.5]
    clock = SteadyClock()
    assert [clock.time_of(time_s, 0.1) for time_s in stated] == stated
    assert clock.time_of(None, 0.1) == pytest.approx(0.6)


def test_cut_off_mp4_without_its_table_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.mp4"
    make_clip(path, 20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match="damaged clip"):
        open_source(path)


def test_damage_in_the_middle_costs_little(tmp_path: Path) -> None:
    path = tmp_path / "c.ts"
    make_clip(path, 60, gop=5, size=(320, 240))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 600] = bytes(range(200)) * 3
    path.write_bytes(data)
    frames = list(open_source(path))
    assert len(frames) >= 45
    assert number_of(frames[0].image) == 0 and frames[-1].time_s == pytest.approx(5.9, abs=0.2)
