"""The pipeline on a real photo: one face read alike however the photo is turned, doubts for their causes, streams."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from small_models import copy_of_default

from mien import models
from mien.errors import ModelError, UsageError
from mien.expression.classify import Answer
from mien.expression.express import valence
from mien.expression.tone import ToneCalibration, summed
from mien.models import load_card, weights_path
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Expression, Face, Frame, ImageArray, Reading

LABELS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "not a face")


@pytest.fixture(scope="module")
def shared_pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture
def pipeline(shared_pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline with the usual options, at the beginning of a stream."""
    shared_pipeline.reset()
    yield shared_pipeline


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> ImageArray:
    return np.asarray(Image.open(astronaut).convert("RGB"))


def read(pipeline: Pipeline, image: ImageArray) -> Reading:
    return pipeline.read(Frame(np.ascontiguousarray(image), source="astronaut"))


def the_face(reading: Reading) -> Face:
    (face,) = reading.faces
    return face


def expression_of(reading: Reading) -> Expression:
    found = the_face(reading).expression
    assert found is not None
    return found


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


def votes_of(**shares: float) -> np.ndarray:
    return np.asarray([shares.get(name.replace(" ", "_"), 0.0) for name in LABELS], np.float32)


def answering(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, *rows: np.ndarray) -> None:
    """Let the network say these votes, a row a face from left to right; one row stands for all."""
    real = pipeline.classifier.__class__.__call__

    def call(self: object, crops: ImageArray) -> Answer:
        answer = real(self, crops)  # type: ignore[arg-type]
        votes = np.stack([rows[index % len(rows)] for index in range(len(crops))])
        return replace(answer, votes=votes)

    monkeypatch.setattr(pipeline.classifier.__class__, "__call__", call)


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


# --- streams ----------------------------------------------------------------------------------------------------------


def stream(pipeline: Pipeline, image: ImageArray, frames: int, *, fps: float = 10, first: int = 0) -> list[Reading]:
    return [pipeline.read(Frame(image, index, index / fps), stream=True) for index in range(first, first + frames)]


def test_a_person_keeps_one_number(pipeline: Pipeline, photo: ImageArray) -> None:
    readings = stream(pipeline, photo, 4)
    numbers = {the_face(reading).track_id for reading in readings}
    assert len(numbers) == 1
    assert None not in numbers
    assert the_face(read(pipeline, photo)).track_id is None  # a picture has no tracks


def words(readings: list[Reading]) -> list[str]:
    return [expression_of(reading).label for reading in readings]


def test_a_short_flicker_does_not_change_the_word_and_a_lasting_change_does(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=0.9, sad=0.1))
    assert set(words(stream(pipeline, photo, 4))) == {"happy"}
    answering(pipeline, monkeypatch, votes_of(sad=0.9, happy=0.1))
    flicker = stream(pipeline, photo, 2, first=4)
    assert set(words(flicker)) == {"happy"}
    shares = [expression_of(reading).votes["sad"] for reading in flicker]
    assert 0.1 < shares[0] < shares[1] < 0.9  # smoothed, not held
    lasting = words(stream(pipeline, photo, 14, first=6))
    assert lasting[-1] == "sad"
    assert lasting == sorted(lasting)  # happy, then sad, and not back


def test_a_word_that_no_longer_leads_is_not_said_surely(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=1.0))
    stream(pipeline, photo, 3)
    answering(pipeline, monkeypatch, votes_of(sad=1.0))
    for reading in stream(pipeline, photo, 12, first=3):
        expression = expression_of(reading)
        leads = expression.votes[expression.label] == max(expression.votes.values())
        assert leads or (not expression.sure and "people would disagree" in expression.doubts)


def test_a_picture_is_not_smoothed(pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=1.0))
    stream(pipeline, photo, 2)
    answering(pipeline, monkeypatch, votes_of(sad=1.0))
    assert expression_of(read(pipeline, photo)).label == "sad"


def test_after_a_reset_nothing_of_the_old_stream_is_left(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=1.0))
    stream(pipeline, photo, 3)
    pipeline.reset()
    answering(pipeline, monkeypatch, votes_of(sad=1.0))
    assert words(stream(pipeline, photo, 1)) == ["sad"]


def test_words_are_steadied_for_each_person_alone(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = photo[20:270, 120:330]
    both = np.concatenate([head, head[:, ::-1]], 1)
    answering(pipeline, monkeypatch, votes_of(happy=1.0), votes_of(sad=1.0))
    readings = stream(pipeline, both, 10)
    assert len(readings[-1].faces) == 2
    for reading in readings:
        by_person = {}
        for face in reading.faces:
            assert face.expression is not None
            by_person[face.track_id] = face.expression
            # Any share of the other's word would have come across.
            assert sorted(face.expression.votes.values())[-1] == pytest.approx(1, abs=1e-6)
        assert len(by_person) == len(reading.faces)
    assert {face.expression.label for face in readings[-1].faces if face.expression} == {"happy", "sad"}


def noting(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, note: Callable[[], None]) -> None:
    """Let a method of a class call `note` each time."""
    real = getattr(type(owner), name)

    def noted(*given: object) -> object:
        note()
        return real(*given)

    monkeypatch.setattr(type(owner), name, noted)


def stages(pipeline: Pipeline, image: ImageArray, monkeypatch: pytest.MonkeyPatch, *, fps: float) -> list[set[str]]:
    """Which of 'look' (the detector) and 'read' (the network) each of ten frames took, after the first."""
    ran: list[set[str]] = []
    noting(monkeypatch, pipeline.classifier, "__call__", lambda: ran[-1].add("read"))
    noting(monkeypatch, pipeline.finder.detector, "look", lambda: ran[-1].add("look"))
    for index in range(11):
        ran.append(set())
        pipeline.read(Frame(image, index, index / fps), stream=True)
    assert ran[0] == {"look", "read"}
    return ran[1:]


@pytest.mark.parametrize("fps", [15, 20, 24])
def test_looking_for_faces_and_reading_them_take_turns(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch, fps: float
) -> None:
    assert stages(pipeline, photo, monkeypatch, fps=fps) == [{"look"}, {"read"}] * 5


@pytest.mark.parametrize("fps", [30, 40])
def test_at_many_frames_a_second_a_face_is_read_no_more_often(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch, fps: float
) -> None:
    assert stages(pipeline, photo, monkeypatch, fps=fps) == ([{"look"}] * 2 + [{"read"}]) * 3 + [{"look"}]


def test_at_few_frames_a_second_each_gets_both(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stages(pipeline, photo, monkeypatch, fps=12) == [{"look", "read"}] * 10


def test_without_a_face_every_frame_is_looked_at(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = np.full((240, 320, 3), 120, np.uint8)
    pipeline.read(Frame(wall, 0, 0.0), stream=True)
    looks: list[int] = []
    noting(monkeypatch, pipeline.finder.detector, "look", lambda: looks.append(1))
    for index in range(1, 7):
        assert pipeline.read(Frame(wall, index, index / 30), stream=True).faces == ()
        assert len(looks) == index


def test_between_two_readings_the_last_one_stands(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=1.0))
    first = expression_of(stream(pipeline, photo, 1, fps=24)[0])
    answering(pipeline, monkeypatch, votes_of(happy=0.8, sad=0.2))
    second, third = (expression_of(reading) for reading in stream(pipeline, photo, 2, fps=24, first=1))
    assert second == first
    assert third.votes["sad"] > 0


def test_what_is_no_face_stays_away_between_two_readings(
    pipeline: Pipeline, photo: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(pipeline, monkeypatch, votes_of(happy=0.3, not_a_face=0.7))
    assert all(reading.faces == () for reading in stream(pipeline, photo, 6, fps=30))


def test_without_a_pace_every_frame_is_read(photo: ImageArray, monkeypatch: pytest.MonkeyPatch) -> None:
    eager = Pipeline(PipelineOptions(pace_s=0.0))
    assert stages(eager, photo, monkeypatch, fps=30) == [{"look", "read"}] * 10


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


def test_haar_is_there_for_comparison(photo: ImageArray) -> None:
    reading = read(Pipeline(PipelineOptions(detector="haar")), photo)
    assert reading.models["detector"] == "haar"
    assert any(face.expression and face.expression.label == "happy" for face in reading.faces)


def test_heat_of_a_stream_is_what_the_network_computed(pipeline: Pipeline, photo: ImageArray) -> None:
    first = pipeline.read(Frame(photo, 0, 0.0), stream=True).faces[0]
    (crop,) = pipeline.crops(photo, [first])
    answer = pipeline.classifier(crop[None])
    found = pipeline.heat(first)
    assert found is not None
    head, label = pipeline.classifier.weights("votes"), list(pipeline.classifier.card.votes).index("happy")
    probabilities = np.exp(head.weight @ answer.features[0].mean((1, 2)) + head.bias)
    assert probabilities / probabilities.sum() == pytest.approx(answer.votes[0], abs=1e-4)
    lead = np.log(answer.votes[0][label] / answer.votes[0][0])  # of happy over the first label, by the heat-maps
    other = np.tensordot(head.weight[0], answer.features[0], 1)
    assert found.mean() + head.bias[label] - other.mean() - head.bias[0] == pytest.approx(lead, abs=1e-3)


def test_heat_is_none_for_whom_the_last_frame_does_not_have(pipeline: Pipeline, photo: ImageArray) -> None:
    face = pipeline.read(Frame(photo, 0, 0.0), stream=True).faces[0]
    assert pipeline.heat(replace(face, track_id=99)) is None
    for number in range(1, 40):  # it is lost after a while
        pipeline.read(Frame(np.full_like(photo, 127), number, number / 10), stream=True)
    assert pipeline.heat(face) is None
    pipeline.reset()
    assert pipeline.heat(face) is None


# --- bodies -----------------------------------------------------------------------------------------------------------

NOSE, L_SHOULDER, R_SHOULDER = 0, 11, 12


@pytest.fixture(scope="module")
def shared_body_pipeline() -> Pipeline:
    return Pipeline(PipelineOptions(body=True))


@pytest.fixture
def body_pipeline(shared_body_pipeline: Pipeline) -> Iterator[Pipeline]:
    """A pipeline that reads bodies, at the beginning of a stream."""
    shared_body_pipeline.reset()
    yield shared_body_pipeline


def test_bodies_are_read_only_when_they_are_asked_for(
    pipeline: Pipeline, body_pipeline: Pipeline, photo: ImageArray
) -> None:
    without, with_body = read(pipeline, photo), read(body_pipeline, photo)
    assert without.poses == () and "body" not in without.models and "body" not in without.timings_ms
    (pose,) = with_body.poses
    assert pose.track_id is None and pose.keypoints.shape == (33, 4) and pose.score > 0.8
    box = the_face(with_body).box
    assert box.x1 < pose.keypoints[NOSE, 0] < box.x2 and box.y1 < pose.keypoints[NOSE, 1] < box.y2
    assert with_body.models["body"] == "pose_landmark_full" and with_body.timings_ms["body"] > 0
    assert with_body.timings_ms["total"] == pytest.approx(sum(with_body.timings_ms.values()) / 2)
    assert the_face(with_body).to_dict() == the_face(without).to_dict()


def test_a_reading_with_bodies_fits_the_schema_and_comes_back(body_pipeline: Pipeline, photo: ImageArray) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(__file__).parents[1] / "docs" / "reading.schema.json").read_text(encoding="utf-8"))
    for made in (read(body_pipeline, photo), *stream(body_pipeline, photo, 2)):
        data = json.loads(json.dumps(made.to_dict(points=True), allow_nan=False))
        jsonschema.validate(data, schema)
        assert len(data["poses"]) == 1
        assert Reading.from_dict(data).to_dict(points=True) == data


def test_a_body_in_a_stream_has_the_number_of_its_face(body_pipeline: Pipeline, photo: ImageArray) -> None:
    for reading in stream(body_pipeline, photo, 3):
        (pose,) = reading.poses
        assert pose.track_id == the_face(reading).track_id


def test_a_body_whose_face_is_covered_goes_on(body_pipeline: Pipeline, photo: ImageArray) -> None:
    first = stream(body_pipeline, photo, 2)[-1]
    covered, head = photo.copy(), (slice(60, 190), slice(170, 285))
    covered[head] = np.asarray(Image.fromarray(photo[head]).filter(ImageFilter.GaussianBlur(14)))  # nobody's face
    last = stream(body_pipeline, covered, 8, first=2)[-1]
    assert last.faces == ()
    (pose,) = last.poses
    assert pose.track_id == the_face(first).track_id
    before = first.poses[0].keypoints
    width = math.dist(before[L_SHOULDER, :2], before[R_SHOULDER, :2])
    for shoulder in (L_SHOULDER, R_SHOULDER):
        assert math.dist(pose.keypoints[shoulder, :2], before[shoulder, :2]) < 0.3 * width


def test_a_body_that_is_gone_is_dropped(body_pipeline: Pipeline, photo: ImageArray) -> None:
    assert stream(body_pipeline, photo, 2)[-1].poses
    empty = np.full_like(photo, 90)
    assert stream(body_pipeline, empty, 1, first=2)[-1].poses == ()


def test_without_its_weights_the_body_is_a_model_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> Path:
        return weights_path(name, folder=tmp_path) if name == "pose_landmark_full" else weights_path(name)

    (tmp_path / "manifest.json").write_text((models.WEIGHTS / "manifest.json").read_text())
    monkeypatch.setattr("mien.pipeline.models.weights_path", missing)
    Pipeline()  # reads faces all the same
    with pytest.raises(ModelError, match=r"pose_landmark_full\.tflite are missing: install Mien again") as error:
        Pipeline(PipelineOptions(body=True))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("pace", [-1, math.inf, math.nan])
def test_a_pace_of_bodies_that_is_no_time_is_refused(pace: float) -> None:
    with pytest.raises(UsageError, match="body_pace_s is a number of seconds"):
        PipelineOptions(body_pace_s=pace)
