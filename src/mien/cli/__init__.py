"""The command line: `mien read`, `models`, `train`, `evaluate`. One short function a verb, each a thin door.

Exit codes: 0 fine, 1 it could not be done, 2 wrong usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from mien.cli.stopping import stoppable
from mien.errors import MienError

STOPPED = 130  # what shells give for Ctrl-C: 128 and the signal's number
SHOW_TRACEBACK = "MIEN_TRACEBACK"  # when set, a fault of our own is shown in full


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` unless told), and return its exit code.

    Whatever goes wrong becomes one line on standard error; no exception leaves here.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may hold what a terminal cannot show
    try:
        with stoppable():
            return guarded(lambda: _run(arguments))
    except Exception as error:
        if os.environ.get(SHOW_TRACEBACK):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}, line {where.lineno}"
        what = f"a fault of Mien's own: {type(error).__name__}: {error} ({place})"
        return _tell(f"{what}; please report it, with what {SHOW_TRACEBACK}=1 shows", MienError.exit_code)


def guarded(call: Callable[[], object]) -> int:
    """Call, and turn what goes wrong into one line on standard error and an exit code."""
    try:
        call()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except MienError as error:
        return _tell(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _tell("stopped; what was written is complete up to there", STOPPED)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains when it flushes at the end
    except OSError as error:  # a full disk behind standard output, most likely: all else is explained where it happens
        return _tell(f"{error.filename or 'standard output'}: {error.strerror or error}", MienError.exit_code)
    except MemoryError:
        return _tell("out of memory: try a smaller picture, or fewer at once", MienError.exit_code)
    return 0


def _tell(text: str, code: int) -> int:
    print("mien:", " ".join(text.split()), file=sys.stderr)
    return code


def _run(arguments: Sequence[str] | None) -> None:
    from mien.cli.verbs import app

    app(args=None if arguments is None else list(arguments), prog_name="mien")


def script() -> None:
    """The entry point of the installed `mien`."""
    sys.exit(main())
