"""What tests say to the socket, and how they hear what it answers."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from mien.web.frames import pack_frame

HELLO = {"type": "hello", "version": 1}


def raw(id_: int, time_s: float, value: int = 0, size: tuple[int, int] = (8, 6)) -> bytes:
    """A raw frame whose first value is `value`."""
    return pack_frame(id_, time_s, bytes([value]) * (4 * size[0] * size[1]), size=size)


def greet(socket: Any, **more: Any) -> dict[str, Any]:
    socket.send_json({**HELLO, **more})
    return socket.receive_json()


def refused(socket: Any) -> tuple[int, str]:
    """The code and the line with which a socket ends; what was answered before is passed over."""
    while (told := socket.receive_json())["type"] != "error":
        pass
    assert set(told) == {"type", "detail"} and told["detail"] and "\n" not in told["detail"]
    with pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    return closed.value.code, told["detail"]


def until(condition: Any) -> None:
    """Wait for another thread; a hang fails."""
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        threading.Event().wait(0.001)
