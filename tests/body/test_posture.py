"""Features of a pose on drawn bodies: alike however large, near, tilted or mirrored; movement by seconds; the model."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skeletons import Arm, Body, Camera, drawn, keypoints, mirrored

from mien.body.posture import (
    FEATURES,
    MOTION_FEATURES,
    STILL_FEATURES,
    PostureModel,
    PostureWindow,
    features_of,
    tone_of,
)
from mien.errors import ModelError
from mien.types import Pose

QUIET = Camera(noise=0.0, depth_noise=0.0)


def pose(body: Body | None = None, camera: Camera = QUIET) -> Pose:
    return Pose(keypoints(body or Body(), camera, np.random.default_rng(0)), 0.9, 1)


def by_name(features: np.ndarray) -> dict[str, float]:
    return dict(zip(FEATURES, features.tolist(), strict=True))


def moved(still: Pose, *, scale: float = 1.0, by: tuple[float, float] = (0.0, 0.0), who: int | None = 1) -> Pose:
    points = still.keypoints.copy()
    points[:, :3] *= scale
    points[:, :2] += by
    return replace(still, keypoints=points, track_id=who)


def test_features_do_not_know_size_or_place() -> None:
    still = pose()
    other = moved(still, scale=2.5, by=(300, -40))
    assert features_of(other) == pytest.approx(features_of(still), abs=1e-3, nan_ok=True)


@pytest.mark.parametrize("which", range(6))
def test_a_mirrored_body_has_the_same_features(which: int) -> None:
    drawn_ = drawn("arms crossed", 6, seed=1)[which]
    assert features_of(mirrored(drawn_)) == pytest.approx(features_of(drawn_), abs=0.02, nan_ok=True)


def test_the_angle_of_an_elbow_is_the_one_that_was_drawn() -> None:
    arm = Arm(flexion=0, abduction=60, elbow=0)  # stretched out, in the plane of the picture
    assert by_name(features_of(pose(Body(left=arm, right=arm))))["elbow_deg"] == pytest.approx(180, abs=2)


def test_raised_hands_and_a_lean_show() -> None:
    low, high = Arm(flexion=0), Arm(flexion=150)
    down, up = (by_name(features_of(pose(Body(left=arm, right=arm)))) for arm in (low, high))
    assert down["wrist_v"] > 0.5 > 0 > up["wrist_v"]
    upright, leaning = (by_name(features_of(pose(Body(lean=deg)))) for deg in (0.0, 35.0))
    assert leaning["trunk_length"] < upright["trunk_length"] - 0.1


def test_what_is_not_seen_is_not_known() -> None:
    hidden = pose().keypoints.copy()
    hidden[11:13, 3] = 0
    assert np.isnan(features_of(Pose(hidden, 0.9))).all()
    no_hands = pose().keypoints.copy()
    no_hands[15:17, 3] = 0
    found = by_name(features_of(Pose(no_hands, 0.9)))
    assert math.isnan(found["wrist_v"]) and math.isnan(found["elbow_deg"]) and not math.isnan(found["nose_v"])
    assert all(math.isnan(found[name]) for name in MOTION_FEATURES)


@pytest.mark.parametrize("rate", [10, 25, 60])
def test_speed_is_that_of_the_movement_whatever_the_frame_rate(rate: int) -> None:
    still, window = pose(), PostureWindow()
    unit = abs(complex(*(still.keypoints[11, :2] - still.keypoints[12, :2])))
    for frame in range(3 * rate):
        features = window.update(moved(still, by=(0.8 * unit * frame / rate, 0)), frame / rate)
    found = by_name(features)
    assert [found[name] for name in MOTION_FEATURES] == pytest.approx([0.8] * 3, rel=0.1)
    assert by_name(features)["nose_v"] == pytest.approx(by_name(features_of(still))["nose_v"], abs=1e-3)


@pytest.mark.parametrize("x", [-200, 0, 1000])
def test_who_sways_to_and_fro_has_the_same_speed_everywhere(x: float) -> None:
    """The size swings by 2 % about the head: it hardly moves, wherever it is in the picture."""
    still, window = pose(), PostureWindow()
    head = still.keypoints[0, :2]
    for frame in range(60):
        scale = 1 + 0.02 * math.sin(frame)
        features = window.update(moved(still, scale=scale, by=tuple((1 - scale) * head + (x, 0))), frame / 20)
    found = by_name(features)
    assert found["head_speed"] == pytest.approx(0, abs=0.01)
    assert 0.01 < found["hands_speed"] < 1


def test_people_are_kept_apart_and_a_seek_begins_anew() -> None:
    still, window = pose(), PostureWindow()
    for frame in range(20):
        window.update(moved(still, by=(20 * frame, 0), who=1), frame / 10)
        calm = window.update(moved(still, who=2), frame / 10)
    assert by_name(calm)["head_speed"] == pytest.approx(0, abs=1e-6)
    assert math.isnan(by_name(window.update(still, 0.0))["head_speed"])


def some_model() -> PostureModel:
    rng, count = np.random.default_rng(0), len(FEATURES)
    return PostureModel(rng.normal(size=count), rng.uniform(0.5, 2, count), rng.normal(size=(3, count)),
                        rng.normal(size=3), np.full(3, 1 / 3), 0.5, {"people": 3})  # fmt: skip


def test_a_model_survives_its_file_and_gives_probabilities(tmp_path: Path) -> None:
    model = some_model()
    (tmp_path / "posture.json").write_text(json.dumps(model.to_dict()))
    again = PostureModel.load(tmp_path)
    rows = np.random.default_rng(1).normal(size=(5, len(FEATURES)))
    rows[0, :4] = np.nan
    assert (again(rows) == model(rows)).all() and again(rows).sum(1) == pytest.approx(np.ones(5))
    assert again(rows[0]) == pytest.approx(again(rows)[0])
    tone = tone_of(again(rows[0]))
    assert tone.confidence == max(tone.shares.values()) and tone.sure == (tone.confidence >= 0.6)


def test_what_is_unknown_moves_nothing() -> None:
    model = some_model()
    raised = np.exp(model.bias - model.bias.max())
    assert model(np.full(len(FEATURES), np.nan)) == pytest.approx(raised / raised.sum())
    assert model(model.mean) == pytest.approx(raised / raised.sum())


@pytest.mark.parametrize(
    "change",
    [{"features": list(STILL_FEATURES)}, {"kind": "forest"}, {"weights": [[1.0]]}, {"weight": 2}, {"scale": None},
     {"bias": [0, 0, "x"]}, {"prior": [0, 0.5, 0.5]}],
)  # fmt: skip
def test_another_kind_is_one_line(tmp_path: Path, change: dict) -> None:
    (tmp_path / "posture.json").write_text(json.dumps({**some_model().to_dict(), **change}))
    with pytest.raises(ModelError, match="train it again"):
        PostureModel.load(tmp_path)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no posture\.json"):
        PostureModel.load(tmp_path)
    (tmp_path / "posture.json").write_bytes(b"\xff{")
    with pytest.raises(ModelError, match="cannot be read"):
        PostureModel.load(tmp_path)
