"""Cues of drawn bodies that move: found, not said elsewhere, alike at every frame rate, and forgotten after gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from scenes import JUDGED, MOVING, SCENES, Scene, crossing, ever, fidgeting, nodding, told
from skeletons import drawn

from mien.body.cues import NAMES, CueReader, _told, cues_of
from mien.body.rest import Rest
from mien.types import Box, Cue, Face, Pose

SEEDS = range(3)
RATES = (10, 12, 15)


@pytest.fixture(scope="module")
def said() -> dict[str, list[set[str]]]:
    return {
        name: [ever(make(np.random.default_rng(seed)), RATES[seed % 3]) for seed in SEEDS]
        for name, (make, _, _) in SCENES.items()
    }


@pytest.mark.parametrize("scene", [name for name, (_, true, _) in SCENES.items() if true])
def test_a_movement_is_found(scene: str, said: dict[str, list[set[str]]]) -> None:
    found = [bool(names & SCENES[scene][1]) for names in said[scene]]
    assert np.mean(found) >= 2 / 3


@pytest.mark.parametrize("cue", JUDGED)
def test_a_movement_is_not_said_of_others(cue: str, said: dict[str, list[set[str]]]) -> None:
    others = [name for name, (_, true, maybe) in SCENES.items() if cue not in true | maybe]
    false = {name: np.mean([cue in names for names in said[name]]) for name in others}
    assert np.mean(list(false.values())) <= 0.05, false


@pytest.mark.parametrize("make", [nodding, fidgeting, crossing])
def test_every_frame_rate_says_the_same(make: Callable[[np.random.Generator], Scene]) -> None:
    scene = make(np.random.default_rng(5))
    assert ever(scene, 10) == ever(scene, 15) == ever(scene, 30)


@pytest.mark.parametrize("fps", RATES)
def test_a_posture_is_said_once_it_lasts_and_until_it_is_over(fps: float) -> None:
    times = [
        (t, cue) for t, cues in told(crossing(np.random.default_rng(1)), fps) for cue in cues if "arms" in cue.name
    ]
    assert 2.7 <= times[0][0] <= 3.2  # 0.7 s, and what the smoothing of strengths takes
    assert 4.9 <= times[-1][0] <= 5.6
    assert all(abs(t - cue.duration_s - (times[0][0] - times[0][1].duration_s)) < 1e-6 for t, cue in times)


def statue(kind: str) -> Pose:
    """The first of the kind who clearly is of it."""
    return next(p for p in drawn(kind, 20) if kind not in NAMES or [cue.name for cue in cues_of(p)] == [kind])


def lasting(kind: str, seconds: float, fps: float = 15, start_s: float = 0.0) -> Iterator[tuple[float, Pose]]:
    """Somebody who is a statue."""
    pose = statue(kind)
    yield from ((start_s + index / fps, pose) for index in range(round(seconds * fps)))


def last(reader: CueReader, poses: Iterator[tuple[float, Pose]]) -> dict[str, Cue]:
    cues: tuple[Cue, ...] = ()
    for time_s, pose in poses:
        cues = reader.update(pose, time_s)
    return {cue.name: cue for cue in cues}


def test_a_gap_forgets_what_was_going_on() -> None:
    reader = CueReader()
    assert last(reader, lasting("arms crossed", 2))["arms crossed"].duration_s > 1
    pose = statue("arms crossed")
    assert reader.update(pose, 4.5) == ()
    assert last(reader, lasting("arms crossed", 2, start_s=4.6))["arms crossed"].duration_s == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("fps", [2.0, 1.998, 1.0, 0.5])
def test_a_posture_is_said_however_rarely_it_is_looked_at(fps: float) -> None:
    assert "arms crossed" in last(CueReader(), lasting("arms crossed", 12, fps))


def test_looks_too_far_apart_show_nothing_that_lasts() -> None:
    assert last(CueReader(), lasting("arms crossed", 60, 0.3)) == {}


@pytest.mark.parametrize("fps", [1.0, 4.0, 30.0])
def test_a_rest_is_known_after_four_seconds_at_every_rate(fps: float) -> None:
    rest, known = Rest(), {}
    for index in range(round(6 * fps)):
        if rest.known() and not known:
            known["at"] = (index - 1) / fps
        rest.learn(index / fps, {"size": 1.0})
    assert 3.5 <= known["at"] <= 4.5


def test_glimpses_with_long_gaps_make_no_rest() -> None:
    rest = Rest()
    for index in range(4):
        rest.learn(15.0 * index, {"size": 1.0})
    assert rest.known() == {}


def test_what_is_silenced_silences_nothing() -> None:
    assert _told({"head down", "nodding"}) == ["nodding"]
    assert _told({"head down", "nodding", "hand to face"}) == ["hand to face", "head down"]
    assert _told({"still", "nodding"}) == ["nodding"]
    assert _told({"still", "nodding", "hand to mouth"}) == ["hand to mouth", "still"]


def test_a_seek_begins_anew() -> None:
    reader = CueReader()
    assert "arms crossed" in last(reader, lasting("arms crossed", 2, start_s=10))
    assert last(reader, lasting("arms crossed", 0.3)) == {}


def test_people_are_kept_apart() -> None:
    reader, alone = CueReader(), CueReader()
    for (time_s, crossed), (_, calm_one) in zip(lasting("arms crossed", 2), lasting("head down", 2), strict=True):
        one = reader.update(replace(crossed, track_id=1), time_s)
        two = reader.update(replace(calm_one, track_id=2), time_s)
        assert two == alone.update(replace(calm_one, track_id=7), time_s)
    assert [cue.name for cue in one] == ["arms crossed"]
    assert "head down" in [cue.name for cue in two]


def test_hidden_points_silence_at_once_and_a_moment_of_it_interrupts_nothing() -> None:
    reader = CueReader()
    before = last(reader, lasting("arms crossed", 2))["arms crossed"]
    pose = statue("arms crossed")
    hidden = pose.keypoints.copy()
    hidden[15:23, 3] = 0.1
    assert "arms crossed" not in [cue.name for cue in reader.update(replace(pose, keypoints=hidden), 2.0)]
    after = next(cue for cue in reader.update(pose, 2.1) if cue.name == "arms crossed")
    assert after.duration_s > before.duration_s


def test_the_usual_pitch_of_a_camera_above_is_no_lowered_head() -> None:
    reader, straight = CueReader(), Box(0, 0, 9, 9)
    face = Face(straight, 1.0, np.zeros((6, 2), np.float32), pitch_deg=-20.0, mesh=np.zeros((468, 3), np.float32))
    cues: tuple[Cue, ...] = ()
    for time_s, pose in lasting("nothing in particular", 6):
        cues = reader.update(pose, time_s, face)
    assert "head down" not in [cue.name for cue in cues]
    for time_s, pose in lasting("nothing in particular", 2, start_s=6):
        cues = reader.update(pose, time_s, replace(face, pitch_deg=-36.0))
    assert "head down" in [cue.name for cue in cues]


def test_times_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="time_s"):
        CueReader().update(statue("head down"), math.nan)


def test_names_are_those_of_the_table() -> None:
    assert set(MOVING) <= set(NAMES)
