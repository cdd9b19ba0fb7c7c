"""Targets and rates: what people said, smoothed labels, what teachers add, how much a rare class counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from face_sets import drawn_faces
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_sample_weight

from mien.data import faceset
from mien.learn import material, schedule
from mien.learn.material import Material, Taught
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.learn.schedule import WeightAverage

PLAIN = TrainOptions(smoothing=0.0)


def taught_for(count: int, *, votes: bool = True) -> Taught:
    rng = np.random.default_rng(4)
    classes = rng.dirichlet(np.ones(7), count).astype(np.float32)
    return Taught(rng.dirichlet(np.ones(10), count).astype(np.float32) if votes else None, classes, "x")


# --- targets ----------------------------------------------------------------------------------------------------------


def test_material_holds_the_labels() -> None:
    faces = drawn_faces(5)
    faces.votes[3] = 0
    found = Material.of(faces, np.full((5, 6, 2), np.nan, np.float32), PLAIN)
    assert found.targets.votes_weight.tolist() == [1, 1, 1, 0, 1]
    assert found.targets.fer2013.argmax(1).tolist() == faces.labels.tolist()
    assert torch.equal(found.placements, torch.eye(3).repeat(5, 1, 1))
    assert torch.equal(found.faces[:, 0], torch.from_numpy(faces.pixels))


def test_labels_that_the_head_has_not_count_nothing() -> None:
    faces = drawn_faces(4)
    faces.labels[:] = [2, -1, 7, 6]  # nobody labelled the second; the third is contempt
    targets = material.targets_of(faces, TrainOptions())
    assert targets.fer2013_weight.tolist() == [1, 0, 0, 1]
    assert targets.fer2013[0].tolist() == pytest.approx([0.1 / 7] * 2 + [0.9 + 0.1 / 7] + [0.1 / 7] * 4)


def test_a_teacher_is_mixed_with_people_and_takes_the_place_of_smoothing() -> None:
    faces, taught = drawn_faces(6), taught_for(6)
    faces.votes[2] = 0
    faces.labels[4] = -1
    targets = material.targets_of(faces, TrainOptions(teach=0.25, smoothing=0.1), taught=taught)
    people = faceset.shares(faces.votes)
    assert taught.votes is not None
    for row in range(6):
        votes = taught.votes[row] if row == 2 else 0.75 * people[row] + 0.25 * taught.votes[row]
        label = np.eye(7)[faces.labels[row]]
        classes = taught.fer2013[row] if row == 4 else 0.75 * label + 0.25 * taught.fer2013[row]
        assert targets.votes[row].numpy() == pytest.approx(votes, abs=1e-6)
        assert targets.fer2013[row].numpy() == pytest.approx(classes, abs=1e-6)
    assert targets.votes_weight.tolist() == targets.fer2013_weight.tolist() == [1] * 6


def test_a_teacher_with_one_head_leaves_the_votes_to_people() -> None:
    faces = drawn_faces(6)
    faces.votes[2] = 0
    targets = material.targets_of(faces, PLAIN, taught=taught_for(6, votes=False))
    assert targets.votes.numpy() == pytest.approx(faceset.shares(faces.votes))
    assert targets.votes_weight.tolist() == [1, 1, 0, 1, 1, 1]


def test_targets_move_together() -> None:
    targets = material.targets_of(drawn_faces(6), TrainOptions())
    some = targets.take(torch.tensor([4, 1]))
    assert torch.equal(some.votes, targets.votes[[4, 1]]) and len(some.fer2013_weight) == 2


# --- balance ----------------------------------------------------------------------------------------------------------


def test_full_balance_is_that_of_scikit_learn() -> None:
    labels = np.random.default_rng(0).choice(7, 300, p=[0.3, 0.02, 0.18, 0.25, 0.05, 0.1, 0.1])
    found = material.frequency_weights(torch.eye(7)[labels], 1.0)
    assert found.numpy() == pytest.approx(compute_sample_weight("balanced", labels), rel=1e-5)


@given(st.floats(0, 2), st.lists(st.integers(0, 6), min_size=1, max_size=40))
def test_balance_keeps_the_mean_and_favours_the_rare(power: float, labels: list[int]) -> None:
    weights = material.frequency_weights(torch.eye(7)[labels], power)
    assert float(weights.mean()) == pytest.approx(1, rel=1e-3)
    counts = np.bincount(labels, minlength=7)[labels]
    order = np.argsort(counts)
    assert (np.diff(weights.numpy()[order]) <= 1e-4).all()


def test_balance_of_shares_and_of_faces_without_any() -> None:
    shares = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.0, 0.0]])
    # Frequencies 1.5 and 0.5: 1 / 1.5 and 1 / 0.5, mixed as the shares are, then brought to mean 1.
    raw = np.array([(1 / 1.5 + 2) / 2, 1 / 1.5])
    found = material.frequency_weights(shares, 1.0).numpy()
    assert found == pytest.approx([*(raw / raw.mean()), 1.0])
    assert material.frequency_weights(shares, 0.0).tolist() == [1, 1, 1]


def test_balance_reaches_the_targets() -> None:
    faces = drawn_faces(40)
    faces.labels[:] = [0] * 30 + [1] * 10
    weights = material.targets_of(faces, TrainOptions(balance=1.0)).fer2013_weight
    assert float(weights[0] * 3) == pytest.approx(float(weights[-1]))


def test_a_fingerprint_knows_every_part() -> None:
    faces, points = drawn_faces(4), np.zeros((4, 6, 2), np.float32)
    marks = {material.fingerprint(faces, points), material.fingerprint(faces, points + 1)}
    for name in ("pixels", "labels", "votes"):
        marks.add(material.fingerprint(replace(faces, **{name: getattr(faces, name)[::-1]}), points))
    assert len(marks) == 5
    assert material.fingerprint(drawn_faces(4), points) in marks


# --- the schedule -----------------------------------------------------------------------------------------------------


def test_the_rate_rises_then_falls_to_nothing() -> None:
    options = TrainOptions(rate=0.1, warm=0.1, fall=0.9)
    rates = [schedule.rate_at(step, 1000, options) for step in range(1001)]
    assert max(rates) == pytest.approx(0.1, rel=1e-3)
    assert np.argmax(rates) == pytest.approx(100, abs=1)
    assert (np.diff(rates[:101]) > 0).all()
    assert (np.diff(rates[101:]) <= 0).all()
    assert 0 < rates[0] <= 0.1 * 0.021
    assert 0 < rates[-1] < 1e-4
    assert schedule.rate_at(0, 0, options) > 0


def test_between_rise_and_fall_the_rate_stays() -> None:
    options = TrainOptions(rate=0.06, warm=0.02, fall=0.4)
    rates = np.array([schedule.rate_at(step, 1000, options) for step in range(1001)])
    assert (rates[20:601] == 0.06).all()
    assert rates[800] == pytest.approx(0.03)  # half way down the cosine
    assert rates[700] == pytest.approx(0.06 * (1 + np.cos(np.pi / 4)) / 2)


def test_a_rate_that_never_falls() -> None:
    options = TrainOptions(rate=0.1, fall=0.0)
    assert schedule.rate_at(1000, 1000, options) == 0.1


def test_the_window_opens_when_the_rate_falls() -> None:
    options = TrainOptions(epochs=10, window=40, warm=0.0, fall=0.4)
    assert [schedule.side_at(epoch, options) for epoch in range(10)] == [40] * 6 + [48] * 4
    assert schedule.side_at(0, replace(options, window=0)) == 48


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
    net = ExpressionNet((4, 4))
    average = WeightAverage(net, 0.5)
    net.train()
    for _ in range(60):
        net(torch.full((4, 1, 12, 12), 200.0) + torch.randn(4, 1, 12, 12))
        average.update(net)
    mine, theirs = average.net.state_dict(), net.state_dict()
    assert torch.allclose(mine["stem.1.running_mean"], theirs["stem.1.running_mean"], atol=0.05)
    assert mine["stem.1.num_batches_tracked"] == 60
