"""What a body does over some seconds: nodding, shaking the head, fidgeting, holding still, and the rise of a shrug.

All of it goes by seconds: what is kept is looked at in windows of time, so that 10 or 30 frames a second, evenly spaced
or not, see the same. Movement is counted in swings from one turning point to the next, larger than the noise.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from mien.body.skeleton import HIPS, SHOULDERS, WRISTS, Point, Skeleton
from mien.body.still_cues import Observed, Sign, raised_share, ramp

Samples = Sequence[tuple[float, float]]  # (time_s, value)

# Yes and no are said by cyclic, symmetrical movements (Hadar, Steiner and Rose 1985). Of 0.8 to 4 Hz: below,
# a head looks from one thing to another; above, it trembles, and 10 frames a second show nothing of it.
SLOWEST_HZ, FASTEST_HZ = 0.8, 4.0
HALVES_S = (0.5 / FASTEST_HZ, 0.5 / SLOWEST_HZ)
SLACK_S = 0.05  # a turning point lies between two frames
HALVES = 3  # swings in a row: down, up, down. Two are a glance at something and back
HEAD_WINDOW_S = 3.0
FRESH_S = 0.7  # after the last turning point it is over
ALIKE = 0.5  # the smallest of the swings against the largest: a head that settles after a turn swings less and less
LEADING = 1.5  # times the movement about the other axis
RIVAL_S = 1.5  # during this, about two cycles
NOISE_STEP_S = 0.1
NOISE_WINDOW_S = 12.0
OVER_NOISE = 5.0  # standard deviations: the swing of 30 noisy values is four or so
FEW = 3.0  # and, as few samples tell a noise badly, this over the root of their number more
BY_POINTS = 1.4  # times the least swing without a mesh: one point, the nose, tells it all
LEAST_NOD_DEG, LEAST_SHAKE_DEG = 5.0, 8.0  # what a viewer notices at all; speech moves heads by a few degrees

BIN_S = 0.1  # points are averaged over this
BODY_WINDOW_S = 4.0
COVERED = 0.85  # of a window must be filled to speak of it, without a gap of
LONGEST_GAP_S = 0.4
SWING = 0.06  # of the shoulders' width: 2 cm, over four standard deviations of a point's noise
GESTURE = 0.6  # and more is a gesture of the arm, or a step
RESTLESS_PER_S = (0.75, 1.75)  # swings a second of one limb: fewer are single movements
STILL = (0.11, 0.055)  # of the shoulders' width, 4 and 2 cm: people who stand still sway by a centimetre or two
ODD = 0.02  # of the places of a window are not counted: one at each end
STANDING, SITTING = 0.8, 0.6  # shoulder widths from hip down to knee: a thigh is 1.1 long

# What may fidget, and what it moves against: hands and feet by themselves, the trunk as a whole.
LIMBS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((Point.LEFT_WRIST,), SHOULDERS),
    ((Point.RIGHT_WRIST,), SHOULDERS),
    ((Point.LEFT_KNEE,), HIPS),
    ((Point.RIGHT_KNEE,), HIPS),
    ((Point.LEFT_ANKLE,), HIPS),
    ((Point.RIGHT_ANKLE,), HIPS),
    (SHOULDERS, ()),
)
HELD_STILL = (Point.NOSE, *SHOULDERS, *WRISTS, *HIPS)  # as far as they are seen; the first three must be


def turning_points(samples: Samples, least: float) -> list[tuple[float, float]]:
    """Where a movement turns, counting only swings of at least `least`: times and values, the last one still open.

    The rainflow idea of counting with a dead band: a turning point stands once the way back from it is long enough.
    """
    if not samples:
        return []
    low = high = samples[0]
    points: list[tuple[float, float]] = []
    rising: bool | None = None
    for sample in samples:
        if sample[1] > high[1]:
            high = sample
        if sample[1] < low[1]:
            low = sample
        if rising is not False and high[1] - sample[1] >= least:
            points.append(high)
            rising, low = False, sample
            high = sample
        elif rising is not True and sample[1] - low[1] >= least:
            points.append(low)
            rising, high = True, sample
            low = sample
    if rising is not None:
        points.append(high if rising else low)
    return points


def noise_of(values: Sequence[float]) -> float:
    """The standard deviation of a value's noise, from second differences: their median, so that moves do not count."""
    seconds = [abs(a - 2 * b + c) for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    return 1.4826 * statistics.median(seconds) / math.sqrt(6) if seconds else 0.0


class HeadSwings:
    """The head's pitch and yaw of some seconds: nodding and shaking."""

    def __init__(self) -> None:
        self._pitch: deque[tuple[float, float]] = deque()
        self._yaw: deque[tuple[float, float]] = deque()
        self._slow: deque[tuple[float, float, float]] = deque()  # every NOISE_STEP_S, for the noise
        self._evidence: tuple[int, ...] = ()
        self._by_mesh = False

    def add(self, time_s: float, seen: Observed) -> None:
        """Take in how the head is turned, if that is seen."""
        while self._pitch and time_s - self._pitch[0][0] > HEAD_WINDOW_S:
            self._pitch.popleft()
            self._yaw.popleft()
        while self._slow and time_s - self._slow[0][0] > NOISE_WINDOW_S:
            self._slow.popleft()
        turn = seen.turn
        self._evidence = () if turn is None else turn.evidence
        if turn is None:
            return
        if turn.by_mesh != self._by_mesh:  # two measures of one head differ by some degrees: a jump is no swing
            self._by_mesh = turn.by_mesh
            for kept in (self._pitch, self._yaw, self._slow):
                kept.clear()
        pitch, yaw = (_even(angle, turn.by_mesh) for angle in (turn.pitch_deg, turn.yaw_deg))
        self._pitch.append((time_s, pitch))
        self._yaw.append((time_s, yaw))
        if not self._slow or time_s - self._slow[-1][0] >= NOISE_STEP_S - 1e-6:
            self._slow.append((time_s, pitch, yaw))

    def signs(self) -> dict[str, Sign | None]:
        """Nodding and shaking the head; None while the head is not seen."""
        if not self._evidence:
            return {"nodding": None, "shaking the head": None}
        # The same points give both angles, so their noise is alike: a long nod raises that of the pitch alone.
        noise = min(noise_of([row[axis] for row in self._slow]) for axis in (1, 2))
        noise *= 1 + FEW / math.sqrt(len(self._slow))
        coarse = 1.0 if self._by_mesh else BY_POINTS
        least = [max(floor * coarse, OVER_NOISE * noise) for floor in (LEAST_NOD_DEG, LEAST_SHAKE_DEG)]
        nods, shakes = cyclic_swing(self._pitch, least[0]), cyclic_swing(self._yaw, least[1])
        latest = self._pitch[-1][0] - RIVAL_S
        spread = [robust_range([value for t, value in axis if t >= latest]) for axis in (self._pitch, self._yaw)]
        return {
            "nodding": self._sign(nods, least[0], other=spread[1]),
            "shaking the head": self._sign(shakes, least[1], other=spread[0]),
        }

    def _sign(self, swing: float, least: float, *, other: float) -> Sign:
        # Said from the least swing on, fully at two and a half times that, if it leads over the other axis.
        strong = ramp(swing, 0.0, 2 * least) if swing >= least else 0.0
        leads = ramp(swing / max(other, 1e-6), 1 / LEADING, LEADING)
        return Sign(min(strong, leads), self._evidence)


def _even(angle_deg: float, by_mesh: bool) -> float:
    """An angle whose noise is the same everywhere: that of the nose's place, of which it is the arc sine."""
    return angle_deg if by_mesh else math.degrees(math.sin(math.radians(angle_deg)))


def cyclic_swing(samples: Samples, least: float) -> float:
    """The mean swing of the latest regular back and forth, 0 where there is none that goes on now.

    Regular: HALVES or more swings in a row, each within the band of frequencies, and alike in size.
    """
    points = turning_points(samples, least)
    if len(points) < HALVES + 1 or samples[-1][0] - points[-2][0] > FRESH_S:
        return 0.0
    sizes: list[float] = []
    for after, before in pairwise(reversed(points)):
        lasted, size = after[0] - before[0], abs(after[1] - before[1])
        is_open = not sizes  # the latest swing may not have come to its end
        in_band = (0 if is_open else HALVES_S[0] - SLACK_S) <= lasted <= HALVES_S[1] + SLACK_S
        if not in_band or (sizes and min([size, *sizes]) < ALIKE * max([size, *sizes])):
            break
        sizes.append(size)
    return statistics.fmean(sizes) if len(sizes) >= HALVES else 0.0


def robust_range(values: Sequence[float], odd: float = 0.1) -> float:
    """From the smallest to the largest value, without a share of odd ones at each end."""
    order = sorted(values)
    left_out = math.ceil(odd * (len(order) - 1))
    return order[-1 - left_out] - order[left_out] if len(order) > 2 * left_out else 0.0


class BodyMotion:
    """Where the points of a body were over some seconds, averaged over tenths of one: fidgeting and stillness."""

    def __init__(self) -> None:
        self._bins: deque[tuple[float, dict[int, complex]]] = deque()  # by time, point -> place in px
        self._units: deque[float] = deque()
        self._sums: dict[int, list[complex]] = {}
        self._bin = -1
        self._latest: dict[str, Sign | None] = {}

    def add(self, time_s: float, skeleton: Skeleton) -> None:
        """Take in the points that are seen."""
        number = math.floor(time_s / BIN_S + 1e-6)
        if number != self._bin:
            self._close(time_s)
            self._bin = number
        if not skeleton.is_measurable:
            return
        self._unit = skeleton.unit_px
        self._down = skeleton.down
        for point in skeleton.seen(_FOLLOWED):
            self._sums.setdefault(point, []).append(skeleton.px(point))

    def _close(self, time_s: float) -> None:
        if self._sums:
            means = {point: sum(places) / len(places) for point, places in self._sums.items()}
            self._bins.append(((self._bin + 0.5) * BIN_S, means))
            self._units.append(self._unit)
            self._sums = {}
        while self._bins and time_s - self._bins[0][0] > BODY_WINDOW_S:
            self._bins.popleft()
            self._units.popleft()
        self._latest = self._measured() if self._bins else {}

    def signs(self) -> dict[str, Sign | None]:
        """Fidgeting; still: standing, sitting, or where the legs are not seen; None before a window is full."""
        return {name: self._latest.get(name) for name in ("fidgeting", "standing still", "sitting still", "still")}

    def _measured(self) -> dict[str, Sign | None]:
        unit = statistics.median(self._units)
        restless = [sign for sign in (self._restless(*limb, unit) for limb in LIMBS) if sign is not None]
        fidgets = max(restless, key=lambda sign: sign.strength) if restless else None
        return {"fidgeting": fidgets, **self._stillness(unit)}

    def _path(self, point: int) -> list[tuple[float, complex]] | None:
        """Where a point was, if it was seen nearly all the time."""
        path = [(time_s, places[point]) for time_s, places in self._bins if point in places]
        return path if _covers(path) else None

    def _restless(self, points: tuple[int, ...], against: tuple[int, ...], unit: float) -> Sign | None:
        """How much a limb goes back and forth in small ways: swings a second, in either direction of the picture."""
        path = [
            (time_s, _mean(places, points) - (_mean(places, against) if against else 0))
            for time_s, places in self._bins
            if all(point in places for point in (*points, *against))
        ]
        if not _covers(path):
            return None
        best = 0.0
        for turn in (1, -1j):  # to the right, and down
            turns = turning_points([(time_s, (place * turn).real / unit) for time_s, place in path], SWING)
            sizes = [abs(after[1] - before[1]) for before, after in pairwise(turns)]
            if sizes:
                often = ramp(len(sizes) / BODY_WINDOW_S, *RESTLESS_PER_S)
                best = max(best, min(often, ramp(statistics.median(sizes), 1.5 * GESTURE, GESTURE)))
        return Sign(best, tuple(map(int, points)))

    def _stillness(self, unit: float) -> dict[str, Sign | None]:
        paths = {point: path for point in HELD_STILL if (path := self._path(point)) is not None}
        if not all(point in paths for point in HELD_STILL[:3]):
            return {}
        largest = max(
            math.hypot(
                *(robust_range(values, ODD) for values in ([p.real for _, p in path], [p.imag for _, p in path]))
            )
            for path in paths.values()
        )
        sign = Sign(ramp(largest / unit, *STILL), tuple(map(int, paths)))
        return {self._stance(unit): sign}

    def _stance(self, unit: float) -> str:
        """By how far the knees are below the hips, along the trunk; 'still' where they are not seen, or between."""
        legs = ((Point.LEFT_HIP, Point.LEFT_KNEE), (Point.RIGHT_HIP, Point.RIGHT_KNEE))
        places = self._bins[-1][1]
        drops = [
            ((places[knee] - places[hip]) * self._down.conjugate()).real / unit
            for hip, knee in legs
            if hip in places and knee in places
        ]
        if drops and min(drops) >= STANDING:
            return "standing still"
        return "sitting still" if drops and max(drops) <= SITTING else "still"


_FOLLOWED = tuple(sorted({int(p) for limb in LIMBS for points in limb for p in points} | set(map(int, HELD_STILL))))


def _covers(path: Sequence[tuple[float, complex]]) -> bool:
    """Whether places were seen nearly all through the window."""
    if not path or path[-1][0] - path[0][0] < COVERED * BODY_WINDOW_S:
        return False
    return all(after[0] - before[0] <= LONGEST_GAP_S for before, after in pairwise(path))


def _mean(places: dict[int, complex], points: tuple[int, ...]) -> complex:
    return sum(places[point] for point in points) / len(points)


SHRUG_S = 2.5  # after that, shoulders are raised, not shrugged
LOW_SHARE = 0.15  # shoulders that are down


class ShoulderRise:
    """Tells a shrug, shoulders that were down a moment ago, from shoulders that stay up."""

    def __init__(self) -> None:
        self._down_s = -math.inf  # when they were last down

    def signs(self, time_s: float, seen: Observed) -> dict[str, Sign | None]:
        """Shrug and raised shoulders, against the person's rest; empty until that is known: the still's rules hold."""
        share = raised_share(seen)
        if share is None or seen.change("neck") is None:
            return {}
        if share <= LOW_SHARE:
            self._down_s = time_s
        is_fresh = time_s - self._down_s <= SHRUG_S
        evidence = tuple(map(int, (*SHOULDERS, Point.LEFT_EAR, Point.RIGHT_EAR)))
        return {
            "shrug": Sign(share if is_fresh else 0.0, evidence),
            "shoulders raised": Sign(0.0 if is_fresh else share, evidence),
        }
