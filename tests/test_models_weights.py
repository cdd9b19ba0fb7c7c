"""The third-party weights: found, checked, and told apart when they are not what they should be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from mien import models
from mien.errors import ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A weights folder with one file that is whole."""
    (tmp_path / "nose.tflite").write_bytes(b"a nose")
    entry = {
        "file": "nose.tflite",
        "sha256": hashlib.sha256(b"a nose").hexdigest(),
        "package": "some-faces",
        "version": "1.2",
        "member": "faces/nose.tflite",
        "what": "finds noses",
        "licence": "Apache-2.0",
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"nose": entry}))
    return tmp_path


@pytest.mark.parametrize("name", models.third_party())
def test_every_file_of_the_table_is_installed_and_whole(name: str) -> None:
    path = models.weights_path(name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == models.third_party()[name].sha256


def test_the_weights_of_the_face_are_listed() -> None:
    assert set(models.third_party()) >= {"face_detection_full_range", "face_landmark"}


def test_an_unknown_name_lists_the_choices(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"no weights called 'ear'; there are: nose$"):
        models.weights_path("ear", folder=folder)


def test_a_missing_file_says_what_to_do_and_is_seen_when_it_comes_back(folder: Path) -> None:
    data = (folder / "nose.tflite").read_bytes()
    (folder / "nose.tflite").unlink()
    with pytest.raises(ModelError, match=r"nose.tflite are missing: install Mien again"):
        models.weights_path("nose", folder=folder)
    (folder / "nose.tflite").write_bytes(data)
    assert models.weights_path("nose", folder=folder) == folder / "nose.tflite"


@pytest.mark.parametrize("data", [b"", b"a nose, and more", b"a Nose"])
def test_a_damaged_file_is_refused(folder: Path, data: bytes) -> None:
    (folder / "nose.tflite").write_bytes(data)
    with pytest.raises(ModelError, match=r"nose.tflite are damaged .*: install Mien again"):
        models.weights_path("nose", folder=folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"nose": {}}', '{"nose": 3}', "\x00"])
def test_a_broken_table_is_one_line(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest.json cannot be read: install Mien again") as error:
        models.weights_path("nose", folder=folder)
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest.json cannot be read"):
        models.third_party(tmp_path)


def test_a_file_is_read_once_per_process(folder: Path) -> None:
    path = models.weights_path("nose", folder=folder)
    path.write_bytes(b"changed under our feet")  # not looked at again
    assert models.weights_path("nose", folder=folder) == path
