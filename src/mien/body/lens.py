"""How many pixels a camera gives to an angle: asked for, told by the photo, or what is usual, each with its spread."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mien.errors import UsageError
from mien.types import Frame

LEAST_FOV_DEG, MOST_FOV_DEG = 1.0, 170.0  # a pinhole has less than 180 degrees; below 1 nobody takes faces

# Standard deviations of the logarithm of the focal length.
FOV_SPREAD = 0.03  # a data sheet's whole degrees, and what the driver cuts off for another aspect ratio
EXIF_SPREAD = 0.04  # whole millimetres (26 +- 0.5 is 2 %), focusing near, the stabiliser's margin
# Cameras of laptops and desks, and the front cameras of phones, see 55 to 90 degrees along the diagonal (Logitech's
# data sheets: C270 55, C920 78, Brio 90): 0.5 to 0.96 diagonals. The geometric mean of the two, and 9 of 10 between.
CAMERA_FOCAL, CAMERA_SPREAD = 0.69, 0.20
# A still that does not tell may be of a phone (26 mm as on film: 0.6 diagonals), a portrait lens (85 mm: 2.0), cropped,
# or of a webcam (0.5).
STILL_FOCAL, STILL_SPREAD = 1.0, 0.42


@dataclass(frozen=True)
class Lens:
    """A focal length in pixels, and the standard deviation of its logarithm."""

    focal_px: float
    spread: float


def check_fov(fov_deg: float | None) -> None:
    """Raise UsageError for a horizontal field of view that no lens of ours has."""
    if fov_deg is not None and not LEAST_FOV_DEG <= fov_deg <= MOST_FOV_DEG:
        raise UsageError(
            f"the horizontal field of view is {LEAST_FOV_DEG:g} to {MOST_FOV_DEG:g} degrees; got {fov_deg:g}"
        )


def lens_of(frame: Frame, *, fov_deg: float | None = None, stream: bool = False) -> Lens:
    """The lens that a frame was taken with: by `fov_deg` (across the width), else by its file, else a usual one.

    `stream` tells whether it comes from a camera or a clip, which are less varied than photos.
    """
    if fov_deg is not None:
        return Lens(focal_of_fov(frame.width, fov_deg), FOV_SPREAD)
    if frame.focal_px is not None:
        return Lens(frame.focal_px, EXIF_SPREAD)
    diagonal = math.hypot(frame.width, frame.height)
    share, spread = (CAMERA_FOCAL, CAMERA_SPREAD) if stream else (STILL_FOCAL, STILL_SPREAD)
    return Lens(share * diagonal, spread)


def focal_of_fov(width: int, fov_deg: float) -> float:
    """The focal length in pixels at which a picture of `width` px shows `fov_deg` degrees across."""
    return width / 2 / math.tan(math.radians(fov_deg) / 2)


def fov_of_focal(width: int, focal_px: float) -> float:
    """The inverse of `focal_of_fov`, in degrees."""
    return 2 * math.degrees(math.atan(width / 2 / focal_px))
