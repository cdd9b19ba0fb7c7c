"""What others call the labels and the splits: any spelling to ours, and unknown ones told in one line.

Case, blanks and punctuation do not count. Numbers name no label here: what a number means, each data set says
itself.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import LABELS, VOTE_LABELS
from mien.errors import DataError

LEFT_OUT = -2  # what `index_labels` gives for a label that shall be ignored
SHOWN = 8  # unknown labels that an error names

# Nouns (AffectNet, RAF-DB, FERPlus), adjectives (FER2013), and the codes of KDEF and of similar sets.
_SPELLINGS = {
    "angry": "anger angry ang an",
    "disgust": "disgust disgusted dis di",
    "fear": "fear fearful afraid scared fea af",
    "happy": "happy happiness joy joyful hap ha",
    "sad": "sad sadness sa",
    "surprise": "surprise surprised sur su",
    "neutral": "neutral neutrality neu ne",
    "contempt": "contempt contemptuous con",
}
_NO_EXPRESSION = {"unknown": "unknown unsure", "not a face": "notaface nf noface nonface"}
_SPLITS = {
    "Training": "training train",
    "PublicTest": "publictest validation valid val dev",
    "PrivateTest": "privatetest testing test",
}


def plain(text: str) -> str:
    """A name without case, blanks and punctuation."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _turned(spellings: Mapping[str, str]) -> dict[str, str]:
    return {word: name for name, words in spellings.items() for word in words.split()}


_LABEL_OF = _turned(_SPELLINGS)
_VOTE_OF = _LABEL_OF | _turned(_NO_EXPRESSION)
_SPLIT_OF = _turned(_SPLITS)


def label_index(text: str) -> int | None:
    """Which of LABELS a word means in any spelling; None if it means none."""
    name = _LABEL_OF.get(plain(text))
    return None if name is None else LABELS.index(name)


def vote_index(text: str) -> int | None:
    """Which of VOTE_LABELS a column means, 'votes_' before its name or not; None if it means none."""
    name = _VOTE_OF.get(plain(text).removeprefix("votes"))
    return None if name is None else VOTE_LABELS.index(name)


def split_name(text: str) -> str | None:
    """Which of SPLITS a word means: train, val and test are FER2013's Training, PublicTest and PrivateTest."""
    return _SPLIT_OF.get(plain(text))


def usage_name(text: str) -> str:
    """The split that a word means; a word that means none is a split of its own."""
    return split_name(text) or text.strip()


def index_labels(texts: Sequence[str], source: object, *, ignore: Iterable[str] = ()) -> NDArray[np.int64]:
    """Indices into LABELS of labels in any spelling; -1 where a text is empty, LEFT_OUT where it is ignored.

    Args:
        texts: one label a face.
        source: what the error calls the data.
        ignore: labels that may occur and are left out, in any spelling.

    Raises:
        DataError: some labels are unknown; it names them, and how often each occurs.
    """
    known: dict[str, int | None] = {text: -1 if not text.strip() else label_index(text) for text in set(texts)}
    passed = {plain(text) for text in ignore}
    known.update({text: LEFT_OUT for text in known if plain(text) in passed and text.strip()})
    unknown = Counter(text for text in texts if known[text] is None)
    if unknown:
        raise unknown_labels(unknown, source)
    return np.asarray([known[text] for text in texts], np.int64)


def unknown_labels(counts: Mapping[str, int], source: object) -> DataError:
    """The error that names unknown labels and how often each occurs, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{text[:40]!r} ({count} x)" for text, count in ranked[:SHOWN])
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    hint = "numbers name no label here, write words" if all(plain(text).isdigit() for text in counts) else "in any form"
    return DataError(
        f"{source} has labels that are not known: {shown}{more}; "
        f"known are {', '.join(LABELS)} ({hint}: docs/data.md has the spellings)"
    )
