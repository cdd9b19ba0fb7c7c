"""A Reading in words.

"Left: looks happy, about 8 in 10 people would say so. Right: not sure, the face is turned away." All words stand in
one catalogue a language, keyed by message id; a message with plural forms is a table of them. The sentences say
what people would say of a face, never what its owner feels. Try: `words.sentence(mien.Reader().read("photo.jpg"))`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mien.errors import UsageError
from mien.types import Expression, Face, Reading

DISAGREE = "people would disagree"  # the doubt whose words name the two leading labels
NO_EXPRESSION = ("unknown", "not a face")  # answers of people that are no expression
REASONS_SAID = 2  # more reasons than these make a sentence that nobody listens to
CLEAR_VALENCE = 1 / 3  # beyond this, an expression is called positive or negative when asked for

Message = str | Mapping[str, str]

ENGLISH: dict[str, Message] = {
    "no_face": "No face found.",
    "count": {"one": "{count} person.", "other": "{count} people."},
    "placed": "{place}: {words}.",
    "place.only": "One person",
    "place.left": "Left",
    "place.middle": "Middle",
    "place.right": "Right",
    "place.1": "First from left",
    "place.2": "Second from left",
    "place.3": "Third from left",
    "place.4": "Fourth from left",
    "place.5": "Fifth from left",
    "place.6": "Sixth from left",
    "place.n": "Number {place} from left",
    "not_read": "a face, not read",
    "sure": "{looks}, {people} would say so",
    "sure_but": "{looks}, {people} would say so, others {second}",
    "unsure": "not sure, {reasons}",
    "unsure_guess": "not sure, perhaps {label}: {people} would say so",
    "split": "people would disagree: {first} (about {first_share}) or {second} (about {second_share})",
    "and": "{first} and {second}",
    "looks": "looks {label}",
    "not_sure": "not sure",
    "share": "{count} in 10",
    "people": {"one": "about {count} in 10 people", "other": "about {count} in 10 people"},
    "valence.positive": "{looks}, rather positive",
    "valence.negative": "{looks}, rather negative",
    "no_letters": "(no font has this word)",
    "label.neutral": "neutral",
    "label.happy": "happy",
    "label.surprise": "surprised",
    "label.sad": "sad",
    "label.angry": "angry",
    "label.disgust": "disgusted",
    "label.fear": "afraid",
    "label.contempt": "contemptuous",
    "label.unknown": "hard to name",
    "label.not a face": "not a face",
    "doubt.too small": "the face is too small",
    "doubt.blurred": "the face is blurred",
    "doubt.dark": "the face is too dark",
    "doubt.blown out": "the light is too strong",
    "doubt.turned away": "the face is turned away",
    "doubt.partly covered": "the face is partly covered",
    "doubt.out of frame": "the face is partly outside the picture",
    "doubt.people would disagree": "people would disagree",
    "doubt.unknown expression": "people would find no word for it",
    "short.too small": "too small",
    "short.blurred": "blurred",
    "short.dark": "too dark",
    "short.blown out": "too bright",
    "short.turned away": "turned away",
    "short.partly covered": "partly covered",
    "short.out of frame": "out of frame",
    "short.people would disagree": "people would disagree",
    "short.unknown expression": "hard to name",
}


@dataclass(frozen=True)
class Language:
    """The words of one language: `messages` by id, and `plural`, the form that a count takes."""

    messages: Mapping[str, Message]
    plural: Callable[[int], str]


LANGUAGES: dict[str, Language] = {"en": Language(ENGLISH, lambda count: "one" if count == 1 else "other")}


def language_of(code: str) -> Language:
    """The catalogue for a code such as 'en' or 'en-GB'. Raises UsageError that lists the choices."""
    found = LANGUAGES.get(code.replace("_", "-").split("-")[0].lower())
    if found is None:
        raise UsageError(f"no words in the language {code!r}: choose from {', '.join(sorted(LANGUAGES))}")
    return found


def message(key: str, language: str = "en", **values: object) -> str:
    """The message `key` with `values` filled in; `count` chooses among plural forms."""
    words = language_of(language)
    text = words.messages[key]
    if not isinstance(text, str):
        count = values.get("count")
        text = text.get(words.plural(count if isinstance(count, int) else 0), text["other"])
    return text.format(**values)


def sentence(reading: Reading, language: str = "en", *, valence: bool = False) -> str:
    """All faces of a Reading in words, from left to right.

    `valence` adds 'rather positive' or 'rather negative' where that is clear. Raises UsageError for an unknown
    language.
    """
    faces = sorted(reading.faces, key=lambda face: face.box.centre[0])
    if not faces:
        return message("no_face", language)
    parts = [
        message("placed", language, place=place, words=face_words(face, language, valence=valence))
        for place, face in zip(place_names(len(faces), language), faces, strict=True)
    ]
    if len(faces) > 3:
        parts.insert(0, message("count", language, count=len(faces)))
    return " ".join(parts)


say = sentence


def place_names(count: int, language: str = "en") -> list[str]:
    """What to call `count` faces from left to right: 'Left', 'Middle', 'Right'."""
    few: dict[int, Sequence[str]] = {1: ["only"], 2: ["left", "right"], 3: ["left", "middle", "right"]}
    if count in few:
        return [message(f"place.{name}", language) for name in few[count]]
    known = language_of(language).messages
    numbers = range(1, count + 1)
    return [message(f"place.{n}" if f"place.{n}" in known else "place.n", language, place=n) for n in numbers]


def face_words(face: Face, language: str = "en", *, valence: bool = False) -> str:
    """One face in words: 'looks happy, about 8 in 10 people would say so'. `sure` decides how it is put."""
    expression = face.expression
    if expression is None:
        return message("not_read", language)
    if not expression.sure:
        return _unsure_words(expression, language)
    looks = looks_words(expression, language)
    if valence and abs(expression.valence) >= CLEAR_VALENCE:
        looks = message(f"valence.{'positive' if expression.valence > 0 else 'negative'}", language, looks=looks)
    people = message("people", language, count=in_ten(expression))
    if DISAGREE not in expression.doubts or len(_leading(expression)) < 2:
        return message("sure", language, looks=looks, people=people)
    second = label_word(_leading(expression)[1], language)
    return message("sure_but", language, looks=looks, people=people, second=second)


def in_ten(expression: Expression, label: str | None = None) -> int:
    """How many of ten people would choose `label` (the leading one unless told): at least 1 for the leading one."""
    share = expression.votes.get(label or expression.label, 0.0)
    # Half a person counts, as at school; round() would make two of two and a half.
    return max(1 if label is None else 0, min(10, int(10 * share + 0.5)))


def label_word(label: str, language: str = "en") -> str:
    """The word for a label; a model's own label that the catalogue does not know stands for itself."""
    key = f"label.{label}"
    return message(key, language) if key in language_of(language).messages else label


def looks_words(expression: Expression, language: str = "en") -> str:
    """'looks happy'."""
    return message("looks", language, label=label_word(expression.label, language))


def share_words(expression: Expression, language: str = "en") -> str:
    """'8 in 10': how many people would choose the leading label."""
    return message("share", language, count=in_ten(expression))


def doubt_words(doubt: str, language: str = "en", *, short: bool = False) -> str:
    """A reason in words: 'the face is turned away', or `short`, 'turned away'. An unknown one stands for itself."""
    key = f"{'short' if short else 'doubt'}.{doubt}"
    return message(key, language) if key in language_of(language).messages else doubt


def _leading(expression: Expression) -> list[str]:
    """The expressions that anybody would choose, most chosen first; `label` is the first one."""
    votes = {label: share for label, share in expression.votes.items() if label not in NO_EXPRESSION and share > 0}
    others = sorted((label for label in votes if label != expression.label), key=lambda label: -votes[label])
    return [expression.label, *others]


def _is_tie(expression: Expression) -> bool:
    leading = _leading(expression)[:2]
    return len(leading) == 2 and in_ten(expression, leading[0]) == in_ten(expression, leading[1]) > 0


def _unsure_words(expression: Expression, language: str) -> str:
    said = list(expression.doubts[:REASONS_SAID])
    if DISAGREE in said or (not said and _is_tie(expression)):
        # Last, because its words go on with a list.
        said = [doubt for doubt in said if doubt != DISAGREE] + [DISAGREE]
    reasons = [_reason(doubt, expression, language) for doubt in said]
    if not reasons:
        label, people = label_word(expression.label, language), message("people", language, count=in_ten(expression))
        return message("unsure_guess", language, label=label, people=people)
    both = reasons[0] if len(reasons) == 1 else message("and", language, first=reasons[0], second=reasons[1])
    return message("unsure", language, reasons=both)


def _reason(doubt: str, expression: Expression, language: str) -> str:
    leading = _leading(expression)
    if doubt != DISAGREE or len(leading) < 2:
        return doubt_words(doubt, language)
    first, second = leading[:2]
    return message(
        "split",
        language,
        first=label_word(first, language),
        first_share=message("share", language, count=in_ten(expression)),
        second=label_word(second, language),
        second_share=message("share", language, count=max(1, in_ten(expression, second))),
    )
