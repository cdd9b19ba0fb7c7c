"""A whole run: two CSV files in, a model folder out that the classifier and the pipeline take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_sets import drawn_faces, shared_faces, write_csv
from PIL import Image

from mien import models
from mien.data import align, faceset, fer2013
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.expression.classify import Classifier
from mien.faces.mesh import MeshNet
from mien.judge import evaluate
from mien.learn import prepare, registry, run
from mien.learn.judging import EpochLog
from mien.learn.options import TrainOptions
from mien.learn.prepare import Divided
from mien.learn.run import Job
from mien.learn.watching import Watcher
from mien.models import ModelCard
from mien.pipeline import Pipeline, PipelineOptions
from mien.types import Frame, Progress, no_progress

OPTIONS = TrainOptions(epochs=1, batch=32, input=24, widths=(4, 4, 8), threads=1, average=0.9)


@dataclass
class Run:
    folder: Path
    data: Path
    votes: Path
    faces: FaceSet
    card: ModelCard
    stages: list[str]
    logs: list[EpochLog]


def plain(card: ModelCard) -> Any:
    """A card as JSON has it: no tuples, and no numbers that are none."""
    return json.loads(json.dumps(card.to_dict(), allow_nan=False))


class Told(Watcher):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.notes: list[str] = []
        self.logs: list[EpochLog] = []
        self.seeds: list[int] = []

    def stage(self, name: str) -> Progress:
        self.stages.append(name)
        return no_progress

    def note(self, line: str) -> None:
        self.notes.append(line)

    def epoch(self, logs: list[EpochLog]) -> None:
        self.logs.append(logs[-1])

    def seed(self, number: int, count: int, seed: int) -> None:
        self.seeds.append(seed)


def train(data: Path, votes: Path | None, out: Path, options: TrainOptions = OPTIONS, **more: Any) -> Run:
    told = Told()
    card = run.train(Job(data, votes, out, **more), options, told)
    assert card is not None
    return Run(out, data, votes or data, drawn_faces(1), card, told.stages, told.logs)


def divide(data: Path, votes: Path | None, out: Path) -> Divided:
    return prepare.load(data, votes, out=out)


@pytest.fixture(scope="module")
def trained(shared_fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One epoch over 150 real faces; 60 to validate, a few that FERPlus does not list."""
    folder = tmp_path_factory.mktemp("run")
    faces = shared_faces(shared_fer2013, np.r_[0:150, 28709:28769])
    faces.named[[5, 160]] = False
    data, votes = write_csv(folder, faces)
    return replace(train(data, votes, folder / "model"), faces=faces)


@pytest.fixture(autouse=True)
def few_threads() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


# --- what comes out ---------------------------------------------------------------------------------------------------


def test_the_folder_is_a_model(trained: Run) -> None:
    assert plain(models.load_card(trained.folder)) == plain(trained.card)
    assert {one.name for one in trained.folder.iterdir()} == {
        "model.onnx", "card.json", "best.pt", "last.pt", "keypoints.npz",
        "config.json", "environment.json", "log.jsonl", "curves.png", "tensorboard",
    }  # fmt: skip
    card = trained.card
    assert card.votes == faceset.VOTE_LABELS
    assert card.fer2013 == faceset.FER2013_LABELS
    assert card.training["faces"] + card.training["held_out"] <= 149
    assert list(card.training["options"]["widths"]) == [4, 4, 8]
    assert card.training["data"].startswith("FER2013 Training with FERPlus votes")
    assert card.training["checkpoint_epoch"] == 1
    assert "FERPlus votes (MIT)" in card.licence and card.name == "mien"


def test_no_unlisted_face_takes_part(trained: Run) -> None:
    divided = divide(trained.data, trained.votes, trained.folder)
    assert not {5, 160} & set(np.concatenate([divided.fit, divided.held, divided.validation]).tolist())
    assert (divided.faces.splits[divided.validation] == "PublicTest").all()
    assert (divided.faces.splits[np.r_[divided.fit, divided.held]] == "Training").all()
    assert len(divided.validation) == 59


def test_the_network_answers_as_the_best_checkpoint_does(trained: Run) -> None:
    import torch

    net, _ = registry.load_best(trained.folder)
    crops = np.ascontiguousarray(drawn_faces(5).pixels[:, ::2, ::2])
    with torch.no_grad():
        votes = net(torch.from_numpy(crops)[:, None].float()).votes
    wanted = (votes / trained.card.training["temperature"]).softmax(1).numpy()
    assert Classifier(trained.folder)(crops).votes == pytest.approx(wanted, abs=0.01)


def test_the_scores_on_the_card_are_those_of_an_evaluation(trained: Run) -> None:
    faces = fer2013.load_fer2013(trained.data, trained.votes, only="PublicTest")
    keypoints = align.find_keypoints(MeshNet(models.weights_path("face_landmark")), faces.pixels)
    points = keypoints if trained.card.align else None
    report = evaluate.report(Classifier(trained.folder), faces, points, split="PublicTest")
    scores = trained.card.scores
    assert (scores["split"], scores["faces"]) == ("PublicTest", 59)
    for head in ("fer2013", "votes"):
        assert report["heads"][head]["confusion"] == scores["heads"][head]["confusion"]
    # The way of alignment that was chosen is the better one.
    chosen = sum(head["accuracy"] for head in scores["heads"].values())
    assert chosen >= sum(head["accuracy"] for head in scores["aligned_the_other_way"].values())


def test_the_pipeline_takes_the_folder(trained: Run, astronaut: Path) -> None:
    pipeline = Pipeline(PipelineOptions(model=trained.folder))
    reading = pipeline.read(Frame(np.asarray(Image.open(astronaut))))
    (face,) = reading.faces
    assert face.expression is not None
    assert face.expression.label in trained.card.expressions
    assert sum(face.expression.votes.values()) == pytest.approx(1, abs=1e-4)
    assert reading.models["expression"] == trained.card.identity


def test_the_log_has_a_line_for_each_epoch_that_was_told(trained: Run) -> None:
    lines = [json.loads(line) for line in (trained.folder / "log.jsonl").read_text().splitlines()]
    assert [EpochLog(**line) for line in lines] == trained.logs
    assert len(trained.logs) == 1
    assert trained.stages[:4] == ["reading faces", "looking for twins", "finding eyes and mouths", "training"]


# --- going on, and going wrong ----------------------------------------------------------------------------------------


def test_a_run_is_not_written_over(trained: Run) -> None:
    with pytest.raises(DataError, match="holds a run already: add --resume"):
        train(trained.data, trained.votes, trained.folder)


def test_nothing_to_go_on_with(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no run to go on with \(no last.pt\)"):
        train(trained.data, trained.votes, tmp_path / "new", resume=True)


def test_a_file_in_the_place_of_the_folder(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot make the folder"):
        train(trained.data, trained.votes, tmp_path / "file")


@pytest.fixture
def no_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn faces have no mesh; looking for one takes its time."""
    monkeypatch.setattr(align, "find_keypoints", lambda net, pixels, progress: np.full((len(pixels), 6, 2), np.nan))


def test_going_on_finishes_the_schedule(tmp_path: Path, no_mesh: None) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(60, splits=("Training", "Training", "PublicTest")))
    options = replace(OPTIONS, batch=8, fall=0.0)  # a plateau can be made longer
    train(data, votes, tmp_path / "out", options)
    rest = train(data, votes, tmp_path / "out", replace(options, epochs=2), resume=True)
    assert [log.epoch for log in rest.logs] == [1]
    assert len((tmp_path / "out" / "log.jsonl").read_text().splitlines()) == 2
    assert plain(Classifier(tmp_path / "out").card) == plain(rest.card)


def test_without_votes_each_label_counts_as_ten(tmp_path: Path, no_mesh: None) -> None:
    faces = drawn_faces(60)  # no PublicTest: the held-out faces validate
    data, _ = write_csv(tmp_path, faces)
    trained = train(data, None, tmp_path / "out", replace(OPTIONS, batch=8))
    assert trained.card.scores["split"] == "Training"
    assert "FERPlus" not in trained.card.licence + trained.card.training["data"]
    assert trained.card.scores["heads"]["votes"]["n"] == trained.card.training["held_out"] == 6
    divided = divide(data, None, tmp_path / "out")
    for label, votes in zip(faces.labels, divided.faces.votes, strict=True):
        assert faceset.VOTE_LABELS[int(votes.argmax())] == faceset.FER2013_LABELS[label]
        assert votes.sum() == votes.max() == 10


@pytest.mark.parametrize("count", [1, 9, 12])
def test_too_few_faces_are_one_line(tmp_path: Path, no_mesh: None, count: int) -> None:
    data, votes = write_csv(tmp_path, drawn_faces(count))
    with pytest.raises(DataError, match=r"too few to hold out|fewer than a batch") as told:
        train(data, votes, tmp_path / "out")
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", b"\x93NUMPY broken", b"text"])
def test_broken_keypoints_are_found_again(trained: Run, tmp_path: Path, no_mesh: None, data: bytes) -> None:
    (tmp_path / "keypoints.npz").write_bytes(data)
    divided = divide(trained.data, trained.votes, tmp_path)
    assert np.isnan(divided.keypoints).all()
    with np.load(tmp_path / "keypoints.npz") as kept:
        assert kept["keypoints"].shape == (210, 6, 2)


def test_keypoints_of_other_faces_are_not_taken(trained: Run, tmp_path: Path, no_mesh: None) -> None:
    kept = np.load(trained.folder / "keypoints.npz")
    np.savez(tmp_path / "keypoints.npz", keypoints=kept["keypoints"], mark=kept["mark"][::-1])
    divided = divide(trained.data, trained.votes, tmp_path)
    assert np.isnan(divided.keypoints).all()
    again = divide(trained.data, trained.votes, trained.folder)
    assert not np.isnan(again.keypoints).all()


def test_folders_of_pictures_are_trained_on_too(tmp_path: Path, no_mesh: None) -> None:
    faces = drawn_faces(40)
    for index, (face, label) in enumerate(zip(faces.pixels, faces.labels, strict=True)):
        place = tmp_path / "mine" / "train" / ("contempt" if index == 5 else faceset.FER2013_LABELS[label])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(place / f"{index}.png")
    trained = train(tmp_path / "mine", None, tmp_path / "out", replace(OPTIONS, batch=8))
    card = trained.card
    assert card.training["data"] == "mine, read as classes" and "under the terms of" in card.licence
    assert card.input_size == 24 and card.scores["heads"]["votes"]["n"] > 0
