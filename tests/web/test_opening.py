"""Who may open the page, and what is checked before: hosts, tokens, certificates, the command `mien live`."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from cryptography import x509
from running_server import running
from web_client import LiveOptions

from mien.cli import main
from mien.errors import MienError, UsageError
from mien.web import certificate, serving
from mien.web.client import LiveClient
from mien.web.serving import check_options, is_this_machine, listen

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "twelve letters or more"


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_once_others_can_open_the_page_that_is_told(host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Answering:
        def __init__(self, config: object, ready: Callable[[], object], ending: Callable[[], object]) -> None:
            self.ready = ready

        def run(self, sockets: list[socket.socket]) -> None:
            assert not said
            self.ready()

    said: list[str] = []
    monkeypatch.setattr(serving, "Server", Answering)
    serving.serve(LiveOptions(host=host, token=TOKEN, port=0, data_folder=tmp_path), browse=None, say=said.append)
    assert any("Other devices of this network" in line for line in said) == (host == "0.0.0.0")
    assert any("Without HTTPS" in line for line in said) == (host == "0.0.0.0")


def test_what_is_named_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    here, there = tmp_path / "file", tmp_path / "none"
    for options, told in [
        (LiveOptions(faces=there), "after --faces"),
        (LiveOptions(faces=here, votes=there), "after --votes"),
        (LiveOptions(votes=here), "give both"),
        (LiveOptions(demo=there), "after --demo"),
        (LiveOptions(data_folder=here), "is no folder"),
    ]:
        with pytest.raises(UsageError, match=told):
            check_options(options)
    check_options(LiveOptions(faces=here, votes=here, demo=here, data_folder=tmp_path))


@pytest.mark.parametrize(("host", "is_here"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("[::1]", True),
                                              ("127.0.0.2", True), ("0.0.0.0", False), ("::", False),
                                              ("192.168.1.5", False), ("box.lan", False)])  # fmt: skip
def test_beyond_this_machine_a_token_is_demanded(host: str, is_here: bool) -> None:
    assert is_this_machine(host) == is_here
    options = LiveOptions(host=host)
    if not is_here:
        with pytest.raises(UsageError, match="--token"):
            check_options(options)
    else:
        check_options(options)
    check_options(replace(options, token=TOKEN))
    with pytest.raises(UsageError, match="12 characters"):
        check_options(replace(options, token="short"))


@pytest.mark.parametrize("token", ["passwort-müller", "twelve letters or more!"])
def test_a_token_that_a_header_can_hold_is_taken(token: str) -> None:
    check_options(LiveOptions(token=token))
    with running(LiveOptions(token=token)) as address:
        sent = {b"Authorization": b"Bearer " + token.encode("latin-1")}
        assert httpx.get(f"{address}/api/models", headers=sent).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize("token", [" twelve letters ", "żółta-łódka-ź", "twelve\nletters", "twelve letters\xa0"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="of Latin letters"):
        check_options(LiveOptions(token=token))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--host", "0.0.0.0"], 2, "--token"),
        (["--token", "short"], 2, "12 characters"),
        (["--cert", "x"], 2, "--key"),
        (["--cert", "x", "--key", "y", "--self-signed"], 2, "leave out"),
        (["--demo", "nothing.mp4"], 2, "nothing.mp4"),
        (["--cert", "x", "--key", "y"], 1, "certificate or key"),
        (["--model", "."], 1, "no model folder"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    arguments: list[str], code: int, told: str, capfd: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["live", "--no-browser", *arguments]) == code
    errors = capfd.readouterr().err
    assert told in errors and len(errors.splitlines()) == 1


@pytest.fixture
def mien_live(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[str]]]]:
    """Starts `mien live`; what it says comes up to where its address stands."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], list[str]]:
        command = [sys.executable, "-m", "mien", "live", "--no-browser", "--data-folder", str(tmp_path), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment))
        said = list[str]()
        while not (said and " is at " in said[-1]):
            line = started[-1].stdout.readline()  # type: ignore[union-attr]
            assert line, started[-1].stderr.read()  # type: ignore[union-attr]
            said.append(line.strip())
        return started[-1], said

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_mien_live_says_where_it_is_and_ends_cleanly(
    mien_live: Callable[..., tuple[subprocess.Popen[str], list[str]]], end: signal.Signals
) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        process, said = mien_live("--port", str(port))
    address = said[-1].split()[3]
    assert f"port {port} is taken" in said[0] and address != f"http://127.0.0.1:{port}"
    with LiveClient(address) as live:
        assert live.read((ROOT / "examples" / "astronaut.jpg").read_bytes()).faces
        process.send_signal(end)  # while somebody is connected
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output.strip(), errors) == (0, "Mien has ended.", "")


def test_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    own = certificate.own_certificate("127.0.0.1", tmp_path)
    assert own.key.stat().st_mode & 0o077 == 0 and own.cert.parent.stat().st_mode & 0o077 == 0
    with running(LiveOptions(token=TOKEN), certificate=(own.cert, own.key)) as address:
        trusted = ssl.create_default_context(cafile=own.cert)
        assert httpx.get(f"{address}/api/health", verify=trusted).status_code == 200
        with LiveClient(address, token=TOKEN, certificate=own.cert) as live:
            assert live.read(np.zeros((8, 8, 3), np.uint8)).faces
        with pytest.raises(MienError, match="token"):
            LiveClient(address, certificate=own.cert)
        with pytest.raises(MienError, match="certificate is not trusted"):
            LiveClient(address, token=TOKEN)  # nobody else vouches for it


def test_a_certificate_is_kept_until_it_ends_or_does_not_fit(tmp_path: Path) -> None:
    first = certificate.own_certificate("127.0.0.1", tmp_path)
    print_of_first = first.fingerprint
    assert certificate.own_certificate("0.0.0.0", tmp_path).fingerprint == print_of_first
    other = certificate.own_certificate("192.168.1.5", tmp_path)
    assert other.fingerprint != print_of_first
    names = x509.load_pem_x509_certificate(other.cert.read_bytes()).extensions
    covered = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"127.0.0.1", "192.168.1.5"} <= {str(one) for one in covered.get_values_for_type(x509.IPAddress)}
    kept = other.fingerprint
    for days, is_kept in ((300, True), (395, False)):
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        assert (certificate.own_certificate("192.168.1.5", tmp_path, now=later).fingerprint == kept) == is_kept
    other.cert.write_text("no certificate")
    assert certificate.own_certificate("192.168.1.5", tmp_path).fingerprint != kept
