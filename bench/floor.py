"""The floor: the least that could be called a booking service, served the same way on the same database.

One table, an overlap check inside one writing transaction, JSON in and out; no rules, no people, no history.
"""

import os
from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, request
from sqlalchemy import Connection, DateTime, Engine, String, create_engine, event, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Slot(Base):
    __tablename__ = "floor_slot"

    id: Mapped[int] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(String(64), index=True)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def make_engine(address: str) -> Engine:
    """An engine with the pragmas that the product uses."""
    if not address.startswith("sqlite"):
        return create_engine(address, pool_size=10)
    engine = create_engine(address, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def instant(given: str) -> datetime:
    return datetime.fromisoformat(given).astimezone(UTC)


def create_app() -> Flask:
    app = Flask(__name__)
    engine = make_engine(os.environ["FLOOR_DATABASE_URL"])
    Base.metadata.create_all(engine)

    @app.post("/bookings")
    def create() -> Any:
        given = request.get_json()
        start, end = instant(given["starts_at"]), instant(given["ends_at"])
        with Session(engine) as session, session.begin():
            if engine.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(hashtext(:resource))")
                session.execute(lock, {"resource": given["resource"]})
            taken = select(Slot.id).where(
                Slot.resource == given["resource"], Slot.starts_at < end, Slot.ends_at > start
            )
            if session.scalar(taken.limit(1)):
                return jsonify(code="slot_taken"), 409
            slot = Slot(resource=given["resource"], starts_at=start, ends_at=end)
            session.add(slot)
            session.flush()
            answer = {"id": slot.id, **given}
        return jsonify(answer), 201

    @app.get("/week")
    def week() -> Any:
        resources = request.args["resources"].split(",")
        start, end = instant(request.args["from"]), instant(request.args["to"])
        query = select(Slot).where(Slot.resource.in_(resources), Slot.starts_at < end, Slot.ends_at > start)
        with Session(engine) as session:
            rows = session.scalars(query.order_by(Slot.starts_at))
            items = [
                {"resource": row.resource, "start": row.starts_at.isoformat(), "end": row.ends_at.isoformat()}
                for row in rows
            ]
        return jsonify(items=items)

    return app
