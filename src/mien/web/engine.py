"""Who reads what, when: a pipeline for each connection, and a few threads for all of them.

Every connection takes a `Seat`. A seat has at most one call waiting, and calls are served in the order in which they
came, so connections take turns and none starves. A slower machine makes turns rarer; nothing queues. Nothing here
knows sockets or HTTP.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from mien.errors import MienError
from mien.pipeline import Pipeline
from mien.types import Frame, Reading
from mien.web.options import LiveOptions

Result = TypeVar("Result")


class FrameReader(Protocol):
    """What a connection needs of a `Pipeline`; tests bring their own."""

    @property
    def models(self) -> dict[str, str]:
        """The identity of each network used."""

    def read(
        self, frame: Frame, *, stream: bool = False, body: bool | None = None, distance: bool | None = None
    ) -> Reading:
        """Read one frame, with the bodies and with distances if that is wished."""

    def reset(self) -> None:
        """Forget the stream."""


class FullError(MienError):
    """All seats are taken."""


class EndingError(MienError):
    """Nothing new is begun, for the server ends."""

    def __init__(self) -> None:
        super().__init__("the server ends: ask again when it is back")


class Engine:
    """The threads and pipelines of one server.

    Args:
        options: `workers` frames are read at once, `connections` and `uploads` may be open.
        make: makes a pipeline; passed in by tests.
    """

    def __init__(self, options: LiveOptions, make: Callable[[], FrameReader] | None = None) -> None:
        self.options = options
        self._make = make or (lambda: Pipeline(options.pipeline))
        # One queue, first come first served: with one call a seat that is fair.
        self._threads = ThreadPoolExecutor(options.workers, thread_name_prefix="reading")
        self._making = threading.Lock()  # opening networks quiets standard error, which the whole process shares
        self._spare: list[FrameReader] = []  # at most one a thread: opening one takes a third of a second
        self._taken = {True: 0, False: 0}  # sockets, and files that are read
        self.is_ending = False

    def warm(self) -> None:
        """Make the first pipeline now. Raises ModelError when it cannot be."""
        self._give_back(self._take())

    def seat(self, *, is_socket: bool = False) -> Seat:
        """A place for one file, or one socket; `leave` it at the end. Raises FullError when all are taken."""
        most = self.options.connections if is_socket else self.options.uploads
        if self._taken[is_socket] >= most:
            what = "connections are open" if is_socket else "files are being read"
            raise FullError(f"{most} {what}, which is the limit: wait for one to end, and try again")
        self._taken[is_socket] += 1
        return Seat(self, is_socket)

    def end(self) -> None:
        """Begin nothing new: who asks gets an EndingError."""
        self.is_ending = True

    def close(self) -> None:
        """Let what runs finish, and forget what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._spare.clear()

    def _submit(self, call: Callable[[], Result]) -> Future[Result]:
        return self._threads.submit(call)

    def _take(self) -> FrameReader:
        with self._making:
            return self._spare.pop() if self._spare else self._make()

    def _give_back(self, pipeline: FrameReader) -> None:
        pipeline.reset()
        with self._making:
            if len(self._spare) < self.options.workers:
                self._spare.append(pipeline)


class Seat:
    """One connection's pipeline. Its calls run one after the other, each in its turn among all seats."""

    def __init__(self, engine: Engine, is_socket: bool) -> None:
        self._engine, self._is_socket = engine, is_socket
        self._pipeline: FrameReader | None = None
        self._one = asyncio.Lock()
        self._job: Future[Any] | None = None
        self._is_taken = True

    async def call(self, work: Callable[[FrameReader], Result]) -> Result:
        """Run `work(pipeline)` in a thread when it is this seat's turn. What it raises is raised here."""
        async with self._one:
            if self._engine.is_ending:
                raise EndingError
            job = self._engine._submit(lambda: work(self._pipeline_now()))
            self._job = job
            return await asyncio.wrap_future(job)

    def leave(self, *closers: Callable[[], None]) -> None:
        """Give the seat back; safe to call twice.

        A call that still runs is not waited for: `closers`, and the return of the pipeline, come after it.
        """
        if not self._is_taken:
            return
        self._is_taken = False
        self._engine._taken[self._is_socket] -= 1

        def end(_: object = None) -> None:
            for closer in closers:
                closer()
            if self._pipeline is not None:
                self._engine._give_back(self._pipeline)
                self._pipeline = None

        if self._job is None:
            end()
        else:
            self._job.add_done_callback(end)  # at once where it has ended

    def _pipeline_now(self) -> FrameReader:
        if self._pipeline is None:
            self._pipeline = self._engine._take()
        return self._pipeline
