"""The parts of a dream, each alone: objectives against hand-made sums, spectra and moves against closed forms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from mien.errors import UsageError
from mien.explain.dream import Channel, DreamOptions, Label, Layer, Objective
from mien.explain.dream.objectives import looking
from mien.explain.dream.optimise import Step, ascend, has_settled, octaves
from mien.explain.dream.parameterisations import CONTRAST, Fourier, Parameterisation, Pixels
from mien.explain.dream.transforms import GREY, Compose, Jitter, Mirror, Pad, Scale, Smooth, Transform, Turn
from mien.explain.subject import Subject, recording, to_input
from mien.types import ImageArray


def drawn(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


# --- objectives ------------------------------------------------------------------------------------------------------


def given_by(objective: Objective, subject: Subject, crops: ImageArray) -> np.ndarray:
    with torch.no_grad(), looking(subject, objective.layers) as look:
        return objective.score(look(to_input(crops))).numpy()


def test_objectives_are_what_the_network_gives(subject: Subject, crops: ImageArray) -> None:
    crops, first = crops[:3], next(iter(subject.layers()))
    with torch.no_grad(), recording(subject, [first, "fer2013"]) as seen:
        logits = subject.logits(to_input(crops), "fer2013").numpy()
    layer = seen[first].numpy()
    near = pytest.approx
    assert given_by(Label("happy", "fer2013"), subject, crops) == near(logits[:, 3], rel=1e-4, abs=1e-5)
    assert given_by(Layer(first), subject, crops) == near((layer**2).mean((1, 2, 3)), rel=1e-4)
    assert given_by(Channel(first, 2), subject, crops) == near(layer[:, 2].mean((1, 2)), rel=1e-4, abs=1e-5)
    assert given_by(Channel("fer2013", 3), subject, crops) == near(logits[:, 3], rel=1e-4, abs=1e-5)


def test_sums_weigh_their_terms(ours: Subject, crops: ImageArray) -> None:
    happy, sad, stem = Label("happy", "votes"), Label("sad", "fer2013"), Layer("stem.0")
    alone = [given_by(one, ours, crops[:3]) for one in (happy, sad, stem)]
    both = 2 * (happy - 0.5 * sad) + stem
    assert given_by(both, ours, crops[:3]) == pytest.approx(2 * alone[0] - alone[1] + alone[2], rel=1e-4, abs=1e-5)
    assert both.layers == ("stem.0",)
    assert both.name == "2 happy - sad + stem.0"
    assert (happy - sad).name == "happy - sad"
    assert (-1 * happy + sad).name == "-happy + sad"


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        (Label("joyful", "fer2013"), "there is no label 'joyful'; there are: angry"),
        (Label("happy", "words"), "has no head 'words'; there are: votes, fer2013"),
        (Layer("trunk.77"), "has no layer 'trunk.77'; there are: stem.0"),
        (Channel("stem.0", 4), "stem.0 has channels 0 to 3, not 4"),
        (Channel("stem.0", -1), "stem.0 has channels 0 to 3, not -1"),
        (Label("happy", "fer2013") - Channel("stem.0", 9), "stem.0 has channels"),
    ],
)
def test_what_the_network_lacks_is_told(ours: Subject, crops: ImageArray, objective: Objective, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        given_by(objective, ours, crops[:1])


# --- parameterisations -----------------------------------------------------------------------------------------------

CODES: list[Parameterisation] = [Pixels(), Fourier(), Fourier(0.0)]


@given(st.sampled_from(CODES), st.integers(1, 33), st.integers(0, 1000))
def test_every_picture_has_numbers_that_give_it_back(code: Parameterisation, side: int, seed: int) -> None:
    pictures = torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (2, 1, side, side)).astype(np.float32))
    assert torch.allclose(code.decode(code.encode(pictures)), pictures, atol=0.02)


@pytest.mark.parametrize("code", CODES)
def test_no_numbers_leave_the_range(code: Parameterisation) -> None:
    picture = code.decode(100 * code.noise(16, drawn()))
    assert float(picture.min()) >= -0.5 and float(picture.max()) <= 255.5


@pytest.mark.parametrize("side", [15, 48])
@pytest.mark.parametrize("code", CODES)
def test_noise_has_the_contrast_of_a_face(code: Parameterisation, side: int) -> None:
    rng = drawn()
    noise = torch.cat([code.decode(0.1 * code.noise(side, rng)) for _ in range(200)])  # 0.1: the sigmoid is a line
    logits = torch.logit((noise + 0.5) / 256)
    assert float(logits.square().mean().sqrt()) == pytest.approx(0.1 * CONTRAST, rel=0.1)


def test_the_spectrum_falls_as_that_of_faces_does() -> None:
    amplitudes = Fourier(1.5).amplitudes(48).numpy()
    waves = np.hypot(np.fft.fftfreq(48, 1 / 48)[:, None], np.fft.rfftfreq(48, 1 / 48))
    assert amplitudes * np.maximum(waves, 1) ** 1.5 == pytest.approx(amplitudes[0, 0], rel=1e-5)


def test_one_number_is_one_wave() -> None:
    numbers = torch.zeros(1, 1, 24, 13, 2)
    numbers[0, 0, 3, 2, 0] = 1e-3
    wave = Fourier().decode(numbers)[0, 0].double().numpy() - GREY
    down, across = np.mgrid[:24, :24] / 24
    expected = np.cos(2 * np.pi * (3 * down + 2 * across))
    assert np.corrcoef(wave.ravel(), expected.ravel())[0, 1] > 0.999


# --- transforms ------------------------------------------------------------------------------------------------------

SIDE = 32
MIDDLE = slice(10, 22)  # what no move here draws from outside
MOVES = (Jitter(0.06), Turn(20.0), Scale(0.2), Mirror())


def ramp(right: float, down: float) -> torch.Tensor:
    """A linear picture, which linear interpolation moves without error, as pixels' middles -1..1."""
    places = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    return (right * places[None] + down * places[:, None]).expand(2, 1, SIDE, SIDE)


def test_moves_together_are_moves_one_by_one() -> None:
    for seed in range(20):
        one_by_one, rng = ramp(3.0, 5.0), drawn(seed)
        for move in MOVES:
            one_by_one = move(one_by_one, rng)
        together = Compose(MOVES)(ramp(3.0, 5.0), drawn(seed))
        assert torch.allclose(together[..., MIDDLE, MIDDLE], one_by_one[..., MIDDLE, MIDDLE], atol=1e-4)


def gradient(pictures: torch.Tensor) -> tuple[float, float, float]:
    """A linear picture's slopes to the right and down, and its value in the middle."""
    part = pictures[0, 0, MIDDLE, MIDDLE].numpy()
    down, right = (float(one.mean()) * SIDE / 2 for one in np.gradient(part))
    return right, down, float(part.mean())


def test_each_move_does_what_it_says_and_no_more() -> None:
    shifts, angles, factors, signs = [], [], [], []
    for seed in range(40):
        right, down, shift = gradient(Jitter(0.06)(ramp(3.0, 0.0), drawn(seed)))
        assert (right, down) == (pytest.approx(3.0, abs=1e-3), pytest.approx(0.0, abs=1e-3))
        shifts.append(shift / 3.0 / 2)  # in sides
        right, down, _ = gradient(Turn(20.0)(ramp(3.0, 0.0), drawn(seed)))
        assert np.hypot(right, down) == pytest.approx(3.0, abs=1e-3)
        angles.append(np.degrees(np.arctan2(down, right)))
        right, down, _ = gradient(Scale(0.2)(ramp(3.0, 3.0), drawn(seed)))
        assert right == pytest.approx(down, abs=1e-3)
        factors.append(np.log(right / 3.0))
        signs.append(round(gradient(Mirror()(ramp(3.0, 1.0), drawn(seed)))[0], 3))
    for values, most in ((shifts, 0.06), (angles, 20.0), (factors, 0.2)):
        assert max(np.abs(values)) <= most + 1e-3 and min(values) < -most / 2 and max(values) > most / 2
    assert set(signs) == {-3.0, 3.0}


def test_a_blur_is_opencv_s_and_keeps_a_plain_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE)).astype(np.float32)
    for seed in range(5):
        sigma = 2.0 * float(torch.rand(1, generator=drawn(seed)))
        width = 2 * int(np.ceil(3 * sigma)) + 1
        expected = cv2.GaussianBlur(picture, (width, width), sigma, borderType=cv2.BORDER_REPLICATE)
        found = Smooth(2.0)(torch.from_numpy(picture)[None, None], drawn(seed))[0, 0].numpy()
        assert found == pytest.approx(expected, abs=0.05)
    assert torch.allclose(Smooth(2.0)(torch.full((1, 1, 9, 9), 77.0), drawn()), torch.tensor(77.0))


def test_a_border_is_grey_and_the_picture_lies_within() -> None:
    padded = Pad(0.25)(torch.zeros(1, 1, SIDE, SIDE), drawn())[0, 0]
    assert padded.shape == (SIDE, SIDE)
    assert torch.allclose(padded[:4], torch.tensor(GREY)) and torch.allclose(padded[12:20, 12:20], torch.tensor(0.0))
    assert torch.equal(Pad(0.0)(ramp(1, 1), drawn()), ramp(1, 1))


@pytest.mark.parametrize("transform", [*MOVES, Pad(0.1), Smooth(1.0), Compose((*MOVES, Smooth(1.0)))])
def test_all_pictures_of_a_batch_get_the_same_draw_and_gradients(transform: Transform) -> None:
    pictures = torch.rand(1, 1, SIDE, SIDE).mul(255).expand(3, -1, -1, -1).clone().requires_grad_(True)
    once, again = transform(pictures, drawn(1)), transform(pictures, drawn(1))
    assert torch.equal(once, again) and torch.equal(once[0], once[2])
    once.sum().backward()
    assert pictures.grad is not None and float(pictures.grad.abs().sum()) > 0


# --- the ascent ------------------------------------------------------------------------------------------------------


def test_the_ascent_finds_the_top_of_each_row() -> None:
    top = torch.tensor([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])
    numbers = torch.zeros(2, 3)
    steps = list(ascend(numbers, lambda at: -(at - top).square().sum(1), steps=400, step_size=0.05))
    assert torch.allclose(numbers, top, atol=0.02) and not numbers.requires_grad
    assert [one.number for one in steps] == list(range(1, 401))
    assert bool((steps[-1].scores > steps[0].scores).all())


def test_the_ascent_ends_when_nothing_grows_any_more() -> None:
    def climb(patience: int) -> list[Step]:
        score = lambda at: -(at - 1.0).square().sum(1)  # noqa: E731
        return list(ascend(torch.zeros(2, 3), score, steps=500, step_size=0.1, patience=patience))

    assert len(climb(0)) == 500
    assert 20 < len(climb(20)) < 200


def test_a_row_that_still_grows_keeps_all_going() -> None:
    flat, rising = torch.zeros(100), torch.arange(100.0)
    assert has_settled([torch.stack([one]) for one in flat], 10)
    assert not has_settled([torch.stack(both) for both in zip(flat, rising, strict=True)], 10)


def test_an_ascent_that_is_left_early_leaves_plain_numbers() -> None:
    numbers = torch.zeros(1, 3)
    for one in ascend(numbers, lambda at: at.sum(1), steps=50, step_size=0.1):
        if one.number == 3:
            break
    assert torch.allclose(numbers, torch.tensor(0.3), atol=1e-3)


@given(st.integers(1, 300), st.integers(1, 9), st.floats(1.01, 4), st.integers(1, 500))
def test_octaves_grow_to_the_size_that_was_asked(size: int, count: int, scale: float, steps: int) -> None:
    found = octaves(size, count, scale, steps=steps, least=8)
    sides = [one.side for one in found]
    assert sides[-1] == size and sides == sorted(set(sides)) and len(sides) <= count
    assert min(sides) >= min(8, size)
    assert sum(one.steps for one in found) == steps


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"octaves": 0}, {"views": 0}, {"frames": -1}, {"size": 8}, {"size": 5000}, {"octave_scale": 1.0},
     {"step_size": 0.0}, {"noise": -1.0}, {"noise": float("nan")}, {"parameterisation": "wavelets"}],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        DreamOptions(**wrong)  # type: ignore[arg-type]
