"""Reasons: covers that leave the rest alone, shares and drops by hand, phrases for and against, honest sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from readings import expression, face, reading

from mien import catalogue
from mien.errors import ModelError
from mien.expression import reasons
from mien.expression.classify import Answer
from mien.expression.tone import only_tone
from mien.faces import measures as face_measures
from mien.faces import regions as face_regions
from mien.types import Explanation, FloatArray, ImageArray, Region, Tone

SIZE = 12
LABELS = ("neutral", "happy")
LANGUAGES = catalogue.languages()
NEUTRAL = dict.fromkeys(face_measures.MEASURES, 0.0)
EVEN = {name: Region(heat, 0.0) for name, heat in reasons.USUAL_HEAT.items()}  # as on any face


def quarters() -> dict[str, np.ndarray]:
    masks = {}
    for name, (top, left) in {"mouth": (6, 0), "eyes": (0, 0), "nose": (0, 6), "outside": (6, 6)}.items():
        mask = np.zeros((SIZE, SIZE), bool)
        mask[top : top + 6, left : left + 6] = True
        masks[name] = mask
    return masks


class Fake:
    """Says 'happy' by the mean of the lower left quarter, in 255ths; its features are four places, one a quarter."""

    card = SimpleNamespace(votes=LABELS)

    def __init__(self, *, has_weights: bool = True) -> None:
        self.has_weights, self.batches = has_weights, []

    def __call__(self, crops: ImageArray) -> Answer:
        self.batches.append(crops.copy())
        happy = crops[:, 6:, :6].mean((1, 2)) / 255
        places = crops.reshape(len(crops), 1, 2, 6, 2, 6).mean((3, 5)).astype(np.float32)
        return Answer(np.stack([1 - happy, happy], 1).astype(np.float32), np.empty((len(crops), 0), np.float32), places)

    def weights(self, head: str) -> SimpleNamespace:
        if not self.has_weights:
            raise ModelError("none")
        return SimpleNamespace(weight=np.array([[-1.0], [1.0]], np.float32))


# --- covers -----------------------------------------------------------------------------------------------------------

crops = arrays.arrays(np.uint8, (SIZE, SIZE), elements=st.integers(0, 255))
masks = arrays.arrays(np.bool_, (SIZE, SIZE))


@given(crops, masks)
def test_a_cover_leaves_the_other_pixels_alone_and_stays_within_them(crop: ImageArray, mask: np.ndarray) -> None:
    before = crop.copy()
    covered = reasons.cover(crop, mask)
    assert np.array_equal(crop, before)
    assert np.array_equal(covered[~mask], crop[~mask])
    if not mask.all():
        assert crop[~mask].min() <= covered.min() and covered.max() <= crop[~mask].max()


@given(crops, masks, crops)
def test_nothing_of_what_is_covered_is_left(crop: ImageArray, mask: np.ndarray, other: ImageArray) -> None:
    if not mask.all():
        changed = np.where(mask, other, crop).astype(np.uint8)
        assert np.array_equal(reasons.cover(changed, mask), reasons.cover(crop, mask))


def test_a_cover_draws_no_new_edge() -> None:
    """On a slope of light, a cover goes on with the slope, where a grey patch would stand out."""
    slope = np.repeat(np.linspace(40, 200, 48)[None], 48, 0).astype(np.uint8)
    mask = np.zeros((48, 48), bool)
    mask[16:32, 14:34] = True
    covered = reasons.cover(slope, mask).astype(float)
    patch = np.where(mask, 120, slope).astype(float)
    assert np.abs(np.diff(covered, axis=1)).max() < np.abs(np.diff(patch, axis=1)).max() / 2
    assert np.abs(covered - slope).mean() < 3


# --- heat and drops ---------------------------------------------------------------------------------------------------


@given(arrays.arrays(np.float32, (6, 6), elements=st.floats(-10, 10, width=32)))
def test_shares_of_heat_sum_to_one(heat_map: FloatArray) -> None:
    shares = reasons.heat_shares(heat_map, quarters())
    assert all(share >= 0 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1 if heat_map.max() > 1e-30 else 0, abs=1e-5)


def test_heat_lies_where_it_was_put() -> None:
    heat_map = np.full((4, 4), -1.0, np.float32)
    heat_map[2:, :2] = 5
    assert reasons.heat_shares(heat_map, quarters())["mouth"] > 0.8


def test_drops_are_those_of_a_run_by_hand() -> None:
    crop = np.full((SIZE, SIZE), 100, np.uint8)
    crop[6:, :6] = 255
    fake = Fake()
    found = reasons.regions_of(fake, crop, quarters(), "happy")  # type: ignore[arg-type]
    for name, mask in quarters().items():
        after = fake(reasons.cover(crop, mask)[None]).votes[0, 1]
        assert found[name].drop == pytest.approx(1.0 - after, abs=1e-6)
    assert found["mouth"].drop > 0.4 and found["eyes"].drop == pytest.approx(0)
    assert sum(region.heat for region in found.values()) == pytest.approx(1, abs=1e-5)
    other = reasons.regions_of(Fake(), crop, quarters(), "neutral")  # type: ignore[arg-type]
    assert other["mouth"].drop == pytest.approx(-found["mouth"].drop, abs=1e-6)
    assert all(region.heat == 0 for region in other.values())  # nothing in this picture speaks for it


def test_all_covers_are_one_run_of_the_network() -> None:
    fake = Fake()
    reasons.regions_of(fake, np.zeros((SIZE, SIZE), np.uint8), quarters(), "happy")  # type: ignore[arg-type]
    assert [len(batch) for batch in fake.batches] == [5]


def test_a_model_without_weights_explains_by_drops_alone() -> None:
    crop = np.full((SIZE, SIZE), 60, np.uint8)
    crop[6:, :6] = 250
    found = reasons.regions_of(Fake(has_weights=False), crop, quarters(), "happy")  # type: ignore[arg-type]
    assert all(region.heat == 0 for region in found.values())
    assert reasons.leading_regions(reasons.evidence(found)) == ("mouth",)


# --- phrases ----------------------------------------------------------------------------------------------------------


def made_face() -> FloatArray:
    """The mean of neutral faces."""
    return face_measures.neutral().mesh.astype(np.float32)


def with_measure(name: str, wanted: float) -> FloatArray:
    """A mesh of which `name` measures about `wanted` spreads: the points of its spans are moved the way of its name."""
    neutral, mesh = face_measures.neutral(), made_face()
    for span_name, sign in face_measures.MEASURES[name].items():
        span = face_measures.SPANS[span_name]
        ends = [([point for point in points if point not in face_measures.STILL], way)
                for points, way in ((span.to, 1.0), (span.start, -1.0))]  # fmt: skip
        points, way = next(end for end in ends if end[0])
        if neutral.weights[name][span_name]:
            mesh[points, span.axis] += sign * way * 1e-3
    slope = (face_measures.measure(mesh)[name] - face_measures.measure(made_face())[name]) / 1e-3
    step = (wanted - face_measures.measure(made_face())[name]) / slope
    moved = made_face()
    moved += (mesh - made_face()) * step / 1e-3
    return moved


@pytest.mark.parametrize("phrase", reasons.PHRASES, ids=lambda phrase: phrase.key)
def test_each_phrase_is_said_of_a_mesh_that_shows_it_and_of_no_other(phrase: reasons.Phrase) -> None:
    for factor, is_said in ((1.2, True), (0.8, False), (0.0, False), (-1.2, False)):
        found = face_measures.measure(with_measure(phrase.measure, factor * phrase.least))
        assert found[phrase.measure] == pytest.approx(factor * phrase.least, abs=0.3 * abs(phrase.least))
        own = {phrase.measure: found[phrase.measure]}
        assert (phrase in reasons.shown(own)) == is_said


@pytest.mark.parametrize("phrase", reasons.PHRASES, ids=lambda phrase: phrase.key)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_each_phrase_plain_and_slight(language: str, phrase: reasons.Phrase) -> None:
    slight = reasons.phrase_words(phrase, {phrase.measure: phrase.least * 1.1}, language)
    plain = reasons.phrase_words(phrase, {phrase.measure: phrase.least * 3}, language)
    assert plain and slight and plain != slight
    told = reasons.explanation_words(
        Explanation("", EVEN, {**NEUTRAL, phrase.measure: phrase.least * 3}), "fear", language
    )
    assert plain in told
    assert catalogue.message(f"reason.name.{phrase.region}", language) in told


def test_phrases_speak_of_regions_and_measures_that_there_are() -> None:
    assert {phrase.measure for phrase in reasons.PHRASES} <= face_measures.MEASURES.keys()
    assert {phrase.region for phrase in reasons.PHRASES} <= set(face_regions.REGIONS)
    assert tuple(reasons.USUAL_HEAT) == face_regions.REGIONS
    assert sum(reasons.USUAL_HEAT.values()) == pytest.approx(1, abs=0.02)
    assert set(reasons.USUAL.values()) <= {phrase.key for phrase in reasons.PHRASES}


# --- sentences --------------------------------------------------------------------------------------------------------


def said(
    drops: Mapping[str, float],
    measured: Mapping[str, float],
    label: str = "sad",
    heat: Mapping[str, float] | None = None,
) -> str:
    given_heat = {**reasons.USUAL_HEAT, **(heat or {})}
    found = {name: Region(given_heat[name], drops.get(name, 0.0)) for name in face_regions.REGIONS}
    return reasons.explanation_words(Explanation("", found, {**NEUTRAL, **measured}), label)


def test_the_sentence_names_the_region_and_what_it_shows() -> None:
    text = said({"mouth": 0.6, "eyes": 0.1}, {"mouth_corners": 8, "mouth_open": 2.2, "eyes": -3}, "happy")
    assert text == "Mostly the mouth: corners up, slightly open. Eyes: narrowed."


def test_two_regions_lead_together() -> None:
    text = said({"brows": 0.3, "eyes": 0.25, "mouth": 0.2}, {"brows": 4}, "surprise")
    assert text == "Mostly the brows and the eyes. Brows: raised."


def test_evidence_that_is_spread_is_called_so() -> None:
    text = said(dict.fromkeys(("brows", "eyes", "mouth", "nose"), 0.2), {"brows": 4}, "surprise")
    assert text.startswith("No single part, but the face as a whole.")


def test_where_no_cover_changes_the_answer_the_heat_beyond_the_usual_counts() -> None:
    assert said({}, {"brows": 4}, heat={"eyes": 0.3}).startswith("Mostly the eyes.")
    assert said({}, {"brows": 4}).startswith("No part of the face stands out.")


def test_a_neutral_outline_is_said_to_be_one() -> None:
    assert said({"mouth": 0.3}, {}, "neutral") == "Mostly the mouth. The outline of the face is close to a neutral one."
    assert "what speaks for “sad” lies in finer marks" in said({"brows": 0.4}, {})


def test_what_is_usual_and_missing_is_said() -> None:
    text = said({"mouth": 0.4}, {"mouth_open": 5}, "happy")
    assert "Most faces that look “happy” show one thing that this one does not: corners up." in text
    assert "Most faces" not in said({"mouth": 0.4}, {"mouth_open": 5, "mouth_corners": 5}, "happy")


def test_heat_that_no_cover_bears_out_is_told_apart() -> None:
    text = said({"brows": 0.4}, {"brows": 3}, heat={"mouth": 0.5})
    assert "looked more than usual at the mouth, but hiding that part hardly changes" in text
    assert "more than usual" not in said({"brows": 0.4, "mouth": 0.35}, {"brows": 3}, heat={"mouth": 0.5})


@pytest.mark.parametrize(("drop", "heat"), [(0.5, 0.12), (0.0, 0.4)])
def test_one_is_warned_of_what_lies_outside_the_face(drop: float, heat: float) -> None:
    assert "Beware" in said({"outside": drop}, {"brows": 3}, heat={"outside": heat})
    assert "Beware" not in said({"mouth": 0.5}, {"brows": 3})


def test_most_of_it_outside_is_said_first() -> None:
    text = said({"outside": 0.5}, {"brows": 3})
    assert text.startswith("Mostly what surrounds the face.") and "Beware" in text
    few = {"outside": 0.11, "mouth": 0.1}  # below the limit of the warning, yet more than all else
    assert "Beware" in said(few, {"brows": 3})


def test_after_a_reading_each_face_is_told_and_each_lesson_given_once() -> None:
    explained = [replace(expression(votes), explanation=Explanation("", EVEN, {**NEUTRAL, "brows": 4}))
                 for votes in ({"happy": 1.0}, {"happy": 0.9}, {"sad": 0.9})]  # fmt: skip
    lines = reasons.reading_words(reading(*(face(x=100 * at, read=one) for at, one in enumerate(explained))))
    assert [line.split(":")[0] for line in lines] == ["Left", "Middle", "Right", "Happy", "Sad"]
    assert lines[2] == "Right: No part of the face stands out. Brows: raised."
    assert reasons.reading_words(reading(face(read=expression()))) == reasons.reading_words(reading()) == []


def test_a_tone_is_explained_by_the_word_behind_it() -> None:
    shares = {"positive": 0.1, "neutral": 0.3, "negative": 0.6}
    read = replace(
        expression({"neutral": 0.4, "sad": 0.3, "angry": 0.3}),
        tone=Tone("negative", 0.9, True, shares), explanation=Explanation("", EVEN, {**NEUTRAL, "brows": 4}, "neutral"),
    )  # fmt: skip
    words_alone, of_tone = reading(face(read=read)), only_tone(reading(face(read=read)))
    why, lesson = reasons.reading_words(words_alone)
    why_of_tone, lesson_of_tone = reasons.reading_words(of_tone)
    text = "No part of the face stands out. Brows: raised."
    assert why == f"One person: {text}"
    assert why_of_tone == f"One person: Of the single words, “neutral” leads. {text}"
    assert lesson_of_tone == lesson and "eutral" in lesson


def test_a_face_without_a_mesh_gets_no_guess() -> None:
    text = reasons.explanation_words(Explanation(""), "happy")
    assert text.startswith("The outline of the face tells nothing sure here")


def test_a_face_turned_away_is_told_by_its_regions_alone() -> None:
    found = {name: Region(heat, 0.5 if name == "mouth" else 0.0) for name, heat in reasons.USUAL_HEAT.items()}
    text = reasons.explanation_words(Explanation("", found), "happy")
    assert text.startswith("Mostly the mouth. The outline of the face tells nothing sure here")


heats = st.floats(0, 1)
found_regions = st.fixed_dictionaries(
    {name: st.builds(Region, heat=heats, drop=st.floats(-1, 1)) for name in face_regions.REGIONS}
)
measured = st.fixed_dictionaries({name: st.floats(-10, 10) for name in face_measures.MEASURES})


@given(
    found_regions | st.just({}), measured | st.just({}), st.sampled_from(LANGUAGES), st.sampled_from(["sad", "mine"])
)
def test_any_evidence_is_said_in_any_language(
    found: Mapping[str, Region], values: Mapping[str, float], language: str, label: str
) -> None:
    text = reasons.explanation_words(Explanation("", found, values), label, language)
    assert text and "{" not in text and "reason." not in text and ".." not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_lesson_for_each_expression(language: str) -> None:
    labels = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
    lessons = {reasons.hint_words(label, language) for label in labels}
    assert len(lessons) == len(labels) and "" not in lessons
    assert reasons.hint_words("unknown", language) == reasons.hint_words("mine", language) == ""
