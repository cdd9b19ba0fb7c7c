"""A posture model in the pipeline: nothing changes without one, and with one the face's own tone stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.body import fusion
from mien.body.posture import FEATURES, PostureModel
from mien.cli.bodies import postures_said
from mien.errors import ModelError, UsageError
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame, Reading


def model_folder(folder: Path, weight: float) -> Path:
    """A model that calls every posture negative."""
    count = len(FEATURES)
    model = PostureModel(np.zeros(count), np.ones(count), np.zeros((3, count)), np.array([0.0, 0.0, 3.0]),
                         np.full(3, 1 / 3), weight, {})  # fmt: skip
    folder.mkdir()
    (folder / "posture.json").write_text(json.dumps(model.to_dict()))
    return folder


def facts(reading: Reading) -> list[dict]:
    return [face.to_dict(points=True) for face in reading.faces]


def test_apart_and_together_and_the_face_as_it_was(astronaut: Path, tmp_path: Path) -> None:
    frame = Frame(np.asarray(Image.open(astronaut).convert("RGB")))
    plain = Pipeline(PipelineOptions(body=True)).read(frame)
    assert plain.poses and all(pose.tone is None and pose.together is None for pose in plain.poses)
    assert postures_said(plain) == ""
    folder = model_folder(tmp_path / "model", 0.5)
    with_model = Pipeline(PipelineOptions(body=True, posture=folder)).read(frame)
    assert facts(with_model) == facts(plain)
    (pose,) = with_model.poses
    face = with_model.faces[0].expression.tone
    assert pose.tone.label == "negative" and pose.tone.sure
    expected = fusion.together(face, np.array(list(pose.tone.shares.values())), PostureModel.load(folder))
    assert pose.together == expected and pose.together.shares["negative"] > face.shares["negative"]
    assert "by the posture negative" in postures_said(with_model)
    assert Reading.from_dict(json.loads(json.dumps(with_model.to_dict()))).poses[0].tone.label == "negative"


def test_a_model_without_bodies_or_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs bodies"):
        PipelineOptions(posture=tmp_path)
    with pytest.raises(ModelError, match=r"holds no posture\.json"):
        Pipeline(PipelineOptions(body=True, posture=tmp_path))
