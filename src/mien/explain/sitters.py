"""The faces that are explained: those of a photo, of a folder of photos, or one of each class of labelled faces.

It finds them with the pipeline and cuts them as each network wants them. It explains nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from mien import images
from mien.data import load
from mien.data.faceset import FaceSet
from mien.errors import DataError, SourceError, UsageError
from mien.explain import gallery
from mien.explain.subject import Subject
from mien.media.inputs import expand_inputs
from mien.pipeline import Pipeline
from mien.types import Face, FloatArray, Frame, ImageArray, Progress, no_progress

MOST_SITTERS = 8  # more make pages that nobody reads
CUT_PX = 100  # a picture no larger in which no face is found is taken as a face already cut out, as data sets have them


@dataclass(frozen=True, eq=False)
class Sitter:
    """A face to explain.

    `name` is what to call it; `image` (H, W, 3) RGB or (S, S) grey holds it; `keypoints` say where, None where the
    image is a crop already. `frame` and `face` are what the pipeline read, None for a crop.
    """

    name: str
    image: ImageArray
    keypoints: FloatArray | None = None
    frame: Frame | None = None
    face: Face | None = None

    def crop(self, subject: Subject) -> ImageArray:
        """(S, S) uint8 grey, as a network takes it."""
        size = subject.input_size
        if self.keypoints is not None:
            return images.crop_face(self.image, self.keypoints, size, geometry_=subject.geometry)
        grey = images.to_grey(self.image) if self.image.ndim == 3 else self.image
        if len(grey) == size:
            return grey.copy()
        way = cv2.INTER_AREA if len(grey) > size else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(grey, (size, size), interpolation=way), np.uint8)


def sitters_of(
    source: str | Path,
    pipeline: Pipeline,
    *,
    most: int = MOST_SITTERS,
    progress: Progress = no_progress,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Sitter]:
    """The faces of a photo (the largest ones), of a folder of photos (the largest of each), or one of each class.

    Args:
        source: a photo, a folder of photos, or labelled faces (fer2013.csv, a manifest, a folder for each class).
        pipeline: finds the faces.
        most: no more than so many.
        progress: told of the photos.
        tell: told, a line each, what was left out and why.

    Raises:
        SourceError: it cannot be read, or has no face.
    """
    if most < 1:
        raise UsageError(f"at least one face must be allowed; got {most}")
    path = Path(source)
    if path.is_dir() or path.suffix.lower() in (".csv", ".parquet"):
        try:
            load.find_layout(path)
        except DataError:
            if not path.is_dir():
                raise
        else:
            labelled = load.load_faces(path, progress=progress)
            for line in labelled.notes:
                tell(line)
            return one_of_each(labelled)[:most]
    photos = [Path(str(one)) for one in expand_inputs([path])]
    if len(photos) == 1:
        return _in_photo(photos[0], pipeline, most)
    found: list[Sitter] = []
    for number, photo in enumerate(photos):
        if len(found) >= most:
            break
        try:
            found += _in_photo(photo, pipeline, 1, is_needed=False)
        except SourceError as error:  # a clip, or a broken file
            tell(f"left out: {error}")
        progress(number + 1, len(photos))
    if not found:
        raise SourceError(f"no face was found in the {len(photos)} pictures of {source}")
    return _told_apart(found)


def _told_apart(sitters: Sequence[Sitter]) -> list[Sitter]:
    """Of several of one name the second is called 'name (2)'."""
    seen: Counter[str] = Counter()
    apart = []
    for one in sitters:
        seen[one.name] += 1
        apart.append(one if seen[one.name] == 1 else replace(one, name=f"{one.name} ({seen[one.name]})"))
    return apart


def one_of_each(faces: FaceSet) -> list[Sitter]:
    """The face of each class on which people agree most, as it was cut."""
    return [Sitter(label, faces.pixels[index]) for label, index in gallery.one_per_class(faces).items()]


def _in_photo(path: Path, pipeline: Pipeline, most: int, *, is_needed: bool = True) -> list[Sitter]:
    frame = Frame(images.decode_image(path), source=str(path))
    faces: Sequence[Face] = pipeline.read(frame).faces
    if not faces and max(frame.width, frame.height) <= CUT_PX:
        return [Sitter(path.stem, _squared(frame.image))]
    if not faces and is_needed:
        raise SourceError(f"no face was found in {path}")
    chosen = sorted(faces, key=lambda face: -face.box.side)[:most]
    chosen.sort(key=lambda face: face.box.centre[0])
    names = [path.stem] if len(chosen) == 1 else [f"{path.stem}, {place + 1}" for place in range(len(chosen))]
    return [Sitter(name, frame.image, face.keypoints, frame, face) for name, face in zip(names, chosen, strict=True)]


def _squared(image: ImageArray) -> ImageArray:
    """The middle square, grey."""
    grey = images.to_grey(image)
    side = min(grey.shape)
    top, left = ((length - side) // 2 for length in grey.shape)
    return np.ascontiguousarray(grey[top : top + side, left : left + side])
