"""How much of its open hours a bench is booked and used, and what could fill its gaps."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.booking.closures import CloseResource, close
from app.booking.models import ClosureKind
from app.capacity.utilisation.board import board
from app.capacity.utilisation.rules import Loss, Use, hours
from app.database import db
from app.labs.models import Lab
from app.worktime import Interval
from tests.statements import statements
from tests.visitor import Visitor
from tests.world import Person, World, at

HOUR = timedelta(hours=1)
Visits = Callable[[Person], Visitor]


def test_booked_used_and_lost_hours_of_a_bench(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    done = lab.does("confirm", company.requests(at(5)))
    missed = lab.does("confirm", company.requests(at(6)))
    closing = CloseResource("chamber", at(9, 8, 30), at(9, 12, 30), ClosureKind.CALIBRATION)
    close(lab.viewer, closing, world.now)
    world.now = done.starts_at
    done = lab.does("start", done)
    world.now += 2 * HOUR
    lab.does("complete", done)
    world.now = missed.starts_at + HOUR
    lab.does("no-show", missed)
    world.now = at(10, 8, 30)
    seen = board(db.session.get_one(Lab, "lab"), world.now)
    (row,) = seen.rows
    # Nine hours a day, four weeks back and Monday of this week; the holidays of October are not worked.
    assert row.past.booked == done.ends_at - done.starts_at
    assert row.past.used == 2 * HOUR
    assert row.past.lost == 4 * HOUR + (missed.ends_at - missed.starts_at)
    assert dict(seen.lost) == {"calibration": 4 * HOUR, "no_show": missed.ends_at - missed.starts_at}


def test_the_coming_weeks_and_the_most_contested(world: World) -> None:
    world.bench()
    world.resource("second")
    world.capable("second", "t")
    world.engineer("甲公司").requests(at(12))
    seen = board(db.session.get_one(Lab, "lab"), world.now)
    chamber = next(row for row in seen.rows if row.resource.id == "chamber")
    assert [week.hours.booked for week in chamber.coming[:3]] == [0 * HOUR, 4 * HOUR, 0 * HOUR]
    assert chamber.coming[1].hours.open == 45 * HOUR
    assert chamber.coming[1].hours.booked_share == 9
    assert [row.resource.id for row in seen.contested] == ["chamber"]


def test_a_gap_names_the_bookings_that_could_start_earlier(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(12))
    gap = board(db.session.get_one(Lab, "lab"), world.now).gaps[0]
    (filler,) = gap.fillers
    assert filler.booking.id == booking.id
    assert gap.when.start <= filler.slot.use.starts_at < filler.slot.use.ends_at <= gap.when.end


def test_the_page_for_its_lab_alone_and_flat(world: World, visitor: Visits) -> None:
    world.bench()
    company, desk = world.engineer("甲公司"), visitor(world.lab_admin("lab"))
    with statements() as few:
        page = desk.get("/capacity/lab/use/")
    assert page.status == 200
    for day in (5, 6, 9, 10, 11, 12):
        company.requests(at(day))
    with statements() as many:
        assert desk.get("/capacity/lab/use/").status == 200
    # The capable benches of those who wait, no more.
    assert len(many) <= len(few) + 2
    assert visitor(company).get("/capacity/lab/use/").status == 404


spans = st.builds(
    lambda start, length: Interval(at(2, 0, 0) + start * HOUR, at(2, 0, 0) + (start + length) * HOUR),
    st.integers(0, 100),
    st.integers(1, 30),
)


@given(
    windows=st.lists(spans, max_size=6),
    booked=st.lists(st.tuples(st.integers(1, 2), spans), max_size=6),
    lost=st.lists(st.tuples(st.integers(1, 2), spans), max_size=4),
)
def test_hours_equal_counting_hour_by_hour(windows: list, booked: list, lost: list) -> None:
    span = Interval(at(3, 0, 0), at(5, 0, 0))
    uses = [Use(place, when, when) for place, when in booked]
    found = hours(span, windows, 2, uses, [Loss(place, when, "other") for place, when in lost])

    def counted(taken: list) -> int:
        ticks = [span.start + n * HOUR for n in range(48)]
        opened = [tick for tick in ticks if any(w.contains(tick) for w in windows)]
        return sum(any(p == place and w.contains(tick) for p, w in taken) for tick in opened for place in (1, 2))

    everything = [(place, span) for place in (1, 2)]
    assert found.open == counted(everything) * HOUR
    assert found.booked == found.used == counted(booked) * HOUR
    assert found.lost == counted(lost) * HOUR
