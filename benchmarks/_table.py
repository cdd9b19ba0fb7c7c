"""What every benchmark here says and how: rows with a value and a bar, as a Rich table and as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MIEN_SHARED", ROOT.parent / "shared"))  # test data beside the clone


@dataclass(frozen=True)
class Row:
    """One measured number; `bar` is the most it may be, `beside` holds what others have, in the same unit."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    beside: dict[str, float] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether the number clears its bar; one without a bar does."""
        return self.bar is None or self.value <= self.bar


def arguments(about: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks share; `about` is the module's docstring."""
    parser = argparse.ArgumentParser(description=(about or "").strip().splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few seconds: its numbers mean nothing")
    parser.add_argument("--json", metavar="FILE|-", help="write the numbers here too; - for standard output")
    return parser


def add_media(parser: argparse.ArgumentParser) -> None:
    """The option that says where the test data lie."""
    help_ = "folder that holds media/ (default: ../shared, or MIEN_SHARED); without it the photo of examples/ stands in"
    parser.add_argument("--shared", "--media", type=Path, default=SHARED, metavar="FOLDER", help=help_)


def report(title: str, rows: Sequence[Row], options: argparse.Namespace) -> int:
    """Print and write the rows; 0 when all bars are cleared, or in a smoke run."""
    Console(stderr=True).print(table(title, rows))
    if options.json:
        text = json.dumps({"title": title, "rows": [asdict(row) | {"met": row.is_met} for row in rows]}, indent=1)
        if options.json == "-":
            print(text)
        else:
            Path(options.json).write_text(text + "\n", encoding="utf-8")
    return 0 if options.quick or all(row.is_met for row in rows) else 1


def table(title: str, rows: Sequence[Row]) -> Table:
    """The rows, their bars, and what stands beside them with its ratio to the value."""
    others = list(dict.fromkeys(name for row in rows for name in row.beside))
    out = Table("measured", title=title)
    for heading in ("value", "bar", *others):
        out.add_column(heading, justify="right")
    for row in rows:
        bar = "" if row.bar is None else f"{'' if row.is_met else 'NOT '}<= {row.bar:g}"
        out.add_row(row.name, f"{_short(row.value)} {row.unit}", bar, *(_ratio(row, name) for name in others))
    return out


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _ratio(row: Row, name: str) -> str:
    if name not in row.beside or not row.value:
        return ""
    return f"{_short(row.beside[name])} (x {row.beside[name] / row.value:.2g})"


def note(text: str) -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr, flush=True)
