"""Teaches a posture model from rows that `mien collect` wrote, and judges it on people that it has not seen.

People are held out whole (group k-fold): rows of one person are alike, and would flatter every number. Intervals come
from drawing people, not rows. Needs scikit-learn; what it writes needs numpy alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from mien.body.fusion import beside_prior, pooled
from mien.body.posture import FEATURES, FILE, LEAST_SHARE, TONES, Array, PostureModel
from mien.data.posture_rows import PostureRows
from mien.errors import DataError
from mien.files import telling, written_whole
from mien.version import __version__

FOLDS = 5  # with fewer people, one each
LEAST_PEOPLE = 2  # below this nothing is known of anybody else; for a model to be used, ten are few
LEAST_ROWS = 20  # of each tone: seconds
STRENGTH = 0.1  # scikit-learn's C on standardised features: few people, many features
WEIGHTS = np.linspace(0, 1, 101)  # of the posture beside the face
DRAWS = 1000


def train(rows: PostureRows) -> PostureModel:
    """Fit a model on all rows; its card states how others of its kind did on people that they had not seen.

    Raises:
        DataError: there are too few people, or too few rows of a tone.
    """
    check(rows)
    prior = (np.bincount(rows.label, minlength=3) + 1) / (len(rows) + 3)
    held = held_out(rows)
    weight = best_weight(rows, held, prior)
    return _fitted(rows, prior, weight, _card(rows, held, prior, weight))


def check(rows: PostureRows) -> None:
    """Raise DataError where the rows cannot teach anything."""
    people = sorted(set(rows.person.tolist()))
    if len(people) < LEAST_PEOPLE:
        raise DataError(f"the labelled rows are of {len(people)} person: at least {LEAST_PEOPLE} are needed, so that "
                        "one can be held out, and many more for a model that is of use")  # fmt: skip
    for index, tone in enumerate(TONES):
        count = int((rows.label == index).sum())
        if count < LEAST_ROWS:
            raise DataError(f"{count} rows are labelled {tone}: at least {LEAST_ROWS} of each tone are needed")


def folds(person: NDArray[np.str_]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to fit and rows held out (indices), again and again, no person in both."""
    count = min(FOLDS, len(set(person.tolist())))
    return iter(GroupKFold(count).split(person, groups=person))


def held_out(rows: PostureRows) -> Array:
    """What models say of people whom they have not seen: (N, 3)."""
    said = np.zeros((len(rows), len(TONES)))
    for seen, unseen in folds(rows.person):
        model = _fitted(rows.take(seen), np.full(3, 1 / 3), 1.0, {})
        said[unseen] = model(rows.features[unseen])
    return said


def best_weight(rows: PostureRows, held: Array, prior: Array) -> float:
    """How much the posture counts beside the face: the weight with the least log-loss on people held out.

    0 where no row has a face, since then nothing was measured.
    """
    known = np.asarray(~np.isnan(rows.face).any(axis=1))
    if not known.any():
        return 0.0
    adds = beside_prior(held[known], prior)
    losses = [_loss(pooled([(rows.face[known], 1.0), (adds, float(w))]), rows.label[known]) for w in WEIGHTS]
    return round(float(WEIGHTS[int(np.argmin(losses))]), 2)


def save(model: PostureModel, folder: Path) -> None:
    """Write `posture.json`, whole; SinkError where that cannot be done."""
    with telling(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / FILE) as partial:
        partial.write_text(json.dumps(model.to_dict(), indent=1) + "\n", encoding="utf-8")


def _fitted(rows: PostureRows, prior: Array, weight: float, card: dict[str, Any]) -> PostureModel:
    known = ~np.isnan(rows.features)
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, rows.features, 0).sum(0) / count
    spread = np.sqrt((np.where(known, rows.features - mean, 0) ** 2).sum(0) / count)
    scale = np.where(spread > 1e-9, spread, 1.0)
    scaled = np.where(known, (rows.features - mean) / scale, 0.0)
    weights, bias = np.zeros((3, len(FEATURES))), np.full(3, np.log(LEAST_SHARE))
    tones = np.unique(rows.label)
    if len(tones) == 1:  # of a fold whose people were called nothing else
        bias[tones] = 0.0
    else:
        found = LogisticRegression(C=STRENGTH, max_iter=5000, tol=1e-8).fit(scaled, rows.label)
        two = len(tones) == 2  # then scikit-learn keeps the weights of the second alone
        weights[tones] = np.vstack([0 * found.coef_, found.coef_]) if two else found.coef_
        bias[tones] = np.append(0, found.intercept_) if two else found.intercept_
    return PostureModel(mean, scale, weights, bias, prior, weight, card)


def _card(rows: PostureRows, held: Array, prior: Array, weight: float) -> dict[str, Any]:
    """Who taught it, and what came of it on people held out."""
    known = np.asarray(~np.isnan(rows.face).any(axis=1))
    face = np.where(known[:, None], rows.face, 1 / 3)
    joint = pooled([(face, 1.0), (beside_prior(held, prior), weight)])
    return {
        "mien": __version__,
        "people": len(set(rows.person.tolist())),
        "rows": len(rows),
        "rows_by_tone": {tone: int((rows.label == index).sum()) for index, tone in enumerate(TONES)},
        "protocol": f"group k-fold by person, {min(FOLDS, len(set(rows.person.tolist())))} folds; intervals hold 95 % "
        f"of {DRAWS} draws of people",
        "posture": scores(rows, held.argmax(1)) | {"log_loss": round(_loss(held, rows.label), 4)},
        "most_frequent": scores(rows, _most_frequent(rows)),
        "rows_with_face": int(known.sum()),
        "face": scores(rows.take(known), rows.face[known].argmax(1)) if known.any() else None,
        "together": scores(rows.take(known), joint[known].argmax(1)) if known.any() else None,
        "posture_where_face": scores(rows.take(known), held[known].argmax(1)) if known.any() else None,
    }


def scores(rows: PostureRows, said: NDArray[np.int64], *, seed: int = 0) -> dict[str, Any]:
    """Accuracy, and the ends between which 95 % of the accuracies lie when as many people are drawn again."""
    people, which = np.unique(rows.person, return_inverse=True)
    right = np.bincount(which, said == rows.label, len(people))
    count = np.bincount(which, minlength=len(people))
    drawn = np.random.default_rng(seed).integers(0, len(people), (DRAWS, len(people)))
    ends = np.quantile(right[drawn].sum(1) / count[drawn].sum(1), [0.025, 0.975])
    return {"accuracy": round(float(right.sum() / count.sum()), 4), "interval": [round(float(end), 4) for end in ends]}


def _most_frequent(rows: PostureRows) -> NDArray[np.int64]:
    """The commonest tone of the other people: what is right without looking."""
    said = np.zeros(len(rows), np.int64)
    for seen, unseen in folds(rows.person):
        said[unseen] = np.bincount(rows.label[seen], minlength=3).argmax()
    return said


def _loss(shares: Array, label: NDArray[np.int64]) -> float:
    return float(-np.log(np.maximum(shares[np.arange(len(label)), label], LEAST_SHARE)).mean())
