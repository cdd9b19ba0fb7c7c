"""Pictures as arrays: colour, resampling, and `crop_face`, the one way a face reaches the recogniser.

Training, evaluation and live use share `crop_face`, so a live face lies in its crop as the training faces lie in
theirs. Nothing here knows networks or files.
"""

from __future__ import annotations

import io
import math
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from mien import geometry
from mien.errors import SourceError, TooLargeError
from mien.types import FloatArray, ImageArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

# How pictures are called in folders, which hold other files too; each is then decoded by its content.
PICTURE_ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".heic"),
    *(".heif", ".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c", ".ppm", ".pgm", ".pbm", ".pnm"),
}


@dataclass(frozen=True)
class CropGeometry:
    """Where the eyes and the mouth lie in a crop, in units of its side.

    The defaults are the means over the faces of FER2013's Training rows whose mesh is found
    (`benchmarks/face_geometry.py` measures them again).
    """

    eye_y: float = 0.376
    eye_distance: float = 0.375
    mouth_y: float = 0.757

    def points(self, size: int) -> NDArray[np.float64]:
        """Right eye, left eye and mouth in a crop of `size` px: (3, 2)."""
        half = self.eye_distance / 2
        return size * np.array([[0.5 - half, self.eye_y], [0.5 + half, self.eye_y], [0.5, self.mouth_y]])

    def to_dict(self) -> dict[str, float]:
        """As plain JSON values, for the model's card."""
        return asdict(self)


DEFAULT_GEOMETRY = CropGeometry()
COARSEST = 4  # at 12 megapixels with noise, hits score .82 instead of .72 without averaging


def to_grey(image: ImageArray) -> ImageArray:
    """RGB (H, W, 3) to grey (H, W), Rec. 601 as Pillow's 'L' does; grey passes through."""
    return np.asarray(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def warp(
    image: ImageArray, matrix: geometry.Matrix, size: int, *, smooth: bool = False, black: bool = False
) -> ImageArray:
    """Draw a picture through an affine (2, 3) matrix onto a square of `size` px; outside, its edge repeats.

    Coordinates are continuous (the middle of the first pixel is 0.5, 0.5), as those of boxes and meshes are;
    OpenCV counts from pixel middles, hence the shift. `smooth` interpolates with cubics, else linearly. With `black`
    there is black outside the picture.
    """
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    flags = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    border = cv2.BORDER_CONSTANT if black else cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(image, shifted, (size, size), flags=flags, borderMode=border))


def draw_square(
    image: ImageArray, centre: tuple[float, float], side: float, roll_deg: float, size: int, *, black: bool = False
) -> tuple[ImageArray, geometry.Matrix]:
    """Cut a turned square of a picture out as a network wants it: (size, size, 3), and the matrix that did it.

    A square much larger than `size` is averaged down, up to COARSEST fold, lest the grain of a large photo alias.
    Outside the picture its edge repeats, or with `black` all is black.
    """
    matrix = geometry.square_to_pixels(centre, side, roll_deg, size)
    factor = min(COARSEST, *image.shape[:2], max(1, math.ceil(side / size / 2)))  # linear sampling averages over two
    if factor == 1:
        return warp(image, matrix, size, black=black), matrix
    reach = side / 2 * (abs(math.cos(math.radians(roll_deg))) + abs(math.sin(math.radians(roll_deg))))
    part, (left, top) = _coarse_part(image, centre, reach, factor)
    place = np.array([[factor, 0, left], [0, factor, top], [0, 0, 1]])
    return warp(part, matrix @ place, size, black=black), matrix


def _coarse_part(
    image: ImageArray, centre: tuple[float, float], reach: float, factor: int
) -> tuple[ImageArray, tuple[int, int]]:
    """What lies within `reach` px of a point in x and in y, each `factor` x `factor` px averaged, and its corner.

    To average first and then turn is three times as fast as the other way round. Pixels at the picture's edge that fill
    no whole block are left out.
    """
    (top, rows), (left, columns) = (
        _blocks(middle, reach, length, factor) for middle, length in zip(centre[::-1], image.shape[:2], strict=True)
    )
    part = image[top : top + rows * factor, left : left + columns * factor]
    return np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8), (left, top)


def _blocks(middle: float, reach: float, length: int, factor: int) -> tuple[int, int]:
    """Where whole blocks begin that cover `reach` around the middle and a block more, inside `length`; how many."""
    start = min(max(0, math.floor(middle - reach) - factor), length - factor)
    wanted = math.ceil((middle + reach - start) / factor) + 1
    return start, max(1, min(wanted, (length - start) // factor))


def crop_matrix(keypoints: FloatArray, size: int, geometry_: CropGeometry = DEFAULT_GEOMETRY) -> geometry.Matrix:
    """The similarity that puts a face's eyes and mouth where the crop wants them.

    Args:
        keypoints: at least 4 rows (right eye, left eye, nose, mouth), px.
        size: side of the crop, px.

    Returns:
        (2, 3), from the picture to the crop.
    """
    return geometry.similarity(keypoints[[0, 1, 3]], geometry_.points(size))


def crop_face(
    image: ImageArray, keypoints: FloatArray, size: int = 48, *, geometry_: CropGeometry = DEFAULT_GEOMETRY
) -> ImageArray:
    """Cut a face out upright, with eyes and mouth where the training faces have them: (size, size) uint8 grey.

    A face larger than the crop is averaged down without aliasing; what lies outside the picture repeats its edge.

    Args:
        image: (H, W, 3) RGB or (H, W) grey, uint8.
        keypoints: at least 4 rows (right eye, left eye, nose, mouth), px; the person's right.
    """
    matrix = crop_matrix(keypoints, size, geometry_)
    oversample = min(16, max(1, math.ceil(1 / max(geometry.scale_of(matrix), 1e-6) - 0.01)))
    # Grey is taken of the crop, not of the picture: a 4K frame costs no more than a small one.
    crop = warp(image, matrix * oversample, size * oversample, smooth=oversample == 1)
    if oversample > 1:
        crop = np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return to_grey(crop)


# --- decoding -------------------------------------------------------------------------------------------------------

# Formats that Pillow may try: those that cameras, browsers and scanners write. Others (EPS starts another program,
# WMF and PSD are large surfaces for bad input) are left alone.
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")
# Pillow's limit and Python's warning filters are global; whoever changes them for a moment holds this.
_PILLOW = threading.RLock()
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def decode_image(data: bytes | Path, *, max_pixels: int = 100_000_000, name: str | None = None) -> ImageArray:
    """Decode a picture to (H, W, 3) uint8 RGB: turned as its EXIF says, 16 bits scaled to 8, alpha over white.

    Of an animation it is the first frame. `name` is what errors call it.

    Raises:
        SourceError: no such file, no picture, broken, or more than `max_pixels`.
    """
    name = name or (str(data) if isinstance(data, Path) else "the picture")
    with ExitStack() as stack:
        file = stack.enter_context(open_binary(data)) if isinstance(data, Path) else io.BytesIO(data)
        image = open_picture(file, name, max_pixels=max_pixels)
        if image is not None:
            stack.enter_context(image)
            return picture_pixels(image, name)
        if is_heif(file):
            return _decode_heif(file, name, max_pixels)
    raise SourceError(f"{name} is not a picture that can be read (JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF, HEIC)")


def open_binary(path: Path) -> BinaryIO:
    """Open a file to read its bytes; SourceError when it is missing, a folder, empty, or not allowed."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise SourceError(f"there is no file {path}: check the name") from error
    except IsADirectoryError as error:
        raise SourceError(f"{path} is a folder: name a file in it") from error
    except PermissionError as error:
        raise SourceError(f"{path} may not be read by this user: change its permissions") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise SourceError(f"{str(path)!r} cannot be opened: {one_line(error)}") from error
    if os.fstat(file.fileno()).st_size == 0 and path.is_file():
        file.close()
        raise SourceError(f"{path} is empty (0 bytes): copy or download it again")
    return file


def open_picture(file: BinaryIO, name: str, *, max_pixels: int) -> Image.Image | None:
    """Identify a picture without decoding it; None when it is in no format that Pillow reads.

    Raises SourceError when it has more than `max_pixels`.
    """
    with _pillow_limits(max_pixels):
        try:
            image = Image.open(file, formats=PICTURE_FORMATS)
        except Image.DecompressionBombError as error:  # more than twice as many
            raise TooLargeError(too_large(name, max_pixels)) from error
        except UnidentifiedImageError:
            file.seek(0)
            return None
        except Exception as error:  # plugins raise anything on broken headers (ValueError, OverflowError, ...)
            if is_heif(file):  # looks like AVIF to the plugin
                return None
            raise SourceError(f"{name} is damaged or cut off ({one_line(error)}): copy or download it again") from error
    check_size(image.width, image.height, name, max_pixels)
    return image


def picture_pixels(image: Image.Image, name: str) -> ImageArray:
    """Decode an opened picture (its current frame) to (H, W, 3) uint8 RGB; SourceError when it is broken."""
    try:
        with _pillow_limits(image.width * image.height):
            image.load()
            # A damaged EXIF block must not cost the picture.
            with suppress(Exception):
                image = ImageOps.exif_transpose(image)
        return _to_rgb(image, name)
    except SourceError:
        raise
    except Exception as error:  # Pillow's decoders share no base
        raise SourceError(f"{name} is damaged or cut off ({one_line(error)}): copy or download it again") from error


def exif_of(image: Image.Image) -> dict[int, Any]:
    """What a camera noted beside an opened photo: EXIF's own tags by number, none where the block is damaged."""
    with suppress(Exception), _pillow_limits(image.width * image.height):
        return dict(image.getexif().get_ifd(ExifTags.IFD.Exif))
    return {}


def _to_rgb(image: Image.Image, name: str) -> ImageArray:
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey(np.asarray(image), name)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        image = paper
    return np.array(image.convert("RGB"))  # a copy: Pillow's own buffer is read-only


def _deep_grey(values: NDArray[Any], name: str) -> ImageArray:
    """Grey of 16 or 32 bits or floating point to RGB: 0..1, 0..255 or 0..65535, the smallest range that holds it.

    Whole numbers are taken as 16 bits, the only depth in which files of this kind are usual.
    """
    if not np.isfinite(values).all():
        raise SourceError(f"{name} holds values that are no numbers: save it with 8 or 16 bits")
    peak = float(values.max())
    whole = values.dtype.kind in "iu"
    scale = 65535.0 if whole else next((top for top in (1.0, 255.0, 65535.0) if peak <= top), 0.0)
    if values.min() < 0 or peak > 65535:
        raise SourceError(f"{name} holds values outside 0..65535: save it with 8 or 16 bits")
    grey = np.rint(values.astype(np.float32) * (255 / scale)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    """Raise SourceError when a picture has more than `max_pixels`, or none."""
    if width < 1 or height < 1:
        raise SourceError(f"{name} has no pixels ({width} x {height})")
    if width * height > max_pixels:
        raise TooLargeError(too_large(f"{name} ({width} x {height})", max_pixels))


def too_large(name: str, max_pixels: int) -> str:
    """The line that says that a picture is over the limit."""
    return f"{name} has more than {max_pixels:,} pixels: make it smaller, or raise the limit with --max-pixels"


def one_line(error: BaseException) -> str:
    """An error's text as one line that is not empty."""
    return " ".join(str(error).split())[:200] or type(error).__name__


@contextmanager
def _pillow_limits(max_pixels: int) -> Iterator[None]:
    """Our limit instead of Pillow's for a moment, and its Python warnings kept off the terminal."""
    with _PILLOW, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def is_heif(file: BinaryIO) -> bool:
    """Whether a file begins as HEIC pictures do (ISO/IEC 23008-12, brands of the 'ftyp' box)."""
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def _decode_heif(file: BinaryIO, name: str, max_pixels: int) -> ImageArray:
    """A HEIC picture through FFmpeg. Phones cut theirs into tiles, which FFmpeg gives one by one: refused."""
    import av
    import av.logging

    av.logging.set_level(None)
    try:
        with av.open(file, options={"format_whitelist": "mov", "protocol_whitelist": "none"}) as container:
            assert isinstance(container, av.container.InputContainer)
            whole = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.dependent]
            if not whole:
                raise SourceError(f"{name} is a HEIC picture made of tiles: save it as JPEG or PNG")
            stream = max(whole, key=lambda s: s.width * s.height)
            check_size(stream.width, stream.height, name, max_pixels)
            frame = next(container.decode(stream))
            return video_pixels(frame)
    except (av.FFmpegError, StopIteration, ValueError, IndexError) as error:
        raise SourceError(f"{name} is a HEIC picture that cannot be read: save it as JPEG or PNG") from error


def video_pixels(
    frame: VideoFrame, size: tuple[int, int] | None = None, converter: VideoReformatter | None = None
) -> ImageArray:
    """A decoded frame of FFmpeg as (H, W, 3) uint8 RGB, scaled to `size` (w, h), then turned as its file says.

    A `converter` kept from frame to frame saves its making, half of the time.
    """
    width, height = size or (frame.width, frame.height)
    # PyAV would start threads for each frame: 1 to 5 ms where one thread takes 0.1 to 0.3.
    if converter is None:
        rgb = frame.reformat(width, height, "rgb24", threads=1)
    else:
        rgb = converter.reformat(frame, width, height, "rgb24", threads=1)
    # FFmpeg gives the turn counter-clockwise, as numpy does; others than quarters do not occur in practice.
    return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), round(frame.rotation / 90)))
