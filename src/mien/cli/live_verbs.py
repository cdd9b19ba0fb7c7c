"""The verb that starts the page. What an option means is said here once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import READ, app

SHARING, PRACTICE, TUNING = "Beyond this machine", "What it shows", "Fine tuning"


@app.command(rich_help_panel=READ)
def live(
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Where it listens; where taken, the next free one.")
    ] = 8765,
    no_browser: Annotated[bool, typer.Option("--no-browser", metavar="", help="Do not open the browser.")] = False,
    data_folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where diary and scores are kept. [default: the user's own]")
    ] = None,
    demo: Annotated[
        Path | None, typer.Option(metavar="CLIP", help="Stands in for the camera.", rich_help_panel=PRACTICE)
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Faces with people's votes, to practise with.", rich_help_panel=PRACTICE),
    ] = None,
    votes: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="FERPlus's votes, where --faces is fer2013.csv.", rich_help_panel=PRACTICE),
    ] = None,
    host: Annotated[
        str,
        typer.Option(metavar="H", help="Listen for other devices too; needs --token.", rich_help_panel=SHARING),
    ] = "127.0.0.1",
    token: Annotated[
        str | None, typer.Option(metavar="T", help="What everybody is asked for.", rich_help_panel=SHARING)
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="HTTPS: a certificate (PEM).", rich_help_panel=SHARING)
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key (PEM).", rich_help_panel=SHARING)] = None,
    self_signed: Annotated[
        bool,
        typer.Option("--self-signed", metavar="", help="HTTPS: a self-made certificate.", rich_help_panel=SHARING),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A model folder in place of the embedded one.", rich_help_panel=TUNING),
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of each network.", rich_help_panel=TUNING)] = 1,
) -> None:
    """Open the page: faces before the camera, on the screen and in files, in words."""
    from mien.cli.live import Certified, run
    from mien.models import DEFAULT_MODEL
    from mien.pipeline import PipelineOptions
    from mien.web.options import LiveOptions

    options = LiveOptions(
        host=host,
        port=port,
        token=token,
        pipeline=PipelineOptions(threads=threads, model=model or DEFAULT_MODEL),
        data_folder=data_folder,
        faces=faces,
        votes=votes,
        demo=demo,
    )
    run(options, Certified(cert, key, self_signed), is_browser_opened=not no_browser)
