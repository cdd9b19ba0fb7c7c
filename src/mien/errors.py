"""What can go wrong, as one tree. The text of each is one line: what happened and what to do."""

from __future__ import annotations


class MienError(Exception):
    """Something could not be done. `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(MienError):
    """Wrong usage: an option or an argument that makes no sense."""

    exit_code = 2


class SourceError(MienError):
    """A picture, clip, camera or screen that cannot be read."""


class SourceWarning(UserWarning):
    """A source that was read in part only: a clip that breaks off, or is damaged. The text says what is missing."""


class TooLargeError(SourceError):
    """A picture with more pixels than are allowed."""


class SinkError(MienError):
    """An output that cannot be written."""


class ModelError(MienError):
    """Weights or a model folder that are missing, broken, or do not fit."""


class DataError(MienError):
    """Training or evaluation data that are missing or broken."""


class MissingExtraError(MienError):
    """A part that needs an install extra, which is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs more packages: in Mien's source folder, pip install '.[{extra}]'")
