"""The verbs that gather rows for a posture model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import POSTURE, app


@app.command(rich_help_panel=POSTURE)
def collect(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A camera's number (0), or a clip.")],
    out: Annotated[Path, typer.Option(metavar="ROWS.parquet", help="The file to write; not there yet.")],
    person: Annotated[str, typer.Option(metavar="CODE", help="Who is recorded, by a code such as p01.")],
    label_later: Annotated[
        bool,
        typer.Option("--label-later", metavar="", help="No keys: a table of seconds beside it, for an observer."),
    ] = False,
    language: Annotated[
        str, typer.Option(metavar="CODE", help="Of what is asked and said: en, es, fr, de, pt, zh, ja, ar.")
    ] = "en",
) -> None:
    """Record one row a second of somebody who agrees: posture, votes, a label; no pictures."""
    from mien.cli.collecting import Collection, run_collection

    raise typer.Exit(run_collection(Collection(source, out, person, label_later, language)))


@app.command("collect-labels", rich_help_panel=POSTURE)
def collect_labels(
    rows: Annotated[Path, typer.Argument(metavar="ROWS.parquet", help="A file of `mien collect`; written anew.")],
    observer: Annotated[Path, typer.Option(metavar="FILE.csv", help="A table of person, second, label.")],
) -> None:
    """Put the labels of an observer on recorded rows."""
    from mien.cli.collecting import run_labelling

    run_labelling(rows, observer)
