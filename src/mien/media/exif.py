"""The camera's focal length in pixels, from what a photo says about itself (EXIF 2.32, CIPA DC-008).

Nothing of it is trusted: zeros, nonsense and traces of cropping give None, never an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image

from mien import images

FILM_DIAGONAL_MM = math.hypot(36, 24)  # 'in 35 mm film' compares the diagonals of the pictures (CIPA DC-008)
MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # of FocalPlaneResolutionUnit
LEAST_FOCAL, MOST_FOCAL = 0.15, 30.0  # in diagonals of the picture: 6 mm fisheyes to 1,300 mm, as on 35 mm film
SAME_SHAPE = 0.02  # aspect ratios that differ by less are one: thumbnails are rounded to whole pixels


def focal_px_of(image: Image.Image) -> float | None:
    """The focal length of the camera that took an opened photo, in its pixels; None where the photo does not tell.

    Turning a photo does not change it, and a reduced one is taken as the whole of what the camera saw. One whose shape
    is not the shape that the camera noted was cropped, by nobody knows how much: None.
    """
    tags = images.exif_of(image)
    taken = _size_taken(tags)
    if taken is not None and not _is_same_shape(image.size, taken):
        return None
    diagonal = math.hypot(*image.size)
    for share in (_from_film(tags), _from_sensor(tags, taken or image.size)):
        if share is not None and LEAST_FOCAL <= share <= MOST_FOCAL:
            return share * diagonal
    return None


def _size_taken(tags: Mapping[int, Any]) -> tuple[float, float] | None:
    width, height = (_positive(tags.get(tag)) for tag in (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight))
    return None if width is None or height is None else (width, height)


def _is_same_shape(size: tuple[float, float], taken: tuple[float, float]) -> bool:
    """Whether two sizes have one aspect ratio, one of them turned by a quarter or not."""
    return abs(math.log(max(size) / min(size) * min(taken) / max(taken))) <= SAME_SHAPE


def _from_film(tags: Mapping[int, Any]) -> float | None:
    """The focal length in diagonals of the picture, from its equivalent on 35 mm film."""
    film_mm = _positive(tags.get(ExifTags.Base.FocalLengthIn35mmFilm))
    return None if film_mm is None else film_mm / FILM_DIAGONAL_MM


def _from_sensor(tags: Mapping[int, Any], taken: tuple[float, float]) -> float | None:
    """The same from the length in mm and the sensor's pixels per mm."""
    base = ExifTags.Base
    focal_mm, per_unit = _positive(tags.get(base.FocalLength)), _positive(tags.get(base.FocalPlaneXResolution))
    unit_mm = MM_PER_UNIT.get(tags.get(base.FocalPlaneResolutionUnit, 2))
    if focal_mm is None or per_unit is None or unit_mm is None:
        return None
    return focal_mm * per_unit / unit_mm / math.hypot(*taken)


def _positive(value: Any) -> float | None:
    """A number above zero, or None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if 0 < number < math.inf else None
