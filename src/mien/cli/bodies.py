"""What the terminal says of bodies, each under the name that its face has: what they do, and what a posture model says.

Try: `cues_said(reading)`.
"""

from __future__ import annotations

from mien.body.cue_words import cue_sentence
from mien.body.owner import pose_owner
from mien.expression import words
from mien.types import Pose, Reading, Tone


def cues_said(reading: Reading, language: str = "en") -> list[str]:
    """A sentence for each body that does something: 'Left, body: arms crossed (can mean ...).'"""
    said = [cue_sentence(pose.cues, language, place=place) for place, pose in _named(reading, language)]
    return list(filter(None, said))


def postures_said(reading: Reading, language: str = "en") -> str:
    """What a posture model says of each body, alone and joined with its face; '' where there is no such model."""
    parts = []
    for place, pose in _named(reading, language):
        if pose.tone is None:
            continue
        alone, joined = _tone_word(pose.tone, language), _tone_word(pose.together or pose.tone, language)
        both = words.message("tone.posture", language, posture=alone, together=joined)
        name = place or words.place_names(1, language)[0]
        parts.append(words.message("placed", language, place=name, words=both))
    return words.message("between_sentences", language).join(parts)


def _named(reading: Reading, language: str) -> list[tuple[str | None, Pose]]:
    """The bodies with the names of their faces, in their order; None where there is one person in all."""
    owners = [pose_owner(pose, reading.faces) for pose in reading.poses]
    people = len(reading.faces) + sum(owner is None for owner in owners)
    if people <= 1:
        return [(None, pose) for pose in reading.poses]
    faces = sorted(reading.faces, key=lambda face: face.box.centre[0])  # as in a sentence
    names = {id(face): name for face, name in zip(faces, words.place_names(len(faces), language), strict=True)}
    faceless = words.message("place.faceless", language)  # a body that is still in sight when its face is not
    return [(names.get(id(owner), faceless), pose) for owner, pose in zip(owners, reading.poses, strict=True)]


def _tone_word(tone: Tone, language: str) -> str:
    return words.label_word(tone.label, language) if tone.sure else words.message("not_sure", language)
