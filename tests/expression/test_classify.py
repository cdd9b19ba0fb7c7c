"""The classifier: what it answers, that its feature map explains its answers, and model folders that do not fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from small_models import copy_of_default, without_votes

from mien.errors import ModelError
from mien.expression.classify import Classifier
from mien.models import DEFAULT_MODEL, load_card
from mien.types import ImageArray


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def crops(count: int, *, seed: int = 0) -> ImageArray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), dtype=np.uint8)


def test_answers_are_shares_and_probabilities(classifier: Classifier) -> None:
    answer = classifier(crops(5))
    assert answer.votes.shape == (5, len(classifier.card.votes))
    assert answer.fer2013.shape == (5, len(classifier.card.fer2013))
    for head in (answer.votes, answer.fer2013):
        assert (head >= 0).all()
        assert head.sum(1) == pytest.approx(1, abs=1e-5)
    assert answer.features.shape[::3] == (5, 6)


def test_each_crop_is_read_for_itself(classifier: Classifier) -> None:
    many = crops(6)
    together = classifier(many)
    for index in range(6):
        alone = classifier(many[index : index + 1])
        assert alone.votes[0] == pytest.approx(together.votes[index], abs=1e-4)
        assert alone.fer2013[0] == pytest.approx(together.fer2013[index], abs=1e-4)


def test_the_same_crop_gets_the_same_answer(classifier: Classifier) -> None:
    assert np.array_equal(classifier(crops(3)).votes, classifier(crops(3)).votes)


def heads_of_default() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of each linear head, found in the file by their shapes' labels."""
    graph = onnx.load(DEFAULT_MODEL / "model.onnx").graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    found = {}
    for head in ("votes", "fer2013"):
        weight = next(array for name, array in arrays.items() if name.startswith(f"net.{head}.weight"))
        found[head] = weight.astype(np.float32), arrays[f"net.{head}.bias"]
    return found


@pytest.mark.parametrize("head", ["votes", "fer2013"])
def test_class_activation_maps_add_up_to_the_answer(classifier: Classifier, head: str) -> None:
    # Pooling and a linear head commute: the mean of the maps, plus the bias, is the logit. So a map costs one einsum.
    weight, bias = heads_of_default()[head]
    answer = classifier(crops(4))
    maps = np.einsum("nchw,kc->nkhw", answer.features, weight)
    logits = maps.mean((2, 3)) + bias
    exponents = np.exp(logits - logits.max(1, keepdims=True))
    assert exponents / exponents.sum(1, keepdims=True) == pytest.approx(getattr(answer, head), abs=1e-4)


def test_a_network_without_votes_answers_with_classes_alone(tmp_path: Path, classifier: Classifier) -> None:
    said, whole = Classifier(without_votes(tmp_path / "model"))(crops(3)), classifier(crops(3))
    assert said.votes.shape == (3, 0)
    assert np.array_equal(said.fer2013, whole.fer2013)
    assert np.array_equal(said.features, whole.features)


# --- folders that do not fit ------------------------------------------------------------------------------------------


def refused(folder: Path, words: str) -> None:
    with pytest.raises(ModelError, match=words) as error:
        Classifier(folder)
    assert len(str(error.value).splitlines()) == 1


def test_no_folder_and_no_card(tmp_path: Path) -> None:
    refused(tmp_path / "none", "is no model folder")
    refused(tmp_path, "is no model folder")


def test_another_network(tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model")
    with open(folder / "model.onnx", "ab") as file:
        file.write(b"\0")
    refused(folder, "is not the network that its card describes")


@pytest.mark.parametrize("data", [b"", b"no network at all", b"\x08\x08" * 50])
def test_a_file_that_is_no_network(tmp_path: Path, data: bytes) -> None:
    folder = copy_of_default(tmp_path / "model", sha256=hashlib.sha256(data).hexdigest())
    (folder / "model.onnx").write_bytes(data)
    refused(folder, "cannot open the network")


@pytest.mark.parametrize("head", ["votes", "fer2013"])
def test_labels_that_do_not_fit(tmp_path: Path, head: str) -> None:
    labels = list(getattr(load_card(), head))
    folder = copy_of_default(tmp_path / "model", **{head: labels[1:]})
    refused(folder, f"has {len(labels) - 1} labels for {head}, the network gives {len(labels)}")


def test_a_size_that_does_not_fit(tmp_path: Path) -> None:
    refused(copy_of_default(tmp_path / "model", input_size=64), r"the network refuses crops of \(64, 64\)")


def test_a_crop_told_in_another_way(tmp_path: Path) -> None:
    refused(copy_of_default(tmp_path / "model", crop={"margin": 0.2}), "crop")


@pytest.fixture
def changed_network(tmp_path: Path) -> Callable[[Callable[[onnx.ModelProto], None]], Path]:
    def change(what: Callable[[onnx.ModelProto], None]) -> Path:
        folder = copy_of_default(tmp_path / "model")
        model = onnx.load(folder / "model.onnx")
        what(model)
        onnx.save(model, folder / "model.onnx")
        card = json.loads((folder / "card.json").read_text())
        card["sha256"] = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
        (folder / "card.json").write_text(json.dumps(card))
        return folder

    return change


def test_a_network_without_its_feature_map(changed_network: Callable[..., Path]) -> None:
    def drop(model: onnx.ModelProto) -> None:
        kept = [output for output in model.graph.output if output.name != "features"]
        del model.graph.output[:]
        model.graph.output.extend(kept)

    refused(changed_network(drop), "lacks the output 'features'")


def test_a_card_that_promises_votes_which_the_network_lacks(tmp_path: Path) -> None:
    folder = without_votes(tmp_path / "model")
    card = {**json.loads((folder / "card.json").read_text()), "votes": list(load_card().votes)}
    (folder / "card.json").write_text(json.dumps(card))
    refused(folder, "lacks the output 'votes'")
