"""Who may ask: every request and every socket passes here first.

A page from elsewhere must not reach this server through the user's browser, neither by an Origin of its own nor by a
name that it points to this machine (DNS rebinding): so Host and Origin are checked. Where a token is set, it is asked
for on all but the page's own files. Bodies are limited in size, and a sender that falls silent is not waited for. What
every answer carries is added on the way back. Plain ASGI: nothing is buffered.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import platform
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.web.engine import EndingError
from mien.web.options import LiveOptions

# Nothing is loaded from elsewhere, and nothing inline runs: the browser itself proves it.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), display-capture=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
HERE = ("127.0.0.1", "localhost", "::1")  # names of this machine that nobody else can give to another
EVERYWHERE = ("0.0.0.0", "::", "")
# What the page needs before it can ask for the token, and what tells nothing of anybody.
OPEN = ("/", "/static", "/api/words", "/api/health", "/api/docs", "/api/openapi.json")
UPLOADS = ("/api/read", "/api/why", "/api/annotate")
SMALL_BODY = 1_000_000  # bytes that any other request may have


class Guard:
    """The application `app`, for those who may."""

    def __init__(self, app: ASGIApp, options: LiveOptions) -> None:
        self._app, self._options = app, options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal:
                await receive()
                return await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
            return await self._app(scope, receive, send)
        send = _with_headers(send)
        if refusal:
            status, detail = refusal
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            return await JSONResponse({"detail": detail}, status, headers)(scope, receive, send)
        patience_s = self._options.patience_s
        if not _is_below(scope["path"], UPLOADS):
            return await self._app(scope, _Body(receive, SMALL_BODY, patience_s), send)
        body = _Body(receive, self._options.upload_bytes, patience_s)
        with suppress(TimeoutError, ClientDisconnect):  # a client that takes no answer must not keep a seat
            await _to_its_end(self._app, scope, body, _in_time(send, patience_s))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and line for one who may not; None for all others."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        name = _name_of(f"//{hosts[0]}") if len(hosts) == 1 else None
        if name is None or not is_host_of(name, self._options.host):
            return 403, "this address is not one of this server's: open it as http://127.0.0.1 with its port"
        if not _is_own_origin(headers.getlist("origin"), hosts[0]):
            return 403, "a page from elsewhere may not ask this server: open Mien's own page"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and scope["path"].startswith("/api"):
            return 403, "a page from elsewhere may not ask this server: open Mien's own page"
        if scope["type"] == "http" and not self._is_known(headers.get("authorization", ""), scope["path"]):
            return 401, "this server asks for its token: send 'Authorization: Bearer ...'"
        return None

    def _is_known(self, header: str, path: str) -> bool:
        """The socket brings its token in its first message instead, for browsers can send it no header."""
        return self._options.token is None or _is_below(path, OPEN) or is_token(header, self._options.token)


async def _to_its_end(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run it; where the server ends while a file is still read, say so in place of a fault."""
    has_begun = False

    async def noting(message: Message) -> None:
        nonlocal has_begun
        has_begun = True
        await send(message)

    try:
        await app(scope, receive, noting)
    except asyncio.CancelledError:  # uvicorn, when its patience with what runs is over
        if has_begun:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await JSONResponse({"detail": str(EndingError())}, 503)(scope, receive, send)


def is_token(header: str, token: str) -> bool:
    """Whether an Authorization header holds the token; how long that takes tells nothing about it."""
    kind, _, given = header.partition(" ")
    return hmac.compare_digest(given.strip().encode(errors="replace"), token.encode()) and kind.lower() == "bearer"


def is_host_of(name: str, listening: str) -> bool:
    """Whether a server that listens on `listening` goes by this name.

    One that listens everywhere goes by any address (no rebinding without a name) and by the machine's own name.
    """
    listening = listening.strip("[]").lower()
    own = {*HERE, listening}
    if listening in EVERYWHERE:
        machine = platform.node().lower()
        own |= {machine, f"{machine.removesuffix('.local')}.local"} - {""}
    return name in own or (listening in EVERYWHERE and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(address: str) -> str | None:
    """The host of '//host:port', in small letters; None when it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.hostname if is_plain else None


def _is_own_origin(origins: list[str], host: str) -> bool:
    """Programs send no Origin; the page sends the address that it was loaded from."""
    if not origins:
        return True
    scheme, _, authority = origins[0].partition("://")
    return len(origins) == 1 and scheme in ("http", "https") and authority.lower() == host.lower()


def _is_below(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or (root != "/" and path.startswith(f"{root}/")) for root in roots)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _in_time(send: Send, patience_s: float) -> Send:
    async def sending(message: Message) -> None:
        async with asyncio.timeout(patience_s):
            await send(message)

    return sending


class _Body:
    """A request's body: at most so many bytes, and none of them late."""

    def __init__(self, receive: Receive, most: int, patience_s: float) -> None:
        self._receive, self._most, self._patience_s = receive, most, patience_s
        self._size, self._is_whole = 0, False

    async def __call__(self) -> Message:
        """The next part. Raises HTTPException for one too many or too late."""
        if self._is_whole:
            return await self._receive()  # waits until the client leaves
        try:
            async with asyncio.timeout(self._patience_s):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, f"nothing came for {self._patience_s:g} seconds: send it again") from error
        self._size += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._size > self._most:
            raise HTTPException(413, f"more than {self._most:,} bytes: send something smaller", {"Connection": "close"})
        return message
