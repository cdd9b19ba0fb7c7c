"""Teachers asked of every view: their answers are the served models', in the data's order; blends by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces
from test_teacher import copy_of_card, small_model

from mien.data import faceset
from mien.errors import DataError, ModelError, UsageError
from mien.expression.classify import Classifier
from mien.learn import checkpoint, run
from mien.learn.fit import Trainer
from mien.learn.judging import predict
from mien.learn.live_teacher import LiveTeachers, blended
from mien.learn.material import Targets
from mien.learn.options import TrainOptions
from mien.learn.workers import Alone


@pytest.fixture
def seen(options: TrainOptions) -> TrainOptions:
    """The options of a student that asks of every view."""
    return replace(options, every_view=True)


def crops(side: int = 24) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (5, 1, side, side)).astype(np.float32))


def trainer(options: TrainOptions, teachers: LiveTeachers | None) -> Trainer:
    nobody = np.full((40, 6, 2), np.nan, np.float32)
    return Trainer((drawn_faces(40), nobody), (drawn_faces(6, seed=1), nobody[:6]), options=options, teachers=teachers)


def test_the_answers_are_the_mean_of_what_the_models_serve(tmp_path: Path, seen: TrainOptions) -> None:
    ours, baseline = small_model(tmp_path / "ours", "mien"), small_model(tmp_path / "base", "shawon")
    classes, votes = LiveTeachers([ours, baseline], seen, Alone())(crops())
    served = [Classifier(folder) for folder in (ours, baseline)]
    both = [one(crops()[:, 0].numpy()) for one in served]
    assert classes.numpy() == pytest.approx((both[0].fer2013 + both[1].fer2013) / 2, abs=1e-4)
    assert votes.numpy() == pytest.approx(both[0].votes, abs=1e-4)  # the baseline has no vote in it


def test_labels_of_another_order_are_put_into_the_datas(tmp_path: Path, seen: TrainOptions) -> None:
    folder = small_model(tmp_path / "one", "mien")
    straight = LiveTeachers([folder], seen, Alone())(crops())
    expressions = faceset.VOTE_LABELS[:8][::-1]
    votes = (*expressions, *faceset.VOTE_LABELS[8:])
    copy_of_card(folder, fer2013=faceset.FER2013_LABELS[::-1], votes=votes, input_size=24)
    turned = LiveTeachers([folder], seen, Alone())(crops())
    assert torch.equal(straight[0], turned[0].flip(1))
    assert torch.equal(straight[1], torch.cat([turned[1][:, :8].flip(1), turned[1][:, 8:]], 1))


def test_a_teacher_of_another_size_sees_the_view_in_its_own(tmp_path: Path, seen: TrainOptions) -> None:
    folder = small_model(tmp_path / "one", "mien", input_size=48)
    asked = LiveTeachers([folder], seen, Alone())(crops())
    larger = torch.nn.functional.interpolate(crops(), size=48, mode="bilinear")
    whole = LiveTeachers([folder], replace(seen, input=48), Alone())(larger)
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(asked, whole, strict=True))


def test_blends_by_hand() -> None:
    own = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    weight, said = torch.tensor([0.5, 0.0]), torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    both = blended(Targets(own, weight, own, weight), (said, said), 0.75)
    for shares, weights in both.by_head():
        assert shares.numpy() == pytest.approx(np.array([[0.4, 0.6], [0.6, 0.4]]))
        assert weights.tolist() == [0.5, 1.0]  # who has no target of its own gets the teachers', and counts once
    alone = blended(Targets(own, weight, own, weight), (said,), 0.75)
    assert torch.equal(alone.votes, own) and torch.equal(alone.votes_weight, weight)


def test_a_student_that_hears_its_teacher_alone_comes_to_say_the_same(tmp_path: Path, seen: TrainOptions) -> None:
    folder = small_model(tmp_path / "one", "mien")
    options = replace(seen, epochs=12, teach=1.0, rate=0.05)
    student = trainer(options, LiveTeachers([folder], options, Alone()))
    look = student.held.crops
    teacher = LiveTeachers([folder], options, Alone())(torch.from_numpy(look).float()[:, None])

    def distance() -> float:
        votes, classes = predict(student.average.net, look)
        assert votes is not None
        return float(np.abs(classes - teacher[0].numpy()).mean() + np.abs(votes - teacher[1].numpy()).mean())

    before = distance()
    student.run(tmp_path)
    assert distance() < before / 3


def test_four_epochs_are_two_and_two_and_other_teachers_are_refused(tmp_path: Path, seen: TrainOptions) -> None:
    folder, other = small_model(tmp_path / "one", "mien"), small_model(tmp_path / "other", "shawon")
    options = replace(seen, epochs=2)
    whole = trainer(options, LiveTeachers([folder], options, Alone()))
    kept: list[Path] = []

    def keep(log: object) -> None:
        if not kept:
            kept.append((tmp_path / "last.pt").rename(tmp_path / "first.pt"))

    whole.run(tmp_path, on_epoch=keep)
    state = checkpoint.load(kept[0])
    rest = trainer(options, LiveTeachers([folder], options, Alone()))
    rest.resume(state)
    rest.run(tmp_path)
    assert all(torch.equal(one, two) for one, two in zip(rest.net.parameters(), whole.net.parameters(), strict=True))
    with pytest.raises(DataError, match="teachers"):
        trainer(options, LiveTeachers([other], options, Alone())).resume(state)


def test_who_cannot_be_asked_is_refused(tmp_path: Path, seen: TrainOptions) -> None:
    with pytest.raises(UsageError, match="--teacher"):
        run.train(run.Job(data=tmp_path, votes=None, out=tmp_path / "out"), seen)
    with pytest.raises(ModelError, match="windows"):
        LiveTeachers([small_model(tmp_path / "base", "shawon")], replace(seen, window=20), Alone())
    folder = small_model(tmp_path / "cut", "mien")
    crop = {name: value * 1.1 for name, value in Classifier(folder).card.crop.items()}
    copy_of_card(folder, crop=crop, input_size=24)
    with pytest.raises(ModelError, match="cut in another way"):
        LiveTeachers([folder], seen, Alone())
