"""The card that travels with a model: whole and true, or refused in one line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_models import copy_of_default

from mien.errors import ModelError
from mien.models import DEFAULT_MODEL, ModelCard, load_card

MOST_BYTES = 6_000_000  # of the embedded network


def refused(folder: Path, words: str) -> None:
    with pytest.raises(ModelError, match=words) as error:
        load_card(folder)
    assert len(str(error.value).splitlines()) == 1
    assert str(folder) in str(error.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder whose network is a few bytes: nothing here opens it."""
    (tmp_path / "model.onnx").write_bytes(b"a network")
    card = {**load_card().to_dict(), "sha256": hashlib.sha256(b"a network").hexdigest()}
    (tmp_path / "card.json").write_text(json.dumps(card))
    return tmp_path


def change(folder: Path, **entries: Any) -> None:
    card = {**json.loads((folder / "card.json").read_text()), **entries}
    (folder / "card.json").write_text(json.dumps(card))


def test_the_embedded_model_is_whole_and_small() -> None:
    card = load_card()
    assert (DEFAULT_MODEL / "model.onnx").stat().st_size <= MOST_BYTES
    assert card.sha256 == hashlib.sha256((DEFAULT_MODEL / "model.onnx").read_bytes()).hexdigest()
    assert card.expressions == ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
    assert set(card.votes) - set(card.expressions) == {"unknown", "not a face"}
    assert set(card.fer2013) == set(card.expressions) - {"contempt"}
    assert card.licence


def test_the_identity_names_the_very_file() -> None:
    card = load_card()
    assert card.identity == f"{card.name}-{card.version}@{card.sha256[:8]}"


def test_a_card_survives_json(folder: Path) -> None:
    card = load_card(folder)
    assert ModelCard(**{**json.loads(json.dumps(card.to_dict())), "votes": card.votes, "fer2013": card.fer2013}) == card


def test_a_copied_folder_is_as_good(tmp_path: Path) -> None:
    assert load_card(copy_of_default(tmp_path / "copy")) == load_card()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    refused(tmp_path, "is no model folder: it has no card.json")
    refused(tmp_path / "missing", "is no model folder")


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    refused(tmp_path / "file", "broken|no model folder")


def test_a_card_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "card.json").mkdir()
    refused(tmp_path, "the card .* is broken")


def test_a_network_that_is_missing(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    refused(folder, "the network .*model.onnx cannot be read: No such file")


def test_a_network_of_another_card(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"another network")
    refused(folder, "is not the network that its card describes .*: copy the folder again")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '"card"', "\x00", "{}", '{"votes": 3, "fer2013": []}', "[" * 100_000]
)
def test_a_card_that_is_no_card(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text)
    refused(folder, "the card .* is broken")


@given(st.binary(max_size=60))
def test_any_bytes_for_a_card_are_one_line(folder: Path, data: bytes) -> None:
    (folder / "card.json").write_bytes(data)
    refused(folder, "the card .* is broken")


@pytest.mark.parametrize("name", [*ModelCard.__dataclass_fields__])
def test_an_entry_that_is_missing(folder: Path, name: str) -> None:
    card = json.loads((folder / "card.json").read_text())
    card.pop(name, None)
    (folder / "card.json").write_text(json.dumps(card))
    # A network can be opened before it is judged.
    if name in ("confidence", "covered", "tone", "scores", "training", "export"):
        assert not getattr(load_card(folder), name)
    else:
        refused(folder, "the card .* is broken")


@pytest.mark.parametrize(
    "entries",
    [
        {"colour": "red"},
        {"votes": ["happy"]},
        {"votes": ["happy", "happy", "unknown"]},
        {"votes": ["unknown", "happy", "sad"]},
        {"votes": ["happy", "unknown", "sad"]},
        {"votes": ["happy", 3]},
        {"fer2013": [1, 2]},
        {"fer2013": []},
        {"votes": [], "fer2013": []},
        {"input_size": "48"},
        {"input_size": 0},
        {"input_size": -48},
        {"input_size": 48.5},
        {"sha256": 3},
        {"name": None},
        {"crop": []},
        {"crop": "wide"},
        {"crop": {"eye_y": "high", "eye_distance": 0.4, "mouth_y": 0.7}},
        {"align": "yes"},
        {"confidence": []},
        {"covered": 3},
        {"tone": [1]},
        {"export": "fp16"},
    ],
)
def test_an_entry_that_cannot_be(folder: Path, entries: dict[str, Any]) -> None:
    change(folder, **entries)
    refused(folder, "the card .* is broken")


def test_a_network_may_have_no_votes(folder: Path) -> None:
    change(folder, votes=[])
    card = load_card(folder)
    assert card.votes == () and card.expressions == ()
    assert ModelCard(**{**card.to_dict(), "votes": (), "fer2013": card.fer2013}) == card
