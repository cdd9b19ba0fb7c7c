"""Reasons through the pipeline: a smile is told by its mouth, JSON comes back, other labels can be asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image
from small_models import copy_of_default

from mien.errors import ModelError, UsageError
from mien.faces.measures import MEASURES
from mien.faces.regions import REGIONS
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Explanation, Face, Frame, Reading

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(PipelineOptions(tiles=False, explain=True))


@pytest.fixture(scope="module")
def frame(astronaut: Path) -> Frame:
    return Frame(np.asarray(Image.open(astronaut).convert("RGB")))


@pytest.fixture(scope="module")
def reading(pipeline: Pipeline, frame: Frame) -> Reading:
    return pipeline.read(frame)


def explanation_of(reading: Reading) -> Explanation:
    (face,) = reading.faces
    assert face.expression is not None and face.expression.explanation is not None
    return face.expression.explanation


def test_a_smile_is_told_by_its_mouth(reading: Reading) -> None:
    found = explanation_of(reading)
    assert found.text.startswith("Mostly the mouth: corners up, open")
    assert tuple(found.regions) == REGIONS and tuple(found.measures) == tuple(MEASURES)
    assert sum(region.heat for region in found.regions.values()) == pytest.approx(1, abs=1e-4)
    assert max(found.regions, key=lambda name: found.regions[name].drop) == "mouth"
    assert found.measures["mouth_corners"] > 4 and found.measures["mouth_open"] > 3
    assert reading.timings_ms["explanation"] > 0


def test_a_reading_with_reasons_is_json_of_the_schema_and_comes_back(reading: Reading) -> None:
    data = json.loads(json.dumps(reading.to_dict(), allow_nan=False))
    schema = json.loads((ROOT / "docs" / "reading.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    assert Reading.from_dict(data).to_dict() == data
    assert data["faces"][0]["expression"]["explanation"]["regions"]["mouth"].keys() == {"heat", "drop"}


def test_reasons_change_nothing_else(frame: Frame, reading: Reading) -> None:
    before = frame.image.copy()
    plain = Pipeline(PipelineOptions(tiles=False)).read(frame).to_dict()
    told = reading.to_dict()
    told["faces"][0]["expression"]["explanation"] = None
    assert plain["faces"] == told["faces"]
    assert np.array_equal(frame.image, before)


def test_one_face_can_be_asked_about(pipeline: Pipeline, frame: Frame, reading: Reading) -> None:
    (face,) = reading.faces
    assert pipeline.explain(frame, face) == explanation_of(reading)
    french = pipeline.explain(frame, face, language="fr-CA")
    assert french.regions == explanation_of(reading).regions and french.text.startswith("Surtout la bouche")
    other = pipeline.explain(frame, face, "sad")
    assert other.measures == french.measures and other.regions["mouth"].drop < 0  # a hidden smile leaves room for sad
    with pytest.raises(UsageError, match="there is no label 'glad'; there are: neutral"):
        pipeline.explain(frame, face, "glad")
    with pytest.raises(UsageError, match="no words in the language"):
        pipeline.explain(frame, face, language="tlh")
    with pytest.raises(UsageError, match="no label"):
        pipeline.explain(frame, replace(face, expression=None))


def test_a_face_without_a_mesh_and_one_turned_away(pipeline: Pipeline, frame: Frame, reading: Reading) -> None:
    (face,) = reading.faces
    bare = pipeline.explain(frame, replace(face, mesh=None))
    assert (bare.regions, bare.measures) == ({}, {}) and "nothing sure" in bare.text
    turned = pipeline.explain(frame, replace(face, yaw_deg=60.0))
    assert turned.regions and not turned.measures and "nothing sure" in turned.text


def test_a_model_that_cannot_show_where_it_looked_explains_all_the_same(
    tmp_path: Path, frame: Frame, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(PipelineOptions(tiles=False, explain=True, model=copy_of_default(tmp_path / "model")))

    def refuse(head: str = "votes") -> None:
        raise ModelError("no weights")

    monkeypatch.setattr(pipeline.classifier, "weights", refuse)
    found = explanation_of(pipeline.read(frame))
    assert all(region.heat == 0 for region in found.regions.values())
    assert {name: region.drop for name, region in found.regions.items()} == {
        name: region.drop for name, region in explanation_of(reading).regions.items()
    }
    assert found.text.startswith("Mostly the mouth")


def test_in_a_stream_a_reason_stands_until_the_face_is_read_anew(frame: Frame) -> None:
    pipeline = Pipeline(PipelineOptions(tiles=False, explain=True, pace_s=0.5))
    told = [pipeline.read(replace(frame, index=n, time_s=n / 10), stream=True) for n in range(6)]
    reasons = [explanation_of(one) for one in told]
    assert reasons[0] is reasons[1] and reasons[5] is not reasons[0]
    assert [("explanation" in one.timings_ms) for one in told] == [True, False, False, False, False, True]


def test_an_unknown_language_is_refused_at_once_when_it_is_needed() -> None:
    with pytest.raises(UsageError, match="no words in the language"):
        PipelineOptions(explain=True, language="tlh")


def test_a_face_can_be_asked_about_without_the_option(frame: Frame, reading: Reading) -> None:
    plain = Pipeline(PipelineOptions(tiles=False))
    (face,) = plain.read(frame).faces
    assert isinstance(face, Face)
    assert plain.explain(frame, face) == explanation_of(reading)
