"""The Python interface: `Reader.read` for one picture, `Reader.watch` for all that moves.

A thin door onto `Pipeline`; it knows sources and nothing of vision.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import SourceWarning, UsageError
from mien.media.inputs import expand_inputs
from mien.media.sources import SourceOptions, open_source
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame, Reading

if TYPE_CHECKING:
    import numpy as np
    import PIL.Image

    Picture = str | Path | bytes | np.ndarray[Any, Any] | PIL.Image.Image
    Moving = str | Path | int | bytes | Iterable[np.ndarray[Any, Any]]


class Reader:
    """Reads expressions from pictures, clips, cameras and the screen.

    Args:
        options: every field of `PipelineOptions` by name: detector, max_faces, model, threads, smoothing_s,
            hold_s, tiles, explain, language, pace_s, distance, fov_deg, body, body_pace_s,
            posture (a folder).

    Raises:
        UsageError: an option makes no sense.
        ModelError: weights or model are missing or broken.
    """

    def __init__(self, **options: Any) -> None:
        if options.get("model") is None:  # nobody named one: the embedded model
            options.pop("model", None)
        else:
            options["model"] = Path(options["model"])
        if options.get("posture") is not None:
            options["posture"] = Path(options["posture"])
        known = [field.name for field in fields(PipelineOptions)]
        if unknown := set(options) - set(known):
            raise UsageError(f"Reader has no option {min(unknown)!r}; it has: {', '.join(known)}")
        self.pipeline = Pipeline(PipelineOptions(**options))

    def read(self, source: Picture, *, bgr: bool = False) -> Reading:
        """Read one picture (of a clip, its first).

        Args:
            source: a path, the bytes of a picture file, a PIL image, or an array (H, W, 3) uint8 RGB.
            bgr: whether an array is BGR, as OpenCV's are.

        Returns:
            The Reading; a picture without a face gives one without faces.

        Raises:
            SourceError: it cannot be read.
        """
        with open_source(source, SourceOptions(still=True, bgr=bgr)) as opened:
            return self.pipeline.read(next(iter(opened)))

    def watch(self, source: Moving, **options: Any) -> Iterator[Reading]:
        """Read frame after frame: a clip, a camera by number, "screen", a folder or a pattern of files, arrays.

        Args:
            source: what to read.
            options: fields of `SourceOptions` by name: every, start_s, end_s, still, max_pixels, allow_playlists,
                bgr.

        Yields:
            A Reading per frame; people keep their `track_id` within one source.

        Raises:
            SourceError: it cannot be read; it is raised when that is tried, with the first Reading.

        Warns:
            SourceWarning: a clip broke off or is damaged; what could be read was read.
        """
        for reading, _ in self._frames(source, options):
            yield reading

    def watch_frames(self, source: Moving, **options: Any) -> Iterator[tuple[Reading, Frame]]:
        """As `watch`, with the frame beside each Reading, to draw on."""
        yield from self._frames(source, options)

    def _frames(self, source: Moving, options: dict[str, Any]) -> Iterator[tuple[Reading, Frame]]:
        known = {one.name for one in fields(SourceOptions)}
        if unknown := sorted(options.keys() - known):
            raise UsageError(f"there is no option {unknown[0]!r}; there are: {', '.join(sorted(known))}")
        settings = replace(SourceOptions(), **options)
        specs = expand_inputs([source]) if isinstance(source, (str, Path)) else [source]
        for spec in specs:
            self.pipeline.reset()
            with open_source(spec, settings) as opened:
                for frame in opened:
                    yield self.pipeline.read(frame, stream=opened.is_stream), frame
                for text in opened.warnings:
                    warnings.warn(text, SourceWarning, stacklevel=3)  # where `watch` is used
