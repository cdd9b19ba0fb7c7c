"""The socket: its protocol, its limits, and that frames of four clients take turns and never queue."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_talk import HELLO, greet, raw, refused, until
from readings import face, reading
from web_client import FakePipeline, client_of

from mien import images
from mien.pipeline import Pipeline
from mien.types import Frame, Reading
from mien.web.frames import HEADER, pack_frame
from mien.web.options import LiveOptions


@pytest.fixture
def socket(client: Any):
    with client.websocket_connect("/api/live") as opened:
        yield opened


def test_a_welcome_tells_limits_and_models(socket: Any) -> None:
    told = greet(socket)
    assert told == {
        "type": "welcome", "version": 1, "limits": {"frame_bytes": 4_000_000, "frames_per_s": 60.0},
        "models": {"expression": "fake"},
    }  # fmt: skip


def test_a_frame_is_answered_by_its_reading(socket: Any) -> None:
    greet(socket, points=True)
    socket.send_bytes(raw(7, 1.5, size=(64, 48)))
    told = socket.receive_json()
    assert set(told) == {"type", "id", "reading", "outlines", "words", "bodies", "sentence"}
    assert (told["type"], told["id"], told["reading"]["time_s"]) == ("reading", 7, 1.5)
    assert np.shape(told["outlines"]) == (1, 4, 2) and len(told["reading"]["faces"][0]["keypoints"]) == 6
    assert Reading.from_dict(told["reading"]).width == 64
    assert told["words"][0]["title"] == "looks happy"


def test_language_changes_on_the_way(socket: Any) -> None:
    greet(socket, language="de")
    said = []
    for id_, language in enumerate(["en", "ja-JP", "de"]):
        socket.send_json({"type": "language", "language": language})
        socket.send_bytes(raw(id_, id_))
        said.append(socket.receive_json()["sentence"])
    assert len(set(said)) == 3 and "looks happy" in said[0]


def test_the_real_pipeline_follows_a_face(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client, client.websocket_connect("/api/live") as socket:  # type: ignore[arg-type]
        greet(socket)
        for id_ in range(4):
            socket.send_bytes(pack_frame(id_, id_ / 10, astronaut.read_bytes()))
            told = socket.receive_json()
            assert [face["track_id"] for face in told["reading"]["faces"]] == [1]
        socket.send_json({"type": "why", "track_id": 1})
        why = socket.receive_json()
        assert why["why"]["label"] == "happy" and sum(why["why"]["people"].values()) == 10
        socket.send_json({"type": "why", "track_id": 99})
        assert socket.receive_json() == {"type": "why", "track_id": 99, "why": None}
        raw_rgba = np.dstack([images.decode_image(astronaut), np.full((512, 512), 255, np.uint8)])
        socket.send_json({"type": "reset"})
        socket.send_bytes(pack_frame(0, 0.0, raw_rgba.tobytes(), size=(512, 512)))
        assert socket.receive_json()["words"][0]["label"] == "happy"


def test_why_not_a_word_that_there_is_not_ends_with_4400(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client, client.websocket_connect("/api/live") as socket:  # type: ignore[arg-type]
        greet(socket)
        socket.send_bytes(pack_frame(1, 0.0, astronaut.read_bytes()))
        (face,) = socket.receive_json()["reading"]["faces"]
        socket.send_json({"type": "why", "track_id": face["track_id"], "label": "bored"})
        code, line = refused(socket)
    assert code == 4400 and "no label 'bored'" in line


def test_there_is_no_reason_for_a_face_that_was_not_read() -> None:
    class Blind(FakePipeline):
        def read(self, frame: Frame, *, stream: bool = False, **wishes: bool) -> Reading:
            return reading(replace(face(), track_id=1), time_s=frame.time_s)

    with client_of(make=Blind) as client, client.websocket_connect("/api/live") as socket:
        greet(socket)
        socket.send_bytes(raw(1, 0))
        assert socket.receive_json()["type"] == "reading"
        socket.send_json({"type": "why", "track_id": 1})
        assert socket.receive_json() == {"type": "why", "track_id": 1, "why": None}


def test_heat_is_sent_to_those_who_ask_for_it(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client, client.websocket_connect("/api/live") as socket:  # type: ignore[arg-type]
        greet(socket)
        answers = []
        for number, wish in enumerate([None, True, False]):
            if wish is not None:
                socket.send_json({"type": "show", "heat": wish})
            socket.send_bytes(pack_frame(number, number / 10, astronaut.read_bytes()))
            answers.append(socket.receive_json())
    assert ["heat" in answer for answer in answers] == [False, True, False]
    (glow,) = answers[1]["heat"]
    values, corners = np.array(glow["values"]), np.array(glow["corners"])
    assert values.shape == (6, 6)
    assert values.min() >= 0
    assert values.max() == 1
    left, top, right, bottom = answers[1]["reading"]["faces"][0]["box"]
    middle = corners.mean(0)
    assert left < middle[0] < right
    assert top < middle[1] < bottom
    sides = np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1)
    assert sides == pytest.approx([sides[0]] * 4, rel=0.01)  # a square


def test_bodies_are_read_for_those_who_ask_for_them(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client, client.websocket_connect("/api/live") as socket:  # type: ignore[arg-type]
        greet(socket, body=True)
        counts = []
        for number, wish in enumerate([None, False, True]):
            if wish is not None:
                socket.send_json({"type": "show", "body": wish})
            socket.send_bytes(pack_frame(number, number / 10, astronaut.read_bytes()))
            answer = socket.receive_json()
            counts.append(len(answer["reading"]["poses"]))
    assert counts == [1, 0, 1]
    (pose,) = answer["reading"]["poses"]
    (body,) = answer["bodies"]
    assert body["track_id"] == pose["track_id"]
    assert len(body["cues"]) == len(pose["cues"])
    assert pose["track_id"] == answer["reading"]["faces"][0]["track_id"]


def test_distances_are_measured_for_those_who_ask_for_them(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client, client.websocket_connect("/api/live") as socket:  # type: ignore[arg-type]
        greet(socket, distance=True)
        told = []
        for number, wish in enumerate([None, False, True]):
            if wish is not None:
                socket.send_json({"type": "show", "distance": wish})
            socket.send_bytes(pack_frame(number, number / 10, astronaut.read_bytes()))
            answer = socket.receive_json()
            (face,), (said,) = answer["reading"]["faces"], answer["words"]
            told.append((said["distance"], face["distance_cm"] is None, said["distance"] in answer["sentence"]))
    assert told[1] == ("", True, True)
    assert told[0] == told[2] and told[0][0].endswith(" away") and told[0][1:] == (False, True)


def test_the_tone_alone_is_told_to_those_who_ask_for_it(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client, client.websocket_connect("/api/live") as socket:  # type: ignore[arg-type]
        greet(socket, tone=True)
        titles, labels = [], []
        for number, wish in enumerate([None, False, True]):
            if wish is not None:
                socket.send_json({"type": "show", "tone": wish})
            socket.send_bytes(pack_frame(number, number / 10, astronaut.read_bytes()))
            answer = socket.receive_json()
            titles.append(answer["words"][0]["title"])
            labels.append(answer["reading"]["faces"][0]["expression"]["label"])
        socket.send_json({"type": "why", "track_id": 1})
        why = socket.receive_json()["why"]
    assert titles == ["looks positive", "looks happy", "looks positive"]
    assert labels == ["positive", "happy", "positive"]
    assert why["label"] == why["shown"] == "happy"  # the word behind it


def test_of_frames_that_wait_the_newest_is_read() -> None:
    gate = threading.Semaphore(0)
    pipelines: list[FakePipeline] = []

    def make() -> FakePipeline:
        pipelines.append(FakePipeline(gate))
        return pipelines[-1]

    with client_of(LiveOptions(workers=1), make) as client, client.websocket_connect("/api/live") as socket:
        greet(socket)
        for id_ in range(50):
            socket.send_bytes(raw(id_, id_, id_))
            if id_ == 0:  # let it be taken before the others come
                assert pipelines[0].has_begun.wait(30)
        skipped = [socket.receive_json() for _ in range(48)]
        assert {told["type"] for told in skipped} == {"skipped"}
        assert [told["id"] for told in skipped] == list(range(1, 49))
        gate.release(2)
        assert [socket.receive_json()["id"] for _ in range(2)] == [0, 49]
    assert [value for _, value in pipelines[0].shown] == [0, 49]


def test_four_clients_take_turns() -> None:
    """Each has a frame waiting at all times; whoever was read waits until the three others were."""
    gate, order = threading.Semaphore(0), list[int]()

    class Noting(FakePipeline):
        def read(self, frame: Any, *, stream: bool = False, **wishes: bool) -> Reading:
            order.append(int(frame.image[0, 0, 0]))  # before the gate, where it then waits
            return super().read(frame, stream=stream)

    def feed(socket: Any, who: int) -> None:
        for id_ in range(1, 11):  # the next one follows the answer, as the page does
            assert socket.receive_json()["id"] == id_ - 1
            socket.send_bytes(raw(id_, id_, who))

    with client_of(LiveOptions(workers=1), lambda: Noting(gate)) as client, ExitStack() as stack:
        queue = client.app.state.services.engine._threads._work_queue
        sockets = [stack.enter_context(client.websocket_connect("/api/live")) for _ in range(4)]
        for socket in sockets:
            greet(socket)
        for who, socket in enumerate(sockets):
            socket.send_bytes(raw(0, 0, who))
        with ThreadPoolExecutor(4) as threads:
            done = [threads.submit(feed, socket, who) for who, socket in enumerate(sockets)]
            for count in range(40):
                # One is at the gate, and the others must be waiting again before it is let through.
                until(lambda count=count: len(order) == count + 1 and queue.qsize() == 3)
                gate.release()
            gate.release(4)
            for one in done:
                one.result()
    for start in range(0, 37):
        assert len(set(order[start : start + 4])) == 4


def test_a_seat_is_free_again_when_its_client_has_left() -> None:
    made: list[FakePipeline] = []

    def make() -> FakePipeline:
        made.append(FakePipeline())
        return made[-1]

    with client_of(LiveOptions(connections=2), make) as client:
        engine = client.app.state.services.engine
        with client.websocket_connect("/api/live") as one, client.websocket_connect("/api/live") as two:
            greet(one), greet(two)
            with client.websocket_connect("/api/live") as three:
                assert refused(three)[0] == 4429
        until(lambda: engine._taken[True] == 0)
        for _ in range(5):
            with client.websocket_connect("/api/live") as again:
                greet(again)
            until(lambda: engine._taken[True] == 0)
        assert len(made) <= 2 and all(pipeline.resets for pipeline in made)  # nobody meets the people of others


@pytest.mark.parametrize(
    "first",
    ["", "{", "[]", "7", "[" * 4000, '{"type": "reset"}', '{"type": "hello"}', '{"type": "hello", "version": 2}',
     '{"type": "hello", "version": 1, "language": "xx"}', '{"type": "hello", "version": 1, "language": {}}', "\0"],
)  # fmt: skip
def test_a_wrong_beginning_ends_with_4400(socket: Any, first: str) -> None:
    socket.send_text(first)
    assert refused(socket)[0] == 4400


def test_a_frame_before_the_hello_ends_with_4400(socket: Any) -> None:
    socket.send_bytes(raw(0, 0))
    assert refused(socket)[0] == 4400


@pytest.mark.parametrize(
    "message",
    [
        b"", b"short", raw(0, 0)[:-1], raw(0, 0) + b"x", raw(0, float("nan")), raw(0, float("inf")), raw(0, -1.0),
        pack_frame(0, 0, b"GIF89a, which is not among them"), pack_frame(0, 0, b"\xff\xd8\xff\xe0 cut off"),
        pack_frame(0, 0, b"RIFFxxxxAVI a film"), HEADER.pack(0, 0.0, 2, 8, 8) + bytes(256),
        HEADER.pack(0, 0.0, 1, 0, 0) + b"x",
    ],
)  # fmt: skip
def test_a_wrong_frame_ends_with_4400(socket: Any, message: bytes) -> None:
    greet(socket)
    socket.send_bytes(message)
    assert refused(socket)[0] == 4400


def test_times_must_rise_until_a_reset(socket: Any) -> None:
    greet(socket)
    socket.send_bytes(raw(0, 5.0))
    assert socket.receive_json()["id"] == 0
    socket.send_json({"type": "reset"})
    socket.send_bytes(raw(1, 0.0))
    assert socket.receive_json()["reading"]["index"] == 0
    socket.send_bytes(raw(2, 3.0))
    socket.send_bytes(raw(3, 2.0))
    assert refused(socket)[0] == 4400


def test_what_is_too_large_ends_with_4413() -> None:
    with client_of(LiveOptions(frame_bytes=1000, frame_pixels=100)) as client:
        with client.websocket_connect("/api/live") as socket:
            greet(socket)
            socket.send_bytes(pack_frame(0, 0, b"\xff\xd8\xff" + bytes(998)))
            assert refused(socket)[0] == 4413
        with client.websocket_connect("/api/live") as socket:
            greet(socket)
            socket.send_bytes(raw(0, 0, size=(11, 10)))  # 110 pixels
            assert refused(socket)[0] == 4413
        with client.websocket_connect("/api/live") as socket:
            socket.send_text(json.dumps({**HELLO, "language": "e" * 5000}))
            assert refused(socket)[0] == 4413


def test_too_many_messages_end_with_4429() -> None:
    with client_of(LiveOptions(frames_per_s=0.001)) as client, client.websocket_connect("/api/live") as socket:
        greet(socket)
        for _ in range(3):
            socket.send_json({"type": "reset"})
        assert refused(socket)[0] == 4429


@pytest.mark.parametrize(("said", "patience_s", "idle_s", "told"), [
    (False, 0.02, 30, "no hello came"), (True, 30, 0.02, "nothing came for a long time"),
])  # fmt: skip
def test_who_stays_silent_is_left_with_4408(said: bool, patience_s: float, idle_s: float, told: str) -> None:
    with (
        client_of(LiveOptions(patience_s=patience_s, idle_s=idle_s)) as client,
        client.websocket_connect("/api/live") as socket,
    ):
        if said:
            socket.send_json(HELLO)
        assert refused(socket) == (4408, f"{told} (0.02 seconds)")
        until(lambda: client.app.state.services.engine._taken[True] == 0)


def test_a_fault_of_the_pipeline_ends_the_socket_and_not_the_server() -> None:
    class Broken(FakePipeline):
        def read(self, frame: Any, *, stream: bool = False, **wishes: bool) -> Reading:
            raise RuntimeError("as if something was wrong")

    with client_of(make=Broken) as client:
        for _ in range(3):
            with client.websocket_connect("/api/live") as socket:
                greet(socket)
                socket.send_bytes(raw(0, 0))
                code, detail = refused(socket)
                assert code == 1011 and "as if" not in detail
        until(lambda: client.app.state.services.engine._taken[True] == 0)
