"""The verb that exports models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import LEARN, app
from mien.cli.options import DATA, LAYOUT, VOTES


@app.command(rich_help_panel=LEARN)
def export(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A training run, or a model folder.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The model folder to write; not there yet, or empty.")],
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default="auto with --data, else fp16",
            help="fp32, fp16, int8, or auto: the smallest that loses less than 0.3 points.",
        ),
    ] = None,
    data: Annotated[Path | None, DATA] = None,
    votes: Annotated[Path | None, VOTES] = None,
    layout: Annotated[str | None, LAYOUT] = None,
) -> None:
    """Write a model folder in another precision, proved against PyTorch; needs the extra `learn`."""
    from mien.cli.export import run_export

    run_export(source, out, precision, None if data is None else (data, votes, layout))
