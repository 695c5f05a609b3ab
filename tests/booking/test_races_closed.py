"""Closures that begin and end while others do, and while what is inside them is booked and given back."""

import random
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.booking import anew, closures, moves, relocating, service
from app.booking.closures import CloseResource
from app.booking.delaying import Delay, announce_delay
from app.booking.models import Booking, Closure, ClosureKind, Occupancy
from app.booking.moves import Move
from app.booking.occupancy import footprint_of
from app.booking.relocating import Proposal
from app.booking.rules import OPEN, State
from app.booking.service import Book
from app.booking.steps import Change
from app.capacity.resources import parts
from app.database import db, in_a_circle, transaction
from app.errors import YujianError
from app.worktime import Interval, subtract
from tests.booking.test_races import all_at_once, overlaps
from tests.waiting import WAITING, eventually
from tests.world import NOW, Person, World, at

SPAN = at(5, 0, 0), at(6, 0, 0)


@pytest.fixture
def ground(world: World) -> World:
    """A proving ground of two parts; each can be had alone."""
    world.whole("ground", "track", "slope")
    return world


def closing(desk: Person, resource: str, span: tuple[datetime, datetime] = SPAN) -> Closure:
    return closures.close(desk.viewer, CloseResource(resource, *span, ClosureKind.OTHER, around=True), NOW)


def meanwhile(app: Flask, first: Callable[[], object], other: Callable[[], object]) -> None:
    """The other one begins when the first is done, and before it is stored; each is to succeed."""
    told: list[dict[str, int]] = []
    thread = threading.Thread(target=lambda: told.append(all_at_once(app, [other])))
    db.session.remove()
    with transaction() as session:
        first()
        session.flush()
        thread.start()
        assert eventually(lambda: not thread.is_alive() or bool(session.scalar(WAITING)))
    thread.join()
    assert told == [{"booked": 1}]


def wrong() -> list[str]:
    """What a closure leaves open or closes too much, and what a booking lacks or has too much."""
    db.session.remove()
    rows: dict[tuple[str, int], list[Occupancy]] = {}
    for row in db.session.query(Occupancy):
        rows.setdefault((row.resource_id, row.place), []).append(row)
    found = []
    closed: dict[tuple[str, int], list[Interval]] = {}
    for closure in db.session.query(Closure):
        span = Interval(closure.starts_at, closure.ends_at)
        units = ("ground", "track", "slope") if closure.resource_id == "ground" else (closure.resource_id,)
        for unit in units:
            closed.setdefault((unit, 1), []).append(span)
            if subtract([span], [Interval(row.starts_at, row.ends_at) for row in rows.get((unit, 1), ())]):
                found.append(f"{unit} is open in a closure of {closure.resource_id}")
    for (unit, place), there in rows.items():
        for row in there:
            if row.closure_id and subtract([Interval(row.starts_at, row.ends_at)], closed.get((unit, place), [])):
                found.append(f"{unit} is closed without a closure")
    taken = {(row.booking_id, *place) for place, there in rows.items() for row in there if row.booking_id}
    wanted = {
        (booking.id, *place)
        for booking in db.session.query(Booking).filter(Booking.state.in_(OPEN))
        for place in footprint_of(booking)
    }
    return found + [f"not as booked: {each}" for each in taken ^ wanted] + ["overlap"] * overlaps()


@pytest.mark.pg
@pytest.mark.parametrize(("ends", "begins"), [("ground", "track"), ("track", "ground"), ("track", "track")])
def test_what_one_closure_gives_back_another_takes_that_is_made_meanwhile(
    ground: World, app: Flask, ends: str, begins: str
) -> None:
    desk = ground.lab_admin("lab")
    ident = closing(desk, ends).id
    meanwhile(app, lambda: closures.reopen(desk.viewer, ident, NOW), lambda: closing(desk, begins))
    assert wrong() == []


@pytest.mark.pg
def test_closures_of_a_whole_and_of_its_part_end_at_once(ground: World, app: Flask) -> None:
    desk = ground.lab_admin("lab")
    whole, part = closing(desk, "ground").id, closing(desk, "track").id
    reopen = partial(closures.reopen, desk.viewer, now=NOW)
    meanwhile(app, lambda: reopen(whole), lambda: reopen(part))
    assert db.session.query(Occupancy).count() == 0


@pytest.mark.pg
def test_a_whole_and_its_part_are_closed_at_once(ground: World, app: Flask) -> None:
    desk = ground.lab_admin("lab")
    meanwhile(app, lambda: closing(desk, "track"), lambda: closing(desk, "ground"))
    assert db.session.query(Closure).count() == 2 and wrong() == []


@pytest.mark.pg
@pytest.mark.parametrize(("booked", "closed"), [("ground", "track"), ("track", "ground"), ("track", "track")])
def test_a_closure_goes_around_what_is_booked_meanwhile(ground: World, app: Flask, booked: str, closed: str) -> None:
    company, desk = ground.engineer("甲公司"), ground.lab_admin("lab")
    command = Book("t", booked, at(5), State.REQUESTED)
    meanwhile(app, lambda: service.book(company.viewer, command, NOW), lambda: closing(desk, closed))
    assert db.session.query(Booking).count() == 1 and wrong() == []


@pytest.mark.pg
@pytest.mark.parametrize("cancelled_first", [True, False])
@pytest.mark.parametrize("begun", [True, False])
def test_a_closure_ends_while_a_booking_inside_is_cancelled(
    ground: World, app: Flask, cancelled_first: bool, begun: bool
) -> None:
    company, desk = ground.engineer("甲公司"), ground.lab_admin("lab")
    booking = company.requests(at(5), "track")
    change = Change(booking.id, booking.version)
    ident = closing(desk, "ground", (at(1, 0, 0), at(6, 0, 0)) if begun else SPAN).id
    steps = [
        lambda: service.cancel(company.viewer, change, NOW),
        lambda: closures.reopen(desk.viewer, ident, NOW),
    ]
    meanwhile(app, *(steps if cancelled_first else steps[::-1]))
    assert wrong() == []
    assert company.requests(at(5), "ground").resource_id == "ground"


@pytest.mark.pg
@pytest.mark.parametrize("cancelled_first", [True, False])
def test_a_closure_goes_on_while_a_booking_behind_it_is_cancelled(
    ground: World, app: Flask, cancelled_first: bool
) -> None:
    company, desk = ground.engineer("甲公司"), ground.lab_admin("lab")
    booking = company.requests(at(5), "track")
    change = Change(booking.id, booking.version)
    ident = closing(desk, "ground", (at(4, 0, 0), at(5, 0, 0))).id
    steps = [
        lambda: service.cancel(company.viewer, change, NOW),
        lambda: closures.change_end(desk.viewer, ident, at(6, 0, 0), False, NOW),
    ]
    meanwhile(app, *(steps if cancelled_first else steps[::-1]))
    assert wrong() == []


@pytest.mark.pg
@pytest.mark.parametrize("job_first", [True, False])
def test_an_open_end_is_put_off_while_its_lab_takes_the_closure_back(world: World, app: Flask, job_first: bool) -> None:
    world.bench()
    desk = world.lab_admin("lab")
    command = CloseResource("chamber", *SPAN, ClosureKind.BREAKDOWN, open_end=True)
    ident, near = closures.close(desk.viewer, command, NOW).id, SPAN[1]
    acts = [lambda: closures.put_off_open_ends(near), lambda: closures.reopen(desk.viewer, ident, NOW)]
    meanwhile(app, *(acts if job_first else acts[::-1]))
    assert db.session.query(Closure).count() == db.session.query(Occupancy).count() == 0


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_closed_booked_and_given_back_at_once(
    ground: World, app: Flask, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Nothing is booked where it is closed, nothing stays closed or taken, and nobody waits in a circle."""
    chance = random.Random(seed)
    desk, people = ground.lab_admin("lab"), [ground.engineer(f"公司{n}") for n in range(3)]
    circles: list[OperationalError] = []
    # Each is seen here before its command begins anew, or ends its thread.
    monkeypatch.setattr(anew, "in_a_circle", lambda error: circles.append(error) or in_a_circle(error))
    for _ in range(8):
        acts = [_some_act(chance, desk, people) for _ in range(6)]
        db.session.remove()
        all_at_once(app, [partial(_unless_refused, act) for act in acts])
        assert wrong() == []
    assert circles == []


def _unless_refused(act: Callable[[], object]) -> None:
    try:
        act()
    except YujianError:
        db.session.rollback()


def _some_act(chance: random.Random, desk: Person, people: list[Person]) -> Callable[[], object]:
    resource, person = chance.choice(["ground", "track", "slope"]), chance.choice(people)
    start, hour = at(chance.choice([5, 6])), chance.randint(0, 20)
    booked = [
        (each.id, each.version, each.company_id) for each in db.session.query(Booking).filter_by(state="requested")
    ]
    shut = [closure.id for closure in db.session.query(Closure)]
    acts: list[Callable[[], object]] = [
        lambda: service.book(person.viewer, Book("t", resource, start, State.REQUESTED), NOW),
        lambda: closing(desk, resource, (at(5, hour, 0), at(6, hour, 0))),
    ]
    if booked:
        ident, version, company = chance.choice(booked)
        owner = next(each for each in people if each.viewer.organisation_id == company)
        acts += [
            lambda: service.cancel(owner.viewer, Change(ident, version), NOW),
            lambda: moves.move(owner.viewer, Move(ident, version, starts_at=at(5, 9), resource=resource), NOW),
        ]
    if shut:
        closed = chance.choice(shut)
        acts += [
            lambda: closures.reopen(desk.viewer, closed, NOW),
            lambda: closures.change_end(desk.viewer, closed, at(6, chance.randint(1, 23), 0), False, NOW),
        ]
    return chance.choice(acts)


@pytest.mark.pg
@pytest.mark.parametrize("closed", [True, False])
def test_a_late_run_keeps_its_bench_up_to_what_comes_at_the_same_moment(world: World, app: Flask, closed: bool) -> None:
    world.bench()
    desk, rival = world.lab_admin("lab"), world.engineer("乙公司").viewer
    booking = desk.does("confirm", world.engineer("甲公司").requests(at(5)))
    world.now = at(5)
    booking = desk.does("start", booking)
    late = Delay(booking.id, booking.version, until=at(5, 16, 30))
    command = Book("t", "chamber", at(5, 13, 0), State.REQUESTED)
    other = (at(5, 13, 0), at(5, 15, 0))
    meanwhile(
        app,
        lambda: closing(desk, "chamber", other) if closed else service.book(rival, command, NOW),
        lambda: announce_delay(desk.viewer, late, at(5, 9, 0)),
    )
    assert overlaps() == 0
    assert db.session.get_one(Booking, late.booking_id).ends_at == at(5, 13, 0)


@pytest.mark.pg
def test_nothing_is_proposed_because_of_a_closure_that_is_taken_back(ground: World, app: Flask) -> None:
    company, desk = ground.engineer("甲公司"), ground.lab_admin("lab")
    booking = desk.does("confirm", company.requests(at(5), "track"))
    ident = closing(desk, "track").id
    told: list[str] = []
    wanted = [Proposal(booking.id, booking.version, "slope", at(5))]
    meanwhile(
        app,
        lambda: closures.reopen(desk.viewer, ident, NOW),
        lambda: told.extend(each.refused for each in relocating.propose(desk.viewer, ident, wanted, "检修", NOW)),
    )
    assert len(told) == 1 and told[0]
    assert wrong() == []


@pytest.mark.pg
@pytest.mark.parametrize("step", ["cancel", "refuse-move"])
def test_what_ends_while_its_bench_gets_another_part_takes_nothing_there(world: World, app: Flask, step: str) -> None:
    world.bench(ident="ground", pool="ground")
    world.resource("track")
    company, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = company.requests(at(5), "ground")
    if step == "refuse-move":
        booking = desk.moves(booking, at(6), "检修")
    change = Change(booking.id, booking.version)

    def join() -> None:
        with transaction() as session:
            lab = parts.family(session, "lab")
            parts.join(session, lab, lab.resources["track"], "ground", NOW)

    meanwhile(app, lambda: service.STEPS[step](company.viewer, change, NOW), join)
    kept = {} if step == "cancel" else {("ground", at(5)), ("track", at(5))}
    assert {(row.resource_id, row.starts_at) for row in db.session.query(Occupancy)} == set(kept)
