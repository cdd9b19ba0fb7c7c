"""Words in several languages: whole, alike, right in their forms, and in nobody's way."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from mien import catalogue
from mien.errors import UsageError

LOCALES = Path(str(resources.files("mien"))) / "locales"
LANGUAGES = catalogue.languages()
OTHERS = [code for code in LANGUAGES if code != catalogue.DEFAULT]
ENGLISH = catalogue.own_messages(LOCALES / catalogue.DEFAULT)

# What is the same as in English and yet right: (language, the text without its gaps).
ON_KEYS = "Esc"  # as it stands on keyboards
SAME = {
    *[(language, ON_KEYS) for language in OTHERS],
    *[("fr", text) for text in ("Distance", "Expression", "Notes", "surprise", " minute", " minutes", "Vibration")],
    *[("de", text) for text in ("neutral", "Person ", "Person : ", " Person", " Person.", "Vibration")],
    *[("es", text) for text in ("no, ",)],
    *[(language, " cm") for language in ("de", "es", "fr", "ja", "pt")],  # a symbol, the same in all of them
}


def forms_of(message: catalogue.Message) -> dict[str, str]:
    return {"other": message} if isinstance(message, str) else dict(message)


def gaps_of(text: str) -> set[str]:
    return set(catalogue.GAP.findall(text))


def own(language: str) -> dict[str, catalogue.Message]:
    return catalogue.own_messages(LOCALES / language)


def test_eight_languages() -> None:
    assert LANGUAGES == ("en", "ar", "de", "es", "fr", "ja", "pt", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_message_once(language: str) -> None:
    assert own(language).keys() == ENGLISH.keys()
    files = [path for path in (LOCALES / language).glob("*.toml") if path.name != catalogue.ABOUT]
    assert {path.name for path in files} == {path.name for path in (LOCALES / "en").glob("[!_]*.toml")}
    keys = Counter(key for path in files for key in catalogue.tomllib.loads(path.read_text(encoding="utf-8")))
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_has_the_same_gaps(language: str) -> None:
    plural = catalogue.language_of(language).plural
    counts: dict[str, set[int]] = {}
    for count in range(1000):
        counts.setdefault(plural(count), set()).add(count)
    for key, message in own(language).items():
        expected = gaps_of(forms_of(ENGLISH[key])["other"])
        for form, text in forms_of(message).items():
            # "Nobody", "one person", "a pair" need no number; a form for several numbers does.
            is_exact = not isinstance(message, str) and len(counts.get(form, ())) == 1
            missing = expected - gaps_of(text) - ({"count"} if is_exact else set())
            assert not missing and gaps_of(text) <= expected, f"{key} ({form}): {text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_exactly_the_forms_of_the_language(language: str) -> None:
    expected = {*Locale.parse(language).plural_form.rules, "other"}
    for key, message in own(language).items():
        assert isinstance(message, str) == isinstance(ENGLISH[key], str), key
        if not isinstance(message, str):
            assert set(message) == expected, key


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left(language: str) -> None:
    left = []
    for key, message in own(language).items():
        english = set(forms_of(ENGLISH[key]).values())
        for text in forms_of(message).values():
            bare = catalogue.GAP.sub("", text)
            if text in english and re.search(r"[a-z]{2}", bare) and (language, bare) not in SAME:
                left.append((key, text))
    assert not left


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_plain_text(language: str) -> None:
    for key, message in own(language).items():
        for text in forms_of(message).values():
            assert text.count("{") == text.count("}") == len(catalogue.GAP.findall(text)), key
            assert "\n" not in text and (text == text.strip() or key == "between_sentences"), key
            assert not re.search(r"</?\w+[^>]*>", text), f"{key} is no place for HTML"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_who_it_is(language: str) -> None:
    locale, about = Locale.parse(language), catalogue.language_of(language)
    assert about.code == language
    assert about.name.casefold() == str(locale.get_language_name(language)).casefold()
    assert about.direction == {"left-to-right": "ltr", "right-to-left": "rtl"}[locale.character_order]
    assert about.is_reviewed == (language == "en")


@pytest.mark.parametrize("language", [code for code in OTHERS if code in ("ar", "ja", "zh")])
def test_other_scripts_are_used(language: str) -> None:
    for key, message in own(language).items():
        for text in forms_of(message).values():
            bare = catalogue.GAP.sub("", text)
            assert bare in ("", ON_KEYS) or re.search(r"[^\x00-\x7f]", bare) or not re.search(r"[A-Za-z]{3}", bare), key


@pytest.mark.parametrize(
    ("asked", "given"),
    [("pt-BR", "pt"), ("en_GB", "en"), ("ZH-Hant-TW", "zh"), (" fr ", "fr"), ("ar-EG-u-nu-arab", "ar"), ("de", "de")],
)
def test_the_nearest_language(asked: str, given: str) -> None:
    assert catalogue.language_of(asked).code == given


@pytest.mark.parametrize("asked", ["tlh", "", "-", "e", "english", "../en", "en/../en", "_language"])
def test_an_unknown_language_lists_the_choices(asked: str) -> None:
    with pytest.raises(UsageError, match=r"choose from en, ar, de, es, fr, ja, pt, zh$"):
        catalogue.language_of(asked)


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [  # a form of each rule of CLDR's for these languages
        ("en", 0, "0 people."), ("en", 1, "1 person."), ("en", 2, "2 people."),
        ("fr", 0, "0 personne."), ("fr", 1, "1 personne."), ("fr", 2, "2 personnes."),
        ("es", 1, "1 persona."), ("es", 2, "2 personas."), ("es", 1_000_000, "1.000.000 de personas."),
        ("pt", 0, "0 pessoa."), ("pt", 2, "2 pessoas."), ("de", 0, "0 Personen."),
        ("ar", 0, "لا أحد."), ("ar", 1, "شخص واحد."), ("ar", 2, "شخصان."), ("ar", 3, "3 أشخاص."),
        ("ar", 11, "11 شخصًا."), ("ar", 100, "100 شخص."), ("ar", 103, "103 أشخاص."),
        ("zh", 1, "共 1 人。"), ("ja", 7, "7人います。"),
    ],
)  # fmt: skip
def test_forms_by_count(language: str, count: int, said: str) -> None:
    assert catalogue.message("count", language, count=count) == said


def test_what_a_language_lacks_is_said_in_english(tmp_path: Path) -> None:
    folder = tmp_path / "nl"
    folder.mkdir()
    (folder / catalogue.ABOUT).write_text('name = "Nederlands"\ndirection = "ltr"\nis_reviewed = false\n')
    (folder / "expressions.toml").write_text('"label.happy" = "blij"\n', encoding="utf-8")
    dutch = catalogue.load(folder)
    assert dutch.say("label.happy") == "blij"
    assert dutch.say("label.sad") == "sad"
    assert dutch.say("count", count=1) == "1 person."


def test_a_value_of_the_other_direction_is_set_apart() -> None:
    apart = "\u2068{}\u2069"
    assert catalogue.message("looks", "ar", label="x") == f"الملامح: {apart.format('x')}"
    assert catalogue.message("looks", "en", label="فرح") == f"looks {apart.format('فرح')}"
    assert catalogue.message("looks", "ar", label="فرح") == "الملامح: فرح"
    assert catalogue.message("looks", "fr", label="é 1,5") == "semble exprimer\u00a0: é 1,5"


@given(st.sampled_from(LANGUAGES), st.text())
def test_values_are_never_read_as_messages(language: str, value: str) -> None:
    said = catalogue.message("looks", language, label=value)
    assert value in said
    assert catalogue.message("looks", language) == catalogue.language_of(language).messages["looks"]
