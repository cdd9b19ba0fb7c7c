"""The probe for covered faces: covers lie over the face, false alarms are held, and separable features are found."""

from __future__ import annotations

import json

import numpy as np
import pytest
from face_sets import drawn_faces
from numpy.typing import NDArray

from mien.expression.doubts import COVERED_FROM, CoveredProbe
from mien.learn import probe


def test_covers_lie_over_the_middle_and_leave_much_of_the_face() -> None:
    crops = drawn_faces(60).pixels
    covered = probe.cover_faces(crops, np.random.default_rng(0))
    assert covered.shape == crops.shape
    assert covered.dtype == np.uint8
    touched = np.abs(covered.astype(int) - crops) > 2
    shares = touched.mean((1, 2))
    assert (shares > 0.03).all()
    assert (shares < 0.6).all()
    rows, columns = np.mgrid[:48, :48]
    for mask in touched:
        assert 0.2 * 48 < columns[mask].mean() < 0.8 * 48
        assert 0.2 * 48 < rows[mask].mean() < 0.95 * 48


def test_the_faces_themselves_are_not_touched_and_the_draw_repeats() -> None:
    crops = drawn_faces(5).pixels
    before = crops.copy()
    one, two = (probe.cover_faces(crops, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(crops, before)
    assert np.array_equal(one, two)


def features(count: int, shift: float, seed: int) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(0, 1, (count, 6))
    return noise + np.asarray([shift, 0, 0, 0, 0, -shift])


def test_what_can_be_told_apart_is_and_false_alarms_are_held() -> None:
    fitted = probe.fit_probe(features(800, 0, 0), features(800, 3, 1))
    assert probe.found_share(features(800, 0, 0), fitted) == pytest.approx(probe.FALSE_ALARMS, abs=0.005)
    assert probe.found_share(features(2000, 0, 2), fitted) == pytest.approx(probe.FALSE_ALARMS, abs=0.02)
    assert probe.found_share(features(2000, 3, 3), fitted) > 0.95


def test_what_cannot_be_told_apart_is_not_called_covered() -> None:
    fitted = probe.fit_probe(features(800, 0, 0), features(800, 0, 1))
    assert probe.found_share(features(2000, 0, 2), fitted) == pytest.approx(probe.FALSE_ALARMS, abs=0.02)


def test_the_card_carries_it_to_the_doubts() -> None:
    fitted = json.loads(json.dumps(probe.fit_probe(features(200, 0, 0), features(200, 3, 1))))
    pooled = features(50, 1.5, 4).astype(np.float32)
    said = CoveredProbe(fitted)(pooled[:, :, None, None] * np.ones((1, 1, 6, 6), np.float32))
    assert np.mean(np.asarray(said) > COVERED_FROM) == pytest.approx(probe.found_share(pooled, fitted), abs=0.03)
