"""Labels in the spellings of others; what is unknown is named, counted, and never lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.data.faceset import LABELS, SPLITS, VOTE_LABELS
from mien.data.names import LEFT_OUT, index_labels, label_index, split_name, vote_index
from mien.errors import DataError

SPELLINGS = {
    "angry": ["Anger", "angry", "AN", "ANGER"],
    "disgust": ["Disgust", "Disgusted", "DI"],
    "fear": ["Fear", "Fearful", "AF", "afraid"],
    "happy": ["Happiness", "happy", "HA", "Happy"],
    "sad": ["Sadness", "sad", "SA"],
    "surprise": ["Surprise", "Surprised", "SU"],
    "neutral": ["Neutral", "NE", "neutral"],
    "contempt": ["Contempt", "contempt"],
}
PAIRS = [(text, name) for name, texts in SPELLINGS.items() for text in texts]


@pytest.mark.parametrize(("text", "name"), PAIRS)
def test_every_spelling_means_its_label(text: str, name: str) -> None:
    assert label_index(text) == LABELS.index(name)


@given(st.sampled_from(PAIRS), st.text(" \t_-.,;:'\"()[]!/", max_size=4), st.booleans())
def test_case_blanks_and_punctuation_do_not_count(pair: tuple[str, str], noise: str, upper: bool) -> None:
    text, name = pair
    written = noise + (text.upper() if upper else text.lower()) + noise
    assert label_index(written) == LABELS.index(name)


@pytest.mark.parametrize("text", ["", "3", "0", "talking", "hap py ness", "None", "Calm", "нет", "\0"])
def test_other_words_and_numbers_mean_nothing(text: str) -> None:
    assert label_index(text) is None


def test_columns_of_votes_are_found_with_and_without_their_prefix() -> None:
    columns = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    assert [vote_index(name) for name in columns] == list(range(10))
    assert [vote_index(f"votes_{name}") for name in columns] == list(range(10))
    assert [vote_index(name) for name in VOTE_LABELS] == list(range(10))
    assert vote_index("path") is vote_index("votes") is None


def test_splits_are_those_of_fer2013() -> None:
    assert tuple(map(split_name, ("train", "val", "test"))) == SPLITS
    assert tuple(map(split_name, ("Training", "Public_Test", "PrivateTest"))) == SPLITS
    assert split_name("images") is None


def test_labels_become_indices_and_empty_ones_none() -> None:
    assert index_labels(["Anger", "", "HA", " "], "data").tolist() == [0, -1, 3, -1]


def test_unknown_labels_are_named_with_their_number_the_most_frequent_first() -> None:
    texts = ["happy", "talking", "bored", "talking", "sad", "talking"]
    with pytest.raises(DataError) as error:
        index_labels(texts, "set.csv")
    assert str(error.value).startswith("set.csv has labels that are not known: 'talking' (3 x), 'bored' (1 x); known")
    assert all(name in str(error.value) for name in LABELS)


def test_many_unknown_labels_are_cut_short_and_numbers_get_a_hint() -> None:
    with pytest.raises(DataError, match=r"and 12 more; known are .*numbers name no label here, write words"):
        index_labels([str(number) for number in range(20)], "set.csv")


def test_labels_are_left_out_only_when_the_caller_names_them() -> None:
    texts = ["happy", "Talking", "sad", ""]
    assert index_labels(texts, "data", ignore=["talking"]).tolist() == [3, LEFT_OUT, 4, -1]
    assert index_labels(texts, "data", ignore=["talking", "SADNESS", "sad"]).tolist() == [3, LEFT_OUT, LEFT_OUT, -1]


@given(st.lists(st.text(max_size=6), max_size=8))
def test_any_text_is_a_label_or_one_line(texts: list[str]) -> None:
    try:
        found = index_labels(texts, "data")
    except DataError as error:
        assert len(str(error).splitlines()) == 1
        assert str(error).isprintable() or not all(map(str.isprintable, texts))
    else:
        assert found.dtype == np.int64
        assert len(found) == len(texts)
