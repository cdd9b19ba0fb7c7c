"""The training loop: it learns, it can be stopped and gone on with to the same result, and it says when it fails."""

from __future__ import annotations

import errno
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from face_sets import drawn_faces

from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.learn import checkpoint, fit, registry
from mien.learn.fit import Trainer
from mien.learn.judging import EpochLog, Held
from mien.learn.material import Targets, Taught
from mien.learn.networks import ExpressionNet
from mien.learn.options import Augmentation, TrainOptions
from mien.learn.workers import Alone
from mien.types import FloatArray

Part = tuple[FaceSet, FloatArray]
PLAIN = Augmentation(**dict.fromkeys(Augmentation.__dataclass_fields__, 0.0))


def part(count: int, seed: int = 0) -> Part:
    return drawn_faces(count, seed=seed), np.full((count, 6, 2), np.nan, np.float32)


def trainer(options: TrainOptions, count: int = 20, **more: Any) -> Trainer:
    return Trainer(part(count), part(6, seed=1), options=options, **more)


def same_weights(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    states = one.state_dict(), two.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def timeless(logs: list[EpochLog]) -> list[EpochLog]:
    return [replace(log, seconds=0) for log in logs]


class Stop(Exception):
    """In place of Ctrl-C."""


def run_until(one: Trainer, out: Path, epochs: int) -> None:
    """Stop after so many epochs, as Ctrl-C does."""

    def stop(log: EpochLog) -> None:
        if log.epoch + 1 == epochs:
            raise Stop

    with pytest.raises(Stop):
        one.run(out, on_epoch=stop)


# --- a run ------------------------------------------------------------------------------------------------------------


def test_a_run_can_be_repeated(options: TrainOptions, tmp_path: Path) -> None:
    first = trainer(options)
    first.run(tmp_path)
    (tmp_path / "second").mkdir()
    second = trainer(options)
    second.run(tmp_path / "second")
    assert same_weights(first.net, second.net)
    assert same_weights(first.average.net, second.average.net)
    assert timeless(first.logs) == timeless(second.logs)
    assert not same_weights(first.net, trainer(options).net)


@pytest.mark.parametrize("more", [{}, {"window": 20, "fall": 0.5, "sam": 0.05, "balance": 0.5}])
def test_four_epochs_are_two_and_two(options: TrainOptions, tmp_path: Path, more: dict[str, Any]) -> None:
    options = replace(options, epochs=4, **more)
    said = np.random.default_rng(0).dirichlet(np.ones(10), 20).astype(np.float32)
    taught = Taught(said, said[:, :7] / said[:, :7].sum(1, keepdims=True), "one")
    whole = trainer(options, taught=taught)
    whole.run(tmp_path)
    (tmp_path / "parts").mkdir()
    run_until(trainer(options, taught=taught), tmp_path / "parts", 2)
    torch.manual_seed(99)  # another process begins somewhere else
    rest = trainer(options, taught=taught)
    rest.resume(checkpoint.load(tmp_path / "parts" / "last.pt"))
    assert len(rest.logs) == 2
    rest.run(tmp_path / "parts")
    assert same_weights(rest.net, whole.net)
    assert same_weights(rest.average.net, whole.average.net)
    assert timeless(rest.logs) == timeless(whole.logs)


def test_a_run_that_is_stopped_within_an_epoch_goes_on_from_the_last_whole_one(
    options: TrainOptions, tmp_path: Path
) -> None:
    whole = trainer(options)
    whole.run(tmp_path)
    (tmp_path / "parts").mkdir()

    def stop(done: int, total: int, loss: float) -> None:
        if done == 3:  # the first step of the second epoch
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer(options).run(tmp_path / "parts", on_step=stop)
    rest = trainer(options)
    rest.resume(checkpoint.load(tmp_path / "parts" / "last.pt"))
    assert (len(rest.logs), rest.step) == (1, 2)
    rest.run(tmp_path / "parts")
    assert same_weights(rest.net, whole.net)


def test_a_best_epoch_whose_checkpoint_cannot_be_written_is_done_again(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "score_of", lambda log: log.epoch)  # each epoch is better than those before
    whole = trainer(options)
    whole.run(tmp_path)
    (tmp_path / "parts").mkdir()
    stopped, save = trainer(options), checkpoint.save

    def full(path: Path, state: dict[str, Any]) -> None:
        if path.name == "best.pt" and state["step"] == whole.step:
            raise DataError("the disk is full")
        save(path, state)

    with monkeypatch.context() as patch, pytest.raises(DataError, match="full"):
        patch.setattr(checkpoint, "save", full)
        stopped.run(tmp_path / "parts")
    rest = trainer(options)
    rest.resume(checkpoint.load(tmp_path / "parts" / "last.pt"))
    rest.run(tmp_path / "parts")
    best = [checkpoint.load(folder / "best.pt") for folder in (tmp_path, tmp_path / "parts")]
    assert best[0]["step"] == best[1]["step"] == whole.step
    assert all(torch.equal(value, best[1]["average"][name]) for name, value in best[0]["average"].items())


class Second(Alone):
    """The second of two processes, as far as chance goes."""

    rank, world = 1, 2


def test_each_process_drops_units_of_its_own_and_the_same_after_a_stop(options: TrainOptions) -> None:
    def drawn(worker: Alone | None, epochs_done: int = 0) -> list[float]:
        one = trainer(options, worker=worker)
        one.logs = [one] * epochs_done  # type: ignore[list-item]
        one._part_dropout()
        return torch.rand(8).tolist()

    assert drawn(Second()) != drawn(None)
    assert drawn(Second()) == drawn(Second())
    assert drawn(Second(), 1) == drawn(Second(), 1) != drawn(Second())


def test_a_finished_run_that_is_gone_on_with_does_nothing_more(options: TrainOptions, tmp_path: Path) -> None:
    done = trainer(replace(options, epochs=1))
    done.run(tmp_path)
    again = trainer(replace(options, epochs=1))
    again.resume(checkpoint.load(tmp_path / "last.pt"))
    assert again.is_done
    again.run(tmp_path, on_epoch=lambda log: pytest.fail("an epoch too many"))
    assert same_weights(again.net, done.net)


def test_few_faces_are_learned_by_heart(options: TrainOptions, tmp_path: Path) -> None:
    # Without augmentation a network of this size must be able to tell eight faces apart.
    eight = part(8)
    settings = replace(options, epochs=30, widths=(8, 16, 16), augmentation=PLAIN, smoothing=0.0, rate=0.1)
    learner = Trainer(eight, eight, options=settings)
    learner.run(tmp_path)
    assert learner.logs[-1].loss < learner.logs[0].loss - 1
    assert learner.logs[-1].held_fer2013 is not None and learner.logs[-1].held_fer2013 >= 7 / 8


def test_what_is_kept_best_is_what_the_held_out_faces_liked_best(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([3.0, 2.0, 2.5, 2.0, 4.0])
    judge = Held.judge

    def judged(self: Held, net: torch.nn.Module) -> dict[str, Any]:
        return {**judge(self, net), "held_loss": next(losses)}

    monkeypatch.setattr(Held, "judge", judged)
    trainer(replace(options, epochs=5)).run(tmp_path)
    assert checkpoint.load(tmp_path / "best.pt")["logs"][-1]["epoch"] == 3  # of equals the later one
    assert checkpoint.load(tmp_path / "last.pt")["logs"][-1]["epoch"] == 4


def test_steps_are_told(options: TrainOptions, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    trainer(options).run(tmp_path, on_step=lambda done, total, loss: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_network_with_one_head_is_trained_and_judged(options: TrainOptions, tmp_path: Path) -> None:
    small = replace(options, network="shawon", widths=None, epochs=1)
    one = trainer(small)
    one.run(tmp_path)
    (log,) = one.logs
    assert log.held_votes is None and log.held_fer2013 is not None
    assert set(log.recalls) == {"fer2013"}
    assert math.isfinite(log.held_loss)
    assert checkpoint.load(tmp_path / "best.pt")["logs"][0]["held_votes"] is None


@pytest.mark.parametrize("network", ["mien", "model4"])
def test_the_order_in_memory_alters_speed_alone(network: str, options: TrainOptions, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    one_epoch = replace(options, network=network, epochs=1, widths=options.widths if network == "mien" else None)
    losses = []
    for order in (torch.channels_last, torch.contiguous_format):
        monkeypatch.setattr(registry, "memory_order", lambda _options, order=order: order)
        one = trainer(one_epoch)
        weights = next(each for each in one.net.parameters() if each.ndim == 4 and each.shape[1] > 1)
        assert weights.is_contiguous(memory_format=order)
        one.run(tmp_path)
        losses.append(one.logs[0].held_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_windows_are_smaller_until_the_rate_falls(options: TrainOptions, tmp_path: Path) -> None:
    sides: list[int] = []

    class Watched(Trainer):
        def _step(self, crops: torch.Tensor, targets: Targets, rate: float) -> float:
            sides.append(crops.shape[-1])
            return super()._step(crops, targets, rate)

    Watched(part(20), part(6), options=replace(options, epochs=4, window=20, fall=0.5)).run(tmp_path)
    assert sides == [20] * 4 + [24] * 4


def test_given_weights_are_begun_with(options: TrainOptions) -> None:
    torch.manual_seed(3)
    given = ExpressionNet((4, 4, 8))
    one = trainer(options)
    one.begin_from(given.state_dict())
    assert same_weights(one.net, given) and same_weights(one.average.net, given)
    with pytest.raises(DataError, match="weights to begin from are of another network"):
        one.begin_from(ExpressionNet((4, 4, 16)).state_dict())


# --- what can go wrong ------------------------------------------------------------------------------------------------


class Spoiled(Trainer):
    """From the fourth step on, what it sees is no number."""

    seen = 0

    def _step(self, crops: torch.Tensor, targets: Targets, rate: float) -> float:
        self.seen += 1
        return super()._step(crops * (math.nan if self.seen > 3 else 1), targets, rate)


def check_last_is_good(folder: Path, epochs: int) -> None:
    state = checkpoint.load(folder / "last.pt")
    assert len(state["logs"]) == epochs
    for weights in (state["net"], state["average"]):
        assert all(torch.isfinite(value).all() for value in weights.values())


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_good_weights(
    options: TrainOptions, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"the loss is no number any more: lower the rate; the last good .* last.pt"):
        Spoiled(part(20), part(6), options=options).run(tmp_path)
    check_last_is_good(tmp_path, 1)


def test_weights_that_the_last_step_of_an_epoch_spoils_are_not_kept(options: TrainOptions, tmp_path: Path) -> None:
    class SpoiledLate(Trainer):
        def _step(self, crops: torch.Tensor, targets: Targets, rate: float) -> float:
            loss = super()._step(crops, targets, rate)
            if self.step == 3:
                with torch.no_grad():
                    for net in (self.net, self.average.net):
                        net.get_parameter("stem.0.weight").fill_(math.nan)
            return loss

    with pytest.raises(DataError, match="no number"):
        SpoiledLate(part(20), part(6), options=options).run(tmp_path)
    check_last_is_good(tmp_path, 1)


def test_a_loss_that_is_no_number_at_once_promises_no_weights(options: TrainOptions, tmp_path: Path) -> None:
    broken = trainer(options)
    with torch.no_grad():
        broken.net.get_parameter("votes.weight").fill_(math.nan)
    with pytest.raises(DataError, match="no number") as told:
        broken.run(tmp_path)
    assert not list(tmp_path.iterdir())
    assert "last.pt" not in str(told.value)


def test_a_full_disk_ends_the_run_in_one_line_and_the_last_good_checkpoint_stays(
    options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(log: EpochLog) -> None:
        def full(state: object, file: Path) -> None:
            Path(file).write_bytes(b"half a check")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(torch, "save", full)

    with pytest.raises(DataError, match=r"cannot write the checkpoint .*No space left") as told:
        trainer(options).run(tmp_path, on_epoch=fill)
    assert len(str(told.value).splitlines()) == 1
    check_last_is_good(tmp_path, 1)
    assert {one.name for one in tmp_path.iterdir()} == {"last.pt", "best.pt"}


def test_fewer_faces_than_a_batch(options: TrainOptions, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="5 training faces are fewer than a batch of 8"):
        trainer(options, count=5).run(tmp_path)


def test_weight_decay_spares_norms_and_biases() -> None:
    net = ExpressionNet((4, 4, 8, 8))
    matrices, vectors = fit._groups(net, 0.01)
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.01, 0.0)
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(net.parameters()))
    assert {one.ndim for one in vectors["params"]} == {1}
