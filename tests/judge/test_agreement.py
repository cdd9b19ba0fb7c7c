"""Agreement with people, against every choice of people written out one by one."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.judge import agreement

LABELS = 4
people = st.lists(st.integers(0, LABELS - 1), min_size=10, max_size=10)  # what each of ten people said


def counts(said: Sequence[int]) -> np.ndarray:
    return np.bincount(said, minlength=LABELS).astype(np.float32)[None]


def leaders(said: Sequence[int]) -> list[int]:
    """The most frequent answers."""
    tally = Counter(said)
    return [label for label, count in tally.items() if count == max(tally.values())]


def agrees(label: int, others: Sequence[int]) -> float:
    return sum(one == label for one in others) / len(others)


@given(people, st.integers(0, LABELS - 1))
def test_a_random_person_agrees_with_the_label(said: list[int], label: int) -> None:
    found = agreement.of_labels(counts(said), np.array([label]))
    assert found == pytest.approx([agrees(label, said)])
    # The same with any one of the ten sent away.
    kept = [agrees(label, said[:one] + said[one + 1 :]) for one in range(10)]
    assert found == pytest.approx([np.mean(kept)])


@given(people)
def test_one_person_is_two_people_who_agree(said: list[int]) -> None:
    pairs = [one == other for one, other in itertools.permutations(said, 2)]
    assert agreement.of_majority(counts(said), 1) == pytest.approx(np.mean(pairs))


@given(people, st.integers(1, 9))
def test_a_majority_is_every_choice_of_people(said: list[int], how_many: int) -> None:
    chances = []
    for chosen in itertools.combinations(range(10), how_many):
        rest = [said[one] for one in range(10) if one not in chosen]
        chances.append(np.mean([agrees(label, rest) for label in leaders([said[one] for one in chosen])]))
    assert agreement.of_majority(counts(said), how_many) == pytest.approx(np.mean(chances))


@given(people, st.integers(0, LABELS - 1))
def test_a_place_is_counted_in_each_seat(said: list[int], label: int) -> None:
    places = []
    for seat in range(10):
        row = [*said[:seat], label, *said[seat + 1 :]]
        others = [sum(one == other for one in row) for other in row]  # who says the same, oneself among them
        own = others.pop(seat)
        places.append(1 + sum(one > own for one in others) + sum(one == own for one in others) / 2)
    assert agreement.of_places(counts(said), np.array([label])) == pytest.approx([np.mean(places)])


@given(people)
def test_a_person_stands_in_the_middle_on_average(said: list[int]) -> None:
    # The seat that a person leaves is the one it takes again.
    places = []
    for one, label in enumerate(said):
        others = [said.count(other) for place, other in enumerate(said) if place != one]
        own = said.count(label)
        places.append(1 + sum(count > own for count in others) + sum(count == own for count in others) / 2)
    assert np.mean(places) == pytest.approx(5.5)


@given(people, st.integers(0, LABELS - 1))
def test_nine_others_and_the_tenth(said: list[int], label: int) -> None:
    model, person = [], []
    for seat in range(10):
        leading = leaders(said[:seat] + said[seat + 1 :])
        model.append((label in leading) / len(leading))
        person.append((said[seat] in leading) / len(leading))
    assert agreement.of_seats(counts(said), np.array([label])) == pytest.approx([np.mean(model)])
    assert agreement.of_people_with_nine(counts(said)) == pytest.approx(np.mean(person))


def test_people_who_all_agree() -> None:
    votes = np.array([[10, 0], [0, 10]], np.float32)
    found = agreement.agreement(votes, np.array([0, 1]))
    assert found is not None
    assert found["model"] == found["one_person"] == found["model_with_nine"] == found["person_with_nine"] == 1
    assert found["persons_needed"] == 1
    assert found["place"] == found["place_of_majority"] == 5.5
    wrong = agreement.agreement(votes, np.array([1, 0]))
    assert wrong is not None
    assert (wrong["model"], wrong["place"], wrong["persons_needed"]) == (0, 10, 1)


def test_who_always_says_what_most_say_is_worth_many_people() -> None:
    votes = np.random.default_rng(0).multinomial(10, [0.55, 0.25, 0.2], 300).astype(np.float32)
    found = agreement.agreement(votes, votes.argmax(1))
    assert found is not None and found["n"] == 300
    assert found["persons_needed"] is None  # nine see less than ten
    assert found["place"] == found["place_of_majority"] < 5.5
    assert found["majorities"][0] == found["one_person"] < found["majorities"][4] < found["model"]
    guess = agreement.agreement(votes, np.random.default_rng(1).integers(0, 3, 300))
    assert guess is not None and guess["persons_needed"] == 1 and guess["place"] > 5.5


def test_only_faces_with_ten_whole_votes_count() -> None:
    votes = np.array([[7, 3], [5, 4], [0.5, 9.5], [0, 0]], np.float32)
    assert agreement.by_ten(votes).tolist() == [True, False, False, False]
    found = agreement.agreement(votes, np.zeros(4, np.int64))
    assert found is not None and (found["n"], found["model"]) == (1, 0.7)
    assert agreement.agreement(votes[1:], np.zeros(3, np.int64)) is None
