"""Heat-maps: what each method must give where the right answer is known, on every network, and nothing left behind."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toy_networks import a_crop, mirrored, opened, pixelwise

from mien import models
from mien.errors import MissingExtraError, UsageError
from mien.explain import gradients, maps
from mien.explain.heatmap import Heatmap, Question, blurred, enlarged
from mien.explain.maps import METHODS, heat_map, heat_maps
from mien.explain.subject import Subject, open_subject, to_input
from mien.expression.classify import Classifier
from mien.learn.networks import ExpressionNet
from mien.types import ImageArray

GRADIENT_METHODS = [name for name in METHODS if name != "cam"]


@pytest.fixture(scope="module")
def default() -> Subject:
    return open_subject()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coarse integrals and patches: enough to see that a method runs."""
    monkeypatch.setattr(gradients, "STEPS", 3)
    monkeypatch.setattr(gradients, "PATCH", 1 / 2)


# --- what must come out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "against"), [("happy", None), ("sad", None), ("happy", "surprise")])
def test_gradcam_on_the_last_feature_map_is_cam_but_for_a_positive_constant(
    default: Subject, astronaut_crop: ImageArray, label: str, against: str | None
) -> None:
    cam = heat_map(default, astronaut_crop, method="cam", label=label, against=against)
    grad = heat_map(default, astronaut_crop, method="gradcam", label=label, against=against)
    assert grad.layer == "trunk"
    places = 6 * 6  # the mean over places divides each gradient
    assert np.allclose(grad.values * places, cam.values, atol=1e-4 * np.abs(cam.values).max())


def test_cam_adds_up_to_the_logit(default: Subject, astronaut_crop: ImageArray) -> None:
    weights, features = default.head_weights("votes"), default.look(astronaut_crop[None], "votes")[1][0]
    assert weights is not None
    logit = default.look(astronaut_crop[None], "votes")[0][0, 1]
    small = np.tensordot(weights[1], features, 1)
    assert small.mean() + default.net.votes.bias[1].item() == pytest.approx(logit, abs=1e-3)
    assert np.allclose(heat_map(default, astronaut_crop, method="cam", label="happy").values, enlarged(small, 48))


def test_cam_is_the_same_without_pytorch(default: Subject, astronaut_crop: ImageArray) -> None:
    served = Classifier(models.DEFAULT_MODEL)
    one, two = (heat_map(net, astronaut_crop, method="cam") for net in (served, default))
    assert (one.label, one.head) == (two.label, two.head) == ("happy", "votes")
    assert np.allclose(one.values, two.values, atol=0.05 * np.abs(two.values).max())
    with pytest.raises(UsageError, match="open_subject"):
        heat_map(served, astronaut_crop, method="occlusion")


def test_integrated_gradients_add_up_to_the_difference_of_the_scores(ours: Subject) -> None:
    crop, score = a_crop(), gradients.score_of(ours, "votes", 1)
    with torch.no_grad():
        rise = score(to_input(crop[None])) - score(gradients._one(blurred(crop)))
    assert heat_map(ours, crop, method="integrated-gradients", label="happy").values.sum() == pytest.approx(
        rise.item(), rel=0.1
    )
    exact = gradients.integrated_gradients(crop, score, steps=256).sum()
    assert exact == pytest.approx(rise.item(), rel=0.02)


def test_integrated_gradients_of_a_sum_over_pixels_are_known_exactly() -> None:
    subject, crop = pixelwise(torch.square), a_crop()
    found = heat_map(subject, crop, method="integrated-gradients", label="fear").values
    expected = subject.net.weights[2].numpy() * (crop.astype(float) ** 2 - blurred(crop).astype(float) ** 2)
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_occlusion_of_a_sum_over_pixels_is_what_each_patch_adds() -> None:
    subject, crop = pixelwise(), a_crop()
    fill = np.full((24, 24), 90, np.float32)
    found = gradients.occlusion(crop, gradients.score_of(subject, "fer2013", 4, 5), patch=6, stride=6, fill=fill)
    weights = subject.net.weights.numpy()
    each = (weights[4] - weights[5]) * (crop - fill)
    patches = each.reshape(4, 6, 4, 6).sum((1, 3))
    assert np.allclose(found, np.kron(patches, np.ones((6, 6))), rtol=1e-3, atol=0.2)


def test_overlapping_patches_give_each_pixel_the_mean_of_those_that_cover_it() -> None:
    subject, crop = pixelwise(side=8), a_crop(8)
    fill = np.zeros((8, 8), np.float32)
    found = gradients.occlusion(crop, gradients.score_of(subject, "fer2013", 0), patch=4, stride=2, fill=fill)
    each = subject.net.weights[0].numpy() * crop
    total, count = np.zeros((8, 8)), np.zeros((8, 8))
    for top in (0, 2, 4):
        for left in (0, 2, 4):
            place = (slice(top, top + 4), slice(left, left + 4))
            total[place] += each[place].sum()
            count[place] += 1
    assert np.allclose(found, total / count, rtol=1e-3, atol=0.2)


@pytest.mark.parametrize("method", METHODS)
def test_a_mirrored_face_has_the_mirrored_map(method: str) -> None:
    subject, crop = mirrored(), a_crop()
    one = heat_map(subject, crop, method=method, label="happy").values
    other = heat_map(subject, np.ascontiguousarray(crop[:, ::-1]), method=method, label="happy").values
    assert np.abs(one).max() > 0
    assert np.allclose(one[:, ::-1], other, atol=1e-4 * np.abs(one).max())


@pytest.mark.parametrize("method", METHODS)
def test_the_lead_over_a_label_is_the_difference_of_the_two_maps(method: str) -> None:
    subject, crop = mirrored(), a_crop()
    happy, sad = (heat_map(subject, crop, method=method, label=label).values for label in ("happy", "sad"))
    lead = heat_map(subject, crop, method=method, label="happy", against="sad").values
    assert np.allclose(lead, happy - sad, atol=1e-5)


# --- every network, and nothing left behind ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shawon", "model4", "final/4", "final", "mien"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("quick")
def test_every_method_runs_on_every_network(name: str, method: str) -> None:
    subject = open_subject(name, size=8)  # each halves its side up to three times
    crop = a_crop(8)
    if method == "cam" and name != "mien":
        with pytest.raises(UsageError, match=r"gradcam, integrated-gradients, occlusion$"):
            heat_map(subject, crop, method=method)
        return
    found = heat_map(subject, crop, method=method)
    assert found.values.shape == (8, 8)
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert found.label in subject.heads[found.head]


@pytest.mark.parametrize("name", ["shawon", "final/4", "mien"])
def test_gradcam_looks_at_any_convolution_or_pooling_layer(name: str) -> None:
    subject = open_subject(name, size=8)
    for layer in subject.layers():
        found = heat_map(subject, a_crop(8), method="gradcam", layer=layer)
        assert found.layer == layer
        assert found.values.shape == (8, 8)


def hooks(subject: Subject) -> int:
    return sum(
        len(hooked)
        for one in subject.net.modules()
        for hooked in (one._forward_hooks, one._forward_pre_hooks, one._backward_hooks, one._backward_pre_hooks)
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("quick")
def test_weights_input_and_hooks_are_as_before(ours: Subject, method: str) -> None:
    crop = a_crop()
    before, weights = crop.copy(), {name: one.clone() for name, one in ours.net.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heat_map(ours, crop, method=method, label="happy")
    with pytest.raises(UsageError):
        heat_map(ours, crop, method=method, label="glad")
    assert np.array_equal(crop, before)
    assert hooks(ours) == 0
    assert all(torch.equal(one, weights[name]) for name, one in ours.net.state_dict().items())
    assert all(one.grad is None and not one.requires_grad for one in ours.net.parameters())
    assert not ours.net.training


@pytest.mark.usefixtures("quick")
def test_hooks_end_with_an_error_inside_the_network(ours: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(features: torch.Tensor) -> torch.Tensor:
        raise ArithmeticError

    monkeypatch.setattr(ours.net.fer2013, "forward", broken)
    with pytest.raises(ArithmeticError):
        gradients.gradcam(ours, a_crop(), gradients.score_of(ours, "votes", 1), layer="trunk")
    assert hooks(ours) == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("quick")
def test_no_tensor_is_left_behind(ours: Subject, method: str) -> None:
    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())

    heat_map(ours, a_crop(), method=method)
    before = tensors()
    for seed in range(20):
        heat_map(ours, a_crop(seed=seed), method=method)
    assert tensors() == before


# --- questions --------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000))
def test_the_likeliest_label_is_an_expression(seed: int) -> None:
    labels = ("neutral", "happy", "sad", "unknown", "not a face")
    answers = np.random.default_rng(seed).normal(0, 1, (6, 5)).astype(np.float32)
    assert maps.likeliest(answers, labels) == [labels[row[:3].argmax()] for row in answers]


def test_several_crops_are_as_one_by_one(ours: Subject) -> None:
    crops = np.stack([a_crop(seed=seed) for seed in range(40)])
    together = heat_maps(ours, crops, method="cam")
    for crop, one in zip(crops, together, strict=True):
        alone = heat_map(ours, crop, method="cam")
        assert one.label == alone.label
        assert np.allclose(one.values, alone.values, atol=1e-4)
    assert heat_maps(ours, crops[:0], method="cam") == []
    assert [one.label for one in heat_maps(ours, crops, Question("sad"), method="cam")] == ["sad"] * 40


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "guess"}, r"no method 'guess'; there are: cam, gradcam, integrated-gradients, occlusion"),
        ({"label": "glad"}, r"no label 'glad'; there are: neutral, happy"),
        ({"against": "glad"}, r"no label 'glad'"),
        ({"head": "mood"}, r"no head 'mood'; there are: votes, fer2013"),
        ({"label": "happy", "against": "happy"}, r"name another one"),
        ({"method": "gradcam", "layer": "attic"}, r"no layer 'attic'; there are: stem\.0"),
        ({"method": "gradcam", "layer": "votes"}, r"'votes' gives no picture; there are: stem\.0"),
        ({"method": "cam", "layer": "trunk"}, r"takes no layer"),
    ],
)
def test_what_makes_no_sense_is_told(ours: Subject, asked: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        heat_map(ours, a_crop(), **({"method": "cam"} | asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("crop", [a_crop(23), a_crop().astype(np.float32), np.zeros((24, 24, 3), np.uint8)])
def test_crops_that_do_not_fit_are_told(ours: Subject, crop: ImageArray) -> None:
    with pytest.raises(UsageError, match=r"takes crops of 24 x 24"):
        heat_map(ours, crop, method="cam")


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_without_captum_it_is_told_what_to_install(ours: Subject, method: str, without) -> None:
    without("captum.attr", "mien.explain.gradients")
    with pytest.raises(MissingExtraError, match=r"\.\[learn\]"):
        heat_map(ours, a_crop(), method=method)
    assert heat_map(ours, a_crop(), method="cam").method == "cam"


def test_shown_and_signed_are_scaled() -> None:
    values = np.array([[2, -4], [1, 0]], np.float32)
    found = Heatmap(values, "cam", "votes", "happy")
    assert np.array_equal(found.shown, [[1, 0], [0.5, 0]])
    assert np.array_equal(found.signed, [[0.5, -1], [0.25, 0]])
    against = Heatmap(-np.abs(values), "cam", "votes", "happy")
    assert not against.shown.any()


def test_a_head_behind_more_than_a_mean_has_no_class_activation_map() -> None:
    class Doubling(ExpressionNet):
        def forward(self, crops: torch.Tensor):  # type: ignore[no-untyped-def]
            out = super().forward(crops)
            return out._replace(fer2013=out.fer2013 * 2)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        subject = opened(Doubling((4, 6)))
    with pytest.raises(UsageError, match="no class activation map"):
        heat_map(subject, a_crop(), method="cam")
