"""Keeping what a training run has reached: written whole or not at all, read without running foreign code."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from mien.errors import DataError
from mien.images import one_line


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values; an older file of that name stays until the new one is whole."""
    partial = path.with_name(path.name + ".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, (OSError, RuntimeError)):  # torch reports a full disk as a RuntimeError
            raise DataError(f"cannot write the checkpoint {path}: {one_line(error)}") from error
        raise


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote; DataError if it is missing or broken."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken file raises whatever the unpickler met
        raise DataError(f"cannot read the checkpoint {path}: {one_line(error)}") from error
    if not isinstance(state, dict):
        raise DataError(f"cannot read the checkpoint {path}: it is a {type(state).__name__} and no training run")
    return state
