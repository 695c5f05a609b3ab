"""People at the pages of a lab's capacity."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.visitor import Visitor
from tests.world import Person


@pytest.fixture
def visitor(clean: Flask) -> Callable[[Person], Visitor]:
    """A browser of this person."""
    return lambda person: Visitor(clean, person)
