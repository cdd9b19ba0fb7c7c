"""What a server can be told: one frozen table whose comments are the manual. It needs no web framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mien.pipeline import PipelineOptions

PROTOCOL = 1  # version of what is spoken on the socket


@dataclass(frozen=True)
class LiveOptions:
    """One server."""

    host: str = "127.0.0.1"
    port: int = 8765  # the next free one where it is taken
    token: str | None = None  # demanded of every client where it is set; must be set beyond this machine
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    data_folder: Path | None = None  # of the diary and the practice scores; None: the user's data folder
    faces: Path | None = None  # faces with people's votes, for practice: fer2013.csv, a folder or a manifest
    votes: Path | None = None  # FERPlus's votes beside fer2013.csv
    demo: Path | None = None  # a clip that stands in for the camera; None: the bundled demo face
    connections: int = 8  # sockets at once
    workers: int = 2  # frames read at once, of all connections together
    frame_bytes: int = 4_000_000  # largest frame on the socket
    upload_bytes: int = 500_000_000  # largest file on `POST /api/read`
    frames_per_s: float = 60.0  # told to clients; who sends half as many again is refused
    frame_pixels: int = 10_000_000  # largest frame on the socket: 4K passes
    max_pixels: int = 40_000_000  # largest picture or clip that is uploaded
    uploads: int = 4  # files read at once
    patience_s: float = 10.0  # for the first message, and for a client that does not take its answers
    idle_s: float = 300.0  # a socket that says nothing for so long is closed
