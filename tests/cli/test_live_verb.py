"""`mien live`: what it needs, and what it says before it serves other devices."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mien.cli.live import NEEDED
from mien.web import serving
from mien.web.certificate import own_certificate
from mien.web.options import LiveOptions

TOKEN = "twelve letters or more"


@dataclass
class Served:
    """What `serve` was asked for."""

    options: list[LiveOptions] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self, options: LiveOptions, **settings: Any) -> None:
        self.options.append(options)
        self.settings = settings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Stands in for the server."""
    served = Served()
    monkeypatch.setattr(serving, "serve", served)
    return served


def test_on_a_core_install_it_names_the_extra(mien, without: Callable[..., None]) -> None:
    for package in NEEDED:
        without(package, "mien.web", "mien.cli.live")
    mien("live", "--no-browser").fails(1, *NEEDED, "'.[live]'")


@pytest.mark.parametrize("is_self_signed", [True, False])
def test_for_other_devices_a_certificate_is_made(mien, served: Served, tmp_path: Path, is_self_signed: bool) -> None:
    options = ["--host", "0.0.0.0", "--token", TOKEN, "--no-browser", "--data-folder", tmp_path]
    ended = mien("live", *options, *(["--self-signed"] if is_self_signed else []))
    assert (ended.code, ended.err) == (0, "")
    (asked,) = served.options
    assert (asked.host, asked.token, served.settings["browse"]) == ("0.0.0.0", TOKEN, None)
    if is_self_signed:
        own = own_certificate("0.0.0.0", tmp_path)  # the one that is kept
        assert served.settings["certificate"] == (own.cert, own.key)
        assert own.cert.is_file() and own.fingerprint in ended.out
    else:
        assert served.settings["certificate"] is None and list(tmp_path.iterdir()) == []


def test_on_this_machine_there_is_nothing_to_warn_of(mien, served: Served, tmp_path: Path) -> None:
    ended = mien("live", "--data-folder", tmp_path)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert served.settings["certificate"] is None and served.settings["browse"] is webbrowser.open
