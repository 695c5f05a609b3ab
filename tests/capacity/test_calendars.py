"""A lab sets its shifts and days, and sees what that does before it is saved."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.booking.rules import OutsideWorkingTime, State
from app.capacity.calendars import service
from app.capacity.calendars.rules import (
    EndsBeforeBegin,
    PatternsMeet,
    Shift,
    ShiftsOverlap,
    as_typed,
    is_covered,
    pieces_of,
)
from app.capacity.calendars.service import SetDays, SetPattern
from app.capacity.rules import StaleSetup
from app.database import db
from app.labs.capacity import Audience, LabDay, LabShiftPattern
from app.labs.models import Lab
from app.worktime import PATTERNS, Interval, ShiftPattern, Use, WeeklyShift, WorkingCalendar, layered, local_day
from tests.visitor import Visitor
from tests.world import SHANGHAI, Person, World, at

Visits = Callable[[Person], Visitor]
PATH = "/capacity/lab/calendars/"
HOUR = timedelta(hours=1)
ONE = (Shift(frozenset(range(5)), 510, 1050),)
TWO = (Shift(frozenset(range(6)), 480, 0),)
NIGHT = (Shift(frozenset({0, 1, 2, 3, 4}), 1200, 240),)


def version() -> str:
    return db.session.get_one(Lab, "lab").setup_version


def sets(lab: Person, shifts: tuple[Shift, ...], resource: str | None = "chamber", **more: object) -> LabShiftPattern:
    """A pattern of the lab, stored."""
    given: dict = {
        "pattern_id": None,
        "name": "排班",
        "replaces": "",
        "continuous": False,
        "daylight": False,
        "valid_from": None,
        "valid_until": None,
        "ends_before": False,
        "seen": version(),
    } | more
    command = SetPattern(lab_id="lab", resource_id=resource, shifts=shifts, **given)
    return service.set_pattern(lab.viewer, command, lab.world.now)


def days(lab: Person, first: date, last: date, hours: tuple = (), **more: object) -> list[LabDay]:
    """Days of the lab's own table, stored."""
    given: dict = {"audience": Audience.ALL, "company_id": None, "seen": version(), "resource_id": "chamber"} | more
    command = SetDays(lab_id="lab", first=first, last=last, hours=hours, name_zh="春节加班", name_en="", **given)
    return service.set_days(lab.viewer, command, lab.world.now)


def test_a_resource_overrides_its_lab_and_the_lab_the_catalogue(world: World) -> None:
    world.bench()
    world.resource("second")
    world.capable("second", "t")
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    evening = at(5, 18, 0)
    with pytest.raises(OutsideWorkingTime):
        company.requests(evening)
    sets(lab, TWO, resource=None)
    assert company.requests(evening).starts_at == evening
    sets(lab, ONE, resource="second")
    with pytest.raises(OutsideWorkingTime):
        company.requests(evening, "second")


def test_from_a_date_on_and_until_a_date(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    sets(lab, TWO, valid_from=date(2026, 11, 16), valid_until=date(2026, 11, 20))
    with pytest.raises(OutsideWorkingTime):
        company.requests(at(13, 18, 0))
    assert company.requests(at(16, 18, 0))
    with pytest.raises(OutsideWorkingTime):
        company.requests(at(23, 18, 0))


def test_a_night_shift_runs_through_midnight(world: World) -> None:
    world.bench()
    sets(world.lab_admin("lab"), NIGHT)
    company = world.engineer("甲公司")
    booking = company.requests(at(5, 22, 0))
    assert (booking.starts_at, booking.ends_at) == (at(5, 22, 0), at(6, 2, 0))
    with pytest.raises(OutsideWorkingTime):
        company.requests(at(6, 9, 0))


def test_the_spring_festival_is_open_for_one_company_and_closed_for_others(world: World) -> None:
    world.bench()
    company, other, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    world.now = at(18, month=1, year=2027)
    festival = date(2027, 2, 8)
    for_one = {"audience": Audience.COMPANY, "company_id": company.viewer.organisation_id}
    days(lab, festival, festival + timedelta(days=3), ((510, 1050),), **for_one)
    asked = at(8, 8, 30, month=2, year=2027)
    with pytest.raises(OutsideWorkingTime) as refused:
        other.requests(asked)
    assert "春节加班" not in str(refused.value.facts["why"].name_zh)
    assert refused.value.facts["why"].name_zh == "春节"
    assert company.requests(asked).state is State.REQUESTED
    assert not any(span.contains(asked) for span in other.availability(days=30).working)
    assert any(span.contains(asked) for span in company.availability(days=30).working)


def test_reserve_days_are_open_only_for_what_the_lab_proposes(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    saturday = at(7, 8, 30)
    days(lab, date(2026, 11, 7), date(2026, 11, 7), ((510, 1050),), audience=Audience.RESERVE)
    with pytest.raises(OutsideWorkingTime):
        company.requests(saturday)
    booking = lab.does("confirm", company.requests(at(5)))
    proposed = lab.moves(booking, saturday, "下雨")
    assert proposed.proposal.starts_at == saturday
    assert company.does("accept-move", proposed).starts_at == saturday


def test_the_scene_of_the_new_pattern(world: World, visitor: Visits) -> None:
    """From 1 March two shifts; three bookings that the shorter Saturday no longer covers are listed, none touched."""
    world.bench()
    company, person = world.engineer("甲公司"), world.lab_admin("lab")
    desk = visitor(person)
    sets(person, TWO, name="两班")
    hit = [company.requests(at(day, 18, 0)) for day in (16, 17, 18)]
    kept = company.requests(at(19, 9, 0))
    form = desk.get(f"{PATH}patterns/new", resource="chamber")
    typed = {
        "name": "白班",
        "resource_id": "chamber",
        "replaces": "",
        "valid_from": "2026-11-16",
        "ends_before": "y",
        "shifts-0-weekdays": ["0", "1", "2", "3", "4"],
        "shifts-0-opens": "08:00",
        "shifts-0-closes": "17:00",
        "seen": form.field("seen"),
    }
    seen = desk.post(f"{PATH}patterns/new", **typed, do="preview")
    assert seen.status == 200
    assert all(booking.code in seen.text for booking in hit)
    assert kept.code not in seen.text
    assert "3 个预约不再被开放时间覆盖" in seen.text
    assert db.session.query(LabShiftPattern).count() == 1
    assert desk.post(f"{PATH}patterns/new", **typed, do="save").status == 303
    first, second = db.session.query(LabShiftPattern).order_by(LabShiftPattern.valid_from.is_not(None)).all()
    assert (first.valid_until, second.valid_from) == (date(2026, 11, 15), date(2026, 11, 16))
    for booking in hit:
        assert company.sees(booking).version == booking.version


def test_bad_patterns_are_refused_and_told(world: World, visitor: Visits) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    with pytest.raises(ShiftsOverlap) as refused:
        sets(lab, (*ONE, Shift(frozenset({4}), 1000, 1200)))
    assert refused.value.facts == {"first": "08:30–17:30", "second": "16:40–20:00"}
    with pytest.raises(ShiftsOverlap):
        sets(lab, (*NIGHT, Shift(frozenset({1}), 120, 400)))
    with pytest.raises(EndsBeforeBegin):
        sets(lab, ONE, valid_from=date(2026, 12, 2), valid_until=date(2026, 12, 1))
    sets(lab, ONE, name="甲班")
    with pytest.raises(PatternsMeet) as met:
        sets(lab, TWO, valid_from=date(2026, 12, 1))
    assert met.value.facts["name"] == "甲班"
    assert db.session.query(LabShiftPattern).count() == 1
    desk = visitor(lab)
    page = desk.post(f"{PATH}patterns/new", name="x", resource_id="chamber", replaces="", seen=version(), do="save")
    assert page.status == 422
    assert "请至少填一个班次" in page.text


def test_the_second_of_two_administrators_loses_nothing(world: World, visitor: Visits) -> None:
    world.bench()
    first, second = world.lab_admin("lab"), visitor(world.lab_admin("lab"))
    form = second.get(f"{PATH}days/new", resource="chamber", date="2026-11-12")
    days(first, date(2026, 11, 12), date(2026, 11, 12))
    typed = {
        "resource_id": "chamber",
        "first": "2026-11-12",
        "closed": "y",
        "name_zh": "大修",
        "audience": "all",
        "company_id": "",
    }
    late = second.post(f"{PATH}days/new", **typed, seen=form.field("seen"), do="save")
    assert late.status == 409
    assert "大修" in late.fields["name_zh"]
    assert second.post(f"{PATH}days/new", **typed, seen=late.field("seen"), do="save").status == 303
    assert [day.name_zh for day in db.session.query(LabDay)] == ["大修"]
    with pytest.raises(StaleSetup):
        sets(first, ONE, seen="old")


def test_the_months_say_why_and_where_hours_come_from(world: World, visitor: Visits) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    desk = visitor(lab)
    page = desk.get(PATH)
    assert "计划值" in page.text
    assert "2026-11" in page.html
    sets(lab, TWO)
    assert "本台架" in desk.get(PATH).text
    assert "暂定" in desk.get(PATH, month="2027-01").text
    assert "实验室自述" in visitor(world.engineer("甲公司")).get("/resources/chamber").text
    for stranger in (world.engineer("甲公司"), world.bench_crew("lab")):
        assert visitor(stranger).get(PATH).status == 404
        assert visitor(stranger).post(f"{PATH}patterns/new", name="x").status == 404


@given(st.lists(st.tuples(st.sets(st.integers(0, 6), min_size=1), st.integers(0, 23), st.integers(0, 23)), max_size=3))
def test_what_is_stored_reads_as_it_was_typed(rows: list) -> None:
    shifts = [Shift(frozenset(days), 60 * opens, 60 * closes) for days, opens, closes in rows]
    try:
        pieces = pieces_of(shifts)
    except ShiftsOverlap:
        return
    assert pieces_of(as_typed(pieces)) == pieces


minutes = st.integers(0, 47).map(lambda half: 30 * half)
weeks = st.builds(
    lambda days, opens, length: WeeklyShift(frozenset(days), opens, min(opens + 30 * length, 1440)),
    st.sets(st.integers(0, 6), min_size=1),
    minutes,
    st.integers(1, 20),
)
dates = st.none() | st.integers(0, 40).map(lambda n: date(2026, 11, 1) + timedelta(days=n))


@st.composite
def patterns(draw: st.DrawFn) -> ShiftPattern:
    first, last = draw(dates), draw(dates)
    if first and last and last < first:
        first, last = last, first
    return ShiftPattern("p", tuple(draw(st.lists(weeks, max_size=3))), valid_from=first, valid_until=last)


@settings(max_examples=150, deadline=None)
@given(st.lists(patterns(), max_size=3), st.lists(patterns(), max_size=3), st.integers(0, 45))
def test_layers_open_what_the_topmost_valid_one_says(lab: list, own: list, n: int) -> None:
    """Half hour by half hour of a day, without any layering."""
    on = date(2026, 11, 1) + timedelta(days=n)
    calendar = WorkingCalendar(layered([PATTERNS["day"]], lab, own))
    top = next(filter(None, ([p for p in layer if p.is_valid(on)] for layer in (own, lab, [PATTERNS["day"]]))))
    alone = WorkingCalendar(tuple(top))
    midnight = datetime(on.year, on.month, on.day, tzinfo=SHANGHAI).astimezone(UTC)
    for half in range(48):
        instant = midnight + half * timedelta(minutes=30)
        assert calendar.is_open(instant) == alone.is_open(instant)


@settings(max_examples=100, deadline=None)
@given(patterns(), patterns(), st.integers(0, 60), st.integers(1, 90))
def test_a_use_is_covered_when_no_worked_half_hour_is_lost(
    now: ShiftPattern, then: ShiftPattern, begin: int, length: int
) -> None:
    start = local_day(date(2026, 11, 9)).start + begin * HOUR / 2
    use = Use(start, start, start + length * HOUR / 2, start + length * HOUR / 2)
    before, after = WorkingCalendar((now,)), WorkingCalendar((then,))
    halves = [start + n * HOUR / 2 for n in range(length)]
    lost = any(before.is_open(half) and not after.is_open(half) for half in halves)
    assert is_covered(use, False, before, after) == (not lost)
    assert Interval(use.starts_at, use.ends_at) == use.interval
