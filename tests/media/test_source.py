from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from mien.errors import SourceError, UsageError
from mien.media.source import Nature, Shot, Source, SourceOptions, closing_on_error

PIXELS = np.zeros((2, 3, 3), np.uint8)


class Fake:
    """A source of `count` shots, ten a second, that remembers what was asked of it."""

    def __init__(self, count: int, **options: object) -> None:
        self.closed = 0
        self.asked: list[int] = []
        resources = ExitStack()
        resources.callback(self._close)
        nature = Nature(is_stream=True, frame_count=count, fps=10.0, duration_s=count / 10)
        self.source = Source(
            "fake",
            self._shots(count),
            nature,
            options=SourceOptions(**options),  # type: ignore[arg-type]
            resources=resources,
        )

    def _close(self) -> None:
        self.closed += 1

    def _shots(self, count: int) -> Iterator[Shot]:
        for index in range(count):
            assert not self.closed, "read on after closing"
            yield Shot(index, index / 10, lambda index=index: self.asked.append(index) or PIXELS)  # type: ignore[misc]


def test_all_in_order_then_closed_once() -> None:
    fake = Fake(3)
    with fake.source as source:
        frames = list(source)
        assert fake.closed == 1
    assert [(f.index, f.time_s, f.source) for f in frames] == [(0, 0.0, "fake"), (1, 0.1, "fake"), (2, 0.2, "fake")]
    assert fake.closed == 1


@pytest.mark.parametrize(
    ("options", "indices"),
    [
        ({"every": 3}, [0, 3, 6, 9]),
        ({"start_s": 0.25}, [3, 4, 5, 6, 7, 8, 9]),
        ({"start_s": 0.25, "every": 3}, [3, 6, 9]),
        ({"end_s": 0.3}, [0, 1, 2]),
        ({"start_s": 0.5, "still": True}, [5]),
        ({"every": 100}, [0]),
    ],
)
def test_what_is_wanted_and_no_more(options: dict[str, object], indices: list[int]) -> None:
    fake = Fake(10, **options)
    assert fake.source.frame_count == pytest.approx(len(indices), abs=1)
    assert [frame.index for frame in fake.source] == indices == fake.asked
    assert fake.closed == 1


def test_consumer_stops() -> None:
    fake = Fake(10)
    for _ in fake.source:
        break
    gc.collect()
    assert fake.closed == 1 and fake.asked == [0]


def test_generator_closed() -> None:
    fake = Fake(10)
    frames = iter(fake.source)
    next(frames)
    frames.close()
    assert fake.closed == 1


def test_consumer_raises() -> None:
    fake = Fake(10)
    with pytest.raises(KeyError), fake.source as source:
        for _ in source:
            raise KeyError
    assert fake.closed == 1


def test_source_fails() -> None:
    closed: list[int] = []
    resources = ExitStack()
    resources.callback(closed.append, 1)

    def shots() -> Iterator[Shot]:
        yield Shot(0, 0.0, lambda: PIXELS)
        raise SourceError("gone")

    source = Source("s", shots(), Nature(True), options=SourceOptions(), resources=resources)
    with pytest.raises(SourceError, match="gone"):
        list(source)
    assert closed == [1]


def test_dropped_without_a_word() -> None:
    fake = Fake(10)
    del fake.source
    gc.collect()
    assert fake.closed == 1


def test_closed_while_iterating_reads_no_further() -> None:
    fake = Fake(10)
    assert [fake.source.close() for _ in fake.source] == [None]
    assert fake.asked == [0] and fake.closed == 1


def test_read_once() -> None:
    fake = Fake(3)
    list(fake.source)
    with pytest.raises(SourceError, match="open it again"):
        iter(fake.source)
    other = Fake(3)
    frames = iter(other.source)
    other.source.close()
    with pytest.raises(SourceError, match="closed"):
        next(frames)


def test_nothing_is_an_error() -> None:
    with pytest.raises(SourceError, match="holds no frame"):
        list(Fake(0).source)
    with pytest.raises(SourceError, match=r"asked for: it is 1\.0 s long"):
        list(Fake(10, start_s=5).source)


def test_what_is_known_follows_the_options() -> None:
    source = Fake(100, every=5, start_s=2, end_s=4).source
    assert (source.frame_count, source.fps, source.duration_s) == (4, 2.0, 2.0)
    still = Fake(100, still=True).source
    assert (still.frame_count, still.fps, still.duration_s, still.is_stream) == (1, None, None, False)
    live = Source("l", [], Nature(True, True, fps=30), options=SourceOptions(end_s=3))
    assert (live.frame_count, live.duration_s, live.is_live) == (None, 3, True)


@pytest.mark.parametrize(
    "bad",
    [
        {"every": 0},
        {"start_s": -1},
        {"start_s": float("nan")},
        {"start_s": float("inf")},
        {"start_s": 2, "end_s": 2},
        {"end_s": float("nan")},
        {"end_s": float("inf")},
        {"max_pixels": 0},
    ],
)
def test_options_that_make_no_sense(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SourceOptions(**bad)  # type: ignore[arg-type]


def test_closing_on_error() -> None:
    for fails in (True, False):
        closed: list[int] = []
        resources = ExitStack()
        resources.callback(closed.append, 1)
        try:
            with closing_on_error(resources):
                if fails:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
        assert bool(closed) == fails
