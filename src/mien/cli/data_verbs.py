"""The verbs that look at labelled faces: `mien data describe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import LEARN, app
from mien.cli.options import DATA, LAYOUT, VOTES

data = typer.Typer(help="Look at labelled faces.", no_args_is_help=True)
app.add_typer(data, name="data", rich_help_panel=LEARN)


@data.command()
def describe(
    data: Annotated[Path, DATA],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the report goes: a new or an empty folder.")],
    votes: Annotated[Path | None, VOTES] = None,
    layout: Annotated[str | None, LAYOUT] = None,
) -> None:
    """Say what labelled faces are like: classes, votes, twins; a page with charts and contact sheets."""
    from mien.cli.describing import run_description

    run_description(data, votes, out, layout=layout)
