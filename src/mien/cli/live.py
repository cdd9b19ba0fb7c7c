"""`mien live`: what it was asked for is checked, said, and served."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mien.errors import MissingExtraError, UsageError
from mien.web.options import LiveOptions

NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart", "platformdirs", "cryptography", "fastapi_offline")


@dataclass(frozen=True)
class Certified:
    """HTTPS, as it was asked for."""

    cert: Path | None
    key: Path | None
    is_self_signed: bool

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise UsageError("--cert and --key belong together: give both")
        if self.cert is not None and self.is_self_signed:
            raise UsageError("--self-signed makes a certificate: leave out --cert and --key")


def run(options: LiveOptions, certified: Certified, *, is_browser_opened: bool) -> None:
    """Serve until somebody ends it.

    Raises:
        MissingExtraError: the extra `live` is not installed.
        MienError: see `serving.serve`.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise MissingExtraError(f"the live page ({', '.join(missing)})", "live")
    import webbrowser

    from mien.web.serving import check_options, serve

    check_options(options)
    certificate = _certificate(options, certified)
    serve(options, certificate=certificate, browse=webbrowser.open if is_browser_opened else None, say=_say)


def _certificate(options: LiveOptions, certified: Certified) -> tuple[Path, Path] | None:
    if certified.is_self_signed:
        from mien.web.certificate import own_certificate

        own = own_certificate(options.host, options.data_folder)
        _say("A browser will warn once that nobody else vouches for this certificate. Its SHA-256 fingerprint is")
        _say(f"    {own.fingerprint}")
        return own.cert, own.key
    return None if certified.cert is None or certified.key is None else (certified.cert, certified.key)


def _say(text: str) -> None:
    print(text, flush=True)
