"""What stands beside a face on a picture: the word, how many would say it, a bar for each leading vote, doubts in grey.

`variants` says it in three lengths, `render` makes a small picture of one. Where it goes, `draw.py` knows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mien import catalogue, fonts
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
    "positive": (0, 158, 115),  # tones take the place of the words, and never stand beside them
    "negative": (213, 94, 0),
}
GREY: Colour = (176, 180, 186)  # doubts, and labels without a colour of their own
WHITE: Colour = (255, 255, 255)
PANEL = (16, 18, 22, 214)  # dark, a little see-through: white text on it has a contrast of 9 even over snow
TRACK = (66, 70, 78)  # the empty part of a bar
SMALL = 0.82  # size of all but the headline
BOLD = 0.016  # how much the headline's strokes grow, in letter heights
MOST_BARS = 3
LEAST_BAR = 0.05  # a share that is less than half a person of ten
STEP = 0.02  # shares are drawn in such steps, which nobody sees and which let a stream reuse its labels
LEAST_PX = 10  # the smallest letters that are drawn before they are reduced
UNSEEN = {0x2068: None, 0x2069: None}  # isolates, which some fonts would draw as a box
SMOOTH_PX = 56  # labels are drawn with letters of this height at least, then reduced: smooth, evenly spaced


@dataclass(frozen=True)
class Bar:
    """One vote: its word, its share 0..1, its colour."""

    word: str
    share: float
    colour: Colour


@dataclass(frozen=True)
class Label:
    """The text beside one face.

    `headline`, `share` on the same line, `quiet` in grey below, then the bars: a row with its word for each, or, if
    `is_short`, all in one strip.
    """

    headline: str
    share: str = ""
    quiet: str = ""
    bars: tuple[Bar, ...] = ()
    colour: Colour = GREY
    is_sure: bool = False
    is_short: bool = False
    language: str = "en"


def colour_of(face: Face) -> Colour:
    """The colour of a face's outline: its label's when that is sure, else grey."""
    expression = face.expression
    return COLOURS.get(expression.label, GREY) if expression is not None and expression.sure else GREY


def variants(face: Face, language: str = "en") -> list[Label]:
    """A face's label in a few lengths, fullest first; none for a face that was not read."""
    expression = face.expression
    if expression is None:
        return []
    doubts = _short_doubts(expression, language)
    if not expression.sure:
        return _unsure_variants(expression, doubts, language)
    word, share = words.label_word(expression.label, language), words.share_words(expression, language)
    full = Label(
        words.looks_words(expression, language), share, doubts, _bars(expression, language), colour_of(face), True,
        language=language,
    )  # fmt: skip
    brief = replace(full, headline=word, quiet="")
    strip = replace(brief, is_short=True)
    return [full, brief, strip, replace(strip, share="")]


def _short_doubts(expression: Expression, language: str) -> str:
    said = [words.doubt_words(doubt, language, short=True) for doubt in expression.doubts[:2]]
    return words.message("comma", language, first=said[0], second=said[1]) if len(said) > 1 else "".join(said)


def _unsure_variants(expression: Expression, doubts: str, language: str) -> list[Label]:
    not_sure = words.message("not_sure", language)
    bare = Label(not_sure, language=language)
    # Votes on a face that cannot be seen well say little; where people differ, they are the answer.
    is_about_votes = not expression.doubts or words.DISAGREE in expression.doubts
    bars = _bars(expression, language) if is_about_votes else ()
    full = replace(
        bare, headline=words.message("not_sure_because", language) if doubts else not_sure, quiet=doubts, bars=bars
    )
    return [full, replace(full, is_short=True), bare]


def _bars(expression: Expression, language: str) -> tuple[Bar, ...]:
    leading = sorted(expression.votes.items(), key=lambda vote: -vote[1])[:MOST_BARS]
    return tuple(
        Bar(words.label_word(label, language), STEP * round(share / STEP), COLOURS.get(label, GREY))
        for label, share in leading
        if share >= LEAST_BAR
    )


@cache
def language_drawn(language: str) -> str:
    """The code of the language that labels are drawn in: `language` where a font has its letters, else English."""
    found = catalogue.language_of(language)
    parts = ("label.", "looks.", "short.", "not_sure")
    texts = [text for key, text in found.messages.items() if key.startswith(parts) and isinstance(text, str)]
    drawable = all(fonts.font_for(catalogue.GAP.sub("", text), LEAST_PX) is not None for text in texts)
    return found.code if drawable else catalogue.DEFAULT


def size_of(label: Label, text_px: int) -> tuple[int, int]:
    """Width and height of a label whose letters are `text_px` high."""
    return _laid_out(label, text_px).size


@lru_cache(maxsize=128)
def render(label: Label, text_px: int) -> ImageArray:
    """Draw a label: (h, w, 4) uint8 RGBA, colour not multiplied by alpha; read-only."""
    layout = _laid_out(label, text_px)
    drawn = np.asarray(layout.draw().resize(layout.size, Image.Resampling.BOX))
    drawn.setflags(write=False)
    return drawn


@lru_cache(maxsize=512)
def _laid_out(label: Label, text_px: int) -> _Layout:
    return _Layout(label, text_px)


class _Layout:
    """Where everything of one label lies, in px of a drawing that is `factor` times too large."""

    def __init__(self, label: Label, text_px: int) -> None:
        self._is_mirrored = catalogue.language_of(label.language).direction == "rtl"
        self._factor = max(1, math.ceil(SMOOTH_PX / text_px))
        self._label, self._big = label, text_px * self._factor
        self._small = max(LEAST_PX * self._factor, round(self._big * SMALL))
        self._pad = round(self._big * 0.42)
        self._left = round(self._big * 0.75)
        self._texts: list[tuple[int, int, str, int, Colour]] = []
        self._bars: list[tuple[tuple[float, float, float, float], Colour]] = []
        self._right, y = self._left, self._pad
        self._bottom = self._lay_bars(self._lay_lines(y)) + self._pad
        self.size = (math.ceil((self._right + self._pad) / self._factor), math.ceil(self._bottom / self._factor))

    def draw(self) -> Image.Image:
        """The label, `factor` times too large."""
        width, height = (side * self._factor for side in self.size)
        drawing = Image.new("RGBA", (width, height), (*PANEL[:3], 0))
        pen = ImageDraw.Draw(drawing)
        pen.rounded_rectangle((0, 0, width - 1, height - 1), self._pad, fill=PANEL)
        inset, stripe = self._big * 0.25, self._big * 0.22
        for (x1, y1, x2, y2), colour in [
            ((inset, inset, inset + stripe, height - inset), self._label.colour),
            *self._bars,
        ]:
            if self._is_mirrored:
                x1, x2 = width - x2, width - x1
            if x2 - x1 >= 2:
                radius = min(x2 - x1, y2 - y1) / 2 * 0.8
                pen.rounded_rectangle((x1, y1, x2 - 1, y2 - 1), radius, fill=(*colour, 255))
        for x, y, text, size_px, colour in self._texts:
            written, font = _font(text, size_px)
            bold = self._big * BOLD if size_px == self._big else 0
            x, anchor = (width - x, "rs") if self._is_mirrored else (x, "ls")
            # A font may have the same letter in the shapes of several languages: Chinese and Japanese differ.
            spoken = self._label.language if font.layout_engine == ImageFont.Layout.RAQM else None
            pen.text((x, y), written, font=font, fill=(*colour, 255), anchor=anchor, stroke_width=bold, language=spoken)
        return drawing

    def _lay_lines(self, y: int) -> int:
        label, base = self._label, y + round(self._big * 0.86)
        x = self._text(self._left, base, label.headline, self._big, WHITE if label.is_sure else GREY)
        if label.share:
            self._text(x + round(self._big * 0.45), base, label.share, self._small, WHITE)
        y += round(self._big * 1.15)
        if label.quiet:
            self._text(self._left, y + self._small, label.quiet, self._small, GREY)
            y += round(self._small * 1.25)
        return y

    def _text(self, x: int, baseline: int, text: str, size_px: int, colour: Colour) -> int:
        """Note a text and return its right end."""
        self._texts.append((x, baseline, text, size_px, colour))
        end = x + _width(text, size_px)
        self._right = max(self._right, end)
        return end

    def _lay_bars(self, y: int) -> int:
        if not self._label.bars:
            return y
        if self._label.is_short:
            return self._lay_strip(y + round(self._big * 0.1))
        small, y = self._small, y + round(self._small * 0.15)
        start = self._left + max(_width(bar.word, small) for bar in self._label.bars) + round(small * 0.6)
        self._right = end = max(self._right, start + small * 4)
        for bar in self._label.bars:
            self._text(self._left, y + small, bar.word, small, WHITE if self._label.is_sure else GREY)
            top, bottom = y + small * 0.42, y + small * 0.94
            self._bars.append(((start, top, end, bottom), TRACK))
            self._bars.append(((start, top, start + (end - start) * min(1.0, bar.share), bottom), bar.colour))
            y += round(small * 1.3)
        return y

    def _lay_strip(self, y: int) -> int:
        x, room, high = float(self._left), self._right - self._left, round(self._big * 0.3)
        self._bars.append(((x, y, self._right, y + high), TRACK))
        for bar in self._label.bars:
            self._bars.append(((x, y, min(self._right, x + room * bar.share), y + high), bar.colour))
            x += room * bar.share
        return y + high


@lru_cache(maxsize=512)
def _font(text: str, size_px: int) -> tuple[str, fonts.Font]:
    """A text that can be written and its font: never boxes in place of letters."""
    text = text.translate(UNSEEN)
    font = fonts.font_for(text, size_px)
    if font is None:
        text = words.message("no_letters")
        font = fonts.font_for(text, size_px)
    assert font is not None  # Pillow's own font has the English words
    return text, font


@lru_cache(maxsize=512)
def _width(text: str, size_px: int) -> int:
    written, font = _font(text, size_px)
    return round(font.getlength(written))
