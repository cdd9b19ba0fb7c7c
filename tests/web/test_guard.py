"""Who may ask: Host and Origin, the token, sizes, and what every answer carries."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect
from web_client import HERE, client_of

from mien.web.guard import HEADERS, SMALL_BODY, is_host_of, is_token
from mien.web.options import LiveOptions

TOKEN = "a long token of the user's"


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:9", "LOCALHOST", "[::1]:8765", "127.0.0.1"])
def test_names_of_this_machine_are_served(client: TestClient, host: str) -> None:
    assert client.get("/api/words/en", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "127.0.0.1:x", "192.168.1.5:8765"]
)
def test_any_other_name_is_refused_in_one_line(client: TestClient, host: str) -> None:
    answer = client.get("/api/words/en", headers={"Host": host})
    assert answer.status_code == 403 and "\n" not in answer.json()["detail"]
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/live", headers={"Host": host}):
        pass


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:8765"])
def test_a_page_from_elsewhere_is_refused_on_http_and_on_the_socket(client: TestClient, origin: str) -> None:
    answer = client.get("/api/words/en", headers={"Origin": origin})
    assert answer.status_code == 403 and "elsewhere" in answer.json()["detail"]
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/live", headers={"Origin": origin}):
        pass


def test_its_own_page_is_served(client: TestClient) -> None:
    assert client.get("/api/words/en", headers={"Origin": HERE}).status_code == 200
    with client.websocket_connect("/api/live", headers={"Origin": HERE}) as socket:
        socket.send_json({"type": "hello", "version": 1})
        assert socket.receive_json()["type"] == "welcome"


def test_a_picture_tag_of_another_site_gets_nothing(client: TestClient) -> None:
    assert client.get("/api/words/en", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200  # a link


@pytest.mark.parametrize("path", ["/", "/static/js/app.js", "/api/words/en", "/api/nothing"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in headers["Content-Security-Policy"] and "http" not in headers["Content-Security-Policy"]


def test_the_token_is_asked_for_on_all_but_the_page_itself() -> None:
    with client_of(LiveOptions(token=TOKEN)) as client:
        for path in ("/", "/static/js/app.js", "/api/words/en"):
            assert client.get(path).status_code == 200
        for path in ("/api/nothing", "/api/models", "/api/diary/sessions", "/api/wordsome"):
            answer = client.get(path)
            assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
            assert client.get(path, headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 401
            assert client.get(f"{path}?token={TOKEN}").status_code == 401  # never in a URL
            assert client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code != 401


@pytest.mark.parametrize("given_token", [None, "", "wrong", 7, ["x"], "\ud800"])
def test_the_socket_wants_the_token_in_its_first_message(given_token: object) -> None:
    with client_of(LiveOptions(token=TOKEN)) as client, client.websocket_connect("/api/live") as socket:
        socket.send_json({"type": "hello", "version": 1, "token": given_token})
        assert socket.receive_json()["type"] == "error"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 4401


def test_the_socket_takes_the_token_from_message_or_header() -> None:
    with client_of(LiveOptions(token=TOKEN)) as client:
        with client.websocket_connect("/api/live") as socket:
            socket.send_json({"type": "hello", "version": 1, "token": TOKEN})
            assert socket.receive_json()["type"] == "welcome"
        with client.websocket_connect("/api/live", headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
            socket.send_json({"type": "hello", "version": 1})
            assert socket.receive_json()["type"] == "welcome"


def test_all_bodies_but_uploads_are_small(client: TestClient) -> None:
    kind = {"Content-Type": "application/json"}
    refused = client.post("/api/diary/sessions", content=b" " * (SMALL_BODY + 1), headers=kind)
    assert refused.status_code == 413 and "1,000,000" in refused.json()["detail"]
    assert client.get("/api/diary/sessions").json() == []
    assert client.post("/api/diary/sessions", content=b"{}".rjust(SMALL_BODY), headers=kind).status_code == 201


@given(
    st.sampled_from(["Bearer", "bearer", "Basic"]), st.sampled_from(["", " ", "  "]), st.text(min_size=1), st.text(),
    st.booleans(),
)  # fmt: skip
def test_only_the_token_is_the_token(kind: str, gap: str, token: str, other: str, is_right: bool) -> None:
    header = f"{kind}{gap}{token if is_right else other}"
    first, _, rest = header.partition(" ")
    assert is_token(header, token) == (first.lower() == "bearer" and rest.strip() == token)


def test_a_server_that_listens_everywhere_goes_by_addresses_and_its_own_name() -> None:
    assert is_host_of("192.168.1.5", "0.0.0.0") and is_host_of("fe80::1", "::")
    assert not is_host_of("evil.example", "0.0.0.0")
    assert is_host_of("box.lan", "box.lan") and not is_host_of("192.168.1.5", "box.lan")
