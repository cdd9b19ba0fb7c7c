"""docs/data.md: its trees are made as they stand and read; its tables say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces
from PIL import Image

from mien.data import names
from mien.data.faceset import LABELS, SPLITS
from mien.data.load import LAYOUTS, find_layout, load_faces

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:`([\w./]+)`:\n\n)?((?:    .*\n)+)")


def trees() -> list[tuple[str, list[str], dict[str, str]]]:
    """Layout, files and the content of those that are text, for each tree on the page."""
    found = []
    parts = re.split(r"^##+ (.+)$", PAGE, flags=re.MULTILINE)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        code = re.match(r"`([\w-]+)`", title)
        layout = code[1] if code else {"Folders by class": "classes", "A manifest": "manifest"}.get(title)
        blocks = [(name, re.sub(r"^    ", "", body, flags=re.MULTILINE)) for name, body in BLOCK.findall(text)]
        contents = {name: body for name, body in blocks if name}
        found += [(str(layout), body.split(), contents) for name, body in blocks if not name]
    return found


def make(folder: Path, files: list[str], contents: dict[str, str]) -> None:
    faces = iter(drawn_faces(len(files)).pixels)
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in contents:
            path.write_text(contents[name])
        elif path.suffix == ".npy":
            np.save(path, np.array(1))
        else:
            Image.fromarray(next(faces)).save(path, format="PNG")  # readers go by content


@pytest.mark.parametrize(("layout", "files", "contents"), trees())
def test_every_tree_is_read_as_the_page_says(
    tmp_path: Path, layout: str, files: list[str], contents: dict[str, str]
) -> None:
    make(tmp_path, files, contents)
    assert find_layout(tmp_path)[0] == layout
    faces = load_faces(tmp_path)
    pictures = [name for name in files if re.search(r"\.(jpg|png|webp)$", name, re.IGNORECASE)]
    assert sorted(faces.files) == sorted(str(tmp_path / name) for name in pictures)
    assert ((faces.labels >= 0) | (faces.votes.sum(1) > 0)).all()
    assert "PublicTest" in faces.splits or not any("val" in name.lower() for name in files)


def test_every_layout_has_a_tree_and_a_row() -> None:
    assert {layout for layout, _, _ in trees()} == set(LAYOUTS) - {"fer2013"}
    assert set(re.findall(r"^\| `([\w-]+)` \| [a`Ffp]", PAGE.split("## Labels")[0], re.MULTILINE)) == set(LAYOUTS)


def test_the_spellings_are_those_that_are_known() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| ([^|`]+) \|$", PAGE, re.MULTILINE))
    for label in LABELS:
        written = [label, *re.split(r", ", rows[label])]
        assert set(written) == set(names._SPELLINGS[label].split())
    for split in SPLITS:
        written = re.split(r", ", rows[split].split(":")[0])
        assert {*written, split.lower()} == set(names._SPLITS[split].split())
