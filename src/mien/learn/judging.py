"""The loss of a batch, and what a network is worth on the held-out faces: accuracies, recalls, one number that selects.

Networks with one head and networks with two are judged alike: what a head lacks is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from mien.data import faceset
from mien.data.faceset import EXPRESSIONS, FER2013_LABELS, FaceSet
from mien.learn.material import Targets, one_hot
from mien.learn.networks import Outputs
from mien.types import FloatArray


@dataclass(frozen=True)
class EpochLog:
    """What one epoch gave: losses, the share of faces right on the held-out faces, seconds.

    `held_fer2013` and `held_votes` are None where the network or the faces lack that head; `recalls` has, by head, the
    share of each label's held-out faces that were found.
    """

    epoch: int
    loss: float
    held_loss: float
    held_fer2013: float | None
    held_votes: float | None
    rate: float
    seconds: float
    recalls: dict[str, dict[str, float]] = field(default_factory=dict)


def score_of(log: EpochLog) -> float:
    """What selects a checkpoint, the more the better: the loss on the held-out faces, which chance moves least."""
    return -log.held_loss


def loss_of(out: Outputs, targets: Targets, counts: tuple[float | Tensor, float | Tensor] | None = None) -> Tensor:
    """Cross-entropy of the heads against their shares, summed over the heads, each a mean weighted by the faces.

    Args:
        out: logits of a batch.
        targets: of the same faces.
        counts: what to divide by for votes and fer2013; the faces' weights in all where it is None.
    """
    by_votes, by_class = counts or (targets.votes_weight.sum(), targets.fer2013_weight.sum())
    class_loss = -(targets.fer2013 * F.log_softmax(out.fer2013.float(), 1)).sum(1)
    loss = _mean(class_loss, targets.fer2013_weight, by_class)
    if out.votes is not None:
        vote_loss = -(targets.votes * F.log_softmax(out.votes.float(), 1)).sum(1)
        loss = _mean(vote_loss, targets.votes_weight, by_votes) + loss
    return loss


def _mean(losses: Tensor, weights: Tensor, count: float | Tensor) -> Tensor:
    return (losses * weights).sum() / torch.as_tensor(count).clamp(min=1e-6)


@torch.no_grad()
def predict(net: nn.Module, crops: NDArray[Any], batch: int = 256) -> tuple[FloatArray | None, FloatArray]:
    """Shares (N, 10), None of a network without that head, and probabilities (N, 7) for crops (N, S, S) uint8."""
    net.eval()
    device = next(net.parameters()).device
    votes, classes = [], []
    for start in range(0, len(crops), batch):
        out = net(torch.from_numpy(crops[start : start + batch]).to(device).float()[:, None])
        if out.votes is not None:
            votes.append(out.votes.softmax(1).cpu())
        classes.append(out.fer2013.softmax(1).cpu())
    return torch.cat(votes).numpy() if votes else None, torch.cat(classes).numpy()


@dataclass(frozen=True, eq=False)
class Held:
    """The faces that select checkpoints, and their crops (N, S, S) uint8."""

    faces: FaceSet
    crops: NDArray[np.uint8]

    def judge(self, net: nn.Module) -> dict[str, Any]:
        """The fields of an `EpochLog` that the held-out faces give."""
        votes, classes = predict(net, self.crops)
        labels = np.where(self.faces.labels < len(FER2013_LABELS), self.faces.labels, -1)
        loss, right, recalls = 0.0, {}, {}
        right["fer2013"], recalls["fer2013"] = _compare(labels, classes.argmax(1), FER2013_LABELS)
        if votes is None:
            loss = _cross_entropy(one_hot(self.faces)[0].numpy(), classes)
        else:
            loss = _cross_entropy(faceset.shares(self.faces.votes), votes)
            majority = faceset.majority(self.faces.votes)
            said = votes[:, : len(EXPRESSIONS)].argmax(1)
            right["votes"], recalls["votes"] = _compare(majority, said, EXPRESSIONS)
        return {
            "held_loss": loss,
            "held_fer2013": right["fer2013"],
            "held_votes": right.get("votes"),
            "recalls": {head: recall for head, recall in recalls.items() if recall},
        }


def _cross_entropy(truth: FloatArray, said: FloatArray) -> float:
    return float(-(torch.from_numpy(truth) * torch.from_numpy(said).clamp(min=1e-9).log()).sum(1).mean())


def _compare(
    truth: NDArray[np.int64], said: NDArray[np.int64], labels: Sequence[str]
) -> tuple[float | None, dict[str, float]]:
    """Accuracy over the faces that have a label (>= 0), and each label's recall; None and {} where no face has one."""
    known = truth >= 0
    if not known.any():
        return None, {}
    right = said[known] == truth[known]
    of_label = {label: right[truth[known] == index] for index, label in enumerate(labels)}
    return float(right.mean()), {label: round(float(one.mean()), 4) for label, one in of_label.items() if len(one)}
