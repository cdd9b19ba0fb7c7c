"""Teachers: their answers averaged over views and models by hand, asked once, refused where their labels are others."""

from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces
from small_models import copy_of_default

from mien.data import align, faceset
from mien.data.faceset import FaceSet
from mien.errors import DataError, ModelError
from mien.expression.classify import Classifier
from mien.images import DEFAULT_GEOMETRY
from mien.learn import registry, start, teacher
from mien.learn.export import export_onnx
from mien.learn.networks import ExpressionNet
from mien.learn.options import TrainOptions
from mien.learn.temper import set_temperature
from mien.learn.watching import Watcher
from mien.models import DEFAULT_MODEL, sha256_of
from mien.types import FloatArray, Progress


class Counted(Watcher):
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.done: list[tuple[int, int]] = []

    def stage(self, name: str) -> Progress:
        self.stages.append(name)
        return lambda done, total: self.done.append((done, total))


def some() -> tuple[FaceSet, FloatArray]:
    """Five faces, of which two can be aligned."""
    keypoints = np.full((5, 6, 2), np.nan, np.float32)
    keypoints[:2] = 24
    keypoints[:2, [0, 1, 3]] = DEFAULT_GEOMETRY.points(48) + np.random.default_rng(0).uniform(-4, 4, (2, 3, 2))
    return drawn_faces(5), keypoints


def small_model(folder: Path, network: str, input_size: int = 24) -> Path:
    """A model folder with an untrained network."""
    torch.manual_seed(len(network))
    options = TrainOptions(network=network, input=input_size, widths=(4, 4, 8) if network == "mien" else None)
    votes = list(faceset.VOTE_LABELS) if network == "mien" else []
    copy_of_default(folder)
    export_onnx(registry.build(options), folder / "model.onnx", size=input_size)
    return copy_of_card(folder, votes=votes, input_size=input_size)


def copy_of_card(folder: Path, **changes: object) -> Path:
    network = (folder / "model.onnx").read_bytes()
    copy_of_default(folder, **changes)
    (folder / "model.onnx").write_bytes(network)
    text = (folder / "card.json").read_text()
    (folder / "card.json").write_text(
        text.replace(sha256_of(DEFAULT_MODEL / "model.onnx"), sha256_of(folder / "model.onnx"))
    )
    return folder


def said_by_hand(folder: Path, part: tuple[FaceSet, FloatArray], head: str) -> np.ndarray:
    """The mean over four views, each a single face."""
    classifier = Classifier(folder)
    size = classifier.card.input_size
    faces, keypoints = part
    rows = []
    for face, points in zip(faces.pixels, keypoints, strict=True):
        views = []
        for one in (points, np.full((6, 2), np.nan, np.float32)):
            crop = align.align(face[None], one[None], size)[0]
            views += [crop, np.fliplr(crop)]
        rows.append(np.mean([getattr(classifier(np.ascontiguousarray(view[None])), head)[0] for view in views], 0))
    return np.stack(rows)


def test_no_teachers_say_nothing(tmp_path: Path) -> None:
    assert teacher.ask([], some(), tmp_path / "teacher.npz", threads=1, watcher=Watcher()) is None
    assert not list(tmp_path.iterdir())


def test_answers_are_averaged_over_views_and_models(tmp_path: Path) -> None:
    folders = [DEFAULT_MODEL, small_model(tmp_path / "small", "mien"), small_model(tmp_path / "old", "shawon")]
    watcher = Counted()
    taught = teacher.ask(folders, some(), tmp_path / "teacher.npz", threads=1, watcher=watcher)
    assert taught is not None and taught.votes is not None
    classes = np.mean([said_by_hand(folder, some(), "fer2013") for folder in folders], 0)
    votes = np.mean([said_by_hand(folder, some(), "votes") for folder in folders[:2]], 0)  # the third has no votes
    assert taught.fer2013 == pytest.approx(classes, abs=1e-5)
    assert taught.votes == pytest.approx(votes, abs=1e-5)
    assert watcher.stages == ["asking 3 teachers"]
    assert watcher.done == sorted(watcher.done) and watcher.done[-1] == (60, 60)


def test_they_are_asked_once(tmp_path: Path) -> None:
    watcher, folder = Counted(), small_model(tmp_path / "small", "mien")
    first = teacher.ask([folder], some(), tmp_path / "teacher.npz", threads=1, watcher=watcher)
    again = teacher.ask([folder], some(), tmp_path / "teacher.npz", threads=1, watcher=watcher)
    assert first is not None and again is not None
    assert watcher.stages == ["asking the teacher"]
    assert np.array_equal(first.fer2013, again.fer2013) and first.mark == again.mark
    # Another face, another teacher, or a file that is broken: asked again.
    faces, keypoints = some()
    faces.labels[0] = (faces.labels[0] + 1) % 7
    other = teacher.ask([folder], (faces, keypoints), tmp_path / "teacher.npz", threads=1, watcher=watcher)
    assert other is not None and other.mark != first.mark
    (tmp_path / "teacher.npz").write_bytes(b"PK\x03\x04 broken")
    teacher.ask([folder], some(), tmp_path / "teacher.npz", threads=1, watcher=watcher)
    assert len(watcher.stages) == 3


def test_a_teacher_without_votes_gives_none(tmp_path: Path) -> None:
    for _ in range(2):  # asked, and read again
        taught = teacher.ask([small_model(tmp_path / "old", "shawon")], some(), tmp_path / "teacher.npz", threads=1,
                             watcher=Watcher())  # fmt: skip
        assert taught is not None and taught.votes is None


def test_labels_in_another_order_are_put_in_ours(tmp_path: Path) -> None:
    folder = small_model(tmp_path / "small", "mien")
    plain = teacher.ask([folder], some(), tmp_path / "one.npz", threads=1, watcher=Watcher())
    turned = copy_of_card(folder, input_size=24, fer2013=list(faceset.FER2013_LABELS)[::-1])
    other = teacher.ask([turned], some(), tmp_path / "two.npz", threads=1, watcher=Watcher())
    assert plain is not None and other is not None
    assert other.fer2013 == pytest.approx(plain.fer2013[:, ::-1])


def test_a_teacher_with_other_labels_is_refused(tmp_path: Path) -> None:
    folder = small_model(tmp_path / "small", "mien")
    copy_of_card(folder, input_size=24, fer2013=["bored", *faceset.FER2013_LABELS[1:]])
    with pytest.raises(ModelError, match="cannot teach: its classes are bored"):
        teacher.ask([folder], some(), tmp_path / "teacher.npz", threads=1, watcher=Watcher())
    with pytest.raises(ModelError, match="is no model folder"):
        teacher.ask([tmp_path], some(), tmp_path / "teacher.npz", threads=1, watcher=Watcher())


# --- weights to begin with --------------------------------------------------------------------------------------------


def crops(count: int) -> np.ndarray:
    return np.ascontiguousarray(drawn_faces(count).pixels[:, ::2, ::2])


@torch.no_grad()
def answers(net: torch.nn.Module) -> torch.Tensor:
    return net.eval()(torch.from_numpy(crops(6))[:, None].float()).votes.softmax(1)


def test_a_model_folder_gives_a_network_that_answers_alike_and_can_train(net: ExpressionNet, tmp_path: Path) -> None:
    copy_of_default(tmp_path / "model")
    served = copy.deepcopy(net)
    set_temperature(served, 0.8)
    export_onnx(served, tmp_path / "model" / "model.onnx", size=24)
    folder = copy_of_card(tmp_path / "model", input_size=24, training={"temperature": 0.8})
    begun = ExpressionNet((4, 4, 8, 8))
    begun.load_state_dict(start.weights_of(folder, crops(40)))
    assert answers(begun) == pytest.approx(answers(net), abs=0.01)  # its weights are halves
    stem = torch.nn.functional.conv2d(
        (torch.from_numpy(crops(40))[:, None].float() - 130) / 65, begun.stem[0].weight, padding=1
    )
    assert begun.stem[1].running_mean.numpy() == pytest.approx(stem.mean((0, 2, 3)).detach().numpy(), abs=1e-4)


def test_a_run_gives_its_best_weights(tmp_path: Path) -> None:
    options = TrainOptions(input=24, widths=(4, 4))
    net = registry.build(options)
    state = {"average": net.state_dict(), "options": asdict(options)}
    torch.save(state, tmp_path / "best.pt")
    for place in (tmp_path, tmp_path / "best.pt"):
        found = start.weights_of(place, crops(1))
        assert all(torch.equal(found[name], value) for name, value in net.state_dict().items())


def test_nothing_to_begin_from(tmp_path: Path) -> None:
    for call in (start.check, lambda place: start.weights_of(place, crops(1))):
        with pytest.raises(ModelError, match="is no model folder"):
            call(tmp_path)
        with pytest.raises(DataError, match=r"cannot .*nosuch.pt"):
            call(tmp_path / "nosuch.pt")
