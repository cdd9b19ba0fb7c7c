"""The verbs that judge models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import app
from mien.cli.options import DATA, VOTES


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
