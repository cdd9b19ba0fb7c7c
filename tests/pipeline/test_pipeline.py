"""The pipeline on a real photo: one face read alike however the photo is turned, and doubted for its causes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from pipelines import LABELS, answering, expression_of, read, the_face, votes_of
from small_models import copy_of_default

from mien.errors import ModelError, UsageError
from mien.expression.express import valence
from mien.expression.tone import ToneCalibration, summed
from mien.models import load_card
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Face, Frame, ImageArray, Reading

# --- one picture ------------------------------------------------------------------------------------------------------


def test_a_smile_is_read_surely_and_without_doubt(pipeline: Pipeline, photo: ImageArray) -> None:
    reading = read(pipeline, photo)
    expression = expression_of(reading)
    assert expression.label == "happy"
    assert expression.sure
    assert expression.doubts == ()
    assert expression.confidence > 0.8
    assert expression.votes["happy"] > 0.6
    assert expression.valence > 0.5
    assert max(expression.fer2013, key=lambda name: expression.fer2013[name]) == "happy"
    assert sum(expression.votes.values()) == pytest.approx(1, abs=1e-4)
    assert (reading.width, reading.height, reading.source) == (512, 512, "astronaut")
    assert reading.models == {
        "detector": "blaze", "mesh": "face_landmark", "expression": pipeline.classifier.card.identity
    }  # fmt: skip
    assert reading.timings_ms["total"] == pytest.approx(sum(reading.timings_ms.values()) / 2)


def test_a_reading_is_json_and_comes_back(pipeline: Pipeline, photo: ImageArray) -> None:
    data = json.loads(json.dumps(read(pipeline, photo).to_dict(points=True), allow_nan=False))
    assert Reading.from_dict(data).to_dict(points=True) == data


def test_a_picture_without_a_face_is_an_empty_reading(pipeline: Pipeline) -> None:
    for image in (np.full((200, 300, 3), 128, np.uint8), np.zeros((1, 1, 3), np.uint8)):
        for stream in (False, True):
            reading = pipeline.read(Frame(image), stream=stream)
            assert reading.faces == ()
            assert "expression" not in reading.timings_ms


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_turned_by_quarters_is_read_alike(pipeline: Pipeline, photo: ImageArray, quarters: int) -> None:
    plain, turned = (expression_of(read(pipeline, np.rot90(photo, k))) for k in (0, quarters))
    assert turned.label == plain.label
    assert turned.doubts == plain.doubts
    gap = max(abs(turned.votes[name] - plain.votes[name]) for name in plain.votes)
    assert gap < 0.08


def test_a_mirrored_photo_is_read_alike(pipeline: Pipeline, photo: ImageArray) -> None:
    plain, mirrored = (expression_of(read(pipeline, image)) for image in (photo, photo[:, ::-1]))
    assert mirrored.label == plain.label
    assert max(abs(mirrored.votes[name] - plain.votes[name]) for name in plain.votes) < 0.08


def test_the_same_photo_is_read_the_same(pipeline: Pipeline, photo: ImageArray) -> None:
    one, two = read(pipeline, photo), read(pipeline, photo)
    assert [face.to_dict(points=True) for face in one.faces] == [face.to_dict(points=True) for face in two.faces]


def test_the_network_sees_an_upright_crop_of_its_size(pipeline: Pipeline, photo: ImageArray) -> None:
    upright = pipeline.crops(photo, [the_face(read(pipeline, photo))])
    turned = np.ascontiguousarray(np.rot90(photo))
    other = pipeline.crops(turned, [the_face(read(pipeline, turned))])
    assert upright.shape == (1, pipeline.classifier.card.input_size, pipeline.classifier.card.input_size)
    assert np.corrcoef(upright.ravel(), other.ravel())[0, 1] > 0.95


# --- doubts -----------------------------------------------------------------------------------------------------------


def darkened(photo: ImageArray) -> ImageArray:
    return (photo * 0.15).astype(np.uint8)


def bleached(photo: ImageArray) -> ImageArray:
    return np.clip(photo * 0.3 + 185, 0, 255).astype(np.uint8)


def blurred(photo: ImageArray) -> ImageArray:
    return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(3.5)))


def tiny(photo: ImageArray) -> ImageArray:
    return np.asarray(Image.fromarray(photo).resize((120, 120), Image.Resampling.LANCZOS))


def cut_off(photo: ImageArray) -> ImageArray:
    return photo[:, 212:]


def masked(photo: ImageArray) -> ImageArray:
    covered = photo.copy()
    covered[120:175, 180:275] = 60
    return covered


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (darkened, "dark"), (bleached, "blown out"), (blurred, "blurred"), (tiny, "too small"),
        (cut_off, "out of frame"), (masked, "partly covered"),
    ],
)  # fmt: skip
def test_a_spoiled_photo_is_doubted_for_its_cause(
    pipeline: Pipeline, photo: ImageArray, change: object, doubt: str
) -> None:
    assert callable(change)
    expression = expression_of(read(pipeline, change(photo)))
    assert doubt in expression.doubts
    assert not expression.sure


# --- what the votes decide --------------------------------------------------------------------------------------------


def test_what_most_people_would_call_no_face_is_dropped(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=0.45, not_a_face=0.55))
    assert read(pipeline, photo).faces == ()
    answering(pipeline, monkeypatch, votes_of(happy=0.55, not_a_face=0.45))
    assert expression_of(read(pipeline, photo)).label == "happy"


def test_the_label_is_always_one_of_the_eight(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(unknown=0.7, sad=0.2, fear=0.1))
    expression = expression_of(read(pipeline, photo))
    assert expression.label == "sad"
    assert not expression.sure
    assert set(expression.doubts) >= {"unknown expression", "people would disagree"}


def test_flat_votes_are_a_doubt(pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(pipeline, monkeypatch, votes_of(sad=0.36, neutral=0.34, angry=0.3))
    expression = expression_of(read(pipeline, photo))
    assert expression.doubts == ("people would disagree",)
    assert not expression.sure


@given(st.lists(st.floats(0.0, 1.0), min_size=10, max_size=10).filter(lambda raw: sum(raw) > 0.1))
def test_valence_is_within_one_and_turns_with_the_votes(raw: list[float]) -> None:
    shares = dict(zip(LABELS, (one / sum(raw) for one in raw), strict=True))
    assert -1 - 1e-6 <= valence(shares) <= 1 + 1e-6
    assert valence(dict.fromkeys(LABELS, 0.0) | {"happy": 1.0}) == 1
    assert valence(dict.fromkeys(LABELS, 0.0) | {"disgust": 1.0}) == -1
    assert valence(dict.fromkeys(LABELS, 0.0) | {"surprise": 0.5, "neutral": 0.5}) == 0


# --- many faces -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(photo: ImageArray) -> ImageArray:
    """The same face small, large and in between, from left to right."""
    canvas = np.full((512, 1000, 3), 90, np.uint8)
    head = photo[20:270, 120:330]
    for scale, x, y in ((0.7, 20, 100), (1.3, 250, 80), (1.0, 640, 90)):
        size = round(head.shape[1] * scale), round(head.shape[0] * scale)
        canvas[y : y + size[1], x : x + size[0]] = np.asarray(Image.fromarray(head).resize(size))
    return canvas


def test_faces_run_from_left_to_right(pipeline: Pipeline, three: ImageArray) -> None:
    faces = read(pipeline, three).faces
    assert len(faces) == 3
    assert [face.box.centre[0] for face in faces] == sorted(face.box.centre[0] for face in faces)
    assert all(face.expression is not None and face.expression.label == "happy" for face in faces)


def test_of_a_picture_the_largest_are_kept(
    pipeline: Pipeline, three: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(pipeline, three).faces
    for most in (1, 2, 9):
        monkeypatch.setattr(pipeline, "options", replace(pipeline.options, max_faces=most))
        kept = read(pipeline, three).faces
        largest = sorted(whole, key=lambda face: -face.box.side)[:most]
        assert [face.box for face in kept] == [face.box for face in whole if face in largest]


def no_face_on_the_largest(pipeline: Pipeline, image: ImageArray, monkeypatch: pytest.MonkeyPatch) -> list[Face]:
    """The faces of an image; from now on the largest is voted to be none."""
    whole = sorted(read(pipeline, image).faces, key=lambda face: face.box.side)
    express = pipeline.expressions.read

    def voted(crops: Any, faces: Sequence[Face], *rest: Any, **options: Any) -> Any:
        said, features = express(crops, faces, *rest, **options)
        sides = [face.box.side > (whole[-2].box.side + whole[-1].box.side) / 2 for face in faces]
        return [None if is_none else one for is_none, one in zip(sides, said, strict=True)], features

    monkeypatch.setattr(pipeline.expressions, "read", voted)
    monkeypatch.setattr(pipeline, "options", replace(pipeline.options, max_faces=1))
    return whole


def test_what_people_call_no_face_makes_room(
    pipeline: Pipeline, three: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, _ = no_face_on_the_largest(pipeline, three, monkeypatch)
    assert [face.box for face in read(pipeline, three).faces] == [second.box]


# --- options and broken models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words_"),
    [({"detector": "mtcnn"}, "no detector 'mtcnn'; there are: blaze, haar"), ({"max_faces": 0}, "at least one face"),
     ({"threads": 0}, "at least one thread"), ({"threads": 257}, "at most 256"),
     ({"pace_s": -1.0}, "pace_s"), ({"pace_s": math.nan}, "pace_s")],
)  # fmt: skip
def test_options_that_make_no_sense(options: dict[str, object], words_: str) -> None:
    with pytest.raises(UsageError, match=words_):
        PipelineOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["smoothing_s", "hold_s"])
def test_times_that_make_no_sense(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        Pipeline(PipelineOptions(**{name: -1.0}))


def test_a_tone_of_another_kind_is_one_line(tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model", tone={"kind": "table"})
    with pytest.raises(ModelError, match="tone is of another kind"):
        Pipeline(PipelineOptions(model=folder))


def test_in_a_stream_the_tone_is_that_of_the_steadied_votes(photo: ImageArray) -> None:
    pipeline, card = Pipeline(PipelineOptions(pace_s=0)), load_card()
    for index, image in enumerate([photo, photo[:, ::-1], photo]):
        reading = pipeline.read(Frame(np.ascontiguousarray(image), index, index / 20), stream=True)
        for face in reading.faces:
            votes = np.array([[face.expression.votes[label] for label in card.votes]])
            shares = ToneCalibration.from_dict(card.tone)(summed(votes, card.votes))[0]
            assert list(face.expression.tone.shares.values()) == pytest.approx(shares.tolist(), abs=1e-6)
    assert reading.faces


@pytest.mark.parametrize("entry", ["confidence", "covered"])
def test_a_model_that_was_not_calibrated_is_one_line(tmp_path: Path, entry: str) -> None:
    folder = copy_of_default(tmp_path / "model", **{entry: {}})
    with pytest.raises(ModelError, match="the card's") as error:
        Pipeline(PipelineOptions(model=folder))
    assert len(str(error.value).splitlines()) == 1


def test_a_probe_for_another_network_is_refused_before_the_first_picture(tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model", covered={"bias": 0.0, "weights": [1.0, 2.0]})
    with pytest.raises(ModelError, match="probe is for 2 channels"):
        Pipeline(PipelineOptions(model=folder))


def test_a_distance_is_measured_when_it_is_asked_for(pipeline: Pipeline, photo: ImageArray) -> None:
    frame = Frame(photo)
    measuring = Pipeline(PipelineOptions(distance=True))
    expected, asked = measuring.read(frame), pipeline.read(frame, distance=True)
    assert asked.focal_px == expected.focal_px and the_face(asked).distance_cm == the_face(expected).distance_cm
    assert the_face(asked).distance_cm is not None
    for plain in (pipeline.read(frame), measuring.read(frame, distance=False)):
        assert plain.focal_px is None and the_face(plain).distance_cm is None


def test_haar_is_there_for_comparison(photo: ImageArray) -> None:
    reading = read(Pipeline(PipelineOptions(detector="haar")), photo)
    assert reading.models["detector"] == "haar"
    assert any(face.expression and face.expression.label == "happy" for face in reading.faces)
