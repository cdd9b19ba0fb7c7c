"""`/api/practice`: which games can be played, questions about faces with people's answers, and how rounds went.

The right answer stays here until the person has answered: a question goes out with a random name that tells nothing.
Faces are read in a thread of their own, when practice is first asked for.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from mien.errors import MienError
from mien.web import store
from mien.web.options import LiveOptions
from mien.web.questions import CHOICES, NoVotesError, Question, Questions, load_questions
from mien.web.services import Services
from mien.web.store import Row, Time

OPEN_QUESTIONS = 500  # that wait for an answer; the oldest goes
PROGRESS_EVERY_S = 0.1

Level = Literal["easy", "medium", "hard"]
Label = Annotated[str, Field(max_length=40)]


class Answer(BaseModel):
    """What the person chose."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(max_length=100)
    answer: Label


class RoundAnswer(BaseModel):
    """One answer of a round; `asked` is '' for a press when nothing had changed."""

    model_config = ConfigDict(extra="forbid")
    asked: Label
    answered: Label
    right: bool


class Round(BaseModel):
    """A round that is over."""

    model_config = ConfigDict(extra="forbid")
    game: Literal["guess", "show", "spot"]
    level: Literal["", "easy", "medium", "hard"] = ""
    ended: Time | None = None
    answers: list[RoundAnswer] = Field(min_length=1, max_length=500)


class Desk:
    """The faces, read when first asked for, and the questions that wait for an answer. Safe to use from threads."""

    def __init__(self, options: LiveOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._questions: Questions | None = None
        self._open: OrderedDict[str, Question] = OrderedDict()
        self._state, self._reason, self._done = "none", "", 0.0

    def state(self) -> dict[str, Any]:
        """`state` is none, no votes, loading, ready or broken; the first call begins to read the faces."""
        with self._lock:
            if self._options.faces is not None and self._thread is None:
                self._state = "loading"
                self._thread = threading.Thread(target=self._load, name="faces", daemon=True)
                self._thread.start()
            told: dict[str, Any] = {"state": self._state, "reason": self._reason, "done": round(self._done, 3)}
            if self._questions is not None:
                told |= {"levels": self._questions.counts(), "has_votes": self._questions.has_votes}
            return told

    def ask(self, level: str, choices: int, seed: int | None) -> dict[str, Any]:
        """A question without its answer. Raises UsageError; HTTPException where there are no faces (yet)."""
        if self.state()["state"] != "ready":
            raise HTTPException(409, self._why_not())
        with self._lock:
            assert self._questions is not None
            question = self._questions.ask(level=level, choices=choices, seed=seed)
            name = secrets.token_urlsafe(16)
            self._open[name] = question
            while len(self._open) > OPEN_QUESTIONS:
                self._open.popitem(last=False)
        return {"question": name, "face": question.png(), "choices": question.choices}

    def answer(self, name: str, answer: str) -> dict[str, Any]:
        """Whether that is people's word, and what they said. Each question is answered once."""
        with self._lock:
            question = self._open.get(name)
            if question is None:
                raise HTTPException(404, "this question was answered, or is too old: ask for a new one")
            if answer not in question.choices:
                raise HTTPException(422, f"answer: choose one of {', '.join(question.choices)}")
            del self._open[name]
        right = answer == question.answer
        return {"right": right, "answer": question.answer, "people": question.people}

    def _load(self) -> None:
        assert self._options.faces is not None
        try:
            questions = load_questions(self._options.faces, self._options.votes, self._tell())
            with self._lock:
                self._questions, self._state, self._done = questions, "ready", 1.0
        except NoVotesError as error:
            self._state, self._reason = "no votes", str(error)
        except MienError as error:
            self._state, self._reason = "broken", str(error)
        except Exception as error:  # a page that waits for ever would be worse
            self._state, self._reason = "broken", f"a fault of Mien's own: {type(error).__name__}; please report it"

    def _tell(self) -> Any:
        next_s = 0.0

        def progress(done: int, of: int) -> None:
            nonlocal next_s
            if time.monotonic() >= next_s:  # let the server's own threads run: this one holds the interpreter
                next_s = time.monotonic() + PROGRESS_EVERY_S
                self._done = min(0.99, done / max(of, 1))
                time.sleep(0.005)

        return progress

    def _why_not(self) -> str:
        reasons = {
            "none": "there are no faces to practise with: start Mien with --faces",
            "loading": "the faces are being read; ask again in a moment",
        }
        return reasons.get(self._state, self._reason)


def router(services: Services) -> APIRouter:
    """The routes of this part."""
    routes = APIRouter(prefix="/api/practice", tags=["practice"])
    desk, kept = Desk(services.options), services.store

    @routes.get("")
    def available() -> dict[str, Any]:
        """Which games can be played, and why not. `guess.done` is the part of the faces that is read."""
        return {"guess": desk.state(), "show": {"state": "ready"}, "spot": {"state": "ready"}}

    @routes.get("/question")
    def question(
        level: Level = "easy",
        choices: Annotated[int, Query(ge=CHOICES[0], le=CHOICES[-1])] = 3,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """A face (PNG as a data URL) and the words to choose from; the answer stays on the server."""
        return desk.ask(level, choices, seed)

    @routes.post("/answer")
    def answer(asked: Answer) -> dict[str, Any]:
        """What most people said, and how many said what; `people` is empty where a label came with the picture."""
        return desk.answer(asked.question, asked.answer)

    @routes.post("/rounds", status_code=201)
    def add_round(asked: Round) -> dict[str, int]:
        """Keep a round that is over."""
        answers = [one.model_dump() for one in asked.answers]
        made = kept.add_round(asked.game, answers, level=asked.level, ended=asked.ended or store.now())
        return {"id": made}

    @routes.get("/progress")
    def progress() -> list[Row]:
        """All rounds, oldest first, each with what was asked and how often that was right."""
        return kept.rounds()

    @routes.delete("/progress", status_code=204)
    def delete_progress() -> None:
        """Erase all rounds from the file."""
        kept.delete_rounds()

    return routes
