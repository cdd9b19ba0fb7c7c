"""The training loop, from top to bottom: faces in, a checkpoint out.

`fit` runs epochs over the faces in memory; each is augmented on the batch, both heads learn at once (the votes
from their whole distribution, FER2013's classes with smoothed labels), and a moving average of the weights is
what gets judged and kept. It does not know how faces are loaded or how the network is exported.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien import images
from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.learn import augment, checkpoint
from mien.learn.augment import Augmentation
from mien.learn.networks import ExpressionNet
from mien.types import FloatArray


@dataclass(frozen=True)
class TrainOptions:
    """One run. The embedded model had these but for its shortened schedule, bfloat16 and compiling (docs/log.md)."""

    epochs: int = 50
    batch: int = 96
    rate: float = 0.1  # peak learning rate of the one cycle
    decay: float = 5e-4  # weight decay, not on norms and biases
    warm: float = 0.06  # share of the steps in which the rate rises
    calm: float = 0.12  # share of the epochs at the end without mixing
    smoothing: float = 0.1  # of FER2013's labels
    average: float = 0.999  # of the moving average of the weights, a step
    size: int = 48
    widths: tuple[int, ...] = (32, 64, 128, 256)
    seed: int = 0
    threads: int = 2
    half: bool = False  # bfloat16 where it pays: pays on cores with AVX-512 BF16
    compiled: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class EpochLog:
    """What one epoch gave: losses, the share of faces right on the held-out faces, seconds."""

    epoch: int
    loss: float
    held_loss: float
    held_fer2013: float
    held_votes: float
    rate: float
    seconds: float


@dataclass(eq=False)
class Material:
    """The training faces as tensors: `faces` (N, 1, 48, 48) uint8; `placements` (N, 3, 3); targets per head."""

    faces: Tensor
    placements: Tensor
    votes: Tensor  # (N, 10) shares
    has_votes: Tensor  # (N,) 1 where people voted
    fer2013: Tensor  # (N, 7) one-hot

    @classmethod
    def of(cls, faces: FaceSet, keypoints: FloatArray) -> Material:
        """From faces and their keypoints (N, 6, 2), NaN where no mesh was found."""
        votes = torch.from_numpy(faceset.shares(faces.votes))
        return cls(
            torch.from_numpy(faces.pixels)[:, None],
            torch.from_numpy(np.stack([_placement(points, faces.pixels.shape[1]) for points in keypoints])),
            votes,
            (votes.sum(1) > 0).float(),
            F.one_hot(torch.from_numpy(faces.labels), len(faceset.FER2013_LABELS)).float(),
        )


def _placement(points: FloatArray, side: int) -> FloatArray:
    """Where an aligned crop lies in its face: (3, 3), both in coordinates -1..1."""
    if np.isnan(points).any():
        return np.eye(3, dtype=np.float32)
    to_crop = np.vstack([images.crop_matrix(points, side), [0, 0, 1]])
    to_pixels = np.array([[side / 2, 0, side / 2], [0, side / 2, side / 2], [0, 0, 1]])
    return np.asarray(np.linalg.inv(to_pixels) @ np.linalg.inv(to_crop) @ to_pixels, np.float32)


class WeightAverage:
    """A moving average of a network's weights (Polyak and Juditsky 1992), short at first, then long."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self._decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take one step's weights in."""
        self.steps += 1
        keep = min(self._decay, (1 + self.steps) / (10 + self.steps))
        for mine, theirs in zip(self.net.state_dict().values(), net.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs.to(mine.dtype), 1 - keep)
            else:
                mine.copy_(theirs)


def rate_at(step: int, total: int, options: TrainOptions) -> float:
    """The one-cycle schedule: a linear rise, then half a cosine down to nothing."""
    done = step / max(1, total)
    if done < options.warm:
        return options.rate * (0.02 + 0.98 * done / options.warm)
    return options.rate * max(1e-4, (1 + math.cos(math.pi * (done - options.warm) / (1 - options.warm))) / 2)


def loss_of(votes: Tensor, fer2013: Tensor, material: list[Tensor], smoothing: float) -> Tensor:
    """Cross-entropy of both heads: the votes against their shares, the classes against smoothed labels."""
    vote_shares, has_votes, classes = material
    vote_loss = -(vote_shares * F.log_softmax(votes.float(), 1)).sum(1)
    smooth = classes * (1 - smoothing) + smoothing / classes.shape[1]
    class_loss = -(smooth * F.log_softmax(fer2013.float(), 1)).sum(1)
    return (vote_loss * has_votes).sum() / has_votes.sum().clamp(min=1) + class_loss.mean()


@torch.no_grad()
def predict(net: nn.Module, crops: np.ndarray[Any, Any], batch: int = 256) -> tuple[FloatArray, FloatArray]:
    """Shares (N, 10) and probabilities (N, 7) for crops (N, S, S) uint8."""
    net.eval()
    votes, classes = [], []
    for start in range(0, len(crops), batch):
        out = net(torch.from_numpy(crops[start : start + batch]).float()[:, None])
        votes.append(out.votes.softmax(1))
        classes.append(out.fer2013.softmax(1))
    return torch.cat(votes).numpy(), torch.cat(classes).numpy()


class Trainer:
    """One run over given faces; `run` does it, `state` and `resume` make it survive a stop."""

    def __init__(
        self, fit: tuple[FaceSet, FloatArray], held: tuple[FaceSet, FloatArray], options: TrainOptions
    ) -> None:
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.rng = torch.Generator().manual_seed(options.seed)
        self.material = Material.of(*fit)
        self.held, self.held_crops = held[0], align.align(held[0].pixels, held[1], options.size)
        self.net = ExpressionNet(options.widths).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = WeightAverage(self.net, options.average)
        self.optimiser = torch.optim.SGD(_groups(self.net, options.decay), options.rate, momentum=0.9, nesterov=True)
        self.step = 0
        self.logs: list[EpochLog] = []
        self._forward = torch.compile(self.net) if options.compiled else self.net

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training faces."""
        return len(self.material.faces) // self.options.batch

    def run(self, out: Path, *, on_step: Callable[[int, int, float], None] = lambda done, total, loss: None,
            on_epoch: Callable[[EpochLog], None] = lambda log: None) -> None:  # fmt: skip
        """Train to the end of the schedule, keeping `last.pt` and `best.pt` in `out` after every epoch.

        Raises:
            DataError: the loss is no number any more, or a checkpoint cannot be written.
        """
        if not self.steps_per_epoch:
            raise DataError(f"{len(self.material.faces)} training faces are fewer than a batch of {self.options.batch}")
        while len(self.logs) < self.options.epochs:
            began = time.monotonic()
            loss = self._epoch(on_step)
            log = self._judge(loss, time.monotonic() - began)
            best = max(self.logs, key=score_of, default=None)
            self.logs.append(log)
            checkpoint.save(out / "last.pt", self.state())
            if best is None or score_of(log) >= score_of(best):
                checkpoint.save(out / "best.pt", self.state())
            on_epoch(log)

    def _epoch(self, on_step: Callable[[int, int, float], None]) -> float:
        self.net.train()
        order = torch.randperm(len(self.material.faces), generator=self.rng)
        total = self.steps_per_epoch * self.options.epochs
        mixing = len(self.logs) < self.options.epochs * (1 - self.options.calm)
        sum_loss = 0.0
        for number in range(self.steps_per_epoch):
            which = order[number * self.options.batch :][: self.options.batch]
            loss = self._step(*self._batch(which, mixing=mixing), rate_at(self.step, total, self.options))
            if not math.isfinite(loss):
                kept = "; the last good weights are in last.pt" if self.logs else ""
                raise DataError(f"the loss is no number any more: lower the rate{kept}")
            sum_loss += loss
            self.step += 1
            on_step(self.step, total, loss)
        return sum_loss / self.steps_per_epoch

    def _batch(self, which: Tensor, *, mixing: bool) -> tuple[Tensor, list[Tensor]]:
        options, data, rng = self.options.augmentation, self.material, self.rng
        aligned = torch.rand(len(which), generator=rng) < options.aligned
        places = torch.where(aligned[:, None, None], data.placements[which], torch.eye(3))
        views = augment.random_views(len(which), options, rng)
        crops = augment.resample(data.faces[which].float(), places, views, self.options.size)
        crops = augment.augment(crops, options, rng)
        targets = [data.votes[which], data.has_votes[which], data.fer2013[which]]
        if mixing and torch.rand((), generator=rng) < options.mixing:
            crops, targets = augment.mix(crops, targets, rng)
        return crops.contiguous(memory_format=torch.channels_last), targets

    def _step(self, crops: Tensor, targets: list[Tensor], rate: float) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.half):
            out = self._forward(crops)
        loss = loss_of(out.votes, out.fer2013, targets, self.options.smoothing)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.average.update(self.net)
        return float(loss.detach())

    def _judge(self, loss: float, seconds: float) -> EpochLog:
        votes, classes = predict(self.average.net, self.held_crops)
        majority = faceset.majority(self.held.votes)
        agreed = majority >= 0
        truth = torch.from_numpy(faceset.shares(self.held.votes))
        held_loss = float(-(truth * torch.from_numpy(votes).clamp(min=1e-9).log()).sum(1).mean())
        return EpochLog(
            epoch=len(self.logs),
            loss=loss,
            held_loss=held_loss,
            held_fer2013=float((classes.argmax(1) == self.held.labels).mean()),
            held_votes=float((votes[agreed, :8].argmax(1) == majority[agreed]).mean()) if agreed.any() else 0.0,
            rate=self.optimiser.param_groups[0]["lr"],
            seconds=seconds,
        )

    def state(self) -> dict[str, Any]:
        """Everything a later run needs to go on to the same result."""
        return {
            "net": self.net.state_dict(),
            "average": self.average.net.state_dict(),
            "average_steps": self.average.steps,
            "optimiser": self.optimiser.state_dict(),
            "rng": self.rng.get_state(),
            "dropout_rng": torch.get_rng_state(),
            "step": self.step,
            "logs": [asdict(log) for log in self.logs],
            "options": asdict(self.options),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned; DataError where it is of another network or another kind."""
        try:
            self.net.load_state_dict(state["net"])
            self.average.net.load_state_dict(state["average"])
            self.average.steps = state["average_steps"]
            self.optimiser.load_state_dict(state["optimiser"])
            self.rng.set_state(state["rng"])
            torch.set_rng_state(state["dropout_rng"])
            self.step = state["step"]
            self.logs = [EpochLog(**log) for log in state["logs"]]
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise DataError(f"the run cannot be gone on with, its settings differ: {images.one_line(error)}") from error


def score_of(log: EpochLog) -> float:
    """What selects a checkpoint: the mean of both heads' accuracy on the held-out faces."""
    return (log.held_fer2013 + log.held_votes) / 2


def _groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in net.parameters() if p.ndim > 1]
    vectors = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
