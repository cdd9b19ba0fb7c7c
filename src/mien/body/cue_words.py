"""Cues in words, with what each can mean: "arms crossed (can mean closed, cold or comfortable)".

All words come from the catalogue (locales/<language>/cues.toml). A cue stands beside what is said of a face and never
changes it; what it means is always several things. Try: `cue_sentence(cues_of(pose))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from mien.catalogue import DEFAULT, language_of, message
from mien.types import Cue

MOST = 3  # more than these make a sentence that nobody listens to


def cue_word(name: str, language: str = DEFAULT) -> str:
    """A cue in short: 'arms crossed'. A name that the catalogue does not know stands for itself."""
    key = f"cue.{name}"
    return message(key, language) if key in language_of(language).messages else name


def cue_said(name: str, language: str = DEFAULT) -> str:
    """A cue with its caveat: 'arms crossed (can mean closed, cold or comfortable)'."""
    key, word = f"cue_meanings.{name}", cue_word(name, language)
    if key not in language_of(language).messages:
        return word
    return message("cues.said", language, cue=word, meanings=message(key, language))


def cue_sentence(cues: Sequence[Cue], language: str = DEFAULT, *, place: str | None = None, most: int = MOST) -> str:
    """What a body does, in one sentence: 'Body: nodding (can mean ...); head tilted (can mean ...).'

    Args:
        cues: those of one pose.
        language: of the words. Raises UsageError for an unknown one.
        place: who, where several people are seen: 'Left'.
        most: of more cues than these, the strongest are said.

    Returns:
        The sentence; empty where there are no cues.
    """
    said = {id(cue) for cue in sorted(cues, key=lambda cue: -cue.strength)[:most]}
    words = [cue_said(cue.name, language) for cue in cues if id(cue) in said]
    if not words:
        return ""
    listed = reduce(lambda first, second: message("cues.two", language, first=first, second=second), words)
    if place is None:
        return message("cues.only", language, cues=listed)
    return message("cues.placed", language, place=place, cues=listed)
