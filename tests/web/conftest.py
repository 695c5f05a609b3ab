"""The application as it is served, and with other settings."""

import os
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app import create_app
from app.database import db

Another = Callable[..., Flask]


@pytest.fixture
def another(clean: Flask) -> Iterator[Another]:
    """Makes a further application with settings of its own on the same database."""
    made: list[Flask] = []

    def make(**settings: object) -> Flask:
        here = {"SCHEDULER": False, "DATABASE_URL": os.environ.get("YUJIAN_TEST_DATABASE_URL", "")}
        made.append(create_app(here | settings))
        return made[-1]

    yield make
    for application in made:
        with application.app_context():
            db.engine.dispose()


@pytest.fixture
def served(another: Another) -> Flask:
    """An application that checks the tokens of forms and hides faults."""
    return another(PROPAGATE_EXCEPTIONS=False)
