"""The floors of docs/architecture.md, held: imports run downward, and heavy packages stay in their rooms."""

from __future__ import annotations

import ast
import graphlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "mien"

# Every module or room (folder) and its floor. A module imports from lower floors, and from its own room.
FLOORS = {
    "errors": 0,
    "version": 0,
    "types": 1,
    "geometry": 2,
    "models": 2,
    "files": 2,
    "fonts": 2,
    "catalogue": 2,
    "images": 3,
    "runtime": 3,
    "media": 4,
    "faces": 4,
    "body": 4,
    "expression": 4,
    "data": 5,
    "pipeline": 5,
    "labels": 5,
    "draw": 6,
    "plan": 6,
    "judge": 6,
    "reader": 6,
    "": 7,  # mien/__init__.py, the Python interface
    "report": 7,
    "learn": 8,
    "web": 8,
    "explain": 9,
    "cli": 10,
    "__main__": 11,
}

# Heavy packages, and the only places that may import them.
ROOMS: dict[str, list[str]] = {
    "onnxruntime": ["runtime", "learn.quantise"],  # there its quantisation alone
    "ai_edge_litert": ["runtime"],
    "torch": ["learn", "explain"],
    "captum": ["explain"],
    "sklearn": ["learn"],
    "onnx": ["learn"],
    "onnxscript": ["learn"],
    "accelerate": ["learn"],
    "tensorboard": ["learn"],
    "jinja2": ["report"],
    "matplotlib": ["report"],
    "pandas": ["media.tables", "data.manifest"],
    "pyarrow": ["media.tables", "data.manifest", "data.posture_rows"],
    "av": ["media", "images"],
    "mss": ["media"],
    "babel": ["catalogue"],
    "cryptography": ["web"],
    "fastapi": ["web"],
    "platformdirs": ["web"],
    "starlette": ["web"],
    "uvicorn": ["web"],
    "typer": ["cli"],
    "rich": ["cli"],
    # Everything stays on the machine: nobody opens a connection.
    "socket": ["web.serving"],  # which listens on a free port of this machine
    "http": [],
    "urllib.request": [],
    "requests": [],
}

# What no import of a door may load; the command line's own packages apart.
HEAVY = {
    "PIL",
    "ai_edge_litert",
    "av",
    "cv2",
    "jinja2",
    "captum",
    "matplotlib",
    "mss",
    "onnx",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "sklearn",
    "torch",
}
DOORS = ("", "errors", "types", "models", "cli")


def name_of(path: Path) -> str:
    """'faces.mesh' for mien/faces/mesh.py, 'faces' for its __init__.py, '' for mien/__init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(module: str, source: str) -> Iterator[str]:
    """Every dotted name that a module's text imports, wherever it stands; names of a `from` are appended."""
    here = ["mien", *module.split(".")] if module else ["mien"]
    if module in MODULES and MODULES[module].name != "__init__.py":
        here.pop()  # the package that a dot stands for
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def own_imports(module: str, source: str) -> set[str]:
    """The modules of Mien that `module` imports."""
    found = set()
    for name in imports_of(module, source):
        if name.split(".")[0] == "mien":
            target = name.split(".")[1:]
            while target and ".".join(target) not in MODULES:  # the last parts are names inside a module
                target.pop()
            found.add(".".join(target))
    return found


def room_of(module: str) -> str:
    return module.split(".")[0]


def test_every_file_has_a_floor() -> None:
    assert not {module for module in MODULES if room_of(module) not in FLOORS}, "list it in FLOORS"


def test_the_document_shows_the_same_floors() -> None:
    text = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `([\w./]+)` \|", text, re.MULTILINE)
    shown = {name.removesuffix(".py").removesuffix("/").removesuffix("__init__"): int(floor) for floor, name in rows}
    assert shown == FLOORS


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward(module: str) -> None:
    floor = FLOORS[room_of(module)]
    for target in own_imports(module, MODULES[module].read_text(encoding="utf-8")):
        is_allowed = room_of(target) == room_of(module) or FLOORS[room_of(target)] < floor
        assert is_allowed, f"{module or 'mien'} imports {target or 'mien'}, which is not below it"


def test_no_import_is_circular() -> None:
    imports = {module: own_imports(module, path.read_text(encoding="utf-8")) for module, path in MODULES.items()}
    graph = {module: found - {module} for module, found in imports.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_stay_in_their_rooms(module: str) -> None:
    for name in imports_of(module, MODULES[module].read_text(encoding="utf-8")):
        for heavy, rooms in ROOMS.items():
            if f"{name}.".startswith(f"{heavy}."):
                at_home = any(f"{module}.".startswith((f"{room}.", f"{room}_")) for room in rooms)
                assert at_home, f"{module or 'mien'} imports {name}, which belongs to {rooms or 'nobody'}"


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [  # what `from` names is a module where there is one, else a name inside the module before it
        ("images", "from mien import geometry", {"geometry"}),
        ("images", "import mien.faces.mesh as m", {"faces.mesh"}),
        ("images", "def f():\n    from mien.types import Box, Frame", {"types"}),
        ("faces.mesh", "from . import detect", {"faces.detect"}),
        ("faces", "from .mesh import Mesh", {"faces.mesh"}),
        ("", "from .faces import mesh", {"faces.mesh"}),
        ("faces.mesh", "from ..types import Box", {"types"}),
        ("images", "from mien import Reader", {""}),
        ("images", "import numpy\nfrom os import path", set()),
    ],
)
def test_imports_are_read_in_every_spelling(module: str, source: str, expected: set[str]) -> None:
    assert own_imports(module, source) == expected


# Runs in a fresh interpreter: reports what an import does beyond importing.
WATCH = """
import os, sys
sys.dont_write_bytecode = True
done = []
REFUSED = ("socket.", "urllib.", "subprocess.", "os.system", "os.exec", "os.mkdir", "os.rename", "os.remove")
def watch(event, arguments):
    if event.startswith(REFUSED):
        done.append((event, arguments))
        raise OSError("refused")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        done.append((event, arguments[0]))
sys.addaudithook(watch)
import importlib
importlib.import_module(sys.argv[1])
heavy = [name for name in sys.argv[2].split(",") if name in sys.modules]
assert not heavy, f"loads {heavy}"
assert not done, f"does {done}"
"""


@pytest.mark.parametrize("module", [door for door in DOORS if door in MODULES])
def test_an_import_loads_nothing_heavy_and_does_nothing_else(module: str, tmp_path: Path) -> None:
    heavy = HEAVY if module == "cli" else HEAVY | {"rich", "typer"}
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    name = f"mien.{module}".rstrip(".")
    done = subprocess.run(
        [sys.executable, "-c", WATCH, name, ",".join(sorted(heavy))],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())
