"""`POST /api/read` and `/api/annotate`: pictures, clips, and all that is neither."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import tempfile
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from web_client import HERE, FakePipeline, client_of, create_app

from mien.pipeline import Pipeline
from mien.types import Frame, Reading
from mien.web.guard import HEADERS
from mien.web.options import LiveOptions

FRAMES = 5


def picture(width: int = 64, height: int = 48, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(file, kind)
    return file.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that says it has 3.6 thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, width=64, height=48, pix_fmt="yuv420p")
        for number in range(FRAMES):
            grey = np.full((48, 64, 3), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        container.mux(stream.encode(None))
    return path.read_bytes()


def ask(client: TestClient, data: bytes, name: str = "it", path: str = "/api/read", **form: str):
    return client.post(path, files={"file": (name, data)}, data=form)


def refused(answer, status: int) -> str:
    """The one line of a refusal."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"detail"} and answer.json()["detail"] and "\n" not in answer.json()["detail"]
    assert "--" not in answer.json()["detail"]
    return answer.json()["detail"]


def test_a_picture_is_one_object(client: TestClient) -> None:
    told = ask(client, picture(), "holiday/me.png").json()
    assert set(told) == {"reading", "outlines", "words", "bodies", "sentence"}
    assert (told["reading"]["width"], told["reading"]["height"]) == (64, 48)
    assert np.shape(told["outlines"]) == (1, 4, 2)
    assert told["words"][0]["title"] == "looks happy" and told["sentence"].startswith("One person: looks happy")


def test_words_come_in_the_language_asked_for_and_points_when_asked_for(client: TestClient) -> None:
    german = ask(client, picture(), path="/api/read?language=de&points=true").json()
    assert german["sentence"] != ask(client, picture()).json()["sentence"]
    assert len(german["reading"]["faces"][0]["keypoints"]) == 6
    refused(ask(client, picture(), path="/api/read?language=xx"), 400)


def test_a_clip_is_a_line_a_frame_in_their_order(client: TestClient, clip: bytes) -> None:
    answer = ask(client, clip, "clip.mp4")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["reading"]["time_s"] for line in lines] == pytest.approx([n / 10 for n in range(FRAMES)], abs=0.01)


def test_a_cut_clip_gives_what_it_has(client: TestClient, clip: bytes) -> None:
    fragmented = io.BytesIO()
    with av.open(io.BytesIO(clip)) as source, av.open(fragmented, "w", format="mpegts") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = fragmented.getvalue()
    lines = [json.loads(line) for line in ask(client, data[: len(data) * 2 // 3]).text.splitlines()]
    assert "reading" in lines[0] and all(set(line) == {"detail"} or "reading" in line for line in lines)


def test_the_real_pipeline_says_what_the_command_line_says(astronaut: Path) -> None:
    shared = Pipeline()
    with client_of(make=lambda: shared) as client:
        told = ask(client, astronaut.read_bytes()).json()
    assert told["sentence"] == "One person: looks happy, about 10 in 10 people would say so."
    assert Reading.from_dict(told["reading"]).faces[0].expression.label == "happy"


def test_the_tone_alone_is_told_and_drawn_when_it_is_asked_for(astronaut: Path) -> None:
    shared = Pipeline()
    with client_of(make=lambda: shared) as client:
        told = ask(client, astronaut.read_bytes(), path="/api/read?tone=true").json()
        drawn = [ask(client, astronaut.read_bytes(), path=f"/api/annotate?tone={wish}") for wish in ("false", "true")]
    assert told["sentence"].startswith("One person: looks positive")
    assert told["words"][0]["label"] == told["reading"]["faces"][0]["expression"]["label"] == "positive"
    assert drawn[0].content != drawn[1].content


def test_bodies_and_distances_are_read_when_they_are_asked_for(astronaut: Path) -> None:
    with client_of(make=Pipeline) as client:  # type: ignore[arg-type]
        answers = [
            client.post("/api/read", params=wishes, files={"file": astronaut.read_bytes()}).json()
            for wishes in ({}, {"body": True, "distance": True})
        ]
    assert [len(answer["reading"]["poses"]) for answer in answers] == [0, 1]
    assert [answer["words"][0]["distance"].endswith(" away") for answer in answers] == [False, True]
    assert len(answers[1]["bodies"]) == 1


def test_an_annotated_picture_is_a_png_of_the_same_size(client: TestClient) -> None:
    answer = ask(client, picture(), path="/api/annotate")
    assert answer.headers["content-type"] == "image/png" and "attachment" in answer.headers["content-disposition"]
    drawn = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    assert drawn.shape == (48, 64, 3) and (drawn != 90).any()


def test_an_annotated_clip_has_as_many_frames(client: TestClient, clip: bytes) -> None:
    answer = ask(client, clip, path="/api/annotate")
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content)) as container:
        assert len(list(container.decode(video=0))) == FRAMES
    one = ask(client, clip, path="/api/annotate", format="picture")
    assert Image.open(io.BytesIO(one.content)).size == (64, 48)
    refused(ask(client, picture(), path="/api/annotate", format="clip"), 400)


@pytest.mark.parametrize("path", ["/api/read", "/api/annotate"])
def test_what_cannot_be_read_is_one_line_and_the_right_status(client: TestClient, path: str, clip: bytes) -> None:
    assert "empty" in refused(ask(client, b"", path=path), 400)
    assert "neither a picture nor a clip" in refused(ask(client, b"hello\n", "notes.jpg", path=path), 415)
    assert "pixels" in refused(ask(client, bomb(), path=path), 413)
    assert "damaged" in refused(ask(client, picture(640, 480, "JPEG")[:2000], path=path), 422)
    refused(ask(client, clip[:200], path=path), 415)
    refused(client.post(path), 415)
    refused(client.post(path, content=b"{}", headers={"Content-Type": "application/json"}), 415)
    refused(client.post(path, data={"other": "x"}, files={"it": b"x"}), 422)
    assert client.get(path).status_code == 405


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile '/etc/hostname'\n",
        "#EXTM3U\n#EXTINF:1,\n/etc/hostname\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        '<?xml version="1.0"?><MPD></MPD>',
        "/tmp/picture%03d.png",
    ],
)
def test_what_names_other_files_opens_none(client: TestClient, text: str) -> None:
    detail = refused(ask(client, text.encode(), "clip.mp4"), 415)
    assert "clip.mp4" in detail and "hostname" not in detail


def test_a_large_body_is_refused_before_it_is_whole() -> None:
    with client_of(LiveOptions(upload_bytes=10_000)) as client:
        assert "10,000" in refused(ask(client, bytes(20_000)), 413)
        assert ask(client, picture()).status_code == 200


def test_only_so_many_files_at_once() -> None:
    gate = threading.Semaphore(0)
    with client_of(LiveOptions(uploads=1), lambda: FakePipeline(gate)) as client:
        answers: list[object] = []
        first = threading.Thread(target=lambda: answers.append(ask(client, picture())))
        first.start()
        engine = client.app.state.services.engine  # type: ignore[attr-defined]
        while not engine._taken[False]:
            threading.Event().wait(0.001)
        refused(ask(client, picture()), 429)
        gate.release(2)
        first.join()
        assert answers[0].status_code == 200 and ask(client, picture()).status_code == 200  # type: ignore[attr-defined]


def test_a_fault_of_ours_is_one_line_and_frees_its_seat() -> None:
    class Broken(FakePipeline):
        def read(self, frame: Frame, *, stream: bool = False, **wishes: bool) -> Reading:
            raise RuntimeError("secret name")

    with client_of(LiveOptions(uploads=1), Broken) as client:
        for path in ("/api/read", "/api/annotate"):
            answer = ask(client, picture(), path=path)
            assert "secret" not in refused(answer, 500)
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            assert not client.app.state.services.engine._taken[False]  # type: ignore[attr-defined]


def test_a_clip_is_not_marked_for_a_client_that_has_gone(
    clip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    during = list[list[str]]()  # what lay there when a frame was read

    class Watching(FakePipeline):
        def read(self, frame: Frame, *, stream: bool = False, **wishes: bool) -> Reading:
            during.append([path.name for path in tmp_path.iterdir()])
            return super().read(frame, stream=stream, **wishes)

    app = create_app(LiveOptions(data_folder=tmp_path), make=Watching)
    form = httpx.Request("POST", f"{HERE}/api/annotate", files={"file": ("clip.mp4", clip)})
    came: list[dict[str, object]] = [{"type": "http.request", "body": form.read()}]

    async def receive() -> dict[str, object]:
        return came.pop() if came else {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        assert message.get("status") != 200

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
             "path": "/api/annotate", "raw_path": b"/api/annotate", "query_string": b"", "root_path": "",
             "headers": [(name.lower(), value) for name, value in form.headers.raw]}  # fmt: skip
    with ThreadPoolExecutor(1) as thread:  # in this one a browser's loop may be running
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    assert [len(names) for names in during] == [1] and during[0][0].startswith("mien-")
    assert list(tmp_path.iterdir()) == []
    assert not app.state.services.engine._taken[False]


FUZZED = client_of()


@settings(max_examples=60)
@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_get_an_answer(data: bytes, name: str) -> None:
    answer = ask(FUZZED, data, name)
    assert answer.status_code in (200, 400, 413, 415, 422)


@settings(max_examples=60)
@given(
    st.binary(max_size=300), st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=x", "text/x", ""])
)
def test_any_body_gets_an_answer(body: bytes, kind: str) -> None:
    answer = FUZZED.post("/api/read", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 413, 415, 422)
    assert isinstance(answer.json()["detail"], str)


@settings(max_examples=40)
@given(st.integers(0, 3000), st.integers(0, 255))
def test_a_picture_with_a_wrong_byte_gets_an_answer(place: int, value: int) -> None:
    data = bytearray(picture(kind="JPEG"))
    data[place % len(data)] = value
    assert ask(FUZZED, bytes(data)).status_code in (200, 413, 415, 422)
