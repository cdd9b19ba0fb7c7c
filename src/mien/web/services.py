"""What the routes share, made once a server: its options and the rooms behind them."""

from __future__ import annotations

from dataclasses import dataclass

from mien.web.engine import Engine
from mien.web.options import LiveOptions
from mien.web.store import Store


@dataclass(frozen=True, eq=False)
class Services:
    """Handed to every `router(services)`."""

    options: LiveOptions
    engine: Engine
    store: Store
