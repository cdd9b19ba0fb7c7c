"""Cues of the body: how often they are found and said falsely on drawn skeletons, and what is said on clips.

    python benchmarks/cues.py [--draws N] [--quick] [--json FILE|-] [--shared FOLDER]

Drawn skeletons (`tests/body/skeletons.py`): joint angles at random, seen by cameras at random; the label is what was
drawn. Scenes (`tests/body/scenes.py`) move as drawn, at 10, 15 or 30 frames a second. Missed: of the people of a kind,
so many were not said to show it. False: of the people of the other kinds, so many were. The clips have no labels: the
table shows how much of the time what is said, to be compared by eye.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "body"))

import scenes
import skeletons
from _table import Row, add_media, arguments, note, report

from mien import Reader, runtime
from mien.body.cues import CUES, CueReader, cues_of
from mien.errors import MienError

DRAWS, MOVING_DRAWS = 300, 12
RATES = (10, 15, 30)  # frames a second
MOST_MISSED, MOST_FALSE = 15.0, 5.0  # per cent
# A still says these of strong cases only, or never: no bar for what it misses.
NEEDS_REST = ("leaning in", "leaning away", "shoulders raised")


def drawn_rows(draws: int) -> list[Row]:
    """For each kind of drawn people how many were missed, and for each cue how often it was false."""
    said = {kind: [{cue.name for cue in cues_of(pose)} for pose in skeletons.drawn(kind, draws)]
            for kind in skeletons.KINDS}  # fmt: skip
    rows = []
    for kind, (cue, _) in skeletons.KINDS.items():
        if cue:
            missed = 100 * (1 - np.mean([cue in names for names in said[kind]]))
            bar = None if cue in NEEDS_REST else MOST_MISSED
            rows.append(Row(f"{cue}: missed of '{kind}'", float(missed), "%", bar))
    for rule in CUES:
        others = [kind for kind, (cue, _) in skeletons.KINDS.items() if cue != rule.name]
        false = [100 * np.mean([rule.name in names for names in said[kind]]) for kind in others]
        if rule.rule is not None:
            rows.append(Row(f"{rule.name}: false", float(np.mean(false)), "%", MOST_FALSE))
    return rows


def scene_rows(count: int) -> list[Row]:
    """For each scene how often its cue was missed, and for each cue how often it was false, in others."""
    said = {name: [scenes.ever(make(np.random.default_rng(seed)), RATES[seed % len(RATES)]) for seed in range(count)]
            for name, (make, _, _) in scenes.SCENES.items()}  # fmt: skip
    rows = []
    for name, (_, true, _) in scenes.SCENES.items():
        if true:
            missed = 100 * np.mean([not names & true for names in said[name]])
            rows.append(Row(f"moving: missed of '{name}'", float(missed), "%", MOST_MISSED))
    for cue in scenes.JUDGED:
        others = [name for name, (_, true, maybe) in scenes.SCENES.items() if cue not in true | maybe]
        false = 100 * np.mean([cue in names for name in others for names in said[name]])
        rows.append(Row(f"moving: {cue} false", float(false), "%", MOST_FALSE))
    return rows


def speed_row(draws: int) -> Row:
    """Milliseconds of processor time that the cues of one person and frame take in a stream."""
    poses, reader = skeletons.drawn("nothing in particular", draws), CueReader()
    began = time.process_time()
    for index, pose in enumerate(poses):
        reader.update(pose, index / 30)
    return Row("time for a person and frame", 1000 * (time.process_time() - began) / len(poses), "ms")


def clip_rows(clips: list[Path]) -> list[Row]:
    """How much of the time each person of each clip is said to do what."""
    return [row for clip in clips for row in _one_clip(clip)]


def _one_clip(clip: Path) -> list[Row]:
    note(f"reading {clip.name}")
    reader, seen, said = CueReader(), Counter[int | None](), Counter[tuple[int | None, str]]()
    try:
        for reading in Reader(body=True).watch(clip):
            faces = {face.track_id: face for face in reading.faces}
            for pose in reading.poses:
                seen[pose.track_id] += 1
                cues = reader.update(pose, reading.time_s, faces.get(pose.track_id))
                said.update((pose.track_id, cue.name) for cue in cues)
    except MienError as error:
        note(f"left out: {error}")
    return [Row(f"{clip.stem}, person {who}: {name}", 100 * count / seen[who], "% of frames")
            for (who, name), count in sorted(said.items(), key=str)]  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, metavar="N", help="people of each kind")
    add_media(parser)
    options = parser.parse_args(argv)
    runtime.set_threads(1)
    draws = 8 if options.quick else options.draws
    clips = [] if options.quick else sorted((options.shared / "media" / "videos").glob("*"))
    moving = [] if options.quick else scene_rows(MOVING_DRAWS)
    rows = [*drawn_rows(draws), *moving, speed_row(draws), *clip_rows(clips)]
    return report("cues of drawn bodies, and of clips", rows, options)


if __name__ == "__main__":
    sys.exit(main())
