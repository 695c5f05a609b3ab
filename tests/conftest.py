"""The application on a real database: SQLite in a temporary folder, or PostgreSQL (`make test-pg`)."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from app import create_app
from app.database import Base, db
from app.files.settings import EXTENSION
from app.files.stores import FolderStore
from tests.world import World

pytest_plugins = ("tests.postgres_server", "tests.notifications.postbox")

# How long an example takes tells of the machine, not of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Every so many times the tables of PostgreSQL are swept clean of deleted rows.
SWEEP, _EMPTIED = 100, count(1)
CATALOGUE = Path(__file__).parent.parent / "app" / "labs" / "catalogue"


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application per test session (and xdist worker), with empty tables."""
    os.environ["YUJIAN_INSTANCE"] = str(tmp_path_factory.mktemp("instance"))
    application = create_app(
        {
            "TESTING": True,
            "SCHEDULER": False,
            "FORECAST_MINUTES": 0,
            "DATABASE_URL": os.environ.get("YUJIAN_TEST_DATABASE_URL", ""),
            "WTF_CSRF_ENABLED": False,
            # All stories come from one address within a minute.
            "SIGN_IN_RATE": "100000 per minute",
            "VERIFY_RATE": "100000 per minute",
        }
    )
    with application.app_context():
        upgrade()
    yield application
    with application.app_context():
        db.engine.dispose()


def empty_tables() -> None:
    """Delete every row, inside the application's context."""
    db.session.remove()
    tables = Base.metadata.sorted_tables
    with db.engine.connect() as connection, connection.begin():
        if db.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        elif next(_EMPTIED) % SWEEP:
            # No key is looked at.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            # It takes all tables anew, which takes longer but leaves nothing of what was deleted.
            names = ", ".join(f'"{table.name}"' for table in tables)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        asked = (f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")" for table in tables)
        for name in connection.exec_driver_sql(" UNION ALL ".join(asked)).scalars().all():
            connection.execute(Base.metadata.tables[name].delete())


@pytest.fixture
def clean(app: Flask) -> Iterator[Flask]:
    """The application inside its context; all tables are empty again afterwards."""
    with app.app_context():
        yield app
        empty_tables()


@pytest.fixture
def folder(clean: Flask, tmp_path: Path) -> Iterator[Path]:
    """The application stores in a folder of this test."""
    before = clean.extensions[EXTENSION]
    clean.extensions[EXTENSION] = FolderStore(tmp_path)
    yield tmp_path
    clean.extensions[EXTENSION] = before


@pytest.fixture
def world(clean: Flask) -> World:
    """An empty world to tell a story in."""
    return World()
