"""The cues of a body: `cues_of` for a still, `CueReader` for a stream, where a cue is said once it lasts.

A cue is something that a body does; what it means, only the situation tells (docs/cues.md). `CUES` names them all; the
rules are in `still_cues` and `moving_cues`. Nothing here sees pixels or knows words. Try: `cues_of(pose)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mien.body import still_cues
from mien.body.moving_cues import BodyMotion, HeadSwings, ShoulderRise
from mien.body.owner import pose_owner
from mien.body.rest import Rest
from mien.body.skeleton import Skeleton
from mien.body.still_cues import Observed, Rule, Sign
from mien.types import Cue, Face, Pose

SAID = 0.5  # strength from which a cue is said: half way between surely not and surely
KEPT = 0.3  # in a stream it is said until its strength falls below this
SMOOTHING_S = 0.25  # time constant of strengths in a stream: a few frames of noisy points do not count
GAP_S = 0.5  # without a pose for so long, what was going on is forgotten,
GAP_STEPS = 2.5  # unless poses come as rarely: then after so many of the usual steps
FORGET_S = 3.0  # and after this the person, as the tracker gives the id up


@dataclass(frozen=True)
class CueRule:
    """How a cue is found: by a `rule` for one moment, or, where that is None, by movement alone.

    `hold_s` is how long it must have lasted before it is said in a stream.
    """

    name: str
    rule: Rule | None
    hold_s: float = 0.5  # what stands shorter cannot be read


# Postures are said after most of a second, as one passes through many on the way to another; a hand at the face or a
# shrug may be over by then. Movements were watched for some seconds before, so they are said at once.
CUES: tuple[CueRule, ...] = (
    CueRule("leaning in", still_cues.leaning_in, 1.0),
    CueRule("leaning away", still_cues.leaning_away, 1.0),
    CueRule("turned away", still_cues.turned_away, 0.8),
    CueRule("arms crossed", still_cues.arms_crossed, 0.7),
    CueRule("open arms", still_cues.open_arms, 0.4),
    CueRule("hand to face", still_cues.hand_to_face, 0.4),
    CueRule("hand to mouth", still_cues.hand_to_mouth, 0.4),
    CueRule("hands clasped", still_cues.hands_clasped, 0.7),
    CueRule("shrug", still_cues.shrug, 0.15),
    CueRule("shoulders raised", still_cues.shoulders_raised, 0.5),
    CueRule("head down", still_cues.head_down, 0.7),
    CueRule("head tilted", still_cues.head_tilted, 0.5),
    CueRule("nodding", None, 0.0),
    CueRule("shaking the head", None, 0.0),
    CueRule("fidgeting", None, 0.0),
    CueRule("standing still", None, 0.0),
    CueRule("sitting still", None, 0.0),
    CueRule("still", None, 0.0),
)
NAMES = tuple(cue.name for cue in CUES)

# A cue that another one says better, or rules out, is not said beside it.
SILENCED_BY: Mapping[str, tuple[str, ...]] = {
    "shoulders raised": ("shrug",),
    "standing still": ("nodding", "shaking the head", "fidgeting"),
    "sitting still": ("nodding", "shaking the head", "fidgeting"),
    "still": ("nodding", "shaking the head", "fidgeting"),
    "head down": ("nodding",),
    # A hand before the face disturbs the mesh, which then seems to nod.
    "nodding": ("hand to face", "hand to mouth"),
    "shaking the head": ("hand to face", "hand to mouth"),
}


def cues_of(pose: Pose, face: Face | None = None) -> tuple[Cue, ...]:
    """What a body does in one picture, in the order of `CUES`.

    Without a person's rest to compare with, only strong cases of raised shoulders and shrugs are said, of leaning and
    of movement nothing. A cue whose points are not seen is not said.

    Args:
        pose: the body.
        face: its face, if it was found: its mesh tells best how the head is turned.

    Returns:
        Cues with `duration_s` 0; empty where there is nothing to say.

    Raises:
        ValueError: the pose has not 33 points.
    """
    signs = _still_signs(Observed(Skeleton(pose), face))
    said = {name for name, sign in signs.items() if sign is not None and sign.strength >= SAID}
    return tuple(Cue(name, sign.strength, 0.0, sign.evidence) for name in _told(said) if (sign := signs[name]))


class CueReader:
    """Reads the cues of the people of one stream, each by `Pose.track_id`.

    A cue appears when it has lasted for its `hold_s`, and stays until it is clearly over. Everything goes by seconds:
    10, 15 or 30 frames a second give the same cues. One a second still shows postures, but movements and shrugs are
    over between two looks; frames more than FORGET_S apart show nothing that lasts.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everyone: the next pose begins a new stream."""
        self._people: dict[int | None, _Person] = {}
        self._latest_s = -math.inf

    def with_cues(self, poses: Iterable[Pose], faces: Sequence[Face], *, time_s: float | None) -> list[Pose]:
        """The bodies of one frame with their cues; `time_s` is None for a still.

        Of a body without a name, whose past may be another's, only what the moment shows is said.
        """
        read = []
        for pose in poses:
            face = pose_owner(pose, faces)
            cues = cues_of(pose, face) if time_s is None or pose.track_id is None else self.update(pose, time_s, face)
            read.append(replace(pose, cues=cues))
        return read

    def update(self, pose: Pose, time_s: float, face: Face | None = None) -> tuple[Cue, ...]:
        """What this person does now, in the order of `CUES`, with how long each cue has lasted.

        Several people may have poses of the same time; a time before the latest (a seek) begins anew for everyone.
        Who was not seen for GAP_S (or GAP_STEPS) starts anew but for the rest, who was gone for FORGET_S is forgotten.

        Args:
            pose: the body, with its `track_id`.
            time_s: seconds from the beginning of the stream.
            face: its face, if it was found.

        Raises:
            ValueError: the pose has not 33 points, or the time is no number.
        """
        if not math.isfinite(time_s):
            raise ValueError(f"time_s is a number of seconds; got {time_s}")
        if time_s < self._latest_s:
            self.reset()
        if time_s > self._latest_s:
            self._people = {who: one for who, one in self._people.items() if time_s - one.time_s <= FORGET_S}
        self._latest_s = time_s
        person = self._people.setdefault(pose.track_id, _Person())
        return person.update(Skeleton(pose), time_s, face)


@dataclass
class _State:
    """One cue of one person."""

    strength: float = 0.0  # smoothed
    is_on: bool = False
    since_s: float = 0.0


@dataclass
class _Person:
    """What is kept of one person of a stream."""

    time_s: float = -math.inf
    usual_s: float = 0.0  # the step before this one
    rest: Rest = field(default_factory=Rest)
    head: HeadSwings = field(default_factory=HeadSwings)
    motion: BodyMotion = field(default_factory=BodyMotion)
    shoulders: ShoulderRise = field(default_factory=ShoulderRise)
    states: dict[str, _State] = field(default_factory=dict)

    def update(self, skeleton: Skeleton, time_s: float, face: Face | None) -> tuple[Cue, ...]:
        step_s, self.time_s = time_s - self.time_s, time_s
        if step_s > max(GAP_S, GAP_STEPS * self.usual_s):
            self.head, self.motion, self.shoulders, self.states = HeadSwings(), BodyMotion(), ShoulderRise(), {}
        self.usual_s = step_s if math.isfinite(step_s) else 0.0
        seen = Observed(skeleton, face, self.rest.known())
        self.rest.learn(time_s, seen.measures)
        self.head.add(time_s, seen)
        self.motion.add(time_s, skeleton)
        signs = _still_signs(seen) | self.shoulders.signs(time_s, seen) | self.head.signs() | self.motion.signs()
        said = {cue.name for cue in CUES if self._lasts(cue, signs.get(cue.name), time_s, step_s)}
        return tuple(self._cue(name, signs[name]) for name in _told(said))

    def _cue(self, name: str, sign: Sign | None) -> Cue:
        assert sign is not None  # only what is seen is said
        state = self.states[name]
        return Cue(name, state.strength, self.time_s - state.since_s, sign.evidence)

    def _lasts(self, cue: CueRule, sign: Sign | None, time_s: float, step_s: float) -> bool:
        """Take in how strong a cue is now; whether it is to be said."""
        state = self.states.setdefault(cue.name, _State())
        if sign is None:  # what cannot be seen is not said; it goes on if it is seen again before it has faded
            state.strength *= math.exp(-step_s / SMOOTHING_S) if state.is_on else 0.0
            state.is_on = state.is_on and state.strength >= KEPT / 4
            return False
        kept = 0.0 if cue.rule is None or not math.isfinite(step_s) else math.exp(-step_s / SMOOTHING_S)
        state.strength = kept * state.strength + (1 - kept) * sign.strength
        if not state.is_on and state.strength >= SAID:
            state.is_on, state.since_s = True, time_s
        elif state.is_on and state.strength < KEPT:
            state.is_on = False
        return state.is_on and time_s - state.since_s >= cue.hold_s - 1e-6


def _still_signs(seen: Observed) -> dict[str, Sign | None]:
    return {cue.name: cue.rule(seen) for cue in CUES if cue.rule is not None}


def _told(said: set[str]) -> list[str]:
    """The cues that are said, in the order of `CUES`, without those that others silence."""

    def is_told(name: str) -> bool:  # what is silenced itself silences nothing
        return name in said and not any(map(is_told, SILENCED_BY.get(name, ())))

    return list(filter(is_told, NAMES))
