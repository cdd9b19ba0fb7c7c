"""A whole training run: labelled faces in, a model folder out. `mien train` shows it.

`train` says what happens in which order: the faces are loaded, aligned and divided; teachers are asked; the network is
fitted; the best checkpoint is exported and judged. `train_seeds` does the same several times over the same faces.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mien.errors import DataError, UsageError
from mien.files import written_whole
from mien.learn import checkpoint, prepare, records, registry, start, summary, teacher, workers
from mien.learn.finish import finish, is_finished, write_card
from mien.learn.fit import Trainer
from mien.learn.judging import EpochLog
from mien.learn.live_teacher import LiveTeachers
from mien.learn.material import Taught
from mien.learn.options import TrainOptions
from mien.learn.prepare import Divided
from mien.learn.records import Records
from mien.learn.watching import Watcher
from mien.learn.workers import Worker
from mien.models import ModelCard, load_card
from mien.report.curves import draw_runs

__all__ = ["Job", "finish", "train", "train_seeds", "write_card"]


@dataclass(frozen=True)
class Job:
    """What to train on, where to write, and what to begin from.

    `data`, `votes` and `layout` are those of `data.load.load_faces`; without votes each label counts as ten. `out` is
    made if missing; a run that is there is gone on with if `resume`, else refused. `teachers` are model folders;
    `start` is a model folder, a run's folder or a checkpoint.
    """

    data: Path
    votes: Path | None
    out: Path
    layout: str | None = None
    teachers: tuple[Path, ...] = ()
    start: Path | None = None
    resume: bool = False


@dataclass(frozen=True, eq=False)
class _Ready:
    """What is the same for all runs of a job: the faces, what teachers say of them, and where to compute."""

    divided: Divided
    taught: Taught | None
    teachers: LiveTeachers | None
    worker: Worker


def train(job: Job, options: TrainOptions, watcher: Watcher | None = None) -> ModelCard | None:
    """Train a network and write the model folder `job.out` (model.onnx, card.json; the run's own files beside them).

    Returns:
        The card; None in all processes but the main one.

    Raises:
        DataError: data, folder or training went wrong; what was reached lies in `last.pt`.
        ModelError: a teacher, or the model to start from, is broken.
        UsageError: there is no such network.
    """
    watcher = watcher or Watcher()
    ready = _prepare(job, options, watcher)
    _fit(ready, job, options, watcher)
    return finish(ready.divided, job.out, watcher=watcher) if ready.worker.is_main else None


def train_seeds(
    job: Job, options: TrainOptions, seeds: Sequence[int], watcher: Watcher | None = None
) -> summary.Summary | None:
    """Train once for each seed, in `seed-N` below `job.out`; the best by its held-out faces becomes the model there.

    With `job.resume`, runs that are done are left alone, one that was stopped is gone on with.

    Returns:
        What came out, with mean and spread; it is in summary.json too. None in all processes but the main one.

    Raises:
        As `train`.
    """
    watcher = watcher or Watcher()
    ready = _prepare(job, options, watcher, several=True)
    for number, seed in enumerate(seeds):
        watcher.seed(number + 1, len(seeds), seed)
        out = job.out / f"seed-{seed}"
        one = replace(job, out=out, resume=job.resume and (out / "last.pt").is_file())
        _make_folder(out, resume=one.resume)
        is_new = _fit(ready, one, replace(options, seed=seed), watcher)
        if ready.worker.is_main and (is_new or not is_finished(out)):
            finish(ready.divided, out, watcher=watcher)
    return _summarise(job.out, seeds) if ready.worker.is_main else None


def _prepare(job: Job, options: TrainOptions, watcher: Watcher, *, several: bool = False) -> _Ready:
    registry.check(options)  # what can be seen at once is said before minutes of work
    if options.every_view and not job.teachers:
        raise UsageError("--every-view asks teachers: name at least one with --teacher")
    teacher.check(job.teachers)
    if job.start is not None:
        start.check(job.start)
    worker = workers.find(options)
    if worker.is_main:
        _make_folder(job.out, resume=job.resume, several=several)
    with worker.main_first():  # the others take what it has kept
        divided = prepare.load(job.data, job.votes, out=job.out, layout=job.layout, size=options.input, watcher=watcher)
        taught = teacher.ask(
            () if options.every_view else job.teachers,
            divided.part(divided.fit),
            job.out / "teacher.npz",
            threads=options.threads,
            watcher=watcher,
        )
    teachers = LiveTeachers(job.teachers, options, worker) if options.every_view else None
    return _Ready(divided, taught, teachers, worker)


def _make_folder(out: Path, *, resume: bool, several: bool = False) -> None:
    holds_run = (out / "last.pt").exists() or any(out.glob("seed-*/last.pt"))
    if resume and not holds_run:
        raise DataError(f"{out} holds no run to go on with (no last.pt)")
    if not resume and holds_run:
        raise DataError(f"{out} holds a run already: add --resume to go on with it, or name another folder")
    if holds_run and several == (out / "last.pt").exists():
        raise DataError(f"{out} holds " + ("one run, not one for each seed" if several else "runs of several seeds")
                        + ": name another folder")  # fmt: skip
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {out}: {error.strerror}") from error


def _fit(ready: _Ready, job: Job, options: TrainOptions, watcher: Watcher) -> bool:
    """Run the epochs that are left; whether there were any."""
    divided = ready.divided
    fit, held = divided.part(divided.fit), divided.part(divided.held)
    trainer = Trainer(fit, held, options=options, taught=ready.taught, teachers=ready.teachers, worker=ready.worker)
    if job.resume:
        trainer.resume(checkpoint.load(job.out / "last.pt"))
    elif job.start is not None:
        trainer.begin_from(start.weights_of(job.start, trainer.held.crops))
    if trainer.is_done:
        return False
    if not ready.worker.is_main:
        trainer.run(job.out)
        return True
    progress = watcher.stage("training")
    with Records(job.out, _config(job, options, divided), done=len(trainer.logs)) as written:

        def on_step(done: int, total: int, loss: float) -> None:
            progress(done, total)
            watcher.step(done, total, loss)

        def on_epoch(log: EpochLog) -> None:
            written.epoch(trainer.logs)
            watcher.epoch(trainer.logs)

        trainer.run(job.out, on_step=on_step, on_epoch=on_epoch)
    return True


def _config(job: Job, options: TrainOptions, divided: Divided) -> dict[str, Any]:
    faces = {name: len(getattr(divided, name)) for name in ("fit", "held", "validation")}
    return {**asdict(job), "options": asdict(options), "faces": faces}


def _summarise(out: Path, seeds: Sequence[int]) -> summary.Summary:
    """Compare the runs; the best one's network and card are copied to the top, beside the curves of all."""
    found = summary.summarise({seed: load_card(out / f"seed-{seed}") for seed in seeds})
    for name in ("model.onnx", "card.json"):
        with written_whole(out / name) as partial:
            shutil.copyfile(out / f"seed-{found.best}" / name, partial)
    draw_runs([records.read_log(out / f"seed-{seed}") for seed in seeds], out / "curves.png")
    summary.write(found, out / "summary.json")
    return found
