"""A frame as it comes over the socket: twenty bytes that say what it is, then its pixels or its picture.

Little endian: id (uint32), time_s (float64), kind (uint8: 0 a JPEG, PNG or WebP; 1 raw RGBA), one unused byte, width
and height (uint16; 0 for a picture), two unused bytes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from mien import images
from mien.errors import SourceError
from mien.types import ImageArray

HEADER = struct.Struct("<IdBxHH2x")
ENCODED, RAW = 0, 1
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")  # JPEG, PNG, WebP


@dataclass(frozen=True)
class SentFrame:
    """One frame before it is decoded."""

    id: int
    time_s: float
    kind: int
    width: int
    height: int
    data: bytes

    def pixels(self, max_pixels: int) -> ImageArray:
        """Decode it: (H, W, 3) uint8 RGB. Raises SourceError when it is broken or has more than `max_pixels`."""
        if self.kind == ENCODED:
            return images.decode_image(self.data, max_pixels=max_pixels, name=f"frame {self.id}")
        images.check_size(self.width, self.height, f"frame {self.id}", max_pixels)
        return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width, 4)[..., :3].copy()


def pack_frame(id_: int, time_s: float, data: bytes, *, size: tuple[int, int] | None = None) -> bytes:
    """One binary message: an encoded picture, or raw RGBA of `size` (width, height)."""
    width, height = size or (0, 0)
    return HEADER.pack(id_, time_s, ENCODED if size is None else RAW, width, height) + data


def parse_frame(message: bytes) -> SentFrame:
    """The inverse of `pack_frame`. Raises SourceError when the bytes are no such message."""
    if len(message) <= HEADER.size:
        raise SourceError(f"a frame is {HEADER.size} bytes of header and a picture; this message has {len(message)}")
    id_, time_s, kind, width, height = HEADER.unpack_from(message)
    data = message[HEADER.size :]
    if not (math.isfinite(time_s) and time_s >= 0):
        raise SourceError(f"frame {id_} has no time: time_s is a number of seconds, 0 or more")
    if kind == RAW and (len(data) != width * height * 4 or not data):
        raise SourceError(f"frame {id_} says {width} x {height} RGBA, which is not {len(data)} bytes")
    if kind == ENCODED and not data.startswith(BEGINNINGS):
        raise SourceError(f"frame {id_} is no JPEG, PNG or WebP")
    if kind not in (ENCODED, RAW):
        raise SourceError(f"frame {id_} is of kind {kind}: there are 0 (a picture) and 1 (raw RGBA)")
    return SentFrame(id_, time_s, kind, width, height, data)
