"""What every write stands on: one transaction, connections that are alive, rows that are what the ORM reads."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import bindparam, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool

from app import database
from app.booking.models import Booking, Occupancy
from app.booking.rules import State
from app.database import connection_of, db, execute, send, transaction
from app.events import log
from app.events.models import Event
from app.inserting import together
from app.labs.models import Lab
from app.orders.models import Order, OrderLine
from app.prepared import ask, ask_before
from tests.http import browser, program
from tests.statements import statements
from tests.waiting import eventually
from tests.world import World, at


def name_of(lab_id: str) -> str | None:
    return db.session.scalar(text('SELECT name_zh FROM "lab" WHERE id = :id').bindparams(id=lab_id))


def test_a_booking_that_is_given_up_in_the_middle_of_a_transaction_leaves_nothing(world: World) -> None:
    """Its first statements go past the session, which sets a savepoint for what it sends itself."""
    world.bench()
    person = world.engineer("甲公司")
    with transaction() as session:
        for _ in range(2):
            with pytest.raises(LookupError), transaction():
                booking = person.requests(at(5))
                raise LookupError
            assert session.get(Booking, booking.id) is None
    assert (db.session.query(Booking).count(), db.session.query(Occupancy).count()) == (0, 0)


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


def test_a_row_that_was_inserted_past_the_orm_is_one_of_the_sessions(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(4))
    line = booking.order_line
    assert db.session.get(Booking, booking.id) is booking and not db.session.dirty
    assert booking.resource.id == booking.resource_id and line.order.lines == [line]
    with pytest.raises(ZeroDivisionError), transaction():
        booking.note, line.sample = "改过", "样件二"
        db.session.flush()
        raise ZeroDivisionError
    assert (booking.note, line.sample) == ("", "")
    with transaction():
        booking.note = "又改过"
    db.session.expire_all()
    assert booking.note == "又改过"


def test_rows_that_are_inserted_together_stay_in_order_whatever_of_them_is_empty(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(4))
    kinds = [f"test.{number}" for number in range(9)]
    with transaction() as session, together(session):
        for number, kind in enumerate(kinds):
            log.record(
                session, kind, booking, by=log.System(), at=at(3), for_lab=number % 3 > 0, for_company=number > 4
            )
    assert [event.kind for event in log.history(booking.id)][-9:] == kinds


def test_nothing_is_inserted_of_what_was_broken_off(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(4))
    before = len(log.history(booking.id))
    with pytest.raises(ZeroDivisionError), transaction() as session, together(session):
        log.record(session, "test.lost", booking, by=log.System(), at=at(3))
        raise ZeroDivisionError
    with transaction() as session:
        log.record(session, "test.kept", booking, by=log.System(), at=at(3))
    assert [event.kind for event in log.history(booking.id)[before:]] == ["test.kept"]


def test_no_row_is_inserted_after_a_command_was_rolled_back_in_the_middle(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(4))
    with pytest.raises(RuntimeError), transaction() as session:
        session.rollback()
        log.record(session, "test.late", booking, by=log.System(), at=at(3))
    assert [event.kind for event in log.history(booking.id)] == ["booking.requested"]


def test_a_prepared_statement_reads_what_sqlalchemy_reads_and_is_counted(world: World) -> None:
    world.bench()
    world.engineer("甲公司").requests(at(4))
    columns = (Booking.state, Booking.starts_at, Booking.footprint, Booking.shielded, Booking.confirmed_at, Lab.lat)
    found = select(*columns, Event.data).join(Lab, Lab.id == Booking.lab_id).join(Event, Event.subject_id == Booking.id)
    found = found.where(Booking.place == bindparam("place"), Booking.state == State.REQUESTED)
    with statements() as sent:
        (row,) = ask(db.session(), found, {"place": 1})
    assert len(sent) == 1
    assert row == db.session.execute(found, {"place": 1}).one()
    assert (row.state, row.starts_at) == (State.REQUESTED, at(4))
    assert ask(db.session(), found, {"place": 2}) == []


class Nobody(log.System):
    user_id = "nobody-of-ours"


def test_an_error_of_a_prepared_statement_is_sqlalchemys_and_says_nothing_of_its_values(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(4))
    with pytest.raises(IntegrityError) as raised, transaction() as session:
        log.record(session, "test.wrong", booking, by=Nobody(), at=at(3))
    assert "test.wrong" not in str(raised.value)
    assert [event.kind for event in log.history(booking.id)] == ["booking.requested"]


def test_who_waits_to_write_to_sqlite_keeps_no_connection(world: World, app: Flask) -> None:
    world.bench()
    if db.engine.dialect.name != "sqlite":
        pytest.skip("writers queue for SQLite only")
    db.session.remove()
    reading, pool = threading.Event(), db.engine.pool
    assert isinstance(pool, QueuePool)

    def work() -> None:
        with app.app_context():
            name_of("lab")
            reading.set()
            with transaction():
                pass

    other = threading.Thread(target=work)
    with transaction():
        other.start()
        reading.wait(10)
        assert eventually(lambda: pool.checkedout() == 1)
    other.join(10)
    assert pool.checkedout() == 0


def unfinished() -> int:
    """Connections that are held, and those that were given back in the middle of a transaction."""
    pool = db.engine.pool
    assert isinstance(pool, QueuePool)
    held, resting = pool.checkedout(), []
    while pool.checkedin():
        resting.append(pool.connect())
    begun = [each for each in resting if in_a_transaction(each.dbapi_connection)]
    for each in resting:
        each.close()
    return held + len(begun)


def in_a_transaction(connection: Any) -> bool:
    return bool(
        connection.in_transaction
        if db.engine.dialect.name == "sqlite"
        else connection.info.transaction_status.name != "IDLE"
    )


def test_nothing_is_held_after_a_request(world: World, clean: Flask) -> None:
    world.bench()
    person = world.engineer("甲公司")
    headers, wrong = program(person), {"Authorization": "Bearer yj_wrong"}
    command = {"test": "t", "resource": "chamber", "starts_at": at(9).isoformat(), "state": "requested"}
    asked: list[tuple[int, str, dict[str, Any]]] = [
        (200, "GET", {"path": "/api/v1/bookings", "headers": headers}),
        (401, "GET", {"path": "/api/v1/bookings", "headers": wrong}),
        (404, "GET", {"path": "/api/v1/bookings/none", "headers": headers}),
        (201, "POST", {"path": "/api/v1/bookings", "headers": headers, "json": command}),
        (409, "POST", {"path": "/api/v1/bookings", "headers": headers, "json": command}),
        (422, "POST", {"path": "/api/v1/bookings", "headers": headers, "json": {}}),
        (401, "POST", {"path": "/api/v1/bookings", "headers": wrong, "json": command}),
        (200, "GET", {"path": "/orders/"}),
        (404, "GET", {"path": "/bookings/none"}),
    ]
    db.session.remove()
    with time_machine.travel(world.now, tick=False):
        visitor = browser(clean, person)
        for status, method, request in asked:
            answer = visitor.open(method=method, **request)
            assert (answer.status_code, unfinished()) == (status, 0), request
    assert db.session.query(Booking).count() == 1


# A deferred check, which only the commit makes.
BROKEN = {
    "sqlite": ("PRAGMA defer_foreign_keys=ON", "UPDATE resource SET lab_id = 'nothing'"),
    "postgresql": (
        "CREATE TEMPORARY TABLE twice (number integer UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP",
        "INSERT INTO twice VALUES (1), (1)",
    ),
}


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("joined", [True, False])
def test_nothing_is_held_of_what_could_not_be_committed(world: World, read: bool, joined: bool) -> None:
    world.bench()
    before = name_of("lab")
    db.session.remove()
    if read:
        ask_before(select(Lab.id), {})
    with pytest.raises(IntegrityError), transaction() as session:
        for statement in (*BROKEN[db.engine.dialect.name], "UPDATE lab SET name_zh = '别的名字'"):
            if joined:
                session.execute(text(statement))
            else:
                send(connection_of(session), statement)
    assert unfinished() == 0
    assert name_of("lab") == before


@pytest.mark.parametrize("read", [True, False])
def test_nothing_is_held_of_a_part_that_was_given_up(world: World, read: bool) -> None:
    world.bench()
    before = name_of("lab")
    db.session.remove()
    if read:
        ask_before(select(Lab.id), {})
    with transaction() as session:
        lab = session.get_one(Lab, "lab")
        with pytest.raises(DBAPIError), transaction():
            lab.name_zh = "别的名字"
            session.execute(text("SELECT nothing FROM nowhere"))
        assert lab.name_zh == before
        lab.name_en = "Kept"
    assert unfinished() == 0
    assert db.session.query(Lab.name_zh, Lab.name_en).one() == (before, "Kept")


@pytest.mark.pg
@pytest.mark.parametrize("read", [ask, execute])
@pytest.mark.parametrize("end", [db.session.rollback, db.session.remove])
def test_a_connection_that_broke_after_it_was_read_spoils_no_answer(
    world: World, end: Callable[[], None], read: Callable[..., Any]
) -> None:
    world.bench()
    db.session.remove()
    (pid,) = ask_before(select(func.pg_backend_pid().label("pid")), {})
    read(db.session(), select(Lab.id), {})
    if read is ask:
        assert name_of("lab")
    with db.engine.connect() as killer:
        killer.execute(text("SELECT pg_terminate_backend(:pid)").bindparams(pid=pid.pid))
    end()
    assert (unfinished(), len(db.session.registry.registry)) == (0, 1 if end == db.session.rollback else 0)
    assert name_of("lab")


@pytest.mark.pg
def test_a_connection_that_breaks_under_a_prepared_statement_is_thrown_away(world: World) -> None:
    found = select(Lab.id)
    world.bench()
    db.session.remove()
    (pid,) = ask(db.session(), select(func.pg_backend_pid().label("pid")), {})
    with db.engine.connect() as killer:
        killer.execute(text("SELECT pg_terminate_backend(:pid)").bindparams(pid=pid.pid))
    with pytest.raises(OperationalError) as raised:
        ask(db.session(), found, {})
    assert raised.value.connection_invalidated
    db.session.rollback()
    assert ask(db.session(), found, {}) == [("lab",)]


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
