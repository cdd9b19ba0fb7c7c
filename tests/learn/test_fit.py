"""The training loop: it learns, it can be stopped and gone on with to the same result, and it says when it fails."""

from __future__ import annotations

import errno
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces
from torch.nn import functional as F

from mien.data import faceset
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.learn import checkpoint, fit
from mien.learn.augment import Augmentation
from mien.learn.fit import Material, Trainer, TrainOptions, WeightAverage
from mien.learn.networks import ExpressionNet
from mien.types import FloatArray

Part = tuple[FaceSet, FloatArray]
PLAIN = Augmentation(**dict.fromkeys(Augmentation.__dataclass_fields__, 0.0))


def part(count: int, seed: int = 0) -> Part:
    return drawn_faces(count, seed=seed), np.full((count, 6, 2), np.nan, np.float32)


def trainer(options: TrainOptions, count: int = 20) -> Trainer:
    return Trainer(part(count), part(6, seed=1), options)


def same_weights(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    states = one.state_dict(), two.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


# --- a run ------------------------------------------------------------------------------------------------------------


def test_a_run_can_be_repeated(options: TrainOptions, tmp_path: Path) -> None:
    first = trainer(options)
    first.run(tmp_path)
    (tmp_path / "second").mkdir()
    second = trainer(options)
    second.run(tmp_path / "second")
    assert same_weights(first.net, second.net)
    assert same_weights(first.average.net, second.average.net)
    assert [replace(log, seconds=0) for log in first.logs] == [replace(log, seconds=0) for log in second.logs]
    assert not same_weights(first.net, trainer(options).net)


def test_going_on_after_a_stop_ends_in_the_same_weights(options: TrainOptions, tmp_path: Path) -> None:
    whole = trainer(options)
    whole.run(tmp_path)
    (tmp_path / "parts").mkdir()

    class Stop(Exception):
        """In place of Ctrl-C."""

    def stop(log: fit.EpochLog) -> None:
        raise Stop

    with pytest.raises(Stop):
        trainer(options).run(tmp_path / "parts", on_epoch=stop)
    torch.manual_seed(99)  # another process begins somewhere else
    rest = trainer(options)
    rest.resume(checkpoint.load(tmp_path / "parts" / "last.pt"))
    assert len(rest.logs) == 1
    rest.run(tmp_path / "parts")
    assert same_weights(rest.net, whole.net)
    assert same_weights(rest.average.net, whole.average.net)
    assert [replace(log, seconds=0) for log in rest.logs] == [replace(log, seconds=0) for log in whole.logs]


def test_a_finished_run_that_is_gone_on_with_does_nothing_more(options: TrainOptions, tmp_path: Path) -> None:
    done = trainer(replace(options, epochs=1))
    done.run(tmp_path)
    again = trainer(replace(options, epochs=1))
    again.resume(checkpoint.load(tmp_path / "last.pt"))
    again.run(tmp_path, on_epoch=lambda log: pytest.fail("an epoch too many"))
    assert same_weights(again.net, done.net)


def test_a_run_of_another_network_is_refused_in_one_line(options: TrainOptions) -> None:
    state = trainer(options).state()
    for other in (trainer(replace(options, widths=(4, 4, 8, 16))), trainer(replace(options, widths=(4, 4, 8)))):
        with pytest.raises(DataError, match="cannot be gone on with") as told:
            other.resume(state)
        assert len(str(told.value).splitlines()) == 1
    with pytest.raises(DataError, match="cannot be gone on with"):
        trainer(options).resume({"net": 3})


def test_few_faces_are_learned_by_heart(options: TrainOptions, tmp_path: Path) -> None:
    # Without augmentation a network of this size must be able to tell eight faces apart.
    eight = part(8)
    settings = replace(options, epochs=30, widths=(8, 8, 16, 16), augmentation=PLAIN, smoothing=0.0, rate=0.1)
    learner = Trainer(eight, eight, settings)
    learner.run(tmp_path)
    assert learner.logs[-1].loss < learner.logs[0].loss - 1
    assert learner.logs[-1].held_fer2013 >= 7 / 8


def test_what_is_kept_best_is_what_the_held_out_faces_liked_best(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.3, 0.6, 0.5, 0.6, 0.1])
    judge = Trainer._judge

    def judged(self: Trainer, loss: float, seconds: float) -> fit.EpochLog:
        score = next(scores)
        return replace(judge(self, loss, seconds), held_fer2013=score, held_votes=score)

    monkeypatch.setattr(Trainer, "_judge", judged)
    trainer(replace(options, epochs=5)).run(tmp_path)
    assert checkpoint.load(tmp_path / "best.pt")["logs"][-1]["epoch"] == 3  # of equals the later one
    assert checkpoint.load(tmp_path / "last.pt")["logs"][-1]["epoch"] == 4


def test_steps_are_told(options: TrainOptions, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    trainer(options).run(tmp_path, on_step=lambda done, total, loss: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


# --- what can go wrong ------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_good_weights(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, seen = Trainer._step, []

    def spoiled(self: Trainer, crops: torch.Tensor, targets: list[torch.Tensor], rate: float) -> float:
        seen.append(rate)
        return step(self, crops * (math.nan if len(seen) > 3 else 1), targets, rate)

    monkeypatch.setattr(Trainer, "_step", spoiled)
    with pytest.raises(DataError, match="the loss is no number any more: lower the rate"):
        trainer(options).run(tmp_path)
    state = checkpoint.load(tmp_path / "last.pt")
    assert len(state["logs"]) == 1
    assert all(torch.isfinite(value).all() for value in state["net"].values())
    assert all(torch.isfinite(value).all() for value in state["average"].values())


def test_a_loss_that_is_no_number_at_once_promises_no_weights(options: TrainOptions, tmp_path: Path) -> None:
    broken = trainer(options)
    with torch.no_grad():
        broken.net.votes.weight.fill_(math.nan)
    with pytest.raises(DataError, match="no number") as told:
        broken.run(tmp_path)
    assert not list(tmp_path.iterdir())
    assert "last.pt" not in str(told.value)


def test_a_full_disk_ends_the_run_in_one_line(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(state: object, file: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DataError, match=r"cannot write the checkpoint .*No space left"):
        trainer(options).run(tmp_path)


def test_fewer_faces_than_a_batch(options: TrainOptions, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="5 training faces are fewer than a batch of 8"):
        trainer(options, count=5).run(tmp_path)


# --- the parts --------------------------------------------------------------------------------------------------------


def test_the_rate_rises_then_falls_to_nothing() -> None:
    options = TrainOptions(rate=0.1, warm=0.1)
    rates = [fit.rate_at(step, 1000, options) for step in range(1001)]
    assert max(rates) == pytest.approx(0.1, rel=1e-3)
    assert np.argmax(rates) == pytest.approx(100, abs=1)
    assert (np.diff(rates[:101]) > 0).all()
    assert (np.diff(rates[101:]) <= 0).all()
    assert 0 < rates[0] <= 0.1 * 0.021
    assert 0 < rates[-1] < 1e-4
    assert fit.rate_at(0, 0, options) > 0


def test_the_average_begins_short_and_becomes_long() -> None:
    net = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        net.weight.fill_(0.0)
    average = WeightAverage(net, 0.9)
    wanted = 0.0
    for step in range(1, 200):
        with torch.no_grad():
            net.weight.fill_(float(step % 7))
        average.update(net)
        keep = min(0.9, (1 + step) / (10 + step))
        wanted = keep * wanted + (1 - keep) * (step % 7)
        assert float(average.net.weight) == pytest.approx(wanted, abs=1e-4)


def test_the_average_follows_the_norms_too() -> None:
    net = ExpressionNet((4, 4, 8, 8))
    average = WeightAverage(net, 0.5)
    net.train()
    for _ in range(60):
        net(torch.full((4, 1, 48, 48), 200.0) + torch.randn(4, 1, 48, 48))
        average.update(net)
    mine, theirs = average.net.state_dict(), net.state_dict()
    assert torch.allclose(mine["stem.1.running_mean"], theirs["stem.1.running_mean"], atol=0.05)
    assert mine["stem.1.num_batches_tracked"] == 60


def test_the_loss_by_hand() -> None:
    torch.manual_seed(0)
    votes, classes = torch.randn(3, 10), torch.randn(3, 7)
    people = torch.from_numpy(faceset.shares(drawn_faces(3).votes))
    people[2] = 0  # nobody voted on the third
    truth = torch.tensor([4, 0, 6])
    found = fit.loss_of(votes, classes, [people, torch.tensor([1.0, 1.0, 0.0]), F.one_hot(truth, 7).float()], 0.1)
    of_votes = -(people[:2] * votes[:2].log_softmax(1)).sum(1).mean()
    of_classes = F.cross_entropy(classes, truth, label_smoothing=0.1)
    assert float(found) == pytest.approx(float(of_votes + of_classes), abs=1e-5)


def test_without_any_votes_the_loss_is_that_of_the_classes() -> None:
    classes = torch.randn(2, 7)
    found = fit.loss_of(torch.randn(2, 10), classes, [torch.zeros(2, 10), torch.zeros(2), torch.eye(7)[:2]], 0.0)
    assert float(found) == pytest.approx(float(F.cross_entropy(classes, torch.tensor([0, 1]))), abs=1e-5)


def test_material_holds_the_labels() -> None:
    faces, nowhere = part(5)
    faces.votes[3] = 0
    material = Material.of(faces, nowhere)
    assert material.has_votes.tolist() == [1, 1, 1, 0, 1]
    assert material.fer2013.argmax(1).tolist() == faces.labels.tolist()
    assert torch.equal(material.placements, torch.eye(3).repeat(5, 1, 1))


def test_weight_decay_spares_norms_and_biases() -> None:
    net = ExpressionNet((4, 4, 8, 8))
    matrices, vectors = fit._groups(net, 0.01)
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.01, 0.0)
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(net.parameters()))
    assert {one.ndim for one in vectors["params"]} == {1}


def test_prediction_is_in_order_whatever_the_batch(net: ExpressionNet) -> None:
    crops = drawn_faces(7).pixels
    one, other = fit.predict(net, crops, batch=3), fit.predict(net, crops)
    assert one[0] == pytest.approx(other[0], abs=1e-5)
    assert one[1] == pytest.approx(other[1], abs=1e-5)
    assert one[0].sum(1) == pytest.approx(1, abs=1e-5)
