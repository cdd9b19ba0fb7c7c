"""All ways to explain, by name: each makes pictures of a job's faces and networks, with a word on what one sees.

Without a wish the quick ones are taken. Those of `NEED_FACES` look through labelled faces that are given beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mien.data.faceset import FaceSet
from mien.errors import UsageError
from mien.explain import (
    activation_figures,
    activations,
    dream,
    dream_figures,
    gallery,
    gallery_figures,
    map_figures,
    panels,
)
from mien.explain import maps as heat_maps
from mien.explain.activation_figures import Case
from mien.explain.dream import Dream
from mien.explain.heatmap import Question
from mien.explain.sitters import Sitter
from mien.explain.subject import Subject
from mien.judge import eyes
from mien.types import FloatArray, ImageArray, Progress, no_progress

STRONGEST, EXCITING, NEAREST = 6, 6, 8  # filters that are shown, faces for each, near faces
FRAME_PX = 288  # side of an animation
Stage = Callable[[str], Progress]


def _no_stage(name: str) -> Progress:
    return no_progress


@dataclass(frozen=True, eq=False)
class Known:
    """Labelled faces to look through: averages, near faces, and faces that excite a filter come from them."""

    faces: FaceSet
    keypoints: FloatArray

    @classmethod
    def of(cls, faces: FaceSet, most: int, progress: Progress = no_progress) -> Known:
        """At most so many, evenly through the file, with their eyes and mouths."""
        which = np.unique(np.linspace(0, len(faces) - 1, min(most, len(faces))).astype(np.int64))
        chosen = faces.take(which)
        return cls(chosen, eyes.find_keypoints(chosen.pixels, progress))


@dataclass(frozen=True, eq=False)
class Job:
    """What is explained: faces by networks, for a question; `layer` is for what looks at one layer."""

    subjects: Sequence[Subject]
    sitters: Sequence[Sitter]
    question: Question = field(default_factory=Question)
    layer: str | None = None
    known: Known | None = None
    language: str = "en"
    stage: Stage = field(default=_no_stage, repr=False)

    def pairs(self) -> Iterator[tuple[Sitter, Subject, ImageArray]]:
        """Every face with every network, and the crop that it gets."""
        for sitter in self.sitters:
            for subject in self.subjects:
                yield sitter, subject, sitter.crop(subject)

    def layer_of(self, subject: Subject) -> str:
        """The layer that was asked for, else the last convolution."""
        if self.layer is not None:
            subject.layer(self.layer)
            return self.layer
        return list(subject.layers())[-1]


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture of the answer: (H, W, 3) uint8 RGB with a title and what one sees; `frames` make an animation."""

    name: str
    title: str
    image: ImageArray
    caption: str
    frames: Sequence[ImageArray] = ()


Method = Callable[[Job], Iterator[Shown]]


def _activations(job: Job) -> Iterator[Shown]:
    cases = [Case(subject, crop, sitter.name) for sitter, subject, crop in job.pairs()]
    for subject in job.subjects:
        mine = [case for case in cases if case.subject is subject] if len(job.sitters) > 1 else cases
        yield Shown(
            f"activations-{subject.name}" if len(job.sitters) > 1 else "activations",
            "Layer by layer",
            activation_figures.layer_rows(mine, language=job.language),
            "The mean of each layer's filters: first edges and light, then parts of the face, at last coarse places. "
            "What a bright place means for the word, it does not tell; the heat-maps do.",
        )  # fmt: skip
        if len(job.sitters) == 1:
            return


def _filters(job: Job) -> Iterator[Shown]:
    for sitter, subject, crop in job.pairs():
        layer = job.layer if job.layer is not None else next(iter(subject.layers()))
        yield Shown(
            f"filters-{sitter.name}-{subject.name}",
            f"All filters of {layer}: {sitter.name}",
            activation_figures.filter_grid(subject, crop, layer, language=job.language),
            "Each square is one filter of this layer. Many look alike, and some stay dark on this face.",
        )


def _layer(job: Job) -> Iterator[Shown]:
    for sitter, subject, crop in job.pairs():
        layer = job.layer_of(subject)
        yield Shown(
            f"layer-{sitter.name}-{subject.name}",
            f"Where {layer} reacts: {sitter.name}",
            activation_figures.layer_over_face(subject, crop, layer, language=job.language),
            "Light places excite the layer as a whole, whatever the word. What spoke for the word, the heat-maps tell.",
        )


def _strongest(job: Job) -> Iterator[Shown]:
    known = _known(job, "strongest")
    for sitter, subject, crop in job.pairs():
        layer = job.layer_of(subject)
        crops = gallery.crops_of(subject, known.faces, known.keypoints)
        channels = activations.strongest(subject, crop, layer, STRONGEST)
        progress = job.stage("looking through faces")
        exciting = activations.exciting_faces(subject, crops, layer, channels, count=EXCITING, progress=progress)
        labels = [str(name) for name in gallery.class_names(known.faces)]
        yield Shown(
            f"strongest-{sitter.name}-{subject.name}",
            f"The strongest filters of {layer}: {sitter.name}",
            activation_figures.strongest_figure(subject, crop, crops, exciting, labels=labels, language=job.language),
            "What a filter reacts to is best seen in the faces that excite it most. A filter need not stand for "
            "anything that has a name.",
        )


def _maps_by(*methods: str) -> Method:
    def show(job: Job) -> Iterator[Shown]:
        for sitter, subject, crop in job.pairs():
            names = [name for name in methods if len(methods) == 1 or _fits(name, subject, job.question.head)]
            progress = job.stage(f"heat-maps: {sitter.name}")
            found = []
            for done, name in enumerate(names):
                layer = job.layer if name == "gradcam" else None
                found += heat_maps.heat_maps(subject, crop[None], job.question, method=name, layer=layer)
                progress(done + 1, len(names))
            yield Shown(
                f"heat-{'-'.join(methods) if len(methods) == 1 else 'maps'}-{sitter.name}-{subject.name}",
                f"What speaks for the word: {sitter.name}",
                map_figures.method_row(
                    found, crop, model=subject.name, signed=job.question.against is not None, language=job.language
                ),
                "Light places spoke for the word. The methods differ because each asks another question; "
                "docs/explain-methods.md tells how far each can be trusted. A map shows what the network went by, "
                "not what a person should look at.",
            )

    return show


def _fits(method: str, subject: Subject, head: str | None) -> bool:
    """Class activation maps need a head on pooled features, which the baselines have not."""
    return method != "cam" or subject.head_weights(head or subject.head) is not None


def _averages(job: Job) -> Iterator[Shown]:
    known = _known(job, "averages")
    averages = gallery.average_faces(known.faces, known.keypoints, progress=job.stage("averaging faces"))
    yield Shown(
        "averages",
        "Average faces",
        gallery_figures.average_poster(averages, language=job.language),
        "The mean of the aligned faces of each class. What stays sharp is what most of them share; an average is "
        "nobody's face.",
    )


def _nearest(job: Job) -> Iterator[Shown]:
    known = _known(job, "nearest")
    for subject in job.subjects:
        crops = gallery.crops_of(subject, known.faces, known.keypoints)
        features = gallery.features_of(subject, crops, job.stage("looking through faces"))
        for sitter in job.sitters:
            crop = sitter.crop(subject)
            found = gallery.nearest(subject, crop, known.faces, features=features, count=NEAREST)
            yield Shown(
                f"nearest-{sitter.name}-{subject.name}",
                f"Faces that look alike to the network: {sitter.name}",
                gallery_figures.nearest_strip(crop, known.faces, found, model=subject.name, language=job.language),
                "The nearest of the faces that were given, by what the network sees in its last layer. Where their "
                "words differ, so would people.",
            )


def _known(job: Job, method: str) -> Known:
    if job.known is None:
        raise UsageError(f"the method {method!r} looks through labelled faces: name them with --faces")
    return job.known


def _dream(job: Job) -> Iterator[Shown]:
    for subject in job.subjects:
        head = job.question.head or subject.head
        dreams = _whole(dream.dream_all(subject, head, progress=job.stage(f"dreaming: {subject.name}")))
        yield Shown(
            f"dream-{subject.name}",
            f"What {subject.name} wants to see",
            dream_figures.classes_poster(subject, dreams, head, language=job.language),
            "A sketch of a face, changed until the network is as sure as it can be of each word. It shows what it goes "
            "by at its extreme; no person looks so.",
        )


def _dream_photo(job: Job) -> Iterator[Shown]:
    for sitter, subject, crop in job.pairs():
        made = dream_figures.photo_dream(
            subject, crop, layer=job.layer_of(subject), progress=job.stage(f"dreaming of {sitter.name}")
        )
        _whole([made])
        yield Shown(
            f"dream-photo-{sitter.name}-{subject.name}",
            f"A dream of {sitter.name}",
            dream_figures.photo_figure(subject, made, language=job.language),
            "The face, changed so that a layer reacts more: what it looks for is drawn into the picture.",
            frames=[panels.face(frame, FRAME_PX) for frame in made.frames],
        )


def _dream_layers(job: Job) -> Iterator[Shown]:
    for subject in job.subjects:
        dreams = _whole(dream.dream_layers(subject, progress=job.stage(f"dreaming: {subject.name}")))
        yield Shown(
            f"dream-layers-{subject.name}",
            f"What each layer of {subject.name} wants to see",
            dream_figures.layers_poster(subject, dreams, language=job.language),
            "From the first layer to the last: edges, then textures, then parts of faces.",
        )


def _whole(dreams: Sequence[Dream]) -> Sequence[Dream]:
    """The dreams; a page of some that Ctrl-C cut short would not say so, so it is passed on."""
    if not all(one.is_complete for one in dreams):
        raise KeyboardInterrupt
    return dreams


METHODS: Mapping[str, Method] = {
    "activations": _activations,
    "filters": _filters,
    "layer": _layer,
    "strongest": _strongest,
    "heat-maps": _maps_by(*heat_maps.METHODS),
    **{name: _maps_by(name) for name in heat_maps.METHODS},
    "averages": _averages,
    "nearest": _nearest,
    "dream": _dream,
    "dream-photo": _dream_photo,
    "dream-layers": _dream_layers,
}
NEED_FACES = ("strongest", "averages", "nearest")
QUICK = ("heat-maps", "activations", "filters")


def chosen(wishes: Sequence[str], *, has_faces: bool) -> list[str]:
    """The methods of a job: those that were asked for, else the quick ones; UsageError for an unknown one."""
    for name in wishes:
        if name not in METHODS:
            raise UsageError(f"there is no method {name!r}; there are: {', '.join(METHODS)}")
        if name in NEED_FACES and not has_faces:
            raise UsageError(f"the method {name!r} looks through labelled faces: name them with --faces")
    return list(dict.fromkeys(wishes)) or [*QUICK, *(NEED_FACES if has_faces else ())]


def explain(job: Job, methods: Sequence[str]) -> Iterator[Shown]:
    """All pictures of a job, method by method.

    Raises:
        UsageError: a method, label, head or layer does not fit a network, or faces to look through are missing.
    """
    for name in methods:
        yield from METHODS[name](job)
