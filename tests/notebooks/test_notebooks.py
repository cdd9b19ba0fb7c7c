"""The notebooks run from the first cell to the last on 150 faces, and are kept without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pytest
from face_sets import shared_faces, write_csv
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TRAINING_ROWS = 28_709  # those of PublicTest follow


@pytest.fixture(scope="module")
def fer2013(tmp_path_factory: pytest.TempPathFactory, shared_fer2013: Path) -> Path:
    """150 faces as the two public files: 100 of Training, 50 of PublicTest."""
    rows = np.concatenate([np.arange(100) * 7, TRAINING_ROWS + np.arange(50) * 7])
    return write_csv(tmp_path_factory.mktemp("fer2013"), shared_faces(shared_fer2013, rows))[0]


def test_there_are_two() -> None:
    assert [one.stem for one in NOTEBOOKS] == ["train-and-compare", "what-the-model-sees"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) >= 8
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.timeout(600)  # half a minute of one core, but other tests may keep that core busy
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, fer2013: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_FER2013", str(fer2013))
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=400, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert len(pictures) >= 3
    said = "".join(one.get("text", "") for one in outputs if one.get("name") == "stderr")
    assert "Error" not in said and "Warning" not in said
