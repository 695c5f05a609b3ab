"""The real catalogue, loaded once for the tests of a file, and the people who look for something in it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from app.labs.loading import store
from tests.conftest import CATALOGUE, empty_tables
from tests.world import World


@pytest.fixture(scope="module")
def catalogue(app: Flask) -> Iterator[World]:
    """The catalogue of the product; the world is at the real time, as the pages are."""
    with app.app_context():
        now = datetime.now(UTC)
        store.load(CATALOGUE, now)
        yield World(now=now)
        empty_tables()
