"""The command line: one short function a verb, each a thin door onto the packages below.

Exit codes: 0 fine, 1 it could not be done, 2 wrong usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

from mien.cli.ending import guarded, tell, with_standard_error
from mien.cli.stopping import stoppable
from mien.errors import MienError

SHOW_TRACEBACK = "MIEN_TRACEBACK"  # when set, a fault of our own is shown in full


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` unless told), and return its exit code.

    Whatever goes wrong becomes one line on standard error; no exception leaves here.
    """
    with with_standard_error():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may hold what a terminal cannot show
    try:
        with stoppable():
            return guarded(lambda: _run(arguments))
    except Exception as error:
        if os.environ.get(SHOW_TRACEBACK):
            traceback.print_exception(error)
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}, line {where.lineno}"
        what = f"a fault of Mien's own: {type(error).__name__}: {error} ({place})"
        return tell(f"{what}; please report it, with what {SHOW_TRACEBACK}=1 shows", MienError.exit_code)


def _run(arguments: Sequence[str] | None) -> None:
    from mien.cli.verbs import app

    app(args=None if arguments is None else list(arguments), prog_name="mien")


def script() -> None:
    """The entry point of the installed `mien`."""
    sys.exit(main())
