"""`mien data describe`: facts about labelled faces as a page, and in short on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from mien.cli.stages import stages
from mien.data import describe
from mien.data.load import load_faces
from mien.errors import MissingExtraError


def run_description(data: Path, votes: Path | None, out: Path, *, layout: str | None) -> None:
    """Describe the faces; the summary and the progress go to standard error.

    Raises:
        MissingExtraError: Matplotlib or Jinja is not installed.
        UsageError: `out` holds files of others.
        DataError: the data are missing or broken.
        SinkError: the report cannot be written.
    """
    try:
        from mien.report.describe_page import write_describe_page
        from mien.report.folder import check_folder
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"matplotlib", "jinja2"}:
            raise
        raise MissingExtraError("a report", "report") from error

    check_folder(out)  # before minutes of work
    console = Console(stderr=True, highlight=False)
    with stages(console) as stage:
        faces = load_faces(data, votes, layout=layout, progress=stage("reading faces"))
        found = describe.describe(faces, stage("looking for twins"))
        stage("drawing")
        page = write_describe_page(out, found, name=data.resolve().name)
    told = map(escape, (*faces.notes, f"the report is {page}"))
    console.print(*_shown(found.to_dict()), *told, sep="\n", soft_wrap=True)


def _shown(facts: dict[str, Any]) -> list[RenderableType]:
    splits = list(facts["splits"])
    table = Table("class", *splits, "all", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    rows = {**facts["counts"], "all": facts["splits"]}
    for label, numbers in rows.items():
        table.add_row(label, *(f"{numbers[split]:,}" for split in splits), f"{sum(numbers.values()):,}")
    shown: list[RenderableType] = [table]
    if "votes" in facts:
        votes = facts["votes"]
        shown.append(
            f"Votes on {votes['n']:,} faces: the leading word gets {votes['leading_share']:.0%} on average, "
            f"all agree on {votes['unanimous']:.0%}."
        )
    for how, twins in facts["twins"].items():
        shown.append(
            f"Alike by {how}: {twins['groups']:,} groups of {twins['faces']:,} faces; "
            f"{twins['groups_across_splits']:,} across splits, {twins['groups_in_conflict']:,} with two labels."
        )
    return shown
