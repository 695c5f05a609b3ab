"""The small catalogue, the command, and the real catalogue loaded once for the tests of a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app.database import db
from app.labs.loading import store
from tests.conftest import CATALOGUE, empty_tables
from tests.labs.small import Files
from tests.world import World


@dataclass
class Command:
    """`flask catalogue …` on a folder."""

    app: Flask
    folder: Path

    def __call__(self, verb: str, *options: str) -> "Said":
        db.session.rollback()
        result = self.app.test_cli_runner().invoke(args=["catalogue", verb, *options, str(self.folder)])
        db.session.expire_all()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Said(result.exit_code, result.stdout, result.stderr)


@dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """The small catalogue, written."""
    return Files(tmp_path / "catalogue").write()


@pytest.fixture
def catalogue(clean: Flask, files: Files) -> Command:
    """The command on the small catalogue, with an empty database."""
    return Command(clean, files.folder)


@pytest.fixture(scope="module")
def real(app: Flask) -> Iterator[World]:
    """The catalogue of the product; the world is at the real time, as the pages are."""
    with app.app_context():
        now = datetime.now(UTC)
        store.load(CATALOGUE, now)
        yield World(now=now)
        db.session.remove()
        empty_tables()
