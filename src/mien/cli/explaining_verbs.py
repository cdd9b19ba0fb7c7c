"""The verb that shows what networks see: `mien explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import READ, app
from mien.cli.options import VOTES

METHOD = typer.Option(
    "--method",
    metavar="NAME",
    show_default="the quick ones",
    help="activations, filters, layer, heat-maps, cam, gradcam, integrated-gradients, occlusion, dream, dream-photo, "
    "dream-layers; with --faces also strongest, averages, nearest. Again for several.",
)
MODEL = typer.Option(
    "--model",
    metavar="FOLDER|NAME",
    show_default="the embedded one",
    help="A model folder, a run, or a baseline with untrained weights: shawon, model4, final, final/4. Again for "
    "several on the same face.",
)


@app.command(rich_help_panel=READ)
def explain(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the page goes: a new or an empty folder.")],
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PHOTO|FOLDER]", help="A photo, a folder of photos, or labelled faces: one of each class."
        ),
    ] = None,
    methods: Annotated[list[str] | None, METHOD] = None,
    models: Annotated[list[str] | None, MODEL] = None,
    label: Annotated[
        str | None, typer.Option(metavar="WORD", show_default="the likeliest", help="What the heat-maps explain.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="WORD", help="What speaks for the label rather than for this one.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(metavar="NAME", show_default="votes, if any", help="votes or fer2013.")
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Of filters, layer, gradcam, strongest and dream-photo: trunk.7.conv2."),
    ] = None,
    faces: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Labelled faces to look through (docs/data.md).")
    ] = None,
    votes: Annotated[Path | None, VOTES] = None,
    sample: Annotated[int, typer.Option(metavar="N", min=8, help="Take so many of --faces, evenly.")] = 1000,
    max_faces: Annotated[
        int, typer.Option("--max-faces", metavar="N", min=1, help="Explain no more than so many.")
    ] = 8,
    language: Annotated[str, typer.Option(metavar="CODE", help="Of the words on the pictures.")] = "en",
) -> None:
    """Show what a network sees in a face, and in general: heat-maps, layers, filters, dreams, on one page."""
    from mien.cli.explaining import Wish, run_explanation

    wish = Wish(
        methods=tuple(methods or ()), models=tuple(models or ()), label=label, against=against, head=head, layer=layer,
        faces=faces, votes=votes, sample=sample, max_faces=max_faces, language=language,
    )  # fmt: skip
    run_explanation(source, out, wish)
