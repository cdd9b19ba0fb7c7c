"""Readings to JSON and back, and the schema that docs/ promises."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from readings import expression, expressions, face, faces, reading, readings

from mien.types import Box, Expression, Face, Frame, Reading

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "reading.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def through_json(data: object) -> object:
    return json.loads(json.dumps(data, allow_nan=False))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(readings)
def test_a_reading_survives_json(made: Reading) -> None:
    for points in (False, True):
        data = made.to_dict(points=points)
        back = Reading.from_dict(through_json(data))  # type: ignore[arg-type]
        assert back.to_dict(points=points) == data


@given(readings)
def test_every_reading_fits_the_schema(made: Reading) -> None:
    VALIDATOR.validate(through_json(made.to_dict()))
    VALIDATOR.validate(through_json(made.to_dict(points=True)))


@given(faces)
def test_a_face_survives_json_within_its_rounding(made: Face) -> None:
    back = Face.from_dict(through_json(made.to_dict(points=True)))  # type: ignore[arg-type]
    assert np.allclose(back.box.to_list(), made.box.to_list(), atol=0.051)
    assert np.allclose(back.keypoints, made.keypoints, atol=0.052)
    assert (back.mesh is None) == (made.mesh is None)
    assert back.track_id == made.track_id
    assert abs(back.roll_deg - made.roll_deg) <= 0.051


@given(expressions)
def test_an_expression_survives_json_within_its_rounding(made: Expression) -> None:
    back = Expression.from_dict(through_json(made.to_dict()))  # type: ignore[arg-type]
    assert (back.label, back.sure, back.doubts) == (made.label, made.sure, made.doubts)
    assert list(back.votes) == list(made.votes)
    assert all(abs(back.votes[name] - share) <= 5.1e-5 for name, share in made.votes.items())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("index",), -1),
        (("width",), 0),
        (("extra",), 1),
        (("faces", 0, "box"), [1, 2, 3]),
        (("faces", 0, "expression", "confidence"), 1.5),
        (("faces", 0, "expression", "votes"), {"happy": "8 in 10"}),
        (("faces", 0, "expression", "extra"), 1),
        (("faces", 0, "keypoints"), [[1, 2, 3]]),
    ],
)
def test_the_schema_refuses_what_is_no_reading(path: tuple[str | int, ...], value: object) -> None:
    data = reading(face(read=expression())).to_dict(points=True)
    VALIDATOR.validate(data)
    place = data
    for key in path[:-1]:
        place = place[key]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


@pytest.mark.parametrize(
    "key", ["source", "index", "time_s", "width", "height", "faces", "poses", "timings_ms", "models"]
)
def test_the_schema_wants_every_key(key: str) -> None:
    data = reading().to_dict()
    del data[key]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


@pytest.mark.parametrize("box", [(2, 0, 1, 1), (0, 2, 1, 1), (float("nan"), 0, 1, 1)])
def test_a_box_is_checked(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="x2 >= x1"):
        Box(*box)


@pytest.mark.parametrize(("shape", "kind"), [((4, 4), "u1"), ((4, 4, 4), "u1"), ((4, 4, 3), "f4"), ((0, 4, 3), "u1")])
def test_a_frame_is_checked(shape: tuple[int, ...], kind: str) -> None:
    with pytest.raises(ValueError, match="uint8"):
        Frame(np.zeros(shape, kind))
