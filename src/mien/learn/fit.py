"""The training loop, from top to bottom: faces in, a checkpoint out.

`Trainer.run` goes over the faces in memory, epoch by epoch; each batch is cut, changed and mixed, all heads learn at
once from distributions, and a moving average of the weights is what gets judged and kept. It does not know how faces
are loaded or how the network is exported; `material.py` makes the targets, `schedule.py` the rate, `judging.py` the
scores, `workers.py` divides a batch among processes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mien.data import align
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.learn import augment, checkpoint, live_teacher, registry, resuming, schedule
from mien.learn.graphs import Graphed
from mien.learn.judging import EpochLog, Held, loss_of, score_of
from mien.learn.live_teacher import LiveTeachers
from mien.learn.material import Material, Targets, Taught, fingerprint
from mien.learn.options import TrainOptions
from mien.learn.schedule import WeightAverage
from mien.learn.sharpness import sharp_gradients
from mien.learn.workers import Alone, Worker
from mien.types import FloatArray

Part = tuple[FaceSet, FloatArray]  # faces and their keypoints (N, 6, 2)
MOST_GRADIENT = 5.0  # length to which gradients are cut
BETWEEN_LOOKS = 20  # steps: to look at a loss, one waits for the GPU


class Trainer:
    """One run over given faces; `run` does it, `state` and `resume` make it survive a stop.

    Args:
        fit: the faces to learn from, with their keypoints.
        held: those that select the checkpoint.
        options: of the run.
        taught: what teachers say of the faces to learn from.
        teachers: those who are asked of every view instead.
        worker: where to compute.
    """

    def __init__(
        self,
        fit: Part,
        held: Part,
        *,
        options: TrainOptions,
        taught: Taught | None = None,
        teachers: LiveTeachers | None = None,
        worker: Worker | None = None,
    ) -> None:
        self.worker = worker or Alone(half=options.half)
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.rng = torch.Generator(self.worker.device).manual_seed(options.seed)
        teaching = taught or teachers
        self.data = resuming.DataMark(fingerprint(*fit), fingerprint(*held), teaching.mark if teaching else "")
        self.material = Material.of(*fit, options, taught=taught).to(self.worker.device)
        self.held = Held(held[0], align.align(held[0].pixels, held[1], options.input))
        self._order = registry.memory_order(options)
        net = registry.build(options).to(memory_format=self._order)  # type: ignore[call-overload]
        self.average = WeightAverage(net.to(self.worker.device), options.average)
        self.net, self._forward = self.worker.prepare(net)
        self.optimiser = torch.optim.SGD(_groups(self.net, options.decay), options.rate, momentum=0.9, nesterov=True)
        self.step = 0
        self.logs: list[EpochLog] = []
        if options.compiled:
            self._forward = torch.compile(self._forward)  # type: ignore[assignment]
        is_lone_gpu = self.worker.device.type == "cuda" and self.worker.world == 1
        self._learn = Graphed(self._gradients) if is_lone_gpu else self._gradients
        self._ask = Graphed(teachers) if teachers and is_lone_gpu else teachers

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training faces."""
        return len(self.material) // self.options.batch

    @property
    def is_done(self) -> bool:
        """Whether the schedule is at its end."""
        return len(self.logs) >= self.options.epochs

    def begin_from(self, weights: dict[str, Tensor]) -> None:
        """Begin with given weights in place of drawn ones; DataError where they are of another network."""
        try:
            self.net.load_state_dict(weights)
        except RuntimeError as error:
            raise DataError("the weights to begin from are of another network: give its --network, --size and "
                            "--input, or its --widths and --depth") from error  # fmt: skip
        self.average.net.load_state_dict(self.net.state_dict())

    def run(self, out: Path, *, on_step: Callable[[int, int, float], None] = lambda done, total, loss: None,
            on_epoch: Callable[[EpochLog], None] = lambda log: None) -> None:  # fmt: skip
        """Train to the end of the schedule, keeping `last.pt` and `best.pt` in `out` after every epoch.

        Raises:
            DataError: the loss is no number any more, or a checkpoint cannot be written.
        """
        if not self.steps_per_epoch:
            raise DataError(f"{len(self.material)} training faces are fewer than a batch of {self.options.batch}")
        while not self.is_done:
            began = time.monotonic()
            loss = self._epoch(on_step)
            log = EpochLog(
                epoch=len(self.logs),
                loss=loss,
                rate=self.optimiser.param_groups[0]["lr"],
                seconds=time.monotonic() - began,
                **self.held.judge(self.average.net),
            )
            self._check_number(log.held_loss)
            self.logs.append(log)
            self._keep(out)
            on_epoch(log)

    def _keep(self, out: Path) -> None:
        if not self.worker.is_main:
            return
        *earlier, log = self.logs
        if all(score_of(log) >= score_of(one) for one in earlier):
            checkpoint.save(out / "best.pt", self.state())
        checkpoint.save(out / "last.pt", self.state())  # after the best: if that fails, the epoch is done again

    def _check_number(self, loss: float) -> None:
        if not math.isfinite(loss):
            kept = "; the last good weights are in last.pt" if self.logs else ""
            raise DataError(f"the loss is no number any more: lower the rate{kept}")

    def _epoch(self, on_step: Callable[[int, int, float], None]) -> float:
        self.net.train()
        self._part_dropout()
        order = torch.randperm(len(self.material), generator=self.rng, device=self.rng.device)
        total = self.steps_per_epoch * self.options.epochs
        losses: list[Tensor] = []
        for number in range(self.steps_per_epoch):
            which = order[number * self.options.batch :][: self.options.batch]
            losses.append(self._step(*self._batch(which), schedule.rate_at(self.step, total, self.options)))
            self.step += 1
            if number % BETWEEN_LOOKS == 0:
                seen = float(losses[-1])
                self._check_number(seen)
            on_step(self.step, total, seen)
        mean = float(torch.stack(losses).mean())
        self._check_number(mean)
        return mean

    def _part_dropout(self) -> None:
        """Let each further process drop other units than the main one does; by epochs, so that a run can be resumed."""
        if self.worker.rank:
            torch.manual_seed(self.options.seed + 7919 * self.worker.rank + 104_729 * len(self.logs))

    def _batch(self, which: Tensor) -> tuple[Tensor, Targets]:
        """Crops and targets of some faces: placed, changed, and mixed but in the last epochs."""
        options, data, rng, epoch = self.options.augmentation, self.material, self.rng, len(self.logs)
        side = schedule.side_at(epoch, self.options)
        aligned = torch.rand(len(which), generator=rng, device=rng.device) < options.aligned
        places = torch.where(aligned[:, None, None], data.placements[which], torch.eye(3, device=rng.device))
        views = augment.random_views(len(which), options, rng, window=side / self.options.input)
        crops = augment.resample(data.faces[which].float(), places, views, side)
        crops = augment.augment(crops, options, rng)
        targets = data.targets.take(which)
        if epoch < self.options.epochs * (1 - self.options.calm):
            crops, mixed = augment.mix(crops, targets.by_head(), rng, chance=options.mixing)
            targets = Targets(*mixed[0], *mixed[1])
        if self._ask is not None:
            targets = live_teacher.blended(targets, self._ask(crops), self.options.teach)
        return crops.contiguous(memory_format=self._order), targets

    def _step(self, crops: Tensor, targets: Targets, rate: float) -> Tensor:
        """One step of the optimiser; the mean loss of the batch over all processes."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        (loss,) = self._learn(crops, *targets.tensors())
        nn.utils.clip_grad_norm_(self.net.parameters(), MOST_GRADIENT)
        self.optimiser.step()
        self.average.update(self.net)
        return self.worker.mean(loss)

    def _gradients(self, crops: Tensor, *of_targets: Tensor) -> tuple[Tensor]:
        """Leave the gradients of a batch in the network; this process's share of the loss."""
        targets = Targets(*of_targets)
        mine = slice(self.worker.rank, None, self.worker.world)
        share = 1 / self.worker.world  # gradients are averaged over the processes, so each divides by its share
        counts = targets.votes_weight.sum() * share, targets.fer2013_weight.sum() * share

        def backward() -> Tensor:
            with self.worker.autocast():
                out = self._forward(crops[mine])
            loss = loss_of(out, targets.take(mine), counts)
            self.optimiser.zero_grad(set_to_none=True)  # not before the forward pass: on CPUs that costs a tenth
            self.worker.backward(loss)
            return loss

        loss = sharp_gradients(self.net, self.options.sam, backward) if self.options.sam else backward()
        return (loss.detach(),)

    def state(self) -> dict[str, Any]:
        """Everything a later run needs to go on to the same result."""
        return {
            "net": self.net.state_dict(),
            "average": self.average.net.state_dict(),
            "average_steps": self.average.steps,
            "optimiser": self.optimiser.state_dict(),
            "rng": self.rng.get_state(),
            "dropout_rng": resuming.dropout_state(self.worker.device),
            "step": self.step,
            "logs": [asdict(log) for log in self.logs],
            "options": asdict(self.options),
            "data": tuple(self.data),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned.

        Raises:
            DataError: it is of other data, other options or another kind; the run may only have been made longer,
                and only before its rate falls.
        """
        resuming.check(state, self.options, self.data)
        try:
            self.net.load_state_dict(state["net"])
            self.average.net.load_state_dict(state["average"])
            self.average.steps = state["average_steps"]
            self.optimiser.load_state_dict(state["optimiser"])
            self.rng.set_state(state["rng"])
            resuming.set_dropout_state(state["dropout_rng"], self.worker.device)
            self.step = state["step"]
            self.logs = [EpochLog(**log) for log in state["logs"]]
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise resuming.refusal(error) from error


def _groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in net.parameters() if p.ndim > 1]
    vectors = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
