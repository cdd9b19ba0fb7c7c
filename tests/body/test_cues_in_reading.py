"""Cues come with the bodies of a Reading, of a photo and of a stream."""

from __future__ import annotations

import json
from pathlib import Path

from mien import Reader
from mien.body.cues import NAMES, cues_of
from mien.body.owner import pose_owner
from mien.types import Reading


def test_the_cues_of_a_photo_are_those_of_its_points(astronaut: Path) -> None:
    reading = Reader(body=True).read(astronaut)
    assert len(reading.poses) == 1
    pose = reading.poses[0]
    assert pose.cues == cues_of(pose, pose_owner(pose, reading.faces))
    assert {cue.name for cue in pose.cues} <= set(NAMES) - {"arms crossed", "turned away", "head down"}


def test_a_stream_forgets_when_it_ends_and_its_cues_go_through_json(shared_media: Path) -> None:
    reader, clip = Reader(body=True), shared_media / "videos" / "head-pose-face-detection-female-and-male.gif"
    first, second = ([reading.poses for reading in reader.watch(clip, end_s=1.2)] for _ in range(2))
    assert any(cue.duration_s > 0 for poses in first for pose in poses for cue in pose.cues)
    assert [[pose.cues for pose in poses] for poses in first] == [[pose.cues for pose in poses] for poses in second]
    reading = next(iter(reader.watch(clip, end_s=0.1)))
    again = Reading.from_dict(json.loads(json.dumps(reading.to_dict())))
    assert [len(pose.cues) for pose in again.poses] == [len(pose.cues) for pose in reading.poses]
