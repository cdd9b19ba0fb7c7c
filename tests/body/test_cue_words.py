"""Cues in words: every one with what it can mean, in every language."""

from __future__ import annotations

import pytest

from mien import catalogue
from mien.body.cue_words import MOST, cue_said, cue_sentence, cue_word
from mien.body.cues import NAMES
from mien.errors import UsageError
from mien.types import Cue


@pytest.mark.parametrize("language", catalogue.languages())
@pytest.mark.parametrize("name", NAMES)
def test_every_cue_has_a_word_and_a_caveat(name: str, language: str) -> None:
    word, said = cue_word(name, language), cue_said(name, language)
    assert word in said
    assert len(said) > len(word) + 8
    assert "{" not in said


@pytest.mark.parametrize("language", catalogue.languages())
def test_words_tell_cues_apart(language: str) -> None:
    assert len({cue_word(name, language) for name in NAMES}) == len(NAMES)


def test_no_words_without_a_cue_and_no_cue_without_words() -> None:
    keys = {
        key.split(".", 1)[1]
        for key in catalogue.language_of("en").messages
        if key.startswith(("cue.", "cue_meanings."))
    }
    assert keys == set(NAMES)


def test_one_sentence() -> None:
    assert cue_sentence([Cue("arms crossed", 0.9)]) == "Body: arms crossed (can mean closed, cold or comfortable)."
    two = cue_sentence([Cue("shrug", 0.9), Cue("head tilted", 0.6)], place="Left")
    assert two == (
        "Left, body: shrug (can mean not knowing, not minding or not agreeing); "
        "head tilted (can mean interest, doubt or a stiff neck)."
    )


def test_nothing_is_said_of_nothing() -> None:
    assert cue_sentence([]) == ""


def test_the_strongest_are_said_in_their_order() -> None:
    cues = [Cue(name, strength) for name, strength in zip(NAMES[:5], (0.9, 0.5, 0.8, 0.6, 0.7), strict=True)]
    said = cue_sentence(cues)
    places = [said.find(cue_word(name)) for name in (NAMES[0], NAMES[2], NAMES[4])]
    assert places == sorted(places)
    assert min(places) > 0
    assert said.count("(") == MOST


def test_a_cue_of_others_stands_for_itself() -> None:
    assert cue_sentence([Cue("jumping", 1.0)], "de") == "Körper: jumping."


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError, match="choose from"):
        cue_sentence([Cue("shrug", 1.0)], "tlh")
