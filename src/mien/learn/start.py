"""Weights to begin a run from: a run's best checkpoint, or the network of a model folder."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from mien.learn import checkpoint, registry
from mien.types import ImageArray

SETTLED = 1024  # crops by which the norms of an exported network are settled


def weights_of(place: Path, crops: ImageArray) -> dict[str, Tensor]:
    """The weights of a checkpoint, of a run folder's best one, or else of a model folder's network.

    Args:
        place: a `.pt` file, or a folder.
        crops: (N, S, S) faces as the network will see them; an exported network has lost the statistics of its
            norms, which are found again on the first of these.

    Raises:
        DataError: the checkpoint is missing or broken.
        ModelError: the model folder is.
    """
    path = place / "best.pt" if place.is_dir() else place
    if path.is_file() or path.suffix == ".pt":
        return registry.network_of(checkpoint.load(path)).state_dict()
    from mien.learn import restore  # needs onnx

    net = restore.load_network(place)
    restore.settle_norms(net, torch.from_numpy(crops[:SETTLED]).float()[:, None])
    return net.state_dict()
