"""How large the core is to install: what its wheels weigh to download, and what they take on disk.

    python benchmarks/size.py [--quick] [--json FILE|-]

Downloads the core dependencies of pyproject.toml, with all that they need, into a temporary folder (pip's index and
settings apply), and installs them into another. Our own package counts with the size of its files, weights and model
among them. `--quick` only reads the list.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _table import ROOT, Row, arguments, note, report

DOWNLOAD_MB, DISK_MB = 200.0, 550.0  # the bars
MB = 1e6
OURS = "mien itself"
LARGE_MB = 1.0  # wheels that have a row of their own


def core_dependencies() -> list[str]:
    """The requirements of a plain `pip install mien`."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: list[str] = tomllib.load(file)["project"]["dependencies"]
    return found


def own_mb() -> float:
    """Our own package as it stands, without what Python has cached."""
    package = ROOT / "src" / "mien"
    return sum(path.stat().st_size for path in _files(package) if "__pycache__" not in path.parts) / MB


def wheel_rows(requirements: list[str], folder: Path) -> list[Row]:
    """The wheels, largest first, and their sum with ours."""
    note("downloading")
    _pip("download", "--only-binary=:all:", "--dest", str(folder), *requirements)
    wheels = {path.name.split("-")[0]: path.stat().st_size / MB for path in folder.iterdir()}
    large = sorted(((size, name) for name, size in wheels.items() if size >= LARGE_MB), reverse=True)
    small = [size for size in wheels.values() if size < LARGE_MB]
    rows = [Row(f"wheel of {name}", size, "MB") for size, name in large]
    rows += [Row(f"{len(small)} smaller wheels", sum(small), "MB"), Row(OURS, own_mb(), "MB")]
    return [*rows, Row("all to download", sum(wheels.values()) + own_mb(), "MB", DOWNLOAD_MB)]


def disk_rows(requirements: list[str], wheels: Path, folder: Path) -> list[Row]:
    """What the same wheels take when installed, Python's compiled files among it."""
    note("installing")
    _pip("install", "--no-index", "--find-links", str(wheels), "--target", str(folder), *requirements)
    total = sum(path.stat().st_size for path in _files(folder)) / MB + own_mb()
    return [Row("all on disk", total, "MB", DISK_MB)]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _pip(*arguments_: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([sys.executable, "-m", "pip", *arguments_, *quiet], check=True, stdout=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and return 0 when both bars are cleared (or in a smoke run)."""
    options = arguments(__doc__).parse_args(argv)
    requirements = core_dependencies()
    rows = [Row("core dependencies", float(len(requirements)), "")]
    if options.quick:
        rows.append(Row(OURS, own_mb(), "MB"))
    else:
        with tempfile.TemporaryDirectory() as wheels, tempfile.TemporaryDirectory() as installed:
            rows += wheel_rows(requirements, Path(wheels))
            rows += disk_rows(requirements, Path(wheels), Path(installed))
    return report("size of the core", rows, options)


if __name__ == "__main__":
    sys.exit(main())
