"""A stream: numbers and words of persons stay, looking and reading take turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from pipelines import answering, expression_of, read, stream, the_face, votes_of

from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame, ImageArray, Reading


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
