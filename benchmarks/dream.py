"""Dreams: seconds for all seven classes, on the default model and on a large baseline; a step of the largest.

    python benchmarks/dream.py [--data fer2013.csv] [--quick] [--json FILE|-]

Each number is the median of three runs (of one in a smoke run), with as many threads as PyTorch takes; nothing else
should run. With `--data`, the contrast and the fall of the spectrum of Training faces too: the numbers in
`explain/dream/parameterisations.py`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _table import Row, arguments, note, report

from mien.data.fer2013 import load_fer2013
from mien.explain.dream import DreamOptions, Label, dream, dream_all
from mien.explain.subject import Subject, open_subject

MOST_S = 60.0  # the bar, on two idle cores
HEAD = "fer2013"
STEPS_OF_LARGEST = 3


def all_classes(place: str, options: DreamOptions, times: int) -> Row:
    """Seconds for a dream of each class."""
    note(f"all classes of {place}")
    subject = open_subject(place)
    taken = [_seconds(subject, options) for _ in range(times)]
    return Row(f"all seven classes, {place}, {options.steps} steps", median(taken), "s", MOST_S)


def _seconds(subject: Subject, options: DreamOptions) -> float:
    begun = time.perf_counter()
    dream_all(subject, HEAD, options=options)
    return time.perf_counter() - begun


def largest(times: int) -> Row:
    """Seconds for a step of one dream on the largest baseline."""
    note("a step of final")
    subject, options = open_subject("final"), DreamOptions(steps=STEPS_OF_LARGEST, octaves=1)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        dream(subject, Label("happy", HEAD), options=options)
        taken.append((time.perf_counter() - begun) / STEPS_OF_LARGEST)
    return Row("a step of one dream, final (64 M weights)", median(taken), "s")


def spectrum(data: Path) -> list[Row]:
    """Of the logits of Training faces: spread within a face, and the power with which the mean amplitude falls."""
    grey = load_fer2013(data, only="Training").pixels.astype(np.float32)
    logits = np.log((grey + 0.5) / (255.5 - grey)).clip(-4, 4)  # a few black and white pixels should not decide
    logits -= logits.mean((1, 2), keepdims=True)
    side = logits.shape[1]
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.mean([np.abs(np.fft.rfft2(one * window)) ** 2 for one in logits], 0)
    waves = np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.rfftfreq(side, 1 / side)).round().astype(int)
    known = np.arange(2, side // 2 + 1)  # below 2 the window itself shows
    amplitudes = np.sqrt([power[waves == one].mean() for one in known])
    slope = np.polyfit(np.log(known), np.log(amplitudes), 1)[0]
    return [Row("contrast of a face, logits", float(logits.std()), ""), Row("power of the fall", float(-slope), "")]


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when all bars are cleared (or in a smoke run)."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FILE", help="fer2013.csv: measure the spectrum of faces too")
    options = parser.parse_args(argv)
    settings, times = (DreamOptions(steps=2), 1) if options.quick else (DreamOptions(), 3)
    rows = [all_classes("default", settings, times)]
    if not options.quick:
        rows += [all_classes("final/4", settings, times), largest(times)]
    if options.data:
        rows += spectrum(options.data)
    return report("dreams", rows, options)


if __name__ == "__main__":
    sys.exit(main())
