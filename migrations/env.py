"""Alembic's environment: the application's own engine, one transaction per migration."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.database import WRITES, Base

GUARD = "occupancy_overlap"
# Indexes of one database alone, which autogenerate looks for on both.
POSTGRESQL_ONLY = ("ix_event_transaction",)


def is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """The guard against overlaps is written by hand: autogenerate knows neither it nor the index behind it."""
    if kind == "index" and name in POSTGRESQL_ONLY:
        return context.get_context().dialect.name == "postgresql"
    return not (kind in ("index", "unique_constraint") and name == GUARD)


@contextmanager
def foreign_keys_apart(connection: Connection) -> Iterator[None]:
    """SQLite changes a constraint by making the table anew, which foreign keys would not allow: they are looked at
    when all is done. The pragma does nothing inside a transaction, hence the driver's own connection.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    yield
    broken = driver.execute("PRAGMA foreign_key_check").fetchall()
    driver.execute("PRAGMA foreign_keys=ON")
    if broken:
        raise RuntimeError(f"rows point nowhere: {broken[:5]}")


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    # As whoever writes: a server may be running, and SQLite lets no reader write once somebody else has.
    with engine.connect().execution_options(**WRITES) as connection, foreign_keys_apart(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            include_object=is_ours,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
