"""How a dream climbs: Adam on numbers whose scores are to grow, octave by octave. It knows no networks or pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

GAIN = 0.01  # an octave has settled when its last steps gained less than this share of what it gained in all


@dataclass(frozen=True)
class Octave:
    """One side of the picture on the way, px, and how many steps are made at it."""

    side: int
    steps: int


def octaves(size: int, count: int, scale: float, *, steps: int, least: int) -> tuple[Octave, ...]:
    """Sides that grow by `scale` to `size`, none below `least` px and none twice; `steps` shared out, the last most."""
    sides = sorted({max(min(least, size), round(size / scale**down)) for down in range(count)})
    share, rest = divmod(steps, len(sides))
    return tuple(Octave(side, share + (rest if side == size else 0)) for side in sides)


@dataclass(frozen=True, eq=False)
class Step:
    """A step that was made: its number from 1, and the scores (N,) that were met before it."""

    number: int
    scores: Tensor


def ascend(
    numbers: Tensor, score: Callable[[Tensor], Tensor], *, steps: int, step_size: float, patience: int = 0
) -> Iterator[Step]:
    """Change `numbers` in place, so that the scores (N,) of its N rows grow; each row by its own score alone.

    Adam (Kingma and Ba 2015), whose step does not depend on how large a score is. Ends early when `patience` is given
    and no row still gains.
    """
    numbers.requires_grad_(True)
    adam = torch.optim.Adam([numbers], lr=step_size, maximize=True)
    history: list[Tensor] = []
    try:
        for number in range(1, steps + 1):
            adam.zero_grad()
            scores = score(numbers)
            scores.sum().backward()  # type: ignore[no-untyped-call]
            adam.step()
            history.append(scores.detach())
            yield Step(number, history[-1])
            if patience and has_settled(history, patience):
                return
    finally:
        numbers.requires_grad_(False)


def has_settled(history: list[Tensor], patience: int) -> bool:
    """Whether each row's mean over the last `patience` steps is hardly above that over as many before."""
    if len(history) < 2 * patience:
        return False
    start = torch.stack(history[: max(1, patience // 4)]).mean(0)
    before = torch.stack(history[-2 * patience : -patience]).mean(0)
    last = torch.stack(history[-patience:]).mean(0)
    return bool((last - before <= GAIN * (last - start).abs()).all())
