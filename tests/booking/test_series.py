"""Recurring work: a preview of every occurrence; skip, move or refuse; changed one by one or from one on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from flask import Flask

from app.booking import series
from app.booking.models import Booking
from app.booking.rules import IdempotencyMismatch, State
from app.booking.series import BookSeries, OnConflict, Rhythm, SeriesRefused
from app.booking.steps import Change
from app.database import db
from app.errors import Invalid
from app.orders.models import OrderLine
from app.worktime import is_working_day, local_date
from tests.http import browser
from tests.visitor import Visitor
from tests.world import Person, World, at


def every(rhythm: Rhythm, on_conflict: OnConflict = OnConflict.SKIP, first=None, **more: int) -> BookSeries:
    given = {"every": 1, "times": 4} | more
    return BookSeries("t", "chamber", first or at(10), rhythm, on_conflict=on_conflict, **given)


def test_every_tuesday_and_a_conflict_is_skipped(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    world.engineer("乙公司").requests(at(17))
    made = series.book(company.viewer, every(Rhythm.WEEKLY), world.now)
    assert [booking.starts_at for booking in made] == [at(10), at(24), at(1, month=12)]
    assert len({booking.series_id for booking in made}) == 1
    assert db.session.query(OrderLine).count() == 4


def test_every_fifth_working_day_passes_holidays_over(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    world.now = at(15, month=12)
    first = at(21, month=12)
    made = series.book(company.viewer, every(Rhythm.WORKING_DAYS, first=first, every=5, times=3), world.now)
    days = [local_date(booking.starts_at) for booking in made]
    assert all(is_working_day(day) for day in days)
    assert [day.isoformat() for day in days] == ["2026-12-21", "2026-12-28", "2027-01-05"]


def test_a_conflict_moves_or_refuses_all(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    world.engineer("乙公司").requests(at(17))
    with pytest.raises(SeriesRefused):
        series.book(company.viewer, every(Rhythm.WEEKLY, OnConflict.REFUSE), world.now)
    assert db.session.query(Booking).count() == 1
    planned = series.preview(company.viewer, every(Rhythm.WEEKLY, OnConflict.MOVE), world.now)
    assert [each.moved for each in planned] == [False, True, False, False]
    made = series.book(company.viewer, every(Rhythm.WEEKLY, OnConflict.MOVE), world.now)
    assert made[1].starts_at == at(17, 12, 30)


def test_two_weeks_back_to_back(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    made = series.book(company.viewer, every(Rhythm.BACK_TO_BACK, times=2), world.now)
    assert made[0].starts_at == at(10)
    assert made[-1].starts_at < at(24)
    for one, other in pairwise(made):
        assert other.starts_at >= one.ends_at
    free = company.availability(days=20).free
    assert not any(span.start < at(20) and span.end > at(11) and span.duration >= timedelta(hours=5) for span in free)


def test_one_by_one_or_from_here_on(world: World) -> None:
    world.bench()
    company = world.engineer("甲公司")
    made = series.book(company.viewer, every(Rhythm.WEEKLY), world.now)
    moved = company.moves(made[1], at(18))
    assert moved.starts_at == at(18)
    done = series.cancel_from(company.viewer, Change(made[2].id, made[2].version), world.now)
    assert len(done) == 2
    states = [company.sees(booking).state for booking in made]
    assert states == [State.REQUESTED, State.REQUESTED, State.CANCELLED, State.CANCELLED]


def test_the_pages(world: World, clean: Flask) -> None:
    world.bench()
    visit: Callable[[Person], Visitor] = lambda person: Visitor(clean, person)  # noqa: E731 - as in other stories
    company = visit(world.engineer("甲公司"))
    form = company.get("/bookings/series/new", test="t", resource="chamber", starts_at=at(10).isoformat())
    assert form.status == 200
    typed = {
        "test": "t", "resource": "chamber", "starts_at": "2026-11-10T08:30", "rhythm": "weekly", "every": "1",
        "times": "3", "on_conflict": "skip", "sample": "电池包 1", "note": "",
    }  # fmt: skip
    seen = company.post("/bookings/series/new", **typed, do="preview")
    assert "约得上 3 次" in seen.text
    assert db.session.query(Booking).count() == 0
    assert company.post("/bookings/series/new", **(typed | {"times": "900"}), do="preview").status == 422
    assert company.post("/bookings/series/new", **typed, do="save").status == 303
    first = db.session.query(Booking).order_by(Booking.starts_at).first()
    assert "从这次起全部取消" in company.get(f"/bookings/{first.id}").text
    stranger = visit(world.engineer("乙公司"))
    assert stranger.post(f"/bookings/{first.id}/cancel-following").status == 404
    assert company.post(f"/bookings/{first.id}/cancel-following").status == 303
    db.session.expire_all()
    assert {booking.state for booking in db.session.query(Booking)} == {State.CANCELLED}


def test_why_they_can_t_be_cancelled_is_said(world: World, clean: Flask) -> None:
    world.bench()
    person, lab = world.engineer("甲公司"), world.lab_admin("lab")
    made = [lab.does("confirm", each) for each in series.book(person.viewer, every(Rhythm.WEEKLY), world.now)]
    world.now = made[0].starts_at - timedelta(hours=1)
    with time_machine.travel(world.now, tick=False):
        company = browser(clean, person)
        answer = company.post(f"/bookings/{made[0].id}/cancel-following", follow_redirects=True)
    said = "离上台不足 48 小时，改期或取消要先和实验室商量"
    assert f'<p class="note" role="status">{said}' in answer.text
    assert {person.sees(booking).state for booking in made} == {State.CONFIRMED}


def test_too_many_are_refused(world: World) -> None:
    world.bench()
    with pytest.raises(Invalid):
        series.preview(world.engineer("甲公司").viewer, every(Rhythm.WEEKLY, times=61), world.now)


def test_a_form_that_is_sent_twice_is_one_series(world: World) -> None:
    """Where there would be places enough for another one."""
    world.bench(places=2)
    company = world.engineer("甲公司")
    command = replace(every(Rhythm.WEEKLY, OnConflict.MOVE), idempotency_key="k")
    made, again = [series.book(company.viewer, command, world.now) for _ in range(2)]
    assert [each.id for each in made] == [each.id for each in again]
    assert db.session.query(Booking).count() == 4
    with pytest.raises(IdempotencyMismatch):
        series.book(company.viewer, replace(command, times=5), world.now)
