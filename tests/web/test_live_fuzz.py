"""Whatever is sent to the socket ends in an answer or in one line, and no faster than the rate."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from live_talk import greet, refused
from starlette.websockets import WebSocketDisconnect
from web_client import client_of

from mien.errors import SourceError
from mien.web.frames import BEGINNINGS, HEADER, pack_frame, parse_frame
from mien.web.live import Budget

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
some_messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["why", "language", "reset", "hello", "x"]) | json_values},
    optional={"track_id": json_values, "label": json_values, "language": json_values},
)
sent = st.binary(max_size=60) | st.text(max_size=30) | some_messages.map(json.dumps)
FUZZED = client_of()


@settings(max_examples=100)
@given(st.lists(sent, max_size=4))
def test_any_messages_end_in_answers_or_one_line(messages: list[str | bytes]) -> None:
    with FUZZED.websocket_connect("/api/live") as socket:
        greet(socket)
        try:
            for message in messages:
                socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
            socket.send_text("no JSON")  # ends it in any case
            code, _ = refused(socket)
        except WebSocketDisconnect as closed:
            code = closed.code
        assert code in (4400, 4413)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1e9), st.integers(1, 9), st.integers(1, 9), st.data())
def test_frames_come_out_as_they_went_in(id_: int, time_s: float, width: int, height: int, data: Any) -> None:
    pixels = data.draw(st.binary(min_size=4 * width * height, max_size=4 * width * height))
    frame = parse_frame(pack_frame(id_, time_s, pixels, size=(width, height)))
    assert (frame.id, frame.time_s) == (id_, time_s)
    expected = np.frombuffer(pixels, np.uint8).reshape(height, width, 4)[..., :3]
    assert np.array_equal(frame.pixels(1000), expected)


headers = st.builds(
    HEADER.pack, st.integers(0, 2**32 - 1), st.floats(0, 1e9) | st.floats(), st.integers(0, 2), st.integers(0, 4),
    st.integers(0, 4),
)  # fmt: skip
bodies = st.builds(lambda first, rest: first + rest, st.sampled_from([b"", *BEGINNINGS]), st.binary(max_size=64))
made_frames = st.builds(lambda header, body: header + body, headers, bodies)


@settings(max_examples=200)
@given(made_frames | st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_one_line(message: bytes) -> None:
    try:
        frame = parse_frame(message)
        frame.pixels(10_000)
    except SourceError as error:
        assert "\n" not in str(error)


@given(st.floats(0.5, 100), st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_no_more_is_let_through_than_the_rate(per_s: float, gaps: list[float]) -> None:
    budget, now_s, passed = Budget(per_s, 0.0), 0.0, 0
    for gap in gaps:
        now_s += gap
        passed += budget.spend(now_s)
        assert passed <= max(2.0, 2 * per_s) + now_s * per_s + 1e-6


@given(st.floats(0.5, 100))
def test_who_keeps_the_rate_is_never_cut_off(per_s: float) -> None:
    budget = Budget(per_s, 0.0)
    assert all(budget.spend(number * 1.001 / per_s) for number in range(300))
