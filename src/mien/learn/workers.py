"""Where a run computes: one process on the CPU, or through Accelerate on GPUs, in several processes or machines.

A batch is divided among the processes: all draw the same faces and changes, each learns from its share, and their
gradients are averaged, so that a run depends on how many there are by chance alone: each drops units of its own, and
batch norms on CPUs see their own share. The main process alone writes. Started by `accelerate launch -m mien train
...`, or plainly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mien.errors import DataError, MissingExtraError
from mien.learn.options import TrainOptions


class Worker(Protocol):
    """One of the processes that train together; `rank` of `world`, from 0."""

    device: torch.device
    rank: int
    world: int

    @property
    def is_main(self) -> bool:
        """Whether this process writes and shows."""
        ...

    def prepare(self, net: nn.Module) -> tuple[nn.Module, nn.Module]:
        """The network on its device, and what to call in training: the two share their weights."""
        ...

    def autocast(self) -> AbstractContextManager[Any]:
        """In this block the network computes in bfloat16, if that was asked for."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, averaged over all processes."""
        ...

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes."""
        ...

    def main_first(self) -> AbstractContextManager[None]:
        """The main process runs this block before the others do."""
        ...


class Alone:
    """One process on the CPU."""

    device = torch.device("cpu")
    rank, world = 0, 1
    is_main = True

    def __init__(self, *, half: bool = False) -> None:
        self._half = half

    def prepare(self, net: nn.Module) -> tuple[nn.Module, nn.Module]:  # noqa: D102
        return net, net

    def autocast(self) -> AbstractContextManager[Any]:  # noqa: D102
        return torch.autocast("cpu", torch.bfloat16, enabled=self._half)

    def backward(self, loss: Tensor) -> None:  # noqa: D102
        loss.backward()  # type: ignore[no-untyped-call]

    def mean(self, value: Tensor) -> Tensor:  # noqa: D102
        return value

    @contextmanager
    def main_first(self) -> Iterator[None]:  # noqa: D102
        yield


class Together:
    """A process of several, or one on a GPU, by Hugging Face's Accelerate."""

    def __init__(self, *, half: bool = False) -> None:
        os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # nothing is fetched or told
        try:
            from accelerate import Accelerator
        except ModuleNotFoundError as error:
            raise MissingExtraError("training on GPUs or in several processes", "learn") from error
        precision = "bf16" if half else "no"
        self._accelerator = Accelerator(mixed_precision=precision, cpu=not torch.cuda.is_available())
        self.device: torch.device = self._accelerator.device
        self.rank, self.world = self._accelerator.process_index, self._accelerator.num_processes
        if self.world != started():  # each would train for itself, and write over the others
            raise DataError(f"{started()} processes were started, but {self.world} found each other: "
                            "start them with `accelerate launch` or torchrun")  # fmt: skip
        torch.set_float32_matmul_precision("high")  # what is not in bfloat16 may use the GPU's TF32
        torch.backends.cudnn.benchmark = True  # all steps have one shape: the fastest convolution is worth a search

    @property
    def is_main(self) -> bool:  # noqa: D102
        return bool(self._accelerator.is_main_process)

    def prepare(self, net: nn.Module) -> tuple[nn.Module, nn.Module]:  # noqa: D102
        if self.world > 1 and self.device.type == "cuda":  # there the norms can see the whole batch
            net = nn.SyncBatchNorm.convert_sync_batchnorm(net)  # type: ignore[no-untyped-call]
        net = net.to(self.device)
        return net, self._accelerator.prepare_model(net)

    def autocast(self) -> AbstractContextManager[Any]:  # noqa: D102
        context: AbstractContextManager[Any] = self._accelerator.autocast()
        return context

    def backward(self, loss: Tensor) -> None:  # noqa: D102
        self._accelerator.backward(loss)

    def mean(self, value: Tensor) -> Tensor:  # noqa: D102
        reduced: Tensor = self._accelerator.reduce(value, "mean")
        return reduced

    def main_first(self) -> AbstractContextManager[None]:  # noqa: D102
        block: AbstractContextManager[None] = self._accelerator.main_process_first()
        return block


def started() -> int:
    """How many processes were started to train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def find(options: TrainOptions) -> Worker:
    """The worker that this process is: alone, unless there is a GPU or `accelerate launch` has started several."""
    torch.set_num_threads(options.threads)
    if started() > 1 or torch.cuda.is_available():
        return Together(half=options.half)
    return Alone(half=options.half)
