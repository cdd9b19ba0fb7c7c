"""How a run ends: whatever goes wrong becomes one line on standard error and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mien.errors import MienError

STOPPED = 130  # what shells give for Ctrl-C: 128 and the signal's number


def guarded(call: Callable[[], object]) -> int:
    """Call, and turn what goes wrong into one line on standard error and an exit code."""
    try:
        call()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except MienError as error:
        return tell(str(error), error.exit_code)
    except KeyboardInterrupt:
        return tell("stopped; what was written is complete up to there", STOPPED)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains when it flushes at the end
    except OSError as error:  # a full disk behind standard output, most likely: all else is explained where it happens
        return tell(f"{error.filename or 'standard output'}: {error.strerror or error}", MienError.exit_code)
    except MemoryError:
        return tell("out of memory: try a smaller picture, or fewer at once", MienError.exit_code)
    return 0


@contextmanager
def with_standard_error() -> Iterator[None]:
    """Stand in for a standard error that is not there (`2>&-`, pythonw): what goes to it goes nowhere.

    Else `print` would put its lines on standard output, and the next file that is opened would get its number 2, to
    which native libraries write.
    """
    if sys.stderr is not None:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stderr = None


def tell(text: str, code: int) -> int:
    """Say what went wrong in one line on standard error; returns `code`."""
    print("mien:", " ".join(text.split()), file=sys.stderr)
    return code
