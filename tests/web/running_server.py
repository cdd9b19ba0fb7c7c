"""A real server on a real port, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from web_client import FakePipeline, LiveOptions, create_app

from mien.web.serving import PatientProtocol, Server, address_of, config_of, listen


@contextmanager
def running(
    options: LiveOptions,
    *,
    make: Callable[[], FakePipeline] = FakePipeline,
    http: type[PatientProtocol] | None = None,
    pings: bool = True,
    **parts: object,
) -> Iterator[str]:
    """The address of a server in a thread of its own."""
    app = create_app(options, make=make)
    config = config_of(app, options, **parts)  # type: ignore[arg-type]
    config.http_protocol_class = http or config.http_protocol_class
    config.ws_ping_interval = config.ws_ping_interval if pings else None
    ready = threading.Event()
    with listen("127.0.0.1", 0) as listening:
        server = Server(config, ready.set, app.state.services.engine.end)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert ready.wait(60)
        try:
            yield address_of("127.0.0.1", listening.getsockname()[1], is_secure="certificate" in parts)
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
