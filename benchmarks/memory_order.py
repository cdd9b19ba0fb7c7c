"""A training step of each network in either memory order: the one that `registry.memory_order` chooses, and the other.

    python benchmarks/memory_order.py [--networks mien,model4] [--quick] [--json FILE|-]

A step is forward, loss, backward and the change of the weights, on one batch of 96 faces and one thread; numbers are
medians of five after two that are not counted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

import torch

sys.path.insert(0, str(Path(__file__).parent))

from _table import Row, arguments, note, report

from mien.errors import MienError
from mien.learn import registry
from mien.learn.options import TrainOptions

ORDERS = {torch.channels_last: "channels last", torch.contiguous_format: "channels first"}
NETWORKS = ("mien", "shawon", "model4", "final/4")  # `final` has sixteen times the arithmetic of `final/4`
NOISE = 1.1


def step_ms(options: TrainOptions, order: torch.memory_format, times: int) -> float:
    """The median time of a training step, in ms."""
    torch.manual_seed(0)
    net = registry.build(options).to(memory_format=order).train()  # type: ignore[call-overload]
    crops = torch.rand(options.batch, 1, options.input, options.input) * 255
    crops = crops.contiguous(memory_format=order)
    optimiser = torch.optim.SGD(net.parameters(), 1e-3)
    taken = []
    for _ in range(times + 2):
        begun = time.perf_counter()
        loss = net(crops).fer2013.logsumexp(1).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        taken.append(1000 * (time.perf_counter() - begun))
    return median(taken[2:])


def measure(options: TrainOptions, times: int) -> Row:
    """The chosen order, the other beside it; the bar is a tenth above the other, which is the noise of so few steps."""
    chosen = registry.memory_order(options)
    (other,) = set(ORDERS) - {chosen}
    note(f"a step of {options.network}")
    value, beside = step_ms(options, chosen, times), step_ms(options, other, times)
    return Row(f"{options.network}, {ORDERS[chosen]}", value, "ms", NOISE * beside, {"the other order": beside})


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when no chosen order is the slower (or in a smoke run)."""
    parser = arguments(__doc__)
    parser.add_argument("--networks", default=",".join(NETWORKS), metavar="A,B", help="some of `mien train --network`")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    names, batch, times = (("mien",), 2, 1) if options.quick else (options.networks.split(","), 96, 5)
    try:
        rows = [measure(TrainOptions(network=one, batch=batch), times) for one in names]
    except MienError as error:
        parser.error(str(error))
    return report("a training step", rows, options)


if __name__ == "__main__":
    sys.exit(main())
