"""Whether a stopped run can be gone on with, to the same result: what must be equal, and where chance stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mien.errors import DataError
from mien.images import one_line
from mien.learn.options import TrainOptions

FREE = ("epochs", "threads")  # epochs are looked at by themselves; threads change no more than the last digits


class DataMark(NamedTuple):
    """What tells the data of two runs apart: marks of the faces to fit, those held out, the teachers' answers."""

    fit: str
    held: str
    teachers: str


def refusal(reason: object) -> DataError:
    """The line for a run that cannot be gone on with."""
    text = one_line(reason) if isinstance(reason, Exception) else str(reason)
    return DataError(f"the run cannot be gone on with: {text}; train into another folder")


def check(state: Mapping[str, Any], options: TrainOptions, data: DataMark) -> None:
    """Compare a checkpoint with what a run is now told.

    Raises:
        DataError: data, teachers or options differ; the run may be made longer, but not once its rate falls.
    """
    try:
        before, told, marks = dict(state["options"]), _plain(options), DataMark(*state["data"])
        epochs, done = int(before["epochs"]), len(state["logs"])
        falls_from = epochs * (1 - float(before["fall"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"this is no run of this version of Mien: {one_line(error)}; train into another folder"
        ) from error
    if changed := [name for name in told if name not in FREE and told[name] != _listed(before.get(name))]:
        name = changed[0]
        raise refusal(f"it has {name} {_shown(before.get(name))} and is now told {_shown(told[name])}")
    if (marks.fit, marks.held) != (data.fit, data.held):
        raise refusal("the faces are not those that it began with")
    if marks.teachers != data.teachers:
        raise refusal("its teachers are not those that it began with")
    if options.epochs < epochs or (options.epochs > epochs and done > falls_from):
        why = "it can be made longer, not shorter" if options.epochs < epochs else "its rate falls already"
        raise refusal(f"it has epochs {epochs} and is now told {options.epochs}, but {why}")


def _plain(options: TrainOptions) -> dict[str, Any]:
    return {name: _listed(value) for name, value in asdict(options).items()}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def dropout_state(device: torch.device) -> Tensor:
    """Where the generator stands that dropout draws from."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def set_dropout_state(state: Tensor, device: torch.device) -> None:
    """Put that generator back to where it stood."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
