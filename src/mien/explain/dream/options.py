"""The settings of a dream."""

from __future__ import annotations

from dataclasses import dataclass

from mien.errors import UsageError
from mien.explain.dream import transforms
from mien.explain.dream.parameterisations import PARAMETERISATIONS

SMALLEST_PX, LARGEST_PX = 16, 768  # of a picture: below nothing can be seen, above one step takes seconds
SMALLEST_OCTAVE_PX = 8


@dataclass(frozen=True)
class DreamOptions:
    """How a dream is made; raises UsageError where a setting makes no sense."""

    size: int | None = None  # side of the picture, px; None: that of the network's crops
    steps: int = 128  # of the ascent, over all octaves
    octaves: int = 3  # sides on the way, coarse to fine
    octave_scale: float = 1.5  # from one octave's side to the next
    step_size: float = 0.06  # of Adam: how far a number moves in a step, in units of a face's spread
    noise: float = 0.2  # contrast of the noise that is begun from, of a face's
    parameterisation: str = "fourier"  # or 'pixels'
    transform: transforms.Transform = transforms.DEFAULT  # what must not matter
    views: int = 1  # draws of the transform that a step's gradient is the mean of
    patience: int = 32  # steps after which an octave ends if the score no longer grows; 0: never before its end
    seed: int = 0  # of the noise and of the transforms
    frames: int = 0  # pictures of the way to keep, evenly spread

    def __post_init__(self) -> None:
        if self.parameterisation not in PARAMETERISATIONS:
            raise UsageError(
                f"there is no parameterisation {self.parameterisation!r}; there are: {', '.join(PARAMETERISATIONS)}"
            )
        for name, least in (("steps", 1), ("octaves", 1), ("views", 1), ("patience", 0), ("frames", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} of a dream must be at least {least}, not {getattr(self, name)}")
        if self.size is not None and not SMALLEST_PX <= self.size <= LARGEST_PX:
            raise UsageError(f"a dream is {SMALLEST_PX} to {LARGEST_PX} px wide, not {self.size}")
        if not 1 < self.octave_scale <= 4 or not self.step_size > 0 or not self.noise >= 0:
            raise UsageError("octave_scale must be over 1 and at most 4, step_size over 0, noise at least 0")
