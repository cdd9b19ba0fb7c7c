"""Ctrl-C and the polite request to end (a service manager's, `kill`'s): both stop after a whole frame.

It knows nothing of outputs; whoever writes says what must not be torn.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""
    with _handling((signal.SIGTERM,), _stop):
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


@contextmanager
def _handling(numbers: tuple[signal.Signals, ...], handler: object) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)
