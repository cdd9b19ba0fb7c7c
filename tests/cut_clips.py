"""Clips for the tests that break off, as a recording does whose disk was full."""

from __future__ import annotations

from pathlib import Path

import av


def whole_and_cut(clip: Path, folder: Path, suffix: str) -> tuple[Path, Path]:
    """The pictures of a clip in another container, whole, and the first six tenths of that file."""
    whole, cut = folder / f"whole{suffix}", folder / f"cut{suffix}"
    with av.open(str(clip)) as source, av.open(str(whole), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    return whole, cut
