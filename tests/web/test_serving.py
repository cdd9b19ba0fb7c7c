"""A real server on a real port: its client, its ends, taken ports, certificates, clients that hang."""

from __future__ import annotations

import datetime
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from cryptography import x509
from PIL import Image
from web_client import FakePipeline, LiveOptions, client_of, create_app
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from mien import images
from mien.cli import main
from mien.errors import MienError, SinkError, UsageError
from mien.web import certificate, serving
from mien.web.client import LiveClient
from mien.web.guard import is_host_of
from mien.web.serving import PatientProtocol, Server, address_of, check_options, config_of, is_this_machine, listen

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "twelve letters or more"
SHUT_BOTH = socket.SHUT_RDWR  # where `socket` is one of websockets'


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


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(LiveOptions(data_folder=tmp_path_factory.mktemp("data"), frame_bytes=200_000)) as found:
        yield found


def test_the_client_sends_frames_and_gets_readings(address: str, astronaut: Path) -> None:
    with LiveClient(address, points=True, language="de") as live:
        first = live.read(images.decode_image(astronaut), time_s=1.0)
        assert (first.width, first.height, first.time_s) == (512, 512, 1.0)
        assert first.faces[0].keypoints.shape == (6, 2)
        assert live.answer["words"] and live.welcome["models"] == {"expression": "fake"}
        assert live.read(astronaut.read_bytes()[:0] or astronaut.read_bytes(), time_s=2.0).index == 1
        live.reset()
        readings = list(live.watch([np.zeros((8, 8, 3), np.uint8)] * 3))
        assert [reading.index for reading in readings] == [0, 1, 2]
        assert live.why(99) is None
        live.show(body=True, distance=True)
        live.read(np.zeros((8, 8, 3), np.uint8))
        for wrong in (np.zeros((8, 8, 3)), np.zeros((8, 8), np.uint8), "photo.jpg"):
            with pytest.raises(UsageError, match="uint8 RGB"):
                live.read(wrong)  # type: ignore[arg-type]


def test_the_client_says_in_one_line_what_went_wrong(address: str) -> None:
    for wrong in ("127.0.0.1:8765", "http://127.0.0.1:port", "http://[::1", "http://127.0.0.1:99999", "http://:8765"):
        with pytest.raises(UsageError, match="no address"):
            LiveClient(wrong)
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with pytest.raises(MienError, match="nobody answers"):
        LiveClient(f"http://127.0.0.1:{port}")
    with pytest.raises(UsageError, match="no certificate"):
        LiveClient("https://127.0.0.1:1", certificate=Path(__file__))
    with pytest.raises(MienError, match="no words in the language"):
        LiveClient(address, language="xx")
    with LiveClient(address) as live, pytest.raises(MienError, match="frame 1"):
        live.read(b"\xff\xd8\xff no picture")
    with LiveClient(address) as live, pytest.raises(MienError, match="at most"):
        live.read(b"\xff\xd8\xff" + bytes(200_000))


@contextmanager
def welcoming(then: Callable[[ServerConnection], object]) -> Iterator[str]:
    """The address of a server that welcomes a client, and then does this."""

    def handle(socket: ServerConnection) -> None:
        socket.recv()
        socket.send(json.dumps({"type": "welcome", "limits": {"frames_per_s": 1000}}))
        then(socket)

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join(60)


def test_a_server_that_falls_silent_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with welcoming(list) as address, LiveClient(address) as live:  # `list` takes everything, and answers nothing
        monkeypatch.setattr("mien.web.client.PATIENCE_S", 0.05)
        for ask in (lambda: live.read(b"\xff\xd8\xff a picture"), lambda: live.why(1)):
            with pytest.raises(MienError) as told:
                ask()
            assert str(told.value) == "the server gave no answer for 0.05 seconds"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda socket: socket.close(1001, "it is switched off"), "it is switched off"),
        (lambda socket: socket.close(), "1000"),
        (lambda socket: socket.socket.shutdown(SHUT_BOTH), "no close frame"),
    ],
)
def test_a_server_that_goes_away_is_one_line(end: Callable[[ServerConnection], object], words: str) -> None:
    with welcoming(end) as address, LiveClient(address) as live:
        for _ in range(2):
            with pytest.raises(MienError, match="the server has closed the connection: ") as told:
                live.why(1)
            assert words in str(told.value) and "\n" not in str(told.value)


def test_a_frame_far_too_large_is_cut_off_by_the_transport(address: str) -> None:
    with connect(address.replace("http", "ws") + "/api/live") as live:
        live.send('{"type": "hello", "version": 1}')
        live.recv()
        with pytest.raises(ConnectionClosedError) as closed:
            # Only the beginning of a binary message of 2 MB (RFC 6455, 5.2): with its body under way, the system might
            # reset the connection before the reason is read.
            live.socket.sendall(b"\x82\xff" + (2_000_000).to_bytes(8, "big") + bytes(4))
            live.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_a_page_from_elsewhere_gets_no_socket(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(address.replace("http", "ws") + "/api/live", origin="https://evil.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


def test_answers_tell_nothing_of_the_server_and_carry_the_policy(address: str) -> None:
    answer = httpx.get(f"{address}/api/health")
    assert answer.json()["protocol"] == 1 and "server" not in answer.headers
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_clients_that_hang_are_left() -> None:
    class Hasty(PatientProtocol):
        patience_s = 0.5  # an honest client asks well within it, also where all cores are busy

    with running(LiveOptions(patience_s=0.05, idle_s=0.05), http=Hasty) as address:
        port = int(address.rsplit(":", 1)[1])
        beginning = f"POST /api/read HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 100\r\n"
        kind = "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x"
        for sent, told in (("", b""), ("GET / HT", b""), (beginning + kind, b"HTTP/1.1 408")):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as half_open:
                half_open.sendall(sent.encode())
                assert half_open.recv(12) == told  # without an answer, the end
        with connect(f"ws://127.0.0.1:{port}/api/live") as silent:
            assert "no hello" in json.loads(silent.recv(timeout=30))["detail"]
            with pytest.raises(ConnectionClosedError) as closed:
                silent.recv(timeout=30)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4408
        assert httpx.get(f"{address}/api/health").status_code == 200


def test_a_client_that_takes_no_answers_is_left() -> None:
    # Nobody pings, so nothing but the server's patience with its answers can end this.
    with running(LiveOptions(patience_s=0.2, frames_per_s=100_000), pings=False) as address:
        where = address.replace("http", "ws") + "/api/live"
        with connect(where, max_queue=1, compression=None, ping_interval=None) as deaf:
            deaf.send('{"type": "hello", "version": 1}')
            assert json.loads(deaf.recv(timeout=30))["type"] == "welcome"
            ask = '{"type": "why", "track_id": ' + "9" * 1000 + "}"
            with pytest.raises((ConnectionClosedError, OSError)):
                while True:
                    deaf.send(ask)
        assert httpx.get(f"{address}/api/health").status_code == 200


def test_a_taken_port_is_passed_over() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            assert port < second.getsockname()[1] < port + 20
    with pytest.raises(SinkError, match="address of this machine"):
        listen("203.0.113.7", 0)  # of nobody (RFC 5737)


@pytest.mark.parametrize("host", ["::", "[::]"])
def test_the_address_of_a_server_on_all_of_ipv6_is_answered(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    addresses = []
    for is_dual in {socket.has_dualstack_ipv6(), False}:
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda is_dual=is_dual: is_dual)
        with listen(host, 0) as listening:
            address = urlsplit(address_of(host, listening.getsockname()[1], is_secure=False))
            addresses.append(address.hostname)
            with socket.create_connection((address.hostname, address.port), timeout=30):
                assert is_host_of(address.hostname or "", host)
    assert "::1" in addresses


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


def animation() -> bytes:
    """Three frames."""
    file = io.BytesIO()
    first, *rest = [Image.fromarray(np.full((48, 64), level, np.uint8)) for level in (0, 90, 180)]
    first.save(file, "GIF", save_all=True, append_images=rest, duration=100)
    return file.getvalue()


def test_nothing_new_is_begun_while_the_server_ends() -> None:
    with client_of() as client:
        client.app.state.services.engine.end()
        answer = client.post("/api/read", files={"file": animation()})
    assert answer.status_code == 503 and answer.json() == {"detail": "the server ends: ask again when it is back"}


@pytest.mark.parametrize("is_late", [False, True])
def test_a_server_that_ends_says_so_to_whose_file_it_reads(
    is_late: bool, astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pipeline = FakePipeline(gate=threading.Semaphore(0))
    with ThreadPoolExecutor() as thread:
        with running(LiveOptions(data_folder=tmp_path), make=lambda: pipeline) as address:
            asked = thread.submit(httpx.post, f"{address}/api/read", files={"file": animation()}, timeout=60)
            assert pipeline.has_begun.wait(60)
            if not is_late:
                pipeline.gate.release()  # the first of its frames, and it waits with the second
        pipeline.gate.release(9)
        answer = asked.result()
    assert answer.status_code == (503 if is_late else 200)
    assert is_late or len(answer.text.splitlines()) == 1
    assert "Traceback" not in capfd.readouterr().err


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
