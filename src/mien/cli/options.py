"""Options that several verbs share."""

from __future__ import annotations

import typer

DATA = typer.Option("--data", metavar="FER2013_CSV", help="Kaggle's fer2013.csv.")
VOTES = typer.Option("--votes", metavar="FERPLUS_CSV", help="FERPlus's fer2013new.csv, line by line beside it.")
