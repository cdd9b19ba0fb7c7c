"""Why a face was read as it was: the crop that the network saw, where it looked, and ten people's votes.

`why` makes the answer for a face of a frame; `POST /api/why` for a face of a picture that is sent. The heat-map shows
what the network went by, which need not be what a person would.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Annotated, Any

import cv2
import numpy as np
from fastapi import APIRouter, File, Form, UploadFile

from mien import images
from mien.errors import ModelError, TooLargeError, UsageError
from mien.expression import heat, words
from mien.pipeline import Pipeline
from mien.types import Expression, Face, FloatArray, Frame, ImageArray
from mien.web.engine import FrameReader
from mien.web.services import Services

PEOPLE = 10
PICTURE_BYTES = 100_000_000  # no picture is larger; it is held in memory
HEAT_PX = 192  # side of the heat-map's picture: smooth at four times the crop's usual side
MOST_OPAQUE = 0.85  # the face stays visible below the hottest place

Why = dict[str, Any]


def why(pipeline: FrameReader, frame: Frame, face: Face, label: str | None = None, *, language: str = "en") -> Why:
    """The reasons for what was read of `face`.

    Args:
        pipeline: the one that read it.
        frame: the frame that the face was read from.
        face: with its expression and keypoints.
        label: one of the votes' labels, for "why not ...?": the heat-map shows what speaks for the label that was read
            rather than for this one. None: what speaks for the label that was read.
        language: of the sentence.

    Returns:
        Plain JSON values. `label`; `shown`, the label that was read; `crop`, a data URL of the grey PNG that the
        network saw; `heat`, 0..1 for each of the crop's pixels, and `heat_png`, a data URL of a PNG to lay over the
        crop (both None, with the reason in `no_heat`, where the model file cannot tell); `people`, ten whole people by
        label; `votes`, their shares; `doubts` in words; `text`, one sentence. `explanation`: `text`, `regions` and
        `measures` as in a Reading, for the label that was asked about; `hint`, what to look for in such a face.

    Raises:
        UsageError: there is no such label, or the reader cannot explain.
    """
    expression = face.expression
    if not isinstance(pipeline, Pipeline) or expression is None:
        raise UsageError("this face was not read, so there is nothing to explain")
    shown = expression.label
    if label is not None and label not in expression.votes:
        raise UsageError(f"there is no label {label!r}; there are: {', '.join(expression.votes)}")
    asked = label or shown
    crop = pipeline.crops(frame.image, [face])[0]
    heat_map, no_heat = _heat_of(pipeline, crop, shown, None if asked == shown else asked)
    return {
        "label": asked,
        "shown": shown,
        "crop": _png_url(crop),
        "heat": None if heat_map is None else heat.spread(heat_map, len(crop)).round(3).tolist(),
        "heat_png": None if heat_map is None else _png_url(_layer(heat.spread(heat_map, HEAT_PX))),
        "no_heat": no_heat,
        "people": people_of(expression),
        "votes": expression.to_dict()["votes"],
        "doubts": [words.doubt_words(doubt, language) for doubt in expression.doubts],
        "text": _text(expression, asked, language, None if heat_map is None else bool(heat_map.max() > 0)),
        "explanation": pipeline.explain(frame, face, asked, language=language).to_dict(),
        "hint": _hint(asked, language),
    }


def _hint(label: str, language: str) -> str:
    key = f"reason.hint.{label}"
    return words.message(key, language) if key in words.language_of(language).messages else ""


def people_of(expression: Expression) -> dict[str, int]:
    """Ten whole people by label, most first: those of the label as words say it, the others by largest remainder."""
    first = words.in_ten(expression)  # so that pictures and words never differ by one
    others = {label: share for label, share in expression.votes.items() if label != expression.label}
    people = {expression.label: first, **apportion(others, PEOPLE - first)}
    ordered = sorted(people.items(), key=lambda item: (item[0] != expression.label, -item[1]))
    return {label: count for label, count in ordered if count}


def apportion(shares: Mapping[str, float], seats: int) -> dict[str, int]:
    """Whole numbers in proportion to `shares` that add up to `seats`, by the largest remainder (Hamilton)."""
    total = sum(shares.values())
    if total <= 0:
        shares, total = dict.fromkeys(shares, 1.0), float(len(shares))
    exact = {label: seats * share / total for label, share in shares.items()}
    whole = {label: int(value) for label, value in exact.items()}
    largest = sorted(exact, key=lambda label: whole[label] - exact[label])
    for label in largest[: seats - sum(whole.values())]:
        whole[label] += 1
    return whole


def _heat_of(
    pipeline: Pipeline, crop: ImageArray, label: str, against: str | None
) -> tuple[FloatArray | None, str | None]:
    """The heat-map, else why there is none."""
    classifier, labels = pipeline.classifier, pipeline.classifier.card.votes
    try:
        head = classifier.weights("votes")
    except ModelError as error:
        return None, str(error)
    features = classifier(crop[None]).features[0]
    other = None if against is None else labels.index(against)
    return heat.heat(features, head.weight, labels.index(label), other), None


def _layer(heat_map: FloatArray) -> ImageArray:
    """(S, S, 4) BGRA: inferno, which gets lighter with heat and which the colour-blind can read; cold is clear."""
    colours = cv2.applyColorMap((64 + 191 * heat_map).astype(np.uint8), cv2.COLORMAP_INFERNO)
    opaque = (255 * MOST_OPAQUE * np.minimum(1, 1.5 * heat_map)).astype(np.uint8)
    return np.dstack([colours, opaque])


def _png_url(image: ImageArray) -> str:
    done, data = cv2.imencode(".png", image)
    assert done  # PNG takes any grey or BGRA
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _text(expression: Expression, label: str, language: str, lit: bool | None) -> str:
    """The sentence; `lit` says whether anything glows, None that no heat-map can be had."""
    count = people_of(expression).get(label, 0)
    if label == expression.label or lit is None:
        key = "why.text" if lit else "why.text_plain"
    elif lit:
        key = "why.text_other" if count else "why.text_nobody"
    else:
        key = "why.text_nowhere"
    said = {"label": words.label_word(label, language), "shown": words.label_word(expression.label, language)}
    return words.message(key, language, count=count, **said)


def why_in_picture(
    pipeline: FrameReader, image: ImageArray, which: int | tuple[float, float], label: str | None, language: str
) -> Why:
    """`why` for a face of a picture.

    `which` counts its faces from the left, from 0, or is a point (x, y) px: the face nearest to it. Raises UsageError
    where there is no such face.
    """
    frame = Frame(image)
    faces = pipeline.read(frame).faces
    if isinstance(which, tuple) and faces:
        place = min(range(len(faces)), key=lambda at: math.dist(faces[at].box.centre, which))
    else:
        place = 0 if isinstance(which, tuple) else which
    if place >= len(faces):
        found = "no face" if not faces else f"{len(faces)} face{'s' if len(faces) > 1 else ''}"
        raise UsageError(f"there is no face number {place} here: {found} found, counted from the left, from 0")
    return why(pipeline, frame, faces[place], label, language=language)


def _point(text: str) -> tuple[float, float]:
    try:
        x, y = map(float, text.split(","))
    except ValueError as error:
        raise UsageError("a point is two numbers of pixels, such as 120,80") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise UsageError("a point is two numbers of pixels, such as 120,80")
    return x, y


def router(services: Services) -> APIRouter:
    """The route of this part."""
    routes = APIRouter(tags=["reading"])

    @routes.post("/api/why", summary="Why a face of a picture was read as it was")
    async def explain(
        file: Annotated[UploadFile, File(description="a picture")],
        face: Annotated[int, Form(ge=0, description="which face, from the left, from 0")] = 0,
        at: Annotated[
            str | None, Form(max_length=40, description="or the face nearest to this point, 'x,y' px")
        ] = None,
        label: Annotated[str | None, Form(max_length=40, description="why not this one?")] = None,
        language: Annotated[str, Form(max_length=40)] = "en",
    ) -> Why:
        """The crop, the heat-map over it, ten people's votes, and a sentence."""
        words.language_of(language)
        which = face if at is None else _point(at)
        if (file.size or 0) > PICTURE_BYTES:
            raise TooLargeError(f"a picture has at most {PICTURE_BYTES:,} bytes")
        data = await file.read()

        def work(pipeline: FrameReader) -> Why:
            image = images.decode_image(data, max_pixels=services.options.max_pixels, name="the picture")
            return why_in_picture(pipeline, image, which, label, language)

        seat = services.engine.seat()
        try:
            return await seat.call(work)
        finally:
            seat.leave()

    return routes
