"""The verbs that read faces and show what is installed. What an option means is said here once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import READ, app

READING, PICKING, OUTPUT, TUNING = "Reading", "Which frames", "Output", "Fine tuning"


@app.command(rich_help_panel=READ)
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
    body: Annotated[
        bool,
        typer.Option(
            "--body", metavar="", help="The bodies below the faces too, 33 points each.", rich_help_panel=OUTPUT
        ),
    ] = False,
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
    tone: Annotated[
        bool,
        typer.Option(
            "--tone",
            metavar="",
            help="Say and draw positive, neutral or negative alone: fewer words, fewer errors.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            metavar="",
            help="Say why each face was read so, and what to look for; in JSON too.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    language: Annotated[
        str,
        typer.Option(
            metavar="CODE", help="Of words and labels: en, es, fr, de, pt, zh, ja, ar.", rich_help_panel=OUTPUT
        ),
    ] = "en",
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
    distance: Annotated[
        bool,
        typer.Option(
            "--distance", metavar="", help="Measure how far each face is from the camera.", rich_help_panel=READING
        ),
    ] = False,
    fov: Annotated[
        float | None,
        typer.Option(
            metavar="DEGREES",
            help="With --distance: what the camera sees across, in degrees; else by the photo, or a usual camera's.",
            rich_help_panel=READING,
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --distance: who stands where, seen from above; of a clip its last frame with a face.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
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
    posture: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A posture model of yours: what it says, alone and with the face.",
            rich_help_panel=TUNING,
        ),
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

    chosen = {"model": model, "smoothing_s": smoothing, "hold_s": hold, "posture": posture}
    job = Job(
        inputs=tuple(inputs),
        pipeline=PipelineOptions(
            detector=detector,
            max_faces=max_faces,
            threads=threads,
            distance=distance,
            fov_deg=fov,
            body=body or posture is not None,
            explain=explain,
            language=language,
            **{name: value for name, value in chosen.items() if value is not None},  # type: ignore[arg-type]
        ),
        source=SourceOptions(
            every=every, start_s=start, end_s=end, still=still, max_pixels=max_pixels, allow_playlists=allow_playlists
        ),
        json=json,
        csv=csv,
        parquet=parquet,
        annotate=annotate,
        plan=plan,
        points=mesh,
        tone=tone,
        language=language,
        quiet=quiet,
    )
    raise typer.Exit(run(job))


@app.command(rich_help_panel=READ)
def models(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="FOLDER", help="Model folders; without any, the embedded one.")
    ] = None,
) -> None:
    """Show what is installed: networks, sizes, hashes, cards; and check each."""
    from mien.cli.show import show_models

    raise typer.Exit(show_models(folders or []))
