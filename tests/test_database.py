"""What every write stands on: one transaction, connections that are alive, rows that are what the ORM reads."""

import pytest
from sqlalchemy import inspect, text

from app import database
from app.booking.models import Booking, Occupancy
from app.database import db, transaction
from app.events.models import Event
from app.labs.models import Lab
from app.orders.models import Order, OrderLine
from tests.world import World, at


def name_of(lab_id: str) -> str | None:
    return db.session.scalar(text('SELECT name_zh FROM "lab" WHERE id = :id').bindparams(id=lab_id))


@pytest.mark.parametrize("flushed", [True, False])
def test_what_was_changed_outside_of_a_transaction_is_not_kept(world: World, flushed: bool) -> None:
    world.bench()
    before = name_of("lab")
    db.session.get_one(Lab, "lab").name_zh = "别的名字"
    if flushed:
        db.session.flush()
    with transaction():
        pass
    assert name_of("lab") == before


def test_a_transaction_reads_anew_what_was_read_before(world: World) -> None:
    world.bench()
    lab = db.session.get_one(Lab, "lab")
    db.session.commit()
    assert lab.name_zh == name_of("lab")
    with db.engine.begin() as other:
        other.execute(text("UPDATE lab SET name_zh = '新名字' WHERE id = 'lab'"))
    with transaction():
        assert lab.name_zh == "新名字"


def test_rows_that_were_inserted_past_the_orm_are_read_by_it_as_they_were_made(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(4))
    made = {row: values(row) for row in (booking, booking.order_line, booking.order_line.order)}
    assert [type(row) for row in made] == [Booking, OrderLine, Order]
    for row, before in made.items():
        db.session.refresh(row)
        assert values(row) == before
    assert db.session.query(Occupancy).one().booking_id == booking.id
    assert [event.kind for event in db.session.query(Event).order_by(Event.id)][-2:] == [
        "order.submitted",
        "booking.requested",
    ]


def values(row: object) -> dict[str, object]:
    return {each.key: getattr(row, each.key) for each in inspect(type(row)).column_attrs}


@pytest.mark.pg
def test_a_connection_that_died_while_it_rested_is_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
    db.session.remove()
    # The pool holds the two that follow and no other.
    db.engine.dispose()
    with db.engine.connect() as first:
        died = first.scalar(text("SELECT pg_backend_pid()"))
        with db.engine.connect() as second:
            gone = second.scalar(text("SELECT pg_backend_pid()"))
    with db.engine.connect() as first:
        killer = first.scalar(text("SELECT pg_backend_pid()"))
        (victim,) = {died, gone} - {killer}
        first.execute(text("SELECT pg_terminate_backend(:pid)").bindparams(pid=victim))
        with db.engine.connect() as fresh:
            assert fresh.scalar(text("SELECT pg_backend_pid()")) not in (victim, killer)
