"""The verbs and their options. What an option means is said here once; the work is done elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
import typer.core

from mien.cli.ending import guarded


class Verbs(typer.core.TyperGroup):
    """The verbs; whatever goes wrong in one becomes a line and an exit code before Typer can see it."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the verb that was asked for."""
        raise typer.Exit(guarded(lambda: super(Verbs, self).invoke(ctx)))


app = typer.Typer(
    name="mien",
    cls=Verbs,
    help="Reads the expressions on faces, on your own machine, and says what people would say of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

READING, PICKING, OUTPUT, TUNING = "Reading", "Which frames", "Output", "Fine tuning"


def _version(is_asked: bool) -> None:
    if is_asked:
        from mien.version import __version__

        print(f"mien {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def read(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Pictures, clips, folders, patterns, an address (rtsp://...), a camera's number (0), "
            "'screen' or 'screen:x,y,width,height', or '-' for a file on standard input.",
        ),
    ],
    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="A Reading a line.", rich_help_panel=OUTPUT)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table, one row a face.", rich_help_panel=OUTPUT)
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same as Parquet.", rich_help_panel=OUTPUT)
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A picture or clip with the faces marked; for many inputs a folder.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    mesh: Annotated[
        bool,
        typer.Option(
            "--mesh", metavar="", help="With --json: keypoints and the mesh of each face too.", rich_help_panel=OUTPUT
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", metavar="", help="Say nothing but errors.", rich_help_panel=OUTPUT)
    ] = False,
    every: Annotated[int, typer.Option(metavar="N", min=1, help="Every Nth frame.", rich_help_panel=PICKING)] = 1,
    start: Annotated[
        float, typer.Option(metavar="SECOND", min=0, help="Begin at this second.", rich_help_panel=PICKING)
    ] = 0.0,
    end: Annotated[
        float | None, typer.Option(metavar="SECOND", min=0, help="End at this second.", rich_help_panel=PICKING)
    ] = None,
    still: Annotated[
        bool, typer.Option("--still", metavar="", help="Only the first frame of what moves.", rich_help_panel=PICKING)
    ] = False,
    max_pixels: Annotated[
        int, typer.Option(metavar="N", min=1, help="Refuse larger pictures.", rich_help_panel=PICKING)
    ] = 100_000_000,
    allow_playlists: Annotated[
        bool,
        typer.Option(
            "--allow-playlists", metavar="", help="Also read files that name other files.", rich_help_panel=PICKING
        ),
    ] = False,
    detector: Annotated[
        str, typer.Option(metavar="NAME", help="'blaze', or 'haar', the old baseline.", rich_help_panel=TUNING)
    ] = "blaze",
    max_faces: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most so many.", rich_help_panel=TUNING)
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A model folder in place of the embedded one.", rich_help_panel=TUNING),
    ] = None,
    smoothing: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="Seconds over which clips are smoothed; 0: not at all. [default: 0.3]",
            rich_help_panel=TUNING,
        ),
    ] = None,
    hold: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="Seconds that a new word must lead; 0: none. [default: 0.5]",
            rich_help_panel=TUNING,
        ),
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of each network.", rich_help_panel=TUNING)] = 1,
) -> None:
    """Read faces, and say in words what people would say of them."""
    from mien.cli.reading import Job, run
    from mien.media.source import SourceOptions
    from mien.pipeline import PipelineOptions

    chosen = {"model": model, "smoothing_s": smoothing, "hold_s": hold}
    job = Job(
        inputs=tuple(inputs),
        pipeline=PipelineOptions(
            detector=detector,
            max_faces=max_faces,
            threads=threads,
            **{name: value for name, value in chosen.items() if value is not None},  # type: ignore[arg-type]
        ),
        source=SourceOptions(
            every=every, start_s=start, end_s=end, still=still, max_pixels=max_pixels, allow_playlists=allow_playlists
        ),
        json=json,
        csv=csv,
        parquet=parquet,
        annotate=annotate,
        points=mesh,
        quiet=quiet,
    )
    raise typer.Exit(run(job))


@app.command()
def models(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="FOLDER", help="Model folders; without any, the embedded one.")
    ] = None,
) -> None:
    """Show what is installed: networks, sizes, hashes, cards; and check each."""
    from mien.cli.show import show_models

    raise typer.Exit(show_models(folders or []))


DATA = typer.Option("--data", metavar="FER2013_CSV", help="Kaggle's fer2013.csv.")
VOTES = typer.Option("--votes", metavar="FERPLUS_CSV", help="FERPlus's fer2013new.csv, line by line beside it.")


@app.command()
def train(
    data: Annotated[Path, DATA],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The model folder to write.")],
    votes: Annotated[Path | None, VOTES] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", min=1, help="Times through the faces.")] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", min=2, help="Faces a step.")] = None,
    rate: Annotated[float | None, typer.Option(metavar="X", min=0, help="Peak learning rate.")] = None,
    size: Annotated[
        int | None, typer.Option(metavar="N", min=24, max=512, help="Side of the network's input, px.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of everything random.")] = None,
    threads: Annotated[
        int, typer.Option(metavar="N", min=1, show_default="all cores", help="Threads to compute with.")
    ] = os.cpu_count() or 1,
    half: Annotated[
        bool,
        typer.Option(
            "--bf16", metavar="", help="Compute in bfloat16: twice as fast where the cores have AVX-512 BF16."
        ),
    ] = False,
    compiled: Annotated[
        bool, typer.Option("--compile", metavar="", help="Compile the network first (needs a C compiler).")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", metavar="", help="Go on with the run in the folder.")] = False,
) -> None:
    """Train a recogniser on FER2013, with the votes of FERPlus; needs the extra `learn`."""
    from mien.cli.training import run_training

    chosen = {"epochs": epochs, "batch": batch, "rate": rate, "size": size, "seed": seed}
    settings = {name: value for name, value in chosen.items() if value is not None}
    run_training(data, votes, out, {**settings, "threads": threads, "half": half, "compiled": compiled}, resume=resume)


@app.command()
def evaluate(
    data: Annotated[Path, DATA],
    votes: Annotated[Path | None, VOTES] = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="Training, PublicTest or PrivateTest.")] = "PublicTest",
    model: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A model folder in place of the embedded one.")
    ] = None,
    json: Annotated[str | None, typer.Option(metavar="FILE|-", help="The scores as one JSON object.")] = None,
    align: Annotated[
        bool | None,
        typer.Option("--align/--no-align", metavar="", help="Pass faces through the mesh, or take them as they are."),
    ] = None,
) -> None:
    """Judge a model on labelled faces: one look at each, no averaging."""
    from mien.cli.judging import run_evaluation

    run_evaluation(data, votes, split, model=model, json_to=json, align=align)
