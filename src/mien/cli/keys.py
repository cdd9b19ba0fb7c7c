"""Single keys from the terminal, without waiting for them and without Enter."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Keys:
    """Keys that were pressed since last asked; a context manager. Where standard input is no terminal, none ever is."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdin is not None and sys.stdin.isatty()
        self._before: Any = None

    def __enter__(self) -> Keys:
        if self.is_terminal and sys.platform != "win32":
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)  # Ctrl-C still is what it is
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None and sys.platform != "win32":
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def pressed(self) -> str:
        """The keys pressed since last asked, in order, lower case; '' where none was."""
        if not self.is_terminal:
            return ""
        return _waiting().lower()


def _waiting() -> str:
    if sys.platform == "win32":
        import msvcrt

        keys = ""
        while msvcrt.kbhit():
            keys += msvcrt.getwch()
        return keys
    import os
    import select

    keys = b""
    while select.select([sys.stdin], [], [], 0)[0]:
        more = os.read(sys.stdin.fileno(), 64)
        if not more:
            break
        keys += more
    return keys.decode(errors="ignore")
