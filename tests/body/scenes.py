"""People who move as drawn, before a camera that stands: scenes, the cues that are true of them, and what is said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from skeletons import Arm, Body, Camera, anybody, camera_of, crossed_arms, hanging, pose_of

from mien.body.cues import CueReader
from mien.types import Cue, Pose

Curve = Callable[[float], Body]  # seconds -> what the body does then
MOVING = ("nodding", "shaking the head", "fidgeting", "standing still", "sitting still", "still")


@dataclass(frozen=True)
class Scene:
    """Somebody who moves as drawn, before a camera that stands."""

    curve: Curve
    camera: Camera
    seconds: float = 4.5

    def poses(self, fps: float, seed: int = 0) -> Iterator[tuple[float, Pose]]:
        random = np.random.default_rng(seed)
        for index in range(round(self.seconds * fps)):
            yield index / fps, pose_of(self.curve(index / fps), self.camera, random)


def told(scene: Scene, fps: float = 15, seed: int = 0) -> list[tuple[float, tuple[Cue, ...]]]:
    """What is said at which time."""
    reader = CueReader()
    return [(time_s, reader.update(pose, time_s)) for time_s, pose in scene.poses(fps, seed)]


def ever(scene: Scene, fps: float = 15, *, after_s: float = 0.0) -> set[str]:
    return {cue.name for time_s, cues in told(scene, fps) for cue in cues if time_s >= after_s}


# ---- Draws. Noise is that of points that were smoothed over time, as a stream's are.

SMOOTHED = {"noise": 0.006, "depth_noise": 0.05}


def place_of(random: np.random.Generator) -> Camera:
    return camera_of(random, **SMOOTHED, yaw=random.uniform(-20, 20))


def calm(random: np.random.Generator) -> Body:
    return anybody(random, neck_turn=random.uniform(-10, 10))


def wave(random: np.random.Generator, low_hz: float, high_hz: float) -> Callable[[float], float]:
    """A sine of drawn frequency and phase, -1..1, that begins after half a second and lasts."""
    hz, phase = random.uniform(low_hz, high_hz), random.uniform(0, 2 * math.pi)
    return lambda t: math.sin(2 * math.pi * hz * t + phase) if t >= 0.5 else 0.0


def nodding(random: np.random.Generator) -> Scene:
    body, nod, degrees = calm(random), wave(random, 1.0, 2.8), random.uniform(5, 12)
    return Scene(lambda t: replace(body, neck_forward=body.neck_forward + degrees * nod(t)), place_of(random))


def shaking(random: np.random.Generator) -> Scene:
    body, shake, degrees = calm(random), wave(random, 1.0, 2.8), random.uniform(8, 18)
    return Scene(lambda t: replace(body, neck_turn=body.neck_turn + degrees * shake(t)), place_of(random))


def glancing(random: np.random.Generator) -> Scene:
    """Looks aside once and back, looks down once: no yes and no no."""
    body, degrees, at = calm(random), random.uniform(15, 40), random.uniform(1, 1.6)

    def curve(t: float) -> Body:
        aside = degrees * (smooth(t, at, at + 0.4) - smooth(t, at + 1.2, at + 1.6))
        down = 20 * (smooth(t, 3.2, 3.6) - smooth(t, 4, 4.4))
        return replace(body, neck_turn=body.neck_turn + aside, neck_forward=body.neck_forward + down)

    return Scene(curve, place_of(random))


def drifting(random: np.random.Generator) -> Scene:
    """The slow, irregular movement of somebody who listens: below the band."""
    body, rates = calm(random), random.uniform(0.08, 0.3, 3)

    def curve(t: float) -> Body:
        turn, nod, aside = (math.sin(2 * math.pi * rate * t + 9 * rate) for rate in rates)
        return replace(body, neck_turn=10 * turn, neck_forward=5 * nod, neck_aside=3 * aside)

    return Scene(curve, place_of(random))


def resting(random: np.random.Generator) -> Scene:
    body = calm(random)
    return Scene(lambda t: body, place_of(random))


def fidgeting(random: np.random.Generator) -> Scene:
    """A hand that goes to and fro by 2 to 8 cm (each way from its middle), more than once a second."""
    body, rub = calm(random), wave(random, 0.9, 2.2)
    degrees = random.uniform(8, 20)
    still, other = hanging(random), hanging(random)
    base = replace(still, elbow=60.0, inward=20.0)

    def curve(t: float) -> Body:
        return replace(
            body, left=replace(base, inward=20 + 1.6 * degrees * rub(t), elbow=60 + degrees * rub(t)), right=other
        )

    return Scene(curve, place_of(random), seconds=5.5)


def gesturing_once(random: np.random.Generator) -> Scene:
    """A hand is lifted, held and put down."""
    body, at = calm(random), random.uniform(1.5, 2)

    def curve(t: float) -> Body:
        up = smooth(t, at, at + 0.6) - smooth(t, at + 2, at + 2.6)
        return replace(body, right=Arm(flexion=10 + 30 * up, abduction=10, elbow=20 + 60 * up))

    return Scene(curve, place_of(random), seconds=5.5)


def smooth(t: float, start: float, end: float) -> float:
    x = min(1.0, max(0.0, (t - start) / (end - start)))
    return x * x * (3 - 2 * x)


def leaning_in(random: np.random.Generator, degrees: float = 22.0) -> Scene:
    """Sits, then leans towards the camera from the hips, looking into it."""
    body, camera = calm(random), replace(place_of(random), distance=random.uniform(0.45, 0.7))

    def curve(t: float) -> Body:
        lean = degrees * smooth(t, 6, 6.8)
        return replace(body, lean=body.lean + lean, neck_forward=body.neck_forward - lean)

    return Scene(curve, camera, seconds=9)


def leaning_away(random: np.random.Generator) -> Scene:
    return leaning_in(random, -22.0)


def raising(random: np.random.Generator) -> Scene:
    """Shoulders go up and stay."""
    body, up = replace(calm(random), neck_forward=0.0), random.uniform(0.026, 0.04)
    return Scene(lambda t: replace(body, raised=up * smooth(t, 5, 5.5)), place_of(random), seconds=9.5)


def shrugging(random: np.random.Generator) -> Scene:
    """Shoulders go up for a second."""
    body, up = replace(calm(random), neck_forward=0.0), random.uniform(0.026, 0.04)
    return Scene(
        lambda t: replace(body, raised=up * (smooth(t, 5, 5.3) - smooth(t, 6.2, 6.5))), place_of(random), seconds=8.5
    )


STILL = {"still", "standing still", "sitting still"}
# How each is drawn, the cues of which one is to be said, and those that may be, as their label is not certain.
SCENES: dict[str, tuple[Callable[[np.random.Generator], Scene], set[str], set[str]]] = {
    "nodding": (nodding, {"nodding"}, set()),
    "shaking": (shaking, {"shaking the head"}, set()),
    "fidgeting": (fidgeting, {"fidgeting"}, set()),
    "resting": (resting, STILL, set()),
    "glancing": (glancing, set(), STILL),
    "drifting": (drifting, set(), STILL),
    "gesturing": (gesturing_once, set(), STILL),
    "leaning in": (leaning_in, {"leaning in"}, STILL),
    "leaning away": (leaning_away, {"leaning away"}, STILL),
    "raising": (raising, {"shoulders raised"}, {*STILL, "shrug"}),
    "shrugging": (shrugging, {"shrug"}, STILL),
}
JUDGED = (*MOVING, "leaning in", "leaning away", "shoulders raised", "shrug")


def crossing(random: np.random.Generator) -> Scene:
    """Arms hang, are crossed from the second second on, and hang again from the fifth."""
    body, arms = replace(calm(random), left=hanging(random), right=hanging(random)), crossed_arms(random)
    return Scene(lambda t: replace(body, **arms) if 2 <= t < 5 else body, place_of(random), seconds=7)
