"""Whose body is whose: a body belongs to the face that sits on it. Try: `pose_of(reading.faces[0], reading)`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.types import Face, FloatArray, Pose, Reading

SAME_HEAD = 0.8  # face sides between a face's points and those of its body; 0.78 in full profile, 1.06 on neighbours
# Pose landmarks by number (MediaPipe), two of which show what one keypoint of a face (types.Face) shows: right eye,
# left eye, nose, and the mouth between its corners.
_HEAD_ENDS = np.array([[5, 5], [2, 2], [0, 0], [9, 10]])


def head_gap(points: FloatArray, face: Face) -> float:
    """How far a body's eyes, nose and mouth lie from those of a face, in sides of the face's box (mean of four).

    A face without keypoints (a Reading that was kept without points) is taken to have all of them in its middle.
    """
    ends = points[_HEAD_ENDS, :2]
    places = face.keypoints[:4] if len(face.keypoints) else np.asarray([face.box.centre])
    apart = np.linalg.norm((ends[:, 0] + ends[:, 1]) / 2 - places, axis=1)
    return float(apart.mean()) / max(face.box.side, 1.0)


def pose_owner(pose: Pose, faces: Sequence[Face]) -> Face | None:
    """The face of a pose: the one with its `track_id`; in a still picture the one on which its head lies."""
    if pose.track_id is not None:
        return next((face for face in faces if face.track_id == pose.track_id), None)
    nearest = min(faces, key=lambda face: head_gap(pose.keypoints, face), default=None)
    return nearest if nearest is not None and head_gap(pose.keypoints, nearest) <= SAME_HEAD else None


def pose_of(face: Face, reading: Reading) -> Pose | None:
    """The body of one of a Reading's faces; None where it was not seen or not asked for."""
    return next((pose for pose in reading.poses if pose_owner(pose, reading.faces) is face), None)
