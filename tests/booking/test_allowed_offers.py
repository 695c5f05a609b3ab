"""What is offered to a company it can book, whatever the lab's rules and what it has already; and nothing sooner.

Each story is made at random. Every offer is booked for real; the slow reading next to it counts half hours.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.booking import offers, series, service
from app.booking.allowances import OF_THE_USE
from app.booking.availability import Wish, use_at
from app.booking.models import Booking, RuleWaiver
from app.booking.offers import Offer, Question, Waiting
from app.booking.preview import next_offers
from app.booking.rules import State
from app.booking.series import BookSeries, OnConflict, Rhythm, SeriesRefused
from app.booking.service import Book
from app.booking.settings import limits
from app.booking.sharing import Allowance, Disallowed, Longest, MoreThanShare, Share
from app.booking.steps import wish_of
from app.capacity.house_rules.rules import PRESETS
from app.database import db, transaction
from app.errors import YujianError
from app.labs import rules as kinds
from app.labs.queries import capable_benches
from app.worktime import PATTERNS, Interval, Need, Starts, WorkingCalendar, local_date
from tests.conftest import empty_tables
from tests.grain import on_grain
from tests.statements import statements
from tests.worktime.test_uses_minute_by_minute import questions
from tests.world import NOW, SHANGHAI, Person, World, at

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
GRAIN, DAYS = 2 * HOUR, 16
UNITS, ELSEWHERE = ("one", "two"), "elsewhere"
# Four hours in a shift, ten over two days, sixty by itself over nights and Sundays.
TESTS = {"short": (240, False), "split": (600, True), "long": (3600, True)}


def next_start(day: int, slot: int) -> datetime:
    return at(3) + day * DAY + slot * GRAIN


booked = st.tuples(
    st.sampled_from(("甲公司", "甲公司", "乙公司")),
    st.sampled_from((*UNITS, ELSEWHERE)),
    st.sampled_from(("short", "short", "split")),
    st.integers(0, DAYS - 1),
    st.integers(0, 4),
    st.booleans(),
)
values: dict[str, st.SearchStrategy[Any]] = {
    kinds.LONGEST: st.sampled_from((4, 24, 48)),
    kinds.OPEN_REQUESTS: st.sampled_from((1, 3, 20)),
    kinds.WEEKLY_HOURS: st.sampled_from((3, 4, 8, 24, 40)),
    kinds.NO_SHOWS: st.builds(lambda n: {"count": n, "days": 30, "blocked_days": 10}, st.integers(1, 3)),
}


@dataclass(frozen=True)
class Story:
    """What was booked, of the week before how many were missed, which rules hold, and which of them are waived (for
    how many more days).
    """

    test: str
    unattended: bool
    bookings: list[tuple[str, str, str, int, int, bool]]
    missed: int
    rules: dict[str, Any]
    of_the_pool: bool
    waived: dict[str, int] = field(default_factory=dict)


stories = st.builds(
    Story,
    test=st.sampled_from(tuple(TESTS)),
    unattended=st.booleans(),
    bookings=st.lists(booked, max_size=8),
    missed=st.integers(0, 2),
    rules=st.fixed_dictionaries({}, optional=values),
    of_the_pool=st.booleans(),
    waived=st.dictionaries(st.sampled_from(tuple(values)), st.sampled_from((-1, 0, 5)), max_size=1),
)
untimed = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def told(story: Story) -> tuple[World, Person]:
    """The story up to now, and who asks."""
    world = World(now=NOW - WEEK)
    for unit in UNITS:
        world.resource(unit, pool="pool", grain=120, unattended=story.unattended)
    world.resource(ELSEWHERE, grain=120)
    for ident, (minutes, splits) in TESTS.items():
        world.test(ident, run=minutes, run_splits=splits, on="pool")
        world.capable(ELSEWHERE, ident)
    people = {name: world.engineer(name) for name in ("甲公司", "乙公司")}
    lab = world.lab_admin("lab")
    missed = [lab.does("confirm", people["甲公司"].requests(at(28 + n, month=10), "one", "short")) for n in range(2)]
    world.now = NOW
    for booking in missed[: story.missed]:
        lab.does("no-show", booking)
    for company, bench, test, day, slot, asks in story.bookings:
        try:
            state = State.REQUESTED if asks else State.HELD
            people[company].holds(next_start(day, slot), bench, test, state=state)
        except YujianError:
            db.session.rollback()
    pool = "pool" if story.of_the_pool else ""
    world.rule(kinds.HORIZON, DAYS)
    for kind, value in story.rules.items():
        world.rule(kind, value, pool=pool)
    company_id = people["甲公司"].viewer.organisation_id
    with transaction() as session:
        for kind, days in story.waived.items():
            until = local_date(world.now) + days * DAY
            waiver = {"lab_id": "lab", "company_id": company_id, "kind": kind, "until": until, "created_at": world.now}
            session.add(RuleWaiver(reason="定型试验", **waiver))
    return world, people["甲公司"]


class Undone(Exception):
    """After a booking that was only to be seen to be possible."""


def refused(person: Person, test: str, bench: str, start: datetime) -> YujianError | None:
    """What a booking is refused with that is made for real, and undone again."""
    try:
        with transaction() as session:
            service.place(session, person.viewer, Book(test, bench, start, State.REQUESTED), person.world.now)
            raise Undone
    except Undone:
        return None
    except YujianError as error:
        return error


def slowly_allowed(story: Story, person: Person, use: Interval) -> bool:
    """Whether the rules in force allow a use on the pool, by counting half hours."""
    now, company_id = person.world.now, person.viewer.organisation_id
    mine = db.session.query(Booking).filter_by(company_id=company_id).all()
    rules = {kind: value for kind, value in story.rules.items() if story.waived.get(kind, -1) < 0}

    def by_week(start: datetime, end: datetime) -> Counter[tuple[int, int]]:
        steps = range(int((end - start) / (HOUR / 2)))
        return Counter((start + n * HOUR / 2).astimezone(SHANGHAI).isocalendar()[:2] for n in steps)

    used: Counter[tuple[int, int]] = Counter()
    for each in mine:
        if each.resource_id in UNITS and each.state in (State.HELD, State.REQUESTED, State.CONFIRMED):
            used += by_week(each.starts_at, each.ends_at)
    wanted = by_week(use.start, use.end)
    to_come = [each for each in mine if each.state in (State.REQUESTED, State.CONFIRMED) and each.starts_at > now]
    missed = [each for each in mine if each.state is State.NO_SHOW]
    return (
        (kinds.LONGEST not in rules or (use.end - use.start) / HOUR <= rules[kinds.LONGEST])
        and (kinds.OPEN_REQUESTS not in rules or len(to_come) < rules[kinds.OPEN_REQUESTS])
        and (kinds.NO_SHOWS not in rules or len(missed) < rules[kinds.NO_SHOWS]["count"])
        and (
            kinds.WEEKLY_HOURS not in rules
            or all((used[week] + more) / 2 <= rules[kinds.WEEKLY_HOURS] for week, more in wanted.items())
        )
    )


def bookable(story: Story, person: Person) -> dict[str, list[datetime]]:
    """By unit of the pool all starts that are accepted, found by trying every one."""
    capable = {item.bench.resource_id: item for item in capable_benches([story.test])}
    found: dict[str, list[datetime]] = {unit: [] for unit in UNITS}
    with transaction():
        for unit in UNITS:
            for n in range(DAYS * 5):
                start = next_start(*divmod(n, 5))
                error = refused(person, story.test, unit, start)
                if error is None or isinstance(error, Disallowed):
                    use = use_at(capable[unit], start).interval
                    assert slowly_allowed(story, person, use) is (error is None)
                if error is None:
                    found[unit].append(start)
    return found


@untimed
@given(story=stories)
def test_what_is_offered_can_be_booked_and_nothing_sooner(clean: Flask, story: Story) -> None:
    try:
        world, person = told(story)
        wish = Wish(person.viewer.company_id)
        possible = bookable(story, person)

        def starts_of(found: list[Offer], unit: str) -> list[datetime]:
            return [offer.starts_at for offer in found if offer.slot.bench.resource_id == unit]

        listed = offers.offers(Question(story.test, wish=wish), world.now, limits(), 1000)
        best = offers.best_of_each_bench([story.test], world.now, limits(), wish=wish)
        around = offers.nearest(story.test, at(9), world.now, limits(), "lab", wish=wish)
        free = offers.offers(Question(story.test), world.now, limits(), 1000)
        for unit in UNITS:
            assert starts_of(listed, unit) == possible[unit]
            assert starts_of(best.offers, unit) == possible[unit][:1]
            assert set(starts_of(around, unit)) <= set(possible[unit])
            # Where the rules alone leave nothing, their reason is the one that is met there.
            only_rules = starts_of(free, unit) if not possible[unit] else []
            said = best.refused.get((story.test, unit))
            assert bool(said) is bool(only_rules)
            assert not said or type(refused(person, story.test, unit, only_rules[0])) is type(said)
        capable = capable_benches([story.test], company_id=wish.company_id)
        units = [item for item in capable if item.bench.pool == "pool"]
        every = sorted({start for found in possible.values() for start in found})
        with suppress(Disallowed):
            following = next_offers(units, world.now, limits(), 5, wish=wish)
            assert [offer.starts_at for offer in following] == every[:5]
    finally:
        empty_tables()


@untimed
@given(story=stories, chosen=st.integers(0, 7))
def test_an_own_booking_moves_to_every_time_that_is_offered_for_it(clean: Flask, story: Story, chosen: int) -> None:
    try:
        world, person = told(story)
        mine = db.session.query(Booking).filter_by(company_id=person.viewer.organisation_id, state=State.REQUESTED)
        for booking in mine.order_by(Booking.starts_at).all()[chosen : chosen + 1]:
            question = Question(booking.test_id, wish=wish_of(booking))
            for offer in offers.offers(question, world.now, limits(), 6):
                moved = person.moves(booking, offer.starts_at, resource=offer.slot.bench.resource_id)
                assert moved.starts_at == offer.starts_at
    finally:
        empty_tables()


@untimed
@given(story=stories, tests=st.lists(st.sampled_from(tuple(TESTS)), min_size=1, max_size=5))
def test_lines_in_turn_use_up_the_share(clean: Flask, story: Story, tests: list[str]) -> None:
    """What is told of lines one after another can be booked one after another."""
    try:
        of_the_use = {kind: value for kind, value in story.rules.items() if kind in OF_THE_USE}
        world, person = told(replace(story, rules=of_the_use))
        lines = [Waiting(str(n), test, "lab", person.viewer.organisation_id) for n, test in enumerate(tests)]
        found = offers.in_turn(lines, [], world.now, limits())
        for line in lines:
            wish = Wish(person.viewer.company_id)
            soonest = offers.offers(Question(line.test_id, wish=wish), world.now, limits(), 1)
            offer = found.get(line.id)
            assert [offer.starts_at] == [each.starts_at for each in soonest] if offer else not soonest
            if offer:
                person.requests(offer.starts_at, offer.slot.bench.resource_id, line.test_id)
    finally:
        empty_tables()


@untimed
@given(
    story=stories, rhythm=st.sampled_from(tuple(Rhythm)), conflict=st.sampled_from((OnConflict.SKIP, OnConflict.MOVE))
)
def test_a_series_is_booked_as_it_was_shown(clean: Flask, story: Story, rhythm: Rhythm, conflict: OnConflict) -> None:
    try:
        world, person = told(story)
        command = BookSeries(story.test, "one", at(3, 10), rhythm, 1, 2, conflict)
        with suppress(SeriesRefused):
            shown = [each.slot.use.starts_at for each in series.preview(person.viewer, command, world.now) if each.slot]
            assert [each.starts_at for each in series.book(person.viewer, command, world.now)] == shown
    finally:
        empty_tables()


@given(question=questions(), data=st.data())
def test_the_search_within_rules_equals_asking_of_every_start(question: tuple, data: st.DataObject) -> None:
    _, need, calendar, grain, busy, not_before, not_after = question
    lengths = st.tuples(st.integers(0, 14 * 24), st.integers(1, 48))
    begin = not_before - WEEK
    used = [Interval(begin + n * HOUR, begin + (n + m) * HOUR) for n, m in data.draw(st.lists(lengths, max_size=5))]
    rules = {
        kinds.LONGEST: Longest(data.draw(st.integers(1, 72)) * HOUR),
        kinds.WEEKLY_HOURS: Share.of(data.draw(st.integers(1, 100)) * HOUR, used),
    }
    chosen = data.draw(st.sets(st.sampled_from(sorted(rules)), min_size=1))
    allowance = Allowance(tuple((kind, rules[kind]) for kind in sorted(chosen)))
    asked = need, calendar, grain, [[busy]], not_before, not_after
    expected = [use for use in Starts(*asked) if allowance.refusal(use.interval) is None]
    assert list(Starts(*asked, allowance)) == expected
    assert Starts(*asked, allowance).earliest() == (expected[0] if expected else None)
    offered = Starts(*asked, allowance).windows()
    every = on_grain(calendar, Interval(not_before, not_after + HOUR / 60), grain)
    assert [start for start in every if any(span.contains(start) for span in offered)] == [
        use.starts_at for use in expected
    ]


def test_weeks_that_are_used_up_are_passed_whole() -> None:
    class Counting(Allowance):
        asked = 0

        def blocked_until(self, use, least):
            Counting.asked += 1
            return super().blocked_until(use, least)

    monday = at(2, 0, 0)
    used = [Interval(monday + n * WEEK, monday + n * WEEK + 39 * HOUR) for n in range(20)]
    share = Counting(((kinds.WEEKLY_HOURS, Share.of(40 * HOUR, used)),))
    need = Need(timedelta(0), 4 * HOUR, timedelta(0), splits=False, unattended=False)
    calendar = WorkingCalendar((PATTERNS["day"],))
    use = Starts(need, calendar, HOUR / 4, [[[]]], at(4), at(4) + 180 * DAY, share).earliest()
    assert use is not None
    assert local_date(use.starts_at) == local_date(monday + 20 * WEEK)
    assert Counting.asked <= 21


def test_a_use_that_needs_more_than_a_share_is_told_so(world: World) -> None:
    world.bench()
    world.rule(kinds.WEEKLY_HOURS, 3)
    with pytest.raises(MoreThanShare) as refused_with:
        world.engineer("甲公司").requests(at(5))
    assert refused_with.value.facts["length"] == 4 * HOUR


def test_benches_cost_no_further_statement_and_rules_one(world: World) -> None:
    world.lab()
    for unit in range(4):
        world.resource(f"unit-{unit}", pool=f"pool-{unit}")
    world.test(on="pool-0")
    for unit in range(1, 4):
        world.capable(f"pool-{unit}", "t")
    wish = Wish(world.engineer("甲公司").viewer.company_id)

    def asked() -> int:
        def look() -> None:
            offers.offers(Question("t", wish=wish), world.now, limits())

        look()
        with statements() as sent:
            look()
        return len(sent)

    without = asked()
    for unit in range(4):
        for kind, value in PRESETS["contested"][1].items():
            world.rule(kind, value, pool=f"pool-{unit}")
        world.rule(kinds.NO_SHOWS, PRESETS["open"][1][kinds.NO_SHOWS], pool=f"pool-{unit}")
        assert asked() == without + 1


def test_a_booking_may_move_within_the_week_whose_share_it_uses(world: World) -> None:
    world.bench()
    world.rule(kinds.WEEKLY_HOURS, 5, pool="chamber")
    booking = world.engineer("甲公司").requests(at(5))
    first = offers.offers(Question("t", wish=wish_of(booking)), world.now, limits(), 1)
    assert [offer.starts_at for offer in first] == [at(3, 9, 0)]
    # Another use of the company has to wait for the next week; a lab proposes what it likes.
    another = offers.offers(Question("t", wish=Wish(booking.company_id)), world.now, limits(), 1)
    assert [offer.starts_at for offer in another] == [at(9)]
    world.rule(kinds.LONGEST, 3)
    assert offers.offers(Question("t", wish=wish_of(booking)), world.now, limits(), 1) == []
    assert offers.offers(Question("t", wish=wish_of(booking, by_lab=True)), world.now, limits(), 1)


def test_each_line_in_turn_takes_the_share_of_the_next_week(world: World) -> None:
    world.resource("one", pool="pool")
    world.resource("two", pool="pool")
    world.test(on="pool")
    world.rule(kinds.WEEKLY_HOURS, 5)
    company_id = world.engineer("甲公司").viewer.organisation_id
    lines = [Waiting(str(n), "t", "lab", company_id) for n in range(3)]
    found = offers.in_turn(lines[:2], [lines[2:]], world.now, limits())
    assert [found[line.id].starts_at for line in lines] == [at(3, 9, 0), at(9), at(16)]
