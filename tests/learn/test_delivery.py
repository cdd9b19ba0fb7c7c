"""A model folder in another precision: whole or not at all, its card true; `auto` is the smallest that loses little."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import drawn_faces, shared_faces, write_csv
from small_models import copy_of_default

from mien import models
from mien.data.faceset import FaceSet
from mien.errors import DataError, MienError, ModelError, SinkError, UsageError
from mien.expression.classify import Classifier
from mien.learn import checkpoint, delivery, export, quantise, registry, temper
from mien.learn.delivery import Built, Data, Delivery
from mien.learn.export import Parity
from mien.learn.options import TrainOptions
from mien.models import DEFAULT_MODEL
from mien.runtime import OnnxNet

OPTIONS = TrainOptions(widths=(4, 4), depth=1, input=24)
TWO = ("Training", "PublicTest")
CALIBRATION = slice(0, 24)
TEMPERATURE = 0.8


def run_folder(folder: Path, options: TrainOptions = OPTIONS, *, seed: int = 0) -> Path:
    """What a training leaves: its best checkpoint, the network and the card."""
    torch.manual_seed(seed)
    net = registry.build(options).eval()
    has_votes = options.network == "mien"
    copy_of_default(folder)
    checkpoint.save(folder / "best.pt", {"options": asdict(options), "average": net.state_dict()})
    temper.set_temperature(net, TEMPERATURE if has_votes else 1.0)
    export.export_onnx(net, folder / "model.onnx", size=options.input)
    changes = {"input_size": options.input, "sha256": models.sha256_of(folder / "model.onnx"),
               "training": {"temperature": TEMPERATURE if has_votes else 1.0},
               **({} if has_votes else {"votes": [], "confidence": {}}), "covered": {}}  # fmt: skip
    return change(folder, **changes)


def change(folder: Path, **entries: object) -> Path:
    card = {**json.loads((folder / "card.json").read_text()), **entries}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def data_of(folder: Path, faces: FaceSet) -> Data:
    return *write_csv(folder, faces), None


def refused(kind: type[MienError], words: str, source: Path, out: Path, **settings: object) -> None:
    with pytest.raises(kind, match=words) as error:
        delivery.deliver(source, out, **settings)  # type: ignore[arg-type]
    assert len(str(error.value).splitlines()) == 1


def names_beside(out: Path) -> set[str]:
    return {one.name for one in out.parent.iterdir()}


# --- without faces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["fp32", "fp16", None])
def test_a_run_becomes_a_model_folder(tmp_path: Path, precision: str | None) -> None:
    source, out = run_folder(tmp_path / "run"), tmp_path / "out"
    before = names_beside(out)
    done = delivery.deliver(source, out, precision=precision)
    assert done.taken == (precision or "fp16")
    assert names_beside(out) == before | {"out"} and {one.name for one in out.iterdir()} == {"model.onnx", "card.json"}
    card = models.load_card(out)  # checks the sha256
    assert card == done.card
    assert card.export["precision"] == done.taken and card.scores == {}
    assert "onnx_difference" not in card.training
    crops = np.random.default_rng(0).integers(0, 256, (4, 24, 24), dtype=np.uint8)
    assert Classifier(out)(crops).votes == pytest.approx(Classifier(source)(crops).votes, abs=0.01)


def test_full_precision_is_twice_the_size(tmp_path: Path) -> None:
    done = delivery.deliver(run_folder(tmp_path / "run", TrainOptions(widths=(32, 64), depth=1, input=24)),
                            tmp_path / "out")  # fmt: skip
    bytes_of = {one.precision: one.speed["bytes"] for one in done.built}
    assert bytes_of["fp32"] > 1.7 * bytes_of["fp16"]
    assert bytes_of["fp16"] == (tmp_path / "out" / "model.onnx").stat().st_size
    assert all(one.speed["median_ms"] > 0 for one in done.built)


def test_a_model_folder_becomes_another(tmp_path: Path) -> None:
    done = delivery.deliver(DEFAULT_MODEL, tmp_path / "out", precision="fp16")
    assert done.card.votes == models.load_card().votes and done.card.confidence == models.load_card().confidence
    crops = np.random.default_rng(0).integers(0, 256, (4, 48, 48), dtype=np.uint8)
    assert Classifier(tmp_path / "out")(crops).votes == pytest.approx(Classifier()(crops).votes, abs=1e-4)


def test_a_baseline_is_exported_too(tmp_path: Path) -> None:
    source = run_folder(tmp_path / "run", TrainOptions(network="shawon", input=16))
    delivery.deliver(source, tmp_path / "out", precision="fp32")
    assert models.load_card(tmp_path / "out").votes == ()
    assert OnnxNet(tmp_path / "out" / "model.onnx").output_names == ["fer2013", "features"]


def test_an_empty_folder_will_do_and_a_full_one_will_not(tmp_path: Path) -> None:
    source, out = run_folder(tmp_path / "run"), tmp_path / "out"
    out.mkdir()
    delivery.deliver(source, out)
    kept = (out / "card.json").read_bytes()
    refused(UsageError, "is there already", source, out)
    refused(UsageError, "is there already", source, source)
    assert (out / "card.json").read_bytes() == kept


def test_what_makes_no_sense(tmp_path: Path) -> None:
    source, out = tmp_path / "none", tmp_path / "out"
    refused(UsageError, "no precision 'fp8'; there are: fp32, fp16, int8, auto", source, out, precision="fp8")
    refused(UsageError, "int8 is found out on faces: name them with --data", source, out, precision="int8")
    refused(UsageError, "auto is found out on faces", source, out, precision="auto")
    refused(ModelError, "is no model folder", source, out)
    refused(SinkError, "its folder is not there", source, tmp_path / "no" / "out")
    assert not list(tmp_path.iterdir())


def test_runs_that_cannot_be_exported(tmp_path: Path) -> None:
    out = tmp_path / "out"
    unfinished = run_folder(tmp_path / "unfinished")
    (unfinished / "card.json").unlink()
    refused(ModelError, "has not ended: mien train --resume", unfinished, out)
    stopped = change(run_folder(tmp_path / "stopped"), scores={})  # while it was judged
    refused(ModelError, "has not ended: mien train --resume", stopped, out)
    newer = run_folder(tmp_path / "newer")
    torch.manual_seed(5)
    other = registry.build(OPTIONS)
    with torch.no_grad():
        other.fer2013.bias[0] += 5  # type: ignore[union-attr, operator]
    checkpoint.save(newer / "best.pt", {"options": asdict(OPTIONS), "average": other.state_dict()})
    refused(ModelError, "is newer than its model", newer, out)
    broken = run_folder(tmp_path / "broken")
    (broken / "best.pt").write_bytes(b"nothing")
    refused(DataError, "cannot read the checkpoint", broken, out)
    int8 = change(copy_of_default(tmp_path / "int8"), export={"precision": "int8"})
    refused(ModelError, "are rounded to int8 already", int8, out)
    assert not out.exists() and not [name for name in names_beside(out) if name.endswith(".part")]


def test_a_precision_that_differs_too_much_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = run_folder(tmp_path / "run")
    monkeypatch.setitem(export.MOST_DIFFERENCE, "fp32", -1.0)
    refused(
        ModelError, "in fp32 the network differs .*; nothing was written", source, tmp_path / "out", precision="fp32"
    )
    assert names_beside(tmp_path / "out") == {"run"}
    done = delivery.deliver(source, tmp_path / "out", precision="fp16")  # the other one still can
    assert "fp32" in done.card.export["built"] and "refused" in done.card.export["built"]["fp32"]


# --- with faces -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(shared_fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Delivery, Path, Data]:
    """The embedded model in int8, calibrated on a few faces and judged on 60."""
    folder = tmp_path_factory.mktemp("delivery")
    rows = np.r_[CALIBRATION, 28709 : 28709 + 60]
    data = data_of(folder, shared_faces(shared_fer2013, rows))
    return delivery.deliver(DEFAULT_MODEL, folder / "out", precision="int8", data=data), folder / "out", data


def test_int8_is_small_fast_to_load_and_close(small: tuple[Delivery, Path, Data]) -> None:
    done, out, _ = small
    full, half, int8 = done.built
    assert [one.precision for one in done.built] == list(delivery.PRECISIONS)
    assert int8.speed["bytes"] < 0.6 * half.speed["bytes"] < 0.6 * full.speed["bytes"]
    assert full.parity.largest < export.MOST_DIFFERENCE["fp32"] and half.parity.largest < export.MOST_DIFFERENCE["fp16"]
    assert int8.parity.mean < quantise.MOST_MEAN_DIFFERENCE and int8.parity.agreement >= quantise.LEAST_AGREEMENT
    assert all(abs(int8.accuracy[head] - full.accuracy[head]) <= 0.05 for head in ("fer2013", "votes"))
    assert (out / "model.onnx").stat().st_size == int8.speed["bytes"]


def test_the_card_has_the_scores_of_the_very_file(small: tuple[Delivery, Path, Data], shared_fer2013: Path) -> None:
    done, out, _ = small
    card = models.load_card(out)
    listed = int(shared_faces(shared_fer2013, CALIBRATION).named.sum())
    assert card.export["calibration"] == {"split": "Training", "faces": listed}
    assert card.scores["split"] == "PublicTest" and card.scores["faces"] <= 60
    for head, scores in card.scores["heads"].items():
        assert scores["accuracy"] == card.export["built"]["int8"]["accuracy"][head]
    assert json.loads((out / "card.json").read_text())["export"] == json.loads(json.dumps(done.card.export))


def test_the_scores_are_those_of_the_faces(small: tuple[Delivery, Path, Data], shared_fer2013: Path) -> None:
    _, out, _ = small
    faces = shared_faces(shared_fer2013, slice(28709, 28709 + 60))
    faces = faces.take(faces.named)
    card = models.load_card(out)
    if not card.align:  # as it was cut, each face is its own crop
        right = Classifier(out)(faces.pixels).fer2013.argmax(1) == faces.labels
        assert card.scores["heads"]["fer2013"]["accuracy"] == pytest.approx(right.mean(), abs=1e-4)


def test_int8_is_not_exported_again(small: tuple[Delivery, Path, Data], tmp_path: Path) -> None:
    refused(ModelError, "are rounded to int8 already", small[1], tmp_path / "again")


def test_data_without_a_split(tmp_path: Path) -> None:
    source = run_folder(tmp_path / "run")
    for split in TWO:
        data = data_of(tmp_path, drawn_faces(4, splits=(split,)))
        refused(DataError, "hold no split", source, tmp_path / "out", data=data)
    assert not (tmp_path / "out").exists()


def test_a_model_without_votes_is_judged_by_its_classes(tmp_path: Path) -> None:
    source = run_folder(tmp_path / "run", TrainOptions(network="model4", input=16))
    data = data_of(tmp_path, drawn_faces(20, splits=TWO))
    done = delivery.deliver(source, tmp_path / "out", precision="fp16", data=data)
    assert set(done.card.scores["heads"]) == {"fer2013"}


# --- the choice -------------------------------------------------------------------------------------------------------


def built(precision: str, size: int, fer2013: float, votes: float, *, refused: str = "") -> Built:
    parity = Parity(0.0, 0.0, 1.0)
    return Built(precision, Path(), parity, refused, {"bytes": size}, {"fer2013": fer2013, "votes": votes})


@pytest.mark.parametrize(
    ("fer2013", "votes", "why", "taken"),
    [
        (0.7000, 0.8800, "", "int8"),
        (0.7500, 0.9000, "", "int8"),  # gains are no loss
        (0.6971, 0.8771, "", "int8"),
        (0.6970, 0.8800, "", "fp16"),  # 0.3 points are not under 0.3
        (0.7000, 0.8770, "", "fp16"),
        (0.9000, 0.8000, "", "fp16"),  # a gain on one head buys no loss on the other
        (0.7000, 0.8800, "too far", "fp16"),
    ],
)
def test_auto_takes_the_smallest_that_loses_little(fer2013: float, votes: float, why: str, taken: str) -> None:
    all_three = [
        built("fp32", 9, 0.70, 0.88),
        built("fp16", 5, 0.70, 0.88),
        built("int8", 3, fer2013, votes, refused=why),
    ]
    assert delivery.choose(all_three).precision == taken


def test_without_a_good_one_the_exact_one_stays() -> None:
    all_three = [built("fp32", 9, 0.70, 0.88), built("fp16", 5, 0.5, 0.5), built("int8", 3, 0.1, 0.1)]
    assert delivery.choose(all_three).precision == "fp32"
