"""Readings as sentences: what they say, and what they never claim."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import DOUBTS, LABELS, VOTES, expression, expressions, face, reading, readings

from mien import catalogue
from mien.errors import UsageError
from mien.expression import words
from mien.types import Expression, Reading

HAPPY = expression({"happy": 0.82, "neutral": 0.18})
AWAY = expression(sure=False, doubts=("turned away",))


def said(*read: Expression | None) -> str:
    return words.sentence(reading(*(face(100.0 * i, read=one) for i, one in enumerate(read))))


def test_two_people_by_place() -> None:
    assert said(HAPPY, AWAY) == (
        "Left: looks happy, about 8 in 10 people would say so. Right: not sure, the face is turned away."
    )


def test_no_face_is_said() -> None:
    assert said() == "No face found."


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (1, ["One person"]),
        (2, ["Left", "Right"]),
        (3, ["Left", "Middle", "Right"]),
        (4, ["First from left", "Second from left", "Third from left", "Fourth from left"]),
    ],
)
def test_names_by_place(count: int, names: list[str]) -> None:
    assert words.place_names(count) == names
    assert re.findall(r"(?:^|\. )([^.:]+):", said(*[HAPPY] * count)) == names


def test_a_crowd_is_counted_first_and_every_name_differs() -> None:
    assert said(*[HAPPY] * 5).startswith("5 people. First from left: ")
    names = words.place_names(12)
    assert len(set(names)) == 12
    assert names[-1] == "Number 12 from left"


def test_faces_are_told_from_left_to_right() -> None:
    shown = reading(face(300, read=AWAY), face(10, read=HAPPY))
    assert words.sentence(shown).startswith("Left: looks happy")


@pytest.mark.parametrize(
    ("share", "count"), [(0.01, 1), (0.14, 1), (0.15, 2), (0.25, 3), (0.84, 8), (0.85, 9), (1, 10)]
)
def test_n_in_ten_is_the_votes_rounded(share: float, count: int) -> None:
    read = Expression("happy", 0.1, True, {"happy": share, "unknown": 1 - share}, {})
    assert words.in_ten(read) == count
    assert f"about {count} in 10 people would say so" in said(read)


def test_sure_decides_how_it_is_put() -> None:
    votes = {"happy": 0.6, "surprise": 0.4}
    assert said(expression(votes)) == "One person: looks happy, about 6 in 10 people would say so."
    unsure = said(expression(votes, sure=False))
    assert unsure == "One person: not sure, perhaps happy: about 6 in 10 people would say so."


def test_disagreement_names_the_two_leading_words() -> None:
    votes = {"sad": 0.4, "unknown": 0.3, "neutral": 0.3}
    split = "people would disagree: sad (about 4 in 10) or neutral (about 3 in 10)"
    assert said(expression(votes, sure=False, doubts=(words.DISAGREE,))) == f"One person: not sure, {split}."
    both = said(expression(votes, sure=False, doubts=(words.DISAGREE, "dark")))
    assert both == f"One person: not sure, the face is too dark and {split}."


def test_a_tie_is_a_disagreement() -> None:
    tie = expression({"sad": 0.42, "neutral": 0.41, "fear": 0.17}, sure=False)
    assert "people would disagree: sad (about 4 in 10) or neutral (about 4 in 10)" in said(tie)


def test_only_the_two_most_serious_reasons_are_said() -> None:
    read = expression(sure=False, doubts=("too small", "blurred", "dark"))
    assert said(read) == "One person: not sure, the face is too small and the face is blurred."


def test_a_face_without_an_expression_is_named() -> None:
    assert said(None) == "One person: a face, not read."


def test_valence_is_an_option() -> None:
    shown = reading(face(read=HAPPY))
    assert "rather positive" in words.sentence(shown, valence=True)
    assert "positive" not in words.sentence(shown)


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("language", catalogue.languages())
def test_every_doubt_has_words(doubt: str, language: str) -> None:
    for kind in ("doubt", "short"):
        assert words.message(f"{kind}.{doubt}", language)
    assert "not sure, " in said(expression(sure=False, doubts=(doubt,)))


@pytest.mark.parametrize("label", VOTES)
@pytest.mark.parametrize("language", catalogue.languages())
def test_every_label_has_words(label: str, language: str) -> None:
    assert words.message(f"label.{label}", language)


def test_what_the_catalogue_lacks_stands_for_itself() -> None:
    assert words.label_word("高兴 {x}") == "高兴 {x}"
    assert words.doubt_words("seen from behind") == "seen from behind"
    read = Expression("{0}", 0.9, True, {"{0}": 1.0}, {})
    assert "looks {0}" in said(read)


def test_an_unknown_language_lists_the_choices() -> None:
    with pytest.raises(UsageError, match=r"no words in the language 'tlh': choose from en"):
        words.say(reading(), "tlh")
    assert words.say(reading(), "en-GB") == words.say(reading(), "EN_us") == "No face found."


@given(readings)
def test_no_sentence_claims_what_somebody_is(made: Reading) -> None:
    text = words.sentence(made, valence=True)
    adjectives = "|".join(words.label_word(label) for label in LABELS)
    assert not re.search(rf"\b(is|are|feels?)\b [a-z ]*?({adjectives})\b", text)
    assert text.endswith(".")
    assert "{" not in text.replace("{0}", "")


@given(expressions)
def test_only_the_sure_look_like_anything(read: Expression) -> None:
    text = said(read)
    assert ("looks " in text) == read.sure
    assert ("not sure" in text) == (not read.sure)


# Cards


def test_a_sure_face_on_a_card() -> None:
    assert words.face_parts(face(read=HAPPY)) == {
        "title": "looks happy",
        "people": "about 8 in 10 people would say so",
        "doubts": [],
        "sentence": "looks happy, about 8 in 10 people would say so",
        "label": "happy",
        "in_ten": 8,
        "sure": True,
    }


def test_an_unsure_face_on_a_card_claims_nothing() -> None:
    parts = words.face_parts(face(read=AWAY))
    assert (parts["title"], parts["people"], parts["doubts"], parts["sure"]) == ("not sure", "", ["turned away"], False)


def test_a_face_that_was_not_read_on_a_card() -> None:
    parts = words.face_parts(face(read=None))
    assert (parts["title"], parts["label"], parts["in_ten"], parts["sure"]) == ("a face, not read", "", 0, False)


# Other languages


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "Izquierda: cara de alegría, unas 8 de cada 10 personas lo dirían. "
               "Derecha: no está claro, la cara está vuelta hacia otro lado."),
        ("de", "Links: sieht fröhlich aus, etwa 8 von 10 Personen würden das sagen. "
               "Rechts: schwer zu sagen, das Gesicht ist abgewandt."),
        ("zh", "左边：看起来高兴，10 个人中大约有 8 个会这么说。右边：不确定，面孔转向了一边。"),
        ("ar", "على اليسار: ملامح فرح، نحو 8 أشخاص من كل 10 سيقولون ذلك. "
               "على اليمين: غير واضح، الوجه ملتفت إلى جهة أخرى."),
    ],
)  # fmt: skip
def test_two_people_in_other_languages(language: str, said: str) -> None:
    assert words.sentence(reading(face(0.0, read=HAPPY), face(100.0, read=AWAY)), language) == said


@given(expressions, st.sampled_from(catalogue.languages()))
def test_only_the_sure_look_like_anything_in_any_language(read: Expression, language: str) -> None:
    text, looks = words.sentence(reading(face(read=read)), language), words.looks_words(read, language)
    assert (looks in text) == read.sure
    assert (words.message("not_sure", language) in text) == (not read.sure)
    assert text.endswith((".", "。"))


@given(readings, st.sampled_from(catalogue.languages()))
def test_no_gap_is_left_in_any_language(made: Reading, language: str) -> None:
    text = words.sentence(made, language, valence=True)
    assert not catalogue.GAP.search(text.replace("{0}", ""))
    assert (words.message("no_face", language) in text) == (not made.faces)


@pytest.mark.parametrize("language", catalogue.languages())
def test_every_label_and_doubt_is_told_apart_in_every_language(language: str) -> None:
    for kind, names in (("label", VOTES), ("looks", VOTES), ("doubt", DOUBTS), ("short", DOUBTS)):
        said = [words.message(f"{kind}.{name}", language) for name in names]
        assert len(set(said)) == len(names), kind


@pytest.mark.parametrize("language", catalogue.languages())
def test_a_crowd_has_different_names_in_every_language(language: str) -> None:
    assert all(len(set(words.place_names(count, language))) == count for count in range(1, 13))
