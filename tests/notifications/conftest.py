"""What people are told, as the pages say it."""

from collections.abc import Callable

import pytest

from app.notifications import queries
from app.notifications.reading import read_events
from app.notifications.wording import sentence
from tests.world import Person, World

Told = Callable[[Person], list[str]]


@pytest.fixture
def told(world: World) -> Told:
    """Reads the log and gives what a person finds in the inbox, newest first."""

    def ask(person: Person) -> list[str]:
        read_events(world.now)
        return [sentence(notice) for notice in queries.inbox(person.viewer)]

    return ask
