"""People who look at the schedule at the world's `now`."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask

from tests.http import browser
from tests.schedule.reading import Page
from tests.world import Person, World

Look = Callable[..., Page]


@pytest.fixture
def look(world: World, clean: Flask) -> Look:
    """`look(person, query)` reads the schedule; `language` and `path` may differ."""

    def open_page(person: Person, query: str = "", language: str = "zh", path: str = "/schedule") -> Page:
        # Signed in then, for a session from the future is refused.
        with time_machine.travel(world.now, tick=False):
            client = browser(clean, person)
            client.get(f"/language/{language}?next=/healthz")
            answer = client.get(f"{path}?{query}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return Page(answer.get_data(as_text=True))

    return open_page
