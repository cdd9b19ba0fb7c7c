"""Model folders for the tests: a copy of the embedded one, and small untrained ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from mien.models import DEFAULT_MODEL


def copy_of_default(folder: Path, **changes: Any) -> Path:
    """A model folder with the embedded network and its card, changed; a change to None takes the entry out."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DEFAULT_MODEL / "model.onnx", folder / "model.onnx")
    card = {**json.loads((DEFAULT_MODEL / "card.json").read_text()), **changes}
    text = json.dumps({name: value for name, value in card.items() if value is not None})
    (folder / "card.json").write_text(text)
    return folder
