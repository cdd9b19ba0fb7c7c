"""A Reading in words.

"Left: looks happy, about 8 in 10 people would say so. Right: not sure, the face is turned away." All words come from
the catalogue (locales/<language>/expressions.toml). The sentences say what people would say of a face, never what its
owner feels. Try: `words.sentence(mien.Reader().read("photo.jpg"))`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mien.catalogue import DEFAULT
from mien.catalogue import language_of as language_of
from mien.catalogue import message as message
from mien.types import Expression, Face, Reading

DISAGREE = "people would disagree"  # the doubt whose words name the two leading labels
NO_EXPRESSION = ("unknown", "not a face")  # answers of people that are no expression
REASONS_SAID = 2  # more reasons than these make a sentence that nobody listens to
CLEAR_VALENCE = 1 / 3  # beyond this, an expression is called positive or negative when asked for


def sentence(
    reading: Reading,
    language: str = DEFAULT,
    *,
    valence: bool = False,
    beside: Callable[[Face], str] | None = None,
) -> str:
    """All faces of a Reading in words, from left to right.

    `valence` adds 'rather positive' or 'rather negative' where that is clear, `beside` what else is known of a face, in
    words. Raises UsageError for an unknown language.
    """
    faces = sorted(reading.faces, key=lambda face: face.box.centre[0])
    if not faces:
        return message("no_face", language)
    parts = [
        message(
            "placed",
            language,
            place=place,
            words=_with(face_words(face, language, valence=valence), beside, face, language),
        )
        for place, face in zip(place_names(len(faces), language), faces, strict=True)
    ]
    if len(faces) > 3:
        parts.insert(0, message("count", language, count=len(faces)))
    return message("between_sentences", language).join(parts)


say = sentence


def _with(said: str, beside: Callable[[Face], str] | None, face: Face, language: str) -> str:
    more = beside(face) if beside is not None else ""
    return message("distance.said", language, words=said, distance=more) if more else said


def place_names(count: int, language: str = DEFAULT) -> list[str]:
    """What to call `count` faces from left to right: 'Left', 'Middle', 'Right'."""
    few: dict[int, Sequence[str]] = {1: ["only"], 2: ["left", "right"], 3: ["left", "middle", "right"]}
    if count in few:
        return [message(f"place.{name}", language) for name in few[count]]
    known = language_of(language).messages
    numbers = range(1, count + 1)
    return [message(f"place.{n}" if f"place.{n}" in known else "place.n", language, place=n) for n in numbers]


def face_words(face: Face, language: str = DEFAULT, *, valence: bool = False) -> str:
    """One face in words: 'looks happy, about 8 in 10 people would say so'. `sure` decides how it is put."""
    expression = face.expression
    if expression is None:
        return message("not_read", language)
    if not expression.sure:
        return _unsure_words(expression, language)
    looks = looks_words(expression, language)
    if valence and abs(expression.valence) >= CLEAR_VALENCE:
        looks = message(f"valence.{'positive' if expression.valence > 0 else 'negative'}", language, looks=looks)
    return message("sure", language, looks=looks, people=people_words(expression, language))


def face_parts(face: Face, language: str = DEFAULT) -> dict[str, Any]:
    """One face for a card, as plain values.

    Returns:
        `title` ('looks happy' or 'not sure'), `people` ('about 8 in 10 people would say so'; empty where not sure),
        `doubts` (short: 'turned away'), `sentence`, and as they are `label` ('' for a face that was not read), `in_ten`
        (0..10) and `sure`.
    """
    expression, said = face.expression, face_words(face, language)
    if expression is None:
        unread = {"title": said, "people": "", "doubts": [], "sentence": said}
        return {**unread, "label": "", "in_ten": 0, "sure": False}
    is_sure = expression.sure
    return {
        "title": looks_words(expression, language) if is_sure else message("not_sure", language),
        "people": people_words(expression, language) if is_sure else "",
        "doubts": [doubt_words(doubt, language, short=True) for doubt in expression.doubts],
        "sentence": said,
        "label": expression.label,
        "in_ten": in_ten(expression),
        "sure": is_sure,
    }


def in_ten(expression: Expression, label: str | None = None) -> int:
    """How many of ten people would choose `label` (the leading one unless told): at least 1 for the leading one."""
    share = expression.votes.get(label or expression.label, 0.0)
    # Half a person counts, as at school; round() would make two of two and a half.
    return max(1 if label is None else 0, min(10, int(10 * share + 0.5)))


def label_word(label: str, language: str = DEFAULT) -> str:
    """The word for a label; a model's own label that the catalogue does not know stands for itself."""
    key = f"label.{label}"
    return message(key, language) if key in language_of(language).messages else label


def looks_words(expression: Expression, language: str = DEFAULT) -> str:
    """'looks happy'."""
    key = f"looks.{expression.label}"
    if key in language_of(language).messages:
        return message(key, language)
    return message("looks", language, label=expression.label)


def people_words(expression: Expression, language: str = DEFAULT) -> str:
    """'about 8 in 10 people would say so'."""
    return message("people", language, count=in_ten(expression))


def share_words(expression: Expression, language: str = DEFAULT) -> str:
    """'8 in 10': how many people would choose the leading label."""
    return message("share", language, count=in_ten(expression))


def doubt_words(doubt: str, language: str = DEFAULT, *, short: bool = False) -> str:
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
        label = label_word(expression.label, language)
        return message("unsure_guess", language, label=label, people=people_words(expression, language))
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
