"""The way to the embedded model: `make reproduce` is what the document says by hand, and it can be gone to its end."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from face_sets import drawn_faces, write_csv

pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--size", "nano", "--batch", "8", "--epochs", "2", "--threads", "1"]


def by_hand() -> list[list[str]]:
    """The commands of the document, without the word mien."""
    text = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
    block = text.split("By hand:", 1)[1].split("\n\n")[1]
    return [shlex.split(line)[1:] for line in block.splitlines()]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not there")
def test_make_does_what_is_said_by_hand(tmp_path: Path) -> None:
    for name in ("fer2013.csv", "fer2013new.csv"):
        (tmp_path / name).touch()
    given = ["RUNS=runs", f"DATA={tmp_path}/fer2013.csv", f"VOTES={tmp_path}/fer2013new.csv"]
    command = ["make", "--no-print-directory", "-n", "-C", str(ROOT), "reproduce", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = done.stdout.replace("\\\n", " ").replace(f"{tmp_path}/", "")
    lines = [shlex.split(line)[1:] for line in said.splitlines() if re.match(r"\S+/bin/mien ", line)]
    assert len(lines) == 5
    assert [as_options(line) for line in lines] == [as_options(line) for line in by_hand()]


def as_options(line: list[str]) -> tuple[str, list[str]]:
    """The verb, and its options with their values in no order."""
    verb, *rest = line
    return verb, sorted(" ".join(["", *rest]).split(" --"))


def test_a_teacher_its_students_and_what_is_said_of_the_better_one(
    mien, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien.data import align

    monkeypatch.setattr(align, "find_keypoints", lambda net, pixels, progress: np.full((len(pixels), 6, 2), np.nan))
    write_csv(tmp_path, drawn_faces(40, splits=("Training", "Training", "PublicTest")))
    monkeypatch.chdir(tmp_path)
    teacher, *others, students, evaluation = by_hand()
    del evaluation[evaluation.index("--report") :]  # seconds of curves and sheets, tested elsewhere
    for other in others:  # trained as the first, by other options; each takes seconds
        asked = students.index(other[other.index("--out") + 1])
        del students[asked - 1 : asked + 1]
    for line in (teacher, students):
        line.remove("--bf16")  # slow on most cores
        done = mien(*line, *SMALL)
        assert done.code == 0, done.err
    done = mien(*evaluation)
    assert done.code == 0, done.err
    assert "PublicTest: one crop" in done.out + done.err
