"""`serve`: an application on a port of this machine until somebody ends it.

A taken port is passed over for the next free one; the browser is opened when the server answers; nothing is logged but
what goes wrong. Try: `mien live`.
"""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
import ssl
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from mien.errors import SinkError, SourceError, UsageError
from mien.web.app import create_app
from mien.web.guard import EVERYWHERE
from mien.web.options import LiveOptions

PORTS_TRIED = 20
TOKEN_LENGTH = 12  # at least so many characters: what nobody guesses
SENDABLE = r"[\x20-\x7e\xa0-\xff]+"  # what a header of HTTP can hold: Latin-1
PATIENCE_S = 10.0  # a connection that asks nothing for so long is closed
PING_S = 20.0  # a socket whose other end does not answer within twice this is closed
GRACE_S = 2  # whole seconds, for answers on their way when a socket or the server ends
MOST_CONNECTIONS = 256
ROOM = 100_000  # bytes above the largest frame, so that a frame a little too large is told so in words


class Server(uvicorn.Server):
    """Uvicorn's, which says when it answers, and when it begins to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object], ending: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready, self._ending = ready, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell, then wait for the answers on their way."""
        self._ending()
        await super().shutdown(sockets)


class PatientProtocol(H11Protocol):
    """HTTP that does not wait for ever for a client that connects and asks nothing."""

    patience_s = PATIENCE_S

    def connection_made(self, transport: object) -> None:
        """Begin to wait."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.loop.call_later(self.patience_s, self._look)

    def _look(self) -> None:
        has_asked = self.cycle is not None or self.transport.get_protocol() is not self
        if not has_asked and not self.transport.is_closing():
            self.transport.close()


class PatientSocket(WebSocketsSansIOProtocol):
    """A socket that does not wait for ever, when it ends, for a client that takes nothing."""

    async def run_asgi(self) -> None:
        """Run it to its end, then give what is on its way a moment."""
        await super().run_asgi()
        self.loop.call_later(GRACE_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """The other end is gone: nothing that waits will reach it."""
        super().keepalive_timeout()
        self.transport.abort()


def check_options(options: LiveOptions) -> None:
    """Raise UsageError for a server that would be open to others without a token, or with one that is easy to guess."""
    if options.token is not None:
        _check_token(options.token)
    if options.token is None and not is_this_machine(options.host):
        raise UsageError(f"with --host {options.host} every device of the network could use this page and see your "
                         f"diary: add --token and {TOKEN_LENGTH} characters or more; the page asks for it")  # fmt: skip
    if options.demo is not None and not options.demo.is_file():
        raise UsageError(f"there is no clip {options.demo}: check the name after --demo")
    if options.votes is not None and options.faces is None:
        raise UsageError("--votes are those of --faces: give both")
    for name, path in (("--faces", options.faces), ("--votes", options.votes)):
        if path is not None and not path.exists():
            raise UsageError(f"there is no {path}: check the name after {name}")
    if options.data_folder is not None and options.data_folder.exists() and not options.data_folder.is_dir():
        raise UsageError(f"{options.data_folder} is no folder: check the name after --data-folder")


def _check_token(token: str) -> None:
    if len(token) < TOKEN_LENGTH:
        raise UsageError(f"a token has at least {TOKEN_LENGTH} characters, so that nobody guesses it")
    if token != token.strip() or not re.fullmatch(SENDABLE, token):
        raise UsageError("a token is of Latin letters, digits and signs, with no blank at either end: no browser could "
                         "send another")  # fmt: skip


def is_this_machine(host: str) -> bool:
    """Whether nobody else can reach a server on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def serve(
    options: LiveOptions,
    *,
    certificate: tuple[Path, Path] | None = None,
    browse: Callable[[str], object] | None = webbrowser.open,
    say: Callable[[str], object] = print,
) -> None:
    """Serve until Ctrl-C, or until somebody asks the process to end.

    Args:
        options: what is served, and where.
        certificate: files of a certificate and its key (PEM): HTTPS.
        browse: opens the page; None: nobody does.
        say: is told where the page is.

    Raises:
        UsageError: see `check_options`.
        ModelError: the model is missing or broken.
        SinkError: no port is free.
        SourceError: certificate or key cannot be read.
    """
    check_options(options)
    app = create_app(options)
    app.state.services.engine.warm()
    config = config_of(app, options, certificate)
    listening = listen(options.host, options.port)
    port = int(listening.getsockname()[1])
    if port != options.port and options.port:
        say(f"port {options.port} is taken: this is port {port}")
    address = address_of(options.host, port, is_secure=certificate is not None)

    def ready() -> None:
        if not is_this_machine(options.host):
            _tell_others(say, is_secure=certificate is not None)
        say(f"Mien is at {address} - Ctrl-C ends it.")
        if browse is not None:
            # A browser may take its time, or be none.
            threading.Thread(target=browse, args=(address,), daemon=True).start()

    with listening, suppress(KeyboardInterrupt):  # uvicorn raises what it was ended with, when all is closed
        Server(config, ready, app.state.services.engine.end).run(sockets=[listening])
    say("Mien has ended.")


def _tell_others(say: Callable[[str], object], *, is_secure: bool) -> None:
    """What it means to listen beyond this machine."""
    say("Other devices of this network can open the page now, with the token; pictures they send are read here.")
    if not is_secure:
        say("Without HTTPS, others in the network can read along, and phones refuse their camera: add --self-signed.")


def config_of(app: FastAPI, options: LiveOptions, certificate: tuple[Path, Path] | None = None) -> uvicorn.Config:
    """How uvicorn runs the application. Raises SourceError when certificate or key cannot be read."""
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws=PatientSocket,
        ws_max_size=options.frame_bytes + ROOM,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # pictures are compressed already, and the way is short
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        log_level="error",
        access_log=False,
        server_header=False,
        ssl_certfile=certificate and certificate[0],
        ssl_keyfile=certificate and str(certificate[1]),
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise SourceError(f"certificate or key cannot be read ({error.strerror or error}): both are PEM files, and the "
                          "key has no password")  from error  # fmt: skip
    return config


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on the next one that is free. Raises SinkError when none is."""
    name, is_dual = host.strip("[]"), _is_dual(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for tried in range(port, min(port + PORTS_TRIED, 65536)):
        try:
            return socket.create_server((name, tried), family=family, dualstack_ipv6=is_dual)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise SinkError(f"cannot listen on {host}: {error.strerror or error}; it must be an address of this "
                                "machine")  from error  # fmt: skip
    raise SinkError(f"no port from {port} to {port + PORTS_TRIED - 1} is free: name another with --port")


def address_of(host: str, port: int, *, is_secure: bool) -> str:
    """Where a browser of this machine finds the page."""
    name = host.strip("[]")
    if name in EVERYWHERE:
        name = "::1" if ":" in name and not _is_dual(host) else "127.0.0.1"
    name = f"[{name}]" if ":" in name else name
    return f"http{'s' if is_secure else ''}://{name}:{port}"


def _is_dual(host: str) -> bool:
    """Whether IPv4 reaches a server on `host` too, though it listens on IPv6: on all of it, where the system allows."""
    return host.strip("[]") == "::" and socket.has_dualstack_ipv6()
