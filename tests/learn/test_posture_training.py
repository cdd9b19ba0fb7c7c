"""A posture model learns a rule that was put into drawn rows, and nothing where there is none; people stay whole."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from sklearn.linear_model import LogisticRegression

from mien.body.posture import FEATURES, TONES, PostureModel
from mien.data import posture_rows
from mien.data.posture_rows import COLUMNS, PostureRows, labelled, read_rows, with_observer, write_rows
from mien.errors import DataError
from mien.learn import posture

COUNT = len(FEATURES)


def rows(people: int = 8, each: int = 60, *, seed: int = 0, rule: bool = True) -> PostureRows:
    """Every person has habits of their own; with a rule, tone moves two features by two of their spreads."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, people * each)
    person = np.repeat([f"p{one}" for one in range(people)], each)
    habits = np.repeat(rng.normal(0, 0.7, (people, COUNT)), each, axis=0)
    features = habits + rng.normal(size=(len(label), COUNT))
    if rule:
        features[:, 2] += 2 * (label - 1)
        features[:, 13] += 2 * (label == 1)
    features[rng.random(features.shape) < 0.1] = np.nan
    face = rng.dirichlet(np.ones(3), len(label)) * 0.6 + 0.4 * np.eye(3)[label]
    face[::5] = np.nan
    return PostureRows(person, features, label, face)


def test_no_person_is_on_both_sides() -> None:
    one = rows(7)
    seen_out = []
    for fit, held in posture.folds(one.person):
        assert not set(one.person[fit]) & set(one.person[held])
        seen_out += held.tolist()
    assert sorted(seen_out) == list(range(len(one)))


def test_a_known_rule_is_learned_by_people_held_out() -> None:
    model = posture.train(rows())
    card = model.card
    assert card["people"] == 8 and card["rows"] == 480
    low, high = card["posture"]["interval"]
    assert low <= card["posture"]["accuracy"] <= high
    assert card["posture"]["accuracy"] > 0.65 and low > card["most_frequent"]["accuracy"]
    assert card["together"]["accuracy"] > card["face"]["accuracy"]
    assert model.weight > 0.3
    strongest = np.abs(model.weights).max(0).argsort()[-2:]
    assert set(strongest) == {2, 13}


def test_random_labels_are_not_learned() -> None:
    drawn = [rows(seed=seed, rule=False) for seed in range(6)]
    right = [(posture.held_out(one).argmax(1) == one.label).mean() for one in drawn]
    assert np.mean(right) == pytest.approx(1 / 3, abs=0.05)  # one draw of 8 people lies .035 beside it
    card = posture.train(drawn[1]).card
    assert card["posture"]["interval"][0] <= card["most_frequent"]["accuracy"]
    assert card["together"]["accuracy"] == pytest.approx(card["face"]["accuracy"], abs=0.02)


def test_the_json_model_says_what_scikit_learn_says(tmp_path: Path) -> None:
    one = rows()
    model = posture.train(one)
    posture.save(model, tmp_path / "model")
    again = PostureModel.load(tmp_path / "model")
    scaled = np.nan_to_num((one.features - again.mean) / again.scale, nan=0.0)
    theirs = LogisticRegression(C=posture.STRENGTH, max_iter=5000, tol=1e-8).fit(scaled, one.label)
    assert again(one.features) == pytest.approx(theirs.predict_proba(scaled), abs=1e-6)
    assert scaled.mean(0) == pytest.approx(np.zeros(COUNT), abs=1e-9)


def test_two_tones_among_the_people_of_a_fold_are_as_scikit_learn_has_them() -> None:
    one = rows()
    two = one.take(one.label != 1)
    model = posture._fitted(two, np.full(3, 1 / 3), 1.0, {})
    scaled = np.nan_to_num((two.features - model.mean) / model.scale, nan=0.0)
    theirs = LogisticRegression(C=posture.STRENGTH, max_iter=5000, tol=1e-8).fit(scaled, two.label)
    said = model(two.features)
    assert said[:, 2] / (said[:, 0] + said[:, 2]) == pytest.approx(theirs.predict_proba(scaled)[:, 1], abs=1e-6)


def test_without_a_face_nothing_was_measured_beside_it() -> None:
    one = rows()
    model = posture.train(PostureRows(one.person, one.features, one.label, np.full((len(one), 3), np.nan)))
    assert model.weight == 0 and model.card["face"] is None and model.card["together"] is None


def test_accuracy_by_hand_and_an_interval_of_people() -> None:
    one = PostureRows(np.array(["a"] * 4 + ["b"] * 4), np.zeros((8, COUNT)), np.zeros(8, np.int64), np.zeros((8, 3)))
    found = posture.scores(one, np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert found == {"accuracy": 0.5, "interval": [0.0, 1.0]}  # the people differ, however many rows they have


@pytest.mark.parametrize(
    ("change", "words"),
    [(lambda one: one.take(one.person == "p0"), "of 1 person: at least 2"),
     (lambda one: one.take((one.label != 2) | (np.arange(len(one)) < 30)), "labelled negative: at least 20")],
)  # fmt: skip
def test_too_little_is_refused(change, words: str) -> None:
    with pytest.raises(DataError, match=words):
        posture.train(change(rows()))


def as_rows(one: PostureRows) -> list[posture_rows.Row]:
    return [
        {"person": str(one.person[i]), "session": "s", "second": i, "label": TONES[one.label[i]], "labelled_by": "self",
         **{name: None if np.isnan(value) else float(value)
            for name, value in zip((*FEATURES, *posture_rows.FACE), (*one.features[i], *one.face[i]), strict=True)}}
        for i in range(len(one))
    ]  # fmt: skip


def test_rows_survive_parquet_and_hold_no_picture(tmp_path: Path) -> None:
    one = rows(3, 5)
    write_rows(tmp_path / "rows.parquet", as_rows(one))
    back = labelled(read_rows(tmp_path))  # a folder of such files
    for name in ("person", "label"):
        assert (getattr(back, name) == getattr(one, name)).all()
    assert np.array_equal(back.features, one.features, equal_nan=True)
    schema = pyarrow.parquet.read_schema(tmp_path / "rows.parquet")
    assert schema.names == list(COLUMNS) and {str(kind) for kind in schema.types} == {"string", "int64", "double"}


def test_an_observer_s_labels_hold_until_the_next(tmp_path: Path) -> None:
    with open(tmp_path / "seen.csv", "w", newline="") as file:
        lines = [("person", "second", "label"), ("a", 2, "positive"), ("a", 4, ""), ("b", 0, "negative")]
        csv.writer(file).writerows(lines)
    before = [
        {"person": who, "second": second, "label": None, "labelled_by": None} for who in "abc" for second in range(6)
    ]
    after, count = with_observer(before, tmp_path / "seen.csv")
    assert [row["label"] for row in after] == [
        *[None, None, "positive", "positive", None, None], *["negative"] * 6, *[None] * 6,
    ]  # fmt: skip
    assert count == 8 and before[2]["label"] is None  # the input stays


TABLES = ("person,second\na,1\n", "person,second,label\na,x,positive\n", "person,second,label\na,1,good\n",
          *(f"person,second,label\na,{number},positive\n" for number in ("inf", "-inf", "nan", "1e999")))  # fmt: skip


@pytest.mark.parametrize("text", TABLES)
def test_an_observer_s_table_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    (tmp_path / "seen.csv").write_text(text)
    with pytest.raises(DataError):
        with_observer([], tmp_path / "seen.csv")


def test_files_that_hold_no_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no \.parquet file"):
        read_rows(tmp_path)
    with pytest.raises(DataError, match="there is no file"):
        read_rows(tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path / "bad.parquet")
    with pytest.raises(DataError, match="none of 1 rows has a label"):
        labelled([{"label": None}])


def test_the_model_file_is_plain_json(tmp_path: Path) -> None:
    posture.save(posture.train(rows(3)), tmp_path)
    data = json.loads((tmp_path / "posture.json").read_text())
    assert data["card"]["people"] == 3 and "group k-fold by person, 3 folds" in data["card"]["protocol"]
