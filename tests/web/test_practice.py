from __future__ import annotations

import base64
import csv
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces, write_csv
from fastapi.testclient import TestClient
from PIL import Image
from web_client import client_of

from mien.data.faceset import FaceSet
from mien.errors import UsageError
from mien.web import practice, questions
from mien.web.options import LiveOptions
from mien.web.questions import SHOWN_SIDE, NoVotesError, Questions

NAMES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "not a face")
Open = Callable[..., TestClient]


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[Open]:
    """A client of a server with these faces, when they have been read."""
    with ExitStack() as stack:

        def start(faces: Path | None, votes: Path | None = None, *, wait: bool = True) -> TestClient:
            options = LiveOptions(data_folder=tmp_path / "kept", faces=faces, votes=votes)
            client = stack.enter_context(client_of(options))
            if wait:
                client.get("/api/practice")
                for thread in threading.enumerate():
                    if thread.name == "faces":
                        thread.join(60)
            return client

        yield start


@pytest.fixture(scope="module")
def drawn() -> FaceSet:
    return drawn_faces(400)


@pytest.fixture(scope="module")
def files(drawn: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_csv(tmp_path_factory.mktemp("faces"), drawn)


def counted(path: Path) -> dict[int, tuple[str | None, float]]:
    """By row of the votes' file: the word with the most votes, counted here anew, and its share; None for no word."""
    found: dict[int, tuple[str | None, float]] = {}
    with open(path, newline="") as file:
        for row, line in enumerate(csv.reader(file)):
            if row:
                votes = Counter(dict(zip(NAMES, map(int, line[2:]), strict=True)))
                (first, most), (_, second) = votes.most_common(2)
                is_word = most > second and first not in NAMES[8:] and line[1] != ""
                found[row - 1] = (first if is_word else None, most / max(votes.total(), 1))
    return found


def face_of(question: dict[str, Any]) -> Image.Image:
    kind, data = question["face"].split(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def row_shown(question: dict[str, Any], faces: FaceSet) -> int:
    """Which of the faces is the one in the picture: the most alike when made small again."""
    small = np.asarray(face_of(question).resize((48, 48), Image.Resampling.BOX), np.int64)
    return int(np.abs(faces.pixels.astype(np.int64) - small).sum((1, 2)).argmin())


@pytest.mark.parametrize(("level", "least", "below"), [("easy", 0.8, 1.01), ("medium", 0.6, 0.8), ("hard", 0.4, 0.6)])
def test_the_right_answer_is_the_majority_of_people(
    open_client: Open, drawn: FaceSet, files: tuple[Path, Path], level: str, least: float, below: float
) -> None:
    client, truth = open_client(*files), counted(files[1])
    for seed in range(25):
        question = client.get(f"/api/practice/question?level={level}&choices=4&seed={seed}").json()
        row = row_shown(question, drawn)
        word, share = truth[row]
        assert least - 1e-9 <= share < below - 1e-9
        told = client.post(
            "/api/practice/answer", json={"question": question["question"], "answer": question["choices"][0]}
        ).json()
        assert told["answer"] == word
        assert told["right"] == (question["choices"][0] == word)
        votes = {name: int(count) for name, count in zip(NAMES, drawn.votes[row], strict=True) if count}
        assert told["people"] == votes
        assert list(told["people"].values()) == sorted(votes.values(), reverse=True)


def test_levels_hold_every_face_that_people_agree_on_and_no_other(drawn: FaceSet, files: tuple[Path, Path]) -> None:
    truth = counted(files[1])
    shares = [share for word, share in truth.values() if word is not None]
    assert Questions(drawn).counts() == {
        "easy": sum(share >= 0.8 for share in shares),
        "medium": sum(0.6 <= share < 0.8 for share in shares),
        "hard": sum(0.4 <= share < 0.6 for share in shares),
    }


def test_shared_faces_get_the_answers_that_people_gave(shared_fer2013: Path) -> None:
    faces = shared_faces(shared_fer2013, slice(0, 600))
    asked = Questions(faces)
    with open(shared_fer2013 / "labels.csv", newline="") as file:
        lines = list(csv.DictReader(file))[:600]
    columns = [name for name in lines[0] if name.startswith("votes_")]
    for index, line in enumerate(lines):
        if asked.answers[index] >= 0:
            votes = [int(line[name]) for name in columns]
            assert votes.index(max(votes)) == asked.answers[index]
            assert votes.count(max(votes)) == 1
            assert max(votes) >= 0.4 * sum(votes)
    assert (asked.answers >= 0).sum() > 400


def test_a_question_does_not_tell_its_answer(open_client: Open, files: tuple[Path, Path]) -> None:
    client = open_client(*files)
    names = set()
    for _ in range(2):
        question = client.get("/api/practice/question?seed=5").json()
        assert set(question) == {"question", "face", "choices"}
        picture = face_of(question)
        assert (picture.size, picture.mode, picture.info) == ((SHOWN_SIDE, SHOWN_SIDE), "L", {})
        names.add(question["question"])
    assert len(names) == 2  # so a name depends on nothing that was asked


def test_the_place_of_a_choice_tells_nothing(drawn: FaceSet) -> None:
    asked = Questions(drawn)
    for seed in range(60):
        question = asked.ask(choices=3, seed=seed)
        assert question.answer in question.choices
        assert len(set(question.choices)) == 3
        assert [NAMES.index(one) for one in question.choices] == sorted(NAMES.index(one) for one in question.choices)


def test_every_expression_comes_up_about_as_often(drawn: FaceSet) -> None:
    asked = Questions(drawn)
    counts = Counter(asked.ask(level="easy", seed=seed).answer for seed in range(400))
    there = {NAMES[one] for one in asked.answers[asked._levels == 0]}
    assert set(counts) == there
    assert min(counts.values()) > 400 / len(there) / 3


def test_the_same_face_does_not_come_back_at_once(drawn: FaceSet) -> None:
    asked = Questions(drawn)
    most = min(
        np.bincount(asked.answers[asked._levels == 0], minlength=8)[np.unique(asked.answers[asked._levels == 0])]
    )
    shown = [asked.ask(level="easy").face.tobytes() for _ in range(int(most))]
    assert len(set(shown)) == len(shown)


def test_a_question_is_answered_once(open_client: Open, files: tuple[Path, Path]) -> None:
    client = open_client(*files)
    question = client.get("/api/practice/question").json()
    wrong = {"question": question["question"], "answer": "confused"}
    assert client.post("/api/practice/answer", json=wrong).status_code == 422  # and it is still open
    answer = {"question": question["question"], "answer": question["choices"][0]}
    assert client.post("/api/practice/answer", json=answer).status_code == 200
    again = client.post("/api/practice/answer", json=answer)
    assert (again.status_code, again.json()["detail"]) == (
        404,
        "this question was answered, or is too old: ask for a new one",
    )


def test_old_questions_go(open_client: Open, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "OPEN_QUESTIONS", 3)
    client = open_client(*files)
    asked = [client.get("/api/practice/question").json() for _ in range(4)]
    status = [
        client.post("/api/practice/answer", json={"question": one["question"], "answer": one["choices"][0]}).status_code
        for one in asked
    ]
    assert status == [404, 200, 200, 200]


def test_many_ask_and_answer_at_once(open_client: Open, files: tuple[Path, Path]) -> None:
    client, status = open_client(*files), Counter[int]()

    def work() -> None:
        for _ in range(10):
            one = client.get("/api/practice/question?choices=2").json()
            body = {"question": one["question"], "answer": one["choices"][0]}
            status[client.post("/api/practice/answer", json=body).status_code] += 1
            client.post("/api/practice/rounds", json={"game": "guess", "answers": [ROUND]})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert status == {200: 40}
    assert len(client.get("/api/practice/progress").json()) == 40


def test_labels_of_the_user_are_right_where_there_are_no_votes(
    open_client: Open, tmp_path: Path, drawn: FaceSet
) -> None:
    for index, name in enumerate(("happy", "sad", "angry")):
        (tmp_path / "mine" / name).mkdir(parents=True)
        Image.fromarray(drawn.pixels[index]).save(tmp_path / "mine" / name / "one.png")
    client = open_client(tmp_path / "mine")
    state = client.get("/api/practice").json()["guess"]
    assert (state["state"], state["has_votes"]) == ("ready", False)
    assert state["levels"] == {"easy": 3, "medium": 3, "hard": 3}
    for seed in range(9):
        question = client.get(f"/api/practice/question?level=medium&seed={seed}").json()
        told = client.post(
            "/api/practice/answer", json={"question": question["question"], "answer": question["choices"][0]}
        ).json()
        assert told["answer"] == ("happy", "sad", "angry")[row_shown(question, drawn.take(np.arange(3)))]
        assert told["people"] == {}


def test_without_faces_the_other_games_are_offered(open_client: Open) -> None:
    client = open_client(None)
    told = client.get("/api/practice").json()
    assert {game: one["state"] for game, one in told.items()} == {"guess": "none", "show": "ready", "spot": "ready"}
    answer = client.get("/api/practice/question")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "there are no faces to practise with: start Mien with --faces",
    )


def test_fer2013_alone_has_no_right_answers(open_client: Open, files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_bytes(files[0].read_bytes())
    told = open_client(tmp_path / "fer2013.csv").get("/api/practice").json()["guess"]
    assert told["state"] == "no votes"
    assert "fer2013new.csv" in told["reason"]


@pytest.mark.parametrize("form", ["file", "folder"])
def test_votes_that_lie_beside_are_found(open_client: Open, files: tuple[Path, Path], form: str) -> None:
    told = open_client(files[0] if form == "file" else files[0].parent).get("/api/practice").json()["guess"]
    assert (told["state"], told["has_votes"], told["done"]) == ("ready", True, 1)


def test_faces_that_cannot_be_read_are_told(open_client: Open, tmp_path: Path) -> None:
    client = open_client(tmp_path / "nowhere.csv")
    told = client.get("/api/practice").json()["guess"]
    assert told["state"] == "broken"
    assert "nowhere.csv" in told["reason"] and "\n" not in told["reason"]
    assert client.get("/api/practice/question").status_code == 409


def test_the_server_answers_while_faces_are_read(
    open_client: Open, files: tuple[Path, Path], drawn: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, halfway = threading.Event(), threading.Event()

    def slow(faces: Path, votes: Path | None, *, progress: Callable[[int, int], None]) -> FaceSet:
        progress(1, 2)
        halfway.set()
        assert may_end.wait(60)
        return drawn

    monkeypatch.setattr(questions, "load_faces", slow)
    client = open_client(*files, wait=False)
    assert client.get("/api/practice").json()["guess"]["state"] == "loading"
    assert halfway.wait(60)
    told = client.get("/api/practice").json()["guess"]
    assert (told["state"], told["done"]) == ("loading", 0.5)
    assert client.get("/api/practice/question").status_code == 409
    assert client.get("/api/practice/progress").status_code == 200
    (thread,) = [one for one in threading.enumerate() if one.name == "faces"]
    may_end.set()
    thread.join(60)
    assert client.get("/api/practice").json()["guess"]["state"] == "ready"


def test_a_level_without_faces_is_one_line(open_client: Open, drawn: FaceSet, tmp_path: Path) -> None:
    agreed = np.zeros((6, len(NAMES)), np.float32)
    agreed[:, 1] = 10  # all ten people say happy of each
    easy = replace(drawn.take(np.arange(6)), votes=agreed)
    with pytest.raises(UsageError, match="no faces of the level 'hard'"):
        Questions(easy).ask(level="hard")
    client = open_client(*write_csv(tmp_path, easy))
    answer = client.get("/api/practice/question?level=hard")
    assert answer.status_code == 400 and "no faces of the level 'hard'" in answer.json()["detail"]
    assert client.get("/api/practice/question?level=easy").status_code == 200


def test_no_face_that_people_agree_on(drawn: FaceSet) -> None:
    with pytest.raises(NoVotesError):
        Questions(replace(drawn, votes=np.ones_like(drawn.votes)))


ROUND = {"asked": "happy", "answered": "happy", "right": True}


def test_rounds_are_kept_and_erased(open_client: Open, tmp_path: Path) -> None:
    client = open_client(None)
    body = {
        "game": "spot",
        "ended": "2026-03-01T20:00:00+01:00",
        "answers": [ROUND, {**ROUND, "asked": "", "right": False}],
    }
    assert client.post("/api/practice/rounds", json=body).status_code == 201
    (kept,) = client.get("/api/practice/progress").json()
    assert (kept["game"], kept["ended"]) == ("spot", "2026-03-01T19:00:00Z")
    assert kept["labels"] == {"happy": {"asked": 1, "right": 1}, "": {"asked": 1, "right": 0}}
    assert client.delete("/api/practice/progress").status_code == 204
    assert client.get("/api/practice/progress").json() == []
    assert b"happy" not in (tmp_path / "kept" / "mien.sqlite3").read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [{"game": "chess"}, {"answers": []}, {"level": "mad"}, {"answers": [ROUND] * 501}, {"picture": "x"},
     {"ended": "0001-01-01T00:00:00+05:00"}, {"ended": "9999-12-31T23:59:59-05:00"}],
)  # fmt: skip
def test_a_round_is_checked(open_client: Open, wrong: dict[str, Any]) -> None:
    answer = open_client(None).post("/api/practice/rounds", json={"game": "guess", "answers": [ROUND], **wrong})
    assert answer.status_code == 422


@pytest.mark.parametrize("query", ["level=mad", "choices=1", "choices=5", "seed=x"])
def test_a_question_that_cannot_be_asked(open_client: Open, files: tuple[Path, Path], query: str) -> None:
    assert open_client(*files).get(f"/api/practice/question?{query}").status_code == 422
