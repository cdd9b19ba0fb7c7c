"""A client of an application that reads with a fake pipeline; Host and Origin are those of a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from readings import expression, face, reading

from mien.types import Frame, Reading
from mien.web.app import create_app
from mien.web.options import LiveOptions

HERE = "http://127.0.0.1:8765"


class FakePipeline:
    """Finds one happy face in whatever it is shown; `gate`, when given, is waited for before each reading."""

    models = {"expression": "fake"}  # noqa: RUF012

    def __init__(self, gate: threading.Semaphore | None = None) -> None:
        self.gate = gate
        self.has_begun = threading.Event()  # the first reading has
        self.shown: list[tuple[float, int]] = []  # time and first value of each frame
        self.resets = 0

    def read(self, frame: Frame, *, stream: bool = False, **wishes: bool) -> Reading:
        self.has_begun.set()
        if self.gate is not None:
            assert self.gate.acquire(timeout=30)
        self.shown.append((frame.time_s, int(frame.image[0, 0, 0])))
        found = face(x=frame.width / 4, y=frame.height / 4, side=frame.width / 4, read=expression())
        return reading(found, index=frame.index, time_s=frame.time_s, width=frame.width, height=frame.height)

    def reset(self) -> None:
        self.resets += 1


class LocalClient(TestClient):
    """A client whose sockets too are asked for under this machine's address."""

    def websocket_connect(self, url: str, *, headers: dict[str, str] | None = None, **settings: Any) -> Any:
        own = {"Host": HERE.removeprefix("http://"), **(headers or {})}
        return super().websocket_connect(url, headers=own, **settings)


def client_of(options: LiveOptions | None = None, make: Callable[[], FakePipeline] = FakePipeline) -> LocalClient:
    """Not entered yet: `with client_of() as client`."""
    return LocalClient(create_app(options or LiveOptions(), make=make), base_url=HERE, raise_server_exceptions=False)
