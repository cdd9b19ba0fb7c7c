"""The pictures of a job as one page with their files beside it: `write_explanation(folder, ...)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from mien.explain.methods import Job, Shown
from mien.report import page as report
from mien.report.page import Charts, Page, Picture, Section
from mien.report.text import safe_name
from mien.types import ImageArray

FACTS = "explanation.json"
FRAME_MS, LAST_MS = 60, 1500  # of an animation


def write_explanation(
    folder: Path, job: Job, pictures: Sequence[Shown], words: Mapping[str, str], facts: Mapping[str, Any]
) -> Path:
    """Write report.html, a PNG for each picture, a GIF for each animation, and explanation.json.

    Args:
        folder: where to; see `report.folder.write_folder`.
        job: what was explained.
        pictures: the answer.
        words: what is said of each face, by its name.
        facts: numbers for explanation.json.

    Raises:
        UsageError, SinkError: as `report.page.write_page`.
    """
    named = _named(pictures)
    sections = [_words_section(words)] if words else []
    sections += [_section(title, [pair for pair in named if pair[1].title == title])
                 for title in dict.fromkeys(one.title for one in pictures)]  # fmt: skip
    networks = ", ".join(subject.name if subject.is_trained else f"{subject.name} (untrained weights)"
                         for subject in job.subjects)  # fmt: skip
    faces = ", ".join(sitter.name for sitter in job.sitters) or "none: these pictures need no face"
    lead = f"Networks: {networks}. Faces: {faces}."
    page = Page("What the network sees", lead, tuple(sections), facts_name=FACTS)
    more = {f"{name}.gif": _animation(one.frames) for name, one in named if one.frames}
    return report.write_page(folder, page, {"pictures": [name for name, _ in named], **facts}, more=more)


def _words_section(words: Mapping[str, str]) -> Section:
    return Section("In words", tuple(f"{name}: {text}" if len(words) > 1 else text for name, text in words.items()))


def _section(title: str, named: Sequence[tuple[str, Shown]]) -> Section:
    shown = (Picture(name, _png(one.image), b"", alt=title, caption=one.caption) for name, one in named)
    return Section(title, (Charts(tuple(shown), is_wide=True),))


def _named(pictures: Sequence[Shown]) -> list[tuple[str, Shown]]:
    """Each picture with the name of its file; of two alike the second gets a number."""
    seen: Counter[str] = Counter()
    named = []
    for one in pictures:
        name = safe_name(one.name)
        seen[name] += 1
        named.append((name if seen[name] == 1 else f"{name}-{seen[name]}", one))
    return named


def _png(image: ImageArray) -> bytes:
    with BytesIO() as file:
        Image.fromarray(image).save(file, "PNG", optimize=True)
        return file.getvalue()


def _animation(frames: Sequence[ImageArray]) -> bytes:
    first, *rest = [Image.fromarray(frame).convert("L") for frame in frames]  # as grey as they are
    with BytesIO() as file:
        times = [FRAME_MS] * len(rest) + [LAST_MS]
        first.save(file, "GIF", save_all=True, append_images=rest, duration=times, loop=0)
        return file.getvalue()
