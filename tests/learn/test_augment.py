"""Augmentation: nothing asked is nothing done; each change does what it says and no more; placement is crop_face."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
from face_sets import drawn_faces
from torch import Generator, Tensor

from mien.images import DEFAULT_GEOMETRY, crop_face
from mien.learn import augment
from mien.learn.material import Material
from mien.learn.options import Augmentation, TrainOptions
from mien.types import FloatArray

NOTHING = Augmentation(**dict.fromkeys(Augmentation.__dataclass_fields__, 0.0))


def rng(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


def faces(count: int = 6) -> Tensor:
    return torch.from_numpy(drawn_faces(count).pixels)[:, None].float()


def same_places(count: int) -> Tensor:
    return torch.eye(3).repeat(count, 1, 1)


# --- placement --------------------------------------------------------------------------------------------------------


def test_the_plain_view_gives_the_faces_back() -> None:
    assert augment.resample(faces(), same_places(6), same_places(6), 48) == pytest.approx(faces(), abs=1e-2)


def test_without_options_a_view_is_plain_or_mirrored() -> None:
    views = augment.random_views(400, NOTHING, rng())
    mirrored = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    is_plain = (views - torch.eye(3)).abs().amax((1, 2)) < 1e-6
    assert (is_plain | ((views - mirrored).abs().amax((1, 2)) < 1e-6)).all()
    assert 0.4 < is_plain.float().mean() < 0.6


def test_a_mirrored_view_mirrors() -> None:
    mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0])).repeat(6, 1, 1)
    assert augment.resample(faces(), same_places(6), mirror, 48) == pytest.approx(faces().flip(-1), abs=1e-2)


def test_half_the_strength_is_half_of_each_change_and_none_is_nothing() -> None:
    half = Augmentation().times(0.5)
    assert (half.roll_deg, half.mixing, half.occlusion) == (9.0, 0.175, 0.125)
    assert half.aligned == Augmentation().aligned  # where a face lies is no change to it
    nothing = Augmentation().times(0.0)
    assert nothing == Augmentation(**{**asdict(NOTHING), "aligned": nothing.aligned})
    assert torch.equal(augment.augment(faces(), nothing, rng()), augment.augment(faces(), NOTHING, rng()))


def test_views_stay_within_what_the_options_say() -> None:
    options = Augmentation()
    views = augment.random_views(2000, options, rng()).numpy()
    across, down = views[:, :2, 0], views[:, :2, 1]
    tilt = np.degrees(np.arctan2(-down[:, 0], down[:, 1]))
    assert np.abs(tilt).max() <= options.roll_deg * 1.0001
    assert np.abs(tilt).max() > options.roll_deg * 0.9
    widths, heights = np.linalg.norm(across, axis=1), np.linalg.norm(down, axis=1)
    assert np.abs(np.log(widths * heights)).max() <= 2 * options.scale * 1.0001
    assert np.abs(np.log(widths / heights)).max() <= options.stretch * 1.0001
    assert np.abs((across * down).sum(1)).max() < 1e-5  # no shear
    assert np.abs(views[:, :2, 2]).max() <= 2 * options.shift * 1.0001  # 2 is the whole side


def test_a_smaller_view_enlarges_and_a_shift_shifts() -> None:
    spot = torch.zeros(1, 1, 48, 48)
    spot[0, 0, 24:28, 30:34] = 255  # its middle: (32, 26)

    def middle(view: list[list[float]]) -> tuple[float, float]:
        crop = augment.resample(spot, same_places(1), torch.tensor([view], dtype=torch.float32), 48)[0, 0]
        line = torch.arange(48) + 0.5
        return float((crop.sum(0) * line).sum() / crop.sum()), float((crop.sum(1) * line).sum() / crop.sum())

    assert middle([[1, 0, 0], [0, 1, 0], [0, 0, 1]]) == pytest.approx((32, 26), abs=0.05)
    assert middle([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]]) == pytest.approx((40, 28), abs=0.05)
    assert middle([[1, 0, 0.25], [0, 1, 0], [0, 0, 1]]) == pytest.approx((26, 26), abs=0.05)  # 0.25 of half the side
    # A quarter turn: what lies to the right (x) of the view comes from below (y) of the face.
    assert middle([[0, -1, 0], [1, 0, 0], [0, 0, 1]]) == pytest.approx((26, 16), abs=0.05)


def test_a_window_is_a_part_of_the_view_and_lies_anywhere_in_it() -> None:
    # Without other changes and mirrors out of the way, the window covers 40 of 48 px and stays inside.
    views = augment.random_views(3000, NOTHING, rng(), window=40 / 48).numpy()
    assert np.abs(views[:, 0, 0]) == pytest.approx(40 / 48)
    assert views[:, 1, 1] == pytest.approx(40 / 48)
    for axis in (0, 1):
        assert np.abs(views[:, axis, 2]).max() <= 8 / 48 + 1e-6
        assert np.abs(views[:, axis, 2]).max() > 0.9 * 8 / 48
        assert views[:, axis, 2].mean() == pytest.approx(0, abs=0.01)


def test_a_window_cuts_pixels_out_one_to_one() -> None:
    view = torch.diag(torch.tensor([40 / 48, 40 / 48, 1.0]))
    view[0, 2], view[1, 2] = 8 / 48, -8 / 48  # the upper right corner
    cut = augment.resample(faces(), same_places(6), view.repeat(6, 1, 1), 40)
    assert cut == pytest.approx(faces()[:, :, :40, 8:], abs=2e-2)


def test_whole_views_draw_as_if_there_were_no_windows() -> None:
    one, two = rng(7), rng(7)
    assert torch.equal(
        augment.random_views(5, Augmentation(), one), augment.random_views(5, Augmentation(), two, window=1.0)
    )
    assert torch.equal(torch.rand(3, generator=one), torch.rand(3, generator=two))


def points_of(count: int) -> FloatArray:
    """Keypoints of faces that lie a little otherwise than an aligned crop wants."""
    draw = np.random.default_rng(1)
    found = np.full((count, 6, 2), 24, np.float32)
    plain = DEFAULT_GEOMETRY.points(48)
    for index in range(count):
        turn, scale = math.radians(draw.uniform(-20, 20)), draw.uniform(0.75, 0.95)
        rotation = scale * np.asarray([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        found[index, [0, 1, 3]] = (plain - 24) @ rotation + 24 + draw.uniform(-2, 2, 2)
    return found


def test_an_aligned_placement_is_crop_face() -> None:
    some = drawn_faces(6)
    points = points_of(6)
    points[4] = np.nan  # no mesh: stays as it is
    material = Material.of(some, points, TrainOptions())
    crops = augment.resample(material.faces.float(), material.placements, same_places(6), 48)[:, 0].numpy()
    for index in range(6):
        wanted = some.pixels[index] if index == 4 else crop_face(some.pixels[index], points[index])
        assert np.abs(crops[index] - wanted)[2:-2, 2:-2].mean() < 2.5
        assert np.corrcoef(crops[index].ravel(), wanted.ravel())[0, 1] > 0.995


# --- light, softness, covers ------------------------------------------------------------------------------------------


def test_no_options_change_nothing() -> None:
    assert augment.augment(faces(), NOTHING, rng()) == pytest.approx(faces(), abs=0.05)


@pytest.mark.parametrize("change", [augment.change_light, augment.soften, augment.cover, augment.augment])
def test_a_change_keeps_the_range_and_leaves_its_input_alone(change: object) -> None:
    assert callable(change)
    given = faces(40)
    before = given.clone()
    changed = change(given, Augmentation(), rng())
    assert changed.shape == given.shape
    assert torch.isfinite(changed).all()
    assert 0 <= changed.min() <= changed.max() <= 255
    assert torch.equal(given, before)
    assert not torch.allclose(changed, given)


@pytest.mark.parametrize("change", [augment.change_light, augment.soften, augment.cover, augment.augment])
def test_the_same_draw_gives_the_same_change(change: object) -> None:
    assert callable(change)
    assert torch.equal(change(faces(), Augmentation(), rng(3)), change(faces(), Augmentation(), rng(3)))


def test_light_keeps_dark_below_bright() -> None:
    ramp = torch.linspace(0, 255, 48).repeat(48, 1).repeat(20, 1, 1, 1)
    changed = augment.change_light(ramp, Augmentation(), rng())
    assert (changed.diff(dim=-1) >= -1e-3).all()


def test_brightness_alone_moves_the_mean_by_no_more_than_it_says() -> None:
    middle = faces(50) * 0.2 + 100
    changed = augment.change_light(middle, Augmentation(contrast=0, gamma=0, brightness=30), rng())
    moves = (changed - middle).mean((1, 2, 3))
    assert moves.abs().max() <= 30.01
    assert moves.abs().max() > 20
    assert (changed - middle).std((1, 2, 3)).max() < 0.05


@pytest.mark.parametrize("kind", ["blur", "small", "noise"])
def test_softening_reaches_the_share_of_faces_it_should(kind: str) -> None:
    given = faces(300)
    changed = augment.soften(given, Augmentation(**{"blur": 0, "small": 0, "noise": 0, kind: 0.3}), rng())
    touched = (changed - given).abs().amax((1, 2, 3)) > 1e-3
    assert 0.2 < touched.float().mean() < 0.4


def test_blur_is_a_mean_of_nine() -> None:
    given = faces(1)
    blurred = augment.soften(given, Augmentation(blur=1, small=0, noise=0), rng())
    assert blurred[0, 0, 20, 30] == pytest.approx(float(given[0, 0, 19:22, 29:32].mean()), abs=1e-3)


def test_a_cover_is_one_rectangle_over_some_faces() -> None:
    given = faces(300)
    changed = augment.cover(given, Augmentation(occlusion=0.25), rng())
    touched = ((changed - given).abs() > 1e-3)[:, 0].numpy()
    hit = touched.any((1, 2))
    assert 0.17 < hit.mean() < 0.33
    for mask in touched[hit]:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert inside.mean() > 0.9  # the rest: noise that met the grey of the face
        assert 4 <= max(inside.shape) <= 0.45 * 48 + 1


# --- mixing -----------------------------------------------------------------------------------------------------------


def test_mixing_keeps_the_sums_and_blends_faces_as_it_blends_targets() -> None:
    given, labels = faces(12), torch.eye(12)
    for seed in range(8):
        crops, [(mixed, ones)] = augment.mix(given, [(labels, torch.ones(12))], rng(seed))
        torch.testing.assert_close(mixed.sum(1), torch.ones(12))
        torch.testing.assert_close(ones, torch.ones(12))
        assert (mixed >= 0).all()
        # Each target says whose faces went into the crop.
        torch.testing.assert_close(crops, torch.einsum("nm,mchw->nchw", mixed, given), atol=1e-2, rtol=0)


def test_mixed_with_a_face_that_has_no_target_the_others_counts_for_its_share() -> None:
    """Cross-entropy is linear in the target: a blend counts as its two faces do, each with share and weight."""
    labels, weight = torch.eye(4), torch.tensor([1.0, 0.0, 0.5, 2.0])
    labels[1] = 0
    for seed in range(8):
        crops, [(mixed, counts)] = augment.mix(torch.eye(4).view(4, 1, 1, 4), [(labels, weight)], rng(seed))
        shares = crops.view(4, 4)  # of each blend, whose face it is
        torch.testing.assert_close(mixed * counts[:, None], shares @ (labels * weight[:, None]))
        torch.testing.assert_close(mixed.sum(1), (counts > 0).float())


def test_the_shares_of_mixing_are_drawn_from_beta() -> None:
    shares = []
    for seed in range(400):
        mixed = augment.mix(torch.zeros(2, 1, 1, 1), [(torch.eye(2), torch.ones(2))], rng(seed))[1][0][0]
        if not torch.allclose(mixed, torch.eye(2)):  # two swapped, or the very face again
            shares.append(float(mixed[0, 0]))
    # Beta(0.4, 0.4): mean 1/2, standard deviation 1 / (2 sqrt(1.8)) = 0.373.
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)
    assert np.std(shares) == pytest.approx(0.373, abs=0.06)
