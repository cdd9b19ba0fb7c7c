"""Weights to begin a run from: a run's best checkpoint, or the network of a model folder."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from mien import models
from mien.errors import DataError
from mien.learn import checkpoint, registry, restore, temper
from mien.types import ImageArray

SETTLED = 1024  # crops by which the norms of an exported network are settled


def checkpoint_in(place: Path) -> Path | None:
    """The checkpoint that is meant by a file, or that lies in a run's folder; None for a model folder without one."""
    if place.suffix == ".pt":
        return place
    return place / "best.pt" if (place / "best.pt").is_file() else None


def check(place: Path) -> None:
    """Raise what `weights_of` would where there is nothing to begin from; it takes no time."""
    if (path := checkpoint_in(place)) is None:
        models.load_card(place)
    elif not path.is_file():
        raise DataError(f"cannot begin from {path}: there is no such file")


def weights_of(place: Path, crops: ImageArray) -> dict[str, Tensor]:
    """The weights of a checkpoint, of a run folder's best one, or else of a model folder's network.

    Args:
        place: a `.pt` file, or a folder.
        crops: (N, S, S) faces as the network will see them; an exported network has lost the statistics of its
            norms, which are found again on the first of these. Its temperature is taken back too.

    Raises:
        DataError: the checkpoint is missing or broken.
        ModelError: the model folder is.
    """
    if (path := checkpoint_in(place)) is not None:
        return registry.network_of(checkpoint.load(path)).state_dict()
    net = restore.load_network(place)
    temper.set_temperature(net, 1 / float(models.load_card(place).training.get("temperature", 1.0)))
    restore.settle_norms(net, torch.from_numpy(crops[:SETTLED]).float()[:, None])
    return net.state_dict()
