"""Teachers that are asked of every view a network is trained on, as it is made: changed, covered and mixed.

A student that sees what its teachers see learns more from them than from one answer to each face (Beyer et al. 2022,
"a good teacher is patient and consistent"). It costs their time at every step, so it is for GPUs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien import models
from mien.data import faceset
from mien.errors import ModelError
from mien.images import DEFAULT_GEOMETRY
from mien.learn import restore
from mien.learn.material import Targets
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.learn.workers import Worker


@dataclass(frozen=True, eq=False)
class _Teacher:
    net: nn.Module
    scale: float  # of its input's side, of the student's
    votes: Tensor | None  # where each of the data's labels stands in its answer
    fer2013: Tensor


class LiveTeachers:
    """Trained networks whose answers are averaged; called with crops (N, 1, S, S) in 0..255, grey.

    Args:
        folders: model folders of ours or of the baselines.
        options: of the student.
        worker: where to compute.

    Raises:
        ModelError: a folder is broken, or its network cannot be asked of such crops.
    """

    def __init__(self, folders: Sequence[Path], options: TrainOptions, worker: Worker) -> None:
        self._worker = worker
        self._teachers = [_opened(folder, options, worker) for folder in folders]
        names = [models.load_card(folder).sha256 for folder in folders]
        self.mark = hashlib.sha256("\n".join(["every view", *names]).encode()).hexdigest()

    @torch.no_grad()
    def __call__(self, crops: Tensor) -> tuple[Tensor, ...]:
        """FER2013's classes (N, 7), and shares of the votes (N, 10) if a teacher has them, in the data's order."""
        votes, classes = [], []
        for teacher in self._teachers:
            seen = crops if teacher.scale == 1 else F.interpolate(crops, scale_factor=teacher.scale, mode="bilinear")
            with self._worker.autocast():
                out = teacher.net(seen)
            classes.append(out.fer2013.float().softmax(1)[:, teacher.fer2013])
            if teacher.votes is not None:
                votes.append(out.votes.float().softmax(1)[:, teacher.votes])
        means = [torch.stack(said).mean(0) for said in (classes, votes) if said]
        return tuple(means)


def blended(targets: Targets, said: Sequence[Tensor], share: float) -> Targets:
    """Targets of which `share` is what teachers said; all of it where a face has no target of its own."""
    classes, *votes = said
    fer2013, fer2013_weight = _blend(targets.fer2013, targets.fer2013_weight, classes, share)
    if not votes:
        return Targets(targets.votes, targets.votes_weight, fer2013, fer2013_weight)
    return Targets(*_blend(targets.votes, targets.votes_weight, votes[0], share), fer2013, fer2013_weight)


def _blend(own: Tensor, weight: Tensor, said: Tensor, share: float) -> tuple[Tensor, Tensor]:
    is_known = weight > 0
    both = torch.where(is_known[:, None], torch.lerp(own, said, share), said)
    return both, torch.where(is_known, weight, torch.ones_like(weight))


def _opened(folder: Path, options: TrainOptions, worker: Worker) -> _Teacher:
    card = models.load_card(folder)
    if dict(card.crop) != DEFAULT_GEOMETRY.to_dict():
        raise ModelError(f"{folder} cannot teach every view: its faces are cut in another way")
    net = restore.load_network(folder)
    if not isinstance(net, ExpressionNet) and options.window:
        raise ModelError(f"{folder} cannot teach every view: it sees whole faces, not windows")
    net = net.to(worker.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return _Teacher(
        net.requires_grad_(False),
        card.input_size / options.input,
        _places(card.votes, faceset.VOTE_LABELS, worker) if card.votes else None,
        _places(card.fer2013, faceset.FER2013_LABELS, worker),
    )


def _places(mine: Sequence[str], theirs: Sequence[str], worker: Worker) -> Tensor:
    return torch.tensor([mine.index(label) for label in theirs], device=worker.device)
