"""The verbs that judge models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import LEARN, app
from mien.cli.options import DATA, LAYOUT, VOTES

SPLIT = typer.Option(
    "--split", metavar="NAME", show_default="PublicTest, or all", help="Training, PublicTest, PrivateTest; train, val."
)
ALIGN = typer.Option("--align/--no-align", metavar="", help="Pass faces through the mesh, or take them as they are.")
JSON = typer.Option("--json", metavar="FILE|-", help="The scores as one JSON object.")


@app.command(rich_help_panel=LEARN)
def evaluate(
    data: Annotated[Path, DATA],
    votes: Annotated[Path | None, VOTES] = None,
    split: Annotated[str | None, SPLIT] = None,
    layout: Annotated[str | None, LAYOUT] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A model folder in place of the embedded one.")
    ] = None,
    align: Annotated[bool | None, ALIGN] = None,
    json: Annotated[str | None, JSON] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A page with curves, intervals and sheets of faces; takes minutes."),
    ] = None,
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FOLDER", help="Another model to average with, in a column of its own; again."),
    ] = None,
    card: Annotated[bool, typer.Option("--write-card", metavar="", help="Put the scores on the model's card.")] = False,
) -> None:
    """Judge a model on labelled faces: one look at each, no averaging."""
    from mien.cli.judging import Material, Outputs, run_evaluation

    run_evaluation(Material(data, votes, split, layout, align), model, others or [], Outputs(json, report, card))


@app.command(rich_help_panel=LEARN)
def calibrate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A model folder; its card is written anew.")],
    data: Annotated[Path, DATA],
    votes: Annotated[Path | None, VOTES] = None,
    layout: Annotated[str | None, LAYOUT] = None,
) -> None:
    """Fit positive, neutral and negative again, on faces held out of training, and put it on a model's card."""
    from mien.cli.judging import Material, run_calibration

    run_calibration(folder, Material(data, votes, layout=layout))


@app.command(rich_help_panel=LEARN)
def compare(
    models: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Model folders.")],
    data: Annotated[Path, DATA],
    votes: Annotated[Path | None, VOTES] = None,
    split: Annotated[str | None, SPLIT] = None,
    layout: Annotated[str | None, LAYOUT] = None,
    align: Annotated[bool | None, ALIGN] = None,
    json: Annotated[str | None, JSON] = None,
    report: Annotated[Path | None, typer.Option(metavar="FOLDER", help="A page with tables and charts.")] = None,
) -> None:
    """Put several models side by side: scores on the same faces, size and speed."""
    from mien.cli.judging import Material, Outputs, run_comparison

    run_comparison(Material(data, votes, split, layout, align), models, Outputs(json, report))
