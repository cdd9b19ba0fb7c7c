"""What an opened network answers for crops: shares of its labels, and the one that leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mien.data.faceset import EXPRESSIONS
from mien.explain.subject import Subject, check_crops, to_input
from mien.types import FloatArray, ImageArray

BATCH = 32  # crops at a time: few enough for the memory that the widest baseline takes


@dataclass(frozen=True)
class Said:
    """The leading expression of one crop: which head says so, its label and its share 0..1."""

    head: str
    label: str
    share: float


def shares(subject: Subject, crops: ImageArray, head: str | None = None) -> FloatArray:
    """The shares of a head's labels (of `subject.head` unless told), rows sum to 1: (N, L) for crops (N, S, S)."""
    head = subject.head if head is None else head
    crops = check_crops(subject, crops)
    found = [np.empty((0, len(subject.heads[head])), np.float32)]
    with torch.no_grad():
        for start in range(0, len(crops), BATCH):
            logits = subject.logits(to_input(crops[start : start + BATCH]), head)
            found.append(logits.softmax(1).numpy())
    return np.concatenate(found)


def leading(subject: Subject, crop: ImageArray) -> Said:
    """The expression that leads for one crop (S, S); 'unknown' and 'not a face' are none."""
    given, labels = shares(subject, crop[None])[0], subject.heads[subject.head]
    best = max((place for place, label in enumerate(labels) if label in EXPRESSIONS), key=lambda place: given[place])
    return Said(subject.head, labels[best], float(given[best]))
