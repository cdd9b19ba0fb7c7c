"""Ctrl-C, the polite request to end (a service manager's, `kill`'s), a terminal that is closed: all stop after a frame.

It knows nothing of outputs; whoever writes says what must not be torn.
"""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeAlias

STOPS = (signal.SIGINT, signal.SIGTERM)
HANG_UPS = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()  # Windows has none
Handler: TypeAlias = Callable[[int, FrameType | None], None]


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does, and SIGHUP do what SIGTERM does."""
    with _handling((signal.SIGTERM,), _stop), _handling(HANG_UPS, _hang_up):
        yield


@contextmanager
def unstopped() -> Iterator[None]:
    """Hold a stop back until the block is done, so that all outputs end with the same frame; a second one is obeyed."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if held:
            raise KeyboardInterrupt
        held.append(number)

    with _handling(STOPS, hold):
        yield
    if held:
        raise KeyboardInterrupt


class Brake:
    """Lets a stop wait while it `is_held`: it is noted, and `check` raises it; a second one is obeyed at once."""

    def __init__(self) -> None:
        self.is_held = self.is_asked = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if a stop was asked for."""
        if self.is_asked:
            raise KeyboardInterrupt

    @contextmanager
    def watching(self) -> Iterator[None]:
        """In this block stops come here."""
        with _handling(STOPS, self._note):
            yield

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.is_asked or not self.is_held:
            raise KeyboardInterrupt
        self.is_asked = True


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _hang_up(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # the kernel and the shell both say it: the second is no second wish
    _let_go_of_closed_terminal()
    ending = signal.getsignal(signal.SIGTERM)  # ours, or that of a server which runs meanwhile
    if callable(ending):
        ending(signal.SIGTERM, frame)


def _let_go_of_closed_terminal() -> None:
    """Point the standard streams that led to a terminal which is gone nowhere, so that the last words can be said."""
    for descriptor in (0, 1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


@contextmanager
def _handling(numbers: tuple[signal.Signals, ...], handler: Handler) -> Iterator[None]:
    """Handle these signals, but for those that are ignored, as `nohup` has it."""
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield
        return
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)
