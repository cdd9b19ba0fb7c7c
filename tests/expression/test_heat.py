"""Class activation maps against what they must add up to, and heads through a file's metadata."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from small_models import copy_of_default

from mien.errors import ModelError
from mien.expression.classify import Classifier
from mien.expression.heat import Head, heat, spread


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def made_crops(count: int = 6) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 12, 12)).astype(np.uint8).repeat(4, 1).repeat(4, 2)


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max())
    return raised / raised.sum()


@pytest.mark.parametrize("name", ["votes", "fer2013"])
def test_the_mean_of_each_map_and_the_bias_give_the_votes(classifier: Classifier, name: str) -> None:
    answer, head = classifier(made_crops()), classifier.weights(name)
    for features, said in zip(answer.features, getattr(answer, name), strict=True):
        logits = [heat(features, head.weight, label).mean() + bias for label, bias in enumerate(head.bias)]
        assert softmax(np.array(logits)) == pytest.approx(said, abs=1e-5)


def test_the_map_of_two_labels_is_how_far_one_leads(classifier: Classifier) -> None:
    answer, head = classifier(made_crops(1)), classifier.weights()
    lead = heat(answer.features[0], head.weight, 1, against=0).mean() + head.bias[1] - head.bias[0]
    votes = answer.votes[0]
    assert lead == pytest.approx(np.log(votes[1] / votes[0]), abs=1e-4)


def test_a_place_counts_by_what_lies_there() -> None:
    features = np.zeros((3, 2, 4), np.float32)
    features[:, 1, 3] = (1, 2, 3)
    weights = np.array([[1, 0, 0], [0, 1, -1]], np.float32)
    assert heat(features, weights, 0)[1, 3] == 1 and heat(features, weights, 1)[1, 3] == -1
    assert np.count_nonzero(heat(features, weights, 1)) == 1


@given(arrays.arrays(np.float32, (6, 6), elements=st.floats(-100, 100, width=32)))
def test_a_spread_map_runs_from_0_to_1_and_turns_with_its_source(values: np.ndarray) -> None:
    large = spread(values, 48)
    assert large.shape == (48, 48) and large.min() >= 0 and large.max() <= 1
    assert (large.max() > 0) == (values.max() > 0) or values.max() < 1e-30
    for flip in (np.fliplr, np.flipud, np.transpose):
        assert spread(np.ascontiguousarray(flip(values)), 48) == pytest.approx(flip(large), abs=1e-5)


def test_the_hottest_place_stays_where_it_was() -> None:
    values = np.zeros((6, 6), np.float32)
    values[4, 1] = 7.0
    y, x = np.unravel_index(spread(values, 48).argmax(), (48, 48))
    assert (y // 8, x // 8) == (4, 1)


def test_nothing_glows_where_nothing_speaks_for_it() -> None:
    assert not spread(np.full((6, 6), -2.0, np.float32), 48).any()


@given(arrays.arrays(np.float32, (3, 5), elements=st.floats(-1e6, 1e6, width=32)))
def test_heads_come_back_from_their_texts(weight: np.ndarray) -> None:
    head = Head(weight, weight[:, 0].copy())
    again = Head.from_metadata("votes", head.to_metadata("votes"))
    assert again is not None
    assert np.array_equal(again.weight, weight) and np.array_equal(again.bias, head.bias)


def test_halves_are_kept_as_halves() -> None:
    half = np.arange(6, dtype=np.float16).reshape(2, 3).astype(np.float32)
    assert Head(half, half[:, 0]).to_metadata("votes")["mien.votes.weight.type"] == "float16"
    assert Head(half + 1e-5, half[:, 0]).to_metadata("votes")["mien.votes.weight.type"] == "float32"


@pytest.mark.parametrize(
    "change", [{"mien.votes.weight": "!"}, {"mien.votes.weight.shape": "9,9"}, {"mien.votes.weight.type": "int"},
               {"mien.votes.bias.shape": "1,2"}]
)  # fmt: skip
def test_broken_metadata_are_said_to_be(change: dict[str, str]) -> None:
    whole = Head(np.ones((2, 3), np.float32), np.ones(2, np.float32)).to_metadata("votes")
    with pytest.raises(ModelError, match="'votes' in the model file"):
        Head.from_metadata("votes", {**whole, **change})


def test_a_file_without_weights_says_what_to_do(classifier: Classifier, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"does not hold the weights of its head 'other'.*export it again"):
        Classifier(copy_of_default(tmp_path / "m")).weights("other")
