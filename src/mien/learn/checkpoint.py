"""Keeping what a training run has reached: written whole or not at all, read without running foreign code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from mien.errors import DataError


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values; an older file of that name stays until the new one is whole."""
    partial = path.with_name(path.name + ".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        partial.unlink(missing_ok=True)
        raise DataError(f"cannot write the checkpoint {path}: {str(error).splitlines()[0]}") from error


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote; DataError if it is missing or broken."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    except Exception as error:  # a broken file raises whatever the unpickler met
        raise DataError(f"cannot read the checkpoint {path}: {str(error).splitlines()[0]}") from error
