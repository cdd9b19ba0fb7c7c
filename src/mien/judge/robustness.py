"""What is left of a model's accuracy when faces are turned, small, blurred, dark, noisy, squeezed or covered.

Each face is damaged before it is cut out, on a fixed choice of faces. It is cut as a live face is: eyes and mouth where
the training faces have them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mien import geometry
from mien.data import align
from mien.data.faceset import FaceSet
from mien.expression.classify import Classifier
from mien.faces import mesh
from mien.faces.mesh import MeshNet
from mien.judge import evaluate
from mien.judge.damage import DAMAGES, Damage, Damaged, mean_keypoints, turn
from mien.types import FloatArray, ImageArray, Progress, no_progress

FACES = 600  # the standard error of an accuracy of 70 % is 1.9 points
PROTOCOL = (
    "the same faces at each level, damaged and then cut out with eyes and mouth in their place, as live faces are: "
    "where the mesh found them on the face as it was; after a turn, where the mesh finds them anew from such a guess "
    "as the detector gives. A face whose mesh is not found is taken as it is"
)
EYES_TO_SQUARE = 2.5  # side of the square around a mesh, of the distance between the eyes: median over FER2013's faces


def choose(count: int, *, most: int = FACES, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Which of `count` faces are damaged: all, or a fixed random choice in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def curves(classifier: Classifier, net: MeshNet, faces: FaceSet, keypoints: FloatArray, *,
           progress: Progress = no_progress) -> dict[str, Any]:  # fmt: skip
    """Accuracy of both heads at each level of each damage.

    Args:
        classifier: the model.
        net: the mesh, which finds turned faces again.
        faces: those to damage, chosen before.
        keypoints: (N, 6, 2), NaN where the mesh is not found.
        progress: called with levels done and levels in all.

    Returns:
        `{kind: {unit, levels: [{level, fer2013, votes, n, meshes_found}]}}`; a head without labels is null.
    """
    steps = {kind: damage.levels_for(faces.side) for kind, damage in DAMAGES.items()}
    total = sum(len(levels) - 1 for levels in steps.values())
    unharmed = _judge(classifier, faces, *damaged_crops(classifier, net, faces.pixels, keypoints, None))
    done, found = 0, {}
    for kind, damage in DAMAGES.items():
        levels = [{"level": steps[kind][0], **unharmed}]
        for level in steps[kind][1:]:
            progress(done, total)
            crops, meshes = damaged_crops(classifier, net, faces.pixels, keypoints, (damage, level))
            levels.append({"level": level, **_judge(classifier, faces, crops, meshes)})
            done += 1
        found[kind] = {"unit": damage.unit, "levels": levels}
    progress(done, total)
    return found


def _judge(classifier: Classifier, faces: FaceSet, crops: ImageArray, meshes: int) -> dict[str, Any]:
    heads = evaluate.judge_briefly(classifier, faces, evaluate.answers(classifier, crops))
    right = {head: heads[head]["accuracy"] if head in heads else None for head in ("fer2013", "votes")}
    return {**right, "n": len(faces), "meshes_found": meshes}


def damaged_crops(
    classifier: Classifier, net: MeshNet, pixels: ImageArray, keypoints: FloatArray, how: tuple[Damage, float] | None
) -> tuple[ImageArray, int]:
    """The crops of damaged faces, and of how many the mesh is known afterwards; None damages nothing."""
    rng = np.random.default_rng(0)  # the same noise for each model
    crops, meshes = [], 0
    for face, known in zip(pixels, keypoints, strict=True):
        worse, points = (face, known) if how is None else _damage(classifier, net, (face, known), how, rng)
        crops.append(align.align(worse[None], points[None], classifier.card.input_size, geometry_=classifier.geometry))
        meshes += not np.isnan(points).any()
    return np.concatenate(crops), meshes


def _damage(classifier: Classifier, net: MeshNet, face: Damaged, how: tuple[Damage, float],
            rng: np.random.Generator) -> Damaged:  # fmt: skip
    """One face as it is afterwards, and its keypoints: all NaN where its mesh is not known."""
    (pixels, known), (damage, level) = face, how
    is_found = not np.isnan(known).any()
    guess = known if is_found else mean_keypoints(len(pixels), classifier.geometry)
    worse, moved = damage.do(pixels, guess, level, rng)
    if damage.do is turn:
        found = find_again(net, worse, moved)
        return (_middle(worse, len(pixels)), np.full_like(known, np.nan)) if found is None else (worse, found)
    return worse, moved if is_found else known


def find_again(net: MeshNet, face: ImageArray, keypoints: FloatArray) -> FloatArray | None:
    """The keypoints (6, 2) that the mesh finds from a first guess of eyes and mouth; None where it finds none."""
    roll = geometry.angle_deg(keypoints[0], keypoints[1])
    middle = keypoints[[0, 1, 3, 3]].mean(0)
    side = EYES_TO_SQUARE * float(np.hypot(*(keypoints[1] - keypoints[0]))) * mesh.CROP_SCALE
    rgb = np.repeat(face[:, :, None], 3, 2)
    first = net(rgb, (float(middle[0]), float(middle[1])), side, roll)
    if first.presence <= mesh.PRESENCE:
        return None
    roll = mesh.roll_of(first.points)
    centre, square = mesh.square_around(first.points, roll)
    again = net(rgb, centre, square * mesh.CROP_SCALE, roll)
    return mesh.keypoints((again if again.presence > mesh.PRESENCE else first).points)


def _middle(face: ImageArray, side: int) -> ImageArray:
    start = (len(face) - side) // 2
    return face[start : start + side, start : start + side]
