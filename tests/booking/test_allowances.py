"""What a lab's rules allow a company: the refusal names the rule, and nothing is stored."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking import sharing
from app.booking.models import Booking, RuleWaiver
from app.booking.rules import NotReleased, State, TooLateToCancel, TooSoon
from app.booking.settings import limits, with_rules
from app.booking.sharing import BlockedAfterNoShows, ShareUsed, TooLong, TooManyOpen
from app.database import db, transaction
from app.labs import rules as kinds
from app.worktime import Interval, local_date
from tests.world import World, at


def test_without_rules_the_settings_hold(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    assert company.requests(at(5)).state is State.REQUESTED


def test_a_use_longer_than_the_rule_is_refused(world: World) -> None:
    world.bench()
    world.rule(kinds.LONGEST, 1)
    with pytest.raises(TooLong) as refused:
        world.engineer("甲公司").requests(at(5))
    assert refused.value.facts["most"] == timedelta(hours=1)
    assert db.session.query(Booking).count() == 0


def test_open_requests_are_counted_for_each_company(world: World) -> None:
    world.bench()
    world.rule(kinds.OPEN_REQUESTS, 2)
    first, second = world.engineer("甲公司"), world.engineer("乙公司")
    first.requests(at(5))
    held = first.holds(at(6))
    first.requests(at(9))
    with pytest.raises(TooManyOpen):
        first.requests(at(10))
    with pytest.raises(TooManyOpen):
        first.does("request", held)
    assert second.requests(at(10)).state is State.REQUESTED


def test_the_share_of_a_week_counts_what_the_company_has_of_the_pool(world: World) -> None:
    world.bench()
    use = world.engineer("甲公司").requests(at(5))
    length = use.ends_at - use.starts_at
    world.rule(kinds.WEEKLY_HOURS, 2 * length / timedelta(hours=1), pool=use.resource.pool)
    company = world.engineer("甲公司")
    moved = company.requests(at(6))
    with pytest.raises(ShareUsed) as refused:
        company.requests(at(6, 13))
    assert refused.value.facts["used"] == 2 * length
    # Moving within the week takes no more of it; another week has its own share; others have theirs.
    assert company.moves(moved, at(6, 9)).starts_at == at(6, 9)
    company.requests(at(9))
    world.engineer("乙公司").requests(at(10))


def test_no_shows_block_for_a_while(world: World) -> None:
    world.bench()
    world.rule(kinds.NO_SHOWS, {"count": 1, "days": 90, "blocked_days": 10})
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    missed = lab.does("confirm", company.requests(at(5)))
    world.now = missed.starts_at + timedelta(hours=1)
    lab.does("no-show", missed)
    with pytest.raises(BlockedAfterNoShows) as refused:
        company.requests(at(12))
    assert refused.value.facts["until"] == missed.starts_at + timedelta(days=10)
    world.now = missed.starts_at + timedelta(days=10)
    assert company.requests(at(24)).state is State.REQUESTED


def test_a_waiver_lets_one_company_through(world: World) -> None:
    resource = world.bench()
    world.rule(kinds.LONGEST, 1)
    company, other = world.engineer("甲公司"), world.engineer("乙公司")
    with transaction() as session:
        session.add(
            RuleWaiver(
                lab_id="lab",
                company_id=company.viewer.organisation_id,
                kind=kinds.LONGEST,
                until=local_date(world.now),
                reason="定型试验",
                created_at=world.now,
            )
        )
    assert company.requests(at(5), resource).state is State.REQUESTED
    with pytest.raises(TooLong):
        other.requests(at(6), resource)


def test_who_is_confirmed_at_once(world: World) -> None:
    world.bench()
    company, other, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    world.rule(kinds.AT_ONCE, [company.viewer.organisation_id], owner=lab)
    booking = company.requests(at(5))
    assert (booking.state, booking.confirmed_by_id) == (State.CONFIRMED, lab.viewer.user_id)
    assert company.does("request", company.holds(at(6))).state is State.CONFIRMED
    assert other.requests(at(9)).state is State.REQUESTED


def test_the_lab_sets_notice_horizon_and_deadline(world: World) -> None:
    world.bench()
    world.rule(kinds.NOTICE, 3)
    world.rule(kinds.CANCEL_DEADLINE, 240)
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    with pytest.raises(TooSoon) as refused:
        company.requests(at(4))
    assert refused.value.facts["num"] == 3
    booking = lab.does("confirm", company.requests(at(6)))
    with pytest.raises(TooLateToCancel) as refused:
        company.does("cancel", booking)
    assert refused.value.facts["hours"] == 240


def test_a_quarter_is_released_at_its_minute(world: World) -> None:
    world.bench()
    world.rule(kinds.RELEASE, {"days_before": 14, "minute": 540})
    company = world.engineer("甲公司")
    january = at(11, month=1, year=2027)
    world.now = at(18, 8, 59, month=12)
    with pytest.raises(NotReleased) as refused:
        company.requests(january)
    assert refused.value.facts["at"] == at(18, 9, 0, month=12)
    world.now = at(18, 9, 0, month=12)
    assert company.requests(january).state is State.REQUESTED


def test_a_week_begins_on_monday_and_spans_count_by_their_part_in_it() -> None:
    sunday_night = Interval(at(8, 22, 0), at(9, 2, 0))
    share = sharing.Share.of(timedelta(hours=5), [Interval(at(8, 20, 0), at(9, 1, 0))])
    assert [(week.monday.day, week.used / timedelta(hours=1)) for week in share.weeks(sunday_night)] == [(2, 4), (9, 1)]
    assert share.refusal(sunday_night).facts["week"].day == 2


def test_rules_say_instead_of_the_settings(app: Flask) -> None:
    with app.app_context():
        changed = with_rules(limits(), ((kinds.HORIZON, 30), (kinds.NOTICE, 0)))
    assert (changed.horizon, changed.notice_working_days) == (timedelta(days=30), 0)
