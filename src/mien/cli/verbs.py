"""All verbs, gathered: importing this module makes `app` complete."""

from __future__ import annotations

from mien.cli import (
    collecting_verbs,
    data_verbs,
    explaining_verbs,
    export_verbs,
    judging_verbs,
    live_verbs,
    reading_verbs,
    training_verbs,
)
from mien.cli.app import app

__all__ = [
    "app",
    "collecting_verbs",
    "data_verbs",
    "explaining_verbs",
    "export_verbs",
    "judging_verbs",
    "live_verbs",
    "reading_verbs",
    "training_verbs",
]
