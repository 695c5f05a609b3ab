"""How hours of benches were spent, who is told of them, and what one more shift or bench would have brought."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.booking.availability import ANYBODY
from app.booking.closures import CloseResource, close
from app.booking.models import Booking, ClosureKind
from app.booking.offers import Question, offers
from app.booking.rules import Limits
from app.booking.settings import limits
from app.capacity.utilisation.rules import Loss, Use
from app.database import transaction
from app.labs.capacity import Companion, touch
from app.labs.models import Resource, ResourceKind
from app.labs.queries import Bench, CapableBench
from app.testing.models import RunPause
from app.testing.run_rules import PauseCause
from app.turnaround.bottlenecks import hours
from app.turnaround.bottlenecks.replay import (
    House,
    Request,
    can_work_longer,
    longer_calendar,
    one_more_bench,
    replay,
    wishes,
)
from app.turnaround.bottlenecks.spent import spent
from app.turnaround.bottlenecks.what_if import Change, WhatIf, what_if
from app.worktime import PATTERNS, Interval, Need, WorkingCalendar, is_working_day, local_day
from tests.http import browser
from tests.statements import statements
from tests.world import NOW, World, at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AFTER = at(1, 9, 0, month=12)
COMPANIES = ("甲公司", "乙公司", "丙公司")


def pause(booking: Booking, cause: PauseCause, begin: datetime, end: datetime, by: str | None) -> None:
    owner = {"company_id": booking.company_id, "lab_id": booking.lab_id, "by_id": by}
    line = booking.order_line_id
    with transaction() as session:
        session.add(
            RunPause(booking_id=booking.id, order_line_id=line, cause=cause, started_at=begin, ended_at=end, **owner)
        )


def test_every_open_hour_of_a_pool_is_told_once(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    done, missed, late = (lab.does("confirm", company.requests(at(day))) for day in (5, 6, 10))
    close(lab.viewer, CloseResource("chamber", at(9, 8, 30), at(9, 12, 30), ClosureKind.CALIBRATION), world.now)
    world.now = done.starts_at
    done = lab.does("start", done)
    world.now += 3 * HOUR
    lab.does("complete", done)
    pause(done, PauseCause.EQUIPMENT, done.starts_at + HOUR, done.starts_at + 1.5 * HOUR, lab.viewer.user_id)
    world.now = missed.starts_at + HOUR
    lab.does("no-show", missed)
    world.now = late.starts_at - HOUR
    lab.does("cancel", late, "样品没有到")
    told = hours.by_pool(["lab"], 3, AFTER)
    (row,) = told.rows
    assert row.spent is not None
    # Of three months 61 days are worked, nine hours each.
    assert row.spent.hours.open == 61 * 9 * HOUR
    assert row.spent.hours.booked == done.ends_at - done.starts_at
    assert row.spent.running == 2.5 * HOUR
    assert row.spent.unused == done.ends_at - done.starts_at - 3 * HOUR
    assert row.spent.lost == {
        "closure:calibration": 4 * HOUR,
        "late": 4 * HOUR,
        "no_show": 4 * HOUR,
        "pause:equipment": HOUR / 2,
    }
    assert row.spent.running + row.spent.unused + row.spent.lost_all + row.spent.free == row.spent.hours.open
    assert [cause for cause, _length in told.lost][-1] == "pause:equipment"


spans = st.builds(
    lambda start, length: Interval(at(2, 0, 0) + start * HOUR, at(2, 0, 0) + (start + length) * HOUR),
    st.integers(0, 60),
    st.integers(1, 20),
)
CAUSES = st.sampled_from(("pause:staff", "closure:power", "no_show", "late"))


@settings(max_examples=60, deadline=None)
@given(
    windows=st.lists(spans, max_size=4),
    uses=st.lists(st.builds(Use, st.integers(1, 2), spans, st.one_of(st.none(), spans)), max_size=4),
    lost=st.lists(st.builds(Loss, st.integers(1, 2), spans, CAUSES), max_size=5),
)
def test_whatever_overlaps_the_parts_add_up_to_the_open_hours(windows: list, uses: list, lost: list) -> None:
    found = spent(Interval(at(2, 6, 0), at(4, 0, 0)), windows, 2, uses, lost)
    assert found.running + found.unused + found.free + found.lost_all == found.hours.open
    assert found.running <= found.hours.used


def of(found: WhatIf | None, change: Change) -> tuple[float, int, int]:
    """Hours by which the mean start is sooner, lines earlier and later."""
    assert found is not None
    outcome = found.of(change)
    assert outcome is not None
    return round(outcome.sooner * 24, 6), outcome.earlier, outcome.later


def test_requests_for_the_earliest_time_come_out_as_they_were_and_more_capacity_as_by_hand(world: World) -> None:
    world.bench(unattended=True)
    world.test("long", run=15 * 60)
    world.now = at(2, 8, 0)
    for number in range(5):
        (first, *_rest) = offers(Question("long"), world.now, limits())
        world.engineer(COMPANIES[number % 3]).requests(first.starts_at, test="long")
    with statements() as asked:
        found = what_if("lab", "chamber", 3, AFTER)
    assert not [text for text in asked if not text.lstrip().upper().startswith("SELECT")]
    assert found is not None
    # One a day begins at 08:30 and runs into the night, from Tuesday to Monday.
    assert (found.lines, found.same, found.wished, found.left) == (5, 5, 0, 0)
    assert of(found, Change.NONE) == (0, 0, 0)
    plain = found.of(Change.NONE)
    assert plain is not None
    assert found.happened == plain.waiting
    assert plain.waiting * 24 == pytest.approx((24.5 + 48.5 + 72.5 + 96.5 + 168.5) / 5)
    # Started until midnight: Tuesday 08:30 and 23:30, Wednesday 14:30, Thursday 08:30 and 23:30.
    assert of(found, Change.SHIFT) == ((0 + 9 + 18 + 24 + 81) / 5, 4, 0)
    # Two on Tuesday, two on Wednesday, one on Thursday.
    assert of(found, Change.BENCH) == ((0 + 24 + 24 + 48 + 96) / 5, 4, 0)
    # 45 of 549 open hours; 52.5 of 945.5 with the evenings; 45 of 1098.
    assert [outcome.share for outcome in found.outcomes] == [8, 6, 4]
    assert what_if("lab", "chamber", 3, AFTER, most=2).left == 3


def test_who_passed_over_a_free_time_is_not_moved_before_it(world: World) -> None:
    world.bench()
    world.engineer("甲公司").requests(at(12))
    world.engineer("乙公司").requests(at(16))
    found = what_if("lab", "chamber", 3, AFTER)
    assert found is not None
    assert (found.lines, found.same, found.wished) == (2, 2, 2)
    assert of(found, Change.BENCH) == of(found, Change.SHIFT) == (0, 0, 0)


def test_of_what_was_taken_back_nothing_is_asked_again(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    company.does("cancel", company.requests(at(12)))
    assert what_if("lab", "chamber", 3, AFTER) is None
    assert what_if("lab", "no such pool", 3, AFTER) is None


def test_people_who_are_needed_beside_every_bench_can_be_what_is_scarce(world: World) -> None:
    for number in (1, 2):
        world.resource(f"rig-{number}", pool="rig")
    world.test("day", run=9 * 60, on="rig")
    world.resource("crew")
    with transaction() as session:
        kind = session.get_one(ResourceKind, "kind")
        columns = {column.key: getattr(kind, column.key) for column in ResourceKind.__table__.columns}
        session.add(ResourceKind(**(columns | {"id": "operator"})))
        session.flush()
        session.get_one(Resource, "crew").kind_id = "operator"
        session.add(Companion(lab_id="lab", pool="rig", test_id="day", companion_pool="crew"))
        touch(session, "lab")
    world.now = at(2, 8, 0)
    for day in (3, 4):
        world.engineer("甲公司").requests(at(day), resource="rig", test="day")
    assert of(what_if("lab", "rig", 3, AFTER), Change.BENCH) == (0, 0, 0)
    people = what_if("lab", "crew", 3, AFTER)
    assert of(people, Change.BENCH) == (12, 1, 0)
    assert people is not None
    assert people.of(Change.SHIFT) is None


def test_one_sample_is_not_in_two_places_however_many_benches_there_are() -> None:
    first = request(0, at(2), at(4))
    second = Request("1", at(2), "t", ANYBODY, busy(at(5)), (("rig-0", 1),), {"0": first.had.end})
    house = house_of([first, second], 1)
    found = replay([first, second], house.changed(one_more_bench(["rig-0"], False), ()), {})
    assert [placed.when.start for placed in found] == [at(3), at(3, 16, 30)]


LIMITS = Limits(2 * HOUR, 5, 2 * HOUR, 1, 180 * DAY, 48 * HOUR, 48 * HOUR)
LENGTH = 8 * HOUR


def busy(start: datetime) -> Interval:
    return Interval(start, start + LENGTH)


def request(number: int, asked_at: datetime, start: datetime) -> Request:
    return Request(str(number), asked_at, "t", ANYBODY, busy(start), (("rig-0", 1),))


def house_of(requests: Sequence[Request], units: int, shifts: str = "day") -> House:
    calendar = WorkingCalendar((PATTERNS[shifts],))
    need = Need(0 * HOUR, LENGTH, 0 * HOUR, splits=False, unattended=False)
    benches = [
        CapableBench(
            Bench(f"rig-{number}", "rig", "lab", 1, HOUR / 2, calendar), "t", "battery", need, "planning", 5, False
        )
        for number in range(units)
    ]
    return House({each.id: benches for each in requests}, {}, lambda _item: LIMITS)


@settings(max_examples=30, deadline=None)
@given(
    asked=st.lists(st.integers(0, 60), min_size=1, max_size=10).map(sorted),
    units=st.integers(1, 2),
    shifts=st.sampled_from(("day", "two", "continuous")),
)
def test_of_equal_tests_none_starts_later_with_one_more_bench(asked: list[int], units: int, shifts: str) -> None:
    """Of tests of different length some may: who comes first takes another time, and it fits others less (Graham)."""
    requests = [request(number, NOW + hour * HOUR, NOW + 90 * DAY) for number, hour in enumerate(asked)]
    house = house_of(requests, units, shifts)
    before = replay(requests, house, {})
    after = replay(requests, house.changed(one_more_bench(["rig-0"], False), ()), {})
    assert all(new.when.start <= old.when.start for new, old in zip(after, before, strict=True))
    # Asked again as they then came out, everybody has what he had.
    had = [Request(p.request.id, p.request.asked_at, "t", ANYBODY, p.when, p.taken) for p in before]
    assert wishes(had, house) == {}
    assert [placed.taken for placed in replay(had, house, {})] == [placed.taken for placed in before]


def test_one_more_shift_is_worked_in_the_evening_else_before_the_morning() -> None:
    def open_hours(shifts: str) -> list[tuple[int, int]]:
        longer = longer_calendar(WorkingCalendar((PATTERNS[shifts],), 29.7, 106.6))
        begin = local_day(at(3).date()).start
        return [
            (int((each.start - begin) / timedelta(minutes=1)), int((each.end - begin) / timedelta(minutes=1)))
            for each in longer.day_windows(at(3).date())
        ]

    assert open_hours("day") == [(8 * 60 + 30, 24 * 60)]
    assert open_hours("two") == [(0, 24 * 60)]
    assert [can_work_longer(WorkingCalendar((PATTERNS[name],), 29.7, 106.6)) for name in PATTERNS] == [
        True,
        True,
        False,
        False,
    ]


def booked(world: World, month: int, count: int, companies: int) -> None:
    """Requests of this month, one a day from the 12th on."""
    world.now = at(1, 9, 0, month=month)
    days = [day for day in range(12, 31) if is_working_day(date(2026, month, day))]
    for number, day in enumerate(days[:count]):
        world.engineer(COMPANIES[number % companies]).requests(at(day, month=month))


def test_of_all_labs_a_kind_is_told_from_five_lines_of_three_companies_in_every_stretch(world: World) -> None:
    world.bench()
    booked(world, 7, 2, 2)
    booked(world, 6, 1, 1)
    booked(world, 10, 5, 3)
    (row,) = hours.by_kind(3, AFTER).rows
    assert row.spent is not None
    assert row.spent.hours.booked == 5 * 4 * HOUR
    # Half a year less a quarter would tell the three lines of June and July.
    assert [row.spent for row in hours.by_kind(6, AFTER).rows] == [None]
    assert [row.spent for row in hours.by_kind(12, AFTER).rows] == [None]
    # A lab has its own figures whatever their size.
    assert all(row.spent for row in hours.by_pool(["lab"], 12, AFTER).rows)


def test_of_all_labs_a_cause_is_told_where_three_labs_had_it(world: World) -> None:
    world.bench()
    for lab in ("other", "third"):
        world.resource(f"{lab}-rig", lab)
    for lab, resource in (("lab", "chamber"), ("other", "other-rig"), ("third", "third-rig")):
        desk = world.lab_admin(lab)
        close(desk.viewer, CloseResource(resource, at(9), at(9, 10, 30), ClosureKind.POWER), world.now)
        if lab != "third":
            close(desk.viewer, CloseResource(resource, at(10), at(10, 10, 30), ClosureKind.BREAKDOWN), world.now)
    told = hours.by_kind(3, AFTER)
    assert told.lost == [("closure:power", 6 * HOUR)]
    assert all(row.spent and not row.spent.lost and not row.spent.hours.lost for row in told.rows)


def test_the_page_is_for_labs_and_coordinators(world: World, clean: Flask) -> None:
    world.bench()
    company, desk, coordinator = world.engineer("甲公司"), world.lab_admin("lab"), world.coordinator()
    for day in (5, 6):
        company.requests(at(day))
    other = world.resource("elsewhere-rig", "elsewhere")
    with time_machine.travel(AFTER, tick=False):
        for person in (company, world.bench_crew("lab")):
            assert browser(clean, person).get("/turnaround/bottlenecks").status_code == 403
        assert "瓶颈" not in browser(clean, company).get("/turnaround/").get_data(as_text=True)
        page = browser(clean, desk).get(f"/turnaround/bottlenecks?months=3&pool={other}")
        text = page.get_data(as_text=True)
        # Another lab's pool is none to ask for.
        assert page.status_code == 200
        assert 'value="elsewhere-rig"' not in text
        assert 'id="whatif"' in text
        assert "最紧的是环境舱 chamber" in text
        told = browser(clean, coordinator).get("/turnaround/bottlenecks?months=3&pool=chamber").get_data(as_text=True)
        assert 'id="whatif"' not in told
        assert "环境舱 chamber" not in told
        assert browser(clean, desk).get("/turnaround/bottlenecks?months=x").status_code == 200
