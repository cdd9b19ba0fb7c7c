"""Why a face was read as it was, in words: "Mostly the mouth: corners up, slightly open. Eyes: narrowed."

Two kinds of evidence are put together and never mixed up: what the network went by (the heat on each region, and how
far a label's share of votes falls when the region is covered), and what the face's outline shows (measures against a
neutral face). Where they part, the words say so. Regions come as masks over the crop and measures as numbers by name:
how they are found is not known here. `docs/reasons.md` has how often each phrase is said of which expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.catalogue import DEFAULT, language_of, message
from mien.errors import ModelError
from mien.expression import heat, words
from mien.expression.classify import Classifier
from mien.types import Explanation, Expression, FloatArray, ImageArray, Reading, Region

Mask = NDArray[np.bool_]

OUTSIDE = "outside"
MOSTLY = 0.5  # share of the evidence from which on one region is named alone ...
MOSTLY_TWO = 0.6  # ... and two together
CLEAR_DROP = 0.1  # one person of ten who changes their mind: less is not told
CLEAR_HEAT = 0.07  # above what is usual: a spread or more for every region (0.01 to 0.07) ...
APART_HEAT = 0.12  # ... and so much that it should be told though covers do not bear it out
SLIGHT = 1.6  # times a phrase's limit, below which it is said with "slightly"
MOST_SAID = 3  # phrases of one region: longer lists are not listened to
# The share of the heat that lies on each region in the mean over faces (`benchmarks/reasons.py`): a map of 6 x 6 places
# is coarse and brightest in the middle whatever the face shows, so only what goes beyond this tells anything.
USUAL_HEAT = {
    "mouth": 0.26, "eyes": 0.09, "brows": 0.04, "nose": 0.12, "cheeks": 0.31, "forehead": 0.01, "outside": 0.16,
}  # fmt: skip
# Of 20 faces, 19 have less heat outside, and less of a drop when it is covered.
MUCH_HEAT_OUTSIDE, MUCH_DROP_OUTSIDE = 0.28, 0.14


@dataclass(frozen=True)
class Phrase:
    """A phrase of the catalogue ('reason.<key>') and its rule: the measure is at least `least`; if negative, at most.

    `region` is where it is seen. The limits, in spreads of neutral faces, were chosen on FER2013's Training faces
    (`benchmarks/reasons.py`), so that at most about one neutral face in ten gets the phrase.
    """

    key: str
    region: str
    measure: str
    least: float

    def strength(self, measures: Mapping[str, float]) -> float:
        """How far the measure goes, in times of the limit: the phrase is right from 1 on."""
        return measures.get(self.measure, 0.0) / self.least


PHRASES = (
    Phrase("mouth_corners_up", "mouth", "mouth_corners", 2.5),
    Phrase("mouth_open", "mouth", "mouth_open", 2.0),
    Phrase("lips_rounded", "mouth", "lips_rounded", 1.5),
    Phrase("lips_thin", "mouth", "lips_thin", 1.5),
    Phrase("upper_lip_raised", "mouth", "upper_lip_raised", 1.5),
    Phrase("eyes_wide", "eyes", "eyes", 1.3),
    Phrase("eyes_narrowed", "eyes", "eyes", -1.3),
    Phrase("brows_raised", "brows", "brows", 1.3),
    Phrase("cheeks_raised", "cheeks", "cheeks_raised", 1.5),
)
# What at least 8 of 10 faces of an expression show: its absence is worth a word.
USUAL = {"happy": "mouth_corners_up"}


def shown(measures: Mapping[str, float]) -> tuple[Phrase, ...]:
    """The phrases that are right for a face, at most MOST_SAID of a region, in the order of PHRASES."""
    right = [phrase for phrase in PHRASES if phrase.strength(measures) >= 1]
    return tuple(
        phrase
        for place, phrase in enumerate(right)
        if sum(other.region == phrase.region for other in right[:place]) < MOST_SAID
    )


# --- what the network went by ---------------------------------------------------------------------------------------


def cover(crop: ImageArray, mask: Mask) -> ImageArray:
    """A copy of a crop (S, S) in which the masked pixels are filled with what surrounds them, smoothly continued.

    Nothing of what lay there is left, and no new edge is drawn, which the network could take for a feature. Means of
    what is known are taken in ever larger blocks, and laid over the gaps from coarse to fine (push and pull, Gortler
    et al. 1996). Where all is masked, the mean stays.
    """
    if mask.all():
        return np.full_like(crop, round(float(crop.mean())))
    known = (~mask).astype(np.float32)
    filled = _fill(crop.astype(np.float32) * known, known)
    return np.where(mask, np.clip(np.rint(filled), 0, 255), crop).astype(np.uint8)


def _fill(total: FloatArray, known: FloatArray) -> FloatArray:
    """Values from sums `total` over pixels of which the share `known` (0..1) is known; the rest from a coarser look."""
    height, width = total.shape
    here = total / np.maximum(known, 1e-6)
    if known.min() >= 1 or max(height, width) == 1:
        return np.asarray(here, np.float32)
    half = ((width + 1) // 2, (height + 1) // 2)
    # Where a block of four has anything known, its mean counts in full at the next size.
    sums, shares = (cv2.resize(part, half, interpolation=cv2.INTER_AREA) for part in (total, known))
    full = np.minimum(1, 4 * shares)
    coarse = _fill(np.asarray(sums / np.maximum(shares, 1e-6) * full), np.asarray(full))
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(known * here + (1 - known) * smooth, np.float32)


def heat_shares(heat_map: FloatArray, masks: Mapping[str, Mask]) -> dict[str, float]:
    """The share of what speaks for a label that lies on each region: sums to 1, or all 0 where nothing speaks for it.

    `heat_map` (h, w) is that of `heat.heat`, masks (S, S) cover the crop between them.
    """
    size = next(iter(masks.values())).shape[0] if masks else 1
    lit = heat.spread(heat_map, size)
    whole = float(lit.sum())
    return {name: float(lit[mask].sum()) / whole if whole > 0 else 0.0 for name, mask in masks.items()}


def regions_of(classifier: Classifier, crop: ImageArray, masks: Mapping[str, Mask], label: str) -> dict[str, Region]:
    """Heat and drop of each region, from one run of the network on the crop and its covered copies.

    Where the model file holds no weights for a heat-map, all heat is 0. Empty without masks.
    """
    if not masks:
        return {}
    covered = [cover(crop, mask) for mask in masks.values()]
    answer = classifier(np.stack([crop, *covered]))
    row = classifier.card.votes.index(label)
    shares = answer.votes[:, row]
    try:
        weight = classifier.weights("votes").weight
    except ModelError:
        lit = dict.fromkeys(masks, 0.0)
    else:
        lit = heat_shares(heat.heat(answer.features[0], weight, row), masks)
    return {name: Region(lit[name], float(shares[0] - after)) for name, after in zip(masks, shares[1:], strict=True)}


def explain(
    classifier: Classifier,
    crop: ImageArray,
    label: str,
    *,
    masks: Mapping[str, Mask],
    measures: Mapping[str, float],
    language: str = DEFAULT,
) -> Explanation:
    """The reasons for `label`, one of the votes'.

    `crop` (S, S) is what the network sees, `masks` (S, S) by region, empty for a face without a mesh; `measures` are
    empty where they would tell little.
    """
    found = Explanation("", regions_of(classifier, crop, masks, label), dict(measures), label)
    return replace(found, text=explanation_words(found, label, language))


# --- in words -------------------------------------------------------------------------------------------------------


def evidence(regions: Mapping[str, Region]) -> dict[str, float]:
    """How much each region had to do with the answer, as shares that sum to 1; empty where nothing tells.

    What counts is how far the answer falls when the region is covered; where no cover changes it clearly (an answer
    beyond all doubt), the heat above what is usual.
    """
    for told, least in ((_drops(regions), CLEAR_DROP), (_excess(regions), CLEAR_HEAT)):
        if max(told.values(), default=0.0) >= least:
            whole = sum(told.values())
            return {name: value / whole for name, value in told.items()}
    return {}


def _drops(regions: Mapping[str, Region]) -> dict[str, float]:
    return {name: max(0.0, region.drop) for name, region in regions.items()}


def _excess(regions: Mapping[str, Region]) -> dict[str, float]:
    """The heat above what is usual; 0 everywhere for a model that cannot tell."""
    return {name: max(0.0, region.heat - USUAL_HEAT.get(name, 1.0)) for name, region in regions.items()}


def explanation_words(explanation: Explanation, label: str, language: str = DEFAULT) -> str:
    """An Explanation in any language, from its regions and measures. Raises UsageError for an unknown language."""
    if not explanation.regions and not explanation.measures:
        return message("reason.no_outline", language)
    found = shown(explanation.measures)
    weights = evidence(explanation.regions)
    leading = leading_regions(weights)
    sentences = [_lead(leading, weights, explanation.measures, found, language)]
    sentences += _beside(leading, explanation.measures, found, language)
    sentences += _outline(label, explanation.measures, found, language)
    sentences += _warnings(explanation.regions, leading, language)
    return message("between_sentences", language).join(sentences)


def leading_regions(weights: Mapping[str, float]) -> tuple[str, ...]:
    """The one or two regions that lead; none where the evidence is spread."""
    order = sorted(weights, key=lambda name: -weights[name])[:2]
    for count, least in ((1, MOSTLY), (2, MOSTLY_TWO)):
        if len(order) >= count and sum(weights[name] for name in order[:count]) >= least:
            return tuple(order[:count])
    return ()


def _lead(
    leading: Sequence[str],
    weights: Mapping[str, float],
    measures: Mapping[str, float],
    found: Sequence[Phrase],
    language: str,
) -> str:
    parts = [message(f"reason.part.{name}", language) for name in leading]
    if len(parts) == 1:
        text = message("reason.mostly", language, part=parts[0])
        what = [phrase for phrase in found if phrase.region == leading[0]]
        if what:
            return message("reason.told", language, lead=text, what=_listed(what, measures, language))
    elif len(parts) == 2:
        text = message("reason.mostly_two", language, first=parts[0], second=parts[1])
    else:
        text = message("reason.spread" if weights else "reason.nothing", language)
    return message("reason.plain", language, lead=text)


def _beside(leading: Sequence[str], measures: Mapping[str, float], found: Sequence[Phrase], language: str) -> list[str]:
    """'Eyes: narrowed.' for every region that shows something and was not told in the first sentence."""
    told = leading if len(leading) == 1 else ()
    names = [name for name in dict.fromkeys([*leading, *(phrase.region for phrase in found)]) if name not in told]
    by_region = {name: [phrase for phrase in found if phrase.region == name] for name in names}
    return [
        message(
            "reason.told",
            language,
            lead=message(f"reason.name.{name}", language),
            what=_listed(phrases, measures, language),
        )
        for name, phrases in by_region.items()
        if phrases
    ]


def _listed(phrases: Sequence[Phrase], measures: Mapping[str, float], language: str) -> str:
    text = phrase_words(phrases[0], measures, language)
    for phrase in phrases[1:]:
        text = message("comma", language, first=text, second=phrase_words(phrase, measures, language))
    return text


def phrase_words(phrase: Phrase, measures: Mapping[str, float], language: str = DEFAULT) -> str:
    """'corners up', or 'corners slightly up' where the measure is not far beyond its limit."""
    is_slight = phrase.strength(measures) < SLIGHT
    return message(f"reason.{phrase.key}{'.slight' if is_slight else ''}", language)


def _outline(label: str, measures: Mapping[str, float], found: Sequence[Phrase], language: str) -> list[str]:
    """What is worth a word of the outline as a whole: that it is neutral, or lacks what is usual."""
    if not measures:
        return [message("reason.no_outline", language)]
    if not found:
        return [message("reason.near" if label == "neutral" else "reason.near_but", language,
                        label=words.label_word(label, language))]  # fmt: skip
    usual = USUAL.get(label)
    if usual is None or usual in {phrase.key for phrase in found}:
        return []
    what = message(f"reason.{usual}", language)
    return [message("reason.unusual", language, label=words.label_word(label, language), what=what)]


def _warnings(regions: Mapping[str, Region], leading: Sequence[str], language: str) -> list[str]:
    """Where heat and cover disagree, and where too much lies off the face."""
    said = []
    drops, excess = _drops(regions), _excess(regions)
    lit = max(excess, key=lambda name: excess[name], default="")
    if lit and excess[lit] >= APART_HEAT and lit not in leading and drops[lit] < CLEAR_DROP <= max(drops.values()):
        said.append(message("reason.apart", language, part=message(f"reason.part.{lit}", language)))
    outside = regions.get(OUTSIDE, Region(0.0, 0.0))
    if OUTSIDE in leading or outside.heat >= MUCH_HEAT_OUTSIDE or outside.drop >= MUCH_DROP_OUTSIDE:
        said.append(message("reason.outside", language))
    return said


def reading_words(reading: Reading, language: str = DEFAULT) -> list[str]:
    """What to say after a Reading: why each face was read so, from left to right, then a lesson for each expression."""
    faces = sorted(reading.faces, key=lambda face: face.box.centre[0])
    told = [
        (place, face.expression) for place, face in zip(words.place_names(len(faces), language), faces, strict=True)
    ]
    explained = [(place, said) for place, said in told if said and said.explanation]
    told_why = [(place, why_words(said, language)) for place, said in explained]
    reasons = [message("reason.placed", language, place=place, text=text) for place, text in told_why]
    lessons = [hint_words(label, language) for label in dict.fromkeys(_explained(said) for _, said in explained)]
    return [*reasons, *filter(None, lessons)]


def why_words(expression: Expression, language: str = DEFAULT) -> str:
    """Why an expression that has an explanation was read so; of a tone ('positive'), first by which word."""
    assert expression.explanation is not None
    label = _explained(expression)
    text = explanation_words(expression.explanation, label, language)
    if label == expression.label:
        return text
    word = message("reason.word", language, label=words.label_word(label, language))
    return message("between_sentences", language).join([word, text])


def _explained(expression: Expression) -> str:
    """The label that the explanation is of: a tone stands for a word, and it is the word that was explained."""
    return (expression.explanation.label if expression.explanation else "") or expression.label


def hint_words(label: str, language: str = DEFAULT) -> str:
    """What to look for in faces of this expression: a lesson of one or two sentences; '' for a label without one."""
    key = f"reason.hint.{label}"
    return message(key, language) if key in language_of(language).messages else ""
