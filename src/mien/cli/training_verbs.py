"""The verbs that make models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mien.cli.app import LEARN, POSTURE, app
from mien.cli.options import DATA, LAYOUT, VOTES


@app.command("train-posture", rich_help_panel=POSTURE)
def train_posture(
    data: Annotated[
        Path, typer.Option(metavar="ROWS.parquet", help="Rows of `mien collect`, or a folder of such files.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where posture.json goes.")],
) -> None:
    """Train a posture model on labelled rows, judged by people held out; needs the extras `learn` and `tables`."""
    from mien.cli.posture_training import run_posture_training

    run_posture_training(data, out)


@app.command(rich_help_panel=LEARN)
def average(
    models: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Two or more models of one shape.")],
    data: Annotated[Path, DATA],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The model folder to write.")],
    votes: Annotated[Path | None, VOTES] = None,
    layout: Annotated[str | None, LAYOUT] = None,
) -> None:
    """Make one model of the mean weights of several that began from each other; needs the extra `learn`."""
    from mien.cli.averaging import run_averaging

    run_averaging(models, data, out, votes=votes, layout=layout)


@app.command(rich_help_panel=LEARN)
def train(
    data: Annotated[Path, DATA],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The model folder to write.")],
    votes: Annotated[Path | None, VOTES] = None,
    layout: Annotated[str | None, LAYOUT] = None,
    network: Annotated[
        str | None,
        typer.Option(metavar="NAME", show_default="mien", help="mien, or a baseline: shawon, model4, final, final/4."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="NAME", show_default="small", help="nano, tiny, small or base; of mien.")
    ] = None,
    input: Annotated[
        int | None, typer.Option(metavar="N", min=24, max=512, show_default="48", help="Side of the input, px.")
    ] = None,
    widths: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Channels of the stages, in place of the size's.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Residual blocks a stage, in place of the size's.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", min=1, help="Times through the faces.")] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", min=2, help="Faces a step, of all processes.")] = None,
    rate: Annotated[float | None, typer.Option(metavar="X", min=0, help="Peak learning rate.")] = None,
    warm: Annotated[
        float | None, typer.Option(metavar="X", min=0, max=1, help="Share of the steps in which the rate rises.")
    ] = None,
    fall: Annotated[
        float | None, typer.Option(metavar="X", min=0, max=1, help="Share at the end in which it falls to nothing.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Until it falls, train on random windows of this side, px.")
    ] = None,
    augment: Annotated[
        float | None,
        typer.Option(metavar="X", min=0, max=2, show_default="1", help="Strength of all random changes to the faces."),
    ] = None,
    balance: Annotated[
        float | None, typer.Option(metavar="X", min=0, max=2, help="Rare classes count more: 1 evens them out.")
    ] = None,
    sam: Annotated[
        float | None, typer.Option(metavar="X", min=0, help="Radius of sharpness-aware steps, at twice the time.")
    ] = None,
    teacher: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="A model to learn from; several are averaged.")
    ] = None,
    teach: Annotated[
        float | None, typer.Option(metavar="X", min=0, max=1, help="Share of the targets that teachers give.")
    ] = None,
    every_view: Annotated[
        bool,
        typer.Option(
            "--every-view", metavar="", help="Ask teachers of every changed face, not once of each; for GPUs."
        ),
    ] = False,
    start: Annotated[
        Path | None, typer.Option(metavar="FOLDER|.pt", help="A model or a run whose weights to begin with.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="Of everything random.")] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="N|N,N,...", help="Several runs, with mean and spread; the best is taken.")
    ] = None,
    threads: Annotated[
        int, typer.Option(metavar="N", min=1, show_default="all cores", help="Threads to compute with.")
    ] = os.cpu_count() or 1,
    half: Annotated[
        bool,
        typer.Option("--bf16", metavar="", help="Compute in bfloat16: on GPUs, and on cores with AVX-512 BF16."),
    ] = False,
    compiled: Annotated[
        bool, typer.Option("--compile", metavar="", help="Compile the network first (needs a C compiler).")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", metavar="", help="Go on with the run in the folder.")] = False,
) -> None:
    """Train a recogniser on labelled faces; needs the extra `learn`."""
    from mien.cli.training import parse_seeds, parse_widths, run_training
    from mien.learn.options import Augmentation

    job = {"data": data, "votes": votes, "out": out, "layout": layout, "teachers": tuple(teacher or ()),
           "start": start, "resume": resume}  # fmt: skip
    chosen = {"network": network, "size": size, "input": input, "widths": parse_widths(widths), "depth": depth,
              "epochs": epochs, "batch": batch, "rate": rate, "warm": warm, "fall": fall, "window": window,
              "balance": balance, "sam": sam, "teach": teach, "seed": seed,
              "augmentation": None if augment is None else Augmentation().times(augment)}  # fmt: skip
    settings = {name: value for name, value in chosen.items() if value is not None}
    settings |= {"threads": threads, "half": half, "compiled": compiled, "every_view": every_view}
    run_training(job, settings, parse_seeds(seeds, seed or 0))
