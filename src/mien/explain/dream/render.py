"""The four parts put together: objectives, parameterisation, transforms and ascent make a picture.

Try: `dream_all(open_subject(), "fer2013")`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from mien.errors import UsageError
from mien.explain.dream import optimise
from mien.explain.dream.objectives import Label, Layer, Looking, Objective, looking
from mien.explain.dream.options import SMALLEST_OCTAVE_PX, DreamOptions
from mien.explain.dream.parameterisations import PARAMETERISATIONS, Parameterisation
from mien.explain.dream.sketch import sketch
from mien.explain.dream.transforms import Transform
from mien.explain.subject import Subject, to_input
from mien.types import FloatArray, ImageArray, Progress, no_progress

TOGETHER = 8  # dreams made in one batch: more are no faster, and take memory
OnFrame = Callable[[int, ImageArray], None]  # called with the step's number and the pictures (N, S, S) so far


@dataclass(frozen=True, eq=False)
class Dream:
    """A picture that was made to please an objective.

    `image` is (S, S) uint8 grey, `start` what it began as; `before` and `after` are the objective's scores of the two,
    without any transform; `answers` are the shares of the labels that the network gives `image`, by head; `frames` are
    pictures of the way, made after `frame_steps` steps; `steps` were made in all; `is_complete` is False where Ctrl-C
    ended it.
    """

    name: str
    image: ImageArray
    start: ImageArray
    before: float
    after: float
    answers: Mapping[str, Mapping[str, float]]
    steps: int
    is_complete: bool = True
    frames: tuple[ImageArray, ...] = field(default=(), repr=False)
    frame_steps: tuple[int, ...] = ()

    def answer(self, head: str) -> tuple[str, float]:
        """The label that the network gives the picture, and its share."""
        shares = self.answers[head]
        label = max(shares, key=shares.__getitem__)
        return label, shares[label]


DEFAULT = DreamOptions()
PHOTO = DreamOptions(steps=48, step_size=0.03, patience=0, frames=6)  # gentle: the face should stay one


def dream(
    subject: Subject,
    objective: Objective,
    *,
    start: ImageArray | None = None,
    options: DreamOptions = DEFAULT,
    progress: Progress = no_progress,
    on_frame: OnFrame | None = None,
) -> Dream:
    """A picture that pleases an objective: see `dreams`."""
    return dreams(subject, [objective], start=start, options=options, progress=progress, on_frame=on_frame)[0]


def dream_all(
    subject: Subject,
    head: str,
    *,
    start: ImageArray | None = None,
    options: DreamOptions = DEFAULT,
    progress: Progress = no_progress,
) -> tuple[Dream, ...]:
    """One dream for each label of a head, in its order: what the network wants to see.

    Without `start` all begin from a sketch of a face, which says where eyes and mouth are; `dreams` of the same labels
    begin from noise. Raises UsageError where there is no such head, and as `dreams` does.
    """
    if start is None:
        start = sketch(options.size or subject.input_size, subject.geometry)
    labels = [Label(label, head) for label in subject.heads.get(head, ())] or [Label("", head)]  # refused with a word
    return dreams(subject, labels, start=start, options=options, progress=progress)


def photo_dream(
    subject: Subject,
    crop: ImageArray,
    *,
    layer: str,
    options: DreamOptions | None = None,
    progress: Progress = no_progress,
) -> Dream:
    """A face (S, S) uint8 grey, changed step by step so that a layer responds more to it; with frames of the way.

    Raises UsageError as `dreams` does.
    """
    return dream(subject, Layer(layer), start=crop, options=options or PHOTO, progress=progress)


def dream_layers(
    subject: Subject,
    paths: Sequence[str] = (),
    *,
    start: ImageArray | None = None,
    options: DreamOptions = DEFAULT,
    progress: Progress = no_progress,
) -> tuple[Dream, ...]:
    """One dream for each layer, by its path; without paths, for every convolution, in the network's order."""
    chosen = paths or [path for path, one in subject.layers().items() if isinstance(one, torch.nn.Conv2d)]
    return dreams(subject, [Layer(path) for path in chosen], start=start, options=options, progress=progress)


def dreams(
    subject: Subject,
    objectives: Sequence[Objective],
    *,
    start: ImageArray | None = None,
    options: DreamOptions = DEFAULT,
    progress: Progress = no_progress,
    on_frame: OnFrame | None = None,
) -> tuple[Dream, ...]:
    """One dream for each objective; all begin alike and see the same transforms, so what differs is the objective.

    Args:
        subject: the network; neither it nor `start` is changed.
        objectives: what is to grow.
        start: (H, H) uint8 grey, such as an aligned crop; without it, noise.
        options: how it is made; `size` may differ from the network's only where the network takes pictures of any side.
        progress: called with steps done and steps in all.
        on_frame: called after each step with pictures (N, S, S) of the dreams that are being made.

    Ctrl-C ends the dream that is being made where it stands; those that were not begun are left out.

    Raises:
        UsageError: an objective names what the network lacks, the network cannot take that size, or `start` is no
            square grey picture.
    """
    size = options.size or subject.input_size
    _check(subject, objectives, size)
    begun = None if start is None else _checked(start)
    made: list[Dream] = []
    total = len(objectives) * options.steps
    for first in range(0, len(objectives), TOGETHER):
        batch = _Batch(subject, objectives[first : first + TOGETHER], size, options)
        made += batch.make(begun, _part(progress, first * options.steps, len(batch.objectives), total), on_frame)
        if not made[-1].is_complete:
            break
    return tuple(made)


def scores(
    subject: Subject, objective: Objective, pictures: ImageArray, *, transform: Transform | None = None, seed: int = 0
) -> FloatArray:
    """What an objective gives pictures (N, S, S) uint8, perhaps through a transform, drawn anew for each: (N,)."""
    rng = Generator().manual_seed(seed)
    together = TOGETHER if transform is None else 1
    found = []
    with torch.no_grad(), looking(subject, objective.layers) as look:
        for first in range(0, len(pictures), together):
            seen = _enlarged(to_input(pictures[first : first + together]), subject)
            found.append(objective.score(look(seen if transform is None else transform(seen, rng))))
    return np.asarray(torch.cat(found).numpy() if found else (), np.float32)


class _Batch:
    """Some dreams that are made together."""

    def __init__(self, subject: Subject, objectives: Sequence[Objective], size: int, options: DreamOptions) -> None:
        self.subject, self.objectives, self.size, self.options = subject, objectives, size, options
        self.code: Parameterisation = PARAMETERISATIONS[options.parameterisation]()
        self.rng = Generator().manual_seed(options.seed)

    def make(self, start: ImageArray | None, progress: Callable[[int], None], on_frame: OnFrame | None) -> list[Dream]:
        """All dreams, to their end or to Ctrl-C."""
        begun = pictures = self._begin(start)
        film = [(0, begun)]
        wanted = set(np.linspace(0, self.options.steps, self.options.frames).round().astype(int).tolist()[1:-1])
        number, is_complete = 0, True
        try:
            for number, pictures in self._climb(begun):
                if number in wanted:
                    film.append((number, pictures))
                if on_frame is not None:
                    on_frame(number, _quantised(pictures))
                progress(number)
        except KeyboardInterrupt:
            is_complete = False
        else:
            progress(self.options.steps)  # also where it settled earlier
        film = [*film, (number, pictures)] if self.options.frames > 1 else film[: self.options.frames]
        return self._told(begun, pictures, film, number, is_complete)

    def _begin(self, start: ImageArray | None) -> Tensor:
        """What all dreams begin from, (N, 1, S, S)."""
        if start is None:
            picture = self.code.decode(self.options.noise * self.code.noise(self.size, self.rng))
        else:
            picture = _resized(to_input(start[None]), self.size)
        return picture.expand(len(self.objectives), -1, -1, -1)

    def _climb(self, begun: Tensor) -> Iterator[tuple[int, Tensor]]:
        """All octaves; after each step its number from 1 and the pictures as they then are, (N, 1, S, S)."""
        options, number = self.options, 0
        pictures = begun
        layers = tuple(dict.fromkeys(layer for one in self.objectives for layer in one.layers))
        sides = optimise.octaves(
            self.size, options.octaves, options.octave_scale, steps=options.steps, least=SMALLEST_OCTAVE_PX
        )
        with looking(self.subject, layers) as look:
            for octave in sides:
                lost = begun - _resized(_resized(begun, octave.side), self.size)  # too fine for this octave
                numbers = self.code.encode(_resized(pictures, octave.side))
                for _ in optimise.ascend(
                    numbers, partial(self._score, look), steps=octave.steps, step_size=options.step_size,
                    patience=options.patience,
                ):  # fmt: skip
                    number += 1
                    pictures = _resized(self.code.decode(numbers.detach()), self.size) + lost
                    yield number, pictures

    def _score(self, look: Looking, numbers: Tensor) -> Tensor:
        """Each dream's own score, the mean over some draws of the transform: (N,)."""
        pictures = _enlarged(self.code.decode(numbers), self.subject)
        total = torch.zeros(len(numbers))
        for _ in range(self.options.views):
            seen = look(self.options.transform(pictures, self.rng))
            total = total + torch.stack([one.score(seen)[row] for row, one in enumerate(self.objectives)])
        return total / self.options.views

    def _told(
        self, begun: Tensor, pictures: Tensor, film: Sequence[tuple[int, Tensor]], steps: int, is_complete: bool
    ) -> list[Dream]:
        """What came out, scored as the eight-bit pictures that are given."""
        starts, images, frames = _quantised(begun), _quantised(pictures), [_quantised(one) for _, one in film]
        return [
            Dream(
                name=objective.name,
                image=images[row],
                start=starts[row],
                before=float(scores(self.subject, objective, starts[row : row + 1])[0]),
                after=float(scores(self.subject, objective, images[row : row + 1])[0]),
                answers=_answers(self.subject, images[row]),
                steps=steps,
                is_complete=is_complete,
                frames=tuple(one[row] for one in frames),
                frame_steps=tuple(number for number, _ in film),
            )
            for row, objective in enumerate(self.objectives)
        ]


def _answers(subject: Subject, picture: ImageArray) -> dict[str, dict[str, float]]:
    with torch.no_grad():
        out = subject.net(_enlarged(to_input(picture[None]), subject))
    return {
        head: dict(zip(labels, getattr(out, head).softmax(1)[0].tolist(), strict=True))
        for head, labels in subject.heads.items()
    }


def _check(subject: Subject, objectives: Sequence[Objective], size: int) -> None:
    """Raise UsageError for what the network lacks, before the work begins."""
    layers = tuple(dict.fromkeys(layer for one in objectives for layer in one.layers))
    with torch.no_grad(), looking(subject, layers) as look:
        try:
            seen = look(_enlarged(torch.zeros(1, 1, size, size), subject))
        except RuntimeError as error:
            raise UsageError(f"{subject.name} sees pictures of {subject.input_size} px only, not {size}") from error
        for objective in objectives:
            objective.score(seen)


def _checked(start: ImageArray) -> ImageArray:
    if start.ndim != 2 or start.shape[0] != start.shape[1] or start.dtype != np.uint8 or not start.size:
        raise UsageError(f"a dream begins from a square grey picture of bytes; got {start.shape} {start.dtype}")
    return start


def _part(progress: Progress, done: int, together: int, total: int) -> Callable[[int], None]:
    """Progress of some dreams as a part of all: `done` dreams came before. Counted are steps times dreams."""
    return lambda number: progress(done + number * together, total)


def _resized(pictures: Tensor, side: int) -> Tensor:
    """(N, 1, side, side), without aliasing; the same pictures where they have that side."""
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(pictures, (side, side), mode="bicubic", antialias=True, align_corners=False)


def _enlarged(pictures: Tensor, subject: Subject) -> Tensor:
    """Pictures as the network looks at them: never smaller than its crops."""
    return _resized(pictures, max(pictures.shape[-1], subject.input_size))


def _quantised(pictures: Tensor) -> ImageArray:
    """(N, S, S) uint8."""
    return np.asarray(pictures[:, 0].round().clamp(0, 255).to(torch.uint8).numpy())
