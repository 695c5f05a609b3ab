"""The application as it is served: with tokens in its forms."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.database import db


@pytest.fixture
def served(clean: Flask) -> Iterator[Flask]:
    """A second application on the same database that checks the tokens of forms and hides faults."""
    application = create_app(
        {
            "SCHEDULER": False,
            "DATABASE_URL": os.environ.get("YUJIAN_TEST_DATABASE_URL", ""),
            "PROPAGATE_EXCEPTIONS": False,
        }
    )
    yield application
    with application.app_context():
        db.engine.dispose()
