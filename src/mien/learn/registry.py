"""All networks by name: ours in its sizes, and the baselines. An unknown name is told the choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mien.errors import DataError, UsageError
from mien.images import one_line
from mien.learn import baselines, checkpoint
from mien.learn.networks import SIZES, ExpressionNet
from mien.learn.options import TrainOptions

Builder = Callable[[TrainOptions], nn.Module]


def _ours(options: TrainOptions) -> nn.Module:
    size = SIZES[options.size]
    return ExpressionNet(options.widths or size.widths, depth=options.depth or size.depth)


NETWORKS: Mapping[str, Builder] = {
    "mien": _ours,
    "shawon": lambda options: baselines.shawon(options.input),
    "model4": lambda options: baselines.model4(options.input),
    "final": lambda options: baselines.final(options.input),
    "final/4": lambda options: baselines.final_quarter(options.input),
}


def check(options: TrainOptions) -> None:
    """UsageError where no network or size has the name that the options say."""
    for what, name, known in (("network", options.network, NETWORKS), ("size", options.size, SIZES)):
        if name not in known:
            raise UsageError(f"there is no {what} {name!r}; there are: {', '.join(known)}")


def build(options: TrainOptions) -> nn.Module:
    """The network that the options describe, its weights drawn from torch's own generator.

    Raises:
        UsageError: no network or size has that name.
    """
    check(options)
    return NETWORKS[options.network](options)


def memory_order(options: TrainOptions) -> torch.memory_format:
    """How the network's numbers lie best for its training; the answers are the same either way.

    The baselines' large kernels are a tenth slower with channels last. For ours it made no difference in float32 on a
    CPU (`benchmarks/memory_order.py`); it was trained so, and GPUs in bfloat16 want it.
    """
    return torch.channels_last if options.network == "mien" else torch.contiguous_format


def parameter_count(net: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(one.numel() for one in net.parameters())


def network_of(state: Mapping[str, Any]) -> nn.Module:
    """The network of a checkpoint with its averaged weights, in evaluation mode.

    Raises:
        DataError: the checkpoint is of another kind.
    """
    try:
        told = {name: state["options"][name] for name in ("network", "size", "input", "widths", "depth")}
        net = build(TrainOptions(**told))
        net.load_state_dict(state["average"])
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise DataError(f"the checkpoint is of no network that is known here: {one_line(error)}") from error
    return net.eval()


def load_best(folder: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The network of a run's best checkpoint, and the checkpoint; DataError if it is missing or broken."""
    state = checkpoint.load(folder / "best.pt")
    return network_of(state), state
