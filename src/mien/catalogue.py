"""Words in several languages: messages by key, from TOML files that a translator can edit.

A folder in `locales/` is a language: `_language.toml` says its name and direction, every other file holds messages: a
text with {names} to fill in, or a table of its plural forms, chosen by `count` after CLDR's rules. What a language
lacks is said in English. The page's js/words.js fills in messages in the same way. Nothing here knows what is said.
Try: `message("label.happy", "fr")`; docs/translating.md tells how to add a language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from mien.errors import UsageError

Message = str | Mapping[str, str]

DEFAULT = "en"
ABOUT = "_language.toml"
GAP = re.compile(r"\{(\w+)\}")
# Letters written from right to left: Hebrew to Arabic Extended-A, and their presentation forms.
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
BEFORE_MINUS = "\u200e"  # left-to-right mark: else the sign would stand behind the number
ISOLATED = "\u2068{}\u2069"  # first strong isolate: what stands around the text keeps its order


@dataclass(frozen=True)
class Language:
    """The words of one language.

    `name` is its own name for itself, `direction` 'ltr' or 'rtl', `messages` by key hold English ones where it lacks
    them, and `plural` gives the CLDR category of a number: 'one', 'few', 'other' and so on.
    """

    code: str
    name: str
    direction: str
    is_reviewed: bool  # by somebody who grew up with it
    messages: Mapping[str, Message] = field(repr=False)
    plural: Callable[[float], str] = field(repr=False)

    def say(self, key: str, /, **values: object) -> str:
        """The message `key` with `values` filled in; `count` chooses among plural forms.

        Numbers are written as is usual. A gap for which there is no value stays. Raises KeyError for a key that English
        lacks.
        """
        text = self.messages[key]
        if not isinstance(text, str):
            count = values.get("count")
            form = self.plural(count if isinstance(count, int | float) else 0)
            text = text.get(form, text["other"])
        return GAP.sub(lambda gap: _written(values[gap[1]], self) if gap[1] in values else gap[0], text)


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages, English first."""
    found = [folder.name for folder in _locales().iterdir() if (folder / ABOUT).is_file()]
    return tuple(sorted(found, key=lambda code: (code != DEFAULT, code)))


@lru_cache(maxsize=64)  # asked for with every word
def language_of(code: str) -> Language:
    """The language nearest to a code such as 'pt', 'pt-BR' or 'en_GB'. Raises UsageError that lists the choices."""
    known = {one.lower(): one for one in languages()}
    parts = code.strip().lower().replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        found = known.get("-".join(parts[:length]))
        if found is not None:
            return _loaded(found)
    raise UsageError(f"no words in the language {code[:40]!r}: choose from {', '.join(languages())}")


def message(key: str, language: str = DEFAULT, **values: object) -> str:
    """The message `key` in the nearest language: see `Language.say`. Raises UsageError for an unknown language."""
    return language_of(language).say(key, **values)


def load(folder: Traversable) -> Language:
    """The language in a folder whose name is its code."""
    from babel import Locale  # here: it takes a moment, and not everybody speaks

    about = _parsed(folder / ABOUT)
    return Language(
        code=folder.name,
        name=about["name"],
        direction=about["direction"],
        is_reviewed=about["is_reviewed"],
        messages=own_messages(_locales() / DEFAULT) | own_messages(folder),
        plural=Locale.parse(folder.name, sep="-").plural_form,
    )


def own_messages(folder: Traversable) -> dict[str, Message]:
    """The messages in the files of one language, without English ones for those that it lacks."""
    found: dict[str, Message] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml") and file.name != ABOUT:
            found.update(_parsed(file))
    return found


def _locales() -> Traversable:
    return resources.files("mien") / "locales"


@cache
def _loaded(code: str) -> Language:
    return load(_locales() / code)


def _parsed(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _written(value: object, language: Language) -> str:
    """A value as it stands in a sentence; one of the other direction does not disturb what is around it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, language)
    text = str(value)
    is_strange = RIGHT_TO_LEFT.search(text) if language.direction == "ltr" else _runs_right(text)
    return ISOLATED.format(text) if is_strange else text


def _runs_right(text: str) -> bool:
    return any(letter.isalpha() and not RIGHT_TO_LEFT.match(letter) for letter in text)


def _number(value: float, language: Language) -> str:
    """'1,234.5', '1.234,5': with this language's marks, in European digits, at most three of them after the mark."""
    if isinstance(value, int) and 0 <= value < 1000:
        return str(value)
    from babel.numbers import format_decimal

    text = format_decimal(value, locale=language.code.replace("-", "_"), numbering_system="latn")
    return f"{BEFORE_MINUS}{text}" if language.direction == "rtl" and text.startswith("-") else text
