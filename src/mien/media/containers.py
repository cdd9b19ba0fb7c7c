"""Files and streams opened with FFmpeg (PyAV) in one careful way, and the clock of what is in them.

Only containers of a fixed list are opened, and only over the protocols that the address itself names, so that a
file cannot make the program read other files or call other machines. FFmpeg's own log stays silent.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import BinaryIO

import av
import av.logging
from av.container import InputContainer

# FFmpeg's demuxers that read one file and nothing else. Not among them, on purpose: those that follow names found
# inside (concat, hls, dash, image2, sdp), and those that take any text for a film (tty).
CONTAINERS = [
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv"),
    *("live_flv", "asf", "ogg", "mxf", "nut", "ivf", "dv", "h264", "hevc", "vvc", "av1", "obu", "m4v", "h263", "h261"),
    *("vc1", "mjpeg", "mpjpeg", "yuv4mpegpipe", "gif", "apng", "rm", "wtv", "flic", "gxf", "rtsp"),
]
PLAYLISTS = ["concat", "hls", "dash", "sdp"]
SCHEMES = ["http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "tcp"]
NETWORK_PROTOCOLS = [*SCHEMES, "tls", "httpproxy", "crypto"]
PATIENCE_S = 10.0  # wait this long for a network stream
OUT_OF_ORDER_S = 0.5  # a clock that falls back further begins anew
MOST_PIXELS = 2**31 - 1  # FFmpeg's own limit goes no higher


def open_container(
    where: Path | str | BinaryIO, *, max_pixels: int = MOST_PIXELS, allow_playlists: bool = False
) -> InputContainer | None:
    """Open a file (a path, or an open binary file) or an address (str); None when it is of a kind not on the list.

    Raises whatever PyAV raises: `FFmpegError`, `ValueError` and others.
    """
    av.logging.set_level(None)
    formats = [*CONTAINERS, *(PLAYLISTS if allow_playlists else [])]
    settings = {
        "format_whitelist": ",".join(formats),
        "protocol_whitelist": ",".join(_protocols(where, allow_playlists)),
        "max_pixels": pixel_limit(max_pixels),
    }
    # 'file:' keeps a name such as 'concat:a|b' a name.
    address = f"file:{where}" if isinstance(where, Path) else where
    timeout = PATIENCE_S if isinstance(where, str) else None
    container = av.open(address, "r", options=settings, metadata_errors="replace", timeout=timeout)
    if not isinstance(container, InputContainer) or not set(container.format.name.split(",")) & set(formats):
        container.close()  # a second lock on the same door
        return None
    return container


def pixel_limit(max_pixels: int) -> str:
    """FFmpeg's option `max_pixels`."""
    return str(min(max_pixels, MOST_PIXELS))


def _protocols(where: Path | str | BinaryIO, allow_playlists: bool) -> list[str]:
    """What FFmpeg may speak: an address the network, a file the disk, bytes nothing; a trusted playlist also both."""
    if isinstance(where, str):
        return NETWORK_PROTOCOLS
    if not isinstance(where, Path):
        return ["none"]
    return ["file", *(NETWORK_PROTOCOLS if allow_playlists else [])]


class SteadyClock:
    """Seconds that go on where those stated in a file begin anew, as in recordings that were joined byte by byte.

    A short way back is let pass: decoders give the pictures of a damaged clip a little out of order.
    """

    def __init__(self) -> None:
        self._shift_s = self._step_s = 0.0
        self._next_s = -math.inf

    def time_of(self, stated_s: float | None, step_s: float) -> float:
        """Where a piece of `step_s` seconds begins that is said to begin at `stated_s`; None: after the one before."""
        time_s = max(0.0, self._next_s) if stated_s is None else stated_s + self._shift_s
        if time_s < self._next_s - self._step_s - max(self._step_s, OUT_OF_ORDER_S):
            self._shift_s += self._next_s - time_s
            time_s = self._next_s
        self._next_s, self._step_s = time_s + step_s, step_s
        return time_s
