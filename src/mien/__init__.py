"""Mien reads the expressions on faces, on your own machine, and says what people would say of them.

    import mien
    reader = mien.Reader()
    reading = reader.read("photo.jpg")
    for face in reading.faces:
        print(face.expression.label, face.expression.votes)

    for reading in reader.watch("clip.mp4"):  # also 0 for a camera, "screen", a folder, frames
        print(mien.sentence(reading))

Importing it loads nothing heavy: OpenCV and the networks' runtimes come with the first `Reader`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mien.version import __version__

if TYPE_CHECKING:
    from mien.draw import draw_reading as draw_reading
    from mien.errors import MienError as MienError
    from mien.errors import SourceWarning as SourceWarning
    from mien.expression.words import sentence as sentence
    from mien.reader import Reader as Reader
    from mien.types import Box as Box
    from mien.types import Expression as Expression
    from mien.types import Face as Face
    from mien.types import Frame as Frame
    from mien.types import Reading as Reading

_HOMES = {
    "Box": "types",
    "Expression": "types",
    "Face": "types",
    "Frame": "types",
    "MienError": "errors",
    "Reader": "reader",
    "Reading": "types",
    "SourceWarning": "errors",
    "draw_reading": "draw",
    "sentence": "expression.words",
}

__all__ = [
    "Box",
    "Expression",
    "Face",
    "Frame",
    "MienError",
    "Reader",
    "Reading",
    "SourceWarning",
    "__version__",
    "draw_reading",
    "sentence",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    value = getattr(import_module(f"mien.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
