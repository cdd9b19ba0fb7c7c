"""The benchmark of heat-maps runs to its end, from the shared faces too, and writes what it measured."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from face_sets import shared_faces

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import explain

from mien.data.faceset import EXPRESSIONS


def test_a_smoke_run_fills_every_table(tmp_path: Path) -> None:
    assert explain.main(["--quick", "--json", str(tmp_path / "found.json"), "--charts", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert len(found["tables"]) == 7
    for table in found["tables"]:
        for name, row in table["rows"].items():
            assert len(row) == len(table["columns"]), name
            assert all(isinstance(one, str) or math.isfinite(one) for one in row), name
    blurred, _, _, _, sanity, stability, memory = found["tables"]
    assert {"cam", "integrated-gradients", "occlusion", "mean of cam", "random", "centred"} <= blurred["rows"].keys()
    assert set(stability["rows"]) < set(blurred["rows"])
    assert {name.split(": ")[1] for name in sanity["rows"]} == {"from votes up", "all", "another face"}
    assert memory["rows"]
    assert (tmp_path / "faithfulness.png").read_bytes()[:4] == b"\x89PNG"


def test_the_faces_are_those_of_public_test_on_which_people_agree(
    shared_fer2013: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "SHARED", shared_fer2013.parent)
    faces = explain.public_faces(argparse.Namespace(quick=False, data=None, votes=None))
    assert faces is not None
    whole = shared_faces(shared_fer2013, slice(None))
    agreed = (whole.splits == "PublicTest") & (whole.votes[:, : len(EXPRESSIONS)].max(1) >= explain.AGREED)
    assert len(faces.crops) == agreed.sum()
    known = {crop.tobytes(): int(label) for crop, label in
             zip(whole.pixels[agreed], whole.votes[agreed][:, :8].argmax(1), strict=True)}  # fmt: skip
    assert all(known[crop.tobytes()] == label for crop, label in zip(faces.crops[:200], faces.labels, strict=False))
    assert len(np.unique(faces.labels)) == len(EXPRESSIONS)
