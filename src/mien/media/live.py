"""The newest picture of a source that does not wait: what the reader is too slow for is dropped, not queued."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from mien.media.source import Shot

GOODBYE_S = 2.0  # how long `close` waits for a device that is in the middle of a picture


class Newest:
    """Reads shots in a thread of its own and hands out the last one that came; errors come out in their turn.

    Args:
        shots: without end, or until an error.
        release: gives the device back; called once, by the thread, so that nothing is closed while it is read.
    """

    def __init__(self, shots: Iterator[Shot], release: Callable[[], None]) -> None:
        self._shots, self._release = shots, release
        self._news = threading.Condition()
        self._latest: Shot | None = None
        self._error: BaseException | None = None
        self._is_over = False
        self._stop = False
        self._thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[Shot]:
        self._thread = threading.Thread(target=self._run, name="mien-live", daemon=True)
        self._thread.start()
        while True:
            with self._news:
                self._news.wait_for(lambda: self._latest is not None or self._is_over)
                shot, self._latest = self._latest, None
            if shot is None:
                break
            yield shot
        if self._error is not None and not self._stop:
            raise self._error

    def _run(self) -> None:
        try:
            for shot in self._shots:
                with self._news:
                    if self._stop:
                        break
                    self._latest = shot
                    self._news.notify()
        except BaseException as error:  # carried over to the thread that reads
            self._error = error
        finally:
            self._release()
            with self._news:
                self._is_over = True
                self._news.notify()

    def close(self) -> None:
        """Stop, and give the device back; safe to call twice and before the first picture."""
        with self._news:
            self._stop = True
        if self._thread is None:
            self._release()
        elif self._thread is not threading.current_thread():
            self._thread.join(GOODBYE_S)
