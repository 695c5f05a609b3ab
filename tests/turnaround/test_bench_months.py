"""With the nightly table of hours all is told as if it were reckoned live: late changes, a killed job, two jobs."""

import random
from datetime import datetime, timedelta
from itertools import combinations
from operator import attrgetter

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.booking.closures import CloseResource, close, reopen
from app.booking.models import Booking, ClosureKind
from app.booking.rules import State
from app.database import db, transaction
from app.events import log
from app.labs.capacity import touch
from app.labs.models import Lab, Resource
from app.orders.models import Order, OrderLine, OrderState
from app.testing.models import RunPause
from app.testing.run_rules import PauseCause
from app.turnaround import rules
from app.turnaround.bottlenecks import hours, kept, months
from app.turnaround.bottlenecks.models import BenchCell, BenchMonth
from app.turnaround.bottlenecks.months import finished
from tests.http import browser
from tests.statements import statements
from tests.world import Person, World, at

AFTER = at(1, 9, 0, month=12)
SETTLED = AFTER + timedelta(hours=1)
LABS = ("lab", "other", "third")
STATES = (State.COMPLETED,) * 6 + (State.NO_SHOW, State.CANCELLED, State.CONFIRMED, State.RUNNING)
DAY = timedelta(days=1)


def booking(world: World, person: Person, resource: str, start: datetime, length: timedelta, state: State) -> Booking:
    """As the services leave one behind that began then; runs may begin late and end much later."""
    unit = db.session.get_one(Resource, resource)
    dice = random.Random(str(start))
    owner = {"company_id": person.viewer.organisation_id, "lab_id": unit.lab_id}
    asked, by = start - 9 * DAY, person.viewer.user_id
    began = start + timedelta(minutes=dice.randrange(-60, 300))
    ran = state in (State.COMPLETED, State.RUNNING)
    with transaction() as session:
        order = Order(
            state=OrderState.ACCEPTED, code=f"W{next(world.serial):07d}", created_at=asked, created_by_id=by, **owner
        )
        line = OrderLine(order=order, test_id="t", submitted_at=asked, accepted_at=asked, **owner)
        line.taken_at = began if ran else None
        line.ended_at = began + length * dice.choice((0.4, 1, 3)) if state is State.COMPLETED else None
        session.add(order)
        session.flush()
        made = Booking(
            code=f"B{next(world.serial):07d}", resource_id=resource, place=1, test_id="t", state=state, **owner
        )
        made.order_line_id, made.created_by_id, made.created_at, made.requested_at = line.id, by, asked, asked
        made.starts_at, made.ends_at, made.run_from, made.run_until = start, start + length, start, start + length
        made.confirmed_at, made.confirmed_by_id = asked, by
        made.changed_at = start - timedelta(hours=3) if state is State.CANCELLED else start
        session.add(made)
        session.flush()
        if ran and dice.random() < 0.4:
            pause = RunPause(booking_id=made.id, order_line_id=line.id, cause=PauseCause.EQUIPMENT, by_id=by, **owner)
            pause.started_at = began + length / 5
            pause.ended_at = None if state is State.RUNNING else began + length / 3
            session.add(pause)
        return made


@pytest.fixture
def busy(world: World) -> World:
    """A year and more of bookings at three labs, with closures, and runs over the ends of months."""
    world.bench(shifts="two")
    for lab in LABS[1:]:
        world.resource(f"{lab}-1", lab, pool=f"{lab}-rig")
        world.resource(f"{lab}-2", lab, pool=f"{lab}-rig", shifts="continuous")
    people = [world.engineer(name) for name in ("甲公司", "乙公司", "丙公司", "丁公司")]
    dice = random.Random(3)
    for resource in ("chamber", "other-1", "other-2", "third-1", "third-2"):
        start = at(20, 8, 30, month=6) - 220 * DAY
        while start < AFTER + 20 * DAY:
            length = timedelta(minutes=dice.choice((300, 1500, 9000)))
            booking(world, dice.choice(people), resource, start, length, dice.choice(STATES))
            start += length + timedelta(minutes=dice.randrange(30, 20000))
        lab = world.lab_admin(resource.partition("-")[0].replace("chamber", "lab"))
        for month in (3, 6, 9):
            over_the_end = CloseResource(resource, at(28, 9, month=month), at(3, 9, month=month + 1), ClosureKind.POWER)
            close(lab.viewer, over_the_end, at(1, 9, month=month))
    return world


def told(now: datetime) -> list[object]:
    """Everything that is told of hours, but for the instant."""
    found = [hours.by_kind(count, now) for count in (3, 6, 12)]
    found += [hours.by_pool(labs, 12, now) for labs in (["lab"], ["other", "third"])]
    return [(each.rows, each.lost) for each in found]


def live(now: datetime) -> list[object]:
    """The same without the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hours, "read", lambda labs, period, now: kept.Kept(list(months.cells(labs, period, now)), None))
        return told(now)


def reads_bookings(now: datetime) -> bool:
    with statements() as sent:
        hours.by_kind(12, now)
    return any("FROM booking JOIN order_line" in statement.replace("\n", " ") for statement in sent)


def test_the_same_with_and_without_the_table(busy: World) -> None:
    without = told(AFTER)
    assert without == live(AFTER) and reads_bookings(AFTER)
    assert any(row.spent and row.spent.lost for row in hours.by_pool(["lab"], 12, AFTER).rows)
    assert any(row.spent for row in hours.by_kind(12, AFTER).rows) and hours.by_kind(12, AFTER).lost
    assert kept.keep(SETTLED) == 24
    assert told(SETTLED) == without and not reads_bookings(SETTLED)
    assert hours.by_kind(12, SETTLED).as_of == SETTLED - kept.SETTLED
    assert kept.keep(SETTLED) == 0


def test_a_month_and_all_months_at_once_are_the_same(busy: World) -> None:
    period = finished(12, AFTER)
    whole = list(months.cells(LABS, period, AFTER))
    singly = [cell for month in period.months() for cell in months.cells(LABS, rules.days_of_month(month), AFTER)]
    by_month = attrgetter("month", "pool")
    assert sorted(whole, key=by_month) == sorted(singly, key=by_month)


def logged(world: World, kind: str, row: Booking, **data: str) -> None:
    with transaction() as session:
        log.record(session, kind, session.get_one(Booking, row.id), by=log.System(), at=world.now, **data)


def test_what_happened_since_is_in_at_once_and_the_next_night_kept(busy: World) -> None:
    kept.keep(SETTLED)
    before = told(SETTLED)
    busy.now = SETTLED
    # A booking of the last evening of November is said to be a no-show on 1 December.
    late = booking(busy, busy.engineer("甲公司"), "chamber", at(30, 20, 0), timedelta(hours=3), State.CONFIRMED)
    logged(busy, "booking.confirmed", late)
    with_it = told(SETTLED)
    assert with_it == live(SETTLED) != before and reads_bookings(SETTLED)
    with transaction() as session:
        session.get_one(Booking, late.id).state = State.NO_SHOW
    logged(busy, "booking.no_show", late)
    assert told(SETTLED) == live(SETTLED) != with_it
    with transaction() as session:
        moved = session.get_one(Booking, late.id)
        moved.starts_at = moved.run_from = SETTLED + 40 * DAY
        moved.ends_at = moved.run_until = moved.starts_at + DAY
    logged(busy, "booking.moved", late, **{"from": at(30, 20, 0).isoformat(), "to": moved.starts_at.isoformat()})
    assert told(SETTLED) == live(SETTLED)
    closed = close(
        busy.lab_admin("other").viewer, CloseResource("other-1", at(1), at(2), ClosureKind.OTHER, around=True), SETTLED
    )
    assert told(SETTLED) == live(SETTLED)
    reopen(busy.lab_admin("other").viewer, closed.id, SETTLED)
    night = SETTLED + DAY
    # November has all of these.
    assert kept.keep(night) == 1
    assert told(night) == live(night) and not reads_bookings(night)


def test_a_lab_with_other_benches_or_calendars_is_reckoned_live(busy: World) -> None:
    kept.keep(SETTLED)
    with transaction() as session:
        session.get_one(Resource, "third-1").places = 2
    changed = told(SETTLED)
    assert changed == live(SETTLED)
    with transaction() as session:
        session.get_one(Resource, "other-2").retired_at = SETTLED
        touch(session, "lab")
    assert told(SETTLED) == live(SETTLED) != changed
    with transaction() as session:
        session.get_one(Lab, "other").retired_at = SETTLED
    assert told(SETTLED) == live(SETTLED)
    assert kept.keep(SETTLED + DAY) == 24
    assert told(SETTLED + DAY) == live(SETTLED + DAY) and not reads_bookings(SETTLED + DAY)


def test_a_killed_job_leaves_nothing_wrong(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write, made = kept._write, []

    def until_killed(month, *rest):
        if len(made) == 20:
            raise KeyboardInterrupt
        made.append(month)
        return write(month, *rest)

    monkeypatch.setattr(kept, "_write", until_killed)
    with pytest.raises(KeyboardInterrupt):
        kept.keep(SETTLED)
    assert db.session.query(BenchMonth).count() == 20
    assert told(SETTLED) == live(SETTLED)
    monkeypatch.undo()
    assert kept.keep(SETTLED) == 4 and told(SETTLED) == live(SETTLED)


def test_two_leaders_make_each_month_once(busy: World, twice_at_once) -> None:
    wanted = told(AFTER)
    db.session.remove()

    twice_at_once(lambda: kept.keep(SETTLED))
    assert (db.session.query(BenchMonth).count(), db.session.query(BenchCell).count()) == (24, 24 * 3)
    assert told(SETTLED) == wanted


sets = st.lists(
    st.dictionaries(st.integers(0, 30).map(str), st.just(""), max_size=9).map(
        lambda lines: {line: f"company {int(line) % 4}" for line in lines}
    ),
    min_size=1,
    max_size=4,
)


@given(sets)
def test_of_any_months_together_the_few_lines_kept_tell_the_same_as_all(parts: list[dict[str, str]]) -> None:
    def enough(lines: dict[str, str]) -> bool:
        return rules.enough(len(lines), len(set(lines.values())))

    for count in range(1, len(parts) + 1):
        for chosen in combinations(parts, count):
            together: dict[str, str] = {}
            few: dict[str, str] = {}
            for part in chosen:
                assert len(months.few(part)) <= 2 * rules.LEAST_LINES
                together |= part
                few |= months.few(part)
            assert enough(few) == enough(together) and bool(few) == bool(together)


def test_the_page_says_as_of_when(busy: World, app: Flask) -> None:
    people = busy.coordinator(), busy.lab_admin("lab")
    with time_machine.travel(SETTLED, tick=False):
        for person in people:
            assert "每夜汇总" not in browser(app, person).get("/turnaround/bottlenecks").text
        kept.keep(SETTLED)
        for person in people:
            assert "每夜汇总" in browser(app, person).get("/turnaround/bottlenecks").text
