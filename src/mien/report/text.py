"""Figures as people read them: 'about 1,234', '68.2 %', '67.1 to 69.3'."""

from __future__ import annotations

import re
from collections.abc import Sequence


def count(number: int) -> str:
    """'12,345'."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """'1 group', '12 groups'."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def per_cent(share: float, decimals: int = 1) -> str:
    """A share of one: '68.2 %'."""
    return f"{100 * share:.{decimals}f} %"


def interval(bounds: Sequence[float], decimals: int = 1) -> str:
    """Two shares of one: '67.1 to 69.3'; what they are per cent of stands beside it."""
    low, high = (f"{100 * bound:.{decimals}f}" for bound in bounds)
    return f"{low} to {high}"


def safe_name(text: str) -> str:
    """A text as a part of a file's name: letters, digits and '-'."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"
