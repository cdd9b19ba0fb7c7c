"""Whether memory stays flat: over many frames with faces that come and go, and for long clips as for short ones.

    python benchmarks/memory.py [--quick] [--json FILE|-] [--frames N] [--model FOLDER]

The frames are made (`footage.crowd`): 0 to 5 faces of changing size, tracked as a stream. Growth is the median of the
last tenth of the samples of the resident memory, less the median of the first tenth after `SETTLE` of the frames. A
clip and one ten times as long are each read in an interpreter of their own, whose peaks are compared. Needs Linux
or macOS (the peak alone is known on macOS).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import footage
from _table import Row, arguments, note, report

from mien.models import DEFAULT_MODEL
from mien.pipeline import Pipeline, PipelineOptions

GROWTH_MB, CLIP_MB = 20.0, 20.0  # the bars
MB = 1e6
SETTLE = 0.05  # of the frames: caches fill, allocators take their pools
SAMPLES = 200
LONGER = 10
READING = """
import sys
from pathlib import Path
from mien.media.sources import open_source
with open_source(Path(sys.argv[1])) as source:
    count = sum(frame.width > 0 for frame in source)
sys.path.insert(0, sys.argv[2])
from memory import peak_mb
print(count, peak_mb())
"""


def resident_mb(process: int | None = None) -> float:
    """The memory that a process, or this one, holds now (on Linux; elsewhere the most that this one ever held)."""
    statm = Path(f"/proc/{process or 'self'}/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB
    return peak_mb()


def peak_mb() -> float:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` would count what the parent held when it started us
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MB
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MB if sys.platform == "darwin" else most * 1024 / MB


def growth_rows(model: Path, frames: int) -> list[Row]:
    """Read a long stream, and watch the memory."""
    pipeline = Pipeline(PipelineOptions(model=model))
    samples, seen = [], []
    step = max(1, frames // SAMPLES)
    for frame in footage.crowd(frames):
        seen.append(len(pipeline.read(frame, stream=True).faces))
        if frame.index >= SETTLE * frames and frame.index % step == 0:
            samples.append(resident_mb())
        if frame.index % max(1, frames // 10) == 0:
            note(f"frame {frame.index} of {frames}: {resident_mb():.0f} MB")
    tenth = max(1, len(samples) // 10)
    growth = float(np.median(samples[-tenth:]) - np.median(samples[:tenth]))
    return [
        Row("frames", float(frames), ""),
        Row("faces a frame, mean", float(np.mean(seen)), ""),
        Row("faces a frame, most", float(np.max(seen)), ""),
        Row("resident memory after them", samples[-1], "MB"),
        Row("growth", growth, "MB", GROWTH_MB),
    ]


def length_rows(frames: int) -> list[Row]:
    """Peaks of reading a clip and one ten times as long."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = (_peak(Path(folder), count) for count in (frames, LONGER * frames))
    return [
        Row(f"peak reading a clip of {frames} frames", short, "MB"),
        Row(f"peak reading a clip of {LONGER * frames} frames", long, "MB"),
        Row("difference", long - short, "MB", CLIP_MB),
    ]


def _peak(folder: Path, count: int) -> float:
    note(f"a clip of {count} frames")
    path = footage.write_clip(folder / f"{count}.mp4", (frame.image for frame in footage.crowd(count)))
    command = [sys.executable, "-c", READING, str(path), str(Path(__file__).parent)]
    read, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if int(read) != count:
        raise RuntimeError(f"{read} frames of {count} were read")
    return float(peak)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when all bars are cleared (or in a smoke run)."""
    parser = arguments(__doc__)
    parser.add_argument("--frames", type=int, default=10_000, help="length of the stream")
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="a model folder in place of the embedded one")
    options = parser.parse_args(argv)
    rows = growth_rows(options.model, 20 if options.quick else options.frames)
    rows += length_rows(5 if options.quick else 300)
    return report("memory", rows, options)


if __name__ == "__main__":
    sys.exit(main())
