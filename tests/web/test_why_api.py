"""`why` and `POST /api/why`: the crop, the map and the people against what they are made from."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from readings import LABELS, expression
from small_models import copy_of_default
from web_client import LocalClient, client_of

from mien import images
from mien.expression import heat, words
from mien.models import sha256_of
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Expression, Frame, ImageArray, Reading
from mien.web.options import LiveOptions
from mien.web.why import apportion, people_of, why

ROOT = Path(__file__).resolve().parents[2]
shares = st.dictionaries(st.sampled_from((*LABELS, "unknown", "not a face")), st.floats(0, 1), min_size=1)


@pytest.fixture(scope="module")
def photo() -> ImageArray:
    return images.decode_image(ROOT / "examples" / "astronaut.jpg")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture(scope="module")
def read(pipeline: Pipeline, photo: ImageArray) -> Reading:
    return pipeline.read(Frame(photo))


@pytest.fixture(scope="module")
def client(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    options = LiveOptions(data_folder=tmp_path_factory.mktemp("data"))
    make: Callable[[], Any] = lambda: pipeline  # noqa: E731
    with client_of(options, make) as made:
        yield made


def pixels_of(url: str) -> np.ndarray:
    kind, _, data = url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def png(image: ImageArray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_the_crop_is_the_one_that_the_network_saw(pipeline: Pipeline, photo: ImageArray, read: Reading) -> None:
    found = why(pipeline, Frame(photo), read.faces[0])
    assert np.array_equal(pixels_of(found["crop"]), pipeline.crops(photo, read.faces)[0])
    assert found["label"] == found["shown"] == "happy" and found["no_heat"] is None


@pytest.mark.parametrize("label", [None, "sad"])
def test_the_map_is_that_of_the_label_that_was_read(
    pipeline: Pipeline, photo: ImageArray, read: Reading, label: str | None
) -> None:
    """Asked for another label, it shows what speaks for the one that was read rather than for that."""
    found = why(pipeline, Frame(photo), read.faces[0], label)
    labels, crop = list(pipeline.classifier.card.votes), pipeline.crops(photo, read.faces)
    weights = pipeline.classifier.weights().weight
    row = weights[labels.index("happy")] - (0 if label is None else weights[labels.index(label)])
    plain = np.einsum("c,chw->hw", row, pipeline.classifier(crop).features[0])
    assert np.array(found["heat"]) == pytest.approx(heat.spread(plain, 48), abs=1e-3)
    layer = pixels_of(found["heat_png"])
    assert layer.shape == (192, 192, 4)
    y, x = np.unravel_index(np.array(found["heat"]).argmax(), (48, 48))
    assert layer[4 * y + 2, 4 * x + 2, 3] > layer[2, 2, 3]  # the smile is seen, the corner is clear
    assert words.label_word(label or "happy") in found["text"]


@given(shares, st.integers(0, 10))
def test_seats_are_shared_by_the_largest_remainder(votes: dict[str, float], seats: int) -> None:
    found, total = apportion(votes, seats), sum(votes.values())
    assert sum(found.values()) == seats and found.keys() == votes.keys()
    if total > 0:
        exact = {label: seats * share / total for label, share in votes.items()}
        assert all(abs(found[label] - exact[label]) < 1 for label in votes)
        up = [exact[label] % 1 for label in votes if found[label] > exact[label]]
        down = [exact[label] % 1 for label in votes if found[label] <= exact[label] and exact[label] % 1 > 0]
        assert not up or not down or min(up) >= max(down) - 1e-9 or max(up) > 1 - 1e-9


@given(st.lists(st.floats(0.001, 1), min_size=10, max_size=10))
def test_ten_people_as_the_words_say(values: list[float]) -> None:
    given_votes = {
        label: value / sum(values) for label, value in zip((*LABELS, "unknown", "not a face"), values, strict=True)
    }
    read = expression(given_votes)
    people = people_of(read)
    assert sum(people.values()) == 10 and min(people.values()) > 0
    assert people[read.label] == words.in_ten(read)
    assert next(iter(people)) == read.label


def test_an_older_model_tells_everything_but_the_map(tmp_path: Path, photo: ImageArray) -> None:
    folder = copy_of_default(tmp_path / "model")
    network = onnx.load(folder / "model.onnx")
    del network.metadata_props[:]
    onnx.save(network, folder / "model.onnx")
    older = Pipeline(PipelineOptions(model=copy_card(folder)))
    found = why(older, Frame(photo), older.read(Frame(photo)).faces[0])
    assert found["heat"] is found["heat_png"] is None
    assert "export it again" in found["no_heat"] and "glows" not in found["text"]
    assert sum(found["people"].values()) == 10


def copy_card(folder: Path) -> Path:
    network = (folder / "model.onnx").read_bytes()
    copy_of_default(folder, sha256=sha256_of(folder / "model.onnx"))
    (folder / "model.onnx").write_bytes(network)
    return folder


def test_over_http(client: LocalClient, read: Reading) -> None:
    with (ROOT / "examples" / "astronaut.jpg").open("rb") as file:
        answer = client.post("/api/why", files={"file": file}, data={"label": "surprise", "language": "fr"})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["shown"], found["label"]) == ("happy", "surprise")
    expressed = read.faces[0].expression
    assert isinstance(expressed, Expression) and found["people"] == people_of(expressed)
    assert words.label_word("surprise", "fr") in found["text"]


def test_which_face_by_its_place_or_by_a_point(client: LocalClient, photo: ImageArray, pipeline: Pipeline) -> None:
    part = photo[0:256, 96:352]
    two = np.hstack([part, part[:, ::-1] // 2])  # the second is darker
    faces = pipeline.read(Frame(two)).faces
    assert len(faces) == 2
    crops = pipeline.crops(two, faces)
    for place, face in enumerate(faces):
        x, y = face.box.centre
        for asked in ({"face": str(place)}, {"at": f"{x + 9},{y - 9}"}):
            found = client.post("/api/why", files={"file": png(two)}, data=asked).json()
            assert np.array_equal(pixels_of(found["crop"]), crops[place])


@pytest.mark.parametrize(
    ("data", "status", "told"),
    [
        ({"face": "1"}, 400, "there is no face number 1 here: 1 face found"),
        ({"label": "bored"}, 400, "there is no label 'bored'; there are: neutral"),
        ({"at": "here"}, 400, "a point is two numbers"),
        ({"at": "nan,3"}, 400, "a point is two numbers"),
        ({"face": "-1"}, 422, "face:"),
        ({"language": "xx"}, 400, "no words in the language 'xx'"),
    ],
)
def test_wrong_questions(client: LocalClient, data: dict[str, str], status: int, told: str) -> None:
    with (ROOT / "examples" / "astronaut.jpg").open("rb") as file:
        answer = client.post("/api/why", files={"file": file}, data=data)
    assert (answer.status_code, answer.json()["detail"][: len(told)]) == (status, told)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0 broken"])
def test_no_picture(client: LocalClient, data: bytes) -> None:
    answer = client.post("/api/why", files={"file": ("x.jpg", data)})
    assert answer.status_code == 422 and "\n" not in answer.json()["detail"]


def test_a_picture_without_a_face(client: LocalClient) -> None:
    blank = np.full((64, 64, 3), 90, np.uint8)
    for asked in ({}, {"at": "3,3"}):
        answer = client.post("/api/why", files={"file": png(blank)}, data=asked)
        assert answer.status_code == 400 and "no face found" in answer.json()["detail"]
