"""What rooms further down know about order lines: their bookings, their reports.

Orders may not import them; each hands in a provider when it is wired (`provide`), and the pages of orders and
bookings ask for what is there.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Flask, current_app

from app.accounts.policy import Viewer
from app.orders.models import OrderLine

EXTENSION = "yujian_order_parts"

# (viewer, lines, now) → part by line id, of those lines only of which the viewer may see it.
Provider = Callable[[Viewer, Sequence[OrderLine], datetime], Mapping[str, Any]]


def provide(app: Flask, name: str, provider: Provider) -> None:
    """Hand in a provider under a name: `booking`, `forecast`, `progress`, `report`."""
    app.extensions.setdefault(EXTENSION, {})[name] = provider


def parts(name: str, viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, Any]:
    """The parts of this name by line id; empty where nobody provides them."""
    provider: Provider | None = current_app.extensions.get(EXTENSION, {}).get(name)
    return provider(viewer, lines, now) if provider and lines else {}
