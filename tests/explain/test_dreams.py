"""Dreams: closed forms on linear networks, what they must leave alone, and that they please the network they are of."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from face_sets import shared_faces
from torch import Tensor, nn

from mien.data.faceset import FER2013_LABELS
from mien.errors import UsageError
from mien.explain.dream import (
    Channel,
    Dream,
    DreamOptions,
    Label,
    Layer,
    dream,
    dream_all,
    dream_layers,
    dreams,
    scores,
)
from mien.explain.dream.parameterisations import Fourier
from mien.explain.dream.transforms import DEFAULT, Compose
from mien.explain.subject import Subject, open_subject
from mien.images import DEFAULT_GEOMETRY
from mien.types import ImageArray

HAPPY = Label("happy", "fer2013")
QUICK = DreamOptions(steps=12, octaves=2, patience=0)
PLAIN = Compose(())  # no transform


class Logits(NamedTuple):
    fer2013: Tensor


class Linear(nn.Module):
    """Logits that are sums of pixels with weights (L, S, S): what pleases it most is known."""

    def __init__(self, weights: np.ndarray) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.from_numpy(weights.astype(np.float32)), requires_grad=False)

    def forward(self, crops: Tensor) -> Logits:
        return Logits(torch.einsum("nhw,lhw->nl", crops[:, 0] - 127.5, self.weights))


def linear(weights: np.ndarray) -> Subject:
    heads = {"fer2013": FER2013_LABELS[: len(weights)]}
    return Subject("linear", Linear(weights), heads, weights.shape[-1], DEFAULT_GEOMETRY)


def hooks_of(net: nn.Module) -> int:
    return sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in net.modules())


# --- closed forms ----------------------------------------------------------------------------------------------------


def test_of_a_linear_network_the_pixels_become_the_signs_of_its_weights() -> None:
    weights = np.random.default_rng(0).normal(size=(2, 24, 24))
    options = DreamOptions(steps=120, octaves=1, patience=0, parameterisation="pixels", transform=PLAIN)
    for one, weight in zip(dream_all(linear(weights), "fer2013", options=options), weights, strict=True):
        assert np.array_equal(one.image > 127, weight > 0)
        assert one.after > 0.95 * 127.5 * np.abs(weight).sum()  # the most there is


def test_of_a_linear_network_the_spectrum_takes_the_signs_of_its_weights_spectrum() -> None:
    weights = np.random.default_rng(2).normal(size=(2, 32, 32))
    options = DreamOptions(steps=10, octaves=1, patience=0, noise=0.0, transform=PLAIN)
    labels = [Label(label, "fer2013") for label in FER2013_LABELS[:2]]
    for one, weight in zip(dreams(linear(weights), labels, options=options), weights, strict=True):
        spectrum = np.fft.rfft2(weight)  # Adam's first steps are all of one size, along the sign of the gradient
        signs = np.stack([np.sign(spectrum.real), np.sign(spectrum.imag)], -1).astype(np.float32)
        expected = Fourier().decode(10 * options.step_size * torch.from_numpy(signs)[None, None])[0, 0].numpy()
        assert np.corrcoef(one.image.ravel(), expected.ravel())[0, 1] > 0.9  # the sigmoid bends the way a little
        assert one.image.std() == pytest.approx(expected.std(), rel=0.15)


def test_in_the_spectrum_coarse_structure_comes_before_fine() -> None:
    weights = np.random.default_rng(1).normal(size=(1, 32, 32))  # all frequencies alike

    def fine_share(code: str) -> float:
        options = DreamOptions(steps=20, octaves=1, parameterisation=code, transform=PLAIN, noise=0.01)
        image = dream(linear(weights), Label("angry", "fer2013"), options=options).image.astype(float)
        power = np.abs(np.fft.fft2(image - image.mean())) ** 2
        waves = np.hypot(np.fft.fftfreq(32, 1 / 32)[:, None], np.fft.fftfreq(32, 1 / 32))
        return float(power[waves > 8].sum() / power.sum())

    assert fine_share("fourier") < 0.1 < 0.6 < fine_share("pixels")


# --- what is left alone, what is promised ----------------------------------------------------------------------------


def test_weights_hooks_the_start_and_torch_s_own_generator_stay_as_they_are(
    subject: Subject, crops: ImageArray
) -> None:
    start, before, state = crops[0].copy(), copy.deepcopy(subject.net.state_dict()), torch.get_rng_state()
    first = next(iter(subject.layers()))
    made = dreams(subject, [HAPPY, Layer(first)], start=start, options=QUICK)
    assert np.array_equal(start, crops[0]) and np.array_equal(made[0].start, start)
    after = subject.net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(one.grad is None and not one.requires_grad for one in subject.net.parameters())
    assert hooks_of(subject.net) == 0 and not subject.net.training
    assert torch.equal(state, torch.get_rng_state())


def test_a_seed_repeats_a_dream_and_another_does_not(ours: Subject) -> None:
    once, again = (dream(ours, HAPPY, options=DreamOptions(steps=8, seed=3)) for _ in range(2))
    other = dream(ours, HAPPY, options=DreamOptions(steps=8, seed=4))
    assert np.array_equal(once.image, again.image) and once.after == again.after
    assert not np.array_equal(once.image, other.image)


@pytest.mark.parametrize("size", [16, 24, 41])
def test_a_dream_has_the_size_that_was_asked_for(ours: Subject, crops: ImageArray, size: int) -> None:
    for start in (None, crops[0]):
        made = dream(ours, HAPPY, start=start, options=DreamOptions(steps=6, size=size))
        assert made.image.shape == made.start.shape == (size, size) and made.image.dtype == np.uint8


def test_a_network_of_one_size_says_so(dense: Subject) -> None:
    with pytest.raises(UsageError, match="sees pictures of 24 px only, not 41"):
        dream(dense, HAPPY, options=DreamOptions(steps=6, size=41))
    assert dream(dense, HAPPY, options=DreamOptions(steps=6, size=16)).image.shape == (16, 16)
    assert hooks_of(dense.net) == 0


def test_scores_and_answers_are_those_of_the_picture_that_is_given(ours: Subject) -> None:
    made = dream(ours, HAPPY, options=QUICK)
    with torch.no_grad():
        out = ours.net(torch.from_numpy(made.image[None, None].astype(np.float32)))
    assert made.after == pytest.approx(float(out.fer2013[0, 3]), abs=1e-5)
    assert made.before == pytest.approx(float(scores(ours, HAPPY, made.start[None])[0]), abs=1e-5)
    assert list(made.answers) == ["votes", "fer2013"]
    assert list(made.answers["votes"].values()) == pytest.approx(out.votes.softmax(1)[0].tolist(), abs=1e-5)
    assert made.answer("fer2013")[1] == max(made.answers["fer2013"].values())


def test_frames_lead_from_the_start_to_the_picture(ours: Subject, crops: ImageArray) -> None:
    made = dream(ours, HAPPY, start=crops[0], options=DreamOptions(steps=20, frames=6, patience=0))
    assert len(made.frames) == 6
    assert np.array_equal(made.frames[0], made.start) and np.array_equal(made.frames[-1], made.image)
    assert dream(ours, HAPPY, options=QUICK).frames == ()


def test_progress_counts_every_step_of_every_dream(ours: Subject) -> None:
    told: list[tuple[int, int]] = []
    made = dream_layers(ours, options=DreamOptions(steps=3), progress=lambda *both: told.append(both))
    convolutions = [path for path, one in ours.layers().items() if isinstance(one, nn.Conv2d)]
    assert [one.name for one in made] == convolutions and len(convolutions) > 8  # more than one batch
    assert told[-1] == (3 * len(made), 3 * len(made))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_ctrl_c_ends_a_dream_where_it_stands_and_begins_no_other(ours: Subject) -> None:
    seen: list[ImageArray] = []

    def watch(number: int, pictures: ImageArray) -> None:
        seen.append(pictures)
        if number == 5:
            raise KeyboardInterrupt

    made = dreams(ours, [Label(label, "votes") for label in ours.heads["votes"]], options=QUICK, on_frame=watch)
    assert len(made) == 8 and {(one.steps, one.is_complete) for one in made} == {(5, False)}
    assert np.array_equal(made[2].image, seen[-1][2])
    assert hooks_of(ours.net) == 0


def test_an_error_passes_through_and_leaves_no_hooks(ours: Subject) -> None:
    def fail(number: int, pictures: ImageArray) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        dream(ours, Layer("stem.0"), options=QUICK, on_frame=fail)
    assert hooks_of(ours.net) == 0


@pytest.mark.parametrize(
    "start", [np.zeros((4, 5), np.uint8), np.zeros((4, 4), np.float32), np.zeros((0, 0), np.uint8)]
)
def test_what_is_no_square_grey_picture_is_refused(ours: Subject, start: ImageArray) -> None:
    with pytest.raises(UsageError, match="square grey picture"):
        dream(ours, HAPPY, start=start)


def test_an_unknown_head_is_told_the_choices(dense: Subject) -> None:
    with pytest.raises(UsageError, match="has no head 'votes'; there are: fer2013"):
        dream_all(dense, "votes")


# --- the embedded network --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def default() -> Subject:
    return open_subject("default")


@pytest.fixture(scope="module")
def two(default: Subject) -> tuple[Dream, ...]:
    return dreams(default, [HAPPY, Label("surprise", "fer2013")], options=DreamOptions(steps=30, octaves=1))


def test_a_dream_is_read_as_what_it_was_made_for(two: tuple[Dream, ...]) -> None:
    for one in two:
        assert one.after > one.before + 3
        assert one.answer("fer2013")[0] == one.answer("votes")[0] == one.name


def test_a_dream_pleases_from_where_it_was_never_seen_and_noise_of_pixels_does_not(
    default: Subject, two: tuple[Dream, ...]
) -> None:
    pixels = DreamOptions(steps=30, octaves=1, parameterisation="pixels", transform=PLAIN)
    for one in two:
        objective = Label(one.name, "fer2013")
        adversarial = dream(default, objective, options=pixels)
        assert adversarial.after > 5  # it does please, as it stands

        def moved(picture: ImageArray, objective: Label = objective) -> float:
            views = np.repeat(picture[None], 12, 0)
            return float(scores(default, objective, views, transform=DEFAULT, seed=987).mean())

        assert moved(one.image) > moved(adversarial.image) + 1
        assert moved(one.image) > moved(one.start) + 3


def test_dreams_of_channels_excite_them_more_than_any_face_does(default: Subject, shared_fer2013: Path) -> None:
    faces = shared_faces(shared_fer2013, slice(0, 200)).pixels
    channels = [Channel("trunk.5.conv2", index) for index in (0, 1)]
    made = dreams(default, channels, options=DreamOptions(steps=20, octaves=1))
    for one, channel in zip(made, channels, strict=True):
        assert one.after > scores(default, channel, faces).max(), one.name
