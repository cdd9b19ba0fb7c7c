"""Listed pictures as labelled faces: photos go through detection and `crop_face`, ready crops stay crops.

What a data set lists is a `Listing`; `cut_faces` makes a `FaceSet` of it, and says in its notes what was left out.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from mien import images
from mien.data import align
from mien.data.faceset import FaceSet
from mien.errors import DataError, SourceError
from mien.faces.detect import BlazeFace, FaceFinder
from mien.faces.mesh import MeshNet
from mien.files import identity
from mien.models import weights_path
from mien.types import Box, FloatArray, ImageArray, Progress, no_progress

SMALL_SIDE = 128  # px: a squarish picture up to this side is a ready crop; a photo's face would be too small here
CROP_SIDE = 256  # px: one up to this side may be a crop in which no face is found (AffectNet's have 224)
SQUARISH = 1.25  # the longer side by the shorter, at most
AROUND = 2.0  # sides of a listed box that are searched for its face: the mesh wants 1.5
SHOWN = 12  # files that a note names


@dataclass(frozen=True)
class Listed:
    """One picture of a data set.

    `label` indexes into LABELS, -1 for none; `votes` are counts in the order of VOTE_LABELS, none for no votes; `box`
    says which face of a photo is meant, where the data set says it; `is_crop` that the face was cut out already.
    """

    path: Path
    label: int = -1
    split: str = "Training"
    votes: tuple[float, ...] = ()
    valence: float = math.nan
    box: Box | None = None
    is_crop: bool = False


@dataclass(frozen=True)
class Listing:
    """The pictures that a data set lists, in its order, and what its user should be told."""

    pictures: list[Listed]
    notes: tuple[str, ...] = ()


@dataclass
class _Report:
    """Which pictures went otherwise than one would expect."""

    photos: int = 0
    unreadable: list[str] = field(default_factory=list)
    faceless: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)

    def notes(self, total: int) -> list[str]:
        """As lines; none where all went well."""
        kinds = [
            (self.unreadable, total, "pictures cannot be read and are left out"),
            (self.faceless, self.photos, "photos show no face and are left out"),
            (self.several, self.photos, "photos show several faces, of which the largest is taken"),
            (
                self.unsure,
                total,
                f"pictures of at most {CROP_SIDE} px show no face that is found; they are taken whole",
            ),
        ]
        return [f"{len(files)} of {count} {what}: {named(files)}" for files, count, what in kinds if files]


def named(files: Sequence[object]) -> str:
    """The first of many files, for one line."""
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(str(one) for one in files[:SHOWN]) + more


def pictures_below(folder: Path) -> Iterator[Path]:
    """Every picture in a folder and below by its ending, sorted; hidden ones are passed over.

    Links to folders are followed, but into no folder twice, nor into one that holds `folder` itself.

    Raises:
        DataError: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"cannot read {error.filename}: {error.strerror}") from error

    entered = {identity(above) for above in Path(os.path.abspath(folder)).parents}
    for here, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        this = identity(Path(here))
        if this in entered:
            folders.clear()
            continue
        entered.add(this)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from filter(_is_picture, (Path(here, name) for name in sorted(files)))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder itself and not below, else as `pictures_below`."""
    try:
        return sorted(filter(_is_picture, folder.iterdir()))
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror}") from error


def _is_picture(path: Path) -> bool:
    """Whether a name is a picture's. A link that leads nowhere is one too, told later as one that cannot be read."""
    if path.name.startswith(".") or path.suffix.lower() not in images.PICTURE_ENDINGS:
        return False
    return os.path.isfile(path) or not os.path.exists(path)  # no folder, and no pipe, which would keep us waiting


def cut_faces(listing: Listing, size: int = 48, progress: Progress = no_progress) -> FaceSet:
    """Decode all pictures of a listing and cut out their faces.

    What is listed as a crop, or squarish and at most SMALL_SIDE px, is only resized (`align` finds its eyes and mouth
    later). In all others faces are looked for; the largest is cut with `crop_face`, and those without a face are left
    out, unless they look like crops (squarish, at most CROP_SIDE px).

    Args:
        listing: what to read.
        size: side of the crops, px.
        progress: called with pictures done and pictures in all.

    Returns:
        Faces in the order of the listing; `rows` are places in it, `notes` tell what was left out.

    Raises:
        DataError: nothing is left.
    """
    cutter, report = _Cutter(size), _Report()
    crops, kept = [], []
    for index, one in enumerate(listing.pictures):
        if index % 16 == 0:
            progress(index, len(listing.pictures))
        crop = _cut(cutter, one, report)
        if crop is not None:
            crops.append(crop)
            kept.append(index)
    progress(len(listing.pictures), len(listing.pictures))
    notes = (*listing.notes, *report.notes(len(listing.pictures)))
    if not crops:
        raise DataError(f"no faces are left: {'; '.join(notes) or 'no pictures are listed'}")
    return _as_faces(listing.pictures, kept, np.stack(crops), notes)


def _as_faces(pictures: list[Listed], kept: list[int], pixels: ImageArray, notes: tuple[str, ...]) -> FaceSet:
    chosen = [pictures[index] for index in kept]
    return FaceSet(
        pixels=pixels,
        labels=np.asarray([one.label for one in chosen], np.int64),
        votes=np.asarray([one.votes or (0.0,) * 10 for one in chosen], np.float32),
        splits=np.asarray([one.split for one in chosen], np.str_),
        rows=np.asarray(kept, np.int64),
        named=np.ones(len(chosen), bool),
        valence=np.asarray([one.valence for one in chosen], np.float32),
        files=np.asarray([str(one.path) for one in chosen], np.str_),
        notes=notes,
    )


def _cut(cutter: _Cutter, one: Listed, report: _Report) -> ImageArray | None:
    try:
        image = images.decode_image(one.path)
    except SourceError:
        report.unreadable.append(str(one.path))
        return None
    if one.box is None and (one.is_crop or is_crop(image)):
        return whole_crop(image, cutter.size)
    crop, faces = cutter(image, one.box)
    if crop is None and _is_squarish(image) and max(image.shape[:2]) <= CROP_SIDE:
        report.unsure.append(str(one.path))
        return whole_crop(image, cutter.size)
    report.photos += 1
    if crop is None:
        report.faceless.append(str(one.path))
    elif faces > 1 and one.box is None:
        report.several.append(str(one.path))
    return crop


def is_crop(image: ImageArray) -> bool:
    """Whether a picture is taken for a face that was cut out already: it is small and squarish."""
    return max(image.shape[:2]) <= SMALL_SIDE and _is_squarish(image)


def _is_squarish(image: ImageArray) -> bool:
    return bool(max(image.shape[:2]) <= SQUARISH * min(image.shape[:2]))


def whole_crop(image: ImageArray, size: int) -> ImageArray:
    """A ready crop as (size, size) grey: made square by repeating its edges, averaged down or interpolated."""
    square = _square(images.to_grey(image))
    if len(square) == size:
        return square
    way = cv2.INTER_AREA if len(square) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size, size), interpolation=way), np.uint8)


def _square(grey: ImageArray) -> ImageArray:
    height, width = grey.shape
    up, left = (max(height, width) - height) // 2, (max(height, width) - width) // 2
    down, right = max(height, width) - height - up, max(height, width) - width - left
    return np.asarray(cv2.copyMakeBorder(grey, up, down, left, right, cv2.BORDER_REPLICATE))


class _Cutter:
    """Cuts the face out of a photo; its networks are opened with the first one."""

    def __init__(self, size: int) -> None:
        self.size = size

    @cached_property
    def _finder(self) -> FaceFinder:
        net = MeshNet(weights_path("face_landmark"))
        return FaceFinder(BlazeFace(weights_path("face_detection_full_range")), net)

    def __call__(self, image: ImageArray, box: Box | None) -> tuple[ImageArray | None, int]:
        """The crop of the largest face, or of the one in the box, and how many faces there are; None for none."""
        part = image if box is None else _part(image, box, AROUND)
        keypoints, count = self._find(part)
        if keypoints is not None:
            return images.crop_face(part, keypoints, self.size), count
        return (None if box is None else whole_crop(_part(image, box, 1.0), self.size)), count

    def _find(self, image: ImageArray) -> tuple[FloatArray | None, int]:
        """The keypoints of the largest face, and how many faces there are."""
        views = self._finder.views(image.shape[1], image.shape[0])
        whole = len(self._finder.detector.whole_turns)
        # Most photos of such sets show one large face: the tiles, two thirds of the time, are for the others.
        for chosen in (views[:whole], views[whole:]):
            faces = self._finder.find(image, chosen) if chosen else []
            if faces:
                return max(faces, key=lambda face: face.box.side).keypoints, len(faces)
        keypoints = self._fit_whole(image) if _is_squarish(image) else None
        return keypoints, int(keypoints is not None)

    def _fit_whole(self, image: ImageArray) -> FloatArray | None:
        """Keypoints of a face that fills the picture: tight crops hide it from the detector, not from the mesh."""
        square = _square(images.to_grey(image))
        found = align.find_keypoints(self._finder.mesh_net, square[None])[0]
        shift = (len(square) - np.array(image.shape[1::-1])) // 2
        return None if np.isnan(found).any() else np.asarray(found - shift, np.float32)


def _part(image: ImageArray, box: Box, scale: float) -> ImageArray:
    """What lies in a box, made `scale` times as large around its middle; the whole picture if that is nothing."""
    (x, y), half = box.centre, box.side * scale / 2
    top, left = max(0, int(y - half)), max(0, int(x - half))
    part = image[top : max(top, math.ceil(y + half)), left : max(left, math.ceil(x + half))]
    return part if part.size else image
