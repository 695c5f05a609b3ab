"""The market is opened once for the tests of a file; they look and change nothing, or put back what they change."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from tests.conftest import empty_tables
from tests.privacy.story import Market, open_market
from tests.privacy.words import Eye, readers_of_words
from tests.world import NOW, World


@pytest.fixture(scope="module")
def market(app: Flask) -> Iterator[Market]:
    """Everybody is there and everything has happened; the clock stands."""
    with app.app_context(), time_machine.travel(NOW, tick=False), pytest.MonkeyPatch.context() as patch:
        # Nobody listens there: mails are written down and wait.
        patch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:9?from=yujian@mail.example")
        yield open_market(World())
        empty_tables()


@pytest.fixture(scope="module")
def readers(market: Market) -> dict[str, frozenset[Eye]]:
    """Every word of the database, and whose eyes may meet it."""
    return readers_of_words()
