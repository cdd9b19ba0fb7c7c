"""One network out of several trained alike: the mean of their weights (Wortsman et al. 2022, "model soups").

It helps where one run began from the other's weights, or from the same: then the mean lies in the same valley, and it
lies flatter. Networks trained apart from nothing have no mean that is worth anything. It does not train.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from mien import models
from mien.data import align
from mien.errors import DataError, UsageError
from mien.learn import checkpoint, prepare, registry, start
from mien.learn.finish import finish
from mien.learn.judging import EpochLog, Held
from mien.learn.watching import Watcher
from mien.models import ModelCard
from mien.types import ImageArray

SETTLED = 2048  # faces by which the statistics of the norms are found anew
BATCH = 64

Weights = dict[str, Tensor]


def average(
    places: Sequence[Path],
    data: Path,
    votes: Path | None,
    out: Path,
    *,
    layout: str | None = None,
    watcher: Watcher | None = None,
) -> ModelCard:
    """Write a model folder whose network has the mean of the weights of several.

    Args:
        places: model folders, run folders or checkpoints of networks of one shape, two or more.
        data: what they were trained on; its held-out faces judge, its validation faces calibrate, as for `mien train`.
        votes: as for `mien train`.
        out: the folder to write; it must hold neither a run nor a model.
        layout: as for `mien train`.
        watcher: follows the work.

    Raises:
        UsageError: fewer than two are named.
        DataError: one is missing, broken or of another shape; or data or folder went wrong.
        ModelError: a model folder is broken.
    """
    if len(places) < 2:
        raise UsageError("a mean needs two or more models: name another one")
    for place in places:
        start.check(place)
    options = _options_of(places[0])
    _make_folder(out)
    watcher = watcher or Watcher()
    size = int(options["input"])
    divided = prepare.load(data, votes, out=out, layout=layout, size=size, watcher=watcher)
    held_faces, keypoints = divided.part(divided.held)
    held = Held(held_faces, align.align(held_faces.pixels, keypoints, size))
    weights = mean([start.weights_of(place, held.crops) for place in places], places)
    net = registry.network_of({"options": options, "average": weights})
    faces, keypoints = divided.part(divided.fit[:SETTLED])
    settle(net, align.align(faces.pixels, keypoints, size))
    log = EpochLog(epoch=0, loss=0.0, rate=0.0, seconds=0.0, **held.judge(net))
    names = [str(place) for place in places]
    state = {"average": net.state_dict(), "options": options, "logs": [asdict(log)], "mean_of": names}
    checkpoint.save(out / "best.pt", state)
    return finish(divided, out, watcher=watcher)


def mean(weights: Sequence[Weights], places: Sequence[Path]) -> Weights:
    """The mean of each tensor; counters are the first one's.

    DataError where one, which `places` names, is of another shape.
    """
    first = weights[0]
    shapes = {name: one.shape for name, one in first.items()}
    for place, other in zip(places, weights, strict=True):
        if {name: one.shape for name, one in other.items()} != shapes:
            raise DataError(f"{place} is a network of another shape than {places[0]}: only like ones have a mean")
    return {
        name: torch.stack([one[name] for one in weights]).mean(0) if value.is_floating_point() else value
        for name, value in first.items()
    }


def settle(net: nn.Module, crops: ImageArray) -> None:
    """Find the norms' means and variances anew on crops (N, S, S) uint8: no mean of old ones fits mean weights."""
    update_bn(torch.split(torch.from_numpy(crops).float()[:, None], BATCH), net)
    net.eval()


def _options_of(place: Path) -> dict[str, Any]:
    path = start.checkpoint_in(place)
    found: Any = checkpoint.load(path).get("options") if path else models.load_card(place).training.get("options")
    if not isinstance(found, Mapping):
        raise DataError(f"{place} does not say how its network was built: name a folder that 'mien train' wrote first")
    return copy.deepcopy(dict(found))


def _make_folder(out: Path) -> None:
    if (out / "last.pt").exists() or (out / "card.json").exists():  # not best.pt: it is left where this was stopped
        raise DataError(f"{out} holds a model already: name another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {out}: {error.strerror}") from error
