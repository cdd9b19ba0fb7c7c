"""Recorded steps, with a recorder that stands in for the GPU's: what is repeated is what the plain function gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

from mien.learn import graphs
from mien.learn.graphs import WARM_CALLS, Graphed


class Stream:
    """A stream that is always up to date."""

    def wait_stream(self, other: Any) -> None:
        pass


class Gpu:
    """Records what runs while it records, and does it again into the same tensors when it is replayed."""

    def __init__(self) -> None:
        self.recorded: list[tuple[Callable[..., Any], tuple[Tensor, ...], list[Tensor]]] = []
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1
        for function, inputs, outputs in self.recorded:
            for mine, new in zip(outputs, function(*inputs), strict=True):
                mine.copy_(new)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[Gpu]:
    """The graphs that are made."""
    made: list[Gpu] = []

    def graph() -> Gpu:
        made.append(Gpu())
        return made[-1]

    @contextmanager
    def recording(gpu: Gpu) -> Iterator[None]:
        Doubler.recorder = gpu
        yield
        Doubler.recorder = None

    for name, fake in (("Stream", Stream), ("current_stream", Stream), ("CUDAGraph", graph), ("graph", recording),
                       ("stream", lambda _: nullcontext())):  # fmt: skip
        monkeypatch.setattr(graphs.torch.cuda, name, fake)
    return made


class Doubler:
    """Twice its input, and how often Python itself was asked."""

    recorder: Gpu | None = None

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        self.calls += 1
        outputs = tuple(one * 2 for one in inputs)
        if Doubler.recorder is not None:
            Doubler.recorder.recorded.append((lambda *given: tuple(one * 2 for one in given), inputs, list(outputs)))
        return outputs


def test_each_call_gives_what_the_function_does_and_python_is_asked_no_more(gpus: list[Gpu]) -> None:
    plain = Doubler()
    graphed = Graphed(plain)
    results = [graphed(torch.full((3,), float(number)))[0] for number in range(10)]
    assert [one.tolist() for one in results] == [[2.0 * number] * 3 for number in range(10)]  # none was written over
    assert plain.calls == WARM_CALLS + 1
    assert [one.replays for one in gpus] == [10 - WARM_CALLS]


def test_what_the_caller_gave_is_not_kept(gpus: list[Gpu]) -> None:
    graphed = Graphed(Doubler())
    given = torch.ones(2)
    for _ in range(WARM_CALLS + 1):
        graphed(given)
    (later,) = graphed(torch.full((2,), 5.0))
    assert later.tolist() == [10.0, 10.0]
    assert given.tolist() == [1.0, 1.0]


def test_other_shapes_are_recorded_anew(gpus: list[Gpu]) -> None:
    plain = Doubler()
    graphed = Graphed(plain)
    for side in (2, 3):
        for number in range(6):
            (out,) = graphed(torch.full((side,), float(number)))
            assert out.tolist() == [2.0 * number] * side
    assert len(gpus) == 2
    assert plain.calls == 2 * (WARM_CALLS + 1)
