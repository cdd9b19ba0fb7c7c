"""Which networks are installed, and whether they are the ones meant: third-party weights by name, our models by folder.

The third-party weights lie inside the package, put there by the build hook (`hatch_build.py`) from the same manifest;
nothing is fetched here. A model of ours is a folder: `model.onnx` and its `card.json`. How a network is run,
`runtime.py` knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from mien.errors import ModelError

WEIGHTS = Path(__file__).with_name("weights")  # manifest.json, the files it names, their licence
DEFAULT_MODEL = Path(__file__).with_name("model") / "default"
NO_EXPRESSION = ("unknown", "not a face")  # answers of people that name no expression
INSTALL_AGAIN = "install Mien again (in its source tree: pip install --force-reinstall --no-deps .)"


@dataclass(frozen=True)
class Weights:
    """One third-party file: which published package it was taken from, and the sha256 that it must have."""

    file: str
    sha256: str
    package: str
    version: str
    member: str  # path inside the package's wheel
    what: str
    licence: str
    wheel: str = ""  # tags of the wheel that holds it, on every system; empty: any wheel of the package


def third_party(folder: Path = WEIGHTS) -> Mapping[str, Weights]:
    """The third-party weights that Mien uses, by name.

    Raises:
        ModelError: the manifest is missing or broken.
    """
    try:
        table = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return {name: Weights(**entry) for name, entry in table.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"the list of weights {folder / 'manifest.json'} cannot be read: {INSTALL_AGAIN}") from error


def weights_path(name: str, *, folder: Path = WEIGHTS) -> Path:
    """Where the third-party weights `name` lie; they are checked once per process.

    Raises:
        ModelError: no such name, or the file is missing or not the one meant.
    """
    table = third_party(folder)
    if name not in table:
        raise ModelError(f"there are no weights called {name!r}; there are: {', '.join(sorted(table))}")
    return _checked(folder / table[name].file, table[name].sha256)


@cache  # errors are not cached: a file put right is seen
def _checked(path: Path, sha256: str) -> Path:
    try:
        found = sha256_of(path)
    except FileNotFoundError:
        raise ModelError(f"the weights {path} are missing: {INSTALL_AGAIN}") from None
    except OSError as error:
        raise ModelError(f"the weights {path} cannot be read ({error.strerror}): {INSTALL_AGAIN}") from error
    if found != sha256:
        raise ModelError(f"the weights {path} are damaged (sha256 {found[:9]}.., not {sha256[:9]}..): {INSTALL_AGAIN}")
    return path


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class ModelCard:
    """What travels with a network of ours: enough to run it, to check it, and to judge whether to trust it.

    `votes` and `fer2013` are the labels of its heads, in order; a network without the votes head has `votes` ();
    `crop` says where eyes and mouth lie in a crop of `input_size` px (see `images.CropGeometry`); `align` whether
    faces that others have cut pass the mesh first; `confidence` and `covered` hold the weights of the calibrated
    confidence and of the doubt 'partly covered' (see `expression/`); `tone` the calibration of positive, neutral and
    negative, empty where it was not fitted; `scores` what `mien evaluate` measured;
    `training` data, protocol and settings; `export` the file's precision, and how it compares with torch and with the
    other precisions.
    """

    name: str
    version: str
    sha256: str
    input_size: int
    votes: tuple[str, ...]
    fer2013: tuple[str, ...]
    crop: Mapping[str, float]
    align: bool
    licence: str
    confidence: Mapping[str, Any] = field(default_factory=dict)
    covered: Mapping[str, Any] = field(default_factory=dict)
    tone: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    export: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expressions(self) -> tuple[str, ...]:
        """The labels of `votes` that are expressions, in order; they come before those that are none."""
        return tuple(label for label in self.votes if label not in NO_EXPRESSION)

    @property
    def identity(self) -> str:
        """Name, version and the beginning of the sha256: what a Reading says it was read with."""
        return f"{self.name}-{self.version}@{self.sha256[:8]}"

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "votes": list(self.votes), "fer2013": list(self.fer2013)}


def load_card(folder: Path = DEFAULT_MODEL) -> ModelCard:
    """Read and check a model folder's card, and that its `model.onnx` is the one the card describes.

    Raises:
        ModelError: something is missing or broken, or card and network do not belong together.
    """
    path = folder / "card.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        card = ModelCard(**{**data, "votes": tuple(data["votes"]), "fer2013": tuple(data["fer2013"])})
    except FileNotFoundError:
        raise ModelError(
            f"{folder} is no model folder: it has no card.json; name one that `mien train` wrote"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"the card {path} is broken: {str(error).splitlines()[0][:120]}") from error
    _check_card(card, path)
    network = folder / "model.onnx"
    try:
        found = sha256_of(network)
    except OSError as error:
        raise ModelError(f"the network {network} cannot be read: {error.strerror}") from error
    if found != card.sha256:
        raise ModelError(f"{network} is not the network that its card describes (sha256 {found[:9]}.., not "
                         f"{card.sha256[:9]}..): copy the folder again, or export it again")  # fmt: skip
    return card


def _check_card(card: ModelCard, path: Path) -> None:
    names = {one.name for one in fields(ModelCard)}
    texts = (*card.votes, *card.fer2013, card.sha256, card.name, card.version, card.licence)
    tables = (card.crop, card.confidence, card.covered, card.tone, card.scores, card.training, card.export)
    types_fit = (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(table, dict) for table in tables)
        and all(isinstance(value, (int, float)) for value in card.crop.values())
        and isinstance(card.align, bool)
        and isinstance(card.input_size, int)
    )
    if not types_fit or card.input_size < 8:
        raise ModelError(f"the card {path} is broken: wrong types; it should hold {', '.join(sorted(names))}")
    count = len(card.expressions)
    if not card.fer2013:
        raise ModelError(f"the card {path} is broken: it names no classes for fer2013")
    if not card.votes:
        return
    if count < 2 or card.votes[:count] != card.expressions or len(set(card.votes)) != len(card.votes):
        raise ModelError(f"the card {path} is broken: its votes {list(card.votes)} must be expressions, each once, "
                         f"then {list(NO_EXPRESSION)}")  # fmt: skip
