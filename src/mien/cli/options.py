"""Options that several verbs share."""

from __future__ import annotations

import typer

DATA = typer.Option(
    "--data", metavar="PATH", help="Kaggle's fer2013.csv, a manifest, or a folder of pictures (docs/data.md)."
)
VOTES = typer.Option(
    "--votes", metavar="PATH", help="FERPlus's fer2013new.csv, or the folder of its label.csv files; for fer2013.csv."
)
LAYOUT = typer.Option(
    "--layout",
    metavar="NAME",
    show_default="found out",
    help="How the data lie: fer2013, classes, manifest, affectnet, affectnet-csv, rafdb, kdef or ferplus.",
)
