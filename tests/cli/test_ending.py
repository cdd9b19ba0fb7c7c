"""How a run ends that meets a fault of our own, or no memory: one line, and all of the fault for who asks for it."""

from __future__ import annotations

import pytest

from mien import cli


def meet(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the run of any verb end so."""

    def run(arguments: object) -> None:
        raise error

    monkeypatch.setattr(cli, "_run", run)


def test_a_fault_of_our_own_is_one_line_that_says_where(mien, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cli.SHOW_TRACEBACK, raising=False)
    meet(monkeypatch, RuntimeError("it has come\nto nothing"))
    ended = mien("read", "photo.jpg")
    (line,) = ended.err.splitlines()
    assert ended.code == 1 and ended.out == ""
    assert line.startswith("mien: a fault of Mien's own: RuntimeError: it has come to nothing (test_ending.py, line ")
    assert "please report it" in line and "MIEN_TRACEBACK=1" in line


def test_all_of_a_fault_is_shown_to_who_asks_for_it(mien, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cli.SHOW_TRACEBACK, "1")
    meet(monkeypatch, RuntimeError("it has come to nothing"))
    ended = mien("read", "photo.jpg")
    lines = ended.err.splitlines()
    assert ended.code == 1
    assert lines[0].startswith("Traceback") and "RuntimeError: it has come to nothing" in lines
    assert lines[-1].startswith("mien: a fault of Mien's own: RuntimeError")


def test_too_little_memory_is_no_fault(mien, monkeypatch: pytest.MonkeyPatch) -> None:
    meet(monkeypatch, MemoryError())
    mien("read", "photo.jpg").fails(1, "out of memory", "a smaller picture")
