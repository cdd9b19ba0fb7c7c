"""Model folders for the tests: a copy of the embedded one, and small untrained ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import onnx

from mien.models import DEFAULT_MODEL, sha256_of


def copy_of_default(folder: Path, **changes: Any) -> Path:
    """A model folder with the embedded network and its card, changed; a change to None takes the entry out."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DEFAULT_MODEL / "model.onnx", folder / "model.onnx")
    card = {**json.loads((DEFAULT_MODEL / "card.json").read_text()), **changes}
    text = json.dumps({name: value for name, value in card.items() if value is not None})
    (folder / "card.json").write_text(text)
    return folder


def without_votes(folder: Path) -> Path:
    """The embedded network with its votes head cut off, as the baselines are."""
    copy_of_default(folder)
    model = onnx.load(folder / "model.onnx")
    kept = [output for output in model.graph.output if output.name != "votes"]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    onnx.save(model, folder / "model.onnx")
    card = json.loads((folder / "card.json").read_text())
    card |= {"votes": [], "confidence": {}, "sha256": sha256_of(folder / "model.onnx")}
    (folder / "card.json").write_text(json.dumps(card))
    return folder
