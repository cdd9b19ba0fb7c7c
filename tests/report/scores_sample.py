"""A scores object as `judge` makes it, every part of it, with figures made up but consistent with each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mien.data.faceset import EXPRESSIONS, FER2013_LABELS, LABELS, VOTE_LABELS, FaceSet

KINDS = {
    "roll": ("degrees", [0, 15, 30, 45]), "size": ("px", [48, 32, 24, 16]), "blur": ("px", [0, 1, 2, 4]),
    "dark": ("of the light", [1, 0.5, 0.25, 0.1]), "noise": ("grey levels", [0, 10, 20, 40]),
    "jpeg": ("quality", [90, 50, 20, 5]), "covered_eyes": ("", [0, 1]), "covered_mouth": ("", [0, 1]),
}  # fmt: skip


def head(labels: Sequence[str], faces: int, right: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    mix = rng.dirichlet(np.full(len(labels), 0.5), len(labels)) * (1 - right) + np.eye(len(labels)) * right
    truth = rng.choice(len(labels), faces, p=rng.dirichlet(np.full(len(labels), 4)))
    table = np.zeros((len(labels), len(labels)), int)
    for one in truth:
        table[one, rng.choice(len(labels), p=mix[one] / mix[one].sum())] += 1
    hits, is_, said = table.diagonal(), table.sum(1), table.sum(0)

    def by(values: np.ndarray) -> dict[str, float]:
        return {label: round(float(value), 4) for label, value in zip(labels, values, strict=True)}

    f1 = 2 * hits / np.maximum(is_ + said, 1)
    return {
        "n": faces, "accuracy": round(float(hits.sum() / faces), 4), "macro_f1": round(float(f1.mean()), 4),
        "labels": list(labels), "confusion": table.tolist(),
        "support": {label: int(n) for label, n in zip(labels, is_, strict=True)},
        "precision": by(hits / np.maximum(said, 1)), "recall": by(hits / np.maximum(is_, 1)), "f1": by(f1),
    }  # fmt: skip


def plain_scores(faces: int = 400) -> dict[str, Any]:
    """What the plain command gives."""
    votes = head(EXPRESSIONS, faces - 40, 0.85, 1)
    steps = np.linspace(0.05, 0.95, 10)
    votes |= {
        "rule": "ferplus-majority",
        "shares": {"n": faces, "mean_gap": 0.0213, "bins": 15,
                   "curve": [{"said": s, "given": 0.9 * s + 0.02, "n": 50} for s in steps]},
        "confidence": {
            "n": faces, "right": 0.78, "ece_top_share": 0.083, "ece_of_card": 0.014, "ece_cross_fitted": 0.016,
            "ece_by_chance": 0.015, "bins": 15,
            "at_sure": {"covered": 0.83, "right": 0.89, "threshold": 0.6},
            "reliability": [{"said": s, "found": min(1, s + 0.01), "n": 40} for s in steps],
            "reliability_top_share": [{"said": s, "found": min(1, s**0.7), "n": 40} for s in steps[2:]],
        },
        "coverage": [{"covered": c / 20, "right": 1 - 0.22 * (c / 20) ** 2, "threshold": 1 - c / 25}
                     for c in range(1, 21)],
        "agreement": {"n": faces, "model": 0.714, "one_person": 0.64, "persons_needed": 4,
                      "majorities": [0.64, 0.64, 0.705, 0.722, 0.735, 0.741, 0.746, 0.75, 0.752], "place": 4.15,
                      "place_of_person": 5.5, "place_of_majority": 3.52,
                      "model_with_nine": 0.81, "person_with_nine": 0.72},
    }  # fmt: skip
    return {
        "split": "PublicTest", "model": "mien-0.3.0@01234567",
        "protocol": {"mien": "0.3.0", "crops": 1, "test_time_augmentation": "none", "faces": faces, "left_out": 10,
                     "aligned": True, "meshes_found": faces - 12, "input_size": 48},
        "heads": {"fer2013": head(FER2013_LABELS, faces, 0.68, 0), "votes": votes},
    }  # fmt: skip


def full_scores(faces: FaceSet) -> dict[str, Any]:
    """What `--report` gives, about these faces."""
    scores = plain_scores(max(100, len(faces)))
    heads = scores["heads"]

    def around(value: float) -> list[float]:
        return [round(max(0.0, value - 0.02), 4), round(min(1.0, value + 0.02), 4)]

    scores["intervals"] = {
        name: {key: around(one[key]) for key in ("accuracy", "macro_f1")}
        | {key: {label: around(value) for label, value in one[key].items()} for key in ("precision", "recall", "f1")}
        for name, one in heads.items()
    }
    small = {name: {key: one[key] for key in ("n", "accuracy", "macro_f1")} for name, one in heads.items()}
    scores["without_twins"] = {"faces_left_out": 7, "heads": small}
    scores["averaged"] = {"mirror": {"heads": small}, "ten_crops": {"heads": small}}
    scores["robustness"] = {
        kind: {"unit": unit, "levels": [
            {"level": level, "fer2013": 0.68 - 0.1 * step, "votes": 0.85 - 0.12 * step, "n": 500}
            for step, level in enumerate(levels)]}
        for kind, (unit, levels) in KINDS.items()
    }  # fmt: skip
    scores["speed"] = {"median_ms": 2.91, "p90_ms": 3.4, "threads": 1, "parameters": 2_812_345, "bytes": 5_700_000}
    chosen = range(min(24, len(faces)))
    scores["surest_mistakes"] = [
        {"index": i, "row": int(faces.rows[i]), "said": EXPRESSIONS[i % 8], "truth": EXPRESSIONS[(i + 1) % 8],
         "confidence": 0.99 - i / 100, "votes": dict(zip(VOTE_LABELS, faces.votes[i].tolist(), strict=True))}
        for i in chosen
    ]  # fmt: skip
    scores["most_disputed"] = [
        {"index": i, "row": int(faces.rows[i]), "label": LABELS[faces.labels[i]], "entropy": 2.9,
         "votes": dict(zip(VOTE_LABELS, faces.votes[i].tolist(), strict=True)), "said": EXPRESSIONS[i % 8]}
        for i in chosen
    ]  # fmt: skip
    return scores
