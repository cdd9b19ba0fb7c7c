"""What README and docs/ tell the user is true: options, command lines, code, names, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

import mien
from mien.cli.verbs import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "MODEL_CARD.md"]
GROUPS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
VERBS = {
    f"{name} {inner}".strip(): verb
    for name, group in GROUPS.items()
    for inner, verb in getattr(group, "commands", {"": group}).items()
}
VERB_NAMES = (
    "live|read|models|data|evaluate|calibrate|average|compare|train-posture|train|collect-labels|collect|explain|export"
)
COMMAND = re.compile(rf"(?:^    |`)(mien (?:{VERB_NAMES})\b[^`\n]*)", re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """docs/command-line.md by verb."""
    parts = re.split(r"^## mien ([\w-]+(?: \w+)?)$", text_of(ROOT / "docs" / "command-line.md"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_documented_and_every_documented_one_exists(verb: str) -> None:
    options = {name for parameter in VERBS[verb].params for name in (*parameter.opts, *parameter.secondary_opts)
               if name.startswith("--") and name != "--help"}  # fmt: skip
    section = sections()[verb]
    rows = "\n".join(line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `--"))
    assert set(re.findall(r"--[a-z0-9-]+", rows)) == options
    prose = "\n".join(line for line in section.splitlines() if not line.startswith("    "))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", prose)) <= options


def test_there_are_no_other_verbs() -> None:
    assert set(sections()) == set(VERBS)


def commands() -> list[tuple[str, str]]:
    """Every `mien ...` in a block or in backticks, without comments; those with '...' only name an option."""
    found = [
        (page.name, re.split(r"\s+#", line)[0].strip()) for page in PAGES for line in COMMAND.findall(text_of(page))
    ]
    return [(name, line) for name, line in found if "..." not in line and line != "mien train"]


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_line_is_understood(page: str, line: str) -> None:
    if re.fullmatch(rf".*mien (?:{VERB_NAMES})", line) and line.split()[-1] != "train":
        return  # the verb's name alone
    _, verb, *arguments = shlex.split(line.split("|")[0].split(" < ")[0])
    arguments = [argument.strip("[]") for argument in arguments]
    if verb == "read" and not arguments:
        return
    if verb not in VERBS:
        verb = f"{verb} {arguments.pop(0)}"
    with VERBS[verb].make_context(verb, arguments, resilient_parsing=False) as context:
        assert context.params


def test_the_python_page_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", text_of(ROOT / "docs" / "python.md"), re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert "One person: looks happy" in capsys.readouterr().out


def test_the_python_page_names_all_that_is_public() -> None:
    named = set(re.findall(r"`mien\.(\w+)`", text_of(ROOT / "docs" / "python.md").split("## Public names")[1]))
    assert named == set(mien.__all__)


def test_the_session_on_the_first_page_goes_as_it_says(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(ROOT)
    session = re.search(r"(    >>> .*?\n)\n", text_of(ROOT / "README.md"), re.DOTALL)
    assert session is not None
    lines = [line[4:] for line in session[1].splitlines()]
    exec("\n".join(line[4:] for line in lines if line.startswith(">>> ")), {})
    assert capsys.readouterr().out.splitlines() == [line for line in lines if not line.startswith(">>> ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", text_of(page)):
        assert "://" in target or (page.parent / target).exists(), target
