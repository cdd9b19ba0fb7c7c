"""What stands beside a face on a picture: the word, how many would say it, a bar for each leading vote, doubts in grey.

`variants` says it in three lengths, `render` makes a small picture of one. Where it goes, `draw.py` knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from mien import fonts
from mien.expression import words
from mien.types import Expression, Face, ImageArray

Colour = tuple[int, int, int]

# Okabe and Ito's palette, told apart by the colour-blind (jfly.uni-koeln.de/color); words always stand beside it.
COLOURS: dict[str, Colour] = {
    "neutral": (255, 255, 255),
    "happy": (240, 228, 66),
    "surprise": (230, 159, 0),
    "sad": (86, 180, 233),
    "angry": (213, 94, 0),
    "disgust": (0, 158, 115),
    "fear": (204, 121, 167),
    "contempt": (0, 114, 178),
}
GREY: Colour = (176, 180, 186)  # doubts, and labels without a colour of their own
WHITE: Colour = (255, 255, 255)
PANEL = (16, 18, 22, 208)  # dark, a little see-through: white text on it has a contrast of 9 even over snow
TRACK = (255, 255, 255, 40)  # the empty part of a bar
SMALL = 0.8  # size of all but the headline
MOST_BARS = 3
LEAST_BAR = 0.05  # a share that is less than half a person of ten
SHARP = 4  # shapes are drawn this many times larger, for smooth edges


@dataclass(frozen=True)
class Bar:
    """One vote: its word, its share 0..1, its colour."""

    word: str
    share: float
    colour: Colour


@dataclass(frozen=True)
class Label:
    """The text beside one face: `headline`, `share` on the same line, `quiet` in grey below, then the bars."""

    headline: str
    share: str = ""
    quiet: str = ""
    bars: tuple[Bar, ...] = ()
    colour: Colour = GREY
    is_sure: bool = False


def colour_of(face: Face) -> Colour:
    """The colour of a face's outline: its label's when that is sure, else grey."""
    expression = face.expression
    return COLOURS.get(expression.label, GREY) if expression is not None and expression.sure else GREY


def variants(face: Face, language: str = "en") -> list[Label]:
    """A face's label in up to three lengths, fullest first; none for a face that was not read."""
    expression = face.expression
    if expression is None:
        return []
    doubts = ", ".join(words.doubt_words(doubt, language, short=True) for doubt in expression.doubts[:2])
    if not expression.sure:
        return _unsure_variants(expression, doubts, language)
    word, share = words.label_word(expression.label, language), words.share_words(expression, language)
    full = Label(
        words.looks_words(expression, language), share, doubts, _bars(expression, language), colour_of(face), True
    )
    short = replace(full, headline=word, quiet="", bars=())
    return [full, replace(full, headline=word, quiet=""), short, replace(short, share="")]


def _unsure_variants(expression: Expression, doubts: str, language: str) -> list[Label]:
    not_sure = words.message("not_sure", language)
    bare = Label(not_sure)
    # Votes on a face that cannot be seen well say little; where people differ, they are the answer.
    is_about_votes = not expression.doubts or words.DISAGREE in expression.doubts
    bars = _bars(expression, language) if is_about_votes else ()
    full = replace(bare, headline=f"{not_sure}:" if doubts else not_sure, quiet=doubts, bars=bars)
    return [full, replace(full, bars=()), bare]


def _bars(expression: Expression, language: str) -> tuple[Bar, ...]:
    leading = sorted(expression.votes.items(), key=lambda vote: -vote[1])[:MOST_BARS]
    return tuple(
        Bar(words.label_word(label, language), share, COLOURS.get(label, GREY))
        for label, share in leading
        if share >= LEAST_BAR
    )


@lru_cache(maxsize=128)
def render(label: Label, text_px: int) -> ImageArray:
    """Draw a label: (h, w, 4) uint8 RGBA, colour not multiplied by alpha; letters are `text_px` high."""
    layout = _Layout(label, text_px)
    panel = layout.panel()
    pen = ImageDraw.Draw(panel)
    for x, y, text, size_px, colour in layout.texts:
        _write(pen, (x, y), text, size_px, colour)
    drawn = np.asarray(panel)
    drawn.setflags(write=False)
    return drawn


class _Layout:
    """Where everything of one label lies, px from the panel's corner."""

    def __init__(self, label: Label, text_px: int) -> None:
        self._label, small = label, max(9, round(text_px * SMALL))
        self._pad, self._stripe = max(3, round(text_px * 0.4)), max(2, round(text_px * 0.22))
        left, y = self._stripe + self._pad, self._pad
        self.texts: list[tuple[int, int, str, int, Colour]] = []
        self._shapes: list[tuple[tuple[float, float, float, float], tuple[int, ...]]] = []
        x = left + self._text(left, y, label.headline, text_px, WHITE if label.is_sure else GREY)
        if label.share:
            x += round(text_px * 0.5)
            x += self._text(x, y + _baseline(text_px) - _baseline(small), label.share, small, WHITE)
        self._right, y = x, y + _line(text_px)
        if label.quiet:
            self._right = max(self._right, left + self._text(left, y, label.quiet, small, GREY))
            y += _line(small)
        if label.bars:
            y = self._bars(left, y + max(1, small // 5), small)
        self.size = (self._right + self._pad + self._stripe // 2, y + self._pad)

    def _text(self, x: int, y: int, text: str, size_px: int, colour: Colour) -> int:
        self.texts.append((x, y, text, size_px, colour))
        return _width(text, size_px)

    def _bars(self, left: int, y: int, small: int) -> int:
        start = left + max(_width(bar.word, small) for bar in self._label.bars) + round(small * 0.6)
        end = max(self._right, start + small * 4)
        for bar in self._label.bars:
            self._text(left, y, bar.word, small, WHITE if self._label.is_sure else GREY)
            top = y + _line(small) * 0.28
            bottom = top + max(3, small * 0.5)
            self._shapes.append(((start, top, end, bottom), TRACK))
            self._shapes.append(((start, top, start + (end - start) * min(1, bar.share), bottom), (*bar.colour, 255)))
            y += _line(small)
        self._right = end
        return y

    def panel(self) -> Image.Image:
        """The background, the stripe and the bars, with smooth edges."""
        width, height = self.size
        large = Image.new("RGBA", (width * SHARP, height * SHARP), (*PANEL[:3], 0))
        pen = ImageDraw.Draw(large)
        round_px = self._pad * SHARP
        pen.rounded_rectangle((0, 0, width * SHARP - 1, height * SHARP - 1), round_px, fill=PANEL)
        inset = self._pad * 0.6
        stripe = (inset, inset, inset + self._stripe, height - inset)
        for box, colour in [(stripe, (*self._label.colour, 255)), *self._shapes]:
            x1, y1, x2, y2 = (v * SHARP for v in box)
            if x2 - x1 >= 1:
                shade = Image.new("RGBA", large.size, (0, 0, 0, 0)) if len(colour) == 4 and colour[3] < 255 else None
                target = ImageDraw.Draw(shade) if shade is not None else pen
                radius = min(x2 - x1, y2 - y1) / 2 * 0.7
                target.rounded_rectangle((x1, y1, x2 - 1, y2 - 1), radius, fill=colour)
                if shade is not None:
                    large.alpha_composite(shade)
        return large.resize((width, height), Image.Resampling.BOX)


def _line(size_px: int) -> int:
    return round(size_px * 1.25)


def _baseline(size_px: int) -> int:
    return round(size_px * 1.0)


def _font(text: str, size_px: int) -> tuple[str, fonts.Font]:
    """A text that can be written and its font: never boxes in place of letters."""
    font = fonts.font_for(text, size_px)
    if font is None:
        text = words.message("no_letters")
        font = fonts.font_for(text, size_px)
    assert font is not None  # Pillow's own font has the English words
    return text, font


def _width(text: str, size_px: int) -> int:
    written, font = _font(text, size_px)
    return round(font.getlength(written))


def _write(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size_px: int, colour: Colour) -> None:
    written, font = _font(text, size_px)
    pen.text((at[0], at[1] + _baseline(size_px)), written, font=font, fill=(*colour, 255), anchor="ls")
