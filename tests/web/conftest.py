"""What the tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from web_client import client_of

from mien.web.options import LiveOptions


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """One with a data folder of its own."""
    with client_of(LiveOptions(data_folder=tmp_path)) as made:
        yield made
