"""The page and its server, watched together: neither asks anybody but the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import WELCOMED, listen, new_context
from playwright.sync_api import Browser
from watching import more_readings, start

SOURCE = Path(__file__).resolve().parents[3] / "src"
# Every name that the server asks for, and every address that it connects or sends to, is written down and refused.
NOTING = """
import os, sys
def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[:1]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            with open(os.environ["NOTED"], "a") as file:
                print(event, address, file=file)
            raise OSError("refused")
sys.addaudithook(note)
"""
ASKING = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as error: print(error)"


@contextmanager
def noted(tmp_path: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process whose connections are noted."""
    site = tmp_path / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(NOTING)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(site), str(SOURCE)]),
        "NOTED": str(tmp_path / "noted.txt"),
    }
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.terminate()


def test_the_watch_bites(tmp_path: Path) -> None:
    with noted(tmp_path, "-c", ASKING) as process:
        assert process.communicate()[0].strip() == "refused"
    assert "192.0.2.1" in (tmp_path / "noted.txt").read_text()


def test_page_and_server_ask_nobody(browser: Browser, noises: list[str], tmp_path: Path) -> None:
    command = ("-m", "mien", "live", "--no-browser", "--port", "0", "--data-folder", str(tmp_path / "data"))
    with noted(tmp_path, *command) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert " is at " in line, process.stderr.read()
        address = line.split()[3]
        context = new_context(browser, kept=WELCOMED)
        page = context.new_page()
        listen(page, noises, address)
        page.goto(address)
        start(page)
        more_readings(page)
        for view in ("files", "practice", "diary", "options", "about"):
            page.goto(f"{address}/#{view}")
            page.locator(f"#view-{view}").wait_for()
        context.close()
    assert not noises
    assert not (tmp_path / "noted.txt").exists()
