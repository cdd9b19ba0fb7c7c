"""Averaged answers: the views, and means in the right order of labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces
from small_models import without_votes

from mien.errors import DataError
from mien.expression.classify import Classifier
from mien.judge import averaged, evaluate
from mien.judge.evaluate import Answers


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def relabelled(classifier: Classifier, votes: tuple[str, ...], fer2013: tuple[str, ...]) -> Classifier:
    """A model that answers in another order; its network is not asked."""
    other = object.__new__(Classifier)
    other.card = replace(classifier.card, votes=votes, fer2013=fer2013)
    return other


def random_answers(seed: int, count: int = 5) -> Answers:
    rng = np.random.default_rng(seed)
    shares = (rng.dirichlet(np.ones(width), count).astype(np.float32) for width in (10, 7))
    return Answers(*shares, np.zeros((count, 4), np.float32), np.zeros((count, 48, 48), np.uint8))


def test_the_mirror_is_a_mirror() -> None:
    crops = drawn_faces(3).pixels
    plain, mirrored = averaged.mirror(crops)
    assert np.array_equal(plain, crops)
    assert np.array_equal(mirrored[:, :, ::-1], crops)


def test_ten_crops_are_five_windows_and_their_mirrors() -> None:
    ramp = np.broadcast_to(np.arange(48, dtype=np.uint8) * 4, (1, 48, 48))
    views = averaged.ten_crops(ramp)
    assert len(views) == 10 and all(view.shape == (1, 48, 48) for view in views)
    for plain, mirrored in zip(views[::2], views[1::2], strict=True):
        assert np.array_equal(plain[:, :, ::-1], mirrored)
    # A window begins where its corner lies: grey levels rise by four a pixel of the crop.
    left, right, _, _, middle = (float(view[0, :, 24].mean()) for view in views[::2])
    assert right - left == pytest.approx(4 * 4, abs=1)
    assert middle - left == pytest.approx(2 * 4, abs=1)
    down = averaged.ten_crops(ramp.transpose(0, 2, 1))
    assert float(down[4][0, 24].mean() - down[0][0, 24].mean()) == pytest.approx(4 * 4, abs=1)


def test_over_views_is_the_mean_of_the_looks(classifier: Classifier) -> None:
    crops = drawn_faces(4).pixels
    said = evaluate.answers(classifier, crops)
    seen: list[tuple[int, int]] = []
    mean = averaged.over_views(classifier, said, "mirror", lambda done, total: seen.append((done, total)))
    other = evaluate.answers(classifier, np.ascontiguousarray(crops[:, :, ::-1]))
    assert mean.votes == pytest.approx((said.votes + other.votes) / 2, abs=1e-5)
    assert mean.fer2013 == pytest.approx((said.fer2013 + other.fer2013) / 2, abs=1e-5)
    assert seen[-1] == (8, 8) and sorted(seen) == seen


def test_what_looks_the_same_mirrored_is_answered_the_same(classifier: Classifier) -> None:
    half = drawn_faces(3).pixels[:, :, :24]
    said = evaluate.answers(classifier, np.concatenate([half, half[:, :, ::-1]], 2))
    mean = averaged.over_views(classifier, said, "mirror")
    assert mean.votes == pytest.approx(said.votes, abs=1e-5)


def test_a_model_in_another_order_is_averaged_label_by_label(classifier: Classifier) -> None:
    card = classifier.card
    other = relabelled(classifier, card.votes[7::-1] + card.votes[8:], card.fer2013[::-1])
    one, two = random_answers(0), random_answers(1)
    mean = averaged.mean_answers([classifier, other], [one, two])
    for head, name in (("votes", "sad"), ("fer2013", "disgust")):
        here, there = (getattr(model.card, head).index(name) for model in (classifier, other))
        expected = (getattr(one, head)[:, here] + getattr(two, head)[:, there]) / 2
        assert getattr(mean, head)[:, here] == pytest.approx(expected)
        assert getattr(mean, head).sum(1) == pytest.approx(np.ones(5))


def test_votes_are_averaged_over_the_models_that_have_them(classifier: Classifier, tmp_path: Path) -> None:
    baseline = Classifier(without_votes(tmp_path / "baseline"))
    one, two = random_answers(0), replace(random_answers(1), votes=np.empty((5, 0), np.float32))
    mean = averaged.mean_answers([classifier, baseline], [one, two])
    assert mean.votes == pytest.approx(one.votes)
    assert mean.fer2013 == pytest.approx((one.fer2013 + two.fer2013) / 2)
    assert averaged.mean_answers([baseline, classifier], [two, one]).votes.shape == (5, 0)


def test_other_labels_are_one_line(classifier: Classifier) -> None:
    other = relabelled(classifier, classifier.card.votes, (*classifier.card.fer2013[:-1], "bored"))
    with pytest.raises(DataError, match="other labels: they cannot be averaged"):
        averaged.mean_answers([classifier, other], [random_answers(0), random_answers(1)])
