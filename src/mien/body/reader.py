"""From a frame and its faces to bodies: their points, what they do (cues), what a posture model says of them.

One reader serves one stream. Its network is loaded with it. Try: `BodyReader().read(frame, faces, stream=False)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mien import models
from mien.body.cues import CueReader
from mien.body.fusion import PostureReader
from mien.body.owner import pose_owner
from mien.body.pose import PoseNet, find_bodies
from mien.body.posture import PostureModel
from mien.body.track import PACE_S, BodyTracker
from mien.types import Expression, Face, Frame, Pose

NETWORK = "pose_landmark_full"


class BodyReader:
    """Reads the bodies below faces.

    Args:
        threads: of the network.
        pace_s: in a stream, least time between two looks at one body; 0 looks in every frame.
        max_bodies: of a stream.
        posture: a folder that `mien train-posture` wrote: poses then say a tone too.
        is_doubted: with it, whether something else than its votes speaks against what was read of a face.

    Raises:
        ModelError: weights or the posture model are missing or broken.
    """

    def __init__(self, *, threads: int = 1, pace_s: float = PACE_S, max_bodies: int | None = None,
                 posture: Path | None = None,
                 is_doubted: Callable[[Expression], bool] = lambda _: False) -> None:  # fmt: skip
        self._net = PoseNet(models.weights_path(NETWORK), threads=threads)
        self._tracker = BodyTracker(self._net, pace_s=pace_s, max_bodies=max_bodies)
        self._cues = CueReader()
        self._size: tuple[int, int] | None = None  # of the frames of the stream
        self._posture = None if posture is None else PostureReader(PostureModel.load(posture), is_doubted)

    def reset(self) -> None:
        """Forget the stream."""
        self._tracker.reset()
        self._forget_pixels()

    def _forget_pixels(self) -> None:
        """Forget what is known in pixels: in frames of another size everybody seems nearer or farther."""
        self._cues.reset()
        if self._posture is not None:
            self._posture.reset()

    def read(self, frame: Frame, faces: Sequence[Face], *, stream: bool) -> list[Pose]:
        """The bodies of the faces of a frame, with their cues; `stream` where frames follow each other in time."""
        time_s = frame.time_s if stream else None
        if stream and self._size != (frame.width, frame.height):
            self._forget_pixels()
            self._size = frame.width, frame.height
        poses = self._tracker.update(frame, faces) if stream else find_bodies(self._net, frame.image, faces)
        poses = self._cues.with_cues(poses, faces, time_s=time_s)
        if self._posture is None:
            return poses
        return [self._posture.read(pose, pose_owner(pose, faces), time_s) for pose in poses]
