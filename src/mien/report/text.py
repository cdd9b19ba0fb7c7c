"""Figures as people read them: '1,234', '68.2 %', '67.1 to 69.3'."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What is right, for each head of a model.
HEAD_WORDS = {"fer2013": "FER2013's label", "votes": "what most people say"}
NBSP = "\u00a0"  # a space at which no line breaks


def count(number: int) -> str:
    """'12,345'."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """'1 group', '12 groups'; `plural` where an s will not do."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def megabytes(size: int) -> str:
    """'5.7 MB', of a million bytes each."""
    return f"{size / 1e6:.1f} MB"


def millions(number: int) -> str:
    """'2.8 M'."""
    return f"{number / 1e6:.1f} M"


def per_cent(share: float, decimals: int = 1) -> str:
    """A share of one: '68.2 %', never broken into two lines."""
    return f"{100 * share:.{decimals}f}{NBSP}%"


def points(difference: float) -> str:
    """A difference of two shares: '+1.2'."""
    return f"{100 * difference:+.1f}"


def interval(bounds: Sequence[float], decimals: int = 1) -> str:
    """Two shares of one: '67.1 to 69.3'; what they are per cent of stands beside it."""
    low, high = (f"{100 * bound:.{decimals}f}" for bound in bounds)
    return f"{low} to {high}"


def safe_name(text: str) -> str:
    """A text as a part of a file's name: letters, digits and '-'."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
