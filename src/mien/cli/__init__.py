"""The command line: `mien read`, `models`, `train`, `evaluate`. One short function a verb, each a thin door.

Exit codes: 0 fine, 1 it could not be done, 2 wrong usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from mien.errors import MienError

STOPPED = 130  # what shells give for Ctrl-C: 128 and the signal's number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit code; errors become one line on standard error."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _run(arguments)
    except MienError as error:
        print(f"mien: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("mien: stopped; what was written is complete up to there", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except MemoryError:
        print("mien: out of memory: try a smaller picture, or fewer at once", file=sys.stderr)
        return MienError.exit_code


def _stop(number: int, frame: FrameType | None) -> None:
    """A polite request to end (a service manager, `kill`) is treated as Ctrl-C: outputs are completed."""
    raise KeyboardInterrupt


def _run(arguments: Sequence[str] | None) -> int:
    from mien.cli.verbs import app

    code = app(args=None if arguments is None else list(arguments), prog_name="mien", standalone_mode=True)
    return int(code or 0)


def script() -> None:
    """The entry point of the installed `mien`."""
    sys.exit(main())
