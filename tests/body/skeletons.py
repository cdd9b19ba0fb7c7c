"""Bodies whose posture is known because it was drawn: joint angles at random, bones put together, seen by a camera.

Lengths are shares of a person's height (Drillis and Contini 1966), the body's own frame has x to the person's left, y
up, z to the front. A `Body` is what was drawn; `keypoints` puts its bones together and projects them. What a body does
is known from the angles and targets that were drawn, never from the points in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mien.types import Pose

Vector = NDArray[np.float64]
Draw = np.random.Generator

TRUNK, UPPER_ARM, FOREARM, HAND = 0.288, 0.186, 0.146, 0.108
THIGH, SHANK, FOOT = 0.245, 0.246, 0.1
KNUCKLES = 0.55  # of the hand's length
# The head's points, from the middle between the ears: nose, eye, mouth corner, ear. 14 cm from ear to ear at 1.72 m.
NOSE = np.array([0.0, -0.011, 0.072])
EYE, EYE_SPAN = np.array([0.018, 0.011, 0.055]), np.array([0.007, 0.0, 0.0])
BESIDE = np.array([0.0, 0.0, -0.006])
MOUTH = np.array([0.014, -0.030, 0.058])
EAR = np.array([0.041, 0.0, 0.0])
DOWN, FRONT = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])


def turned(axes: str, *degrees: float) -> Vector:
    """The matrix of turns about axes that turn along: 'zx' turns about z, then about the new x."""
    matrix = np.eye(3)
    for axis, angle in zip(axes, np.radians(degrees), strict=True):
        matrix = matrix @ turned_about(np.eye(3)["xyz".index(axis)], angle)
    return matrix


def turned_about(axis: Vector, angle: float) -> Vector:
    """Rodrigues' formula; `axis` has length 1, radians."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@dataclass(frozen=True)
class Arm:
    """Degrees; or, with a `target`, where the knuckles go (trunk frame, from the shoulders' middle, of a height)."""

    flexion: float = 0.0  # the upper arm forwards
    abduction: float = 8.0  # outwards
    inward: float = 0.0  # turned about itself, so that a bent forearm points to the middle
    elbow: float = 15.0
    target: tuple[float, float, float] | None = None
    swivel: float = 20.0  # of the elbow about the line from shoulder to target: 0 straight down, 90 outwards


@dataclass(frozen=True)
class Body:
    """What was drawn: degrees, and lengths of the person's height."""

    lean: float = 0.0  # of the trunk, forwards
    lean_aside: float = 0.0
    neck_forward: float = 0.0  # of neck and head: chin to the chest
    neck_aside: float = 0.0
    neck_turn: float = 0.0
    raised: float = 0.0  # both shoulders
    left: Arm = field(default_factory=Arm)
    right: Arm = field(default_factory=Arm)
    hip: float = 5.0  # flexion: 90 when sitting
    knee: float = 5.0
    spread: float = 5.0
    shoulder_half: float = 0.108
    neck: float = 0.112  # from the shoulders' middle up to the ears
    trunk: float = TRUNK


@dataclass(frozen=True)
class Camera:
    """Where it stands and what it gets wrong; angles in degrees."""

    yaw: float = 0.0  # of the body against the camera
    pitch: float = 0.0  # the camera looks down
    roll: float = 0.0
    height: float = 0.4  # above the hips; of the person's height, as the next
    distance: float = 1.5
    focal_px: float = 700.0
    centre: tuple[float, float] = (320.0, 240.0)
    noise: float = 0.012  # of the shoulders' width, x and y
    depth_noise: float = 0.12
    sees_legs: bool = True  # else hips and below are out of the picture


def arm_points(arm: Arm, side: int, shoulder: Vector) -> list[Vector]:
    """Elbow, wrist, little finger, index finger, thumb: in the trunk's frame. `side` is 1 for the left arm."""
    if arm.target is None:
        upper_turn = turned("zxy", side * arm.abduction, -arm.flexion, -side * arm.inward)
        elbow = shoulder + UPPER_ARM * upper_turn @ DOWN
        lower = upper_turn @ turned("x", -arm.elbow)
        along = lower @ DOWN
        wrist = elbow + FOREARM * along
        thumb_way = lower @ FRONT
    else:
        elbow, wrist, along = reached(np.array(arm.target), arm.swivel, side, shoulder)
        thumb_way = np.cross(along, np.cross(DOWN, along)) * -1 + 1e-6
    thumb_way = thumb_way / np.linalg.norm(thumb_way)
    middle = wrist + KNUCKLES * HAND * along
    return [
        elbow,
        wrist,
        middle - 0.02 * thumb_way,
        middle + 0.015 * thumb_way,
        wrist + 0.03 * along + 0.02 * thumb_way,
    ]


def reached(target: Vector, swivel: float, side: int, shoulder: Vector) -> tuple[Vector, Vector, Vector]:
    """Elbow, wrist and the forearm's direction of an arm whose knuckles are at a target: two bones, law of cosines."""
    lower = FOREARM + KNUCKLES * HAND
    line = target - shoulder
    reach = float(np.clip(np.linalg.norm(line), abs(UPPER_ARM - lower) + 1e-3, UPPER_ARM + lower - 1e-3))
    line = line / np.linalg.norm(line)
    cos = (UPPER_ARM**2 + reach**2 - lower**2) / (2 * UPPER_ARM * reach)
    low = DOWN - line * (DOWN @ line)
    low = low / np.linalg.norm(low)
    out = turned_about(line, np.radians(swivel)) @ low
    if np.cross(line, low) @ [side, 0, 0] < 0:
        out = turned_about(line, -np.radians(swivel)) @ low
    elbow = shoulder + UPPER_ARM * (cos * line + np.sqrt(max(0.0, 1 - cos**2)) * out)
    along = shoulder + reach * line - elbow
    along = along / np.linalg.norm(along)
    return elbow, elbow + FOREARM * along, along


def head_points(body: Body, top: Vector) -> list[Vector]:
    """Points 0 to 10, in the trunk's frame; `top` is the middle between the shoulders at rest."""
    neck = turned("zx", -body.neck_aside / 2, 10 + body.neck_forward / 2)
    # The head looks straight on where neck and trunk are upright.
    head = turned("yzx", body.neck_turn, -body.neck_aside, body.neck_forward)
    ears = top + neck @ [0.0, body.neck, 0.0]
    mirror = np.array([-1.0, 1.0, 1.0])
    eye_in, eye_out = EYE - EYE_SPAN, EYE + EYE_SPAN + BESIDE
    parts = [NOSE, eye_in, EYE, eye_out, eye_in * mirror, EYE * mirror, eye_out * mirror, EAR, EAR * mirror]
    return [ears + head @ part for part in [*parts, MOUTH, MOUTH * mirror]]


def bones(body: Body) -> Vector:
    """All 33 points (33, 3): x to the person's left, y up, z to the front, from the hips' middle, upright camera."""
    top = np.array([0.0, body.trunk, 0.0])
    points = head_points(body, top)
    sides = [np.array([side * body.shoulder_half, body.trunk + body.raised, 0.0]) for side in (1, -1)]
    shoulders_middle = top
    arms = []
    for arm, side, shoulder in zip((body.left, body.right), (1, -1), sides, strict=True):
        placed = arm if arm.target is None else replace(arm, target=tuple(shoulders_middle + arm.target))
        arms.append(arm_points(placed, side, shoulder))
    points += [*sides, *[arm[joint] for joint in range(5) for arm in arms]]
    trunk = turned("zx", -body.lean_aside, body.lean)
    upper = [trunk @ point for point in points]
    return np.array([*upper, *leg_points(body)])


def leg_points(body: Body) -> list[Vector]:
    """Points 23 to 32."""
    legs = []
    for side in (1, -1):
        hip = np.array([side * 0.065, 0.0, 0.0])
        thigh = turned("zx", side * body.spread, -body.hip)
        knee = hip + THIGH * thigh @ DOWN
        shank = thigh @ turned("x", body.knee)
        ankle = knee + SHANK * shank @ DOWN
        heel, toe = np.array([0, -0.03, -0.02]), np.array([side * 0.02, -0.03, FOOT])
        legs.append([hip, knee, ankle, ankle + heel, ankle + toe])
    return [leg[joint] for joint in range(5) for leg in legs]


def keypoints(body: Body, camera: Camera, random: Draw) -> NDArray[np.float32]:
    """What a pose network would say of this body: (33, 4), in the picture, with noise."""
    # Camera axes: x right, y down, z away. From the front the person's left is on the right of the picture.
    world = (bones(body) - [0, camera.height, 0]) @ turned("y", camera.yaw).T
    seen = world * [1, -1, -1] @ turned("zx", camera.roll, -camera.pitch).T
    depth = seen[:, 2] + camera.distance
    flat = seen[:, :2] * (camera.focal_px / depth)[:, None] + camera.centre
    unit = camera.focal_px / camera.distance * 2 * body.shoulder_half
    z = seen[:, 2] * camera.focal_px / camera.distance
    flat = flat + random.normal(0, camera.noise * unit, flat.shape)
    z = z - z[23:25].mean() + random.normal(0, camera.depth_noise * unit, z.shape)
    visibility = random.uniform(0.8, 1.0, 33)
    if not camera.sees_legs:
        visibility[23:] = random.uniform(0.0, 0.3, 10)
    if looks_away(seen):
        visibility[:7] = visibility[9:11] = 0.2
    return np.column_stack([flat, z, visibility]).astype(np.float32)


def looks_away(seen: Vector) -> bool:
    """Whether the face cannot be seen: the nose is further away than the ears."""
    return bool(seen[0, 2] > seen[7:9, 2].mean() + 0.01)


def pose_of(body: Body, camera: Camera, random: Draw, *, track_id: int | None = 1) -> Pose:
    return Pose(keypoints(body, camera, random), 0.95, track_id)


# ---- Draws: what a body does, by the angles and targets that are drawn.


def hanging(random: Draw) -> Arm:
    return Arm(
        flexion=random.uniform(-10, 15),
        abduction=random.uniform(2, 14),
        inward=random.uniform(-10, 30),
        elbow=random.uniform(3, 35),
    )


def at_table(random: Draw) -> Arm:
    """Typing, holding a cup: forearm forwards."""
    return Arm(
        flexion=random.uniform(5, 35),
        abduction=random.uniform(5, 20),
        inward=random.uniform(-5, 25),
        elbow=random.uniform(60, 105),
    )


def on_hips(random: Draw) -> dict[str, object]:
    swivel = random.uniform(75, 95)
    return {name: Arm(target=(side * 0.1, -0.24, 0.03), swivel=swivel) for name, side in (("left", 1), ("right", -1))}


def resting(random: Draw) -> Arm:
    return hanging(random) if random.random() < 0.5 else at_table(random)


def anybody(random: Draw, **changes: object) -> Body:
    """Somebody who does nothing in particular: all cues' angles within what is usual."""
    body = Body(
        lean=random.uniform(-4, 6),
        lean_aside=random.uniform(-4, 4),
        neck_forward=random.uniform(-8, 8),
        neck_aside=random.uniform(-4, 4),
        neck_turn=random.uniform(-25, 25),
        left=resting(random),
        right=resting(random),
        shoulder_half=random.uniform(0.095, 0.122),
        neck=random.uniform(0.102, 0.122),
        trunk=TRUNK * random.uniform(0.93, 1.07),
        **sitting_or_standing(random),
    )
    return replace(body, **changes)


def sitting_or_standing(random: Draw) -> dict[str, float]:
    if random.random() < 0.5:
        return sitting(random)
    return standing(random)


def sitting(random: Draw) -> dict[str, float]:
    return {"hip": random.uniform(75, 95), "knee": random.uniform(70, 100), "spread": random.uniform(2, 20)}


def standing(random: Draw) -> dict[str, float]:
    return {"hip": random.uniform(0, 12), "knee": random.uniform(0, 15), "spread": random.uniform(0, 10)}


def camera_of(random: Draw, **changes: object) -> Camera:
    camera = Camera(
        yaw=random.uniform(-25, 25),
        pitch=random.uniform(-8, 8),
        roll=random.uniform(-6, 6),
        height=random.uniform(0.25, 0.5),  # a camera on a screen or a shelf: chest to forehead
        distance=random.uniform(0.7, 2.5),
        focal_px=random.uniform(500, 1000),
        centre=(random.uniform(200, 440), random.uniform(150, 330)),
        sees_legs=bool(random.random() < 0.5),
    )
    return replace(camera, **changes)


def crossed_arms(random: Draw) -> dict[str, object]:
    """Both elbows bent and both upper arms turned inwards until the wrists pass the middle of the trunk."""
    while True:
        arms = [
            Arm(
                flexion=random.uniform(15, 40),
                abduction=random.uniform(-8, 12),
                inward=random.uniform(65, 95),
                elbow=random.uniform(80, 115),
            )
            for _ in range(2)
        ]
        shoulder = np.array([0.108, 0.0, 0.0])
        past = [-side * arm_points(arm, side, side * shoulder)[1][0] for arm, side in zip(arms, (1, -1), strict=True)]
        if min(past) > 0.012:  # 2 cm past the middle, each
            return {"left": arms[0], "right": arms[1]}


def opened_arms(random: Draw) -> dict[str, object]:
    """Both upper arms well away from the trunk, forearms going on outwards."""

    def arm() -> Arm:
        return Arm(
            flexion=random.uniform(0, 30),
            abduction=random.uniform(45, 90),
            inward=random.uniform(-60, -20),
            elbow=random.uniform(5, 50),
        )

    return {"left": arm(), "right": arm()}


def one_hand_at(random: Draw, place: Callable[[Body, Draw], Vector]) -> Callable[[Body], Body]:
    """A hand of a drawn side with its knuckles at a place of the head, the other one at rest."""
    side = 1 if random.random() < 0.5 else -1

    def with_hand(body: Body) -> Body:
        target = place(body, random) * [side, 1, 1]
        arm = Arm(target=tuple(target), swivel=random.uniform(10, 60))
        return replace(body, **{"left" if side == 1 else "right": arm})

    return with_hand


def upright_head(body: Body) -> Body:
    """The same body with its head straight, so that places of the head are known in the trunk's frame."""
    return replace(body, neck_forward=0.0, neck_aside=0.0, neck_turn=0.0)


def ears_of(body: Body) -> Vector:
    """The middle between the ears of an upright head, from the middle between the shoulders."""
    return turned("x", 10) @ [0.0, body.neck, 0.0]


def at_mouth(body: Body, random: Draw) -> Vector:
    """Knuckles just below the mouth and before it, so that the fingers are at the lips."""
    below = np.array([random.uniform(0, 0.015), random.uniform(-0.025, 0), random.uniform(0.005, 0.03)])
    return ears_of(body) + MOUTH * [0, 1, 1] + below


def at_cheek(body: Body, random: Draw) -> Vector:
    """Knuckles at the cheek bone, the temple or the ear: fingers upwards, away from the mouth."""
    return ears_of(body) + np.array(
        [random.uniform(0.035, 0.05), random.uniform(0.0, 0.03), random.uniform(0.01, 0.04)]
    )


def beside_shoulder(body: Body, random: Draw) -> Vector:
    """A raised hand beside the head, as in a greeting."""
    return np.array([random.uniform(0.2, 0.26), random.uniform(0.05, 0.15), random.uniform(0.05, 0.15)])


def clasped_hands(random: Draw) -> dict[str, object]:
    """Both hands go to one place before the trunk."""
    place = np.array([random.uniform(-0.02, 0.02), random.uniform(-0.28, -0.1), random.uniform(0.1, 0.18)])
    apart = random.uniform(0.0, 0.015)
    return {
        name: Arm(target=tuple(place + side * apart * np.array([1, 0, 0])), swivel=random.uniform(20, 60))
        for name, side in (("left", 1), ("right", -1))
    }


# ---- Kinds of people: what each is drawn to do, and what is therefore true of it.

Maker = Callable[[Draw], tuple[Body, Camera]]


def _one(make: Callable[[Draw], Body], camera: Callable[[Draw], dict[str, object]] | None = None) -> Maker:
    return lambda random: (make(random), camera_of(random, **(camera(random) if camera else {})))


def either_way(random: Draw, low: float, high: float) -> float:
    return float(random.choice([-1, 1]) * random.uniform(low, high))


def leaning(random: Draw, low: float, high: float) -> Body:
    """A trunk that leans, and a head that goes on looking straight ahead: turning about a leaning axis is tilting."""
    lean = random.uniform(low, high)
    forward, turn = -lean * random.uniform(0.7, 1.0), random.uniform(-6, 6)
    return anybody(random, lean=lean, neck_forward=forward, neck_turn=turn)


def _handed(place: Callable[[Body, Draw], Vector]) -> Maker:
    return _one(lambda random: one_hand_at(random, place)(upright_head(anybody(random))))


def _side(random: Draw) -> dict[str, object]:
    return {"yaw": either_way(random, 62, 115)}


def _behind(random: Draw) -> dict[str, object]:
    return {"yaw": random.uniform(150, 210)}


# The cue that is true of all people of a kind, and how they are drawn; '' where none is.
KINDS: dict[str, tuple[str, Maker]] = {
    "nothing in particular": ("", _one(anybody)),
    "hands on hips": ("", _one(lambda r: anybody(r, **on_hips(r)))),
    "greeting": ("", _handed(beside_shoulder)),
    "arms crossed": ("arms crossed", _one(lambda r: anybody(r, **crossed_arms(r)))),
    "open arms": ("open arms", _one(lambda r: anybody(r, **opened_arms(r)))),
    "hands clasped": ("hands clasped", _one(lambda r: anybody(r, **clasped_hands(r)))),
    "hand to mouth": ("hand to mouth", _handed(at_mouth)),
    "hand to cheek": ("hand to face", _handed(at_cheek)),
    "head down": ("head down", _one(lambda r: anybody(r, neck_forward=r.uniform(27, 45)))),
    "head tilted": ("head tilted", _one(lambda r: anybody(r, neck_aside=either_way(r, 17, 35)))),
    "from the side": ("turned away", _one(anybody, _side)),
    "from behind": ("turned away", _one(anybody, _behind)),
    "leaning in": ("leaning in", _one(lambda r: leaning(r, 28, 45))),
    "leaning away": ("leaning away", _one(lambda r: leaning(r, -45, -28))),
    "shoulders raised": ("shoulders raised", _one(lambda r: anybody(r, raised=r.uniform(0.03, 0.042)))),
}


def drawn(kind: str, count: int, seed: int = 0) -> list[Pose]:
    """So many people of a kind, each seen by a camera of their own."""
    random = np.random.default_rng([seed, list(KINDS).index(kind)])
    return [pose_of(*KINDS[kind][1](random), random) for _ in range(count)]


def mirrored(pose: Pose, width: float = 640.0) -> Pose:
    """What a mirror shows: left and right change places in the picture and in name."""
    swap = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *[point + (1 if point % 2 else -1) for point in range(11, 33)]]
    points = pose.keypoints[swap].copy()
    points[:, 0] = width - points[:, 0]
    return replace(pose, keypoints=points)
