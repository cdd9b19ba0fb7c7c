"""On a GPU, many small steps cost more to order than to compute: a recorded one is ordered at once.

It knows nothing of networks; what it repeats must do the same with tensors of one shape each time, and look at no
value of them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_CALLS = 3  # what is made or chosen once (buffers, convolution algorithms) is so before the recording

Tensors = tuple[Tensor, ...]


class Graphed:
    """A function of CUDA tensors that is recorded at its fourth call, as one CUDA graph, and repeated from there on.

    The first calls are plain ones; with tensors of other shapes it begins anew. What the function leaves behind (the
    gradients of weights) stays where it was at the recording, so nobody else may put it elsewhere.
    """

    def __init__(self, function: Callable[..., Tensors]) -> None:
        self._function = function
        self._shapes: tuple[torch.Size, ...] = ()
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: Tensors = ()
        self._outputs: Tensors = ()

    def __call__(self, *inputs: Tensor) -> Tensors:
        """What the function gives for `inputs`, in tensors of the caller's own."""
        shapes = tuple(one.shape for one in inputs)
        if shapes != self._shapes:
            self._shapes, self._calls, self._graph = shapes, 0, None
        self._calls += 1
        if self._calls <= WARM_CALLS:
            return self._call_aside(inputs)
        if self._graph is None:
            self._record(inputs)
        for mine, theirs in zip(self._inputs, inputs, strict=True):
            mine.copy_(theirs)
        self._graph.replay()  # type: ignore[union-attr]
        return tuple(one.clone() for one in self._outputs)

    def _call_aside(self, inputs: Tensors) -> Tensors:
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            outputs = self._function(*inputs)
        torch.cuda.current_stream().wait_stream(aside)
        return outputs

    def _record(self, inputs: Tensors) -> None:
        self._inputs = tuple(one.clone() for one in inputs)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = self._function(*self._inputs)
