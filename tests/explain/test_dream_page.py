"""The page on dreams runs as it stands, with fewer steps."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from mien.explain.dream import options, render

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_runs_and_makes_every_picture_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "dream.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "astronaut.jpg", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options.DreamOptions.__init__, "__defaults__", _with_two_steps())
    monkeypatch.setattr(render, "DEFAULT", options.DreamOptions())
    monkeypatch.setattr(render, "PHOTO", options.DreamOptions(frames=3))
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(re.sub(r"steps=\d+", "steps=2", block), "docs/dream.md", "exec"), names)
    saved = set(re.findall(r'"(\w+\.(?:png|gif))"', text))
    assert len(blocks) == 3 and saved == {one.name for one in tmp_path.iterdir() if one.is_file()}
    for name in saved:
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 300


def _with_two_steps() -> tuple[object, ...]:
    given = options.DreamOptions.__init__.__defaults__
    assert given is not None
    return tuple(2 if one == render.DEFAULT.steps and isinstance(one, int) else one for one in given)
