"""Many at once: one wins, nobody is booked twice, and what was acknowledged survives a killed process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from app import turns
from app.booking import closures, lapsing, moves, ordering, rules, service
from app.booking.closures import CloseResource
from app.booking.models import Booking, ClosureKind, Occupancy
from app.booking.moves import Move
from app.booking.ordering import OrderStep
from app.booking.service import Book
from app.booking.steps import Change
from app.database import db, transaction
from app.events import log
from app.labs import rules as kinds
from app.labs.capacity import Companion, touch
from app.labs.models import Capability
from app.orders import service as orders
from app.orders.models import Order
from app.orders.service import NewLine, NewOrder
from app.turns import Counted
from tests.waiting import until_one_waits
from tests.world import NOW, Person, World, at

BENCHES = ("chamber", "second")
ROOT = Path(__file__).parent.parent.parent


def at_once(app: Flask, people: list[Person], command: Book) -> Counter[str]:
    """Everybody books at the same moment; counts what they were told."""
    return all_at_once(app, [lambda person=person: service.book(person.viewer, command, NOW) for person in people])


def all_at_once(app: Flask, actions: Sequence[Callable[[], object]]) -> Counter[str]:
    """All of this at the same moment; counts what those who act were told."""
    barrier = threading.Barrier(len(actions))
    told: Counter[str] = Counter()

    def attempt(act: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                act()
                told["booked"] += 1
            except rules.SlotTaken as refused:
                told[f"taken, {len(refused.offers)} offers"] += 1
            except rules.SampleBusy:
                told["sample busy"] += 1
            finally:
                db.session.remove()

    threads = [threading.Thread(target=attempt, args=(act,)) for act in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def overlaps() -> int:
    """Pairs of rows that hold one place at one time."""
    other = aliased(Occupancy)
    return (
        db.session.query(Occupancy)
        .join(other, (other.resource_id == Occupancy.resource_id) & (other.place == Occupancy.place))
        .filter(other.id > Occupancy.id, other.starts_at < Occupancy.ends_at, other.ends_at > Occupancy.starts_at)
        .count()
    )


def test_twenty_at_once_for_one_slot_and_one_wins(world: World, app: Flask) -> None:
    world.bench()
    people = [world.engineer(f"公司{n}") for n in range(20)]
    db.session.remove()
    told = at_once(app, people, Book("t", "chamber", at(5)))
    assert told == {"booked": 1, "taken, 3 offers": 19}
    assert overlaps() == 0


def test_twenty_at_once_for_a_pool_of_three_units_with_two_places(world: World, app: Flask) -> None:
    for unit in (1, 2, 3):
        world.resource(f"rig-{unit}", pool="rig", places=2)
    world.test(on="rig")
    people = [world.engineer(f"公司{n}") for n in range(20)]
    db.session.remove()
    told = at_once(app, people, Book("t", "rig", at(5)))
    assert told["booked"] == 6
    assert overlaps() == 0


def test_the_database_itself_refuses_an_overlap(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(5))
    by_hand = text(
        "INSERT INTO occupancy (id, resource_id, place, starts_at, ends_at, booking_id, proposed)"
        " VALUES ('x', 'chamber', 1, :start, :end, :booking, false)"
    ).bindparams(booking=booking.id)
    naive = db.engine.dialect.name == "sqlite"

    def insert(start, end) -> None:
        values = [value.strftime("%Y-%m-%d %H:%M:%S.%f") if naive else value for value in (start, end)]
        with db.engine.connect() as connection, connection.begin():
            connection.execute(by_hand, {"start": values[0], "end": values[1]})

    for start, end in ((8, 9), (9, 10), (12, 18), (8, 18)):
        with pytest.raises(IntegrityError, match="occupancy_overlap"):
            insert(at(5, start, 0), at(5, end, 0))
    insert(at(5, 12, 30), at(5, 13))
    with (
        pytest.raises(IntegrityError, match="occupancy_overlap"),
        db.engine.connect() as connection,
        connection.begin(),
    ):
        moved = at(5, 12, 0).strftime("%Y-%m-%d %H:%M:%S.%f") if naive else at(5, 12, 0)
        connection.execute(text("UPDATE occupancy SET starts_at = :start WHERE id = 'x'"), {"start": moved})


WRITER = """
import sys
from app import create_app
from app.accounts.policy import Viewer
from app.accounts import queries
from app.booking import rules, service
from app.booking.service import Book
from datetime import datetime, timedelta, timezone

app = create_app({"SCHEDULER": False, "DATABASE_URL": sys.argv[1], "HOLDS_PER_COMPANY": 10**6})
with app.app_context():
    viewer = queries.viewer_of(queries.membership(sys.argv[2]))
    start, now = datetime.fromisoformat(sys.argv[3]), datetime.fromisoformat(sys.argv[4])
    print("ready", flush=True)
    for step in range(100000):
        try:
            booking = service.book(viewer, Book("t", "chamber", start + step * timedelta(minutes=30)), now)
        except rules.YujianError:
            continue
        print(booking.id, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(world: World) -> None:
    world.bench(places=50, shifts="continuous")
    engineer = world.engineer("甲公司")
    url = db.engine.url.render_as_string(hide_password=False)
    db.session.remove()
    acknowledged: list[str] = []
    for _ in range(3):
        arguments = [url, str(engineer.viewer.membership_id), at(5).isoformat(), world.now.isoformat()]
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert writer.stdout is not None
        with writer.stdout:
            assert writer.stdout.readline() == "ready\n"
            acknowledged += [writer.stdout.readline().strip() for _ in range(15)]
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    stored = {booking.id for booking in db.session.query(Booking)}
    assert len(acknowledged) >= 45
    assert set(acknowledged) <= stored
    assert db.session.query(Occupancy).count() == len(stored)
    assert db.session.query(Order).count() == len(stored)
    assert overlaps() == 0


def test_a_hold_and_its_request_race_with_the_rival_after_the_lapse(world: World, app: Flask) -> None:
    world.bench()
    hold = world.engineer("甲公司").holds(at(5))
    rivals = [world.engineer(f"公司{n}") for n in range(8)]
    hold.hold_expires_at = NOW - timedelta(minutes=1)
    db.session.query(Occupancy).update({"expires_at": NOW - timedelta(minutes=1)})
    db.session.commit()
    db.session.remove()
    assert at_once(app, rivals, Book("t", "chamber", at(5)))["booked"] == 1
    assert overlaps() == 0


@pytest.mark.pg
def test_a_company_in_its_own_way_begins_again(world: World, app: Flask) -> None:
    """Its other booking is counted first and wants the bench on which this one waits to be counted."""
    world.bench()
    world.rule(kinds.WEEKLY_HOURS, 40)
    person = world.engineer("甲公司")
    told: list[Counter[str]] = []
    command = Book("t", "chamber", at(5))
    db.session.remove()
    booker = threading.Thread(target=lambda: told.append(at_once(app, [person], command)))
    with db.session() as session:
        turns.wait(session, Counted.COMPANY, person.viewer.organisation_id or "")
        booker.start()
        until_one_waits(session)
        # A while later, so that it is the booker who finds out.
        time.sleep(0.1)
        session.execute(text("LOCK TABLE resource IN EXCLUSIVE MODE"))
        session.rollback()
    booker.join()
    assert told == [{"booked": 1}]


@pytest.mark.pg
def test_who_waited_for_a_bench_books_it_as_its_lab_has_set_it_meanwhile(world: World, app: Flask) -> None:
    world.bench()
    person = world.engineer("甲公司")
    command = Book("t", "chamber", at(5))
    told: list[Counter[str]] = []
    db.session.remove()
    booker = threading.Thread(target=lambda: told.append(at_once(app, [person], command)))
    with db.engine.connect() as other:
        other.execute(text("SELECT id FROM resource FOR UPDATE"))
        booker.start()
        until_one_waits(other)
        with transaction() as session:
            session.get_one(Capability, ("chamber", "t")).run_minutes = 75
            touch(session, "lab")
        other.rollback()
    booker.join()
    assert told == [{"booked": 1}]
    booking = db.session.query(Booking).one()
    assert booking.run_until - booking.run_from == timedelta(minutes=75)


@pytest.mark.pg
def test_a_hold_that_is_requested_at_its_last_moment_is_not_given_away(world: World, app: Flask) -> None:
    """The rival asks a moment later, when it would have lapsed, before the request is stored."""
    world.bench()
    company, rival = world.engineer("甲公司"), world.engineer("乙公司").viewer
    hold = company.holds(at(5))
    last, later = hold.hold_expires_at - timedelta(seconds=1), hold.hold_expires_at + timedelta(seconds=1)
    ident, change = hold.id, Change(hold.id, hold.version)
    told: list[Counter[str]] = []
    books = [lambda: service.book(rival, Book("t", "chamber", at(5)), later)]
    booker = threading.Thread(target=lambda: told.append(all_at_once(app, books)))
    with transaction() as session:
        service.request(company.viewer, change, last)
        session.flush()
        booker.start()
        until_one_waits(session)
    booker.join()
    assert told == [{"taken, 3 offers": 1}]
    assert db.session.get_one(Booking, ident).state is rules.State.REQUESTED
    assert db.session.query(Occupancy).one().booking_id == ident


@pytest.mark.pg
def test_a_move_that_is_agreed_at_its_last_moment_does_not_lapse(world: World, app: Flask) -> None:
    """The job that lets proposals lapse comes a moment later, before the answer is stored."""
    world.bench()
    company, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.moves(desk.does("confirm", company.requests(at(5))), at(6), "检修")
    last = booking.proposal.expires_at - timedelta(seconds=1)
    later = booking.proposal.expires_at + timedelta(seconds=1)
    ident, change = booking.id, Change(booking.id, booking.version)
    job = threading.Thread(target=lambda: all_at_once(app, [lambda: lapsing.lapse_all(later)]))
    with transaction() as session:
        service.accept_move(company.viewer, change, last)
        session.flush()
        job.start()
        until_one_waits(session)
    job.join()
    assert [each.kind for each in log.history(ident)][-1] == "booking.moved"
    assert db.session.query(Occupancy).one().starts_at == at(6)


@pytest.mark.pg
def test_a_closure_leaves_no_hole_where_a_booking_ends_at_the_same_moment(world: World, app: Flask) -> None:
    """Neither sees the other before it is stored: the closure waits for what is given back."""
    world.bench()
    company, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = company.requests(at(5))
    change, viewer = Change(booking.id, booking.version), desk.viewer
    span = CloseResource("chamber", at(5, 0, 0), at(6, 0, 0), ClosureKind.MAINTENANCE, around=True)
    closer = threading.Thread(target=lambda: all_at_once(app, [lambda: closures.close(viewer, span, NOW)]))
    with transaction() as session:
        service.cancel(company.viewer, change, NOW)
        session.flush()
        closer.start()
        until_one_waits(session)
    closer.join()
    taken = [(row.starts_at, row.ends_at) for row in db.session.query(Occupancy)]
    assert taken == [(at(5, 0, 0), at(6, 0, 0))]


@pytest.mark.pg
def test_a_sample_is_not_at_two_benches_where_two_lines_move_at_once(world: World, app: Flask) -> None:
    world.bench()
    world.resource("second")
    world.test("u", on="second")
    company = world.engineer("甲公司")
    lines = (NewLine("t", "BP-12"), NewLine("u", "BP-12"))
    order = orders.create(company.viewer, NewOrder("lab", lines), NOW)
    held = ordering.hold_all(company.viewer, OrderStep(order.id, order.version), NOW)
    first, other = [(each.id, each.version) for each in held]
    viewer = company.viewer
    again = threading.Thread(
        target=lambda: all_at_once(app, [lambda: moves.move(viewer, Move(*other, starts_at=at(12)), NOW)])
    )
    with transaction() as session:
        moves.move(viewer, Move(*first, starts_at=at(12)), NOW)
        session.flush()
        again.start()
        until_one_waits(session)
    again.join()
    starts = {row.starts_at for row in db.session.query(Booking)}
    assert at(12) in starts and len(starts) == 2


@pytest.mark.pg
@pytest.mark.parametrize("by_lab", [True, False])
def test_a_move_takes_the_other_unit_where_somebody_is_quicker_with_the_first(
    world: World, app: Flask, by_lab: bool
) -> None:
    """Each on a bench of its own, with one of two cyclers that both of them need."""
    for ident in ("chamber", "second"):
        world.resource(ident)
    for unit in (1, 2):
        world.resource(f"cycler-{unit}", pool="cycler")
    world.test(on="chamber")
    world.capable("second", "t")
    with transaction() as session:
        session.add_all(Companion(pool=pool, test_id="t", companion_pool="cycler", lab_id="lab") for pool in BENCHES)
        touch(session, "lab")
    company, rival = world.engineer("甲公司"), world.engineer("乙公司").viewer
    booking = company.requests(at(5))
    command = Move(booking.id, booking.version, "检修", starts_at=at(6))
    mover = world.lab_admin("lab").viewer if by_lab else company.viewer
    told: list[Counter[str]] = []
    moving = threading.Thread(target=lambda: told.append(all_at_once(app, [lambda: moves.move(mover, command, NOW)])))
    db.session.remove()
    with transaction() as session:
        service.book(rival, Book("t", "second", at(6), rules.State.REQUESTED), NOW)
        session.flush()
        moving.start()
        until_one_waits(session)
    moving.join()
    assert told == [{"booked": 1}]
    assert overlaps() == 0
