"""`mien explain`: faces and networks in, one page of pictures out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from mien.cli.stages import Stage, stages
from mien.errors import MissingExtraError, UsageError
from mien.expression import words
from mien.pipeline import Pipeline, PipelineOptions

if TYPE_CHECKING:
    from mien.explain.methods import Job, Known
    from mien.explain.sitters import Sitter

NEED_NO_PHOTO = ("averages", "dream", "dream-layers")
EXTRA = {"torch", "captum", "onnx", "matplotlib", "jinja2"}  # what the extra `learn` brings


@dataclass(frozen=True)
class Wish:
    """The options of `mien explain`; see its help."""

    methods: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    label: str | None = None
    against: str | None = None
    head: str | None = None
    layer: str | None = None
    faces: Path | None = None
    votes: Path | None = None
    sample: int = 1000
    max_faces: int = 8
    language: str = "en"


def run_explanation(source: Path | None, out: Path, wish: Wish) -> None:
    """Explain, and write the page; progress and the page's path go to standard error.

    Raises:
        MissingExtraError: PyTorch, Captum, Matplotlib or Jinja is not installed.
        UsageError: an option does not fit the others or a network; `out` holds files of others.
        SourceError, DataError, ModelError: the photo, the labelled faces or a network cannot be read.
        SinkError: the page cannot be written.
    """
    try:
        from mien.explain import methods, page
        from mien.report.folder import check_folder
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in EXTRA:
            raise
        raise MissingExtraError("mien explain", "learn") from error

    words.language_of(wish.language)
    chosen = methods.chosen(wish.methods, has_faces=wish.faces is not None)
    if source is None and (not wish.methods or set(chosen) - set(NEED_NO_PHOTO)):
        raise UsageError(f"name a photo or a folder; only {', '.join(NEED_NO_PHOTO)} do without")
    check_folder(out)  # before minutes of work
    console, notes = Console(stderr=True, highlight=False), list[str]()
    with stages(console) as stage:
        pipeline = None if source is None else Pipeline(PipelineOptions())
        job = _job(source, pipeline, wish, stage, notes)
        pictures = list(methods.explain(job, chosen))
        said = _said(pipeline, job.sitters, wish.language)
        stage("writing")
        written = page.write_explanation(out, job, pictures, said, {"methods": chosen})
    for line in (*notes, *(f"{name}: {text}" for name, text in said.items()), f"the page is {written}"):
        console.print(escape(line), soft_wrap=True)


def _job(source: Path | None, pipeline: Pipeline | None, wish: Wish, stage: Stage, notes: list[str]) -> Job:
    """What is to be explained; `notes` gets a line for whatever was left out."""
    from mien.explain.heatmap import Question
    from mien.explain.methods import Job
    from mien.explain.sitters import sitters_of
    from mien.explain.subject import DEFAULT, open_subject

    subjects = [open_subject(place) for place in wish.models or (DEFAULT,)]
    sitters: Sequence[Sitter] = ()
    if source is not None and pipeline is not None:
        sitters = sitters_of(source, pipeline, most=wish.max_faces, progress=stage("finding faces"), tell=notes.append)
    question = Question(wish.label, wish.against, wish.head)
    return Job(subjects, sitters, question, wish.layer, _known(wish, stage, notes), wish.language, stage)


def _known(wish: Wish, stage: Stage, notes: list[str]) -> Known | None:
    from mien.data.load import load_faces
    from mien.explain.methods import Known

    if wish.faces is None:
        if wish.votes is not None:
            raise UsageError("--votes goes with --faces")
        return None
    faces = load_faces(wish.faces, wish.votes, progress=stage("reading faces"))
    notes.extend(faces.notes)
    return Known.of(faces, wish.sample, stage("finding eyes and mouths"))


def _said(pipeline: Pipeline | None, sitters: Sequence[Sitter], language: str) -> dict[str, str]:
    """What is said of each face that was found in a photo, and the embedded model's reasons."""
    said = {}
    for sitter in sitters:
        if pipeline is not None and sitter.face is not None and sitter.frame is not None:
            why = pipeline.explain(sitter.frame, sitter.face, language=language).text
            (place,) = words.place_names(1, language)
            looks = words.message("placed", language, place=place, words=words.face_words(sitter.face, language))
            said[sitter.name] = words.message("between_sentences", language).join((looks, why))
    return said
