"""The tone's scores: a small table by hand, the official majority, surprise apart, and what goes onto a card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_sets import shared_faces
from small_models import copy_of_default

from mien.data.faceset import VOTE_LABELS, FaceSet
from mien.errors import DataError
from mien.expression.classify import Classifier
from mien.judge import card as cards
from mien.judge import eyes, tone
from mien.models import load_card

CARD = load_card()


def people(*rows: dict[str, int]) -> FaceSet:
    votes = np.array([[row.get(name.replace(" ", "_"), 0) for name in VOTE_LABELS] for row in rows], np.float32)
    count = len(votes)
    return FaceSet(np.zeros((count, 4, 4), np.uint8), np.zeros(count, np.int64), votes, np.full(count, "PublicTest"),
                   np.arange(count), np.ones(count, bool))  # fmt: skip


def drawn(count: int, seed: int) -> tuple[FaceSet, np.ndarray]:
    """Faces, and a network that says the shares people gave, blurred."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(10, 0.15), count)
    votes = np.array([rng.multinomial(10, one) for one in true], np.float32)
    faces = replace(people(*[{}] * count), votes=votes)
    return faces, (0.7 * true + 0.03).astype(np.float32)


def test_the_truth_is_the_official_majority() -> None:
    faces = people(
        {"happy": 6, "neutral": 4},
        {"neutral": 8, "sad": 2},
        {"angry": 6, "disgust": 4},
        {"contempt": 7, "neutral": 3},
        {"surprise": 9, "happy": 1},  # none of the three
        {"sad": 5, "angry": 5},  # no majority for one word, though both are negative: the rule drops the face
        {"sad": 5, "happy": 4, "fear": 1},  # the single vote is noise: 5 of 9
        {"unknown": 10},
    )
    assert tone.truth_of(faces).tolist() == [0, 1, 2, 2, -1, -1, 2, -1]


def test_a_small_table_by_hand() -> None:
    shares = np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.1, 0.7, 0.2], [0.3, 0.1, 0.6], [0.2, 0.4, 0.4]])
    found = tone.measured(np.clip(shares, 1e-9, 1), np.array([0, 1, 1, 2, 2]))
    assert found["n"] == 5 and found["accuracy"] == 0.6
    assert found["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert found["surest"]["right"] == 0.75 and found["surest"]["threshold"] == 0.6  # all but the last
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.2, 0.7, 0.6, 0.4]).mean(), abs=1e-4)
    assert found["coverage"][-1]["right"] == found["accuracy"]


def test_surprised_faces_are_judged_by_what_the_others_say() -> None:
    faces = people(
        {"surprise": 7, "happy": 3},
        {"surprise": 8, "fear": 2},
        {"surprise": 9, "happy": 1},  # one other vote says too little
        {"surprise": 6, "happy": 2, "fear": 2},  # the others differ
        {"happy": 10},
    )
    shares = np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [1, 0, 0], [1, 0, 0], [1, 0, 0]])
    assert tone.surprised(shares, faces) == {"faces": 4, "n": 2, "right": 0.5, "confidence": 0.7}


def test_fitted_on_some_faces_it_is_calibrated_on_others() -> None:
    held, checked = drawn(3000, 1), drawn(3000, 2)
    found = tone.for_card(CARD, held, checked)
    assert found["fitted_on"] == int((tone.truth_of(held[0]) >= 0).sum())
    assert found["validation"]["accuracy"] > 0.9
    assert found["validation"]["ece"] < found["validation"]["ece_by_chance"] + 0.02
    again = tone.judged(replace(CARD, tone=found), *checked)
    assert again is not None and again["accuracy"] == found["validation"]["accuracy"]
    assert again["surest"]["right"] == found["validation"]["right_of_surest_80"] >= again["accuracy"]


def test_too_few_faces_or_no_tone_on_the_card_give_none() -> None:
    few, many = drawn(40, 1), drawn(500, 2)
    assert tone.fitted(CARD, *few) is None and tone.for_card(CARD, few, many) == {}
    assert tone.for_card(CARD, many, (people({"surprise": 10}), many[1][:1])) == {}
    assert tone.judged(replace(CARD, tone={}), *many) is None
    assert tone.judged(CARD, people({"surprise": 10}), many[1][:1]) is None


def test_the_embedded_model_clears_its_bars_on_publictest() -> None:
    found = load_card().tone["validation"]
    assert found["split"] == "PublicTest" and found["n"] == 2784
    assert found["accuracy"] >= 0.895 and found["right_of_surest_80"] >= 0.95
    assert found["ece"] <= 0.02


def test_a_card_is_renewed_by_the_part_that_training_holds_out(
    tmp_path: Path, shared_fer2013: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tone, "LEAST_FACES", 3)
    nowhere = lambda pixels, progress: np.full((len(pixels), 6, 2), np.nan, np.float32)  # noqa: E731
    monkeypatch.setattr(eyes, "find_keypoints", nowhere)  # the mesh takes longer than all else
    rows = np.r_[0:400, 28709 : 28709 + 30]
    folder = copy_of_default(tmp_path / "model", tone=None)
    found = cards.tone_for_card(Classifier(folder), shared_faces(shared_fer2013, rows))
    assert 20 < found["fitted_on"] <= 40  # a tenth of Training, less the surprised
    before = load_card(folder)
    cards.write_on_card(folder, tone=found)
    assert load_card(folder) == replace(before, tone=found)


def test_data_that_cannot_give_a_tone_are_refused(shared_fer2013: Path) -> None:
    faces = shared_faces(shared_fer2013, slice(0, 60))
    with pytest.raises(DataError, match="PublicTest"):
        cards.tone_for_card(Classifier(), faces)
