"""The loss by hand, and what the held-out faces say of a network: with both heads, with one, without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from face_sets import drawn_faces
from sklearn.metrics import recall_score
from torch import nn
from torch.nn import functional as F

from mien.data import faceset
from mien.learn import judging
from mien.learn.judging import EpochLog, Held, loss_of, score_of
from mien.learn.material import Targets, targets_of
from mien.learn.networks import ExpressionNet, Outputs
from mien.learn.options import TrainOptions


def outputs(count: int, *, votes: bool = True) -> Outputs:
    rng = torch.Generator().manual_seed(0)
    heads = torch.randn(count, 10, generator=rng), torch.randn(count, 7, generator=rng)
    return Outputs(heads[0] if votes else None, heads[1], torch.zeros(count, 1, 1, 1))


def targets(votes: torch.Tensor, truth: torch.Tensor, smoothing: float = 0.0) -> Targets:
    classes = F.one_hot(truth, 7) * (1 - smoothing) + smoothing / 7
    return Targets(votes, (votes.sum(1) > 0).float(), classes, torch.ones(len(truth)))


# --- the loss ---------------------------------------------------------------------------------------------------------


def test_the_loss_by_hand() -> None:
    out = outputs(3)
    people = torch.from_numpy(faceset.shares(drawn_faces(3).votes))
    people[2] = 0  # nobody voted on the third
    truth = torch.tensor([4, 0, 6])
    assert out.votes is not None
    of_votes = -(people[:2] * out.votes[:2].log_softmax(1)).sum(1).mean()
    of_classes = F.cross_entropy(out.fer2013, truth, label_smoothing=0.1)
    found = loss_of(out, targets(people, truth, smoothing=0.1))
    assert float(found) == pytest.approx(float(of_votes + of_classes), abs=1e-5)


@pytest.mark.parametrize("votes", [True, False])
def test_without_any_votes_the_loss_is_that_of_the_classes(votes: bool) -> None:
    out, truth = outputs(2, votes=votes), torch.tensor([0, 1])
    found = loss_of(out, targets(torch.zeros(2, 10), truth))
    assert float(found) == pytest.approx(float(F.cross_entropy(out.fer2013, truth)), abs=1e-5)


def test_faces_count_as_their_weights_say() -> None:
    out, truth = outputs(3, votes=False), torch.tensor([2, 1, 5])
    weighed = replace(targets(torch.zeros(3, 10), truth), fer2013_weight=torch.tensor([2.0, 0.0, 1.0]))
    each = F.cross_entropy(out.fer2013, truth, reduction="none")
    assert float(loss_of(out, weighed)) == pytest.approx(float((2 * each[0] + each[2]) / 3), abs=1e-5)


def test_shares_of_a_batch_average_to_the_whole() -> None:
    out, faces = outputs(9), drawn_faces(9)
    faces.votes[[0, 3]] = 0
    wanted = targets_of(faces, TrainOptions(balance=0.5))
    counts = wanted.votes_weight.sum() / 2, wanted.fer2013_weight.sum() / 2
    assert out.votes is not None
    parts = [loss_of(Outputs(out.votes[k::2], out.fer2013[k::2], out.features), wanted.take(slice(k, None, 2)), counts)
             for k in (0, 1)]  # fmt: skip
    assert float(sum(parts)) / 2 == pytest.approx(float(loss_of(out, wanted)), abs=1e-5)


# --- held-out faces ---------------------------------------------------------------------------------------------------


class Fixed(nn.Module):
    """Answers with the same logits for every crop, or by the crop's brightness."""

    def __init__(self, answer: Callable[[torch.Tensor], Outputs]) -> None:
        super().__init__()
        self.answer, self.weight = answer, nn.Parameter(torch.zeros(1))

    def forward(self, crops: torch.Tensor) -> Outputs:
        return self.answer(crops)


def by_brightness(crops: torch.Tensor) -> Outputs:
    step = (crops.mean((1, 2, 3)) / 32).long()
    votes, classes = F.one_hot(step.clamp(0, 9), 10), F.one_hot(step.clamp(0, 6), 7)
    return Outputs(votes * 5.0, classes * 5.0, crops)


def test_accuracies_and_recalls_are_those_of_scikit_learn() -> None:
    faces = drawn_faces(60)
    found = Held(faces, faces.pixels).judge(Fixed(by_brightness))
    step = (faces.pixels.astype(np.float32).mean((1, 2)) / 32).astype(int)
    said = {"fer2013": step.clip(0, 6), "votes": step.clip(0, 7)}
    truth = {"fer2013": faces.labels, "votes": faceset.majority(faces.votes)}
    for head, names in (("fer2013", faceset.FER2013_LABELS), ("votes", faceset.EXPRESSIONS)):
        known = truth[head] >= 0
        assert found[f"held_{head}"] == pytest.approx((said[head] == truth[head])[known].mean())
        there = sorted(set(truth[head][known]))
        wanted = recall_score(truth[head][known], said[head][known], labels=there, average=None, zero_division=0)
        assert [found["recalls"][head][names[label]] for label in there] == pytest.approx(wanted, abs=1e-4)
        assert len(found["recalls"][head]) == len(there)


def test_a_network_with_one_head() -> None:
    faces = drawn_faces(8)
    found = Held(faces, faces.pixels).judge(Fixed(lambda crops: Outputs(None, torch.zeros(len(crops), 7), crops)))
    assert found["held_votes"] is None and "votes" not in found["recalls"]
    assert found["held_loss"] == pytest.approx(np.log(7), rel=1e-5)


def test_faces_without_labels_or_votes() -> None:
    faces = drawn_faces(8)
    faces.labels[:] = -1
    faces.votes[:] = 0
    found = Held(faces, faces.pixels).judge(Fixed(by_brightness))
    assert (found["held_fer2013"], found["held_votes"], found["recalls"]) == (None, None, {})


def test_what_selects_is_the_loss_on_the_held_out_faces() -> None:
    log = EpochLog(0, 1.0, 2.0, 0.6, 0.8, 0.1, 1.0)
    assert score_of(log) == -2.0
    assert score_of(replace(log, held_loss=1.9, held_votes=0.1)) > score_of(log)


def test_prediction_is_in_order_whatever_the_batch(net: ExpressionNet) -> None:
    crops = drawn_faces(7).pixels
    one, other = judging.predict(net, crops, batch=3), judging.predict(net, crops)
    assert one[0] is not None
    assert one[0] == pytest.approx(other[0], abs=1e-5)
    assert one[1] == pytest.approx(other[1], abs=1e-5)
    assert one[0].sum(1) == pytest.approx(1, abs=1e-5)
