"""What the documents say of the embedded model is what its card says, and the card is what the network does."""

from __future__ import annotations

from pathlib import Path

from mien import models

ROOT = Path(__file__).resolve().parents[1]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def test_the_model_card_has_the_numbers_of_the_card() -> None:
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    scores = models.load_card().scores
    for name, head in scores["heads"].items():
        line = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        other = scores["aligned_the_other_way"][name]["accuracy"]
        assert f"{head['n']:,} | {percent(head['accuracy'])} | {head['macro_f1']:.3f} | {percent(other)}" in line
    for label, recall in scores["heads"]["votes"]["recall"].items():
        assert f"| {label} | {percent(recall)} |" in text


def test_the_embedded_model_reaches_what_was_asked_of_it() -> None:
    card = models.load_card()
    heads = card.scores["heads"]
    assert heads["fer2013"]["accuracy"] >= 0.69
    assert heads["votes"]["accuracy"] >= 0.87 and heads["votes"]["n"] == 3199
    assert heads["votes"]["shares"]["mean_gap"] <= 0.02
    assert heads["votes"]["confidence"]["ece_cross_fitted"] <= 0.025
    assert (models.DEFAULT_MODEL / "model.onnx").stat().st_size <= 6_000_000
