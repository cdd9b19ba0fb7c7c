"""The page on what a network sees runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from face_sets import shared_faces, write_csv
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_runs_and_makes_every_picture_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_fer2013: Path
) -> None:
    text = (ROOT / "docs" / "seeing.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "astronaut.jpg", tmp_path / "examples")
    write_csv(tmp_path, shared_faces(shared_fer2013, slice(0, 40)))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/seeing.md", "exec"), names)
    saved = set(re.findall(r'save\(\s*"(\w+\.png)"', text))
    assert len(blocks) >= 5 and len(saved) >= 7 and saved == {one.name for one in tmp_path.glob("*.png")}
    for name in saved:
        with Image.open(tmp_path / name) as picture:
            assert picture.mode == "RGB" and len(np.unique(np.asarray(picture))) > 20
