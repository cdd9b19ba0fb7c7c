"""Bodies through the pipeline: beside their faces, while these are covered, and gone with them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from pipelines import read, stream, the_face

from mien import models
from mien.errors import ModelError, UsageError
from mien.models import weights_path
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import ImageArray, Reading

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
    assert "body" in read(pipeline, photo, body=True).models and "body" not in read(pipeline, photo).models
    assert the_face(with_body).to_dict() == the_face(without).to_dict()


def test_a_reading_with_bodies_fits_the_schema_and_comes_back(body_pipeline: Pipeline, photo: ImageArray) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(__file__).parents[2] / "docs" / "reading.schema.json").read_text(encoding="utf-8"))
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
