"""Days that moves for late samples cost: chosen at the move, kept with the line, told among what days were lost to."""

from collections import defaultdict
from datetime import date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.booking.models import Booking
from app.booking.move_rules import NOTHING, MoveCause, put_off
from app.database import db
from app.events.models import Event
from app.orders.models import OrderLine
from app.testing.service import IssueReport, issue_report
from app.turnaround import causes
from app.turnaround.question import Question
from app.turnaround.rules import Period
from tests.http import browser, program
from tests.world import Person, World, at

DAY = timedelta(days=1)
LATE = MoveCause.SAMPLE_LATE
MONTH = Period(date(2026, 11, 1), date(2026, 11, 30))


def recounted() -> dict[str, timedelta]:
    """By booking what the log of events tells of moves for late samples."""
    found: dict[str, timedelta] = defaultdict(lambda: NOTHING)
    for event in db.session.query(Event).filter_by(kind="booking.moved").order_by(Event.at, Event.id):
        cause = MoveCause(event.data["cause"]) if event.data["cause"] else None
        ends = (datetime.fromisoformat(event.data[name]) for name in ("from", "to"))
        found[event.subject_id] = put_off(found[event.subject_id], *ends, cause)
    return found


def run_to_report(world: World, desk: Person, booking: Booking) -> None:
    """The rest of its way, up to the report."""
    world.now = booking.starts_at
    desk.does("start", booking)
    world.now = booking.ends_at
    desk.does("complete", booking)
    world.now += DAY
    issue_report(desk.viewer, IssueReport(booking.id, "R-1", world.now, booking.version), world.now)


def lost(person: Person) -> list[tuple[str, int | None, float | None]]:
    found = causes.pareto(Question(person.viewer, MONTH))
    return [(cause.key, cause.lines, cause.days) for cause in found]


def test_a_move_for_a_late_sample_is_counted_and_the_log_tells_the_same(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(9)))
    engineer.moves(booking, at(12), cause=LATE)
    engineer.moves(booking, at(16), cause=MoveCause.PLAN)
    # One day of the three is made up for.
    engineer.moves(booking, at(13))
    engineer.moves(booking, at(17))
    assert db.session.get_one(OrderLine, booking.order_line_id).sample_late_seconds == 0
    engineer.moves(booking, at(19), cause=LATE)
    run_to_report(world, desk, desk.does("confirm", booking))
    assert recounted() == {booking.id: 2 * DAY}
    assert lost(engineer) == lost(desk) == [("move:sample_late", 1, 2.0)]
    # One line of one company is told to nobody.
    assert lost(world.coordinator()) == [("move:sample_late", None, None)]


def test_what_the_lab_proposes_counts_once_the_company_agrees(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(9)))
    desk.moves(booking, at(11), "样品没到", cause=LATE)
    assert db.session.get_one(OrderLine, booking.order_line_id).sample_late_seconds == 0
    engineer.does("accept-move", booking)
    assert db.session.get_one(OrderLine, booking.order_line_id).sample_late_seconds == 2 * 86400
    assert recounted() == {booking.id: 2 * DAY}
    run_to_report(world, desk, booking)
    assert lost(desk) == [("move:sample_late", 1, 2.0)]


def test_a_move_without_a_cause_stays_as_it_was(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(9)))
    engineer.moves(booking, at(11), "样品晚到")
    run_to_report(world, desk, desk.does("confirm", booking))
    assert lost(desk) == []


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([None, *MoveCause])), max_size=8))
def test_never_more_than_the_bench_time_was_put_off_and_never_less_than_nothing(steps: list) -> None:
    start, so_far, before = at(1), NOTHING, at(1)
    for days, cause in steps:
        after = start + days * DAY
        so_far, before = put_off(so_far, before, after, cause), after
        assert NOTHING <= so_far <= 60 * len(steps) * DAY
    assert so_far == NOTHING or any(cause is LATE for _, cause in steps)


def test_page_and_program_say_why_and_the_history_tells_it(world: World, clean: Flask) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(9)))
    path = f"/bookings/{booking.id}"
    with time_machine.travel(world.now, tick=False):
        client = browser(clean, engineer)
        assert '<option value="sample_late">样品晚到</option>' in client.get(f"{path}/move").text
        sent = {
            "version": booking.version,
            "resource": "chamber",
            "starts_at": "2026-11-10T08:30",
            "cause": "sample_late",
        }
        assert client.post(f"{path}/move", data=sent | {"cause": "weather"}).status_code == 422
        assert client.post(f"{path}/move", data=sent).status_code == 303
        assert "（样品晚到）" in client.get(path).text
        body = {"version": booking.version, "starts_at": at(11).isoformat(), "move_cause": "sample_late"}
        api, headers = f"/api/v1{path}/move", program(engineer)
        assert client.post(api, json=body | {"move_cause": "weather"}, headers=headers).status_code == 422
        assert client.post(api, json=body, headers=headers).status_code == 200
        lines = client.get("/turnaround/lines?cause=move:sample_late")
    assert lines.status_code == 200
    assert db.session.get_one(OrderLine, booking.order_line_id).sample_late_seconds == 2 * 86400


@pytest.mark.parametrize("step", ["confirm", "cancel"])
def test_other_steps_of_programs_take_no_notice_of_a_cause(world: World, clean: Flask, step: str) -> None:
    world.bench()
    booking, desk = world.engineer("甲公司").requests(at(9)), world.lab_admin("lab")
    body = {"version": booking.version, "reason": "设备故障", "move_cause": "bench", "cause": "question"}
    with time_machine.travel(world.now, tick=False):
        answer = browser(clean).post(f"/api/v1/bookings/{booking.id}/{step}", json=body, headers=program(desk))
    assert answer.status_code == 200
