"""What a training run can be told: one frozen table whose comments are the manual. It needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from mien.errors import UsageError


@dataclass(frozen=True)
class Augmentation:
    """How far each change goes. Shares are the part of the faces that get it."""

    roll_deg: float = 18.0  # either way; FER2013's own faces roll by 6.4 degrees (standard deviation)
    scale: float = 0.15  # larger or smaller by up to this
    stretch: float = 0.08  # width against height
    shift: float = 0.08  # of the side
    aligned: float = 0.75  # share of faces moved by their mesh; the others stay as the data set cut them
    contrast: float = 0.3
    brightness: float = 30.0  # grey levels
    gamma: float = 0.4  # exponent 1 / 1.4 .. 1.4
    blur: float = 0.1
    small: float = 0.1  # share shrunk to half size and back, as a far face is
    noise: float = 0.15
    occlusion: float = 0.25  # share with a rectangle covered
    mixing: float = 0.35  # share of the batches that mix pairs (Zhang et al. 2018)

    def times(self, strength: float) -> Augmentation:
        """All changes made so many times as strong; alignment stays, since it is no damage. At 0 mirroring is left."""
        changed = {one.name: getattr(self, one.name) * strength for one in fields(self) if one.name != "aligned"}
        return replace(self, **changed)


@dataclass(frozen=True)
class TrainOptions:
    """One run. With what the embedded model was trained, docs/reproduce.md says."""

    network: str = "mien"  # a name of `registry.NETWORKS`
    size: str = "small"  # nano, tiny, small or base; of our own network
    input: int = 48  # side of the network's input, px
    widths: tuple[int, ...] | None = None  # channels of the stages, in place of those of the size
    depth: int | None = None  # residual blocks a stage, in place of those of the size
    epochs: int = 50
    batch: int = 96  # faces a step, of all processes together
    rate: float = 0.1  # peak learning rate
    decay: float = 5e-4  # weight decay, not on norms and biases
    warm: float = 0.06  # share of the steps in which the rate rises
    fall: float = 0.94  # share of the epochs at the end in which the rate falls to nothing; between the two it stays
    window: int = 0  # side of the part of the crop that is trained on before the rate falls, px; 0: all of it
    calm: float = 0.12  # share of the epochs at the end without mixing
    smoothing: float = 0.1  # of FER2013's labels, where no teacher gives their shares
    teach: float = 0.5  # share of the targets that the teachers give, if there are any
    every_view: bool = False  # the teachers are asked of every changed face as it is trained on, not once of each face
    balance: float = 0.0  # a face counts by its class's frequency to the power of minus this; 0: all count alike
    sam: float = 0.0  # radius of sharpness-aware steps (Foret et al. 2021), which cost twice the time; 0: plain steps
    average: float = 0.999  # of the moving average of the weights, a step
    seed: int = 0
    threads: int = 2
    half: bool = False  # bfloat16 where it pays: on cores with AVX-512 BF16 and on GPUs
    compiled: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.warm + self.fall > 1 + 1e-9:
            raise UsageError(
                f"the rate cannot rise for {self.warm:g} of the steps and fall for {self.fall:g} of the epochs: "
                "together they must be at most 1"
            )
        if self.window > self.input:
            raise UsageError(f"a window of {self.window} px does not fit into an input of {self.input} px")
        if self.network != "mien" and (self.widths or self.depth):
            raise UsageError(f"the network {self.network!r} has widths and a depth of its own: leave those options out")

    @property
    def falls_from(self) -> float:
        """The epoch, counted from 0, in which the rate begins to fall."""
        return self.epochs * (1 - self.fall)
