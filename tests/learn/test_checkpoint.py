"""Checkpoints: what was kept comes back; a stop in the middle leaves the older one; broken ones are one line."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import torch

from mien.errors import DataError
from mien.learn import checkpoint

STATE: dict[str, Any] = {"net": {"weight": torch.arange(6.0).view(2, 3)}, "step": 7, "logs": [{"loss": 0.5}],
                         "options": {"widths": (4, 8), "name": "x"}}  # fmt: skip


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "last.pt", STATE)
    found = checkpoint.load(tmp_path / "last.pt")
    assert torch.equal(found["net"].pop("weight"), STATE["net"]["weight"])
    assert {**found, "net": {}} == {**STATE, "net": {}}
    assert [one.name for one in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("file write failed\nmore of it"), RuntimeError()],
)
def test_a_full_disk_is_one_line_and_the_older_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = tmp_path / "last.pt"
    checkpoint.save(path, STATE)
    before = path.read_bytes()

    def fill(state: object, file: Path) -> None:
        Path(file).write_bytes(b"half a check")
        raise error

    monkeypatch.setattr(torch, "save", fill)
    with pytest.raises(DataError, match=r"cannot write the checkpoint .*last.pt") as told:
        checkpoint.save(path, {"step": 8})
    assert len(str(told.value).splitlines()) == 1
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["last.pt"]


def test_an_interrupt_leaves_the_older_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.pt"
    checkpoint.save(path, STATE)

    def stop(state: object, file: Path) -> None:
        Path(file).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(path, {})
    assert checkpoint.load(path)["step"] == 7
    assert [one.name for one in tmp_path.iterdir()] == ["last.pt"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot write the checkpoint"):
        checkpoint.save(tmp_path / "none" / "last.pt", STATE)


class Foreign:
    """Something that only code could bring back."""


@pytest.mark.parametrize("data", [b"", b"no checkpoint", b"PK\x03\x04", b"\x80\x02."])
def test_a_broken_file_is_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "last.pt").write_bytes(data)
    with pytest.raises(DataError, match=r"cannot read the checkpoint .*last.pt") as told:
        checkpoint.load(tmp_path / "last.pt")
    assert len(str(told.value).splitlines()) == 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the checkpoint .*No such file"):
        checkpoint.load(tmp_path / "last.pt")


def test_a_cut_off_file_is_one_line(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "last.pt", STATE)
    (tmp_path / "last.pt").write_bytes((tmp_path / "last.pt").read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot read the checkpoint"):
        checkpoint.load(tmp_path / "last.pt")


@pytest.mark.parametrize("thing", [Foreign(), [1, 2], torch.zeros(3)])
def test_foreign_code_is_not_run_and_other_things_are_no_checkpoint(tmp_path: Path, thing: object) -> None:
    torch.save(thing, tmp_path / "last.pt")
    with pytest.raises(DataError, match="cannot read the checkpoint"):
        checkpoint.load(tmp_path / "last.pt")
