"""What a dream changes: the numbers behind a picture. Pixels, or a spectrum in which all frequencies weigh alike.

A parameterisation turns pictures into numbers (`encode`), numbers into pictures (`decode`, its inverse), and draws
noise to begin from. Both kinds here pass through a sigmoid, so that a picture never leaves grey 0..255.

Why a spectrum: in pixels, a step of the ascent changes fine and coarse structure alike, and what pleases a network
most per step is fine noise. In pictures of faces the amplitude of a frequency falls with about its 1.5th power. When
the numbers are the spectrum divided by that fall, equal steps change the picture as much as faces differ at each
frequency (the 'decorrelated' space of Olah, Mordvintsev and Schubert 2017; as our networks see grey, there is
no colour to decorrelate). It is a change of coordinates: every picture can still be reached.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Generator, Tensor

# Of FER2013's Training faces, as logits of their grey (`benchmarks/dream.py --data fer2013.csv` measures them again):
SLOPE = 1.5  # the mean amplitude falls with this power of the frequency (Hann window)
CONTRAST = 1.25  # standard deviation within a face


class Parameterisation(Protocol):
    """Pictures (N, 1, S, S) in grey 0..255 as numbers whose first dimension is N, and back."""

    def encode(self, pictures: Tensor) -> Tensor:
        """The numbers of pictures; black and white are taken half a grey level away from their ends."""

    def decode(self, numbers: Tensor) -> Tensor:
        """The pictures of numbers; gradients flow."""

    def noise(self, side: int, rng: Generator) -> Tensor:
        """The numbers of one picture of noise, of a spread of 1 in each."""


class Pixels:
    """Each pixel a number: the logit of its grey, in units of a face's contrast."""

    def encode(self, pictures: Tensor) -> Tensor:
        """(N, 1, S, S)."""
        return _logit(pictures) / CONTRAST

    def decode(self, numbers: Tensor) -> Tensor:
        """(N, 1, S, S)."""
        return _grey(numbers * CONTRAST)

    def noise(self, side: int, rng: Generator) -> Tensor:
        """(1, 1, S, S)."""
        return torch.randn(1, 1, side, side, generator=rng)


class Fourier:
    """The spectrum of the grey's logits, each frequency in units of what faces have there.

    `slope` is the power of the frequency with which that falls; 0 weighs all alike, as pixels do.
    """

    def __init__(self, slope: float = SLOPE) -> None:
        self.slope = slope

    def encode(self, pictures: Tensor) -> Tensor:
        """(N, 1, S, S // 2 + 1, 2): real and imaginary parts."""
        spectrum = torch.fft.rfft2(_logit(pictures), norm="ortho")
        return torch.view_as_real(spectrum / self.amplitudes(pictures.shape[-1]))

    def decode(self, numbers: Tensor) -> Tensor:
        """(N, 1, S, S)."""
        side = numbers.shape[2]
        spectrum = torch.view_as_complex(numbers) * self.amplitudes(side)
        return _grey(torch.fft.irfft2(spectrum, s=(side, side), norm="ortho"))

    def noise(self, side: int, rng: Generator) -> Tensor:
        """(1, 1, S, S // 2 + 1, 2)."""
        return torch.randn(1, 1, side, side // 2 + 1, 2, generator=rng)

    def amplitudes(self, side: int) -> Tensor:
        """What one unit of each frequency is: (S, S // 2 + 1), so that noise of spread 1 has a face's contrast."""
        down, across = torch.fft.fftfreq(side, 1 / side), torch.fft.rfftfreq(side, 1 / side)
        waves = torch.hypot(down[:, None], across[None])  # in the picture's side
        fall = waves.clamp(min=1) ** -self.slope
        # A number stands for two of the full spectrum; in the first column, and the last of an even side, the two of a
        # pair are both there, and half of what they say cancels out.
        weight = torch.full_like(fall, 2.0)
        weight[:, 0] = 0.5
        if side % 2 == 0:
            weight[:, -1] = 0.5
        power = (weight * fall.square()).sum() / side**2
        return fall * (CONTRAST / (2 * power).sqrt())  # 2: real and imaginary parts


PARAMETERISATIONS = {"fourier": Fourier, "pixels": Pixels}


def _logit(pictures: Tensor) -> Tensor:
    return torch.logit((pictures.clamp(0, 255) + 0.5) / 256)


def _grey(logits: Tensor) -> Tensor:
    return 256 * torch.sigmoid(logits) - 0.5
