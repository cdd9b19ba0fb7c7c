"""Signals that ask to stop: each as Ctrl-C does, but for those that are ignored; a terminal that is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from mien.cli.stopping import stoppable, unstopped

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has other signals")
NUMBERS = [signal.SIGTERM, getattr(signal, "SIGHUP", None)]


@pytest.fixture(params=NUMBERS)
def number(request: pytest.FixtureRequest) -> Iterator[int]:
    before = signal.getsignal(request.param)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_stops_as_ctrl_c_does(number: int) -> None:
    with pytest.raises(KeyboardInterrupt), stoppable():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_signal_waits_for_a_whole_frame(number: int) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), stoppable(), unstopped():
        os.kill(os.getpid(), number)
        done.append("frame")
    assert done == ["frame"]


def test_a_signal_that_is_ignored_stays_so(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)
    with stoppable(), unstopped():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is signal.SIG_IGN


def test_a_closed_terminal_ends_a_server_as_a_service_manager_does() -> None:
    heard: list[int] = []
    with stoppable():
        before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
        for _ in range(2):  # the kernel says it, and the shell
            os.kill(os.getpid(), signal.SIGHUP)
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_the_last_words_for_a_terminal_that_is_gone_hurt_nobody() -> None:
    leader, follower = os.openpty()
    saved = os.dup(2)
    try:
        os.dup2(follower, 2)
        os.close(leader)
        with pytest.raises(OSError):
            os.write(2, b"nobody hears")
        with pytest.raises(KeyboardInterrupt), stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
        os.write(2, b"stopped")
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(follower)
