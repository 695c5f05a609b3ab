"""Alembic's environment: the application's own engine, one transaction per migration."""

from alembic import context
from flask import current_app

from app.database import Base

GUARD = "occupancy_overlap"


def is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """The guard against overlaps is written by hand: autogenerate knows neither it nor the index behind it."""
    return not (kind in ("index", "unique_constraint") and name == GUARD)


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
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
