"""What is shown as free can be booked, and what is shown as closed can't: pools, parts, companions, changeover.

Each house is small and made at random; the slow reading next to it looks at every booked span for every start.
"""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.booking import service
from app.booking.availability import Wish
from app.booking.models import OVERLAP, Booking, Occupancy
from app.booking.offers import Question, offers
from app.booking.rules import SlotTaken
from app.booking.service import Book
from app.booking.settings import limits
from app.capacity.resources.rules import PartTaken
from app.capacity.resources.service import ChangeResource, Facts, change_resource
from app.database import db, transaction
from app.identifiers import new_id
from app.labs.capacity import BenchState, Changeover, Companion, Nearness, ResourceLink, touch
from app.labs.models import Capability, Resource
from tests.booking.test_races import all_at_once, overlaps
from tests.conftest import empty_tables
from tests.waiting import until_one_waits
from tests.world import NOW, Person, World, at

HOUR = timedelta(hours=1)
TESTS = ("cold", "hot")
CHANGEOVER = 2 * HOUR


@dataclass(frozen=True)
class House:
    """How the benches of a house belong together."""

    places: int
    parts: bool
    companions: int
    excluded: bool
    neighbour: bool
    states: bool


houses = st.builds(
    House,
    places=st.integers(1, 3),
    parts=st.booleans(),
    companions=st.integers(0, 2),
    excluded=st.booleans(),
    neighbour=st.booleans(),
    states=st.booleans(),
)
STARTS = [at(5, 8, 30) + n * HOUR for n in range(8)]
asked = st.tuples(
    st.sampled_from(("甲公司", "乙公司")),
    st.sampled_from(("bench", "part", "beside", "near")),
    st.sampled_from(TESTS),
    st.sampled_from(range(8)),
    st.booleans(),
    st.booleans(),
    # Which of the bookings so far is moved there instead; most are new ones.
    st.one_of(st.none(), st.none(), st.integers(0, 6)),
)


def build(house: House) -> World:
    world = World()
    world.resource("bench", places=house.places, grain=60)
    for other in ("part", "beside", "near"):
        world.resource(other, grain=60)
    for unit in range(house.companions):
        world.resource(f"helper-{unit}", pool="helper")
    for test in TESTS:
        world.test(test, on="bench", setup=0, run=60, teardown=0)
        for other in ("part", "beside", "near"):
            world.capable(other, test)
    with transaction() as session:
        if house.parts:
            session.get_one(Resource, "part").whole_id = "bench"
        if house.companions:
            session.add_all(Companion(pool="bench", test_id=t, companion_pool="helper", lab_id="lab") for t in TESTS)
        if house.excluded:
            link = ResourceLink(one_id="bench", other_id="beside", nearness=Nearness.EXCLUDES, lab_id="lab")
            session.add(link)
        if house.neighbour:
            session.add(ResourceLink(one_id="bench", other_id="near", nearness=Nearness.NEIGHBOUR, lab_id="lab"))
        if house.states:
            session.add_all(BenchState(id=t, lab_id="lab", pool="bench", name_zh=t, name_en=t) for t in TESTS)
            session.flush()
            minutes = int(CHANGEOVER / timedelta(minutes=1))
            session.add(Changeover(from_state_id="cold", to_state_id="hot", lab_id="lab", minutes=minutes))
            for test in TESTS:
                session.get_one(Capability, ("bench", test)).state_id = test
        touch(session, "lab")
    return world


@dataclass(frozen=True, eq=False)
class Taken:
    """A booking as the slow reading keeps it."""

    company: str
    bench: str
    test: str
    start: datetime
    exclusive: bool
    shielded: bool


def slowly_free(house: House, taken: list[Taken], one: Taken) -> bool:
    """Whether nothing speaks against a use of an hour, looked up span by span."""
    end = one.start + HOUR
    same_time = [t for t in taken if t.start < end and one.start < t.start + HOUR]
    mine = [t for t in same_time if t.bench == one.bench]
    whole = house.parts and one.bench == "bench"
    places = house.places if one.bench == "bench" else 1
    all_of_it = whole or (one.exclusive and places > 1) or any(t.exclusive or (whole and house.parts) for t in mine)
    if len(mine) >= (1 if all_of_it else places):
        return False
    if house.parts and one.bench in ("bench", "part"):
        other = "part" if one.bench == "bench" else "bench"
        if any(t.bench == other for t in same_time):
            return False
    on_bench = sum(t.bench == "bench" for t in same_time)
    if house.companions and one.bench == "bench" and on_bench >= house.companions:
        return False
    if house.excluded and any(t.bench in across(house, one.bench, "beside") for t in same_time):
        return False
    if house.neighbour:
        facing = [t for t in same_time if t.bench in across(house, one.bench, "near") and t.company != one.company]
        if any(t.shielded or one.shielded for t in facing):
            return False
    return True


def across(house: House, bench: str, other: str) -> set[str]:
    """What lies across a link between the bench and the other: what is linked to a whole is linked to its parts."""
    inside = {"bench", "part"} if house.parts else {"bench"}
    return {other} if bench in inside else inside if bench == other else set()


def changeover_free(house: House, taken: list[Taken], one: Taken, place_of: dict[Taken, int], place: int) -> bool:
    """Whether the changeover fits before and after on this place."""
    if not house.states or one.bench != "bench":
        return True
    for t in taken:
        if t.bench != "bench" or (place_of[t] != place and not t.exclusive and not one.exclusive and not house.parts):
            continue
        before = CHANGEOVER if (t.test, one.test) == ("cold", "hot") else 0 * HOUR
        after = CHANGEOVER if (one.test, t.test) == ("cold", "hot") else 0 * HOUR
        if t.start + HOUR + before > one.start and one.start + HOUR + after > t.start:
            return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(house=houses, wishes=st.lists(asked, max_size=8))
def test_booked_exactly_where_the_slow_reading_finds_room(clean: object, house: House, wishes: list) -> None:
    try:
        world = build(house)
        taken: list[Taken] = []
        place_of: dict[Taken, int] = {}
        booked: dict[Taken, Booking] = {}
        people = {name: world.engineer(name) for name in ("甲公司", "乙公司")}
        for company, bench, test, hour, exclusive, shielded, moved in wishes:
            one, start = Taken(company, bench, test, STARTS[hour], exclusive, shielded), STARTS[hour]
            old = taken[moved] if moved is not None and moved < len(taken) else None
            if old is not None:
                # The wish and the test are kept; it meets everything but itself.
                one = replace(old, bench=bench, start=start)
            person, others = people[one.company], [t for t in taken if t is not old]
            expected = slowly_free(house, others, one)
            wish = Wish(person.viewer.company_id, one.exclusive, one.shielded)
            question = Question(one.test, start, start + timedelta(minutes=1), "lab", wish)
            shown = {o.slot.bench.resource_id for o in offers(question, world.now, limits(), 50)}
            try:
                if old is not None:
                    booking = person.moves(booked[old], start, resource=bench)
                else:
                    wanted = {"exclusive": one.exclusive, "shielded": one.shielded}
                    booking = person.requests(start, bench, one.test, **wanted)
            except SlotTaken:
                assert bench not in shown
                places = range(1, house.places + 1)
                assert not expected or not any(changeover_free(house, others, one, place_of, p) for p in places)
                db.session.rollback()
                continue
            # A booking that moves a little meets itself in what everybody is shown.
            assert bench in shown or old is not None
            assert expected
            assert changeover_free(house, others, one, place_of, booking.place)
            taken = [*others, one]
            place_of[one], booked[one] = booking.place, booking
        assert overlaps() == 0
        held = sum(len(booked[t].footprint) or 1 for t in taken)
        assert db.session.query(Occupancy).count() == held
    finally:
        empty_tables()


def books(person: Person, resource: str) -> Callable[[], object]:
    return lambda: service.book(person.viewer, Book("t", resource, at(5)), NOW)


def test_sixteen_at_once_for_five_chambers_and_three_cyclers(world: World, app: Flask) -> None:
    for unit in range(1, 6):
        world.resource(f"chamber-{unit}", pool="chamber")
    for unit in range(1, 4):
        world.resource(f"cycler-{unit}", pool="cycler")
    world.test(on="chamber")
    with transaction() as session:
        session.add(Companion(pool="chamber", test_id="t", companion_pool="cycler", lab_id="lab"))
        touch(session, "lab")
    people = [world.engineer(f"公司{n}") for n in range(16)]
    db.session.remove()
    # Some want a certain chamber, so that they meet only at the cyclers.
    wanted = [f"chamber-{n % 5 + 1}" if n < 12 else "chamber" for n in range(16)]
    told = all_at_once(app, [books(person, one) for person, one in zip(people, wanted, strict=True)])
    assert told == {"booked": 3, "taken, 3 offers": 13}
    footprints = [booking.footprint for booking in db.session.query(Booking)]
    assert len({place for footprint in footprints for place in footprint}) == 6
    assert db.session.query(Occupancy).count() == 6
    assert overlaps() == 0


@pytest.mark.pg
def test_two_that_wait_for_one_another_and_one_begins_again(world: World, app: Flask) -> None:
    """A rival holds the cycler and wants the chamber; the booker holds the chamber and wants the cycler."""
    world.bench()
    for one in ("cycler", "other"):
        world.resource(one)
    world.test("u", on="other")
    with transaction() as session:
        session.add(Companion(pool="chamber", test_id="t", companion_pool="cycler", lab_id="lab"))
        touch(session, "lab")
    person, rival = world.engineer("甲公司"), world.engineer("乙公司")
    owner = rival.requests(at(5), "other", test="u")
    row = {"place": 1, "starts_at": owner.starts_at, "ends_at": owner.ends_at, "booking_id": owner.id}
    row |= {"proposed": False, "shielded": False}
    told: list[Counter[str]] = []
    db.session.remove()
    booker = threading.Thread(target=lambda: told.append(all_at_once(app, [books(person, "chamber")])))
    with db.engine.connect() as connection:
        connection.execute(insert(Occupancy), row | {"id": new_id(), "resource_id": "cycler"})
        booker.start()
        until_one_waits(connection)
        connection.execute(insert(Occupancy), row | {"id": new_id(), "resource_id": "chamber"})
        connection.rollback()
    booker.join()
    assert told == [{"booked": 1}] and overlaps() == 0


def test_whole_and_parts_at_once(world: World, app: Flask) -> None:
    world.whole("whole", "part-a", "part-b")
    people = [world.engineer(f"公司{n}") for n in range(12)]
    db.session.remove()
    told = all_at_once(app, [books(each, ("whole", "part-a", "part-b")[n % 3]) for n, each in enumerate(people)])
    taken = sorted(booking.resource_id for booking in db.session.query(Booking))
    assert taken in (["whole"], ["part-a", "part-b"])
    assert told["booked"] == len(taken)
    assert overlaps() == 0


def test_surfaces_that_exclude_one_another_at_once(world: World, app: Flask) -> None:
    world.bench(ident="circle", pool="circle")
    world.resource("brake")
    world.capable("brake", "t")
    with transaction() as session:
        session.add(ResourceLink(one_id="brake", other_id="circle", nearness=Nearness.EXCLUDES, lab_id="lab"))
        touch(session, "lab")
    people = [world.engineer(f"公司{n}") for n in range(12)]
    db.session.remove()
    told = all_at_once(app, [books(each, ("circle", "brake")[n % 2]) for n, each in enumerate(people)])
    assert told["booked"] == 1


def test_a_part_joins_its_whole_while_both_are_booked(world: World, app: Flask) -> None:
    world.bench(ident="whole", pool="whole", places=1)
    world.resource("part")
    world.capable("part", "t")
    desk, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")

    def books_a_day(person: Person, resource: str, day: int) -> Callable[[], object]:
        return lambda: service.book(person.viewer, Book("t", resource, at(day)), NOW)

    def joins() -> None:
        row = db.session.get_one(Resource, "part")
        facts = Facts(row.name_zh, "", 1, row.grain_minutes, row.shifts, False, "", "", {})
        with suppress(PartTaken):
            change_resource(desk.viewer, ChangeResource("part", row.version, "whole", facts), NOW)

    days = (5, 6, 9, 10)
    db.session.remove()
    actions = [books_a_day(company, "whole", day) for day in days]
    all_at_once(app, [joins, *actions, *(books_a_day(rival, "part", day) for day in days)])
    joined = db.session.get_one(Resource, "part").whole_id == "whole"
    for booking in db.session.query(Booking).filter_by(resource_id="whole"):
        held = {row.resource_id for row in db.session.query(Occupancy).filter_by(booking_id=booking.id)}
        assert held == ({"whole", "part"} if joined else {"whole"})
    assert overlaps() == 0


def test_nobody_gets_past_the_guard_of_the_table(world: World) -> None:
    """Rows written by hand: on the part of a booked whole, and on the whole of a booked part, as a booker would."""
    world.whole("whole", "part")
    company = world.engineer("甲公司")
    whole, part = company.requests(at(5), "whole"), company.requests(at(6), "part")
    row = {"place": 1, "proposed": False, "shielded": False}
    by_hand = [
        Occupancy(
            id=new_id(), resource_id="part", starts_at=at(5, 9, 0), ends_at=at(5, 10, 0), booking_id=whole.id, **row
        ),
        *(
            Occupancy(
                id=new_id(), resource_id=one, starts_at=at(6, 9, 0), ends_at=at(6, 10, 0), booking_id=part.id, **row
            )
            for one in ("whole", "part")
        ),
    ]
    with pytest.raises(IntegrityError, match=OVERLAP), transaction() as session:
        session.add(by_hand[0])
    with pytest.raises(IntegrityError, match=OVERLAP), transaction() as session:
        session.add_all(by_hand[1:])
    assert db.session.query(Occupancy).count() == 3
