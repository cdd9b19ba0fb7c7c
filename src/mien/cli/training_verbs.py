"""The verbs that make models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import app
from mien.cli.options import DATA, VOTES


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
