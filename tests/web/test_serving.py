"""A real server on a real port: its client, its ends, taken ports, clients that hang."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from running_server import running
from web_client import FakePipeline, LiveOptions, client_of
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from mien import images
from mien.errors import MienError, SinkError, UsageError
from mien.web.client import LiveClient
from mien.web.guard import is_host_of
from mien.web.serving import PatientProtocol, address_of, listen

SHUT_BOTH = socket.SHUT_RDWR  # where `socket` is one of websockets'


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
