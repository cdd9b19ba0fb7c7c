"""The build hook against a package index that is not there, and the wheel it makes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "mien"
DATA = {"nose.tflite": b"a nose", "ear.tflite": b"an ear"}  # stand-ins for weights
WHEEL = "some_faces-1.2-py3-none-any.whl"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights folder with nothing but its manifest."""
    folder = tmp_path / "weights"
    folder.mkdir()
    table = {
        Path(file).stem: {
            "file": file,
            "sha256": hashlib.sha256(data).hexdigest(),
            "package": "some-faces",
            "version": "1.2",
            "member": f"faces/{file}",
        }
        for file, data in DATA.items()
    }
    (folder / "manifest.json").write_text(json.dumps(table))
    return folder


def write_wheel(folder: Path, data: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for file, content in data.items():
            wheel.writestr(f"faces/{file}", content)


def index_with(data: dict[str, bytes], calls: list[list[str]]) -> Callable[[list[str]], tuple[int, str]]:
    """A pip whose index has one wheel."""

    def pip(arguments: list[str]) -> tuple[int, str]:
        calls.append(arguments)
        write_wheel(Path(arguments[arguments.index("-d") + 1]), data)
        return 0, ""

    return pip


def no_index(arguments: list[str]) -> tuple[int, str]:
    raise AssertionError(f"pip was called: {arguments}")


def held(weights: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in weights.iterdir() if path.name != "manifest.json"}


def assert_says_what_to_do(error: BaseException) -> None:
    for way in (
        "PIP_INDEX_URL",
        "MIEN_WEIGHTS=FOLDER",
        "pip download --no-deps --only-binary=:all: some-faces==1.2",
        "src/mien/weights/",
    ):
        assert way in str(error)


def test_missing_weights_come_from_the_package_in_one_download(hook: ModuleType, weights: Path) -> None:
    calls: list[list[str]] = []
    hook.provide(weights, pip=index_with(DATA, calls))
    assert held(weights) == DATA
    assert len(calls) == 1
    assert {"download", "--no-deps", "--only-binary=:all:", "some-faces==1.2"} <= set(calls[0])


def test_weights_already_there_fetch_nothing(hook: ModuleType, weights: Path) -> None:
    hook.provide(weights, pip=index_with(DATA, []))
    assert hook.provide(weights, pip=no_index) == []


def test_a_damaged_file_in_the_tree_is_replaced(hook: ModuleType, weights: Path) -> None:
    hook.provide(weights, pip=index_with(DATA, []))
    (weights / "ear.tflite").write_bytes(b"half an e")
    assert hook.provide(weights, pip=index_with(DATA, [])) == ["ear.tflite"]
    assert held(weights) == DATA


def test_a_package_with_another_file_is_refused(hook: ModuleType, weights: Path) -> None:
    with pytest.raises(RuntimeError, match=r"faces/nose.tflite is not the file expected: its sha256 is ") as error:
        hook.provide(weights, pip=index_with({**DATA, "nose.tflite": b"a beak"}, []))
    assert_says_what_to_do(error.value)
    assert not held(weights)


def test_a_package_without_the_file_is_refused(hook: ModuleType, weights: Path) -> None:
    with pytest.raises(RuntimeError, match=r"holds no readable faces/nose.tflite") as error:
        hook.provide(weights, pip=index_with({"ear.tflite": b"an ear"}, []))
    assert_says_what_to_do(error.value)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "WARNING: Retrying\nERROR: No matching distribution found for some-faces==1.2\nWARNING: old pip",
            "(ERROR: No matching distribution found for some-faces==1.2)",
        ),
        ("/usr/bin/python3: No module named pip\n", "No module named pip"),
        ("Traceback (most recent call last):\n  File 'pip'\nOSError: out of disk\n", "(OSError: out of disk)"),
        ("", "it said nothing"),
    ],
)
def test_a_pip_that_fails_is_told_in_one_line(hook: ModuleType, weights: Path, said: str, cause: str) -> None:
    with pytest.raises(RuntimeError) as error:
        hook.provide(weights, pip=lambda arguments: (1, said))
    assert cause in str(error.value).splitlines()[0]
    assert "Traceback" not in str(error.value)
    assert_says_what_to_do(error.value)
    assert not held(weights)


def test_files_carried_by_hand_are_taken(hook: ModuleType, weights: Path, tmp_path: Path) -> None:
    for file, data in DATA.items():
        (tmp_path / file).write_bytes(data)
    hook.provide(weights, by_hand=str(tmp_path), pip=no_index)
    assert held(weights) == DATA


def test_a_wheel_carried_by_hand_is_taken(hook: ModuleType, weights: Path, tmp_path: Path) -> None:
    write_wheel(tmp_path, DATA)
    hook.provide(weights, by_hand=str(tmp_path), pip=no_index)
    assert held(weights) == DATA


def test_a_wrong_file_carried_by_hand_is_refused(hook: ModuleType, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "nose.tflite").write_bytes(b"a beak")
    with pytest.raises(RuntimeError, match="is not the file expected") as error:
        hook.provide(weights, by_hand=str(tmp_path), pip=no_index)
    assert str(tmp_path / "nose.tflite") in str(error.value)
    assert_says_what_to_do(error.value)


def test_an_empty_hand_is_told(hook: ModuleType, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"holds neither this file nor the wheel of some-faces==1\.2") as error:
        hook.provide(weights, by_hand=str(tmp_path / "nowhere"), pip=no_index)
    assert_says_what_to_do(error.value)


TAGS = "cp312-cp312-manylinux_2_28_x86_64"


def tag(weights: Path) -> None:
    """Let the manifest name one wheel of the package, for a system of its own."""
    table = json.loads((weights / "manifest.json").read_text())
    (weights / "manifest.json").write_text(json.dumps({name: {**one, "wheel": TAGS} for name, one in table.items()}))


def test_a_wheel_of_one_system_is_asked_for_on_every_system(hook: ModuleType, weights: Path) -> None:
    tag(weights)
    calls: list[list[str]] = []

    def pip(arguments: list[str]) -> tuple[int, str]:
        calls.append(arguments)
        folder = Path(arguments[arguments.index("-d") + 1])
        write_wheel(folder, DATA)
        (folder / WHEEL).rename(folder / f"some_faces-1.2-{TAGS}.whl")
        return 0, ""

    hook.provide(weights, pip=pip)
    assert held(weights) == DATA
    (asked,) = calls
    for option, value in (
        ("--python-version", "3.12"), ("--implementation", "cp"), ("--abi", "cp312"),
        ("--platform", "manylinux_2_28_x86_64"),
    ):  # fmt: skip
        assert asked[asked.index(option) + 1] == value


def test_the_way_to_fetch_a_wheel_of_one_system_is_told_whole(hook: ModuleType, weights: Path, tmp_path: Path) -> None:
    tag(weights)
    write_wheel(tmp_path, DATA)  # a wheel of the package, but not the one meant
    with pytest.raises(RuntimeError, match=r"holds neither this file nor the wheel of some-faces==1\.2") as error:
        hook.provide(weights, by_hand=str(tmp_path), pip=no_index)
    command = "pip download --no-deps --only-binary=:all: --python-version 3.12 --implementation cp --abi cp312 "
    assert command + "--platform manylinux_2_28_x86_64 some-faces==1.2`" in str(error.value)


def test_pip_is_asked_in_this_interpreter(hook: ModuleType) -> None:
    code, said = hook.run_pip(["--version"])
    assert code == 0
    assert said.startswith("pip ")


def build(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def is_ours(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT))
    (path,) = folder.iterdir()
    assert path.name == "mien-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package_whole(wheel: dict[str, bytes]) -> None:
    ours = {f"mien/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*") if is_ours(path)}
    assert {name for name in wheel if ".dist-info/" not in name} == ours


def test_the_wheel_holds_words_and_page(wheel: dict[str, bytes]) -> None:
    assert {"mien/locales/ar/expressions.toml", "mien/web/static/index.html"} <= wheel.keys()


def test_the_wheel_holds_the_weights_that_the_manifest_names(wheel: dict[str, bytes]) -> None:
    table = json.loads(wheel["mien/weights/manifest.json"])
    assert {f"{name}.tflite" for name in table} == {entry["file"] for entry in table.values()}
    for entry in table.values():
        assert hashlib.sha256(wheel[f"mien/weights/{entry['file']}"]).hexdigest() == entry["sha256"]


def test_the_wheel_carries_the_licences(wheel: dict[str, bytes]) -> None:
    info = "mien-0.1.0.dist-info/licenses"
    assert wheel[f"{info}/LICENSE"] == wheel["mien/weights/LICENSE.txt"] == (ROOT / "LICENSE").read_bytes()
    notice = wheel[f"{info}/NOTICE"].decode()
    for entry in json.loads(wheel["mien/weights/manifest.json"]).values():
        assert entry["file"] in notice
        assert f"{entry['package']} {entry['version']}" in notice


def test_the_wheel_says_what_it_needs(wheel: dict[str, bytes]) -> None:
    data = Parser().parsestr(wheel["mien-0.1.0.dist-info/METADATA"].decode())
    assert data["License-Expression"] == "Apache-2.0"
    assert data["Requires-Python"] == ">=3.11"
    assert set(data.get_all("Provides-Extra", [])) == {"live", "tables", "report", "learn", "dev"}
    core = {need.lower() for need in data.get_all("Requires-Dist", []) if "extra ==" not in need}
    assert core == {
        "numpy", "pillow>=11.3", "opencv-python-headless<5,>=4.12", "onnxruntime<1.29,>=1.24",
        "ai-edge-litert", "av>=17", "mss>=10.2", "babel", "typer", "rich",
    }  # fmt: skip
    assert wheel["mien-0.1.0.dist-info/entry_points.txt"].decode().split("\n")[1] == "mien = mien.cli:script"


def test_the_source_distribution_needs_no_weights(tmp_path: Path) -> None:
    build("hatchling", "build", "-t", "sdist", "-d", str(tmp_path))
    with tarfile.open(tmp_path / "mien-0.1.0.tar.gz") as archive:
        names = {name.removeprefix("mien-0.1.0/") for name in archive.getnames()}
    assert {"pyproject.toml", "hatch_build.py", "NOTICE", "src/mien/weights/manifest.json"} <= names
    assert not [name for name in names if name.endswith(".tflite")]
    for folder in ("src/mien/locales", "src/mien/web/static"):
        data = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if is_ours(path)}
        assert data and data <= names
