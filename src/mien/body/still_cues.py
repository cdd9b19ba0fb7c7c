"""What a body does, as one moment shows it: a rule for each cue, in body units.

A rule looks at an `Observed` moment and gives a `Sign`, how strongly and by which points, or None where the points it
needs are not seen: nothing is guessed. Each condition of a rule is a `ramp`, 0 where it surely fails and 1 where it
surely holds; the weakest decides. A rule's numbers stand in it with their reason; where no paper gives one, it is
anatomy (lengths in shoulder widths) or the noise of the points: hundredths of a shoulder width, 3 to 5 degrees.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mien.body.skeleton import EARS, ELBOWS, HIPS, KNUCKLES, MOUTH, SHOULDERS, WRISTS, Head, Point, Skeleton
from mien.types import Face

FRONTAL = 0.5  # of the shoulders' width must be seen to say what arms do: turned by less than 60 degrees

# Measures that mean something against a person's own rest only.
HEAD_SIZE, SHOULDER_SIZE, HIP_SIZE, NECK = "head_size", "shoulder_size", "hip_size", "neck"


@dataclass(frozen=True)
class Sign:
    """How strongly (0..1) a cue is shown, and the numbers of the points that show it."""

    strength: float
    evidence: tuple[int, ...]


@dataclass(frozen=True)
class Turn:
    """How a head is turned, in degrees with `Face`'s signs, and by which of the pose's points that is known."""

    roll_deg: float
    yaw_deg: float
    pitch_deg: float
    evidence: tuple[int, ...]
    by_mesh: bool


@dataclass(frozen=True)
class Observed:
    """One moment of a body: its skeleton, its face if that was found, and the person's rest as far as it was learnt."""

    skeleton: Skeleton
    face: Face | None = None
    rest: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def turn(self) -> Turn | None:
        """How the head is turned: by the face's mesh, else by the pose's points; None where neither is seen."""
        head = Head(self.skeleton)
        points = self.skeleton.seen((Point.NOSE, *EARS))
        if self.face is not None and self.face.mesh is not None:
            face, points = self.face, points or (int(Point.NOSE),)
            return Turn(face.roll_deg, face.yaw_deg, face.pitch_deg, points, by_mesh=True)
        return Turn(head.roll_deg, head.yaw_deg, head.pitch_deg, points, by_mesh=False) if head.is_frontal else None

    @cached_property
    def is_frontal(self) -> bool:
        """Whether the body is seen, from the front: else left and right, before and behind cannot be told."""
        return self.skeleton.is_measurable and self.skeleton.facing >= FRONTAL

    @cached_property
    def measures(self) -> dict[str, float]:
        """Those of the measures of rest that can be taken now."""
        skeleton, found = self.skeleton, dict[str, float]()
        if self.turn is not None:
            found[pitch_name(self.turn)] = self.turn.pitch_deg
        if not skeleton.is_measurable:
            return found
        if skeleton.head_px is not None:
            found[HEAD_SIZE] = math.log(skeleton.head_px)
        for name, (left, right) in ((SHOULDER_SIZE, SHOULDERS), (HIP_SIZE, HIPS)):
            if skeleton.sees(left, right):
                found[name] = math.log(abs(skeleton.px(left) - skeleton.px(right)) + 1e-9)
        if skeleton.sees(*EARS):
            found[NECK] = -skeleton.at(*EARS).imag
        return found

    def change(self, name: str) -> float | None:
        """How far a measure is from the person's rest; None where either is unknown."""
        if name in self.measures and name in self.rest:
            return self.measures[name] - self.rest[name]
        return None


def pitch_name(turn: Turn) -> str:
    """The measure of rest that a pitch is: the mesh and the pose's points differ by some degrees."""
    return "mesh_pitch_deg" if turn.by_mesh else "pose_pitch_deg"


Rule = Callable[[Observed], Sign | None]


def ramp(value: float, none: float, full: float) -> float:
    """0 up to `none`, 1 from `full` on, smooth between; `full` may be the smaller one."""
    x = max(0.0, min(1.0, (value - none) / (full - none)))
    return x * x * (3 - 2 * x)


# ---- Head


def head_down(seen: Observed) -> Sign | None:
    """The head is bent forwards, by more than a camera set too high or too low explains.

    A person's own usual pitch takes the camera's place off, up to what desks and laptops have (CAMERA_PITCH_DEG).
    """
    if seen.turn is None:
        return None
    usual = max(-CAMERA_PITCH_DEG, min(CAMERA_PITCH_DEG, seen.rest.get(pitch_name(seen.turn), 0.0)))
    # Whoever reads from a table bends the head by 25 degrees and more; a screen's lower edge lies about 15 below.
    return Sign(ramp(usual - seen.turn.pitch_deg, 12, 28), seen.turn.evidence)


CAMERA_PITCH_DEG = 12.0


def head_tilted(seen: Observed) -> Sign | None:
    """The head leans to a shoulder: the line of eyes and ears against that of the shoulders."""
    skeleton, turn = seen.skeleton, seen.turn
    if turn is None or not seen.is_frontal:
        return None
    # Against the shoulders, and against the trunk's axis too: a raised arm lifts one shoulder, and a trunk that leans
    # forwards and is turned a little seems to bend aside. Only a head that leans against both is tilted.
    upright = cmath.rect(1, math.radians(turn.roll_deg))
    level = skeleton.px(SHOULDERS[0]) - skeleton.px(SHOULDERS[1])
    axes = [level, skeleton.trunk_px * -1j] if skeleton.sees(*HIPS) else [level]
    tilt = min(abs(math.degrees(cmath.phase(upright * axis.conjugate()))) for axis in axes)
    # Both lines are known to about 4 degrees, and few hold their head perfectly straight: three times that is a tilt.
    return Sign(ramp(tilt, 7, 19), (*turn.evidence, *map(int, SHOULDERS)))


# ---- Trunk


def turned_away(seen: Observed) -> Sign | None:
    """The trunk faces aside or away, whatever the head does."""
    if not seen.skeleton.is_measurable:
        return None
    angle = math.degrees(math.acos(seen.skeleton.facing))
    # People who talk stand between face to face and at right angles (Kendon 1990); less than 40 degrees says nothing.
    evidence = (*SHOULDERS, *seen.skeleton.seen(HIPS))
    return Sign(ramp(angle, 35, 60), tuple(map(int, evidence)))


def leaning_in(seen: Observed) -> Sign | None:
    """The trunk leans towards the camera."""
    return _leaning(seen, 1)


def leaning_away(seen: Observed) -> Sign | None:
    """The trunk leans away from the camera."""
    return _leaning(seen, -1)


def _leaning(seen: Observed, way: int) -> Sign | None:
    """Against the person's rest, head and shoulders look larger, or smaller, but not the hips, where they are seen.

    Without a rest nothing can be told. The pose's z does not help: of a man who stands upright before a camera it makes
    a trunk that leans by 17 degrees on average, and by 15 more or less from moment to moment.
    """
    head, shoulders = seen.change(HEAD_SIZE), seen.change(SHOULDER_SIZE)
    if not seen.is_frontal or head is None or shoulders is None:
        return None
    hips = seen.change(HIP_SIZE)
    # A head 60 cm from a camera that comes 8 cm nearer grows by 14 %: half of what leaning by 10 degrees does (the head
    # is 75 cm above the seat). Turning the head or the body changes one of the two sizes only; what grows with the hips
    # is a person who comes nearer as a whole.
    grown = way * ((head + shoulders) / 2 - (hips or 0.0))
    evidence = (*SHOULDERS, *EARS) if hips is None else (*SHOULDERS, *EARS, *HIPS)
    return Sign(ramp(grown, 0.07, 0.19), tuple(map(int, evidence)))


# ---- Shoulders


def raised_share(seen: Observed) -> float | None:
    """How far (0..1) both shoulders are drawn up to the ears; against the person's rest, if that is known.

    None where it cannot be told: the head must be upright, as a bent one comes nearer to the shoulders too.
    """
    neck, turn = seen.measures.get(NECK), seen.turn
    if neck is None or turn is None or not seen.is_frontal:
        return None
    lowered = head_down(seen)
    upright = 1 - lowered.strength if lowered is not None else 0.0
    change = seen.change(NECK)
    # Shoulders can be lifted by 6 cm or so, 0.17 shoulder widths; ears are .47 +- .06 above them in people at rest.
    return min(upright, ramp(-change, 0.05, 0.13) if change is not None else ramp(neck, 0.36, 0.26))


def shoulders_raised(seen: Observed) -> Sign | None:
    """Both shoulders are drawn up."""
    share = raised_share(seen)
    return None if share is None else Sign(share, tuple(map(int, (*SHOULDERS, *EARS))))


def shrug(seen: Observed) -> Sign | None:
    """Both shoulders are drawn up and both forearms turned outwards: all that one moment can show of a shrug.

    In a stream `moving_cues.ShoulderRise` sees the shoulders rise, and asks nothing of the arms: each part of the shrug
    occurs alone too (Debras 2017).
    """
    share = raised_share(seen)
    if share is None or not seen.skeleton.sees(*ELBOWS, *WRISTS):
        return None
    at, strengths = seen.skeleton.at, [share]
    for way, elbow, wrist in zip((1, -1), ELBOWS, WRISTS, strict=True):
        forearm = at(wrist) - at(elbow)
        strengths += [ramp(way * forearm.real, 0.0, 0.25), ramp(forearm.imag, 0.55, 0.3)]
    return Sign(min(strengths), tuple(map(int, (*SHOULDERS, *EARS, *ELBOWS, *WRISTS))))


# ---- Arms and hands


def arms_crossed(seen: Observed) -> Sign | None:
    """Both forearms lie across the trunk, each wrist on the other's side."""
    skeleton = seen.skeleton
    if not seen.is_frontal or not skeleton.sees(*ELBOWS, *WRISTS):
        return None
    left, right = skeleton.at(WRISTS[0]), skeleton.at(WRISTS[1])
    strengths = [ramp((right - left).real, 0.0, 0.26)]  # clasped hands keep their wrists apart by -.2 or so
    for way, elbow, wrist in zip((1, -1), ELBOWS, (left, right), strict=True):
        inwards = way * (skeleton.at(elbow) - wrist).real
        # A forearm is 0.6 shoulder widths long, and at least half of that goes across; it lies before the trunk, which
        # ends at 1.2.
        strengths += [ramp(inwards, 0.15, 0.4), ramp(wrist.imag, -0.05, 0.15), ramp(wrist.imag, 1.4, 1.15)]
    return Sign(min(strengths), tuple(map(int, (*ELBOWS, *WRISTS))))


def open_arms(seen: Observed) -> Sign | None:
    """Both hands are held well outside the shoulders, neither hanging nor above the head."""
    skeleton = seen.skeleton
    if not seen.is_frontal or not skeleton.sees(*ELBOWS, *WRISTS):
        return None
    strengths = []
    for way, shoulder, elbow, wrist in zip((1, -1), SHOULDERS, ELBOWS, WRISTS, strict=True):
        hand = skeleton.at(wrist)
        outside = way * (hand - skeleton.at(shoulder)).real
        # An arm is 1.5 shoulder widths long: half a width outside is 20 degrees if it is straight, which is hanging
        # loosely; a whole one is 40 and more.
        strengths += [ramp(outside, 0.4, 0.9), ramp(way * (hand - skeleton.at(elbow)).real, 0.0, 0.2)]
        strengths += [ramp(hand.imag, 1.45, 1.15), ramp(hand.imag, -1.3, -1.0)]
    return Sign(min(strengths), tuple(map(int, (*SHOULDERS, *ELBOWS, *WRISTS))))


def hands_clasped(seen: Observed) -> Sign | None:
    """Both hands are together before the trunk or in the lap."""
    skeleton = seen.skeleton
    knuckles = [skeleton.seen(points[:2]) for points in KNUCKLES]
    if not seen.is_frontal or not skeleton.sees(*WRISTS) or not all(knuckles):
        return None
    left, right = (skeleton.at(wrist, *points) for wrist, points in zip(WRISTS, knuckles, strict=True))
    middle = (left + right) / 2
    # A hand is 0.3 shoulder widths long from wrist to knuckles and half as wide.
    strengths = [
        ramp(abs(left - right), 0.42, 0.22),
        ramp((skeleton.at(WRISTS[1]) - skeleton.at(WRISTS[0])).real, 0.2, 0.0),  # else the arms are crossed
        ramp(abs(middle.real), 0.9, 0.6),
        ramp(middle.imag, 0.0, 0.25),
        ramp(abs(skeleton.deep(WRISTS[0]) - skeleton.deep(WRISTS[1])), 1.0, 0.6),
    ]
    return Sign(min(strengths), tuple(map(int, (*WRISTS, *knuckles[0], *knuckles[1]))))


def hand_to_mouth(seen: Observed) -> Sign | None:
    """A hand's knuckles or fingers are at the mouth."""
    hands = _hands(seen)
    return max((hand.at_mouth for hand in hands), key=_strength) if hands else None


def hand_to_face(seen: Observed) -> Sign | None:
    """A hand's knuckles or fingers are at the face, from chin to forehead, but not at the mouth."""
    hands = _hands(seen)
    return max((hand.at_face for hand in hands), key=_strength) if hands else None


@dataclass(frozen=True)
class _Where:
    """Where a head is: middle of the face and of the mouth, and one head's width along its line of ears, in px."""

    face: complex
    mouth: complex
    width: complex


@dataclass(frozen=True)
class _Hand:
    """How strongly one hand is at the mouth, and elsewhere at the face."""

    at_mouth: Sign
    at_face: Sign


def _strength(sign: Sign) -> float:
    return sign.strength


def _hands(seen: Observed) -> list[_Hand]:
    """The hands that are seen well enough; none where the head is not."""
    skeleton, head = seen.skeleton, Head(seen.skeleton)
    if not head.is_seen or not skeleton.is_measurable or skeleton.head_px is None:
        return []
    mouth, eyes = skeleton.px(*MOUTH), skeleton.px(Point.LEFT_EYE, Point.RIGHT_EYE)
    where = _Where((mouth + eyes) / 2, mouth, head.across * skeleton.head_px)
    found = []
    for wrist, points in zip(WRISTS, KNUCKLES, strict=True):
        knuckles = skeleton.seen(points)
        if skeleton.sees(wrist) and len(knuckles) >= 2:
            evidence = (int(wrist), *knuckles, int(Point.NOSE), *map(int, MOUTH))
            fingers, touch = _fingers(skeleton, wrist, knuckles), _touch(skeleton, knuckles)
            at_mouth = max(_at_mouth(where, place) for place in fingers)
            at_face = min(1 - at_mouth, max(_at_face(where, place) for place in fingers))
            found.append(_Hand(Sign(min(touch, at_mouth), evidence), Sign(min(touch, at_face), evidence)))
    return found


def _fingers(skeleton: Skeleton, wrist: int, knuckles: tuple[int, ...]) -> list[complex]:
    """Places from the knuckles to the tips of straight fingers, which the pose does not mark, in px.

    Fingers are about as long as the hand from wrist to knuckles (Drillis and Contini: a hand is .108 of the height).
    """
    start, base = skeleton.px(wrist), skeleton.px(*knuckles)
    return [base + share * (base - start) for share in (0.0, 0.3, 0.6, 0.9)]


def _touch(skeleton: Skeleton, knuckles: tuple[int, ...]) -> float:
    """Whether a hand can be at the head, by z: not if it is held an arm's length before it.

    On clips, hands at the chin were .7 to 1.3 nearer than the nose, by z; an arm is 1.5 long.
    """
    before = (skeleton.depth_px(Point.NOSE) - skeleton.depth_px(*knuckles)) / skeleton.unit_px
    return ramp(before, 1.6, 1.1)


def _at_mouth(head: _Where, place: complex) -> float:
    # A mouth is a third of a head wide, and a finger's end is anywhere on the last 2 cm, a seventh of it.
    return ramp(abs(place - head.mouth) / abs(head.width), 0.5, 0.25)


def _at_face(head: _Where, place: complex) -> float:
    """Inside an oval around eyes and mouth: half a head's width to the ears, 0.7 to chin and hair, or a bit more."""
    offset = (place - head.face) / head.width
    return ramp(math.hypot(offset.real / 0.55, offset.imag / 0.75), 1.4, 1.0)
