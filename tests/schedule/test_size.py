"""A page of the real catalogue is small enough for a phone on the road."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from app.labs.loading import store
from tests.conftest import CATALOGUE, empty_tables
from tests.http import browser
from tests.schedule.reading import Page
from tests.world import NOW, World

LIMIT = 100_000


@pytest.fixture(scope="module")
def catalogue(app: Flask) -> Iterator[World]:
    """The real catalogue with nothing booked: the most free links a page can have."""
    with app.app_context():
        store.load(CATALOGUE, NOW)
        yield World()
        empty_tables()


@pytest.mark.parametrize(
    ("query", "language"),
    [
        *(("", "zh"), ("", "en"), ("days=7", "zh"), ("days=1", "zh"), ("free=1", "zh")),
        *(("days=28", "zh"), ("days=91", "en")),
    ],
)
def test_no_page_of_the_real_catalogue_is_larger_than_100_kb(
    catalogue: World, app: Flask, query: str, language: str
) -> None:
    sizes, benches = [], 0
    with time_machine.travel(NOW, tick=False):
        client = browser(app, catalogue.engineer("甲公司"))
        client.get(f"/language/{language}?next=/healthz")
        for page in range(1, 50):
            answer = client.get(f"/schedule?{query}&from=2026-11-09&page={page}")
            sizes.append(len(answer.data))
            read = Page(answer.get_data(as_text=True))
            benches += len(read.benches)
            if not any(f"page={page + 1}" in link.href for link in read.root.all("a")):
                break
    assert benches == 190
    assert max(sizes) < LIMIT


def test_sixty_benches_over_a_week_fit_on_one_page(catalogue: World, app: Flask) -> None:
    with time_machine.travel(NOW, tick=False):
        client = browser(app, catalogue.engineer("甲公司"))
        pages = [client.get(f"/schedule?days=7&page={page}") for page in (1, 2, 3)]
    counts = [len(Page(page.get_data(as_text=True)).benches) for page in pages]
    assert max(counts) > 55
    assert max(len(page.data) for page in pages) < LIMIT
