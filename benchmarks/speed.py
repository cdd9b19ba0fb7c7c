"""How fast a face is read: each stage of a tracked frame, first frames, starting up; Haar with the same network beside.

    python benchmarks/speed.py [--quick] [--json FILE|-] [--shared FOLDER] [--model FOLDER]

Medians, one thread, 640 x 480, one face, all in one run. Both detectors read the same frames, a clip at a time in turn,
so that a slow moment of the machine strikes both. The parts of the stages are timed by wrapping the pipeline's own
calls; the wrapping costs some microseconds a frame. Starting times are those of fresh interpreters.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import footage
from _table import ROOT, Row, add_media, arguments, note, report

from mien.media.sources import open_source
from mien.models import DEFAULT_MODEL
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame

TRACKED_MS, FIRST_MS, IMPORT_S, COLD_S = 8.0, 60.0, 0.3, 2.0  # the bars
NOTHING_MS = 0.02  # a stage that took less did not run in that frame
STAGES = ("decode", "mesh", "scan", "tracking", "crop", "expression", "steady")
IMPORTING = "import time; start = time.perf_counter(); import mien; print(time.perf_counter() - start)"

Times = dict[str, list[float]]  # ms of each frame, by stage


class Timer:
    """Adds up the milliseconds spent in wrapped calls; of nested ones, the outer counts."""

    def __init__(self) -> None:
        self.spent_ms: dict[str, float] = defaultdict(float)
        self._is_inside = False

    def wrap(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, timed under the name of a stage."""

        def timed(*args: Any, **keywords: Any) -> Any:
            if self._is_inside:
                return call(*args, **keywords)
            self._is_inside, start = True, time.perf_counter()
            try:
                return call(*args, **keywords)
            finally:
                self._is_inside = False
                self.spent_ms[stage] += (time.perf_counter() - start) * 1000

        return timed

    def take(self) -> dict[str, float]:
        """What was spent since the last time."""
        spent, self.spent_ms = self.spent_ms, defaultdict(float)
        return spent


class TimedClassifier:
    """A classifier whose calls are timed; all else is its own."""

    def __init__(self, classifier: Any, timer: Timer) -> None:
        self._classifier, self._call = classifier, timer.wrap("expression", classifier.__call__)

    def __call__(self, crops: Any) -> Any:
        """Read crops."""
        return self._call(crops)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)


def timed_pipeline(options: PipelineOptions, timer: Timer) -> Pipeline:
    """A pipeline that tells the times of its mesh (following), scan (looking for others) and network (expression)."""
    pipeline: Any = Pipeline(options)
    finder = pipeline.finder
    finder.refit = timer.wrap("mesh", finder.refit)
    finder.check = timer.wrap("scan", finder.check)
    finder.detector.look = timer.wrap("scan", finder.detector.look)
    pipeline.expressions.classifier = TimedClassifier(pipeline.classifier, timer)
    return pipeline  # type: ignore[no-any-return]


def read_clip(pipeline: Pipeline, timer: Timer, clip: Path, frames: int) -> Iterator[dict[str, float]]:
    """Read a clip; ms by stage of each frame after the first, decoding included, and `faces`, how many were seen."""
    pipeline.reset()
    with open_source(clip) as source:
        pictures = iter(source)
        for index in range(frames):
            start = time.perf_counter()
            frame = next(pictures, None)
            decoded = time.perf_counter()
            if frame is None:
                return
            reading = pipeline.read(frame, stream=True)
            spent = {"total": (time.perf_counter() - start) * 1000, "decode": (decoded - start) * 1000, **timer.take()}
            stages = reading.timings_ms
            spent["crop"] = stages.get("crop", 0.0)
            spent["tracking"] = stages["faces"] - spent.get("mesh", 0) - spent.get("scan", 0)
            spent["steady"] = stages.get("expression", 0.0) - spent.get("expression", 0)
            if index:
                yield {**spent, "faces": len(reading.faces)}


def tracked(clip: Path, model: Path, *, frames: int, rounds: int) -> dict[str, Times]:
    """Both detectors over the same frames, in turn."""
    timers = {name: Timer() for name in ("blaze", "haar")}
    pipelines = {name: timed_pipeline(PipelineOptions(detector=name, model=model), timers[name]) for name in timers}
    times: dict[str, Times] = {name: defaultdict(list) for name in timers}
    for round_ in range(rounds):
        for name, pipeline in pipelines.items():
            note(f"round {round_ + 1} of {rounds}, {name}")
            for spent in read_clip(pipeline, timers[name], clip, frames):
                for stage in (*STAGES, "total", "faces"):
                    times[name][stage].append(spent.get(stage, 0.0))
    return times


def tracked_rows(times: dict[str, Times]) -> list[Row]:
    """The stages of a tracked frame, each over the frames in which it ran, Haar's beside them."""
    rows = []
    for stage in (*STAGES, "total"):
        took = {name: np.array(of[stage]) for name, of in times.items()}
        has = {name: values[values > NOTHING_MS] for name, values in took.items()}
        share = len(has["blaze"]) / len(took["blaze"])
        name = f"tracked frame: {stage}" + ("" if share > 0.9 else f" (in {share:.0%} of the frames)")
        beside = {"haar": float(np.median(has["haar"]))} if len(has["haar"]) else {}
        rows.append(
            Row(name, float(np.median(has["blaze"])), "ms", TRACKED_MS if stage == "total" else None, beside=beside)
        )
    mean = {name: float(np.mean(of["total"])) for name, of in times.items()}
    rows.append(Row("tracked frame: total, mean", mean["blaze"], "ms", beside={"haar": mean["haar"]}))
    late, seen = ({name: measure(of) for name, of in times.items()} for measure in (_late, _seen))
    rows.append(Row("tracked frame: total, 95th percentile", late["blaze"], "ms", beside={"haar": late["haar"]}))
    return [*rows, Row("frames with a face found", seen["blaze"], "%", beside={"haar": seen["haar"]})]


def _late(times: Times) -> float:
    return float(np.percentile(times["total"], 95))


def _seen(times: Times) -> float:
    return float(100 * np.mean(np.array(times["faces"]) > 0))


def median_ms(repeats: int, call: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    """Median time of a call, each after `prepare`."""
    taken = []
    for _ in range(repeats):
        prepare()
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return float(np.median(taken))


def single_rows(frame: Frame, model: Path, repeats: int) -> list[Row]:
    """First frames of streams, and stills."""
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    for name in ("blaze", "haar"):
        note(f"first frames and stills, {name}")
        options = PipelineOptions(detector=name, model=model)
        fresh = iter([Pipeline(options) for _ in range(repeats)])
        rows["first frame of a new reader"][name] = median_ms(repeats, lambda: next(fresh).read(frame, stream=True))  # noqa: B023
        pipeline = Pipeline(options)
        first, still = (lambda: pipeline.read(frame, stream=True)), (lambda: pipeline.read(frame))  # noqa: B023
        first()
        rows["first frame of a stream"][name] = median_ms(repeats, first, pipeline.reset)
        rows["a still, with tiles"][name] = median_ms(repeats, still)
        rows["opening a reader"][name] = median_ms(repeats, lambda: Pipeline(options))  # noqa: B023
    bars = {"first frame of a new reader": FIRST_MS, "first frame of a stream": FIRST_MS}
    return [Row(name, of["blaze"], "ms", bars.get(name), beside={"haar": of["haar"]}) for name, of in rows.items()]


def starting_rows(model: Path, repeats: int) -> list[Row]:
    """Fresh interpreters: `import mien`, and `mien read photo.jpg` from the shell's point of view."""
    note("starting")
    imports = [float(_run("-c", IMPORTING)) for _ in range(repeats)]
    read = ("-m", "mien", "read", str(footage.ASTRONAUT), "--model", str(model))
    bare, cold = median_ms(repeats, lambda: _run("-c", "")) / 1000, median_ms(repeats, lambda: _run(*read)) / 1000
    return [
        Row("python alone", bare, "s"),
        Row("import mien", float(np.median(imports)), "s", IMPORT_S),
        Row("mien read photo.jpg, cold", cold, "s", COLD_S),
    ]


def _run(*arguments_: str) -> str:
    return subprocess.run([sys.executable, *arguments_], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when all bars are cleared (or in a smoke run)."""
    parser = arguments(__doc__)
    add_media(parser)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="a model folder in place of the embedded one")
    options = parser.parse_args(argv)
    frames, rounds, repeats = (8, 1, 1) if options.quick else (200, 3, 9)
    with tempfile.TemporaryDirectory() as folder:
        clip = footage.clip_of_one(options.shared, Path(folder), frames=frames)
        rows = tracked_rows(tracked(clip, options.model, frames=frames, rounds=rounds))
        with open_source(clip) as source:
            frame = next(iter(source))
    rows += single_rows(frame, options.model, repeats)
    rows += starting_rows(options.model, repeats)
    return report(f"speed ({clip.name}, one thread)", rows, options)


if __name__ == "__main__":
    sys.exit(main())
