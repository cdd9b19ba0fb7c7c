"""From crops to votes: runs the network of a model folder.

It knows no pictures and no faces, only crops of the size that the card names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.errors import ModelError
from mien.expression.heat import Head
from mien.images import CropGeometry
from mien.models import DEFAULT_MODEL, load_card
from mien.runtime import OnnxNet
from mien.types import FloatArray, ImageArray

OUTPUTS = ("votes", "fer2013", "features")


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says of N crops.

    `votes` (N, V) shares of people, rows sum to 1, V is 0 for a network without that head; `fer2013` (N, 7)
    probabilities, rows sum to 1; `features` (N, C, h, w), the last feature map.
    """

    votes: FloatArray
    fer2013: FloatArray
    features: FloatArray


class Classifier:
    """The network of a model folder, opened once per worker.

    Raises:
        ModelError: the folder is broken, or its network and its card do not fit.
    """

    def __init__(self, folder: Path = DEFAULT_MODEL, *, threads: int = 1) -> None:
        self.card = load_card(folder)
        self._net = OnnxNet(folder / "model.onnx", threads=threads)
        try:
            self.geometry = CropGeometry(**self.card.crop)
        except TypeError as error:
            raise ModelError(
                f"the card in {folder} describes its crop in another way: {dict(self.card.crop)}"
            ) from error
        self._outputs = OUTPUTS if self.card.votes else OUTPUTS[1:]
        if missing := set(self._outputs) - set(self._net.output_names):
            raise ModelError(f"the network in {folder} lacks the output {missing.pop()!r}; export it again")
        answer = self(np.zeros((1, self.card.input_size, self.card.input_size), np.uint8))
        for head, labels in (("votes", self.card.votes), ("fer2013", self.card.fer2013)):
            found = getattr(answer, head).shape[1]
            if found != len(labels):
                raise ModelError(f"the card in {folder} has {len(labels)} labels for {head}, the network gives {found}")

    def weights(self, head: str = "votes") -> Head:
        """The weights of a linear head, 'votes' or 'fer2013': what class activation maps are made with.

        Raises:
            ModelError: the model file does not hold them: it is older, or no linear head lies on its features.
        """
        found = self.head(head)
        if found is None:
            raise ModelError(f"{self.card.identity} does not hold the weights of its head {head!r}, so it cannot show "
                             "where it looked: export it again (mien export)")  # fmt: skip
        return found

    def head(self, name: str) -> Head | None:
        """As `weights`, but None where the model file does not hold them."""
        return Head.from_metadata(name, self._net.metadata)

    def __call__(self, crops: ImageArray) -> Answer:
        """Read crops (N, S, S) uint8 grey, N > 0."""
        try:
            said = self._net(crops[:, None].astype(np.float32), *self._outputs)
        except Exception as error:  # onnxruntime's errors share no narrower base
            raise ModelError(f"the network refuses crops of {crops.shape[1:]}: {str(error).splitlines()[0]}") from error
        return Answer(*said) if self.card.votes else Answer(np.empty((len(crops), 0), np.float32), *said)
